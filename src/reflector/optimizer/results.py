"""What is known of candidates on rows, and who waits for what: nothing is run twice."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split
from reflector.optimizer.proposal import Proposal

__all__ = ["Results", "RowKey"]

RowKey = tuple[str, Split, int]
"""Key of a candidate's texts, part, row."""


@dataclass(slots=True)
class Results:
    """Evaluations by candidate and row.

    In completion order every result is everybody's at once, and who needs one that is being made waits for it. In
    strict order a proposal sees its own, and what was committed before it started: what finishes first must not matter.
    """

    is_shared: bool
    _known: dict[RowKey, Evaluation] = field(default_factory=dict)
    _since: dict[RowKey, int] = field(default_factory=dict)
    """Strict order: the number of commits after which a row was known."""
    _waiters: dict[RowKey, list[Proposal | None]] = field(default_factory=dict)
    _rows: dict[str, set[int]] = field(default_factory=dict)
    """Training rows that are known, by the key of the candidate."""

    def find(self, proposal: Proposal | None, key: RowKey) -> Evaluation | None:
        """Return what a proposal may know of a row."""
        if proposal is None or self.is_shared:
            return self._known.get(key)
        own = proposal.results.get(key)
        if own is not None:
            return own
        return self._known.get(key) if self._since.get(key, 0) <= proposal.base else None

    def get(
        self, proposal: Proposal | None, candidate: Candidate, split: Split, rows: Iterable[int]
    ) -> list[Evaluation]:
        """Return the evaluations of rows that are known."""
        key = candidate.key
        if proposal is None or self.is_shared:
            known = self._known
            return [known[key, split, row] for row in rows if (key, split, row) in known]
        found = (self.find(proposal, (key, split, row)) for row in rows)
        return [evaluation for evaluation in found if evaluation is not None]

    def wait(
        self, proposal: Proposal | None, candidate: Candidate, split: Split, rows: Iterable[int]
    ) -> tuple[int, ...]:
        """Let a proposal wait for the rows that are not known; return those that nobody is running yet."""
        missing = []
        for row in rows:
            key = (candidate.key, split, row)
            if self.find(proposal, key) is not None:
                continue
            if proposal is not None:
                proposal.awaiting.add(key)
            if not self.is_shared:
                missing.append(row)
                continue
            if key not in self._waiters:
                missing.append(row)
            self._waiters.setdefault(key, []).append(proposal)
        return tuple(missing)

    def put(self, proposal: Proposal | None, key: RowKey, evaluation: Evaluation) -> list[Proposal]:
        """Take a result in; return the proposals that had waited for it."""
        if self.is_shared or proposal is None:
            self._keep(key, evaluation)
            waiting = self._waiters.pop(key, [])
        else:
            proposal.results[key] = evaluation
            waiting = [proposal]
        woken = [each for each in waiting if each is not None]
        for each in woken:
            each.awaiting.discard(key)
        return woken

    def commit(self, proposal: Proposal, commits: int) -> None:
        """Make the results of a proposal, which is commit number `commits`, everybody's."""
        for key, evaluation in proposal.results.items():
            if key not in self._known:
                self._since[key] = commits
            self._keep(key, evaluation)
        proposal.results.clear()

    def others(
        self, proposal: Proposal, below: float, most: int, rng: random.Random
    ) -> dict[int, Evaluation]:
        """Return further training rows on which the parent is known to have been run, chosen by chance.

        They are `most` that scored below `below`, and half as many that did not.
        """
        known = {
            row: evaluation
            for row in sorted(self._rows.get(proposal.parent.key, set()).difference(proposal.rows))
            if (evaluation := self.find(proposal, (proposal.parent.key, "train", row))) is not None
        }
        low = [row for row, evaluation in known.items() if evaluation.score < below]
        high = [row for row in known if row not in low]
        chosen = [*rng.sample(low, min(most, len(low))), *rng.sample(high, min(most // 2, len(high)))]
        return {row: known[row] for row in chosen}

    def _keep(self, key: RowKey, evaluation: Evaluation) -> None:
        self._known.setdefault(key, evaluation)
        if key[1] == "train":
            self._rows.setdefault(key[0], set()).add(key[2])
