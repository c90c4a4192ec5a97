"""The optimizer as a state machine: reports in, orders out. No clock, no queue, no await.

The same reports in the same order give the same state, byte for byte: that is what makes the journal of a run its
checkpoint. Whatever is chosen at random is drawn from a generator seeded by the proposal's number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reflector.optimizer.acceptance import Verdict
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.credit import is_doubtful
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split
from reflector.optimizer.merging import find_merge
from reflector.optimizer.minibatches import minibatch
from reflector.optimizer.pool import Pool
from reflector.optimizer.proposal import Ending, Proposal
from reflector.optimizer.racing import chunks, is_hopeless
from reflector.optimizer.results import Results
from reflector.optimizer.selection import choose_components
from reflector.optimizer.work import Change, Order, Proposed, Purpose, Reflect, RunRows, Tried, apply_changes

__all__ = ["Machine"]

_LATE = 0.2
"""Share of a part of a validation that the next part does not wait for."""
_ROUNDS = 3
"""Minibatches at most on which an undecided child is compared with its parent."""
_LONGEST = 500
"""Rollouts after which a proposal looks at no further minibatch, however long its validation is."""
_FRUITLESS = 5
"""Proposals in a row that bring no child to run, after which the run ends: they would go on. Of those that were
reflected on a few, of others as many as see all rows twice."""
_SCREEN = 5
"""Validation rows on which a merge is tried first."""
_PROBE = 8
"""Rows at most on which a child is run again without the changes that are in doubt."""
_GUARDS = 0.25
"""Share of the rows that the parent passed on which a child is run, to see that it still does."""
_FEW = 8
"""Rows up to which a child is run on all of them."""
_BLAMED = 0.3
"""Blame from which on a reflection is told that a change was tried."""


@dataclass(slots=True)
class _Open:
    """An order that waits for a report."""

    order: Order
    proposal: Proposal | None
    missing: int
    """Rows that have not been reported."""


class Machine:
    """Decides what is run next. `orders` hands out what came up; every order is answered: rows by `report_rows`,
    all at once or some at a time, reflections by `report_reflection`.
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
        self.limit = math.inf if rollouts is None else rollouts
        self.minibatch = config.minibatch(self.limit, rows["train"])
        """Rows of a minibatch."""
        self._places = config.in_flight(self.minibatch, self.limit, rows["val"])
        share = (self.limit - rows["val"]) / (
            2 * self._places
        )  # so that proposals can start from others' children
        wanted = min(_LONGEST, config.pace * rows["val"], share - rows["val"] - 2 * self.minibatch)
        self._pace = max(0, round(wanted))
        self.pool = Pool(config.frontier)
        self.history: list[Proposal] = []
        """Every proposal that has ended, in the order of its commit."""
        self.rollouts = 0
        """Rollouts ordered so far."""
        self.reflections = 0
        self.stop_reason: str | None = None
        self.failures = 0
        """Rollouts that have failed in a row, by the order of the reports."""
        self.failed_reflections = 0
        self._results = Results(is_shared=config.order == "completion")
        self._orders: list[Order] = []
        self._open: dict[int, _Open] = {}
        self._active: dict[int, Proposal] = {}
        self._ended: dict[int, Proposal] = {}
        """Proposals whose turn to be committed has not come."""
        tests = 2 * rows["test"]
        self._kept_for_tests = tests if 5 * tests <= self.limit else 0
        self._next_order = self._next_proposal = 0
        self._committed_rollouts = rows["val"]
        self._merges = self._fruitless = self._unhelped = self._best_at = 0
        self._tried: set[frozenset[int]] = set()
        self._tried_texts = {seed.key: 0}
        """Texts that have been accepted or rejected, with the number of commits after which that was known."""
        self._by_parent: dict[str, list[tuple[int, Proposal]]] = {}
        """Proposals by the texts they started from, each with the number of its commit."""
        self._is_merge_due = self._is_going_on = False
        self._seed = seed
        self._order_rows(None, "seed", seed, "val", range(rows["val"]))
        self._go_on()

    # --- orders and reports ------------------------------------------------------------------------------

    def orders(self) -> list[Order]:
        """Return the orders that have come up since the last time."""
        orders, self._orders = self._orders, []
        return orders

    @property
    def is_done(self) -> bool:
        """Whether every order has been reported and nothing more comes."""
        return not self._open

    @property
    def open_orders(self) -> tuple[Order, ...]:
        """The orders that wait for a report, oldest first, with the rows that have not been reported."""
        return tuple(self._rest(opened) for opened in self._open.values())

    def _rest(self, opened: _Open) -> Order:
        order = opened.order
        if isinstance(order, Reflect) or opened.missing == len(order.rows):
            return order
        known = self._results.known(opened.proposal, order.candidate, order.split)
        return replace(order, rows=tuple(row for row in order.rows if row not in known))

    @property
    def in_flight(self) -> int:
        """How many proposals are under way."""
        return len(self._active)

    def report_rows(
        self, order_id: int, evaluations: Sequence[Evaluation], rows: Sequence[int] | None = None
    ) -> None:
        """Take in what came of running rows.

        Args:
            order_id: Whose rows they are.
            evaluations: One for each row.
            rows: Some of those that have not been reported; None: all rows of the order.
        """
        opened = self._open[order_id]
        order, proposal = opened.order, opened.proposal
        assert isinstance(order, RunRows)
        found = dict(zip(order.rows if rows is None else rows, evaluations, strict=True))
        opened.missing -= len(found)
        if not opened.missing:
            del self._open[order_id]
        woken = self._results.put(
            order_id, proposal, order.candidate, order.split, found, is_last=not opened.missing
        )
        self._count_failures([each.error for each in evaluations])
        if order.purpose == "seed" and not opened.missing:
            self._seed_validated()
        for each in woken:
            if each.ending is None and self._is_ready(each):
                self._advance(each)
        self._go_on()

    def _is_ready(self, proposal: Proposal) -> bool:
        """Return whether a proposal has the results it waits for.

        In completion order a part of a validation is ordered before the slowest rows of the one before have come.
        """
        if not proposal.awaiting:
            return False
        is_between_parts = proposal.stage == "validation" and proposal.validated < len(proposal.parts)
        share = _LATE if is_between_parts and self.config.order == "completion" else 0.0
        for candidate, split, rows in proposal.awaiting:
            known = self._results.known(proposal, candidate, split)
            if sum(row not in known for row in rows) > share * len(rows):
                return False
        return True

    def _count_failures(self, errors: list[str | None]) -> None:
        if errors.count(None) == len(errors):
            self.failures = 0
            return
        for error in errors:
            self.failures = 0 if error is None else self.failures + 1
            if self.failures >= self.config.failures_in_a_row:
                self.stop("failures")

    def report_reflection(self, order_id: int, proposed: Proposed) -> None:
        """Take in what came of a reflection."""
        opened = self._open.pop(order_id)
        order, proposal = opened.order, opened.proposal
        assert isinstance(order, Reflect)
        assert proposal is not None
        self.failed_reflections = self.failed_reflections + 1 if proposed.is_error else 0
        if self.failed_reflections >= self.config.failures_in_a_row:
            self.stop("failed_reflections")
        self.reflections += proposed.calls
        proposal.steps += 1
        if proposed.changes:
            self._try(proposal, proposed)
        elif proposal.child is not None:
            self._go_further(proposal)
        else:
            self._end(proposal, "failed" if proposed.is_error else "unusable", proposed.reason)
        self._go_on()

    def stop(self, reason: str) -> None:
        """Start nothing more. What is being validated goes on to its end."""
        self.stop_reason = self.stop_reason or reason

    def extend(self, rollouts: int | None) -> None:
        """Go on with another limit, if a limit was what ended the run."""
        self.limit = math.inf if rollouts is None else rollouts
        if self.stop_reason == "budget":
            self.stop_reason = None
        self._go_on()

    @property
    def smallest_limit(self) -> int:
        """The rollouts without which not even one proposal can be made and validated."""
        return 2 * self.rows["val"] + 2 * self.minibatch

    def test(self) -> bool:
        """Order the test of the seed and the best; return False if there is none, or no room for it."""
        rows = range(self.rows["test"])
        if not rows or not self.pool.best or self.rollouts + 2 * len(rows) > self.limit:
            return False
        for candidate in (self._seed, self.pool.candidates[self.pool.best]):
            self._order_rows(None, "test", candidate, "test", rows)
        return True

    def tested(self, candidate: Candidate) -> list[Evaluation]:
        """Return the evaluations of a candidate on the test rows that have been run."""
        return self._results.get(None, candidate, "test", range(self.rows["test"]))

    # --- starting ----------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Start and commit what can be. After every commit proposals are started first: from exactly that state."""
        if self._is_going_on:  # a proposal may end while it is being started
            return
        self._is_going_on = True
        while (self._has_place() and self._start()) or self._commit_next():
            pass
        self._is_going_on = False

    @property
    def _is_cut_off(self) -> bool:
        """Whether what is not being validated yet comes too late. Where money ran out, what was paid is used."""
        return self.stop_reason not in (None, "budget")

    def _has_place(self) -> bool:
        if self.stop_reason is not None:
            return False
        if self.config.order == "strict":
            return self._next_proposal < len(self.history) + self._places
        return len(self._active) + len(self._ended) < self._places

    def _start(self) -> bool:
        number = self._next_proposal
        rng = random.Random(f"proposal:{self.config.seed}:{number}")
        parent = self._seed
        if len(self.pool):
            parent = self.pool.candidates[self.config.selector.select(self.pool, rng)]
        rows = minibatch(number, self.minibatch, self.rows["train"], self.config.seed)
        bound = self._needed(parent, rows) + self.rows["val"]
        room = self.limit - self._promised() - self._kept_for_tests
        if bound > room:
            if not self._active and not self._ended and len(self.pool):
                self.stop("budget")
            return False
        if self.config.order == "strict":  # what it may ask for later must not depend on others
            later = (self.config.depth - 1 + _ROUNDS) * (self.minibatch + _PROBE)
            bound = int(min(room, bound + self._pace + later))
        self._next_proposal += 1
        if self._is_merge_due and self._start_merge(number, bound, rng):
            return True
        components = choose_components(tuple(parent), number, self.config.components)
        proposal = Proposal(number, parent, components, rows, bound)
        self._enter(proposal)
        self._order_rows(proposal, "parent", parent, "train", proposal.rows)
        return True

    def _needed(self, parent: Candidate, rows: Sequence[int]) -> int:
        """Return the rollouts of a parent and its child on a minibatch: fewer where the parent's are known."""
        if self.config.order == "strict":
            return 2 * len(rows)
        known = self._results.get(None, parent, "train", rows)
        if len(known) < len(rows):
            return 2 * len(rows) - len(known)
        passed = sum(each.score >= self.config.perfect_score for each in known)
        return len(rows) - passed + _guards(len(rows), passed)

    def _enter(self, proposal: Proposal) -> None:
        proposal.base = len(self.history)
        proposal.rivals = tuple(self.pool.best_scores) if len(self.pool) else ()
        self._active[proposal.number] = proposal

    def _promised(self) -> int:
        """Return the rollouts that are spent, or may still be by what is under way."""
        if self.config.order == "strict":
            return self._committed_rollouts + sum(
                each.bound for each in [*self._active.values(), *self._ended.values()]
            )
        return self.rollouts + sum(each.bound - each.ordered for each in self._active.values())

    def _start_merge(self, number: int, bound: int, rng: random.Random) -> bool:
        self._is_merge_due = False
        merge = find_merge(self.pool, self._tried, rng, by_edits=self.config.merging == "edits")
        if merge is None:
            return False
        self._merges += 1
        parent, other = (self.pool.candidates[each] for each in merge.parents)
        rows = self._screening_rows(*merge.parents)
        proposal = Proposal(number, parent, (), rows, bound, other=other)
        changes = (f"merged {merge.parents[0]} and {merge.parents[1]}, which share {merge.ancestor}",)
        proposal.child = Candidate(merge.components, -1, merge.parents, changes)
        self._enter(proposal)
        self._order_rows(proposal, "merge", proposal.child, "val", proposal.rows)
        return True

    def _screening_rows(self, first: int, second: int) -> tuple[int, ...]:
        """Return validation rows that tell most: those on which the parents differ most, either way."""
        ours, theirs = self.pool.scores[first], self.pool.scores[second]
        by_lead = sorted(range(len(ours)), key=lambda row: (theirs[row] - ours[row], row))
        return tuple(dict.fromkeys([*by_lead[: _SCREEN // 2 + 1], *by_lead[::-1][: _SCREEN // 2]]))

    # --- a proposal's way --------------------------------------------------------------------------------

    def _advance(self, proposal: Proposal) -> None:
        """Go on with a proposal that has the results it has waited for."""
        proposal.awaiting = []
        if self._is_cut_off and proposal.stage != "validation":
            self._end(proposal, "dropped")
            return
        match proposal.stage:
            case "parent":
                self._parent_ran(proposal)
            case "child" | "more":
                self._child_ran(proposal)
            case "further":
                self._further_ran(proposal)
            case "probe":
                self._probed(proposal)
            case "merge":
                self._merge_ran(proposal)
            case "validation":
                self._validated(proposal)

    def _found(self, proposal: Proposal, candidate: Candidate, rows: Sequence[int]) -> dict[int, Evaluation]:
        """Return what is known of a candidate on training rows, in their order."""
        known = self._results.known(proposal, candidate, "train")
        return {row: known[row] for row in rows if row in known}

    def _parent_ran(self, proposal: Proposal) -> None:
        proposal.scored = self._found(proposal, proposal.parent, proposal.rows)
        proposal.rows = tuple(proposal.scored)
        proposal.before = tuple(each.score for each in proposal.scored.values())
        if self.stop_reason is not None:
            self._end(proposal, "dropped")
        elif not self._failing(proposal):
            self._end(proposal, "perfect")
        else:
            self._reflect_or_look_further(proposal)

    def _failing(self, proposal: Proposal) -> int:
        return sum(each.score < self.config.perfect_score for each in proposal.scored.values())

    def _reflect_or_look_further(self, proposal: Proposal) -> None:
        """Reflect when as many failed runs are known as one reflection reads, or no more can be had."""
        failing = self._failing(proposal)
        if failing < self.config.runs_per_reflection and self._look_further(proposal):
            return
        if failing:
            self._reflect(proposal)
        else:
            self._validate(proposal)

    def _look_further(self, proposal: Proposal) -> bool:
        """Have what the proposal has come to run on another minibatch, as long as its rollouts are few."""
        rest = [row for row in range(self.rows["train"]) if row not in proposal.scored]
        if not rest or self.stop_reason is not None or proposal.ordered >= self._pace:
            return False
        count = min(self.minibatch, len(rest))
        if not self._take_room(proposal, 2 * count + len(self._rows_to_try(proposal))):
            return False
        proposal.waits_for = tuple(self._rng(f"further-{len(proposal.scored)}", proposal).sample(rest, count))
        self._order_rows(proposal, "further", proposal.current, "train", proposal.waits_for)
        return True

    def _further_ran(self, proposal: Proposal) -> None:
        found = self._found(proposal, proposal.current, proposal.waits_for)
        proposal.scored |= found
        if proposal.child is None:
            proposal.rows += tuple(found)
            proposal.before += tuple(each.score for each in found.values())
        proposal.steps, proposal.trial = 0, proposal.child
        self._reflect_or_look_further(proposal)

    def _go_further(self, proposal: Proposal) -> None:
        if not self._look_further(proposal):
            self._validate(proposal)

    def _reflect(self, proposal: Proposal) -> None:
        """Have the runs that are known reflected on: those of the minibatch, and at first others of the parent."""
        known = dict(proposal.scored)
        if proposal.child is None:
            known |= self._results.others(
                proposal, self.config.perfect_score, self.config.further_runs, self._rng("further", proposal)
            )
        proposal.stage = "child"
        self._issue(
            Reflect(
                self._next_id(),
                proposal.number,
                proposal.current,
                proposal.components,
                tuple(known),
                tuple(known.values()),
                self._rejected(proposal),
                self._unhelped_by(proposal) if proposal.child is None else 0,
            ),
            proposal,
        )

    def _siblings(self, proposal: Proposal) -> list[Proposal]:
        """Return the proposals from the same texts that were committed before, as far as this one may know of them."""
        committed = self._by_parent.get(proposal.parent.key, ())
        return [
            each
            for commits, each in committed
            if self.config.order == "completion" or commits <= proposal.base
        ]

    def _unhelped_by(self, proposal: Proposal) -> int:
        """Return how many reflections on the parent have brought nothing to run since the last that did."""
        count = 0
        for each in reversed(self._siblings(proposal)):
            if each.steps:
                if each.ending not in ("unusable", "duplicate"):
                    break
                count += 1
        return count

    def _rejected(self, proposal: Proposal) -> tuple[Tried, ...]:
        """Return what was tried on the parent, or before in this proposal, and did not help; the latest last."""
        tried: dict[tuple[str, str], float] = {}
        for each in [*self._siblings(proposal), proposal]:
            for one in each.tried:
                tried[one.what, one.text] = tried.pop((one.what, one.text), 0.0) + one.blame
        return tuple(Tried(*key, blame) for key, blame in tried.items() if blame >= _BLAMED)

    def _try(self, proposal: Proposal, proposed: Proposed) -> None:
        """Have a changed text run on the rows that failed so far, and on some that passed."""
        proposal.changes = proposed.changes
        proposal.trial = self._changed(proposal, proposed.changes)
        if self._is_known(proposal, proposal.trial):
            if proposal.child is None:
                self._end(proposal, "duplicate")
            else:
                self._go_further(proposal)
        elif self._is_cut_off:
            self._end(proposal, "dropped")
        else:
            proposal.fresh = {}
            proposal.waits_for = self._rows_to_try(proposal)
            self._order_rows(proposal, "child", proposal.trial, "train", proposal.waits_for)

    def _changed(self, proposal: Proposal, changes: Sequence[Change]) -> Candidate:
        current = proposal.current
        made = tuple(change.what for change in changes)
        before = current.changes if proposal.child is not None else ()
        return Candidate(
            apply_changes(current.components, changes), -1, (proposal.parent.number,), (*before, *made)
        )

    def _rows_to_try(self, proposal: Proposal) -> tuple[int, ...]:
        perfect = self.config.perfect_score
        passed = [row for row, each in proposal.scored.items() if each.score >= perfect]
        count = _guards(len(proposal.scored), len(passed))
        guards = set(self._rng(f"guards-{proposal.steps}", proposal).sample(passed, count))
        return tuple(row for row, each in proposal.scored.items() if each.score < perfect or row in guards)

    def _child_ran(self, proposal: Proposal) -> None:
        """Judge a trial by the rows it was run on."""
        assert proposal.trial is not None
        rows = proposal.waits_for
        proposal.fresh |= self._found(proposal, proposal.trial, rows)
        if proposal.stage == "more":
            proposal.scored |= self._found(proposal, proposal.parent, rows)
        doubtful = self._doubtful(proposal)
        if doubtful:
            self._probe(proposal, doubtful)
        else:
            self._judge(proposal)

    def _doubtful(self, proposal: Proposal) -> tuple[Change, ...]:
        """Return the changes that the runs do not speak for, if there are others.

        They are those whose quotations are still said; where rows got worse, those without quotations too.
        """
        if proposal.stage == "more":
            return ()
        fresh, changes = proposal.fresh, proposal.changes
        is_worse = bool(self._worse(proposal))
        doubtful = tuple(
            each for each in changes if is_doubtful(each, fresh) or (is_worse and not each.quotes)
        )
        return doubtful if len(doubtful) < len(changes) else ()

    def _worse(self, proposal: Proposal) -> list[int]:
        return [row for row, each in proposal.fresh.items() if each.score < proposal.scored[row].score]

    def _probe(self, proposal: Proposal, doubtful: Sequence[Change]) -> None:
        """Have the trial run without some changes, on rows that can tell: worse ones, theirs, others that fail."""
        fresh, before = proposal.fresh, proposal.scored
        better = [row for row in fresh if fresh[row].score > before[row].score]
        failing = [row for row in fresh if fresh[row].score < self.config.perfect_score]
        self._rng(f"probe-{proposal.steps}", proposal).shuffle(failing)
        claimed = [row for change in doubtful for row in [each for each in change.rows if each in better][:1]]
        wanted = dict.fromkeys([*self._worse(proposal)[: _PROBE // 2], *claimed[: _PROBE // 2], *failing])
        rows = tuple(wanted)[:_PROBE]
        kept = [change for change in proposal.changes if change not in doubtful]
        probe = self._changed(proposal, kept)
        if not rows or self._is_known(proposal, probe) or not self._take_room(proposal, len(rows)):
            self._judge(proposal)
            return
        proposal.probe, proposal.doubtful, proposal.waits_for = probe, tuple(doubtful), rows
        self._order_rows(proposal, "probe", probe, "train", rows)

    def _probed(self, proposal: Proposal) -> None:
        """Do without the changes that were in doubt, unless they help."""
        assert proposal.probe is not None
        fresh = proposal.fresh
        found = self._found(proposal, proposal.probe, proposal.waits_for)
        lead = math.fsum(each.score - fresh[row].score for row, each in found.items())
        if lead > 0 or (lead == 0 and all(change.quotes for change in proposal.doubtful)):
            proposal.trial = proposal.probe
            fresh |= found
            self._blame(proposal, proposal.doubtful)
            proposal.changes = tuple(each for each in proposal.changes if each not in proposal.doubtful)
        self._judge(proposal)

    def _blame(self, proposal: Proposal, changes: Sequence[Change]) -> None:
        proposal.tried += [Tried(change.what, change.text, 1 / len(changes)) for change in changes]

    def _judge(self, proposal: Proposal) -> None:
        match self._verdict(proposal):
            case "accepted":
                proposal.child = proposal.trial
                proposal.scored |= proposal.fresh
                proposal.after = tuple(proposal.scored[row].score for row in proposal.rows)
                self._go_deeper(proposal)
            case "rejected":
                self._blame(proposal, proposal.changes)
                if proposal.child is not None:
                    self._go_deeper(proposal)
                else:
                    after = proposal.scored | proposal.fresh
                    proposal.after = tuple(after[row].score for row in proposal.rows)
                    self._end(proposal, "rejected")
            case "undecided":
                self._look_at_more(proposal)

    def _go_deeper(self, proposal: Proposal) -> None:
        """Reflect on what still fails, if there is something, and room; else go further."""
        is_stuck = proposal.trial is not proposal.child
        if (
            self._failing(proposal)
            and not is_stuck
            and self.stop_reason is None
            and proposal.steps < self.config.depth
            and self._take_room(proposal, len(self._rows_to_try(proposal)))
        ):
            self._reflect(proposal)
        else:
            self._go_further(proposal)

    def _take_room(self, proposal: Proposal, rollouts: int) -> bool:
        """Return whether a proposal may order so many more rollouts before its validation, and set them aside."""
        needed = proposal.ordered + rollouts + self.rows["val"]
        if needed <= proposal.bound:
            return True
        if self.config.order == "strict":
            return False
        if self._promised() + needed - proposal.bound + self._kept_for_tests > self.limit:
            return False
        proposal.bound = needed
        return True

    def _verdict(self, proposal: Proposal) -> Verdict:
        more = min(self.minibatch, self.rows["train"] - len(proposal.scored))
        has_more = (
            more > 0
            and not proposal.child
            and proposal.rounds < _ROUNDS
            and self._take_room(proposal, 2 * more)
        )
        rows = list(proposal.fresh)
        before = [proposal.scored[row].score for row in rows]
        after = [proposal.fresh[row].score for row in rows]
        verdict = self.config.acceptance.judge(before, after, has_more)
        return "rejected" if verdict == "undecided" and not has_more else verdict

    def _look_at_more(self, proposal: Proposal) -> None:
        assert proposal.trial is not None
        rng = self._rng(f"more-{proposal.rounds}", proposal)
        rest = [row for row in range(self.rows["train"]) if row not in proposal.scored]
        more = tuple(rng.sample(rest, min(self.minibatch, len(rest))))
        proposal.rounds += 1
        proposal.rows += more
        proposal.waits_for = more
        self._order_rows(proposal, "more", proposal.parent, "train", more, is_last=False)
        self._order_rows(proposal, "more", proposal.trial, "train", more)

    def _merge_ran(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        assert proposal.other is not None
        scores = self.pool.scores
        ours, theirs = (
            tuple(scores[parent.number][row] for row in proposal.rows)
            for parent in (proposal.parent, proposal.other)
        )
        after = self._results.get(proposal, proposal.child, "val", proposal.rows)
        proposal.before = max(ours, theirs, key=math.fsum)
        proposal.after = tuple(each.score for each in after)
        if math.fsum(proposal.after) >= math.fsum(proposal.before):
            self._validate(proposal)
        else:
            self._end(proposal, "rejected")

    def _validate(self, proposal: Proposal) -> None:
        """Order the next validation rows; with all of them run, the proposal has made it."""
        assert proposal.child is not None
        if not proposal.parts:
            order = list(range(self.rows["val"]))
            if self.config.validation == "full":
                proposal.parts = [tuple(order)]
            else:
                self._rng("validation", proposal).shuffle(order)
                proposal.parts = chunks(order)
        while proposal.validated < len(proposal.parts):
            proposal.validated += 1
            so_far = [row for each in proposal.parts[: proposal.validated] for row in each]
            if len(self._results.get(proposal, proposal.child, "val", so_far)) < len(so_far):
                self._order_rows(proposal, "validation", proposal.child, "val", so_far)
                return
        self._end(proposal, "accepted")

    def _validated(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        rivals: Sequence[float] = proposal.rivals
        if self.config.order == "completion" and len(self.pool):
            rivals = self.pool.best_scores
        if self.config.validation == "racing" and rivals:
            known = self._results.known(proposal, proposal.child, "val")
            scores = {row: known[row].score for row in sorted(known)}
            if len(scores) < self.rows["val"] and is_hopeless(
                scores, self.pool.scores[proposal.parent.number], rivals
            ):
                self._end(proposal, "hopeless")
                return
        self._validate(proposal)

    # --- commits -----------------------------------------------------------------------------------------

    def _seed_validated(self) -> None:
        self._add(self._seed, self._results.get(None, self._seed, "val", range(self.rows["val"])))

    def _end(self, proposal: Proposal, ending: Ending, reason: str = "") -> None:
        """End a proposal; what that means for the pool happens in its turn."""
        proposal.ending, proposal.reason = ending, reason
        del self._active[proposal.number]
        self._ended[proposal.number] = proposal
        self._go_on()

    def _commit_next(self) -> bool:
        """Commit a proposal that has ended and whose turn it is, if there is one. The seed comes before all."""
        if not len(self.pool) or not self._ended:
            return False
        number = len(self.history) if self.config.order == "strict" else next(iter(self._ended))
        if number not in self._ended:
            return False
        self._commit(self._ended.pop(number))
        return True

    def _commit(self, proposal: Proposal) -> None:
        child = proposal.child
        self._committed_rollouts += proposal.ordered
        if self.config.order == "strict" and self._is_cut_off:
            proposal.ending = "dropped"  # how far the others had come depends on who was quick
        if proposal.ending == "accepted" and child is not None:
            evaluations = self._results.get(proposal, child, "val", range(self.rows["val"]))
            if self.pool.find(child.key) is not None:
                proposal.ending = "duplicate"
            else:
                proposal.child = child.accepted_as(len(self.pool))
                self._add(proposal.child, evaluations)
                self._is_merge_due = self._merges < self.config.merges
        self._results.commit(proposal, len(self.history) + 1)
        self.history.append(proposal)
        self._by_parent.setdefault(proposal.parent.key, []).append((len(self.history), proposal))
        for each in (child, proposal.trial):
            if each is not None:
                self._tried_texts.setdefault(each.key, len(self.history))
        is_fruitful = bool(proposal.after and proposal.ordered)
        self._fruitless = 0 if is_fruitful else self._fruitless + 1
        self._unhelped = 0 if is_fruitful else self._unhelped + bool(proposal.steps)
        rounds = 2 * self.rows["train"] // self.minibatch
        if self._unhelped >= _FRUITLESS + 2 or self._fruitless >= _FRUITLESS + rounds:
            self.stop("perfect" if proposal.ending == "perfect" else "no new children")
        if self.config.patience is not None and len(self.history) - self._best_at >= self.config.patience:
            self.stop("patience")

    def _add(self, candidate: Candidate, evaluations: Sequence[Evaluation]) -> None:
        names = sorted({name for each in evaluations if each.objectives for name in each.objectives})
        objectives = {
            name: math.fsum(each.objectives.get(name, 0.0) for each in evaluations) / len(evaluations)
            for name in names
        }
        self.pool.add(candidate, [each.score for each in evaluations], objectives)
        best = self.pool.means[self.pool.best]
        if self.pool.best == candidate.number:
            self._best_at = len(self.history)
        if best >= min(self.config.perfect_score, self.config.stop_at or math.inf):
            self.stop("score")

    # --- helpers -----------------------------------------------------------------------------------------

    def _order_rows(
        self,
        proposal: Proposal | None,
        purpose: Purpose,
        candidate: Candidate,
        split: Split,
        rows: Sequence[int],
        *,
        is_last: bool = True,
    ) -> None:
        """Order the rows that nobody has run or runs; with nothing to wait for, go on at once."""
        if proposal is not None:
            proposal.stage = purpose
            proposal.awaiting.append((candidate, split, rows))
        missing = self._results.wait(proposal, candidate, split, rows, self._next_order)
        if missing:
            self.rollouts += len(missing)
            number = None
            if proposal is not None:
                number = proposal.number
                proposal.ordered += len(missing)
            self._issue(RunRows(self._next_id(), purpose, candidate, split, missing, number), proposal)
        if proposal is not None and is_last and self._is_ready(proposal):
            self._advance(proposal)

    def _issue(self, order: Order, proposal: Proposal | None) -> None:
        self._orders.append(order)
        missing = len(order.rows) if isinstance(order, RunRows) else 0
        self._open[order.id] = _Open(order, proposal, missing)

    def _rng(self, purpose: str, proposal: Proposal) -> random.Random:
        return random.Random(f"{purpose}:{self.config.seed}:{proposal.number}")

    def _next_id(self) -> int:
        self._next_order += 1
        return self._next_order - 1

    def _is_known(self, proposal: Proposal, child: Candidate) -> bool:
        """Return whether a child has the texts of a candidate, of one that was tried, or of one under way."""
        since = self._tried_texts.get(child.key)
        if self.config.order == "strict":
            # What else is under way, or has come since, depends on who was quick.
            return since is not None and since <= proposal.base
        others = (each.trial for each in self._active.values() if each is not proposal)
        return since is not None or any(other is not None and other.key == child.key for other in others)


def _guards(rows: int, passed: int) -> int:
    """Return how many of the rows that passed are run again with a child: all, where there are few rows."""
    return passed if rows <= _FEW else min(passed, max(2, round(_GUARDS * passed)))
