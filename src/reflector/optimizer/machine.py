"""The optimizer as a state machine: reports in, orders out. No clock, no queue, no await.

The same reports in the same order give the same state, byte for byte: that is what makes the journal of a run its
checkpoint. Whatever is chosen at random is drawn from a generator seeded by the proposal's number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from reflector.optimizer.acceptance import Verdict
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split
from reflector.optimizer.merging import find_merge
from reflector.optimizer.minibatches import minibatch
from reflector.optimizer.pool import Pool
from reflector.optimizer.proposal import Ending, Proposal
from reflector.optimizer.racing import chunks, is_hopeless
from reflector.optimizer.results import Results
from reflector.optimizer.selection import choose_components
from reflector.optimizer.work import Order, Proposed, Purpose, Reflect, RunRows

__all__ = ["Machine"]

_ROUNDS = 3
"""Minibatches at most on which an undecided child is compared with its parent."""
_FRUITLESS = 30
"""Proposals in a row that bring no child to run, after which the run ends: they spend no rollouts, and would go on."""
_SCREEN = 5
"""Validation rows on which a merge is tried first."""


class Machine:
    """Decides what is run next. `orders` hands out what came up; every order is answered by one `report_*`."""

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
        self._open: dict[int, tuple[Order, Proposal | None]] = {}
        self._active: dict[int, Proposal] = {}
        self._ended: dict[int, Proposal] = {}
        """Proposals whose turn to be committed has not come."""
        tests = 2 * rows["test"]
        self._kept_for_tests = tests if 5 * tests <= self.limit else 0
        self._next_order = self._next_proposal = 0
        self._committed_rollouts = rows["val"]
        self._merges = self._fruitless = self._best_at = 0
        self._tried: set[frozenset[int]] = set()
        self._tried_texts = {seed.key: 0}
        """Texts that have been accepted or rejected, with the number of commits after which that was known."""
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
        """The orders that wait for their report, oldest first."""
        return tuple(order for order, _ in self._open.values())

    @property
    def in_flight(self) -> int:
        """How many proposals are under way."""
        return len(self._active)

    def report_rows(self, order_id: int, evaluations: Sequence[Evaluation]) -> None:
        """Take in what came of running rows, one evaluation for each, in order."""
        order, proposal = self._open.pop(order_id)
        assert isinstance(order, RunRows)
        woken: dict[Proposal, None] = {}
        for row, evaluation in zip(order.rows, evaluations, strict=True):
            woken |= dict.fromkeys(
                self._results.put(proposal, (order.candidate.key, order.split, row), evaluation)
            )
            self.failures = self.failures + 1 if evaluation.is_failure else 0
            if self.failures >= self.config.failures_in_a_row:
                self.stop("failures")
        if order.purpose == "seed":
            self._seed_validated()
        for each in woken:
            if not each.awaiting and each.ending is None:
                self._advance(each)
        self._go_on()

    def report_reflection(self, order_id: int, proposed: Proposed) -> None:
        """Take in what came of a reflection."""
        order, proposal = self._open.pop(order_id)
        assert isinstance(order, Reflect)
        assert proposal is not None
        self.failed_reflections = self.failed_reflections + 1 if proposed.is_error else 0
        if self.failed_reflections >= self.config.failures_in_a_row:
            self.stop("failed_reflections")
        if proposed.components is None:
            self._end(proposal, "failed" if proposed.is_error else "unusable", proposed.reason)
        else:
            components = dict(proposal.parent.components) | dict(proposed.components)
            proposal.child = Candidate(components, -1, (proposal.parent.number,), proposed.changes)
            if self._is_known(proposal):
                self._end(proposal, "duplicate")
            elif self.stop_reason is not None:
                self._end(proposal, "dropped")
            else:
                self._order_rows(proposal, "child", proposal.child, "train", proposal.rows)
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
        return 2 * self.rows["val"] + 2 * min(self.config.minibatch_size, self.rows["train"])

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

    def _has_place(self) -> bool:
        if self.stop_reason is not None:
            return False
        if self.config.order == "strict":
            return self._next_proposal < len(self.history) + self.config.in_flight
        return len(self._active) + len(self._ended) < self.config.in_flight

    def _start(self) -> bool:
        number = self._next_proposal
        rng = random.Random(f"proposal:{self.config.seed}:{number}")
        size = min(self.config.minibatch_size, self.rows["train"])
        rounds = (
            _ROUNDS if self.config.order == "strict" else 1
        )  # what it may ask for later must not depend on others
        bound = 2 * size * rounds + self.rows["val"]
        if self._promised() + bound + self._kept_for_tests > self.limit:
            if not self._active and not self._ended and len(self.pool):
                self.stop("budget")
            return False
        self._next_proposal += 1
        if self._is_merge_due and self._start_merge(number, bound, rng):
            return True
        parent = self._seed
        if len(self.pool):
            parent = self.pool.candidates[self.config.selector.select(self.pool, rng)]
        proposal = Proposal(
            number,
            parent,
            choose_components(tuple(parent), number, self.config.components),
            minibatch(number, size, self.rows["train"], self.config.seed),
            bound,
        )
        self._enter(proposal)
        self._order_rows(proposal, "parent", parent, "train", proposal.rows)
        return True

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
        merge = find_merge(self.pool, self._tried, rng)
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
        """Go on with a proposal that has all results it has waited for."""
        if self.stop_reason is not None and proposal.stage != "validation":
            self._end(proposal, "dropped")
            return
        match proposal.stage:
            case "parent":
                self._parent_ran(proposal)
            case "child" | "more":
                self._child_ran(proposal)
            case "merge":
                self._merge_ran(proposal)
            case "validation":
                self._validated(proposal)

    def _parent_ran(self, proposal: Proposal) -> None:
        evaluations = self._results.get(proposal, proposal.parent, "train", proposal.rows)
        proposal.before = tuple(each.score for each in evaluations)
        perfect = self.config.perfect_score
        if min(proposal.before) >= perfect:
            self._end(proposal, "perfect")
            return
        further = self._results.others(
            proposal, perfect, self.config.further_runs, self._rng("further", proposal)
        )
        self.reflections += 1
        self._issue(
            Reflect(
                self._next_id(),
                proposal.number,
                proposal.parent,
                proposal.components,
                (*proposal.rows, *further),
                (*evaluations, *further.values()),
                self._rejected(proposal),
            ),
            proposal,
        )

    def _rejected(self, proposal: Proposal) -> tuple[str, ...]:
        """Return what was tried on the parent and did not help, the latest last."""
        lost = ("rejected", "hopeless", "duplicate")
        before = self.history[: proposal.base] if self.config.order == "strict" else self.history
        return tuple(
            change
            for each in before
            if each.parent.key == proposal.parent.key and each.ending in lost and each.child is not None
            for change in each.child.changes
        )

    def _child_ran(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        before = self._results.get(proposal, proposal.parent, "train", proposal.rows)
        after = self._results.get(proposal, proposal.child, "train", proposal.rows)
        proposal.before = tuple(each.score for each in before)
        proposal.after = tuple(each.score for each in after)
        match self._verdict(proposal):
            case "accepted":
                self._validate(proposal)
            case "rejected":
                self._end(proposal, "rejected")
            case "undecided":
                self._look_at_more(proposal)

    def _verdict(self, proposal: Proposal) -> Verdict:
        more = min(self.config.minibatch_size, self.rows["train"] - len(proposal.rows))
        has_more = more > 0 and proposal.rounds < _ROUNDS
        if self.config.order == "completion":
            has_more = has_more and self._promised() + 2 * more + self._kept_for_tests <= self.limit
        verdict = self.config.acceptance.judge(proposal.before, proposal.after, has_more)
        return "rejected" if verdict == "undecided" and not has_more else verdict

    def _look_at_more(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        rng = self._rng(f"more-{proposal.rounds}", proposal)
        rest = [row for row in range(self.rows["train"]) if row not in proposal.rows]
        more = tuple(rng.sample(rest, min(self.config.minibatch_size, len(rest))))
        proposal.rounds += 1
        proposal.rows += more
        if self.config.order == "completion":
            proposal.bound += 2 * len(more)
        self._order_rows(proposal, "more", proposal.parent, "train", more, is_last=False)
        self._order_rows(proposal, "more", proposal.child, "train", more)

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
        order = list(range(self.rows["val"]))
        self._rng("validation", proposal).shuffle(order)
        for part in [tuple(order)] if self.config.validation == "full" else chunks(order):
            if len(self._results.get(proposal, proposal.child, "val", part)) < len(part):
                self._order_rows(proposal, "validation", proposal.child, "val", part)
                return
        self._end(proposal, "accepted")

    def _validated(self, proposal: Proposal) -> None:
        assert proposal.child is not None
        rivals: Sequence[float] = proposal.rivals
        if self.config.order == "completion" and len(self.pool):
            rivals = self.pool.best_scores
        if self.config.validation == "racing" and rivals:
            rows = range(self.rows["val"])
            found = {row: self._results.get(proposal, proposal.child, "val", (row,)) for row in rows}
            scores = {row: each[0].score for row, each in found.items() if each}
            if len(scores) < len(rows) and is_hopeless(
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
        if self.config.order == "strict" and self.stop_reason is not None:
            proposal.ending = "dropped"  # how far the others had come depends on who was quick
        if proposal.ending == "accepted" and child is not None:
            evaluations = self._results.get(proposal, child, "val", range(self.rows["val"]))
            if self.pool.find(child.key) is not None:
                proposal.ending = "duplicate"
            else:
                proposal.child = Candidate(child.components, len(self.pool), child.parents, child.changes)
                self._add(proposal.child, evaluations)
                self._is_merge_due = self._merges < self.config.merges
        self._results.commit(proposal, len(self.history) + 1)
        self.history.append(proposal)
        if child is not None:
            self._tried_texts.setdefault(child.key, len(self.history))
        self._fruitless = 0 if proposal.after and proposal.ordered else self._fruitless + 1
        if self._fruitless >= max(_FRUITLESS, 2 * self.rows["train"] // len(proposal.rows) + 10):
            self.stop("perfect" if proposal.ending == "perfect" else "no new children")
        if self.config.patience is not None and len(self.history) - self._best_at >= self.config.patience:
            self.stop("patience")

    def _add(self, candidate: Candidate, evaluations: Sequence[Evaluation]) -> None:
        names = sorted({name for each in evaluations for name in each.objectives})
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
        missing = self._results.wait(proposal, candidate, split, rows)
        if missing:
            self.rollouts += len(missing)
            number = None
            if proposal is not None:
                number = proposal.number
                proposal.ordered += len(missing)
            self._issue(RunRows(self._next_id(), purpose, candidate, split, missing, number), proposal)
        if proposal is not None and not proposal.awaiting and is_last:
            self._advance(proposal)

    def _issue(self, order: Order, proposal: Proposal | None) -> None:
        self._orders.append(order)
        self._open[order.id] = (order, proposal)

    def _rng(self, purpose: str, proposal: Proposal) -> random.Random:
        return random.Random(f"{purpose}:{self.config.seed}:{proposal.number}")

    def _next_id(self) -> int:
        self._next_order += 1
        return self._next_order - 1

    def _is_known(self, proposal: Proposal) -> bool:
        """Return whether the child has the texts of a candidate, of one that was tried, or of one under way."""
        assert proposal.child is not None
        key = proposal.child.key
        since = self._tried_texts.get(key)
        if (
            self.config.order == "strict"
        ):  # what else is under way, or has come since, depends on who was quick
            return since is not None and since <= proposal.base
        others = (each.child for each in self._active.values() if each is not proposal)
        return since is not None or any(other is not None and other.key == key for other in others)
