"""How names and values of others stand in our messages: on one line, short, whatever they are."""

from __future__ import annotations

from reflector._text import clean, one_line
from reflector.llm.secrets import redact

__all__ = ["show_model", "show_value"]


def show_model(name: str | None) -> str:
    """Return a model's name as a message shows it: at most 80 characters; `the model` without one."""
    return one_line(clean(name), 80) if name else "the model"


def show_value(value: object) -> str:
    """Return `repr(value)` without what looks like a key, or the name of its type where that raises."""
    try:
        return redact(repr(value)[:2000])
    except Exception:  # noqa: BLE001 - somebody else's `__repr__` may do anything
        return f"<{type(value).__name__} without a repr>"
