"""Suggestions that stand in sentences: in paragraphs, in inline lists, in items nobody announced."""

from __future__ import annotations

import re

from reflector.reflection.headings import Field
from reflector.reflection.sentences import Kind, is_reason, kind_of, split_sentences
from reflector.reflection.text_items import Draft

__all__ = ["ALSO", "draft_text", "kept", "numbered_inline", "opening", "sentences_that_suggest"]


_MOST_SENTENCES = 4000


ALSO = re.compile(
    r"(?:also|additionally|in addition|finally|lastly|furthermore|moreover|one more|además|de plus|"
    r"außerdem|zusätzlich|кроме того|此外|另外|また|さらに)\b",
    re.IGNORECASE,
)


_INLINE = re.compile(r"(?:(?<=[\s:：;,，；。])|^)[(（]?(\d{1,2})[.)）、](?:\s+|(?=[^\W\d_]))")


def opening(sentences: list[str], kinds: list[Kind], titles: set[str]) -> list[str]:
    """Return the sentences of a paragraph that describe, up to the first that suggests."""
    told: list[str] = []
    for sentence, kind in zip(sentences, kinds, strict=True):
        if sentence in titles or kind in (Kind.SUGGESTION, Kind.EFFECT, Kind.ENCOURAGEMENT):
            if told:
                break
            if kind is Kind.SUGGESTION and not sentence.endswith((":", "：")):
                break
            continue
        if kind is not Kind.TALK:
            told.append(sentence)
    return told


def numbered_inline(text: str) -> list[str]:
    """Return the parts of `(1) … (2) … (3) …` inside one paragraph, empty if it is not such a list."""
    if len(text) > 20_000 or "2" not in text:
        return []
    marks: list[re.Match[str]] = []
    for mark in _INLINE.finditer(text):
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
    drafts: list[Draft] = []
    budget = _MOST_SENTENCES
    for paragraph in prose:
        if wanted is Kind.SUGGESTION and (parts := numbered_inline(paragraph)):
            drafts.extend(Draft(title=part) for part in parts)
            continue
        after = False
        for sentence in split_sentences(paragraph)[: max(0, budget)]:
            budget -= 1
            kind = kind_of(sentence)
            if kind is wanted and not (sentence.endswith((":", "：")) and len(sentence) < 300):
                drafts.append(Draft(title=sentence.lstrip("* ")))
                after = True
            elif (
                after
                and drafts
                and (kind is Kind.EFFECT or is_reason(sentence))
                and Field.RATIONALE not in drafts[-1].fields
            ):
                if _SUMMING_UP.match(sentence):
                    continue
                drafts[-1].put(Field.RATIONALE, sentence)
                after = False
            else:
                after = False
    return drafts


_SUMMING_UP = re.compile(
    r"(?:by |with |these|those|overall|together|taken|collectively|implementing|expect)", re.IGNORECASE
)


def draft_text(draft: Draft) -> str:
    return "\n".join(filter(None, (draft.title, *draft.body)))


def kept(draft: Draft) -> list[Draft]:
    """Return the suggestions of an item that no heading announces; none if it holds none."""
    if draft.hints or draft.fields.keys() & {Field.TYPE, Field.TEXT, Field.DESCRIPTION, Field.CATEGORY}:
        return [draft]
    sentences = split_sentences(draft_text(draft))
    kinds = [kind_of(it) for it in sentences]
    if not kinds or kinds[0] is Kind.TALK:
        return []
    if Kind.SUGGESTION not in kinds:
        return [Draft(title=it) for it, kind in zip(sentences, kinds, strict=True) if kind is Kind.REGRET]
    titled = ":" in sentences[0][:80] or len(sentences[0].split()) <= 8
    if kinds[0] is Kind.SUGGESTION or titled or draft.fields:
        return [draft]
    return [Draft(title=it) for it, kind in zip(sentences, kinds, strict=True) if kind is Kind.SUGGESTION]
