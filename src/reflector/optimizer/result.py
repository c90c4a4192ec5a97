"""What an optimization brought."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reflector._json import dumps
from reflector._text import shorten
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.machine import Machine
from reflector.optimizer.proposal import Proposal
from reflector.usage import Usage

__all__ = ["OptimizationResult", "TestScore", "read_result"]

_Z95 = 1.96


@dataclass(frozen=True, slots=True)
class TestScore:
    """The seed against the best on rows that nothing was selected on."""

    __test__ = False  # for pytest: not a class of tests

    seed: float
    best: float
    difference: float
    interval: tuple[float, float]
    """Of the difference, 95 %, from its paired standard error."""
    rows: int

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"test on {self.rows} rows: seed {self.seed:.3f}, best {self.best:.3f}, "
            f"difference {self.difference:+.3f} (95 %: {low:+.3f} to {high:+.3f})"
        )


@dataclass(frozen=True, slots=True)
class OptimizationResult:
    """The best candidate, and all that is known of the way to it."""

    best: Candidate
    best_score: float
    """Mean validation score: optimistic, because the best was chosen by it."""
    seed_score: float
    test: TestScore | None
    candidates: tuple[Candidate, ...] = field(repr=False)
    scores: tuple[float, ...] = field(repr=False)
    """Mean validation score of each candidate."""
    frontier: tuple[int, ...]
    """Numbers of the candidates that the Pareto frontier needs."""
    history: tuple[Proposal, ...] = field(repr=False)
    """Every proposal, in the order of its commit."""
    rollouts: int
    """Executions, those of validation and test included."""
    reflections: int
    spend: Usage
    """Tokens, calls and dollars of all models that are known."""
    stop_reason: str
    run_id: str
    seed_rollouts: int = field(default=0, repr=False)
    """Of the validation of the seed."""
    table: str = field(default="", repr=False)
    """What was spent, by role and model."""

    @property
    def lineage(self) -> tuple[Candidate, ...]:
        """The best and its ancestors, the seed first."""
        wanted, waiting = {self.best.number}, list(self.best.parents)
        while waiting:
            number = waiting.pop()
            if number not in wanted:
                wanted.add(number)
                waiting.extend(self.candidates[number].parents)
        return tuple(self.candidates[number] for number in sorted(wanted))

    @property
    def gain(self) -> float:
        """Validation score of the best minus that of the seed."""
        return self.best_score - self.seed_score

    def summary(self) -> dict[str, Any]:
        """Return it as plain data, without the proposals' details."""
        return {
            "run": self.run_id,
            "stop_reason": self.stop_reason,
            "best": self.best.to_dict(),
            "best_score": self.best_score,
            "seed_score": self.seed_score,
            "test": None
            if self.test is None
            else {
                "seed": self.test.seed,
                "best": self.test.best,
                "difference": self.test.difference,
                "interval": list(self.test.interval),
                "rows": self.test.rows,
            },
            "frontier": list(self.frontier),
            "candidates": [
                candidate.to_dict() | {"score": score}
                for candidate, score in zip(self.candidates, self.scores, strict=True)
            ],
            "proposals": [
                {
                    "number": each.number,
                    "parent": each.parent.number,
                    "ending": each.ending,
                    "reason": each.reason,
                }
                for each in self.history
            ],
            "rollouts": self.rollouts,
            "reflections": self.reflections,
            "spend": self.spend.model_dump(mode="json"),
        }

    def plot(self) -> Any:
        """Return a figure of matplotlib: the score over rollouts, and the tree of candidates.

        Raises:
            ConfigurationError: If matplotlib is missing; `pip install "reflector-agents[plots]"` brings it.
        """
        from reflector.optimizer.plots import plot_result

        return plot_result(self.path, self.candidates, self.scores, self.lineage)

    @property
    def path(self) -> tuple[tuple[int, float], ...]:
        """The best score so far over the rollouts: a pair for the seed, one for each new best, and the end.

        The rollouts of proposals count when they are committed, in that order.
        """
        done, best = self.seed_rollouts, self.seed_score
        points = [(done, best)]
        for proposal in self.history:
            done += proposal.ordered
            number = -1 if proposal.child is None else proposal.child.number
            if number >= 0 and self.scores[number] > best:
                best = self.scores[number]
                points.append((done, best))
        return (*points, (max(done, self.rollouts), best))

    def to_json(self, *, indent: bool = False) -> bytes:
        """Return `summary()` as JSON."""
        return dumps(self.summary(), indent=indent)

    def __str__(self) -> str:
        accepted = len(self.candidates) - 1
        lines = [
            f"validation: seed {self.seed_score:.3f}, best {self.best_score:.3f} ({self.gain:+.3f})",
            *([str(self.test)] if self.test is not None else []),
            f"{self.rollouts} rollouts, {self.reflections} reflections, {len(self.history)} proposals, "
            f"{accepted} accepted; ended: {self.stop_reason}",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{candidate.number}</td><td>{', '.join(map(str, candidate.parents))}</td><td>{score:.3f}</td>"
            f"<td>{html.escape(shorten('; '.join(candidate.changes), 200))}</td></tr>"
            for candidate, score in zip(self.candidates, self.scores, strict=True)
        )
        return (
            f"<pre>{html.escape(str(self))}</pre><table><tr><th>candidate</th><th>from</th><th>score</th>"
            f"<th>changes</th></tr>{rows}</table>"
        )


def read_result(machine: Machine, spend: Usage, table: str, run_id: str) -> OptimizationResult:
    """Return what a machine has come to."""
    pool = machine.pool
    best = pool.candidates[pool.best]
    return OptimizationResult(
        best=best,
        best_score=pool.means[pool.best],
        seed_score=pool.means[0],
        test=_test(machine.tested(pool.candidates[0]), machine.tested(best), machine.rows["test"]),
        candidates=tuple(pool.candidates),
        scores=tuple(pool.means),
        frontier=pool.survivors(),
        history=tuple(machine.history),
        rollouts=machine.rollouts,
        reflections=machine.reflections,
        spend=spend,
        stop_reason=machine.stop_reason or "stopped",
        run_id=run_id,
        seed_rollouts=machine.rows["val"],
        table=table,
    )


def _test(before: Sequence[float], after: Sequence[float], rows: int) -> TestScore | None:
    if not rows or not len(before) == len(after) == rows:
        return None
    differences = [late - early for early, late in zip(before, after, strict=True)]
    mean = math.fsum(differences) / rows
    spread = math.fsum((each - mean) ** 2 for each in differences)
    error = math.sqrt(spread / (rows - 1) / rows) if rows > 1 else math.inf
    return TestScore(
        seed=math.fsum(before) / rows,
        best=math.fsum(after) / rows,
        difference=mean,
        interval=(mean - _Z95 * error, mean + _Z95 * error),
        rows=rows,
    )
