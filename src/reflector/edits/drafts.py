"""An edit on its way, before conflicts are resolved and the offsets of insertions are final."""

from __future__ import annotations

from typing import Any, Self

from reflector.edits.edit import Edit, EditOperation, EditStatus, LocationType
from reflector.edits.placing import Place
from reflector.edits.units import Span
from reflector.reflection.models import Suggestion, SuggestionType

__all__ = ["Draft"]

_OPERATIONS = {SuggestionType.ADD: EditOperation.INSERT, SuggestionType.REMOVE: EditOperation.DELETE}


class Draft(Edit):
    """An edit without a final location: an insertion has a `place`, the others a `span`; unplaced ones neither."""

    place: Place | None = None
    span: Span | None = None
    is_whole_prompt: bool = False

    @classmethod
    def of(cls, index: int, suggestion: Suggestion) -> Self:
        """Return the draft of a suggestion that nothing is known of yet."""
        return cls(
            id=f"edit_{index + 1}",
            operation=_OPERATIONS.get(suggestion.type, EditOperation.REPLACE),
            suggestion=suggestion,
            suggestion_index=index,
            rationale=suggestion.rationale,
            priority=suggestion.priority,
        )

    def replace(self, **changes: Any) -> Self:
        """Return it with some fields changed."""
        changed: Self = super().replace(**changes)
        return changed

    @property
    def strength(self) -> tuple[float, int]:
        """What drafts are sorted by: the highest impact first, then the order of the suggestions."""
        return -self.impact, self.suggestion_index

    @property
    def location_type(self) -> LocationType:
        if self.is_whole_prompt:
            return LocationType.REPLACE_ALL
        return self.place.type if self.place else LocationType.WITHIN

    def unplaced(self, reason: str, text: str = "") -> Self:
        """Return it as one for which no place or no text was found."""
        return self.replace(status=EditStatus.UNPLACED, reason=reason, text=text)

    def dropped(self, reason: str) -> Self:
        """Return it as one that could be made but should not be."""
        return self.replace(status=EditStatus.DROPPED, reason=reason)
