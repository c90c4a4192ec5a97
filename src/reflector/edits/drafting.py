"""From a suggestion to a draft of the edit it means for one of several texts, with its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reflector.edits.drafts import Draft
from reflector.edits.edit import EditConfig, EditOperation, EditStatus, ImpactWeights, LocationType
from reflector.edits.passages import Passages
from reflector.edits.placing import named_part
from reflector.edits.removals import draft_removal
from reflector.edits.rewriting import draft_addition, draft_modification, draft_restructuring
from reflector.edits.wording import clean_text
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory, SuggestionType

__all__ = ["PRIORITY_RANK", "assign", "draft_suggestion", "impact_of"]

_ORIGIN = ImpactWeights()
PRIORITY_RANK = {Priority.HIGH: 3, Priority.MEDIUM: 2, Priority.LOW: 1}

_PRIORITY = {Priority.HIGH: 1.0, Priority.MEDIUM: 0.6, Priority.LOW: 0.3}
_CATEGORY = {
    SuggestionCategory.CLARITY: 0.9,
    SuggestionCategory.CONSTRAINT: 0.85,
    SuggestionCategory.REASONING: 0.8,
    SuggestionCategory.EXAMPLE: 0.7,
    SuggestionCategory.STRUCTURE: 0.6,
}
_LOCATION = {
    LocationType.WITHIN: 0.9,
    LocationType.START: 0.8,
    LocationType.AFTER: 0.75,
    LocationType.END: 0.7,
    LocationType.REPLACE_ALL: 0.5,
}


def impact_of(
    suggestion: Suggestion,
    operation: EditOperation,
    location: LocationType,
    *,
    text: str = "",
    target: str = "",
    validated: bool = True,
    weights: ImpactWeights = _ORIGIN,
) -> float:
    """Return the expected impact of an edit in [0, 1].

    Source:
        0.30 priority + 0.25 category + 0.20 specificity + 0.15 location + 0.10 if validated, as in the
        impact ranker of Jido's GEPA suggestion generator.
    """
    score = (
        weights.priority * _PRIORITY[suggestion.priority]
        + weights.category * _CATEGORY[suggestion.category]
        + weights.specificity * _specificity(suggestion, operation, text, target)
        + weights.location * _LOCATION[location]
        + (weights.validated if validated else 0.0)
    )
    return min(1.0, max(0.0, score))


def _specificity(suggestion: Suggestion, operation: EditOperation, text: str, target: str) -> float:
    if (suggestion.specific_text or "").strip():
        return 1.0
    if len(text) > 20:
        return 0.7
    if operation in (EditOperation.REPLACE, EditOperation.DELETE) and target:
        return 0.6
    return 0.3


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


# --- several texts ---


def assign(drafts: list[Draft], texts: Mapping[str, Passages], config: EditConfig) -> dict[str, list[Draft]]:
    """Return the drafts by the component each changes: the one it names, else the one it fits best, else the first."""
    parts: dict[str, list[Draft]] = {name: [] for name in texts}
    for draft in drafts:
        name, rest = named_part(draft.suggestion.target_section or "", texts)
        bare = (
            draft.replace(suggestion=draft.suggestion.replace(target_section=rest or None)) if name else draft
        )
        tried = {
            each: draft_suggestion(texts[each], bare, config.weights) for each in ([name] if name else texts)
        }
        best = max(tried, key=lambda each: _fit(tried[each]))
        parts[best].append(tried[best].replace(suggestion=draft.suggestion))
    return parts


def _fit(draft: Draft) -> int:
    """How well a suggestion fits a text: it changes a passage, or it belongs into a place that it names."""
    if draft.span:
        return 2
    is_named = (
        draft.place and draft.place.is_found and draft.place.type in (LocationType.WITHIN, LocationType.AFTER)
    )
    return 2 if is_named else int(draft.status is EditStatus.DROPPED)
