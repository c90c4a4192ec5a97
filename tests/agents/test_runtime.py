"""The life of a runtime: ambient, errors unwrapped, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from reflector._clock import settle
from reflector.agents.agent import Agent, handles
from reflector.agents.ambient import ambient_runtime, current_runtime
from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.agents.supervision import Supervision
from reflector.errors import (
    AgentStoppedError,
    ConfigurationError,
    DuplicateAgentError,
    HandlerError,
    MailboxFullError,
    RuntimeClosedError,
)
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

PING = Signal("demo.ping", "/test", {"n": 1})


async def echo(signal: Signal, context: Context) -> Any:
    return signal.data


async def test_it_is_ambient_inside_its_block_and_in_handlers() -> None:
    assert current_runtime() is None
    async with Runtime() as outer:
        async with Runtime() as runtime:
            assert current_runtime() is runtime
            ref = await runtime.spawn(lambda signal, context: (current_runtime(), context.runtime))
            assert (await ref.ask(PING)).data == (runtime, runtime)
        assert current_runtime() is outer
    assert current_runtime() is None


async def test_ambient_joins_the_current_one_or_opens_a_private_one() -> None:
    async with Runtime() as runtime, ambient_runtime() as joined:
        assert joined is runtime
    async with ambient_runtime() as private:
        assert current_runtime() is private
        assert private.is_open
    assert not private.is_open
    with pytest.raises(KeyError):
        async with ambient_runtime():
            raise KeyError("leaves as it is")


async def test_the_runtime_of_another_thread_is_not_joined() -> None:
    async with Runtime():
        assert await anyio.to_thread.run_sync(current_runtime) is None


async def test_workers_do_not_inherit_the_context_of_whoever_sends_first() -> None:
    from contextvars import ContextVar

    mine: ContextVar[str] = ContextVar("mine", default="none")
    async with Runtime() as runtime:
        ref = await runtime.spawn(lambda signal, context: mine.get())
        mine.set("the sender's")
        assert (await ref.ask(PING)).data == "none"


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyboardInterrupt(), ExceptionGroup("two", [ValueError(), KeyError()])]
)
async def test_an_error_of_the_block_leaves_as_itself(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:  # noqa: PT012 - the error has to come out of the whole block
        async with Runtime() as runtime:
            await runtime.spawn(echo)
            raise error
    assert caught.value is error


async def test_cancelling_the_block_cancels_its_handlers() -> None:
    cancelled = []

    async def wait(signal: Signal, context: Context) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            cancelled.append(signal.type)

    with anyio.move_on_after(0.01) as scope:
        async with Runtime() as runtime:
            ref = await runtime.spawn(wait)
            await ref.ask(PING)
    assert scope.cancelled_caught
    assert cancelled == ["demo.ping"]


async def test_at_the_end_mailboxes_are_emptied() -> None:
    handled = []

    async def slow(signal: Signal, context: Context) -> None:
        await anyio.lowlevel.checkpoint()
        handled.append(signal.data)

    async with Runtime() as runtime:
        ref = await runtime.spawn(slow)
        for number in range(20):
            await ref.tell(PING.replace(data=number))
    assert handled == list(range(20))
    assert runtime.dead_letters.total == 0


async def test_what_does_not_end_in_time_is_cancelled_and_buried() -> None:
    async def wait(signal: Signal, context: Context) -> None:
        await anyio.sleep_forever()

    async with Runtime(drain=0.01) as runtime:
        ref = await runtime.spawn(wait)
        await ref.tell(PING)
        await ref.tell(PING)
    assert [letter.reason for letter in runtime.dead_letters] == ["agent_stopped"] * 2


async def test_outside_of_its_block_it_says_so() -> None:
    runtime = Runtime()
    for call in (
        lambda: runtime.request(PING),
        lambda: runtime.publish(PING),
        lambda: runtime.spawn(echo),
    ):
        with pytest.raises(RuntimeClosedError):
            await call()
    async with runtime:
        ref = await runtime.spawn(echo)
    with pytest.raises(AgentStoppedError):
        await ref.ask(PING)
    with pytest.raises(RuntimeClosedError):
        await runtime.request(PING)


async def test_a_runtime_is_entered_once() -> None:
    async with Runtime() as runtime:
        with pytest.raises(RuntimeClosedError):
            await runtime.__aenter__()
    with pytest.raises(RuntimeClosedError):
        await runtime.__aenter__()


async def test_names_are_unique_made_up_when_missing_and_free_again_after_a_stop() -> None:
    async with Runtime() as runtime:
        first = await runtime.spawn(echo)
        second = await runtime.spawn(echo)
        assert first.name == "echo" != second.name
        with pytest.raises(DuplicateAgentError):
            await runtime.spawn(echo, name="echo")
        assert runtime.find("echo") is not None
        await first.stop()
        assert runtime.find("echo") is None
        await runtime.spawn(echo, name="echo")


@pytest.mark.parametrize("options", [{"concurrency": 0}, {"mailbox": 0}])
async def test_senseless_options_are_refused(options: dict[str, Any]) -> None:
    async with Runtime() as runtime:
        with pytest.raises(ConfigurationError):
            await runtime.spawn(echo, **options)
        with pytest.raises(ConfigurationError):
            await runtime.spawn("not callable")
        assert runtime.statistics().agents == 0


async def test_a_stopped_agent_handles_no_more_requests() -> None:
    async with Runtime() as runtime:
        first = await runtime.spawn(lambda signal, context: "first", handles="demo.*")
        await runtime.spawn(lambda signal, context: "second", handles="demo.*")
        assert (await runtime.request(PING)).data == "first"
        await first.stop()
        assert (await runtime.request(PING)).data == "second"


async def test_an_agent_may_stop_itself_and_a_child_its_parent() -> None:
    async with Runtime() as runtime:

        async def quit(signal: Signal, context: Context) -> str:
            await context.ref.stop()
            return "bye"

        ref = await runtime.spawn(quit)
        assert (await ref.ask(PING)).data == "bye"

        async def parent(signal: Signal, context: Context) -> Any:
            async def child(signal: Signal, inner: Context) -> str:
                await context.ref.stop()
                return "done"

            return (await context.ask(await context.spawn(child, name="child"), PING)).data

        above = await runtime.spawn(parent)
        assert (await above.ask(PING)).data == "done"
        await above.stop()
        assert runtime.find("child") is None
        assert runtime.statistics().agents == 0


async def test_two_agents_that_stop_each_other_both_end() -> None:
    async with Runtime() as runtime:

        async def stop_other(signal: Signal, context: Context) -> None:
            await others[context.ref.name].stop(drain=0.01)

        one, two = await runtime.spawn(stop_other, name="one"), await runtime.spawn(stop_other, name="two")
        others = {"one": two, "two": one}
        await one.tell(PING)
        await two.tell(PING)
        with anyio.fail_after(5):
            await one.stop()
            await two.stop()


async def test_stopping_a_child_leaves_its_parent_and_siblings_alone() -> None:
    async with Runtime() as runtime:

        async def parent(signal: Signal, context: Context) -> bool:
            child = await context.spawn(echo, name="child")
            sibling = await context.spawn(echo, name="sibling")
            await child.stop()
            return not child.is_alive and sibling.is_alive

        ref = await runtime.spawn(parent)
        assert (await ref.ask(PING)).data is True
        assert ref.is_alive
        await ref.stop()
        assert runtime.find("sibling") is None


async def test_providers_get_the_task_and_are_found_by_kind() -> None:
    async def square(task: Any, context: Context) -> int:
        return int(task["n"]) ** 2

    async with Runtime() as runtime:
        ref = await runtime.spawn(square, accepts=["demo"], card={"price": 1})
        await runtime.spawn(echo)
        assert runtime.providers("demo") == [ref]
        assert (list(ref.accepts), ref.card) == (["demo"], {"price": 1})
        assert (await ref.ask(Signal("task", "/test", {"n": 3}))).data == 9
        await ref.stop()
        assert runtime.providers("demo") == []


async def test_statistics_show_every_wait() -> None:
    async def wait(signal: Signal, context: Context) -> None:
        await anyio.sleep_forever()

    async with Runtime(drain=0.0) as runtime:
        ref = await runtime.spawn(wait, mailbox=1)
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ref.ask, PING)
            await settle()
            figures = runtime.statistics()
            assert (figures.agents, figures.running, figures.queued, figures.blocked) == (1, 1, 1, 1)
            assert (figures.waiting_asks, figures.taken, figures.timers) == (3, 1, 1)
            assert figures.longest_wait >= figures.mean_wait >= 0.0
            group.cancel_scope.cancel()


async def test_ten_thousand_idle_agents_start_no_task() -> None:
    async with Runtime() as runtime:
        for _ in range(1_000):
            await runtime.spawn(echo, name=str(_))
        assert runtime.workers.running == 0
        assert len(runtime.workers.all) == 0


async def test_a_crowd_of_agents_leaves_few_workers_behind() -> None:
    async with Runtime() as runtime:
        refs = [await runtime.spawn(echo, name=str(number)) for number in range(600)]
        async with anyio.create_task_group() as group:
            for ref in refs:
                group.start_soon(ref.ask, PING)
        assert len(runtime.workers.all) <= 256


class Counter(Agent):
    def __init__(self, start: int = 0) -> None:
        self.count = start
        self.life: list[str] = []

    async def on_start(self, context: Context) -> None:
        self.life.append("start")

    async def on_stop(self, context: Context) -> None:
        LIVES.append([*self.life, "stop"])

    @handles("count.add")
    async def add(self, signal: Signal, context: Context) -> int:
        self.count += signal.data
        return self.count

    @handles("count.*")
    def anything(self, signal: Signal, context: Context) -> str:
        return f"{signal.type}: {self.count}"


LIVES: list[list[str]] = []


async def test_an_agent_class_has_state_and_a_method_per_type_and_is_routed_by_itself() -> None:
    import functools

    LIVES.clear()
    async with Runtime() as runtime:
        ref = await runtime.spawn(functools.partial(Counter, 5))
        assert ref.name == "Counter"
        assert (await runtime.request(Signal("count.add", "/test", 2))).data == 7
        assert (await runtime.request(Signal("count.show", "/test"))).data == "count.show: 7"
        from reflector.errors import NoHandlerError

        with pytest.raises(NoHandlerError):
            await ref.ask(PING)
        await ref.tell(PING)
        await runtime.spawn(Counter, name="quiet", handles=())
        assert (await runtime.request(Signal("count.add", "/test", 1))).data == 8
    assert LIVES == [["start", "stop"]] * 2
    assert [letter.reason for letter in runtime.dead_letters] == ["no_handler"]
    with pytest.raises(ConfigurationError):
        handles()


async def test_an_instance_is_refused_because_a_restart_needs_a_fresh_one() -> None:
    async with Runtime() as runtime:
        with pytest.raises(ConfigurationError, match="fresh"):
            await runtime.spawn(Counter())


async def test_an_agent_that_cannot_start_is_not_there() -> None:
    class Broken(Agent):
        async def on_start(self, context: Context) -> None:
            raise OSError("no disk")

        @handles("broken")
        async def handle(self, signal: Signal, context: Context) -> None:
            """Never called."""

    async with Runtime() as runtime:
        with pytest.raises(OSError, match="no disk"):
            await runtime.spawn(Broken, name="broken")
        assert runtime.find("broken") is None
        assert not runtime.handles(Signal("broken", "/test"))


async def test_a_broken_clean_up_is_logged_and_the_agent_stops(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Agent):
        async def on_stop(self, context: Context) -> None:
            raise OSError("no disk")

    async with Runtime() as runtime:
        ref = await runtime.spawn(Broken)
        await ref.stop()
        assert not ref.is_alive
    assert "no disk" in caplog.text


def test_a_runtime_can_be_used_in_each_thread_for_itself() -> None:
    results = []

    async def main() -> None:
        async with Runtime() as runtime:
            ref = await runtime.spawn(echo)
            results.append((await ref.ask(PING)).data)

    threads = [threading.Thread(target=anyio.run, args=(main,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{"n": 1}] * 3


async def _sleep(signal: Signal, context: Context) -> None:
    await anyio.sleep_forever()


async def test_a_cancelled_wait_for_an_agents_end_leaves_the_others_waiting() -> None:
    ended = anyio.Event()

    class Slow(Agent):
        async def on_stop(self, context: Context) -> None:
            await ended.wait()

    async with Runtime() as runtime:
        ref = await runtime.spawn(Slow)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await ref.stop()
        assert scope.cancelled_caught
        async with anyio.create_task_group() as group:
            group.start_soon(ref.stop)
            await settle()
            ended.set()
    assert not ref.is_alive


async def test_a_cancelled_end_of_an_agent_leaves_its_runtime_whole() -> None:
    async with Runtime() as runtime:
        for _ in range(3):
            with anyio.CancelScope() as scope:
                ref = await runtime.spawn(_sleep)
                await ref.tell(PING)
                await settle()
                scope.cancel()
                await ref.stop(drain=0.0)
        assert (await (await runtime.spawn(echo)).ask(PING)).data == {"n": 1}
    assert runtime.statistics().agents == 0


async def test_a_runtime_whose_end_is_cancelled_ends_and_hands_the_cancellation_on() -> None:
    runtime = Runtime()
    with anyio.CancelScope() as scope:
        async with runtime:
            ref = await runtime.spawn(_sleep)
            await ref.tell(PING)
            await settle()
            scope.cancel()
        raise AssertionError("the cancellation was swallowed")
    assert scope.cancelled_caught
    assert runtime.statistics().agents == runtime.statistics().running == 0
    assert [letter.reason for letter in runtime.dead_letters] == ["agent_stopped"]
    with anyio.CancelScope() as other:
        await anyio.lowlevel.checkpoint()
    assert not other.cancelled_caught


async def test_a_cancelled_supervisor_still_stops_every_child() -> None:
    async with Runtime() as runtime:
        supervisor = runtime.supervisor(Supervision())
        refs = [await supervisor.spawn(_sleep, name=str(number)) for number in range(3)]
        for ref in refs:
            await ref.tell(PING)
        await settle()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await supervisor.stop(5.0)
        await settle()
        assert [ref.is_alive for ref in refs] == [False] * 3
        assert runtime.statistics().agents == 0


async def test_dead_letters_that_a_cancellation_wanted_are_no_warnings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="reflector")
    runtime = Runtime()

    async def fail() -> None:
        async with runtime:
            ref = await runtime.spawn(_sleep)
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(ref.ask, PING)
                await settle()
                group.cancel_scope.cancel()
            await ref.tell(PING)
            raise KeyError("the block fails")

    with pytest.raises(KeyError):
        await fail()
    reasons = {letter.reason for letter in runtime.dead_letters}
    assert reasons == {"abandoned", "agent_stopped"}
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


async def test_other_dead_letters_are_warnings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="reflector")
    async with Runtime() as runtime:
        ref = await runtime.spawn(_sleep)
        await ref.tell(PING)
        await settle()
        await ref.stop(drain=0.0)
    assert [letter.reason for letter in runtime.dead_letters] == ["agent_stopped"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_an_error_without_a_readable_message_arrives_as_a_cause() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    async def fail(signal: Signal, context: Context) -> None:
        raise MuteError

    async with Runtime() as runtime:
        ref = await runtime.spawn(fail)
        with pytest.raises(HandlerError, match="MuteError") as caught:
            await ref.ask(PING)
    assert isinstance(caught.value.__cause__, MuteError)


async def test_a_cancelled_chain_of_asks_logs_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="reflector")

    async with Runtime() as runtime:
        inner = await runtime.spawn(_sleep)
        outer = await runtime.spawn(lambda signal, context: inner.ask(signal))
        async with anyio.create_task_group() as group:
            group.start_soon(outer.ask, PING)
            await settle()
            group.cancel_scope.cancel()
        await inner.stop(drain=0.0)
    assert len(runtime.dead_letters) > 0
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_waiting_worker_that_asyncio_cancels_just_after_it_was_sent_loses_nothing() -> None:
    """Its agent must not count on it any more: the runtime's end waits until every agent is idle."""
    told = Signal("demo.told", "/test")
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo)
        others = asyncio.all_tasks()
        for _ in range(3):
            await ref.ask(PING)
        await settle()  # the first two workers have ended, the third one waits for the next signal
        (worker,) = asyncio.all_tasks() - others
        ref.tell_nowait(told)
        worker.cancel()
    assert [letter.signal for letter in runtime.dead_letters] == [told]


