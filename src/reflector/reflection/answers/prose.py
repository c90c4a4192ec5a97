"""Suggestions that stand in sentences: in paragraphs, in inline lists, in items nobody announced."""

from __future__ import annotations

import re

from reflector.reflection.answers.drafts import Draft
from reflector.reflection.answers.headings import Field
from reflector.reflection.answers.kinds import Kinds
from reflector.reflection.answers.sentences import Kind, is_reason, kind_of, split_sentences
from reflector.reflection.answers.words import one_of

__all__ = ["added_later", "drafts_in_prose", "kept", "numbered_inline", "opening", "sentences_that_suggest"]

_MOST_SENTENCES = 4000
_FEW_PARAGRAPHS = 5
_ALSO = one_of(r"""
    (?i)(?:also|additionally|in addition|finally|lastly|furthermore|moreover|one more|además|de plus|außerdem
    zusätzlich|кроме того|此外|另外|また|さらに)\b
""")
_SUMMING_UP = one_of("(?i)by |with |these|those|overall|together|taken|collectively|implementing|expect")
_INLINE = re.compile(r"(?:(?<=[\s:：;,，；。])|^)[(（]?(\d{1,2})[.)）、](?:\s+|(?=[^\W\d_]))")


def opening(kinds: dict[str, Kind], titles: set[str]) -> list[str]:
    """Return the sentences of a paragraph that describe, up to the first that suggests."""
    told: list[str] = []
    for sentence, kind in kinds.items():
        if sentence in titles or kind >= Kind.EFFECT:
            if told or (kind is Kind.SUGGESTION and not sentence.endswith((":", "："))):
                break
        elif kind is Kind.STATEMENT:
            told.append(sentence)
    return told


def numbered_inline(text: str) -> list[str]:
    """Return the parts of `(1) … (2) … (3) …` inside one paragraph, empty if it is not such a list."""
    marks: list[re.Match[str]] = []
    for mark in _INLINE.finditer(text[:20_000]) if "2" in text else ():
        if int(mark[1]) == len(marks) + 1:
            marks.append(mark)
    if len(marks) < 2 or (marks[0].start() > 200 and len(marks) < 3):
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [
        text[mark.end() : end].strip().rstrip(";；,，").removesuffix(" and").strip()
        for mark, end in zip(marks, ends, strict=True)
    ]


def sentences_that_suggest(prose: list[str], wanted: Kind) -> list[Draft]:
    """Return a draft for every sentence of the `wanted` kind, with the reason that follows it."""
    drafts: list[Draft] = []
    budget = _MOST_SENTENCES
    for paragraph in prose:
        if wanted is Kind.SUGGESTION and (parts := numbered_inline(paragraph)):
            drafts.extend(Draft(title=part) for part in parts)
            continue
        sentences = split_sentences(paragraph)[: max(0, budget)]
        budget -= len(sentences)
        before = None
        for sentence in sentences:
            kind = kind_of(sentence)
            if kind is wanted and not sentence.endswith((":", "：")):
                before = Draft(title=sentence.lstrip("* "))
                drafts.append(before)
            elif not _SUMMING_UP.match(sentence):
                if before is not None and (kind is Kind.EFFECT or is_reason(sentence)):
                    before.put(Field.RATIONALE, sentence)
                before = None
    return drafts


def drafts_in_prose(paragraphs: list[str], kinds: Kinds) -> list[Draft]:
    """Return the suggestions in the prose of a section that announces them; few paragraphs may be one each."""
    drafts: list[Draft] = []
    for paragraph in paragraphs:
        told = sentences_that_suggest([paragraph], Kind.SUGGESTION)
        may_be_one = kind_of(paragraph) in (Kind.STATEMENT, Kind.REGRET, Kind.SUGGESTION)
        if not told and may_be_one and len(paragraphs) <= _FEW_PARAGRAPHS:
            told = [Draft(title=paragraph.replace("\n", " "))]
        for draft in told:
            draft.kinds = kinds
        drafts.extend(told)
    return drafts


def added_later(paragraphs: list[str]) -> list[Draft]:
    """Return the suggestions that paragraphs below a list add to it: `Also, …`."""
    sentences = (it for paragraph in paragraphs for it in split_sentences(paragraph))
    return [Draft(title=it) for it in sentences if _ALSO.match(it) and kind_of(it) is Kind.SUGGESTION]


def kept(draft: Draft) -> list[Draft]:
    """Return the suggestions of an item that no heading announces; none if it holds none."""
    if draft.kinds or draft.fields.keys() & {Field.TYPE, Field.TEXT, Field.DESCRIPTION, Field.CATEGORY}:
        return [draft]
    kinds = {sentence: kind_of(sentence) for sentence in split_sentences(draft.said)}
    first = next(iter(kinds), "")
    if not first or kinds[first] is Kind.TALK:
        return []
    suggests = Kind.SUGGESTION in kinds.values()
    is_titled = ":" in first[:80] or len(first.split()) <= 8
    if suggests and (kinds[first] is Kind.SUGGESTION or is_titled or draft.fields):
        return [draft]
    wanted = Kind.SUGGESTION if suggests else Kind.REGRET
    return [Draft(title=sentence) for sentence, kind in kinds.items() if kind is wanted]
