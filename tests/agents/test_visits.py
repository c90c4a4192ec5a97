"""Agents that handle what they are asked in the task of who asks: nothing else may be different."""

from __future__ import annotations

import anyio
import pytest
import trio

from reflector._clock import VirtualClock, settle
from reflector.agents.ambient import current_runtime
from reflector.agents.cell import CURRENT_CELL
from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.errors import AgentStoppedError, AskTimeoutError, HandlerError
from reflector.signals.journal import Journal
from reflector.signals.memory_journal import MemoryJournal
from reflector.signals.signal import Signal
from reflector.signals.trace import CURRENT_SIGNAL

pytestmark = pytest.mark.anyio

PING = Signal("demo.ping", "/test", 1)


class Desk:
    """A handler that says when it began, and how it ended."""

    def __init__(self) -> None:
        self.began, self.go = anyio.Event(), anyio.Event()
        self.tasks: list[int] = []
        self.ends: list[str] = []

    async def __call__(self, signal: Signal, context: Context) -> object:
        self.tasks.append(anyio.get_current_task().id)
        self.began.set()
        end = "cancelled"
        try:
            await self.go.wait()
            end = "done"
        finally:
            self.ends.append(end)
        return signal.data


async def test_no_task_is_started_and_the_asker_is_left_as_it_was() -> None:
    async def look(signal: Signal, context: Context) -> tuple[int, int, bool]:
        is_inside = CURRENT_CELL.get() is not None and CURRENT_SIGNAL.get() is signal
        return anyio.get_current_task().id, context.runtime.statistics().running, is_inside

    async with Runtime() as runtime:
        ref = await runtime.spawn(look, is_visited=True)
        reply = await ref.ask(PING)
        assert reply.data == (anyio.get_current_task().id, 1, True)
        assert CURRENT_CELL.get() is None
        assert CURRENT_SIGNAL.get() is None
        assert (runtime.statistics().running, runtime.statistics().taken) == (0, 1)


async def test_who_comes_while_it_is_busy_is_served_by_a_worker_and_delays_nobody() -> None:
    desk = Desk()
    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(desk, is_visited=True)
        answered = []

        async def ask(number: int) -> None:
            answered.append((await ref.ask(PING.replace(data=number))).data)

        tasks.start_soon(ask, 1)
        await desk.began.wait()
        tasks.start_soon(ask, 2)
        await ref.tell(PING)
        await settle()
        assert ref.queued == 2
        desk.go.set()
    assert sorted(answered) == [1, 2]
    assert desk.ends == ["done"] * 3
    assert len(set(desk.tasks)) == 2


async def test_the_end_of_the_time_ends_the_handling() -> None:
    desk, clock = Desk(), VirtualClock()
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(desk, is_visited=True)

        async def ask() -> None:
            with pytest.raises(AskTimeoutError, match="did not answer"):
                await ref.ask(PING, timeout=3)

        tasks.start_soon(ask)
        await desk.began.wait()
        await clock.advance(3)
        assert desk.ends == ["cancelled"]
        desk.go.set()
        assert (await ref.ask(PING)).data == 1
        assert not runtime.dead_letters.total


async def test_an_inner_ask_that_is_late_is_an_error_that_its_asker_may_survive() -> None:
    desk, clock = Desk(), VirtualClock()
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as tasks:
        inner = await runtime.spawn(desk, is_visited=True)

        async def outer(signal: Signal, context: Context) -> str:
            try:
                await context.ask(inner, signal, timeout=1)
            except AskTimeoutError:
                return f"late, {context.remaining()} left"
            return "in time"

        async def ask() -> None:
            ref = await runtime.spawn(outer, is_visited=True)
            answers.append((await ref.ask(PING, timeout=5)).data)

        answers: list[object] = []
        tasks.start_soon(ask)
        await desk.began.wait()
        await clock.advance(1)
        assert answers == ["late, 4.0 left"]


async def test_a_cancelled_asker_takes_the_handling_along_into_the_dead_letters() -> None:
    desk, journal = Desk(), MemoryJournal()
    async with Runtime(journal=journal) as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(desk, is_visited=True)
        tasks.start_soon(ref.ask, PING)
        await desk.began.wait()
        tasks.cancel_scope.cancel()
    assert desk.ends == ["cancelled"]
    (letter,) = runtime.dead_letters
    assert (letter.reason, letter.signal.id) == ("abandoned", PING.id)
    assert not runtime.dead_letters.is_breaking_off
    assert _types(journal) == ["demo.ping", "reflector.agents.dead_lettered"]


async def test_stopping_the_agent_fails_the_ask_that_it_handles() -> None:
    desk = Desk()
    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(desk, is_visited=True)

        async def ask() -> None:
            with pytest.raises(AgentStoppedError):
                await ref.ask(PING)

        tasks.start_soon(ask)
        await desk.began.wait()
        await ref.stop(drain=0.0)
        assert desk.ends == ["cancelled"]
        with pytest.raises(AgentStoppedError):
            await ref.ask(PING)


