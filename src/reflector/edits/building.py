"""From one suggestion to one draft: what it adds, replaces or removes, and where."""

from __future__ import annotations

import re
from collections.abc import Callable

from reflector._text import one_line
from reflector.edits.additions import draft_addition
from reflector.edits.drafts import Draft
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages
from reflector.edits.rewriting import draft_modification, draft_restructuring
from reflector.edits.seams import deletion_span
from reflector.edits.sections import Section
from reflector.edits.targets import ambiguous, named_spans, only_one, whole_sentence
from reflector.edits.units import Span
from reflector.edits.wording import clean_text
from reflector.reflection.models import Suggestion, SuggestionType

__all__ = ["build_draft"]

_MAX_TEXT = 100_000
_LIKE_TO_REMOVE = 0.8
_REPEATED = re.compile(r"\b(?:redundan|duplicat|repeat|repetit|twice)\w*", re.IGNORECASE)
_SECTION = re.compile(r"\b(?:entire|whole|complete|sections?|blocks?)\b", re.IGNORECASE)


def build_draft(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    """Return the edit that a suggestion asks for, or a closed draft that says why there is none."""
    draft = Draft.of(index, suggestion)
    size = len(suggestion.specific_text or "")
    if size > _MAX_TEXT + 2 * len(passages.prompt):
        return draft.unplaced(f"its text of {size} characters is too long for this prompt")
    return _BUILDERS[suggestion.type](passages, draft, clean_text(suggestion.specific_text))


def _draft_removal(passages: Passages, draft: Draft, text: str) -> Draft:
    """Return the deletion of the passage that a suggestion quotes or describes."""
    suggestion = draft.suggestion
    section = matching_section(passages, suggestion.target_section or "", text)
    if spans := passages.find(text) or named_spans(passages, suggestion):
        span = only_one(spans, section)
        if span and not text:
            span = whole_sentence(passages, span)
        if span is None and _REPEATED.search(suggestion.description[:2_000]):
            span = spans[-1]
        return _deletion(passages, draft, span) if span else draft.unplaced(ambiguous(passages, spans), text)
    if span := _described_span(passages, suggestion, text, section):
        return _deletion(passages, draft, span)
    looked = text or suggestion.target_section or suggestion.description
    return draft.unplaced(f"no passage to remove was found: searched for {one_line(looked, 60)!r}", text)


def _described_span(
    passages: Passages, suggestion: Suggestion, text: str, section: Section | None
) -> Span | None:
    """Return a passage that is not quoted: a section called so, or what is said in nearly these words."""
    if section and not text and _SECTION.search(suggestion.description[:500]):
        return section.start, section.end
    within = (section.body_start, section.body_end) if section else None
    nearest = passages.resembling(text or suggestion.description, within)
    return nearest[1].span if nearest and nearest[0] >= _LIKE_TO_REMOVE else None


def _deletion(passages: Passages, draft: Draft, span: Span) -> Draft:
    start, end = deletion_span(passages, span)
    reason = f"removes {one_line(passages.text(span), 60)!r}"
    draft = draft.replace(text=passages.text(span), span=(start, end), reason=reason)
    if not (passages.prompt[:start] + passages.prompt[end:]).strip():
        return draft.dropped("it would leave nothing of the prompt")
    return draft


_BUILDERS: dict[SuggestionType, Callable[[Passages, Draft, str], Draft]] = {
    SuggestionType.ADD: draft_addition,
    SuggestionType.MODIFY: draft_modification,
    SuggestionType.REMOVE: _draft_removal,
    SuggestionType.RESTRUCTURE: draft_restructuring,
}
