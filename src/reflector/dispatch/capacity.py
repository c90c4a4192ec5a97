"""How much a provider takes at once, and who is next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import anyio

from reflector.agents._wake import Bell
from reflector.agents.cell import CURRENT_CELL

__all__ = ["Capacity", "current_caller"]


def current_caller() -> Hashable:
    """Return who is asking: the agent whose handler runs, else the task that opened the task group."""
    cell = CURRENT_CELL.get()
    return cell.name if cell is not None else anyio.get_current_task().parent_id


class Capacity:
    """A limit on what runs at once; the rest waits, in one line for each caller.

    When room comes, the callers take turns, and within a caller the first comes first. A caller with ten thousand
    tasks therefore delays another one's single task by one task. Room goes straight to whoever is next: nobody who
    comes later can take it. Several event loops, each in its thread, may share one.
    """

    __slots__ = ("_lines", "_lock", "limit", "queued", "running", "waiting")

    def __init__(self, limit: int, queued: int) -> None:
        """Make one.

        Args:
            limit: How many may run at once.
            queued: How many may wait before it counts as full; waiting itself has no limit here.
        """
        self.limit = limit
        self.queued = queued
        self.running = 0
        self.waiting = 0
        self._lines: OrderedDict[Hashable, OrderedDict[Bell, None]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def is_full(self) -> bool:
        """Whether as many run and wait as it allows."""
        return self.running >= self.limit and self.waiting >= self.queued

    @property
    def is_free(self) -> bool:
        """Whether one more could run at once."""
        return self.running < self.limit

    def ahead(self, caller: Hashable) -> int:
        """Return how many of those who wait would get room before one more of a caller's."""
        ahead, turn = 0, 1
        with self._lock:
            own = len(self._lines.get(caller, ()))
            for whose, line in self._lines.items():
                turn = 0 if whose == caller else turn  # those behind it in the round come after it
                ahead += min(len(line), own + turn)
        return ahead

    def take(self) -> bool:
        """Take room if there is some, else return False; give it back with `release`."""
        with self._lock:
            is_free = self.running < self.limit
            self.running += is_free
            return is_free

    async def acquire(self, caller: Hashable) -> None:
        """Wait for room; give it back with `release`. Cancelled while it waits, it leaves the line."""
        with self._lock:
            if self.running < self.limit:
                self.running += 1
                return
            turn = Bell()
            self._lines.setdefault(caller, OrderedDict())[turn] = None
            self.waiting += 1
        try:
            await turn.wait()
        except BaseException:
            with self._lock:
                if not turn.is_set:
                    self._leave(caller, turn)
            if turn.is_set:
                self.release()
            raise

    def release(self) -> None:
        """Give room back: to the first in line of the caller whose turn it is, if anybody waits."""
        with self._lock:
            self.running -= 1
            self._hand_out()

    def resize(self, limit: int) -> None:
        """Let another number run at once. What runs goes on; more room goes to those who wait."""
        with self._lock:
            self.limit = limit
            self._hand_out()

    def _hand_out(self) -> None:
        while self._lines and self.running < self.limit:
            caller, line = self._lines.popitem(last=False)
            turn, _ = line.popitem(last=False)
            if line:
                self._lines[caller] = line
            self.waiting -= 1
            self.running += turn.set()

    def _leave(self, caller: Hashable, turn: Bell) -> None:
        line = self._lines[caller]
        del line[turn]
        if not line:
            del self._lines[caller]
        self.waiting -= 1
