"""One step of a run, and the small closed sets that describe steps and outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from reflector._json import JSONValue, Value
from reflector.usage import Usage

__all__ = [
    "Importance", "Outcome", "RecordedScore", "Step", "StepKind", "TrajectoryStatistics", "count_turns",
    "opens_turn",
]  # fmt: skip


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

    @property
    def is_model(self) -> bool:
        """Whether the model produces steps of this kind."""
        return self in _MODEL_KINDS


# The step types of Jido's GEPA trajectories that have another name here.
_ORIGIN_KINDS = {
    "action": StepKind.TOOL_CALL,
    "observation": StepKind.TOOL_RESULT,
    "state_change": StepKind.MESSAGE,
}
_MODEL_KINDS = frozenset({StepKind.REASONING, StepKind.MESSAGE, StepKind.TOOL_CALL})


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
    """Links a tool's result to its call. Made up by the importer where the record has none."""
    is_error: bool = False
    """Whether the record itself marks the step as failed (flag, status, return code)."""
    error: str | None = None
    """The record's own reason: `timeout`, `returncode=1`, an exception's name."""
    finish_reason: str | None = None
    """Why the model stopped, on the last step of a model turn, in the words of OpenAI's API."""
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


class TrajectoryStatistics(Value):
    """What a run consists of, in numbers."""

    step_count: int = 0
    turn_count: int = 0
    """Turns of the model."""
    tool_call_count: int = 0
    error_count: int = 0
    """Steps that the record itself marks as failed."""
    kinds: dict[StepKind, int] = Field(default_factory=dict)
    """Steps of each kind that occurs."""
    importance: dict[Importance, int] = Field(default_factory=dict)
    """Steps of every importance, lowest first."""
    outcome: Outcome = Outcome.UNKNOWN
    duration_ms: float | None = None
    is_filtered: bool = False
    """Whether steps were left out by `Trajectory.filter`."""


def opens_turn(kind: StepKind, previous: StepKind | None) -> bool:
    """Return whether a step of the model begins a new turn, judged by the kind of the step before it.

    A turn is thinking, then words, then calls; whatever breaks that order is the next turn.
    """
    if previous is None or not previous.is_model:
        return True
    if kind is StepKind.TOOL_CALL:
        return False
    return previous is not StepKind.REASONING


def count_turns(steps: Iterable[Step]) -> int:
    """Return the number of model turns; where no step names its turn, the order of kinds decides."""
    named: set[int] = set()
    by_order = 0
    previous: StepKind | None = None
    for step in steps:
        if step.turn is not None:
            named.add(step.turn)
        if step.kind.is_model and opens_turn(step.kind, previous):
            by_order += 1
        previous = step.kind
    return len(named) or by_order
