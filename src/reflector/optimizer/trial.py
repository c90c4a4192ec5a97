"""A trial: the current text of a proposal with further changes, the rows that can tell what it is worth, and what
speaks against its changes. Pure functions of a proposal.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.credit import is_doubtful
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.work import Change, apply_changes

__all__ = ["PROBE", "changed", "doubtful_changes", "guards", "rows_to_probe", "rows_to_try"]

PROBE = 8
"""Rows at most on which a child is run again without the changes that are in doubt."""
_GUARDS = 0.25
"""Share of the rows that the parent passed on which a child is run, to see that it still does."""
_FEW = 8
"""Rows up to which a child is run on all of them."""


def changed(proposal: Proposal, changes: Sequence[Change]) -> Candidate:
    """Return what a proposal has come to with further changes."""
    current = proposal.current
    made = tuple(change.what for change in changes)
    before = current.changes if proposal.child is not None else ()
    texts = apply_changes(current.components, changes)
    return Candidate(texts, -1, (proposal.parent.number,), (*before, *made))


def guards(rows: int, passed: int) -> int:
    """Return how many of the rows that passed are run again with a child: all, where there are few rows."""
    return passed if rows <= _FEW else min(passed, max(2, round(_GUARDS * passed)))


def rows_to_try(proposal: Proposal, perfect: float, rng: random.Random) -> tuple[int, ...]:
    """Return the rows that failed so far, and some that passed."""
    passed = [row for row, each in proposal.scored.items() if each.score >= perfect]
    chosen = set(rng.sample(passed, guards(len(proposal.scored), len(passed))))
    return tuple(row for row, each in proposal.scored.items() if each.score < perfect or row in chosen)


def doubtful_changes(proposal: Proposal) -> tuple[Change, ...]:
    """Return the changes that the runs do not speak for, if there are others.

    They are those whose quotations are still said; where rows got worse, those without quotations too.
    """
    fresh, changes = proposal.fresh, proposal.changes
    is_worse = bool(_worse(proposal))
    doubtful = tuple(each for each in changes if is_doubtful(each, fresh) or (is_worse and not each.quotes))
    return doubtful if len(doubtful) < len(changes) else ()


def rows_to_probe(
    proposal: Proposal, doubtful: Sequence[Change], perfect: float, rng: random.Random
) -> tuple[int, ...]:
    """Return rows that can tell whether changes help: worse ones, those they claim, others that fail."""
    fresh, before = proposal.fresh, proposal.scored
    better = [row for row in fresh if fresh[row].score > before[row].score]
    failing = [row for row in fresh if fresh[row].score < perfect]
    rng.shuffle(failing)
    claimed = [row for change in doubtful for row in [each for each in change.rows if each in better][:1]]
    wanted = dict.fromkeys([*_worse(proposal)[: PROBE // 2], *claimed[: PROBE // 2], *failing])
    return tuple(wanted)[:PROBE]


def _worse(proposal: Proposal) -> list[int]:
    return [row for row, each in proposal.fresh.items() if each.score < proposal.scored[row].score]
