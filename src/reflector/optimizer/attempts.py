"""What was tried before: texts, and changes that did not help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.work import Change, Tried

__all__ = ["Attempts", "blame"]

_BLAMED = 0.3
"""Blame from which on a reflection is told that a change was tried."""


class Attempts:
    """Proposals that have ended, as those that follow may know of them.

    In strict order that is what was committed before they started; what else has come depends on who was quick.
    """

    def __init__(self, seed: Candidate, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._commits = 0
        self._texts = {seed.key: 0}
        """Texts that were accepted or rejected, with the number of commits after which that was known."""
        self._by_parent: dict[str, list[tuple[int, Proposal]]] = {}
        """Proposals by the texts they started from, each with the number of its commit."""

    def commit(self, proposal: Proposal, child: Candidate | None) -> None:
        """Take in a proposal that has ended, and the child that it had come to."""
        self._commits += 1
        self._by_parent.setdefault(proposal.parent.key, []).append((self._commits, proposal))
        for each in (child, proposal.trial):
            if each is not None and not _is_waiting(proposal):
                self._texts.setdefault(each.key, self._commits)

    def is_known(self, proposal: Proposal, trial: Candidate) -> bool:
        """Return whether a trial has the texts of one that was tried."""
        since = self._texts.get(trial.key)
        return since is not None and (not self._is_strict or since <= proposal.base)

    def is_under_way(self, proposal: Proposal, trial: Candidate, active: Iterable[Proposal]) -> bool:
        """Return whether another proposal is trying the same texts. Nobody knows in strict order."""
        others = (each.trial for each in active if each is not proposal)
        return not self._is_strict and any(each is not None and each.key == trial.key for each in others)

    def unhelped_by(self, proposal: Proposal) -> int:
        """Return how many reflections on a proposal's parent have brought nothing to run since the last that did."""
        return _unhelped(self._siblings(proposal))

    def unhelped_on(self, parent: Candidate) -> int:
        """Return the same by all commits there are."""
        return _unhelped([each for _, each in self._by_parent.get(parent.key, ())])

    def rejected(self, proposal: Proposal) -> tuple[Tried, ...]:
        """Return what was tried on the parent, or before in this proposal, and did not help; the latest last."""
        tried: dict[tuple[str, str], float] = {}
        for each in [*self._siblings(proposal), proposal]:
            for one in each.tried:
                tried[one.what, one.text] = tried.pop((one.what, one.text), 0.0) + one.blame
        return tuple(Tried(*key, blame) for key, blame in tried.items() if blame >= _BLAMED)

    def _siblings(self, proposal: Proposal) -> list[Proposal]:
        committed = self._by_parent.get(proposal.parent.key, ())
        return [each for commits, each in committed if not self._is_strict or commits <= proposal.base]


def _is_waiting(proposal: Proposal) -> bool:
    """Return whether a proposal ended because another one was trying its text: nobody knew yet what it was worth."""
    return proposal.ending == "duplicate" and bool(proposal.reason)


def _unhelped(siblings: Sequence[Proposal]) -> int:
    count = 0
    for each in reversed(siblings):
        if each.steps and not _is_waiting(each):
            if each.ending not in ("unusable", "duplicate"):
                break
            count += 1
    return count


def blame(proposal: Proposal, changes: Sequence[Change]) -> None:
    """Write down that changes of a proposal did not help."""
    proposal.tried += [Tried(change.what, change.text, 1 / len(changes)) for change in changes]
