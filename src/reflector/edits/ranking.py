"""How much an edit is expected to help."""

from __future__ import annotations

from reflector.edits.edit import EditOperation, ImpactWeights, LocationType
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory

__all__ = ["PRIORITY_RANK", "impact_of"]

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
