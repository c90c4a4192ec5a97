"""How an optimization goes about it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from reflector.errors import ConfigurationError
from reflector.optimizer.acceptance import Acceptance, StrictAcceptance
from reflector.optimizer.pool import FrontierKind
from reflector.optimizer.selection import ParetoSelector, Selector

__all__ = ["OptimizerConfig"]

_LARGE = 50
"""Rows of a minibatch, where nothing is said of it."""
_GENERATIONS = 4
"""So often at least each place among the proposals in flight is taken anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizerConfig:
    """Options of `optimize`. The defaults are those that do best in the simulated world.

    Raises:
        ConfigurationError: If a value cannot be one.
    """

    concurrency: int = 10
    """Rollouts at once."""
    minibatch_size: int | None = None
    """Training rows that a proposal looks at, and that decide whether its child is validated. None: a tenth of the
    rollouts that may be run, 50 at most."""
    seed: int = 0
    """Of every choice that is made at random."""
    store: str | Path | None = None
    """The journal of the run, a file: what `resume` continues from. None: nothing is kept."""
    proposals_in_flight: int | None = None
    """None: as many as keep `concurrency` busy."""
    order: Literal["completion", "strict"] = "completion"
    """`strict`: proposal n starts from the state after commit n - K, K in flight, whatever finishes first: the same
    seed gives the same run, at the price of waiting for the slowest."""
    selector: Selector = field(default_factory=ParetoSelector)
    components: Literal["round_robin", "all"] = "round_robin"
    """Which texts a proposal changes, where a candidate has several."""
    proposer: Literal["edits", "rewrite"] = "edits"
    """`edits` makes the suggestions of reflections edits; `rewrite` asks for the whole new text, as GEPA does."""
    acceptance: Acceptance = field(default_factory=StrictAcceptance)
    frontier: FrontierKind = "instance"
    validation: Literal["full", "racing"] = "racing"
    """`racing` stops validating a child that cannot get to the frontier any more or is clearly worse."""
    depth: int = 4
    """Reflections in a row that a proposal may take: while its child gets better on the minibatch, the runs that still
    fail are reflected on again, before anything is validated."""
    pace: float = 3.0
    """As long as a proposal has run fewer rows than so many times the validation rows (and than 500), it looks at
    further minibatches, before a reflection that would see few failed runs and before its child is validated. 0: at
    one, as in GEPA."""
    runs_per_reflection: int = 8
    """Failed runs that one reflection sees at most. Those of a minibatch are grouped by what they say alike."""
    runs_beside: int = 2
    """Passing runs that it sees beside them."""
    follow_ups: int = 2
    """Further turns of a reflection that names causes without a remedy, at most."""
    further_runs: int = 8
    """Known runs of the parent beside the minibatch that are reflected on at most: they are paid already."""
    merges: int = 10
    """Merges at most; 0 for none."""
    merging: Literal["edits", "components"] = "edits"
    """Of a text that both parents have changed, a merge takes the `edits` of both, or the better parent's version."""
    perfect_score: float = 1.0
    """A minibatch on which the parent scores this everywhere teaches nothing and is passed over."""
    failure_score: float = 0.0
    """The score of a rollout that failed."""
    rollout_timeout: float = 600.0
    """Seconds after which a rollout counts as failed, waiting for room included."""
    failures_in_a_row: int = 10
    """Rollouts, or reflections, that fail in a row before the run stops with an error."""
    stop_at: float | None = None
    """Validation score at which the run ends."""
    patience: int | None = None
    """Proposals without a new best, a plateau, after which it ends. None: the budget ends it."""
    stop_file: str | Path | None = None
    """The run ends, with the best so far, at the next result after this file has come to be."""

    def __post_init__(self) -> None:
        at_least_one = {
            "concurrency": self.concurrency,
            "minibatch_size": self.minibatch_size,
            "depth": self.depth,
            "runs_per_reflection": self.runs_per_reflection,
            "failures_in_a_row": self.failures_in_a_row,
            "proposals_in_flight": self.proposals_in_flight,
            "patience": self.patience,
        }
        for name, value in at_least_one.items():
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ConfigurationError(f"{name} is a whole number of at least 1; got {value!r}.")
        at_least_zero = {
            "merges": self.merges,
            "runs_beside": self.runs_beside,
            "follow_ups": self.follow_ups,
            "further_runs": self.further_runs,
        }
        for name, value in at_least_zero.items():
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ConfigurationError(f"{name} is a whole number of at least 0; got {value!r}.")
        if not isinstance(self.pace, int | float) or not 0 <= self.pace < math.inf:
            raise ConfigurationError(f"pace is a number of at least 0; got {self.pace!r}.")
        if not isinstance(self.rollout_timeout, int | float) or not 0 < self.rollout_timeout < math.inf:
            raise ConfigurationError(
                f"rollout_timeout is a positive number of seconds; got {self.rollout_timeout!r}."
            )
        scores = {
            "perfect_score": self.perfect_score,
            "failure_score": self.failure_score,
            "stop_at": 1.0 if self.stop_at is None else self.stop_at,
        }
        for name, score in scores.items():
            if not isinstance(score, int | float) or not math.isfinite(score):
                raise ConfigurationError(f"{name} is a finite number; got {score!r}.")
        for name, method in {"selector": "select", "acceptance": "judge"}.items():
            strategy = getattr(self, name)
            if not callable(getattr(strategy, method, None)):
                raise ConfigurationError(f"{name} is an object with a method {method}(); got {strategy!r}.")
        for name in ("store", "stop_file"):
            path = getattr(self, name)
            if not isinstance(path, str | os.PathLike | None):
                raise ConfigurationError(f"{name} is the path of a file; got {path!r}.")
        choices = {
            "order": (self.order, ("completion", "strict")),
            "proposer": (self.proposer, ("edits", "rewrite")),
            "components": (self.components, ("round_robin", "all")),
            "merging": (self.merging, ("edits", "components")),
            "frontier": (self.frontier, ("instance", "objective", "hybrid")),
            "validation": (self.validation, ("full", "racing")),
        }
        for name, (choice, allowed) in choices.items():
            if choice not in allowed:
                raise ConfigurationError(f"{name} is one of {', '.join(allowed)}; got {choice!r}.")

    def minibatch(self, rollouts: float, rows: int) -> int:
        """Return how many training rows a proposal looks at.

        Args:
            rollouts: How many may be run in all.
            rows: How many training rows there are.
        """
        size = self.minibatch_size or max(3, int(min(rollouts / 10, _LARGE)))
        return min(size, rows)

    def in_flight(self, minibatch: int, rollouts: float, validation: int) -> int:
        """Return how many proposals are under way at once: few enough that most start from what others have learned.

        Args:
            minibatch: Training rows of each.
            rollouts: How many may be run in all.
            validation: How many validation rows there are.
        """
        generations = (rollouts - validation) / (2 * minibatch + (self.pace + 1) * validation)
        most = min(self.concurrency // minibatch, generations / _GENERATIONS)
        return self.proposals_in_flight or max(1, int(most))
