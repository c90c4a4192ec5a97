"""How much of the money may go to reflections: what they bring has to be run as well."""

from __future__ import annotations

import math

from reflector.dispatch.ledger import Ledger
from reflector.usage import Usage

__all__ = ["Purse"]

_SHARE = 0.5
"""Of what is left, for the reflections of one step."""
_FIXED = 0.4
"""Share of a reflection's price that does not depend on how many runs it sees."""


class Purse:
    """The dollars of a run, as far as reflections are concerned. Without a limit of dollars it is never empty."""

    def __init__(self, ledger: Ledger, rollouts: int) -> None:
        """Begin.

        Args:
            ledger: What the run spends.
            rollouts: How many may follow a reflection: the trial of its child, and the validation.
        """
        self._ledger = ledger
        self._rollouts = rollouts
        self._spent = 0.0
        self.price = 0.0
        """What the dearest reflection would have cost at the usual size; 0 before the first."""

    @property
    def is_limited(self) -> bool:
        return self._ledger.budget.cost_usd is not None

    def paid(self, usage: Usage, turns: int, size: float = 1.0) -> None:
        """Take notice of reflections, of the turns they took together, and of their size, where 1 is the usual one."""
        if usage.cost_usd and turns:
            self._spent += usage.cost_usd
            self.price = max(self.price, usage.cost_usd / turns / self.weight(size))

    @staticmethod
    def weight(size: float) -> float:
        """Return how many times the usual price a reflection of so many times the usual size costs."""
        return _FIXED + (1 - _FIXED) * size

    @property
    def room(self) -> float:
        """The dollars that are left if the rollouts that follow cost what those before did."""
        limit = self._ledger.budget.cost_usd
        if limit is None:
            return math.inf
        spent = self._ledger.usage.cost_usd or 0.0
        each = max(0.0, spent - self._spent) / max(1, self._ledger.rollouts)
        return limit - spent - self._rollouts * each

    def turns(self) -> float:
        """Return how many turns one step may take: as many as there is money for, and something is left."""
        if not self.is_limited or not self.price:
            return math.inf
        if self.room < self.price:
            return 0
        return max(1, math.floor(_SHARE * self.room / self.price))
