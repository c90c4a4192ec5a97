"""Suggestions that remove: the passage that goes, with its line or its blanks."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.additions import unplaced
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation, EditStatus
from reflector.edits.likeness import folded
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages, Span
from reflector.edits.references import described_passage, numbered_passage
from reflector.edits.replacements import LIKE_IN_SECTION, is_heading, pick, quotes_of
from reflector.edits.seams import deletion_span
from reflector.edits.sections import Section
from reflector.edits.wording import clean_text
from reflector.reflection.models import Suggestion

__all__ = ["draft_removal"]

_LIKE_TO_REMOVE = 0.75

_FILLERS = (
    re.compile(r"please note that\s+", re.IGNORECASE),
    re.compile(
        r"it (?:is important|should be noted|is important to note)\s*(?:to note )?that\s+", re.IGNORECASE
    ),
    re.compile(r"as (?:mentioned|stated|noted) (?:before|above|previously|earlier),?\s*", re.IGNORECASE),
)

_WHOLE_SECTION = re.compile(r"\b(?:entire|whole|complete)\b|\bsections?\b|\bblocks?\b", re.IGNORECASE)

_REPEATED = re.compile(r"\b(?:redundan|duplicat|repeat|repetit|twice)\w*", re.IGNORECASE)


def draft_removal(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    text = clean_text(suggestion.specific_text)
    section = matching_section(passages, suggestion.target_section or "")
    searched: list[str] = []
    for quote, how in [(text, "its text"), *quotes_of(suggestion)]:
        if not quote.strip():
            continue
        spans = passages.find(quote)
        if section is not None and how != "its text":
            spans = [s for s in spans if not is_heading(passages, s)]
        if spans:
            return _deletion_or_why_not(passages, index, suggestion, spans, section, how)
        searched.append(one_line(quote, 60))
    target = suggestion.target_section or suggestion.description
    if span := numbered_passage(passages, target) or described_passage(passages, suggestion.description):
        return _deletion(passages, index, suggestion, span, "the passage it describes")
    if section is not None and not text and _WHOLE_SECTION.search(suggestion.description[:500]):
        return _deletion(
            passages, index, suggestion, (section.start, section.end), f"section {section.name!r}"
        )
    if span := _passage_to_remove(passages, suggestion, text, section):
        return _deletion(passages, index, suggestion, span, "the passage nearest to the one it names")
    if _REPEATED.search(suggestion.description[:2_000]):
        for filler in _FILLERS:
            if match := filler.search(passages.prompt):
                return _deletion(passages, index, suggestion, match.span(), "a filler")
    named = [*searched, *([f"section {section.name}"] if section else [])]
    looked = f"searched for {', '.join(map(repr, named))}" if named else "it quotes no passage"
    return unplaced(index, suggestion, f"no passage to remove was found: {looked}", text)


def _passage_to_remove(
    passages: Passages, suggestion: Suggestion, text: str, section: Section | None
) -> Span | None:
    within = (section.body_start, section.body_end) if section is not None else None
    best = passages.resembling(text or suggestion.description[:4_000], within)
    enough = LIKE_IN_SECTION if section is not None and not text else _LIKE_TO_REMOVE
    return (
        (best[0][1].start, best[0][1].end)
        if best and best[0][0] >= enough and not best[0][1].is_heading
        else None
    )


def _deletion_or_why_not(
    passages: Passages,
    index: int,
    suggestion: Suggestion,
    spans: list[Span],
    section: Section | None,
    how: str,
) -> Draft:
    span = pick(spans, section)
    if span is None and _REPEATED.search(suggestion.description[:2_000]):
        span, how = spans[-1], "the last of its repetitions"
    if span is None:
        quote = passages.prompt[spans[0][0] : spans[0][1]]
        reason = (
            f"{one_line(quote, 60)!r} stands {len(spans)} times in the prompt; name the section that is meant"
        )
        return unplaced(index, suggestion, reason, quote)
    return _deletion(passages, index, suggestion, _whole_sentence(passages, suggestion, span), how)


_SAYS_SENTENCE = re.compile(
    r"\b(?:sentence|line|rule|bullet|item|instruction|statement|requirement|note)\b", re.IGNORECASE
)


def _whole_sentence(passages: Passages, suggestion: Suggestion, span: Span) -> Span:
    """Return the sentence that a quote begins, if a sentence is what the description wants to go."""
    unit = passages.unit_at(span[0])
    is_beginning = unit is not None and span[0] - unit.start <= 3 and span[1] < unit.end
    is_long = len(folded(passages.prompt[span[0] : span[1]])) >= 4
    if unit is None or not (
        is_beginning and is_long and _SAYS_SENTENCE.search(suggestion.description[:2_000])
    ):
        return span
    return unit.start, unit.end


def _deletion(passages: Passages, index: int, suggestion: Suggestion, span: Span, how: str) -> Draft:
    old = passages.prompt[span[0] : span[1]]
    reason = f"removes {how}: {one_line(old, 60)!r}"
    draft = Draft(index, suggestion, EditOperation.DELETE, old, reason, span=deletion_span(passages, span))
    start, end = draft.span or span
    if not (passages.prompt[:start] + passages.prompt[end:]).strip():
        return draft.closed(EditStatus.DROPPED, "it would leave nothing of the prompt")
    return draft
