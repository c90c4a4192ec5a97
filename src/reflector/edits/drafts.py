"""An edit on its way: what is known of a suggestion's edit while a plan is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from reflector.edits.edit import EditOperation, EditStatus, LocationType
from reflector.edits.lines import Span
from reflector.edits.sections import Section
from reflector.reflection.models import Priority, Suggestion, SuggestionType

__all__ = ["Draft", "Place", "made"]

_OPERATIONS = {SuggestionType.ADD: EditOperation.INSERT, SuggestionType.REMOVE: EditOperation.DELETE}


class Place(NamedTuple):
    """Where an edit goes: the characters that it changes; of an insertion, what it is appended to or stands behind."""

    type: LocationType
    span: Span
    section: Section | None = None
    """Of an insertion: the section it goes into."""
    is_found: bool = True
    """False if something was named and not found."""


@dataclass(slots=True, eq=False)
class Draft:
    """What becomes of one suggestion. It belongs to the plan that is being made, whose steps change it in turn."""

    suggestion: Suggestion
    suggestion_index: int
    id: str = field(init=False)
    operation: EditOperation = field(init=False)
    text: str = ""
    content: str = ""
    place: Place | None = None
    impact: float = 0.0
    status: EditStatus = EditStatus.APPLIED
    reason: str = ""
    conflicts_with: tuple[str, ...] = ()
    merged_into: str | None = None
    depends_on: str | None = None
    validated: bool = False

    def __post_init__(self) -> None:
        self.id = f"edit_{self.suggestion_index + 1}"
        self.operation = _OPERATIONS.get(self.suggestion.type, EditOperation.REPLACE)

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
    def is_insertion(self) -> bool:
        """Whether it has a place, and changes nothing that stands there."""
        return self.place is not None and self.operation is EditOperation.INSERT

    @property
    def span(self) -> Span | None:
        """The characters that it replaces or deletes."""
        return None if self.place is None or self.operation is EditOperation.INSERT else self.place.span

    @property
    def is_whole_prompt(self) -> bool:
        return self.place is not None and self.place.type is LocationType.REPLACE_ALL

    def change(self, span: Span, text: str, content: str = "", *, is_all: bool = False) -> None:
        """Make it replace, or delete, the characters of a span."""
        self.place = Place(LocationType.REPLACE_ALL if is_all else LocationType.WITHIN, span)
        self.text, self.content = text, content

    def leave(self, reason: str, text: str = "") -> None:
        """Note that no place or no text was found for it."""
        self.status, self.reason, self.text = EditStatus.UNPLACED, reason, text

    def drop(self, reason: str) -> None:
        """Note that it could be made but should not be."""
        self.status, self.reason = EditStatus.DROPPED, reason


def made(drafts: Iterable[Draft]) -> list[Draft]:
    """Return the drafts that are made so far, strongest first."""
    return sorted((d for d in drafts if d.is_made), key=lambda d: d.strength)
