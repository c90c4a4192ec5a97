"""What an answer says, in the fields of a reflection, and what happened while it was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reflector._json import dumps
from reflector._text import one_line
from reflector.reflection.models import DroppedItem, Suggestion

__all__ = ["Log", "Reading"]


@dataclass(slots=True)
class Reading:
    """What an answer says, not scored yet."""

    analysis: str = ""
    root_causes: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    expected_improvement: str = ""
    stated_confidence: str | float | None = None
    """What the model says of itself."""


@dataclass(slots=True)
class Log:
    """What happened while one answer was read."""

    strict: bool = False
    decode: Callable[[str], Any] = lambda text: None
    """Returns the JSON value that a string holds, or None."""
    dropped: list[DroppedItem] = field(default_factory=list)
    inferred: Counter[str] = field(default_factory=Counter)
    """Field -> how often it was not said, or not in a known word."""
    placeholders: int = 0
    """Suggestions that only repeat the form they were asked in."""

    def drop(self, reason: str, item: Any) -> None:
        """Note that `item` could not be used, and why."""
        self.dropped.append(DroppedItem(reason=reason, item=_shown(item)))


def _shown(item: Any) -> str:
    if isinstance(item, str):
        return one_line(item)
    try:
        return one_line(dumps(item).decode())
    except (TypeError, ValueError, RecursionError):
        return type(item).__name__
