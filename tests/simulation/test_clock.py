"""The clock that moves by itself."""

from __future__ import annotations

import time

import anyio
import anyio.to_thread
import pytest

from reflector.simulation import SelfMovingClock

pytestmark = pytest.mark.anyio


async def test_work_in_a_thread_takes_no_virtual_time() -> None:
    clock = SelfMovingClock()
    ends: list[float] = []

    async def sleep() -> None:
        await clock.sleep_until(3_600)

    async with clock.running(), anyio.create_task_group() as tasks:
        tasks.start_soon(sleep)
        await anyio.to_thread.run_sync(time.sleep, 0.02)
        ends.append(clock.now())
    assert ends == [0.0]
    assert clock.now() == 3_600
