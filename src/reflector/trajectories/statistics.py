"""Counts of what a run consists of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from reflector._json import Value
from reflector.trajectories.step import Importance, Outcome, Step, StepKind, count_turns

__all__ = ["TrajectoryStatistics", "count_steps"]


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


def count_steps(
    steps: Sequence[Step], *, outcome: Outcome, duration_ms: float | None, is_filtered: bool
) -> TrajectoryStatistics:
    """Return the counts of a run's steps."""
    kinds = Counter(step.kind for step in steps)
    levels = Counter(step.importance for step in steps)
    return TrajectoryStatistics(
        step_count=len(steps),
        turn_count=count_turns(steps),
        tool_call_count=kinds[StepKind.TOOL_CALL],
        error_count=sum(step.is_error for step in steps),
        kinds=dict(kinds),
        importance={level: levels[level] for level in Importance},
        outcome=outcome,
        duration_ms=duration_ms,
        is_filtered=is_filtered,
    )
