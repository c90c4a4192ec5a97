"""From a suggestion to a draft of the edit it means for one text, with its weight."""

from __future__ import annotations

from collections.abc import Callable

from reflector.edits.additions import draft_addition
from reflector.edits.drafts import Draft
from reflector.edits.edit import ImpactWeights
from reflector.edits.passages import Passages
from reflector.edits.ranking import impact_of
from reflector.edits.removals import draft_removal
from reflector.edits.rewriting import draft_modification, draft_restructuring
from reflector.edits.wording import clean_text
from reflector.reflection.models import SuggestionType

__all__ = ["draft_suggestion"]

_MAX_TEXT = 100_000
_BUILDERS: dict[SuggestionType, Callable[[Passages, Draft, str], Draft]] = {
    SuggestionType.ADD: draft_addition,
    SuggestionType.MODIFY: draft_modification,
    SuggestionType.REMOVE: draft_removal,
    SuggestionType.RESTRUCTURE: draft_restructuring,
}


def draft_suggestion(
    passages: Passages, draft: Draft, weights: ImpactWeights, text: str | None = None
) -> Draft:
    """Return what a suggestion means for a text, placed and weighed; `text` takes the place of its own."""
    suggestion = draft.suggestion
    wanted = text or suggestion.specific_text or ""
    if len(wanted) > _MAX_TEXT + 2 * len(passages.prompt):
        return draft.unplaced(f"its text of {len(wanted)} characters is too long for this prompt")
    draft = _BUILDERS[suggestion.type](passages, draft, clean_text(wanted))
    if draft.place is None and draft.span is None:
        return draft
    is_found = draft.span is not None or (draft.place is not None and draft.place.is_found)
    target = passages.text(draft.span) if draft.span else ""
    kinds = suggestion, draft.operation, draft.location_type
    impact = impact_of(*kinds, text=draft.text, target=target, validated=is_found, weights=weights)
    return draft.replace(impact=impact, validated=is_found)
