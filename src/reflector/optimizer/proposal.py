"""A proposal on its way from a parent to a commit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.work import Purpose

__all__ = ["Ending", "Proposal"]

Ending = Literal["accepted", "rejected", "hopeless", "perfect", "duplicate", "unusable", "failed", "dropped"]
"""How a proposal ended. hopeless: it lost the race of validation; unusable: the reflection brought no child; failed:
the reflection itself failed; dropped: the run ended first."""


@dataclass(slots=True, eq=False)
class Proposal:
    """Where it stands. Only the machine changes it."""

    number: int
    parent: Candidate
    components: tuple[str, ...]
    rows: tuple[int, ...]
    """Training rows of its minibatch; of a merge, the validation rows on which it is tried first."""
    bound: int
    """Rollouts that it may need in all."""
    base: int = 0
    """Commits before it started. In strict order it knows nothing that came later."""
    rivals: tuple[float, ...] = ()
    """Best scores of the validation rows when it started; empty before the seed is validated."""
    other: Candidate | None = None
    """The second parent of a merge."""
    child: Candidate | None = None
    stage: Purpose = "parent"
    ordered: int = 0
    """Rollouts ordered for it."""
    rounds: int = 1
    """Minibatches that the acceptance has asked for."""
    before: tuple[float, ...] = ()
    """Scores of the parent on its rows."""
    after: tuple[float, ...] = ()
    """Scores of the child on the same rows."""
    ending: Ending | None = None
    reason: str = ""
    awaiting: set[tuple[str, str, int]] = field(default_factory=set, repr=False)
    results: dict[tuple[str, str, int], Evaluation] = field(default_factory=dict, repr=False)
    """Its own results, where they are not everybody's at once."""

    @property
    def is_merge(self) -> bool:
        return self.other is not None
