"""The accepted candidates with their validation scores: what proposals start from, and the result comes from."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.frontier import Frontier

__all__ = ["FrontierKind", "Pool"]

FrontierKind = Literal["instance", "objective", "hybrid"]
"""What a frontier is over: validation examples, objectives, or both."""


class Pool:
    """Candidates in the order of their acceptance. Bookkeeping is incremental: what changed, and nothing else."""

    def __init__(self, kind: FrontierKind = "instance") -> None:
        self.kind = kind
        self.candidates: list[Candidate] = []
        self.scores: list[tuple[float, ...]] = []
        """Of each candidate, one for each validation example."""
        self.means: list[float] = []
        self.objectives: list[dict[str, float]] = []
        """Of each candidate, the mean of each objective."""
        self.frontier = Frontier()
        self.best = 0
        """Number of the candidate with the highest mean; of equal ones the first."""
        self._by_key: dict[str, int] = {}
        self._names: dict[str, int] = {}
        self._survivors: tuple[int, ...] | None = None

    def __len__(self) -> int:
        return len(self.candidates)

    def add(
        self, candidate: Candidate, scores: Sequence[float], objectives: Mapping[str, float] | None = None
    ) -> None:
        """Take in a candidate whose number is the next one, with its score on every validation example."""
        number = len(self.candidates)
        if candidate.number != number:
            raise ValueError(f"the next candidate is number {number}; got {candidate.number}")
        self.candidates.append(candidate)
        self.scores.append(tuple(scores))
        self.means.append(math.fsum(scores) / len(scores))
        self.objectives.append(dict(objectives or {}))
        self._by_key.setdefault(candidate.key, number)
        self.frontier.add(number, self._columns(number))
        self._survivors = None
        if self.means[number] > self.means[self.best]:
            self.best = number

    def find(self, key: str) -> int | None:
        """Return the number of the candidate with these texts, or None."""
        return self._by_key.get(key)

    @property
    def keys(self) -> Collection[str]:
        """Those of the candidates' texts."""
        return self._by_key.keys()

    def survivors(self) -> tuple[int, ...]:
        """Return the candidates that the frontier needs."""
        if self._survivors is None:
            self._survivors = self.frontier.survivors(self.means)
        return self._survivors

    @property
    def best_scores(self) -> Sequence[float]:
        """The highest score of any candidate on each validation example."""
        if self.kind == "objective":
            return [max(column) for column in zip(*self.scores, strict=True)]
        return self.frontier.best

    def ancestors(self, number: int) -> set[int]:
        """Return the numbers of all candidates that one descends from."""
        found: set[int] = set()
        waiting = list(self.candidates[number].parents)
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                waiting.extend(self.candidates[parent].parents)
        return found

    def _columns(self, number: int) -> Sequence[float]:
        if self.kind == "instance":
            return self.scores[number]
        objectives = self.objectives[number] or {"score": self.means[number]}
        for name in objectives:
            self._names.setdefault(name, len(self._names))
        figures = [objectives.get(name, math.nan) for name in self._names]
        if self.kind == "objective":
            return figures
        return [*self.scores[number], *figures]
