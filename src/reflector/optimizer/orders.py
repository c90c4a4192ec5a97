"""Orders on their way: those that have come up, and those that wait for a report."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.proposal import Proposal
from reflector.optimizer.results import Results
from reflector.optimizer.work import Order, Reflect, RunRows

__all__ = ["Orders"]


@dataclass(slots=True)
class _Open:
    """An order that waits for a report."""

    order: Order
    proposal: Proposal | None
    missing: int
    """Rows that have not been reported."""


class Orders:
    """Orders with the proposals that they belong to. An order of rows is reported all at once or some at a time."""

    def __init__(self) -> None:
        self._new: list[Order] = []
        self._open: dict[int, _Open] = {}
        self.next_id = 0

    def __len__(self) -> int:
        return len(self._open)

    def add(self, order: Order, proposal: Proposal | None) -> None:
        """Let an order with the next id come up."""
        self.next_id += 1
        self._new.append(order)
        self._open[order.id] = _Open(order, proposal, len(order.rows))

    def take(self) -> list[Order]:
        """Return the orders that have come up since the last time."""
        orders, self._new = self._new, []
        return orders

    def rows(self, order_id: int, found: Evaluations) -> tuple[RunRows, Proposal | None, bool]:
        """Take a report of rows in; return the order, its proposal, and whether the order is done."""
        opened = self._open[order_id]
        order = opened.order
        assert isinstance(order, RunRows)
        opened.missing -= len(found)
        if not opened.missing:
            del self._open[order_id]
        return order, opened.proposal, not opened.missing

    def reflection(self, order_id: int) -> Proposal:
        """Take note that a reflection was reported; return its proposal."""
        opened = self._open.pop(order_id)
        assert isinstance(opened.order, Reflect)
        assert opened.proposal is not None
        return opened.proposal

    def open(self, results: Results) -> tuple[Order, ...]:
        """Return the orders that wait for a report, oldest first, with the rows that have not been reported."""
        return tuple(_rest(opened, results) for opened in self._open.values())


def _rest(opened: _Open, results: Results) -> Order:
    order = opened.order
    if isinstance(order, Reflect) or opened.missing == len(order.rows):
        return order
    known = results.known(opened.proposal, order.candidate, order.split)
    return replace(order, rows=tuple(row for row in order.rows if row not in known))
