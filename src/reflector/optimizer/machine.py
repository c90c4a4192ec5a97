"""The optimizer as a state machine: reports in, orders out. No clock, no queue, no await.

The same reports in the same order give the same state, byte for byte: that is what makes the journal of a run its
checkpoint. Whatever is chosen at random is drawn from a generator seeded by the proposal's number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.course import ROUNDS, Course
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.examples import Split
from reflector.optimizer.merging import find_merge
from reflector.optimizer.minibatches import minibatch
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.selection import choose_components
from reflector.optimizer.state import State
from reflector.optimizer.trial import PROBE, guards
from reflector.optimizer.work import Order, Proposed

__all__ = ["Machine"]

_FEWEST = 3
"""Rows of the last minibatches, where the rest of the budget allows no whole one."""
_SCREEN = 5
"""Validation rows on which a merge is tried first."""


class Machine:
    """Decides what is run next. `orders` hands out what came up; every order is answered: rows by `report_rows`,
    all at once or some at a time, reflections by `report_reflection`.

    It starts proposals and commits them; what lies between is their `Course`.
    """

    def __init__(
        self, seed: Candidate, config: OptimizerConfig, rows: dict[Split, int], rollouts: int | None
    ) -> None:
        """Begin with the validation of the seed and the first proposals.

        Args:
            seed: Candidate 0.
            config: How to go about it.
            rows: How many there are of each part.
            rollouts: How many may be run in all.
        """
        self.config = config
        self.rows = rows
        self._state = state = State(seed, config, rows, rollouts)
        self.minibatch = state.minibatch
        self.pool = state.pool
        self.history = state.history
        """Every proposal that has ended, in the order of its commit."""
        self.reflections = 0
        self._places = config.in_flight(self.minibatch, self.limit, rows["val"])
        self._course = Course(state, self._places)
        self._merges = 0
        self._merged: set[frozenset[int]] = set()
        """Pairs of candidates that a merge was tried of."""
        self._is_merge_due = False
        self._go_on()  # first, because a reflection waits for these rows, and nothing for the seed's validation
        state.order_rows(None, "seed", seed, "val", range(rows["val"]))

    @property
    def limit(self) -> float:
        """Rollouts that may be run in all."""
        return self._state.limit

    @property
    def rollouts(self) -> int:
        """Rollouts ordered so far."""
        return self._state.rollouts

    @property
    def stop_reason(self) -> str | None:
        """Why nothing new is started, if so."""
        return self._state.stopping.reason

    @property
    def is_broken(self) -> bool:
        """Whether rollouts or reflections have failed too often in a row."""
        return self._state.stopping.is_broken

    @property
    def in_flight(self) -> int:
        """How many proposals are under way."""
        return len(self._state.active)

    @property
    def smallest_limit(self) -> int:
        """The rollouts without which not even one proposal can be made and validated."""
        return 2 * self.rows["val"] + 2 * self.minibatch

    # --- orders and reports ------------------------------------------------------------------------------

    def orders(self) -> list[Order]:
        """Return the orders that have come up since the last time."""
        return self._state.orders.take()

    @property
    def is_done(self) -> bool:
        """Whether every order has been reported and nothing more comes."""
        return not len(self._state.orders)

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """The orders that wait for a report, oldest first, with the rows that have not been reported."""
        return self._state.orders.open(self._state.results)

    def report_rows(self, order_id: int, found: Evaluations) -> None:
        """Take in what came of running rows of an order: all, or some of those that have not been reported."""
        state = self._state
        order, proposal, is_done = state.orders.rows(order_id, found)
        woken = state.results.put(order_id, proposal, order.candidate, order.split, found, is_last=is_done)
        state.stopping.ran(found)
        if order.purpose == "seed" and is_done:
            self._add(state.seed, state.results.known(None, state.seed, "val"))
        for each in woken:
            if state.is_ready(each):
                self._course.advance(each)
        self._go_on()

    def report_reflection(self, order_id: int, proposed: Proposed) -> None:
        """Take in what came of a reflection."""
        proposal = self._state.orders.reflection(order_id)
        self._state.stopping.reflected(is_error=proposed.is_error)
        self.reflections += proposed.calls
        self._course.reflected(proposal, proposed)
        self._go_on()

    def stop(self, reason: str) -> None:
        """Start nothing more. What is being validated goes on to its end."""
        self._state.stopping.stop(reason)

    def extend(self, rollouts: int | None) -> None:
        """Go on with this limit, if a limit was what ended the run, or failures."""
        self._state.limit = math.inf if rollouts is None else rollouts
        self._state.stopping.go_on()
        self._go_on()

    def test(self) -> bool:
        """Order the test of the seed and the best; return False if there is none, or no room for it."""
        rows = range(self.rows["test"])
        if not rows or not self.pool.best or self.rollouts + 2 * len(rows) > self.limit:
            return False
        for candidate in (self._state.seed, self.pool.candidates[self.pool.best]):
            self._state.order_rows(None, "test", candidate, "test", rows)
        return True

    def tested(self, candidate: Candidate) -> list[float]:
        """Return the scores of a candidate on the test rows that have been run."""
        return self._state.results.known(None, candidate, "test").scores(range(self.rows["test"]))

    # --- starting ----------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Start and commit what can be. After every commit proposals are started first: from exactly that state."""
        while (self._has_place() and self._start()) or self._commit_next():
            pass

    def _has_place(self) -> bool:
        if self.stop_reason is not None:
            return False
        if self._state.is_strict:
            return self._state.started < len(self.history) + self._places
        under_way = len(self._state.active) + len(self._state.ended)
        return under_way < (
            1 if self._state.stopping.is_stuck else self._places
        )  # stuck: what is tried comes first

    def _start(self) -> bool:
        state, number = self._state, self._state.started
        rng = random.Random(f"proposal:{self.config.seed}:{number}")
        parent = state.seed
        if len(self.pool):
            parent = self.pool.candidates[self.config.selector.select(self.pool, rng)]
        turn = number - state.early
        rows = minibatch(turn, self.minibatch, self.rows["train"], self.config.seed)
        bound = self._needed(parent, rows)
        if not state.has_room(bound):
            if state.active or state.ended or not len(self.pool):
                return False
            rows = self._fewer(parent, rows)
            if not rows:
                self.stop("budget")
                return False
            bound = self._needed(parent, rows)
        if state.is_strict:  # what it may ask for later must not depend on others
            later = (self.config.depth - 1 + ROUNDS) * (self.minibatch + PROBE)
            bound = int(min(state.room, bound + self.rows["val"] + self._course.pace + later))
        if self._is_merge_due and self._start_merge(number, bound, rng):
            return True
        components = choose_components(tuple(parent), turn, self.config.components)
        proposal = Proposal(number, parent, components, rows, bound)
        state.enter(proposal)
        self._course.run(proposal, "parent", parent, "train", proposal.rows)
        return True

    def _needed(self, parent: Candidate, rows: Sequence[int]) -> int:
        """Return the rollouts of a parent and its child on a minibatch: fewer where the parent's are known."""
        if self._state.is_strict:
            return 2 * len(rows)
        known = self._state.results.known(None, parent, "train").scores(rows)
        if len(known) < len(rows):
            return 2 * len(rows) - len(known)
        passed = sum(score >= self.config.perfect_score for score in known)
        return len(rows) - passed + guards(len(rows), passed)

    def _fewer(self, parent: Candidate, rows: Sequence[int]) -> tuple[int, ...]:
        """Return the first ones of some rows, as many as the rest of the budget allows; none if they are too few."""
        counts = range(len(rows) - 1, min(_FEWEST, len(rows)) - 1, -1)
        fewer = (tuple(rows[:count]) for count in counts)
        return next((each for each in fewer if self._state.has_room(self._needed(parent, each))), ())

    def _start_merge(self, number: int, bound: int, rng: random.Random) -> bool:
        self._is_merge_due = False
        merge = find_merge(self.pool, self._merged, rng, by_edits=self.config.merging == "edits")
        if merge is None:
            return False
        self._merges += 1
        parent, other = (self.pool.candidates[each] for each in merge.parents)
        rows = self._screening_rows(*merge.parents)
        proposal = Proposal(number, parent, (), rows, max(bound, len(rows)), other=other)
        changes = (f"merged {merge.parents[0]} and {merge.parents[1]}, which share {merge.ancestor}",)
        proposal.child = Candidate(merge.components, -1, merge.parents, changes)
        self._state.enter(proposal)
        self._course.run(proposal, "merge", proposal.child, "val", proposal.rows)
        return True

    def _screening_rows(self, first: int, second: int) -> tuple[int, ...]:
        """Return validation rows that tell most: those on which the parents differ most, either way."""
        ours, theirs = self.pool.scores[first], self.pool.scores[second]
        by_lead = sorted(range(len(ours)), key=lambda row: (theirs[row] - ours[row], row))
        return tuple(dict.fromkeys([*by_lead[: _SCREEN // 2 + 1], *by_lead[::-1][: _SCREEN // 2]]))

    # --- commits -----------------------------------------------------------------------------------------

    def _commit_next(self) -> bool:
        """Commit a proposal that has ended and whose turn it is, if there is one. The seed comes before all."""
        ended = self._state.ended
        if not len(self.pool) or not ended:
            return False
        number = len(self.history) if self._state.is_strict else next(iter(ended))
        if number not in ended:
            return False
        self._commit(ended.pop(number))
        return True

    def _commit(self, proposal: Proposal) -> None:
        state, child = self._state, proposal.child
        state.committed_rollouts += proposal.ordered
        if state.is_strict and state.stopping.is_cut_off:
            proposal.ending = "dropped"  # how far the others had come depends on who was quick
        if proposal.ending == "accepted" and child is not None:
            found = state.results.known(proposal, child, "val")
            if self.pool.find(child.key) is not None:
                proposal.ending = "duplicate"
                proposal.reason = "validated already, on the way to it" if proposal.early else ""
            else:
                proposal.child = _since(child, proposal.early).accepted_as(len(self.pool))
                self._add(proposal.child, found)
                self._is_merge_due = self._merges < self.config.merges and not proposal.is_early
        state.is_better_known |= bool(self.pool.best) and not proposal.is_early
        state.results.commit(proposal, len(self.history) + 1)
        self.history.append(proposal)
        state.attempts.commit(proposal, child)
        # What is being tried may help yet; in strict order no proposal counts as a duplicate of it.
        is_hopeful = not state.is_strict and any(each.trial for each in state.active.values())
        unhelped = state.attempts.unhelped_on(proposal.parent)
        state.stopping.committed(proposal, unhelped, is_hopeful=is_hopeful)
        state.forget_runs(proposal)

    def _add(self, candidate: Candidate, found: Evaluations) -> None:
        scores, measured = found.scores(range(self.rows["val"])), found.objectives.values()
        names = sorted({name for each in measured for name in each})
        objectives = {
            name: math.fsum(each.get(name, 0.0) for each in measured) / len(scores) for name in names
        }
        self.pool.add(candidate, scores, objectives)
        best = self.pool.best
        self._state.stopping.scored(self.pool.means[best], is_new=best == candidate.number)


def _since(child: Candidate, early: Proposal | None) -> Candidate:
    """Return a child as one of the candidate that was validated on the way to it, if that was accepted."""
    if early is None or early.child is None or early.child.number < 0:  # its commit may be still to come
        return child
    made = early.child.changes
    dropped = (f"without: {change}" for change in made if change not in child.changes)
    changes = (*(change for change in child.changes if change not in made), *dropped)
    return Candidate(child.components, -1, (early.child.number,), changes)
