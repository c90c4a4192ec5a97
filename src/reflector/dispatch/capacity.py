"""How much a provider takes at once, and who is next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel

__all__ = ["Capacity"]


class Capacity:
    """A limit on what runs at once; the rest waits, in one line for each caller.

    When room comes, the callers take turns, and within a caller the first comes first. A caller with ten thousand
    tasks therefore delays another one's single task by one task. Room goes straight to whoever is next: nobody who
    comes later can take it. Belongs to one event loop.
    """

    __slots__ = ("_lines", "limit", "queued", "running", "waiting")

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
        self._lines: OrderedDict[Hashable, OrderedDict[anyio.Event, None]] = OrderedDict()

    @property
    def is_full(self) -> bool:
        """Whether as many run and wait as it allows."""
        return self.running >= self.limit and self.waiting >= self.queued

    @property
    def is_free(self) -> bool:
        """Whether one more could run at once."""
        return self.running < self.limit

    @asynccontextmanager
    async def room(self, caller: Hashable) -> AsyncIterator[None]:
        """Wait for room and hold it. Cancelled while it waits, it leaves the line."""
        await self.acquire(caller)
        try:
            yield
        finally:
            self.release()

    async def acquire(self, caller: Hashable) -> None:
        """Wait for room; give it back with `release`."""
        if self.running < self.limit:
            self.running += 1
            return
        turn = anyio.Event()
        self._lines.setdefault(caller, OrderedDict())[turn] = None
        self.waiting += 1
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.release()
            else:
                self._leave(caller, turn)
            raise

    def release(self) -> None:
        """Give room back: to the first in line of the caller whose turn it is, if anybody waits."""
        if not self._lines:
            self.running -= 1
            return
        caller, line = self._lines.popitem(last=False)
        turn, _ = line.popitem(last=False)
        if line:
            self._lines[caller] = line
        self.waiting -= 1
        turn.set()

    def _leave(self, caller: Hashable, turn: anyio.Event) -> None:
        line = self._lines[caller]
        del line[turn]
        if not line:
            del self._lines[caller]
        self.waiting -= 1
