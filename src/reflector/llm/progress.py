"""Seeing an answer come in: who watches is told how much has arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from reflector._json import Value

__all__ = ["MODEL_PROGRESSED", "ModelProgress", "Watch", "current_watch", "watched"]

MODEL_PROGRESSED = "reflector.model.progressed"
"""Type of the signal whose data is a `ModelProgress`. It is published while somebody subscribes to exactly this type,
and only then are answers streamed; its subject is that of the request."""


class ModelProgress(Value):
    """How much of an answer has arrived. A call that is tried again begins at 0."""

    characters: int = 0
    """Of the answer."""
    thinking_characters: int = 0
    """Of the reasoning that comes apart from the answer."""


Watch = Callable[[ModelProgress], None]

_WATCH: ContextVar[Watch | None] = ContextVar("reflector_model_watch", default=None)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """Let `watch` see the answers of models that are asked in this block come in.

    It is called in the caller's event loop for every piece: keep it quick. A client that cannot stream calls it never.
    """
    token = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(token)


def current_watch() -> Watch | None:
    """Return who watches the call that is being made, or None."""
    return _WATCH.get()
