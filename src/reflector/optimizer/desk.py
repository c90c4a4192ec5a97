"""The orders for rows that are open, and which of their rows nobody runs yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import anyio

from reflector.optimizer.work import RunRows

__all__ = ["Desk", "OpenOrder"]


@dataclass(slots=True, eq=False)
class OpenOrder:
    """An order, as far as it is not done."""

    order: RunRows
    waiting: list[int]
    """Rows that nobody runs."""
    unknown: dict[int, None]
    """Rows without an evaluation, whether somebody runs them or not."""


class Desk:
    """Open orders, first come, first served: `next` hands out rows to be run, and waits for some.

    Who takes rows wakes the next who waits, as long as there are more: `wake` has to be called only once for any
    number of new orders, and not at all by who is going to call `next`.
    """

    def __init__(self) -> None:
        self._open: dict[int, OpenOrder] = {}
        self._queue: deque[OpenOrder] = deque()
        self._idle: deque[anyio.Event] = deque()
        self.is_closed = False
        """Whether nothing is handed out any more."""

    def close(self) -> None:
        """Hand out nothing any more."""
        self.is_closed = True
        while self._idle:
            self.wake()

    def wake(self) -> None:
        """Wake one who waits for rows."""
        if self._idle:
            self._idle.popleft().set()

    def find(self, order_id: int) -> OpenOrder | None:
        """Return an open order."""
        return self._open.get(order_id)

    def open(self, order: RunRows) -> None:
        """Have an order carried out."""
        opened = OpenOrder(order, list(order.rows), dict.fromkeys(order.rows))
        self._open[order.id] = opened
        self._queue.append(opened)

    async def next(self, batch: Callable[[], int] | None = None) -> tuple[OpenOrder, list[int]] | None:
        """Return the next rows of one order: so many at most, by then, or all that nobody runs.

        None: nothing ever again.
        """
        while not self._queue and not self.is_closed:
            await self._wait()
        if self.is_closed:
            return None
        opened = self._queue[0]
        most = len(opened.waiting) if batch is None else batch()
        taken, opened.waiting = opened.waiting[:most], opened.waiting[most:]
        if not opened.waiting:
            self._queue.popleft()
        if self._queue:
            self.wake()
        return opened, taken

    async def _wait(self) -> None:
        bell = anyio.Event()
        self._idle.append(bell)
        try:
            await bell.wait()
        except BaseException:
            if bell.is_set():
                self.wake()  # for somebody else
            else:
                self._idle.remove(bell)
            raise

    def give_back(self, opened: OpenOrder, rows: Sequence[int]) -> None:
        """Let rows that were taken be run by somebody else, before all others."""
        if rows:
            if not opened.waiting:
                self._queue.appendleft(opened)
            opened.waiting = [*rows, *opened.waiting]

    def put(self, opened: OpenOrder, rows: Collection[int]) -> bool:
        """Take note of rows that were run; return whether the order is done."""
        if len(rows) < len(opened.unknown):
            for row in rows:
                del opened.unknown[row]
            return False
        del self._open[opened.order.id]
        return True
