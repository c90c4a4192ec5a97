"""The words of headings and labels in twelve languages: facts about how models title their answers."""

from __future__ import annotations

from enum import StrEnum

from reflector.reflection.word_patterns import one_of, plain_letters

__all__ = ["INTRODUCES", "ROLE_BY_WORD", "Field", "Role"]


class Role(StrEnum):
    """What a section of an answer holds."""

    ANALYSIS = "analysis"
    CAUSES = "root_causes"
    SUGGESTIONS = "suggestions"
    EFFECT = "expected_improvement"
    STRENGTHS = "strengths"
    PROMPT = "improved_prompt"
    """The new prompt itself, not words about it."""
    ORIGINAL = "original"
    """The old prompt, quoted."""
    IGNORED = "ignored"
    """Scores, questions, closings: nothing that a reflection holds."""


class Field(StrEnum):
    """What a label inside one suggestion announces."""

    TYPE = "type"
    CATEGORY = "category"
    PRIORITY = "priority"
    DESCRIPTION = "description"
    TITLE = "title"
    RATIONALE = "rationale"
    TEXT = "specific_text"
    ORIGINAL = "original"
    SECTION = "target_section"
    IGNORED = "ignored"


_NEW = "revised|improved|better|new|updated|rewritten|proposed|optimized|refined|suggested|final"
ROLE_BY_WORD = tuple(
    (role, one_of(plain_letters(words)))
    for role, words in (
        (Role.PROMPT, rf"\b(?:{_NEW})\b(?:\s+\w+){{0,3}}\s+(?:prompts?|instructions?)$"),
        (Role.ORIGINAL, r"\b(?:original|current|existing|old)(?:\s+\w+){0,2}\s+(?:prompt|instructions?)$"),
        (
            Role.EFFECT,
            r"""
            ^(?:the )?(?:expected|anticipated|projected|likely|estimated)\b|^erwartet|\besperad[oa]s?\b|\battendu
            \bexpected (?:impact|improvement|effect|outcome|result|benefit)|ожидаем|^预期|^期待|المتوقع|अपेक्षित
            """,
        ),
        (
            Role.STRENGTHS,
            r"""
            \b(?:strengths?|(?:went|worked|works|done) well|success(?:es)? (?:factors|indicators|patterns))\b
            \b(?:positives?|praise|what (?:worked|works)|do(?:es)? well|did well|stärken|fortalezas)\b
            \bсильные\b|优点|強み|良い点
            """,
        ),
        (
            Role.SUGGESTIONS,
            r"""
            \b(?:suggest(?:ions?|ed)|recommend(?:ations?|ed)|improvements?|proposals?|fixes|edits|next steps
            action items|(?:proposed|prompt|recommended|concrete|specific|needed|required) (?:changes?|edits?
            modifications?|revisions?|fix(?:es)?)|how to (?:fix|improve)|what (?:to|should|i would|i'd
            i will) (?:change|do|improve)|(?:to|for) (?:change|improve|fix)|changes (?:to|i|needed|for)|lessons?
            differently|action plan|(?:improved|new|revised|better|next) (?:strategy|plan|approach))\b|sugerencias
            recomendac|sugest|recomenda|recommandation|vorschläge|empfehlung|предложен|рекомендац|建议|改进
            提案|改善|اقتراح|توصي|सुझाव|सिफ|제안
            """,
        ),
        (Role.CAUSES, r"\broot causes?\b|\bwent wrong\b"),
        (
            Role.ANALYSIS,
            r"""
            \b(?:analysis|diagnosis|assessment|overview|summary|observations?|evaluation|reflection|critique
            feedback|review)\b|^(?:overall|gradient)$|análisis|análise|analyse|анализ|分析|تحليل|विश्लेषण
            """,
        ),
        (
            Role.CAUSES,
            r"""
            \b(?:causes?|issues?|problems?|weakness(?:es)?|failed|failures?|shortcomings|mistakes?|gaps|flaws)\b|causas|problemas|ursache|problème|причин|原因|问题|問題|الأسباب|المشاكل|कारण|समस्या
            """,
        ),
    )
)
"""What the words of a longer title tell, the first that fits; so many, because titles vary more than labels."""

INTRODUCES = one_of(r"""
    \b(?:suggest\w*|recommend\w*|improve\w*|consider|following (?:changes|steps|feedback|actions)|should|could be
    changes|next time|will|sugier\w*|recomiend\w*|mejora\w*|cambios|mudancas|alteracoes|recommand\w*|ameliorer
    modifications|vorschl\w*|empfehl\w*|verbesser\w*|anderungen|предлага\w*|рекоменд\w*|изменени\w*)\b|修改|اقترح
    أقترح|التغييرات|बदलाव
""")
"""What a sentence above a list of suggestions says: `I would change:`."""
