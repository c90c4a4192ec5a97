"""An edit on its way: what a suggestion asks for, before conflicts are resolved and offsets are final."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reflector.edits.edit import EditOperation, EditStatus, LocationType
from reflector.edits.passages import Span
from reflector.edits.placing import Place
from reflector.reflection.models import Suggestion

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What becomes one edit. Exactly one of `place` and `span` is set if it has a place; a move has both."""

    index: int
    suggestion: Suggestion
    operation: EditOperation
    text: str
    reason: str
    status: EditStatus = EditStatus.APPLIED
    place: Place | None = None
    span: Span | None = None
    content: str = ""
    is_whole_prompt: bool = False
    section: str | None = None
    impact: float = 0.0
    conflicts_with: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    merged_into: str | None = None

    @property
    def id(self) -> str:
        return f"edit_{self.index + 1}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be made."""
        return self.status is EditStatus.APPLIED and self.merged_into is None

    @property
    def location_type(self) -> LocationType:
        if self.is_whole_prompt:
            return LocationType.REPLACE_ALL
        if self.operation is EditOperation.INSERT and self.place is not None:
            return self.place.type
        return LocationType.WITHIN

    def closed(self, status: EditStatus, reason: str) -> Draft:
        """Return it as not to be made, and why."""
        return replace(self, status=status, reason=reason)
