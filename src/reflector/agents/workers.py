"""The tasks that run handlers. A few stay around between signals, so that most asks start none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import anyio

from reflector.agents._wake import OneShot

__all__ = ["Workers"]

_FLEETING = 2
"""So many workers end when their agent has nothing more to do: what a private runtime was opened for is over then."""
_PARKED_LIMIT = 256
"""Workers that wait for work, at most; each takes about 6 KB."""


class Served(Protocol):
    """What a worker serves: an agent."""

    async def serve(self) -> None:
        """Do what there is to do, and return."""
        ...

    def release(self) -> None:
        """Count on one worker less: it will not come."""
        ...


class Serving(Protocol):
    """What serves an agent: one of the workers, or an asker on its own."""

    cell: Any
    """The agent; None for a worker that waits."""
    scope: anyio.CancelScope


class _Worker:
    __slots__ = ("cell", "scope")

    def __init__(self, cell: Served) -> None:
        self.cell: Served | None = cell
        self.scope = anyio.CancelScope()


class Workers:
    """Gives each agent that has something to do a task, for as long as it has."""

    def __init__(self, start: Callable[..., None], one_shot: Callable[[], OneShot]) -> None:
        self._start = start
        self._one_shot = one_shot
        self._parked: list[OneShot] = []
        self.all: set[Serving] = set()
        self.visits = 0
        """How often somebody did a worker's work in the task of who asked."""
        self._started = 0
        self._is_open = True

    @property
    def running(self) -> int:
        """How many are with an agent."""
        return sum(worker.cell is not None for worker in self.all)

    def serve(self, cell: Served) -> None:
        """Send a worker to an agent: one that waits, the latest first, else a new one."""
        while self._parked:
            waiter = self._parked.pop()
            if not waiter.done():
                waiter.set_result(cell)
                return
        self._start(self._work, cell)

    @contextmanager
    def serving(self, cell: Served) -> Iterator[None]:
        """Let what a block does for an agent be cancelled like its handlers."""
        worker = _Worker(cell)
        self.all.add(worker)
        try:
            with worker.scope:
                yield
        finally:
            self.all.discard(worker)

    def cancel(self, cell: Served) -> None:
        """Cancel what an agent's handlers are doing; the tasks end."""
        for worker in self.all:
            if worker.cell is cell:
                worker.scope.cancel()

    def close(self) -> None:
        """Let the waiting ones end, and every other one when its agent has nothing more to do."""
        self._is_open = False
        for waiter in self._parked:
            if not waiter.done():
                waiter.set_result(None)
        self._parked.clear()

    async def _work(self, cell: Served) -> None:
        worker = _Worker(cell)
        self._started += 1
        is_fleeting = self._started <= _FLEETING
        waiter: OneShot | None = None
        self.all.add(worker)
        try:
            with worker.scope:
                while worker.cell is not None:
                    await worker.cell.serve()
                    worker.cell = None
                    is_enough = is_fleeting or len(self._parked) >= _PARKED_LIMIT
                    if is_enough or worker.scope.cancel_called or not self._is_open:
                        return
                    waiter = self._one_shot()
                    self._parked.append(waiter)
                    worker.cell, waiter = await waiter, None
        finally:
            self.all.discard(worker)
            if waiter is not None:
                _turn_back(waiter)


def _turn_back(waiter: OneShot) -> None:
    """A waiting worker ends: tell the agent that it was just sent to, if there is one."""
    waiter.cancel()
    if not waiter.cancelled() and waiter.result() is not None:
        waiter.result().release()
