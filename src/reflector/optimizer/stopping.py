"""When a run ends by itself."""

from __future__ import annotations

import math

from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.proposal import Proposal

__all__ = ["Stopping"]

_FRUITLESS = 5
"""Proposals in a row that bring no child to run, besides those that see all rows twice, after which the run ends. It
ends sooner where reflections on a parent brought nothing, the last ones about single runs."""


class Stopping:
    """Counts what speaks for the end. Whoever gives a reason first is right."""

    def __init__(self, config: OptimizerConfig, rounds: int) -> None:
        """Begin.

        Args:
            config: How long to go on.
            rounds: Proposals that see all training rows twice.
        """
        self.reason: str | None = None
        self.failures = 0
        """Rollouts that have failed in a row, by the order of the reports."""
        self._config = config
        self._rounds = rounds
        self._failed_reflections = self._fruitless = self._commits = self._best_at = 0

    @property
    def is_cut_off(self) -> bool:
        """Whether what is not being validated yet comes too late. Where money ran out, what was paid is used."""
        return self.reason not in (None, "budget")

    @property
    def is_broken(self) -> bool:
        """Whether rollouts or reflections have failed too often in a row."""
        return self.reason in ("failures", "failed_reflections")

    def go_on(self) -> None:
        """Take back an end by the budget, or by failures, which may have been somebody else's."""
        if self.reason == "budget" or self.is_broken:
            self.reason = None
        self.failures = self._failed_reflections = 0

    def stop(self, reason: str) -> None:
        """End it."""
        self.reason = self.reason or reason

    def ran(self, found: Evaluations) -> None:
        """Take notice of rollouts, in the order in which they came."""
        if not found.error:
            self.failures = 0
            return
        for row in found:
            self.failures = self.failures + 1 if row in found.error else 0
            if self.failures >= self._config.failures_in_a_row:
                self.stop("failures")

    def reflected(self, *, is_error: bool) -> None:
        """Take notice of a reflection."""
        self._failed_reflections = self._failed_reflections + 1 if is_error else 0
        if self._failed_reflections >= self._config.failures_in_a_row:
            self.stop("failed_reflections")

    def scored(self, best: float, *, is_new: bool) -> None:
        """Take notice of a candidate's validation, before its proposal's commit."""
        if is_new:
            self._best_at = self._commits
        if best >= min(self._config.perfect_score, self._config.stop_at or math.inf):
            self.stop("score")

    @property
    def is_stuck(self) -> bool:
        """Whether the last proposals brought no child to run."""
        return self._fruitless >= _FRUITLESS + self._rounds

    def committed(self, proposal: Proposal, unhelped: int, *, is_hopeful: bool) -> None:
        """Take notice of a proposal's end.

        Args:
            proposal: The one that has ended.
            unhelped: Reflections on its parent that have brought nothing of late.
            is_hopeful: Whether others try something that may help yet: the last ones may only have repeated it.
        """
        self._commits += 1
        self._fruitless = 0 if proposal.after and proposal.ordered else self._fruitless + 1
        closest = self._config.runs_per_reflection.bit_length()  # single runs were looked at
        if not is_hopeful and (self.is_stuck or (self._fruitless and unhelped >= closest)):
            self.stop("perfect" if proposal.ending == "perfect" else "no new children")
        if self._config.patience is not None and self._commits - self._best_at >= self._config.patience:
            self.stop("patience")
