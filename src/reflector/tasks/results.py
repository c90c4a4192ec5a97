"""What came of a task group: one result each, also when it failed."""

from __future__ import annotations

from typing import Any, Literal, Self, cast

from reflector._json import Value, dumps
from reflector._text import one_line, text_of
from reflector.dispatch.decision import Decision
from reflector.dispatch.task import TaskResult
from reflector.errors import HandlerError, ReflectorError
from reflector.tasks.group import TaskGroup
from reflector.usage import Usage

__all__ = ["GroupResult", "TaskFailure"]


class TaskFailure(Value):
    """Why a task has no value."""

    type: str
    """The name of the error."""
    message: str
    retryable: bool = False
    """Whether another try, later or elsewhere, could help."""

    @classmethod
    def of(cls, error: Exception) -> Self:
        """Return what an error says. What a provider raised stands for what carried it, whose message tells of both."""
        cause = error.__cause__ if isinstance(error, HandlerError) else None
        told = error if cause is None else cause
        return cls(
            type=type(told).__name__,
            message=one_line(text_of(error), 2000) or type(told).__name__,
            retryable=bool(getattr(told, "retryable", isinstance(told, TimeoutError))),
        )


class GroupResult(Value):
    """What came of one task group."""

    id: str
    """Of the group."""
    task_type: str
    status: Literal["completed", "failed"]
    value: Any = None
    """What the provider returned; None when it failed."""
    provider: str = ""
    """Who did it; empty when nobody did."""
    decision: Decision | None = None
    """Why that one, what was said about the others, and every try."""
    usage: Usage = Usage()
    attempts: int = 0
    """How often it was started."""
    error: TaskFailure | None = None
    parts: tuple[GroupResult, ...] = ()
    """What it was merged from."""

    @property
    def cost_usd(self) -> float:
        """What it cost, as far as that is known."""
        return self.usage.cost_usd or 0.0

    @classmethod
    def completed(cls, group: TaskGroup, result: TaskResult) -> Self:
        """Return the result of a group that was done."""
        return cls(
            id=group.id,
            task_type=group.task_type,
            status="completed",
            value=result.value,
            provider=result.provider,
            decision=result.decision,
            usage=result.usage,
            attempts=result.attempts,
        )

    @classmethod
    def failed(cls, group: TaskGroup, error: ReflectorError) -> Self:
        """Return the result of a group that nobody could do."""
        decision = error.decision
        tries = () if decision is None else decision.tries
        return cls(
            id=group.id,
            task_type=group.task_type,
            status="failed",
            provider="" if decision is None else decision.provider,
            decision=decision,
            usage=sum((each.usage for each in tries), Usage()),
            attempts=sum(each.attempts for each in tries),
            error=TaskFailure.of(error),
        )

    def with_failure(self, failure: TaskFailure) -> Self:
        """Return it as failed after all; what it used stays."""
        return cast(Self, self.replace(status="failed", value=None, error=failure))

    def to_line(self) -> bytes:
        """Return it as one line of JSON, without the line's end. A value without a JSON form is a failure there."""
        value, error, status = self.value, self.error, self.status
        try:
            dumps(value)
        except (TypeError, ValueError, RecursionError) as err:
            value, status = None, "failed"
            error = TaskFailure(type=type(err).__name__, message=f"its value has no JSON form: {err}")
        line = {
            "id": self.id,
            "task_type": self.task_type,
            "provider": self.provider or None,
            "status": status,
            "result": value,
            "usage": self.usage,
            "cost_usd": self.cost_usd,
            "attempts": self.attempts,
            "decision": self.decision,
            "error": error,
        }
        if self.parts:
            told = {"id", "provider", "status", "usage", "attempts", "error"}
            line["parts"] = [part.model_dump(mode="json", include=told) for part in self.parts]
        return dumps(line)
