"""A proposal on its way from a parent to a commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.examples import Split
from reflector.optimizer.work import Change, Purpose, Tried

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
    """The best so far: better than the parent on the minibatch."""
    trial: Candidate | None = None
    """What is being tried now: the child, or the parent, with further changes."""
    changes: tuple[Change, ...] = ()
    """What the trial changes."""
    scored: dict[int, Evaluation] = field(default_factory=dict, repr=False)
    """What is known of the rows: with the child's text, or with an earlier one where that had passed."""
    fresh: dict[int, Evaluation] = field(default_factory=dict, repr=False)
    """The same of the trial."""
    doubtful: tuple[Change, ...] = ()
    """Changes of the trial that nothing speaks for."""
    probe: Candidate | None = None
    """The trial without them."""
    waits_for: tuple[int, ...] = ()
    """Rows on which the trial is being run."""
    is_hasty: bool = False
    """Whether it goes on when most rows of a step have come, and has its first trial validated beside what follows."""
    late: tuple[int, ...] = ()
    """Rows that failed, on which the child is still being run."""
    early: Proposal | None = None
    """The latest proposal that one of its trials was validated as, while it went on itself."""
    early_failing: int = 0
    """Rows that failed with that trial, of those that were known."""
    is_early: bool = False
    """Whether it is such a one."""
    parts: list[tuple[int, ...]] = field(default_factory=list, repr=False)
    """Validation rows, in the parts in which they are run."""
    validated: int = 0
    """Parts that have been ordered, or were known."""
    steps: int = 0
    """Reflections so far."""
    tried: list[Tried] = field(default_factory=list, repr=False)
    """Changes of it that did not help."""
    stage: Purpose = "parent"
    ordered: int = 0
    """Rollouts ordered for it."""
    rounds: int = 1
    """Minibatches that the acceptance has asked for."""
    before: tuple[float, ...] = ()
    """Scores of the parent on its rows."""
    after: tuple[float, ...] = ()
    """Scores of the child on the same rows; where the parent passed and the child was not run, those of the parent."""
    ending: Ending | None = None
    reason: str = ""
    awaiting: list[tuple[Candidate, Split, Sequence[int]]] = field(default_factory=list, repr=False)
    """What it waits for: candidates on rows of a part."""
    results: dict[tuple[str, str], Evaluations] = field(default_factory=dict, repr=False)
    """Its own results, where they are not everybody's at once."""

    def forget_runs(self) -> None:
        """Free what only its course needed: it has ended, and is history."""
        self.scored, self.fresh = {}, {}

    @property
    def current(self) -> Candidate:
        """What further changes start from."""
        return self.child or self.parent

    @property
    def is_merge(self) -> bool:
        return self.other is not None
