"""What is to be done, and what came of it: two envelopes that do not care what is inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from reflector._clock import aware
from reflector._ids import new_id
from reflector._json import Value, dumps, loads
from reflector.dispatch.decision import Decision
from reflector.signals.signal import Signal
from reflector.usage import Usage

__all__ = ["SOURCE", "Done", "Estimate", "Limits", "Task", "TaskOutput", "TaskResult", "requested_type"]

SOURCE = "/dispatch"
"""Where requests for tasks come from."""

_KIND = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_LIMITS, _ESTIMATE, _METADATA = "tasklimits", "taskestimate", "taskmetadata"
_NOT_PRINTABLE_ASCII = re.compile("[^ -~]")


class Limits(Value):
    """What a task may cost, and who may do it."""

    cost_usd: float | None = Field(default=None, ge=0)
    """Providers where it is expected to cost more are passed over. None: any price."""
    providers: tuple[str, ...] | None = None
    """Names of those who may do it; a single one is asked even while it is left alone after failures. None: whoever
    can."""
    attempts: int = Field(default=3, ge=1)
    """How often one provider may start it, when the process that runs it dies."""


_NO_LIMITS = Limits()


class Estimate(Value):
    """What a task takes, as far as that is known before: prices and windows of providers are judged by it."""

    input_tokens: int = Field(default=0, ge=0, le=10**15)
    output_tokens: int = Field(default=0, ge=0, le=10**15)


class Task(Value):
    """Something to be done: a kind, and a payload that only whoever does it understands.

    It travels as a signal: `reflector.<kind>.requested`, with the payload as its data.

    >>> task = Task(kind="demo", payload={"n": 1})
    >>> signal = task.to_signal("/check")
    >>> signal.type, signal.data
    ('reflector.demo.requested', {'n': 1})
    >>> Task.from_signal(signal) == task
    True
    """

    kind: str
    """Segments of letters, digits, `-` and `_`, separated by dots."""
    payload: Any = None
    id: str = Field(default_factory=lambda: new_id("task"), min_length=1)
    limits: Limits = _NO_LIMITS
    deadline: datetime | None = None
    """When nobody needs it any more; without an offset it counts as UTC."""
    estimate: Estimate | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Plain data that travels along."""

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        requested_type(kind)
        return kind

    @field_validator("deadline")
    @classmethod
    def _make_aware(cls, deadline: datetime | None) -> datetime | None:
        return None if deadline is None else aware(deadline)

    def to_signal(self, source: str) -> Signal:
        """Return the request that carries this task."""
        extensions = {}
        if self.limits is not _NO_LIMITS:
            extensions[_LIMITS] = _written_limits(self.limits)
        if self.estimate is not None:
            extensions[_ESTIMATE] = _attribute(self.estimate)
        if self.metadata:
            extensions[_METADATA] = _attribute(self.metadata)
        return Signal(
            requested_type(self.kind),
            source,
            self.payload,
            subject=self.id,
            expirytime=self.deadline,
            extensions=extensions or None,
        )

    @classmethod
    def from_signal(cls, signal: Signal) -> Task:
        """Return the task that a request carries. Its deadline is the request's: the earliest of all that apply."""
        extensions = signal.extensions or {}
        known: dict[str, Any] = {
            "kind": signal.type.removeprefix("reflector.").removesuffix(".requested"),
            "payload": signal.data,
            "id": signal.subject or signal.id,
            "limits": _read_limits(extensions[_LIMITS]) if _LIMITS in extensions else _NO_LIMITS,
            "deadline": signal.expirytime,
            "estimate": None,
            "metadata": {},
        }
        if _ESTIMATE in extensions:
            known["estimate"] = loads(extensions[_ESTIMATE])
        if _METADATA in extensions:
            known["metadata"] = loads(extensions[_METADATA])
        elif known["estimate"] is None and requested_type(known["kind"]) == signal.type:
            return cls._trusted(known, set(known))
        return cls(**known)


class TaskOutput(Value):
    """What a provider returns instead of the bare value when it knows what it used."""

    value: Any = None
    usage: Usage = Usage()


class TaskResult(Value):
    """What came of a task."""

    value: Any
    """What the provider returned."""
    provider: str
    """The name of the agent that did it."""
    decision: Decision
    """Why that one, and what was said about the others."""
    usage: Usage = Usage()
    """What was used, as providers say it; without a word from them, the price on their cards."""
    attempts: int = 1
    """How often it was started: more than once where a process died or a provider failed."""


class Done(NamedTuple):
    """What came of a task, before anybody has asked why it went to that provider."""

    value: Any
    provider: str
    usage: Usage
    attempts: int
    decide: Callable[[], Decision]
    """Works the decision out, as it was made."""

    def to_result(self) -> TaskResult:
        """Return it with its decision."""
        return TaskResult(
            value=self.value,
            provider=self.provider,
            decision=self.decide(),
            usage=self.usage,
            attempts=self.attempts,
        )


@lru_cache(1024)
def requested_type(kind: str) -> str:
    """Return the type of the signal that asks for tasks of a kind.

    Raises:
        ValueError: If it is no kind.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(
            f"a kind is made of letters, digits, - and _ in segments separated by dots; got {kind!r}"
        )
    return f"reflector.{kind}.requested"


_read_limits = lru_cache(256)(Limits.model_validate_json)


@lru_cache(256)
def _written_limits(limits: Limits) -> str:
    return _attribute(limits)


def _attribute(value: Any) -> str:
    """Return a value as JSON that may be an attribute of a signal: printable ASCII, the rest as escapes."""
    text = value.model_dump_json() if isinstance(value, Value) else dumps(value).decode()
    return text if text.isascii() and text.isprintable() else _NOT_PRINTABLE_ASCII.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
