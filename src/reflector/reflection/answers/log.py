"""What happened while one answer was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reflector._json import dumps
from reflector._text import one_line
from reflector.reflection.models import DroppedItem

__all__ = ["Log"]


@dataclass(slots=True)
class Log:
    """What happened while one answer was read."""

    strict: bool = False
    decode: Callable[[str], Any] = lambda text: None
    """Returns the JSON value that a string holds, or None."""
    dropped: list[DroppedItem] = field(default_factory=list)
    inferred: dict[str, int] = field(default_factory=dict)
    placeholders: int = 0
    """Suggestions that only repeat the form they were asked in."""

    def drop(self, reason: str, item: Any) -> None:
        """Note that `item` could not be used, and why."""
        self.dropped.append(DroppedItem(reason=reason, item=_shown(item)))

    def infer(self, name: str) -> None:
        """Note that a field was not said, or not in a known word."""
        self.inferred[name] = self.inferred.get(name, 0) + 1


def _shown(item: Any) -> str:
    if isinstance(item, str):
        return one_line(item)
    try:
        return one_line(dumps(item).decode())
    except (TypeError, ValueError, RecursionError):
        return type(item).__name__
