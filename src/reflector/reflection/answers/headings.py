"""What a heading or a label of an answer announces, by its words in twelve languages.

The words are facts about how models title their answers. A title is looked up whole; if it is not listed, the
longer titles ("Recommended changes to the prompt") are recognised by the word that carries the meaning.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

from reflector.reflection.answers.names import REFLECTION_FIELDS, SUGGESTION_FIELDS
from reflector.reflection.answers.words import one_of, plain_letters

__all__ = [
    "Field",
    "Role",
    "exact_role",
    "field_of",
    "intro_role",
    "is_numbered_item",
    "normalize_label",
    "role_of",
]


class Role(StrEnum):
    """What a section of an answer holds."""

    ANALYSIS = "analysis"
    CAUSES = "root_causes"
    SUGGESTIONS = "suggestions"
    EFFECT = "expected_improvement"
    STRENGTHS = "strengths"
    PROMPT = "improved_prompt"
    """The new prompt itself, not words about it."""
    IGNORED = "ignored"
    """Scores, questions, closings, the old prompt: nothing that a reflection holds."""


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
        (Role.IGNORED, r"\b(?:original|current|existing|old)(?:\s+\w+){0,2}\s+(?:prompt|instructions?)$"),
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
            feedback|review)\b|^(?:overall|gradient|conclusion)$|análisis|análise|analyse|анализ|分析|تحليل|विश्लेषण
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


_MARKS = re.compile(
    r"[*_`#\[\]【】()（）<>《》「」\"“”:：=~!?？！.,、|•✅❌⚠→➜➡▶-]+|"
    r"[\U0001F000-\U0001FAFF\u2600-\u27BF\uFE0F\u20E3]"
)
_ENUMERATION = re.compile(
    r"^(?:(?:section|part|step|phase)\s+)?(?:\d{1,2}(?:\.\d{1,2})*|[ivx]{1,4}|[a-h])[.):、]\s*|"
    r"^[一二三四五六七八九十]{1,3}[、.．]\s*",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(.{2,40}?)\s*(?:no|nr|n°|№|number)?\s*"
    r"(?:\d{1,2}|\b(?:[a-h]|[ivx]{1,4}|one|two|three|four|five|six|seven)|[一二三四五六七八九十]{1,3})$"
)
_NO_SUGGESTION = frozenset({"solution", "detail", "details", "what", "how", "plan", "内容", "说明", "描述"})
"""What a field announces as the words of a suggestion, but what may count anything."""
LONGEST_TITLE = 90
"""Characters: what is longer is a sentence, not a title."""


@lru_cache(maxsize=2048)
def normalize_label(title: str) -> str:
    """Return `title` in lower case without numbering, marks and emoji: `## 2. Root Causes:` → `root causes`."""
    text = unicodedata.normalize("NFKC", title[: LONGEST_TITLE * 2]).strip().lstrip("#*_ =").casefold()
    text = _ENUMERATION.sub("", plain_letters(text))
    return " ".join(_MARKS.sub(" ", text).split())


_ROLES = {**{str(role): role for role in Role}, "confidence": Role.IGNORED}
_SHORT_TITLE = 3
_MOST_WORDS = 9


@lru_cache(maxsize=2048)
def role_of(title: str, most_words: int = _MOST_WORDS) -> Role | None:
    """Return what a section titled `title` holds; None when the title does not say, or has too many words.

    >>> role_of("## 3. Recommended changes to the prompt:"), role_of("Ursachen"), role_of("Dates")
    (<Role.SUGGESTIONS: 'suggestions'>, <Role.CAUSES: 'root_causes'>, None)
    """
    label = normalize_label(title)
    if not label or len(label) > LONGEST_TITLE:
        return None
    known = REFLECTION_FIELDS.titled(label) or REFLECTION_FIELDS.titled(
        label.removeprefix("the ").removeprefix("my ")
    )
    if known or _count_words(label) > most_words:
        return _ROLES.get(known or "")
    return next((role for role, words in ROLE_BY_WORD if words.search(label)), None)


def _count_words(label: str) -> int:
    """Return the number of words; without blanks between them, three characters count as one."""
    return len(label) // 3 if label > "\u2e80" else len(label.split())


def exact_role(title: str) -> Role | None:
    """Return what a section titled `title` holds if the title is known or short enough to be nothing else."""
    return role_of(title, _SHORT_TITLE)


@lru_cache(maxsize=2048)
def field_of(label: str) -> Field | None:
    """Return what `label` announces inside one suggestion; None when it is no such label.

    >>> field_of("**Suggested text**"), field_of("Priorität"), field_of("Dates")
    (<Field.TEXT: 'specific_text'>, <Field.PRIORITY: 'priority'>, None)
    """
    known = SUGGESTION_FIELDS.titled(normalize_label(label))
    return Field(known) if known else None


@lru_cache(maxsize=2048)
def is_numbered_item(title: str) -> bool:
    """Return whether `title` only counts a suggestion: `Suggestion 3`, `Edit #2`, `建议一`."""
    bare = re.split(r"[(\[（【]", title.replace("#", " "), maxsplit=1)[0]
    counted = _COUNTED.match(normalize_label(bare))
    if not counted or counted[1] in _NO_SUGGESTION:
        return False
    return field_of(counted[1]) is Field.DESCRIPTION or exact_role(counted[1]) is Role.SUGGESTIONS


def intro_role(sentence: str) -> Role | None:
    """Return what the list after an introducing sentence holds: `I suggest the following:` → suggestions."""
    said = plain_letters(sentence[-200:].lower())
    told = {role for role, words in ROLE_BY_WORD if words.search(said)}
    if Role.SUGGESTIONS in told or INTRODUCES.search(said):
        return Role.SUGGESTIONS
    return next((role for role in (Role.STRENGTHS, Role.CAUSES) if role in told), None)
