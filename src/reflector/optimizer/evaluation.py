"""What comes of running a candidate on an example: the user's `Rollout` and `Score`, and our record of both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from reflector._text import shorten
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["NO_OBJECTIVES", "NO_USAGE", "Evaluation", "Rollout", "Score", "read_score"]

NO_OBJECTIVES: Mapping[str, float] = MappingProxyType({})
NO_USAGE = Usage()
"""Of a rollout that reports none."""


@dataclass(slots=True)
class Rollout:
    """What one execution of a candidate on an example brought. A rollout function may return the bare output."""

    # Not frozen, because one is made for every row, and a frozen one takes twice as long to make.

    output: Any = None
    trajectory: Trajectory | None = field(default=None, repr=False)
    """The record of the run: what a reflection reads. Without it, the reflection sees example and output only."""
    usage: Usage | None = None
    """What it cost, if the function calls models that are not ours."""
    score: Score | float | None = None
    """For those who score themselves, as `Optimizer.report` allows."""
    error: str | None = None
    """Why it failed; it then counts as a failure whatever the score function says."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good an output is."""

    value: float
    """Higher is better. Usually in [0, 1]; `OptimizerConfig.perfect_score` says what cannot be beaten."""
    feedback: str = ""
    """What was right or wrong, in words: it is what a reflection learns most from."""
    objectives: Mapping[str, float] = field(default_factory=dict)
    """Further figures by name, higher is better: an objective frontier keeps the best in each."""


class Evaluation(NamedTuple):
    """One candidate on one example."""

    score: float
    feedback: str = ""
    objectives: Mapping[str, float] = NO_OBJECTIVES
    output: Any = None
    trajectory: Trajectory | None = None
    usage: Usage = NO_USAGE
    error: str | None = None
    """Why the rollout or the scorer failed; None when neither did."""
    seconds: float = 0.0


def read_score(value: Any) -> Score:
    """Return what a score function returned as a `Score`.

    Raises:
        ValueError: If it is no finite number and no `Score` of such ones; the message says what came.
    """
    score = value if isinstance(value, Score) else Score(value)
    try:
        number = float(score.value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"a score function returns a number or a Score; got {type(value).__name__} {shorten(repr(value), 60)}"
        ) from None
    if not math.isfinite(number):
        raise ValueError(f"a score is a finite number; got {number!r}")
    try:
        objectives = {str(name): float(each) for name, each in score.objectives.items()}
        if not all(map(math.isfinite, objectives.values())):
            raise ValueError
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise ValueError(
            f"objectives are finite numbers by their names; got {shorten(repr(score.objectives), 60)}"
        ) from None
    return Score(number, str(score.feedback), objectives)
