"""Time as an input: a clock that tests move, and signals that come later."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from reflector._clock import SystemClock, VirtualClock, settle
from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.agents.timers import Timers
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

TICK = Signal("tick", "/test")


async def test_the_virtual_clock_wakes_sleepers_in_the_order_of_their_times() -> None:
    clock, woken = VirtualClock(), []

    async def sleep(until: float) -> None:
        await clock.sleep_until(until)
        woken.append((until, clock.now()))

    async with anyio.create_task_group() as group:
        for until in (3.0, 1.0, 2.0, 0.0, 2.0):
            group.start_soon(sleep, until)
        await clock.advance(1.5)
        assert woken == [(0.0, 0.0), (1.0, 1.0)]
        await clock.advance(1.5)
    assert woken[2:] == [(2.0, 2.0), (2.0, 2.0), (3.0, 3.0)]


async def test_the_system_clock_sleeps() -> None:
    clock = SystemClock()
    until = clock.now() + 0.005
    await clock.sleep_until(until)
    assert clock.now() >= until


@pytest.mark.parametrize("clock_class", [SystemClock, VirtualClock])
async def test_calls_are_made_in_order_unless_cancelled(clock_class: Any) -> None:
    clock = clock_class()
    calls: list[int] = []
    async with anyio.create_task_group() as group:
        timers = Timers(clock, group.start_soon)
        now = clock.now()
        for number in (3, 1, 2, 4):
            timers.at(now + number / 1000, lambda number=number: calls.append(number))
        all_made = anyio.Event()
        timers.at(now + 0.005, all_made.set)
        cancelled = timers.at(now + 0.0025, lambda: calls.append(99))
        cancelled.cancel()
        assert len(timers) == 5
        if isinstance(clock, VirtualClock):
            await clock.advance(0.0035)
            assert calls == [1, 2, 3]
            await clock.advance(1.0)
        else:
            with anyio.fail_after(2):
                await all_made.wait()
        assert calls == [1, 2, 3, 4]
        timers.at(clock.now() + 100, lambda: calls.append(5))
        timers.close()


async def test_calls_far_off_that_were_taken_back_are_not_kept() -> None:
    async with anyio.create_task_group() as group:
        timers = Timers(VirtualClock(), group.start_soon)
        near = timers.at(1.0, lambda: None)
        for number in range(10_000):
            timers.at(1e6 + number, lambda: None).cancel()
            assert len(timers._heap) < 1000
        assert len(timers) == 1
        near.cancel()
        timers.close()


async def test_a_scheduled_signal_goes_ahead_of_the_mailbox() -> None:
    clock, handled = VirtualClock(), []
    gate = anyio.Event()

    async def handle(signal: Signal, context: Context) -> None:
        handled.append(signal.type)
        await gate.wait()

    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(handle)
        runtime.schedule(TICK, to=ref, after=1.0)
        for number in range(3):
            await ref.tell(Signal(f"told.{number}", "/test"))
        await clock.advance(1.0)
        gate.set()
    assert handled == ["told.0", "tick", "told.1", "told.2"]


async def test_a_repeated_signal_comes_until_it_is_cancelled() -> None:
    clock, ids = VirtualClock(), []

    async def handle(signal: Signal, context: Context) -> None:
        ids.append(signal.id)

    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(handle)
        timer = runtime.schedule(TICK, to=ref, after=1.0, every=2.0)
        await clock.advance(5.5)
        timer.cancel()
        await clock.advance(10.0)
    assert len(ids) == len(set(ids)) == 3


async def test_an_agent_may_schedule_for_itself() -> None:
    clock, handled = VirtualClock(), []

    async def handle(signal: Signal, context: Context) -> None:
        handled.append(signal.type)
        if signal.type == "start":
            context.schedule(TICK, after=1.0)

    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(handle)
        await ref.tell(Signal("start", "/test"))
        await clock.advance(1.0)
    assert handled == ["start", "tick"]


async def test_a_busy_agent_gets_one_tick_not_all_it_missed() -> None:
    clock, handled = VirtualClock(), []
    gate = anyio.Event()

    async def handle(signal: Signal, context: Context) -> None:
        handled.append(signal.type)
        await gate.wait()

    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(handle)
        await ref.tell(Signal("busy", "/test"))
        timer = runtime.schedule(TICK, to=ref, after=1.0, every=1.0)
        await clock.advance(100.0)
        timer.cancel()
        gate.set()
        await settle()
    assert handled == ["busy", "tick"]


async def test_what_is_scheduled_for_a_stopped_agent_is_a_dead_letter() -> None:
    clock = VirtualClock()
    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(lambda signal, context: None)
        runtime.schedule(TICK, to=ref, after=1.0, every=1.0)
        await ref.stop()
        await clock.advance(10.0)
        assert runtime.statistics().timers == 0
    assert [letter.reason for letter in runtime.dead_letters] == ["agent_stopped"]


async def test_a_tick_takes_a_free_place_beside_a_handler_that_is_busy() -> None:
    began: list[str] = []

    async def wait(signal: Signal, context: Context) -> None:
        began.append(signal.type)
        await go.wait()

    go, clock = anyio.Event(), VirtualClock()
    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(wait, concurrency=2)
        await ref.tell(TICK.replace(type="long"))
        runtime.schedule(TICK, to=ref, after=1)
        await clock.advance(1)
        assert began == ["long", "tick"]
        go.set()