async def test_the_end_of_the_runtime_waits_for_a_visit() -> None:
    desk = Desk()
    async with anyio.create_task_group() as tasks:
        async with Runtime() as runtime:
            ref = await runtime.spawn(desk, is_visited=True)
            tasks.start_soon(ref.ask, PING)
            await desk.began.wait()
            tasks.start_soon(_set_when_settled, desk.go)
        assert desk.ends == ["done"]


async def test_the_place_of_a_visit_that_has_ended_is_for_what_waits() -> None:
    first, second, third = gates = [anyio.Event() for _ in range(3)]
    began: list[int] = []

    async def wait(signal: Signal, context: Context) -> None:
        began.append(signal.data)
        await gates[signal.data].wait()

    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(wait, concurrency=2, is_visited=True)
        tasks.start_soon(ref.ask, PING.replace(data=0))
        await ref.tell(PING.replace(data=1))
        await settle()
        await ref.tell(PING.replace(data=2))
        await settle()
        assert sorted(began) == [0, 1]
        first.set()
        await settle()
        assert began[2:] == [2]
        second.set()
        third.set()


async def test_an_agent_that_stops_during_a_visit_finishes_its_mailbox() -> None:
    desk = Desk()
    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(desk, is_visited=True)
        tasks.start_soon(ref.ask, PING)
        await desk.began.wait()
        await ref.tell(PING)
        tasks.start_soon(ref.stop)
        await settle()
        desk.go.set()
    assert desk.ends == ["done"] * 2
    assert not runtime.dead_letters.total


@pytest.mark.parametrize("is_visited", [False, True])
async def test_tasks_of_a_handler_that_fail_while_it_is_cancelled(is_visited: bool) -> None:
    """On trio a group of both comes out of the handler."""

    async def clean_up() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            raise ValueError("no disk")

    async def handler(signal: Signal, context: Context) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clean_up)
            await anyio.sleep_forever()

    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(handler, is_visited=is_visited)

        async def ask() -> None:
            with pytest.raises(HandlerError, match="ExceptionGroup"):
                await ref.ask(PING)

        tasks.start_soon(ask)
        await settle()
        await ref.stop(drain=0.0)


@pytest.mark.parametrize("anyio_backend", ["trio"])
@pytest.mark.parametrize("is_visited", [False, True])
async def test_a_nursery_of_trio_that_is_cancelled(is_visited: bool, anyio_backend: str) -> None:
    async def handler(signal: Signal, context: Context) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep_forever)
            await trio.sleep_forever()

    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(handler, is_visited=is_visited)

        async def ask() -> None:
            with pytest.raises(AgentStoppedError):
                await ref.ask(PING)

        tasks.start_soon(ask)
        await settle()
        await ref.stop(drain=0.0)
        with anyio.fail_after(1):
            await settle()


async def test_visits_that_never_wait_give_other_tasks_a_turn() -> None:
    has_turn = anyio.Event()

    async def turn() -> None:
        has_turn.set()

    async with Runtime() as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(lambda signal, context: None, is_visited=True)
        tasks.start_soon(turn)
        asks = 0
        while not has_turn.is_set() and asks < 1000:
            await ref.ask(PING)
            asks += 1
        assert has_turn.is_set()


@pytest.mark.parametrize("is_visited", [False, True])
async def test_a_handler_joins_the_runtime_of_its_agent_whoever_asks(is_visited: bool) -> None:
    async def look(signal: Signal, context: Context) -> bool:
        return current_runtime() is context.runtime

    async with Runtime() as runtime:
        ref = await runtime.spawn(look, is_visited=is_visited)
        assert (await ref.ask(PING)).data
        async with Runtime():
            assert (await ref.ask(PING)).data


async def test_errors_and_self_asks_are_those_of_any_agent() -> None:
    async def fails(signal: Signal, context: Context) -> None:
        if signal.data == "self":
            await context.ask(context.ref, PING, timeout=1)
        raise ValueError("no")

    async with Runtime(clock=(clock := VirtualClock())) as runtime, anyio.create_task_group() as tasks:
        ref = await runtime.spawn(fails, is_visited=True)
        with pytest.raises(HandlerError, match="ValueError: no"):
            await ref.ask(PING)
        assert runtime.statistics().failures == 1

        async def ask() -> None:
            with pytest.raises(AskTimeoutError):
                await ref.ask(PING.replace(data="self"))

        tasks.start_soon(ask)
        await settle()
        await clock.advance(1)


async def _set_when_settled(event: anyio.Event) -> None:
    await settle()
    event.set()


def _types(journal: Journal) -> list[str]:
    return [signal.type for signal in journal.replay()]
