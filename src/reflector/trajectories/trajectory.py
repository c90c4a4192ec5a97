"""The immutable record of one run of an agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from reflector._ids import new_id
from reflector._json import JSONValue, Value
from reflector.usage import Usage

__all__ = ["Importance", "Outcome", "RecordedScore", "Step", "StepKind", "Trajectory"]


class StepKind(StrEnum):
    """What a step is."""

    SYSTEM = "system"
    USER = "user"
    REASONING = "reasoning"
    MESSAGE = "message"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"
    RETRIEVAL = "retrieval"
    ERROR = "error"
    SCORE = "score"

    @classmethod
    def _missing_(cls, value: object) -> StepKind | None:
        return _ORIGIN_KINDS.get(value) if isinstance(value, str) else None


# The step types of Jido's GEPA trajectories that have another name here.
_ORIGIN_KINDS = {
    "action": StepKind.TOOL_CALL,
    "observation": StepKind.TOOL_RESULT,
    "state_change": StepKind.MESSAGE,
}


class Outcome(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    PARTIAL = "partial"
    TIMEOUT = "timeout"
    ERROR = "error"
    UNKNOWN = "unknown"

    @property
    def is_failure(self) -> bool:
        """Whether the run is known not to have succeeded."""
        return self not in (Outcome.SUCCESS, Outcome.UNKNOWN)


class Importance(StrEnum):
    """How much a step matters, lowest first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def level(self) -> int:
        """0 for low to 3 for critical."""
        return list(Importance).index(self)


class RecordedScore(Value):
    """A score that the record itself holds."""

    name: str
    value: float | bool | str | None
    """As recorded: a number, or a letter such as `C` and `I`."""
    explanation: str | None = None


class Step(Value):
    """One thing that happened in a run."""

    kind: StepKind
    content: str = ""
    """The text as it was said, thought, called or returned. For a tool call without a text of its own, empty."""
    name: str | None = None
    """The tool's name, or the speaker's."""
    arguments: JSONValue = None
    """Of a tool call: the parsed arguments; the text itself when it could not be parsed."""
    call_id: str | None = None
    """Links a tool's result to its call."""
    is_error: bool = False
    """Whether the record itself marks the step as failed (flag, status, return code)."""
    error: str | None = None
    """The record's own reason: `timeout`, `returncode=1`, an exception's name."""
    finish_reason: str | None = None
    """Why the model stopped, on the last step of a model turn."""
    turn: int | None = None
    """Which model turn it belongs to, counted from 0; None outside model turns."""
    source_index: int | None = None
    """Position of the file's own record (message, event) it comes from, counted from 0."""
    importance: Importance = Importance.MEDIUM
    started_at: datetime | None = None
    duration_ms: float | None = None
    usage: Usage | None = None
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    """Whatever else the record says of this step. Not to be changed in place."""


class Trajectory(Value):
    """One run of an agent: its steps and how it ended. Immutable; made by importers, `record()` or `new()`."""

    id: str = Field(default_factory=lambda: new_id("traj"))
    steps: tuple[Step, ...] = ()
    outcome: Outcome = Outcome.UNKNOWN
    scores: tuple[RecordedScore, ...] = ()
    feedback: tuple[str, ...] = ()
    """What a scorer or a person said about the run."""
    prompt: str | None = None
    """The system prompt of the run, when the record holds it."""
    task: str | None = None
    """What the run was asked to do, when the record says so apart from its messages."""
    tools: tuple[str, ...] | None = None
    """Names of the tools the model was offered; None when the record does not say."""
    error: str | None = None
    """The error that ended the run."""
    exit_status: str | None = None
    """The record's own word for how it ended, such as `Submitted` or `LimitsExceeded`."""
    limit: str | None = None
    """The limit that ended the run: messages, tokens, time, cost."""
    model: str | None = None
    agent: str | None = None
    usage: Usage | None = None
    started_at: datetime | None = None
    duration_ms: float | None = None
    format: str = "reflector"
    """Name of the format it was read from."""
    source: str | None = None
    """The file it was read from, as given."""
    record: str | int | None = None
    """Which record of the file."""
    metadata: dict[str, JSONValue] = Field(default_factory=dict)
    raw: JSONValue = Field(default=None, repr=False)
    """The record as it was read, for a lossless way back. Not to be changed in place."""

    @classmethod
    def new(cls, id: str | None = None, **fields: Any) -> Trajectory:
        """Return an empty trajectory to add steps to."""
        return cls(id=id or new_id("traj"), **fields)
