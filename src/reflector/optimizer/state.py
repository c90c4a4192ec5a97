"""What is known and under way in a run: everything that the machine and a proposal's course share."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from reflector.optimizer.attempts import Attempts
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split
from reflector.optimizer.orders import Orders
from reflector.optimizer.pool import Pool
from reflector.optimizer.proposal import Ending, Proposal
from reflector.optimizer.results import Results
from reflector.optimizer.stopping import Stopping
from reflector.optimizer.work import Purpose, RunRows

__all__ = ["State"]

_LATE = 0.1
"""Share of the rows of a step that the next step does not wait for."""


class State:
    """Candidates, results, proposals and orders, with the rollouts that they take."""

    def __init__(
        self, seed: Candidate, config: OptimizerConfig, rows: dict[Split, int], rollouts: int | None
    ) -> None:
        self.seed = seed
        self.config = config
        self.rows = rows
        self.limit = math.inf if rollouts is None else rollouts
        self.minibatch = config.minibatch(self.limit, rows["train"])
        """Rows of a minibatch."""
        self.is_strict = config.order == "strict"
        self.pool = Pool(config.frontier)
        self.history: list[Proposal] = []
        """Every proposal that has ended, in the order of its commit."""
        self.results = Results(is_shared=not self.is_strict)
        self.orders = Orders()
        self.attempts = Attempts(seed, is_strict=self.is_strict)
        self.stopping = Stopping(config, 2 * rows["train"] // self.minibatch)
        self.active: dict[int, Proposal] = {}
        self.ended: dict[int, Proposal] = {}
        """Proposals whose turn to be committed has not come."""
        self.is_better_known = False
        """Whether a proposal has come to its end with a candidate that is better than the seed."""
        self.rollouts = 0
        """Rollouts ordered so far."""
        self.started = self._validations = 0
        self.early = 0
        """How many of those that were started are trials of others, validated early."""
        self.committed_rollouts = rows["val"]
        tests = 2 * rows["test"]
        self._kept_for_tests = tests if 5 * tests <= self.limit else 0

    # --- proposals ---------------------------------------------------------------------------------------

    def enter(self, proposal: Proposal) -> None:
        """Begin a proposal."""
        proposal.is_hasty = self.is_in_haste and not proposal.is_merge
        proposal.base = len(self.history)
        proposal.rivals = tuple(self.pool.best_scores) if len(self.pool) else ()
        self.active[proposal.number] = proposal
        self.started += 1

    @property
    def is_in_haste(self) -> bool:
        """Whether proposals are, where order allows it: until one has come to its end with a better candidate."""
        return not self.is_strict and not self.is_better_known

    def end(self, proposal: Proposal, ending: Ending, reason: str = "") -> None:
        """End a proposal; what that means for the pool happens in its turn."""
        proposal.ending, proposal.reason = ending, reason
        del self.active[proposal.number]
        self.ended[proposal.number] = proposal

    def forget_runs(self, proposal: Proposal) -> None:
        """Free the records of runs that nobody needs any more, now that a proposal is committed."""
        proposal.forget_runs()
        under_way = [*self.active.values(), *self.ended.values()]
        tried = (each for one in under_way for each in (one.child, one.trial, one.probe) if each is not None)
        self.results.forget_runs({*self.pool.keys, self.seed.key, *(each.key for each in tried)})

    def rng(self, purpose: str, proposal: Proposal) -> random.Random:
        """Return the chance of one choice."""
        return random.Random(f"{purpose}:{self.config.seed}:{proposal.number}")

    # --- rollouts ----------------------------------------------------------------------------------------

    @property
    def room(self) -> float:
        """The rollouts that are neither spent, nor promised to what is under way, nor kept for the test."""
        return self._unpromised - self._for_validations(0)

    def has_room(self, rollouts: int) -> bool:
        """Return whether a proposal may start that takes so many rollouts before its validation."""
        return rollouts + self._for_validations(1) <= self._unpromised

    def take_room(self, proposal: Proposal, rollouts: int) -> bool:
        """Return whether a proposal may order so many more rollouts before its validation, and set them aside."""
        needed = proposal.ordered + rollouts + (self.rows["val"] if self.is_strict else 0)
        if needed <= proposal.bound:
            return True
        if self.is_strict or needed - proposal.bound > self.room:
            return False
        proposal.bound = needed
        return True

    def begin_validation(self, proposal: Proposal) -> bool:
        """Return whether there are rollouts for the validation of a proposal's child, and set them aside."""
        if not self.is_strict:
            bound = proposal.ordered + self.rows["val"]
            if bound - max(proposal.bound, proposal.ordered) > self._unpromised:
                return False
            proposal.bound = bound
            self._validations += 1
        return True

    @property
    def _unpromised(self) -> float:
        if self.is_strict:
            under_way = [*self.active.values(), *self.ended.values()]
            promised = self.committed_rollouts + sum(each.bound for each in under_way)
        else:
            promised = self.rollouts + sum(each.bound - each.ordered for each in self.active.values())
        return self.limit - promised - self._kept_for_tests

    def _for_validations(self, more: int) -> int:
        """Return the rollouts to keep for validations that are to come: as many as the proposals so far came to.

        In strict order each proposal keeps its own.
        """
        if self.is_strict:
            return more * self.rows["val"]
        before = [not each.parts for each in self.active.values()].count(True) + more
        ended = self.started - before + more
        return math.ceil(before * (self._validations + 1) / (ended + 1)) * self.rows["val"]

    # --- rows --------------------------------------------------------------------------------------------

    def found(self, proposal: Proposal, candidate: Candidate, rows: Sequence[int]) -> dict[int, Evaluation]:
        """Return what is known of a candidate on training rows, in their order."""
        known = self.results.known(proposal, candidate, "train")
        return {row: known[row] for row in rows if row in known}

    def order_rows(
        self,
        proposal: Proposal | None,
        purpose: Purpose,
        candidate: Candidate,
        split: Split,
        rows: Sequence[int],
    ) -> None:
        """Order the rows that nobody has run or runs, and let a proposal wait for all of them."""
        if proposal is not None:
            proposal.stage = purpose
            proposal.awaiting.append((candidate, split, rows))
        order = self.orders.next_id
        missing = self.results.wait(proposal, candidate, split, rows, order)
        if missing:
            self.rollouts += len(missing)
            number = None
            if proposal is not None:
                number = proposal.number
                proposal.ordered += len(missing)
            self.orders.add(RunRows(order, purpose, candidate, split, missing, number), proposal)

    def is_ready(self, proposal: Proposal) -> bool:
        """Return whether a proposal has the results it waits for, or, where there is haste, most of them."""
        if proposal.ending is not None or not proposal.awaiting:
            return False
        share = 0.0
        if proposal.stage == "validation":
            share = 0.0 if self.is_strict or proposal.validated == len(proposal.parts) else _LATE
        elif proposal.is_hasty:
            share = _LATE
        for candidate, split, rows in proposal.awaiting:
            known, missing = self.results.known(proposal, candidate, split), share * len(rows)
            if len(rows) - len(known) > missing or len(rows) - known.count(rows) > missing:
                return False
        return True
