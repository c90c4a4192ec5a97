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

_LATE = 0.2
"""Share of a part of a validation that the next part does not wait for."""


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
        self.rollouts = 0
        """Rollouts ordered so far."""
        self.committed_rollouts = rows["val"]
        tests = 2 * rows["test"]
        self._kept_for_tests = tests if 5 * tests <= self.limit else 0

    # --- proposals ---------------------------------------------------------------------------------------

    def enter(self, proposal: Proposal) -> None:
        """Begin a proposal."""
        proposal.base = len(self.history)
        proposal.rivals = tuple(self.pool.best_scores) if len(self.pool) else ()
        self.active[proposal.number] = proposal

    def end(self, proposal: Proposal, ending: Ending, reason: str = "") -> None:
        """End a proposal; what that means for the pool happens in its turn."""
        proposal.ending, proposal.reason = ending, reason
        del self.active[proposal.number]
        self.ended[proposal.number] = proposal

    def rng(self, purpose: str, proposal: Proposal) -> random.Random:
        """Return the chance of one choice."""
        return random.Random(f"{purpose}:{self.config.seed}:{proposal.number}")

    # --- rollouts ----------------------------------------------------------------------------------------

    @property
    def room(self) -> float:
        """The rollouts that are neither spent, nor promised to what is under way, nor kept for the test."""
        if self.is_strict:
            under_way = [*self.active.values(), *self.ended.values()]
            promised = self.committed_rollouts + sum(each.bound for each in under_way)
        else:
            promised = self.rollouts + sum(each.bound - each.ordered for each in self.active.values())
        return self.limit - promised - self._kept_for_tests

    def take_room(self, proposal: Proposal, rollouts: int) -> bool:
        """Return whether a proposal may order so many more rollouts before its validation, and set them aside."""
        needed = proposal.ordered + rollouts + self.rows["val"]
        if needed <= proposal.bound:
            return True
        if self.is_strict or needed - proposal.bound > self.room:
            return False
        proposal.bound = needed
        return True

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
        """Return whether a proposal has the results it waits for.

        In completion order a part of a validation is ordered before the slowest rows of the one before have come.
        """
        if proposal.ending is not None or not proposal.awaiting:
            return False
        is_between_parts = proposal.stage == "validation" and proposal.validated < len(proposal.parts)
        share = _LATE if is_between_parts and not self.is_strict else 0.0
        for candidate, split, rows in proposal.awaiting:
            known = self.results.known(proposal, candidate, split)
            if len(rows) - known.count(rows) > share * len(rows):
                return False
        return True
