"""An edit on its way, before conflicts are resolved and the offsets of insertions are final."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reflector.edits.edit import EditOperation, EditStatus, LocationType
from reflector.edits.lines import Span
from reflector.edits.placing import Place
from reflector.reflection.models import Priority, Suggestion, SuggestionType

__all__ = ["Draft", "made"]

_OPERATIONS = {SuggestionType.ADD: EditOperation.INSERT, SuggestionType.REMOVE: EditOperation.DELETE}


@dataclass
class Draft:
    """An edit without a final location: an insertion has a `place`, the others a `span`; unplaced ones neither.

    Never changed: `replace` makes another one. It is no validated value, as many are made for each edit.
    """

    id: str
    suggestion: Suggestion
    suggestion_index: int
    operation: EditOperation
    text: str = ""
    content: str = ""
    place: Place | None = None
    span: Span | None = None
    is_whole_prompt: bool = False
    impact: float = 0.0
    status: EditStatus = EditStatus.APPLIED
    reason: str = ""
    conflicts_with: tuple[str, ...] = ()
    merged_into: str | None = None
    depends_on: str | None = None
    validated: bool = False

    @classmethod
    def of(cls, index: int, suggestion: Suggestion) -> Draft:
        """Return the draft of a suggestion that nothing is known of yet."""
        operation = _OPERATIONS.get(suggestion.type, EditOperation.REPLACE)
        return cls(f"edit_{index + 1}", suggestion, index, operation)

    def replace(self, **changes: Any) -> Draft:
        """Return it with some fields changed."""
        return Draft(**(vars(self) | changes))

    @property
    def is_made(self) -> bool:
        return self.status is EditStatus.APPLIED and self.merged_into is None

    @property
    def priority(self) -> Priority:
        return self.suggestion.priority

    @property
    def strength(self) -> tuple[float, int]:
        """What drafts are sorted by: the highest impact first, then the order of the suggestions."""
        return -self.impact, self.suggestion_index

    @property
    def location_type(self) -> LocationType:
        if self.is_whole_prompt:
            return LocationType.REPLACE_ALL
        return self.place.type if self.place else LocationType.WITHIN

    def unplaced(self, reason: str, text: str = "") -> Draft:
        """Return it as one for which no place or no text was found."""
        return self.replace(status=EditStatus.UNPLACED, reason=reason, text=text)

    def dropped(self, reason: str) -> Draft:
        """Return it as one that could be made but should not be."""
        return self.replace(status=EditStatus.DROPPED, reason=reason)


def made(drafts: Iterable[Draft]) -> list[Draft]:
    """Return the drafts that are made so far, strongest first."""
    return sorted((d for d in drafts if d.is_made), key=lambda d: d.strength)
