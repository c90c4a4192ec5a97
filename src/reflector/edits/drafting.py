"""From a suggestion to a draft of the edit it means for one of several texts, with its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reflector.edits.drafts import Draft
from reflector.edits.edit import EditConfig, EditOperation, EditStatus, ImpactWeights, LocationType
from reflector.edits.passages import Passages
from reflector.edits.removals import draft_removal
from reflector.edits.rewriting import draft_addition, draft_modification, draft_restructuring
from reflector.edits.targets import named_part
from reflector.edits.wording import clean_text
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory, SuggestionType

__all__ = ["assign", "draft_suggestion", "impact_of"]

_ORIGIN = ImpactWeights()
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
_BUILDERS: dict[SuggestionType, Callable[[Passages, Draft, str], None]] = {
    SuggestionType.ADD: draft_addition,
    SuggestionType.MODIFY: draft_modification,
    SuggestionType.REMOVE: draft_removal,
    SuggestionType.RESTRUCTURE: draft_restructuring,
}


def draft_suggestion(
    passages: Passages, index: int, suggestion: Suggestion, weights: ImpactWeights, text: str = ""
) -> Draft:
    """Return what a suggestion means for a text, placed and weighed; `text` takes the place of its own."""
    draft = Draft(suggestion, index)
    wanted = text or suggestion.specific_text or ""
    if len(wanted) > _MAX_TEXT + 2 * len(passages.prompt):
        draft.leave(f"its text of {len(wanted)} characters is too long for this prompt")
        return draft
    _BUILDERS[suggestion.type](passages, draft, clean_text(wanted))
    if place := draft.place:
        target = passages.text(draft.span) if draft.span else ""
        draft.validated = place.is_found
        draft.impact = impact_of(
            suggestion, draft.operation, place.type,
            text=draft.text, target=target, validated=place.is_found, weights=weights,
        )  # fmt: skip
    return draft


# --- several texts ---


def assign(
    suggestions: Sequence[Suggestion], texts: Mapping[str, Passages], config: EditConfig
) -> dict[str, list[Draft]]:
    """Return the drafts by the component each changes: the one it names, else the one it fits best, else the first."""
    parts: dict[str, list[Draft]] = {name: [] for name in texts}
    for index, suggestion in enumerate(suggestions):
        name, rest = named_part(suggestion.target_section or "", texts)
        bare = suggestion.replace(target_section=rest or None) if name else suggestion
        names = [name] if name else texts
        tried = {each: draft_suggestion(texts[each], index, bare, config.weights) for each in names}
        best = max(tried, key=lambda each: _fit(tried[each]))
        tried[best].suggestion = suggestion
        parts[best].append(tried[best])
    return parts


def _fit(draft: Draft) -> int:
    """How well a suggestion fits a text: it changes a passage, or it belongs into a place that it names."""
    place = draft.place
    if place and place.is_found and place.type not in (LocationType.START, LocationType.END):
        return 2
    return int(draft.status is EditStatus.DROPPED)
