"""How fast requests pass: at once, per minute, and after the provider said "too many"."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import anyio.from_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._clock import VirtualClock, settle
from reflector.agents._wake import Bell
from reflector.dispatch.capacity import Capacity
from reflector.dispatch.throttle import RateLimits, Throttle
from reflector.errors import ConfigurationError, RateLimitedError

pytestmark = pytest.mark.anyio

LATE = 1e9


async def enter(throttle: Throttle, caller: str = "c", **more: Any) -> Any:
    asked = {"input_tokens": 10, "max_tokens": 10, "deadline": LATE, "patience": 60.0} | more
    return await throttle.enter(caller, **asked)


def throttle_of(**limits: Any) -> tuple[Throttle, VirtualClock]:
    clock = VirtualClock()
    return Throttle(RateLimits(**limits), clock), clock


class Passing:
    """Requests that pass one after the other and are over at once; it notes when."""

    def __init__(self, throttle: Throttle, clock: VirtualClock) -> None:
        self.times: list[float] = []
        self._throttle, self._clock = throttle, clock

    async def ask(self, **more: Any) -> None:
        leave = await enter(self._throttle, **more)
        self.times.append(self._clock.now())
        self._throttle.leave(leave)


async def test_as_many_run_at_once_as_the_limit_says() -> None:
    throttle, _ = throttle_of(concurrency=3)
    passed: list[Any] = []

    async def ask() -> None:
        passed.append(await enter(throttle))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
        await settle()
        assert len(passed) == 3
        throttle.leave(passed[0])
        await settle()
        assert len(passed) == 4
        throttle.leave(passed[1])


async def test_no_more_requests_than_the_limit_in_any_minute() -> None:
    throttle, clock = throttle_of(concurrency=100, requests_per_minute=10)
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        for _ in range(25):
            group.start_soon(passing.ask)
        await clock.advance(200)
    assert passing.times == [0.0] * 10 + [60.0] * 10 + [120.0] * 5


async def test_tokens_are_estimated_from_the_answers_before_and_corrected_afterwards() -> None:
    throttle, clock = throttle_of(tokens_per_minute=1000)
    first = await enter(throttle, input_tokens=100, max_tokens=None)  # 100 + about 500
    throttle.leave(first, tokens=150)
    second = await enter(throttle, input_tokens=100, max_tokens=400)
    throttle.leave(second)
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        group.start_soon(passing.ask)
        await settle()
        group.start_soon(lambda: passing.ask(input_tokens=800))
        await clock.advance(100)
    assert passing.times == [0.0, 60.0]


async def test_a_request_that_is_larger_than_the_limit_goes_alone_instead_of_never() -> None:
    throttle, clock = throttle_of(tokens_per_minute=100)
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(lambda: passing.ask(input_tokens=5_000))
        await clock.advance(100)
    assert passing.times == [0.0, 60.0]


async def test_callers_take_turns() -> None:
    throttle, _ = throttle_of(concurrency=1)
    order: list[str] = []

    async def ask(caller: str) -> None:
        leave = await enter(throttle, caller)
        order.append(caller)
        throttle.leave(leave)

    running = await enter(throttle)
    async with anyio.create_task_group() as group:
        for caller in ["rollouts"] * 50 + ["reflection"]:
            group.start_soon(ask, caller)
            await anyio.lowlevel.checkpoint()
        await settle()
        throttle.leave(running)
    assert order.index("reflection") == 1


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    throttle, clock = throttle_of(requests_per_minute=1)
    throttle.leave(await enter(throttle))
    with pytest.raises(RateLimitedError, match=r"would last 60 s longer.*nothing was sent") as caught:
        await enter(throttle, deadline=30.0)
    assert caught.value.retry_after == 60.0
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        group.start_soon(passing.ask)
        await clock.advance(60)
    assert passing.times == [60.0], "the one that gave up took nothing"


async def test_a_cancelled_wait_takes_nothing() -> None:
    throttle, clock = throttle_of(requests_per_minute=1)
    throttle.leave(await enter(throttle))
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(enter, throttle)
            await settle()
            scope.cancel()
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        group.start_soon(passing.ask)
        await clock.advance(60)
    assert passing.times == [60.0]
    assert throttle.is_free


async def test_nobody_queues_behind_a_booking_that_was_taken_back() -> None:
    throttle, clock = throttle_of(tokens_per_minute=1000)
    throttle.leave(await enter(throttle, input_tokens=890))
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: enter(throttle, input_tokens=490))
            await settle()
            scope.cancel()
    throttle.leave(await enter(throttle, input_tokens=40, deadline=clock.now() + 1))


async def test_a_request_that_was_refused_makes_no_room_for_others() -> None:
    throttle, _ = throttle_of(requests_per_minute=2, tokens_per_minute=1000)
    throttle.leave(await enter(throttle, input_tokens=890))
    second = await enter(throttle)
    with pytest.raises(RateLimitedError):
        await enter(throttle, deadline=30.0)
    throttle.leave(second, was_sent=False)
    with pytest.raises(RateLimitedError):
        await enter(throttle, input_tokens=890, deadline=30.0)


async def test_a_request_that_is_expected_to_take_nothing_is_counted_with_what_it_took_and_only_for_a_minute() -> (
    None
):
    throttle, clock = throttle_of(tokens_per_minute=1000)
    free = await enter(throttle, input_tokens=0, max_tokens=0)
    throttle.leave(await enter(throttle), was_sent=False)
    throttle.leave(free, tokens=900)
    assert throttle.wait(200, 0) == 60.0
    await clock.advance(60)
    throttle.leave(await enter(throttle))
    assert throttle.wait(200, 0) == 0.0


async def test_too_many_halves_the_speed_once_for_all_that_were_under_way() -> None:
    throttle, clock = throttle_of(concurrency=16)
    under_way = [await enter(throttle) for _ in range(16)]
    await clock.advance(1)
    for leave in under_way:
        throttle.slow_down(leave.began, None)
        throttle.leave(leave)
    assert throttle.concurrency == 8
    later = await enter(throttle)
    await clock.advance(1)
    throttle.slow_down(later.began, None)
    assert throttle.concurrency == 4
    throttle.leave(later)


async def test_every_round_of_answers_makes_it_one_faster_up_to_the_limit() -> None:
    throttle, _ = throttle_of(concurrency=8)
    throttle.slow_down(0.0, None)
    rounds = []
    for _ in range(6):
        for _ in range(throttle.concurrency):
            throttle.speed_up(None)
        rounds.append(throttle.concurrency)
    assert rounds == [5, 6, 7, 8, 8, 8]


async def test_the_requests_per_minute_are_halved_too() -> None:
    throttle, clock = throttle_of(requests_per_minute=10)
    throttle.slow_down(0.0, None)
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(passing.ask)
        await clock.advance(60)
    assert passing.times == [0.0] * 5 + [60.0] * 3


async def test_one_that_is_asked_one_by_one_is_asked_half_as_often_until_it_answers() -> None:
    throttle, _ = throttle_of(concurrency=1, requests_per_minute=4)
    throttle.leave(await enter(throttle))
    throttle.slow_down(0.0, None)
    throttle.slow_down(0.0, None)
    assert throttle.wait(10, 10) == 60.0
    throttle.speed_up(None)
    assert throttle.wait(10, 10) == 0.0
    throttle.leave(await enter(throttle))
    assert throttle.wait(10, 10) == 60.0
    throttle.speed_up(None)
    assert throttle.wait(10, 10) == 0.0


def test_the_limit_of_the_last_change_is_the_one_that_holds() -> None:
    """Each is applied before another thread may make the next one."""
    throttle = Throttle(RateLimits(concurrency=4), VirtualClock())
    applied = []

    class Noting(Capacity):
        def resize(self, limit: int) -> None:
            applied.append(throttle._lock.locked())
            super().resize(limit)

    throttle.capacity = Noting(4, 10)
    throttle.slow_down(0.0, None)
    for _ in range(5):
        throttle.speed_up(None)
    assert throttle.concurrency == 4
    assert applied == [True] * 3


async def test_the_wait_that_the_provider_asks_for_holds_for_everybody() -> None:
    throttle, clock = throttle_of()
    throttle.slow_down(0.0, 7.0)
    passing = Passing(throttle, clock)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(passing.ask)
        await clock.advance(6.9)
        assert passing.times == []
        throttle.slow_down(0.0, 10.0)  # longer now, also for those that wait already
        await clock.advance(20)
    assert passing.times == [16.9] * 3


async def test_after_a_pause_the_limits_per_minute_hold() -> None:
    throttle, clock = throttle_of(requests_per_minute=2)
    passing = Passing(throttle, clock)
    late = anyio.Event()

    async def ask_late() -> None:
        with pytest.raises(RateLimitedError, match="its own limits per minute would last 15 s longer"):
            await enter(throttle, deadline=140.0)
        late.set()

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(passing.ask)
            await clock.advance(10)
        group.start_soon(ask_late)
        await clock.advance(0)
        throttle.slow_down(-1.0, 25.0)
        await clock.advance(300)
    assert passing.times == [0.0, 10.0, 75.0, 85.0, 135.0]
    assert late.is_set()


async def test_a_pause_that_is_too_long_fails_everybody_at_once() -> None:
    throttle, _ = throttle_of()
    throttle.slow_down(0.0, 3600.0)
    for _ in range(3):
        with pytest.raises(
            RateLimitedError, match="the pause that the provider asked for would last 3,600 s"
        ):
            await enter(throttle)
    assert throttle.is_free


@pytest.mark.slow
@given(
    limit=st.integers(1, 20),
    asks=st.lists(
        st.tuples(st.floats(0, 30), st.booleans(), st.sampled_from([None, None, 20.0])),
        min_size=1,
        max_size=60,
    ),
)
@settings(max_examples=50, deadline=None)
def test_in_any_minute_no_more_pass_than_the_limit(
    limit: int, asks: list[tuple[float, bool, float | None]]
) -> None:
    throttle, clock = throttle_of(concurrency=1000, requests_per_minute=limit)
    passing = Passing(throttle, clock)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for pause, is_cancelled, asked_for in asks:
                await clock.advance(pause)
                if asked_for is not None:
                    throttle.slow_down(-1.0, asked_for)
                scope = anyio.CancelScope()
                group.start_soon(_within, scope, passing.ask)
                await settle()
                if is_cancelled:
                    scope.cancel()
            await clock.advance(120.0 * (len(asks) + 1))

    anyio.run(run, backend="trio")
    assert len(passing.times) >= sum(not is_cancelled for _, is_cancelled, _ in asks)
    for at, time in enumerate(passing.times):
        assert sum(time <= other < time + 59.999 for other in passing.times[at:]) <= limit


async def _within(scope: anyio.CancelScope, work: Callable[[], Any]) -> None:
    with scope:
        await work()


def test_event_loops_in_several_threads_share_one() -> None:
    throttle = Throttle(RateLimits(concurrency=2), VirtualClock())
    running = most = done = 0
    lock = threading.Lock()

    async def ask() -> None:
        nonlocal running, most, done
        leave = await enter(throttle)
        with lock:
            running += 1
            most = max(most, running)
        await anyio.lowlevel.checkpoint()
        with lock:
            running -= 1
            done += 1
        throttle.leave(leave)

    async def work() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(ask)

    threads = [
        threading.Thread(target=anyio.run, args=[work], kwargs={"backend": backend})
        for backend in ("asyncio", "trio", "asyncio", "trio")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (done, most, throttle.is_free) == (800, 2, True)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_room_is_not_given_to_an_event_loop_that_has_ended(backend: str) -> None:
    capacity = Capacity(1, 10)

    async def make() -> Bell:
        await capacity.acquire("running")
        return Bell()

    bell = anyio.run(make, backend=backend)
    assert not bell.set()
    capacity.release()
    assert capacity.is_free


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"concurrency": None},
        {"concurrency": True},
        {"requests_per_minute": 0},
        {"tokens_per_minute": -1},
        {"tokens_per_minute": 1.5},
    ],
)
def test_limits_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="whole number >= 1"):
        RateLimits(**wrong)