async def test_a_runtime_that_is_over_is_freed_without_the_garbage_collector() -> None:
    """With all that lived in it: many private runtimes would otherwise keep the collector busy."""
    gc.disable()
    try:
        async with Runtime() as runtime:
            ref = await runtime.spawn(echo, handles="demo.*")
            await runtime.request(PING)
            await ref.ask(PING, timeout=1.0)
        gone = weakref.ref(runtime), weakref.ref(runtime.exchange)
        del runtime, ref
        await settle()
        assert [each() for each in gone] == [None, None]
    finally:
        gc.enable()


async def test_handlers_that_tell_their_own_full_mailbox_do_not_wait_for_each_other() -> None:
    handled, refused = [], []

    async def tell_on(signal: Signal, context: Context) -> None:
        if signal.data < 2:
            await both.wait()
            try:
                await context.ref.tell(PING.replace(data=2))
            except MailboxFullError:
                refused.append(signal.data)
        handled.append(signal.data)

    both = anyio.Event()
    async with Runtime() as runtime:
        ref = await runtime.spawn(tell_on, mailbox=1, concurrency=2)
        for number in range(3):
            await ref.tell(PING.replace(data=number))
            await settle()
        both.set()
        await settle()
        assert sorted(handled) == [0, 1, 2, 2]
        assert len(refused) == 1


async def test_only_who_has_no_method_itself_is_no_handler_in_its_dead_letter() -> None:
    async def ask(signal: Signal, context: Context) -> None:
        await context.request(signal)

    async with Runtime() as runtime:
        outer = await runtime.spawn(ask, name="outer")
        await outer.tell(PING)
        await settle()
        ref = await runtime.spawn(Counter, name="counter", handles=PING.type)
        await outer.tell(PING)
        await settle()
        await ref.tell(PING)
    letters = [(letter.agent, letter.reason) for letter in runtime.dead_letters]
    assert letters == [
        (None, "no_handler"),
        ("outer", "handler_error"),
        ("outer", "handler_error"),
        ("counter", "no_handler"),
    ]


async def test_an_on_stop_that_is_cut_off_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Slow(Agent):
        async def on_stop(self, context: Context) -> None:
            await anyio.sleep_forever()

    monkeypatch.setattr("reflector.agents.cell.DRAIN_TIMEOUT", 0.0)
    async with Runtime() as runtime:
        await runtime.spawn(Slow, name="slow")
    assert "on_stop took too long" in caplog.text
    assert "slow" in caplog.text
