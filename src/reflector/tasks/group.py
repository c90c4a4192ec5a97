"""A task group: what is asked, for what end, within which limits, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from reflector._ids import new_id
from reflector._json import Value
from reflector.dispatch.task import Estimate, Limits, Task
from reflector.tasks.payloads import PAYLOADS, Payload

__all__ = ["GroupOrigin", "TaskGroup"]


class GroupOrigin(Value):
    """Where a task group comes from."""

    plan: str | None = None
    """The plan it belongs to."""
    parent: str | None = None
    """The id of the group it is a part of."""
    part: int = Field(default=1, ge=1)
    parts: int = Field(default=1, ge=1)


class TaskGroup(Value):
    """One line of a plan: a payload, and what those who dispatch it have to know.

    As plain data the payload is untagged: `task_type` says what it is. `reflector.tasks.wire` reads and writes it.
    """

    id: str = Field(default_factory=lambda: new_id("group"), min_length=1)
    task_type: str = ""
    """The payload's kind; left empty it is taken from the payload."""
    goal: str = ""
    """What shall come of it, in words, for whoever does it. Empty: what the kind of task is for."""
    payload: Payload
    limits: Limits = Limits()
    priority: float = 0.0
    """The higher, the sooner."""
    deadline: datetime | None = None
    estimate: Estimate | None = None
    """What it takes, as far as that is known before."""
    origin: GroupOrigin = GroupOrigin()

    @model_validator(mode="before")
    @classmethod
    def _read_payload(cls, fields: Any) -> Any:
        """Choose the payload's type by `task_type`, and `task_type` by the payload's type."""
        if not isinstance(fields, Mapping):
            return fields
        payload, kind = fields.get("payload"), fields.get("task_type") or ""
        if isinstance(payload, Mapping):
            if kind not in PAYLOADS:
                raise ValueError(f"task_type is one of {', '.join(PAYLOADS)}; got {kind!r}")
            return {**fields, "payload": PAYLOADS[kind].model_validate(payload)}
        own = getattr(payload, "kind", None)
        if kind and own and kind != own:
            raise ValueError(f"task_type is {kind!r}, but the payload is one of {own!r}")
        return {**fields, "task_type": own or kind}

    def to_task(self) -> Task:
        """Return the envelope that travels: the goal as its metadata."""
        metadata: dict[str, Any] = {"goal": self.goal} if self.goal else {}
        return Task(
            kind=self.task_type,
            payload=self.payload,
            id=self.id,
            limits=self.limits,
            deadline=self.deadline,
            estimate=self.estimate,
            metadata=metadata,
        )
