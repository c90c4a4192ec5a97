"""Who sees what passes by."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from reflector._clock import settle
from reflector.agents.context import Context
from reflector.agents.dead_letters import DEAD_LETTER
from reflector.agents.mailbox import MailboxOptions
from reflector.agents.runtime import Runtime
from reflector.errors import HandlerError, LLMTimeoutError
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

FACT = Signal("demo.happened", "/test", 1)


async def echo(signal: Signal, context: Context) -> Any:
    return signal.data


class Log:
    """The smallest journal."""

    def __init__(self) -> None:
        self.types: list[str] = []

    def append(self, signal: Signal) -> None:
        self.types.append(signal.type)


async def test_publish_returns_how_many_received_it() -> None:
    seen: list[Any] = []

    async def one_argument(signal: Signal) -> None:
        seen.append(("async", signal.data))

    async def two_arguments(signal: Signal, context: Context) -> None:
        seen.append((context.ref.name, signal.data))

    async with Runtime() as runtime:
        assert await runtime.publish(FACT) == 0
        ref = await runtime.spawn(lambda signal, context: seen.append(("agent", signal.data)))
        runtime.subscribe("demo.*", ref)
        runtime.subscribe("**", lambda signal: seen.append(("call", signal.data)))
        runtime.subscribe("demo.happened", one_argument)
        runtime.subscribe("demo.**", two_arguments)
        runtime.subscribe("other.**", two_arguments)
        assert await runtime.publish(FACT) == 4
    assert sorted(seen) == [("agent", 1), ("async", 1), ("call", 1), ("two_arguments", 1)]


async def test_a_cancelled_subscription_is_over() -> None:
    seen: list[Signal] = []
    async with Runtime() as runtime:
        subscription = runtime.subscribe("demo.*", seen.append)
        assert subscription.pattern == "demo.*"
        subscription.cancel()
        subscription.cancel()
        assert await runtime.publish(FACT) == 0
        assert not runtime.exchange.is_observed


async def test_a_stopped_subscriber_is_no_subscriber() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo)
        runtime.subscribe("demo.*", ref)
        await ref.stop()
        assert await runtime.publish(FACT) == 0


async def test_requests_replies_and_failures_are_seen_but_not_plain_tells() -> None:
    seen: list[Signal] = []

    async def fail(signal: Signal, context: Context) -> None:
        raise LLMTimeoutError("slow")

    async with Runtime() as runtime:
        await runtime.spawn(echo, handles="good.requested")
        ref = await runtime.spawn(fail, handles="bad.requested")
        runtime.subscribe("**", seen.append)
        await runtime.request(Signal("good.requested", "/test", 1))
        with pytest.raises(LLMTimeoutError):
            await runtime.request(Signal("bad.requested", "/test"))
        await ref.tell(Signal("told", "/test"))
        with pytest.raises(TimeoutError):
            await ref.ask(Signal("late.requested", "/test"), timeout=0.0)
    assert [signal.type for signal in seen] == [
        "good.requested",
        "good.completed",
        "bad.requested",
        "bad.failed",
        "late.requested",
        "late.failed",
        DEAD_LETTER,
    ]
    assert seen[3].data == {"error": "LLMTimeoutError", "message": "slow", "retryable": True}
    assert seen[3].causationid == seen[2].id
    assert seen[6].data["reason"] == "handler_error"
    assert all(Signal.from_json(signal.to_json()) == signal for signal in seen)


async def test_an_agent_does_not_see_twice_what_is_addressed_to_it() -> None:
    handled = []

    async def handle(signal: Signal, context: Context) -> None:
        handled.append(signal.type)

    async with Runtime() as runtime:
        ref = await runtime.spawn(handle, handles="demo.*")
        runtime.subscribe("demo.*", ref)
        await ref.ask(FACT)
        await runtime.request(FACT)
    assert handled == ["demo.happened"] * 2


async def test_the_journal_gets_everything_in_order() -> None:
    log = Log()
    async with Runtime(journal=log) as runtime:
        ref = await runtime.spawn(echo, handles="x.requested")
        await ref.tell(Signal("told", "/test"))
        ref.tell_nowait(Signal("told.at.once", "/test"))
        await runtime.request(Signal("x.requested", "/test"))
        await runtime.publish(FACT)
        with pytest.raises(TimeoutError):
            await ref.ask(Signal("y", "/test"), timeout=0.0)
    assert log.types == [
        "told",
        "told.at.once",
        "x.requested",
        "x.completed",
        "demo.happened",
        "y",
        "y.failed",
    ]


async def test_a_broken_observer_does_not_break_what_it_observes() -> None:
    def broken(signal: Signal) -> None:
        raise BrokenPipeError

    async with Runtime() as runtime:
        await runtime.spawn(echo, handles="x.requested")
        runtime.subscribe("**", broken)
        assert (await runtime.request(Signal("x.requested", "/test", 1))).data == 1
        assert await runtime.publish(FACT) == 0
        letters = list(runtime.dead_letters)
    assert {letter.reason for letter in letters} == {"handler_error"}
    assert all(isinstance(letter.error, HandlerError) for letter in letters)


async def test_a_publisher_waits_for_a_slow_subscriber_but_what_passes_by_does_not() -> None:
    gate = anyio.Event()

    async def slow(signal: Signal, context: Context) -> None:
        await gate.wait()

    async with Runtime() as runtime:
        await runtime.spawn(echo, handles="x.requested")
        ref = await runtime.spawn(slow, name="slow", mailbox=MailboxOptions(1))
        runtime.subscribe("**", ref)
        for _ in range(3):
            await runtime.request(Signal("x.requested", "/test"))
            await settle()
        assert {(letter.agent, letter.reason) for letter in runtime.dead_letters} == {
            ("slow", "mailbox_full")
        }

        with anyio.move_on_after(0.005) as scope:
            await runtime.publish(FACT)
        assert scope.cancelled_caught
        gate.set()


async def test_a_subscriber_that_refuses_is_not_counted() -> None:
    gate = anyio.Event()

    async def slow(signal: Signal, context: Context) -> None:
        await gate.wait()

    async with Runtime() as runtime:
        ref = await runtime.spawn(slow, mailbox=MailboxOptions(1, "fail"))
        runtime.subscribe("demo.*", ref)
        assert await runtime.publish(FACT) == 1
        await settle()
        assert await runtime.publish(FACT) == 1
        assert await runtime.publish(FACT) == 0
        gate.set()
    assert [letter.reason for letter in runtime.dead_letters] == ["mailbox_full"]
