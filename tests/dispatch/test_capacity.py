"""Room is limited, shared by turns, and never lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.dispatch.capacity import Capacity

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def room(capacity: Capacity, caller: str) -> AsyncIterator[None]:
    await capacity.acquire(caller)
    try:
        yield
    finally:
        capacity.release()


async def test_callers_take_turns() -> None:
    """A flood of 200 delays a single task by as many as were running, and one."""
    capacity = Capacity(2, queued=10)
    order: list[str] = []

    async def use(caller: str) -> None:
        async with room(capacity, caller):
            order.append(caller)
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(use, "flood")
        await anyio.lowlevel.checkpoint()
        group.start_soon(use, "single")
    assert len(order) == 201
    assert order.index("single") <= 8
    assert (capacity.running, capacity.waiting) == (0, 0)


async def test_within_a_caller_the_first_comes_first() -> None:
    capacity = Capacity(1, queued=10)
    order: list[int] = []

    async def use(number: int) -> None:
        async with room(capacity, "one"):
            order.append(number)

    await capacity.acquire("other")
    async with anyio.create_task_group() as group:
        for number in range(5):
            group.start_soon(use, number)
            await anyio.wait_all_tasks_blocked()
        capacity.release()
    assert order == [0, 1, 2, 3, 4]


async def test_room_goes_to_whoever_waits_not_to_who_comes_later() -> None:
    capacity = Capacity(1, queued=10)
    await capacity.acquire("a")
    async with anyio.create_task_group() as group:
        group.start_soon(capacity.acquire, "b")
        await anyio.wait_all_tasks_blocked()
        capacity.release()
        assert not capacity.is_free
    capacity.release()
    assert capacity.is_free


async def test_it_is_full_when_as_many_run_and_wait_as_allowed() -> None:
    capacity = Capacity(1, queued=1)
    await capacity.acquire("a")
    assert not capacity.is_full
    async with anyio.create_task_group() as group:
        group.start_soon(capacity.acquire, "a")
        await anyio.wait_all_tasks_blocked()
        assert capacity.is_full
        group.cancel_scope.cancel()
    assert not capacity.is_full
    assert (capacity.running, capacity.waiting) == (1, 0)


async def test_room_given_to_somebody_cancelled_is_passed_on() -> None:
    capacity = Capacity(1, queued=10)
    done: list[str] = []

    async def use(caller: str, scope: anyio.CancelScope) -> None:
        with scope:
            async with room(capacity, caller):
                await anyio.lowlevel.checkpoint()
                done.append(caller)

    await capacity.acquire("a")
    async with anyio.create_task_group() as group:
        cancelled = anyio.CancelScope()
        group.start_soon(use, "b", cancelled)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(use, "c", anyio.CancelScope())
        await anyio.wait_all_tasks_blocked()
        capacity.release()  # it is b's turn now
        cancelled.cancel()  # before b could take it
    assert done == ["c"]
    assert (capacity.running, capacity.waiting) == (0, 0)


@settings(max_examples=25, deadline=None)
@given(
    limit=st.integers(1, 3),
    plan=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=25),
)
def test_never_above_the_limit_and_nothing_lost(limit: int, plan: list[tuple[int, int, bool]]) -> None:
    """Whatever callers, durations and cancellations: the limit holds and all room comes back."""

    async def main() -> tuple[Counter[str], Capacity]:
        capacity, seen = Capacity(limit, queued=5), Counter[str]()

        async def use(caller: int, turns: int, is_cancelled: bool) -> None:
            with anyio.CancelScope() as scope:
                if is_cancelled:
                    scope.deadline = anyio.current_time()
                async with room(capacity, caller):
                    seen["running"] += 1
                    seen["most"] = max(seen["most"], seen["running"])
                    try:
                        for _ in range(turns):
                            await anyio.lowlevel.checkpoint()
                    finally:
                        seen["running"] -= 1
                    seen["done"] += 1

        async with anyio.create_task_group() as group:
            for step in plan:
                group.start_soon(use, *step)
        return seen, capacity

    seen, capacity = anyio.run(main)
    assert seen["most"] <= limit
    assert (capacity.running, capacity.waiting, seen["running"]) == (0, 0, 0)
    assert seen["done"] >= sum(1 for *_, is_cancelled in plan if not is_cancelled)
