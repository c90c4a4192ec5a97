"""A virtual clock that moves by itself: hours of simulated latency pass in a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.to_thread import current_default_thread_limiter

from reflector._clock import VirtualClock, settle

__all__ = ["SelfMovingClock"]

_LOOK = 0.0005
"""Real seconds between two looks at whether the threads are done."""


class SelfMovingClock(VirtualClock):
    """Jumps to the next sleeper's time as soon as every task waits, while its `running` block lasts.

    ```python
    clock = SelfMovingClock()
    async with clock.running():
        await clock.sleep_until(3600)      # at once
    ```

    Work in anyio's worker threads takes no virtual time: it is waited for, except where it has a limiter of its own.
    """

    def __init__(self, start: float = 0.0) -> None:
        super().__init__(start)
        self._wanted = anyio.Event()

    async def sleep_until(self, when: float) -> None:
        self._wanted.set()
        await super().sleep_until(when)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let the clock move until the block ends."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._move)
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    async def _move(self) -> None:
        threads = current_default_thread_limiter()
        while True:
            if not self._sleepers:
                self._wanted = anyio.Event()
                await self._wanted.wait()
            await settle()
            while threads.borrowed_tokens:
                await anyio.sleep(_LOOK)
                await settle()
            if self._sleepers:
                await self.advance(max(0.0, self._sleepers[0][0] - self.now()))
