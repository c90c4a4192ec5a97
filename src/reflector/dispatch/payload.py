"""Payloads that know their kind, and who does them when nobody else is there."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from reflector._json import Value
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Task

__all__ = ["DefaultProvider", "TaskPayload"]


class DefaultProvider(NamedTuple):
    """What `execute` spawns when nobody accepts a payload's kind; it then stays in the runtime."""

    name: str
    handler: Any
    card: ProviderCard


class TaskPayload(Value):
    """What is to be done, as a value of its own type. `execute` takes it as it is, or as the payload of a `Task`.

    On the wire it is plain data: providers read it with `model_validate`, whichever of the two arrives.
    """

    kind: ClassVar[str]
    """The kind of task; each subclass sets it."""

    def to_task(self) -> Task:
        """Return it as a task. For limits, a deadline or metadata make the `Task` yourself."""
        return Task(kind=self.kind, payload=self)

    def default_provider(self) -> DefaultProvider | None:
        """Return who does it when nobody accepts its kind, or None: then that is an error."""
        return None
