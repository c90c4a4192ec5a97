"""Ask, tell, request: what comes back, what is raised, how long it takes at most."""

from __future__ import annotations

import functools
from typing import Any

import anyio
import pytest

from reflector._clock import VirtualClock, settle
from reflector.agents.context import Context
from reflector.agents.mailbox import MailboxOptions
from reflector.agents.runtime import Runtime
from reflector.errors import (
    AgentStoppedError,
    AskTimeoutError,
    HandlerError,
    InvalidSignalError,
    LLMTimeoutError,
    MailboxFullError,
    NoHandlerError,
)
from reflector.signals.payloads import register_payload
from reflector.signals.signal import Signal
from reflector.signals.trace import CURRENT_SIGNAL

pytestmark = pytest.mark.anyio

PING = Signal("demo.ping", "/test", {"n": 1})


async def echo(signal: Signal, context: Context) -> Any:
    return signal.data


async def wait_forever(signal: Signal, context: Context) -> None:
    await anyio.sleep_forever()


async def test_the_contract_of_the_readme() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo, name="echo", mailbox=64)
        await ref.tell(PING)
        reply = await ref.ask(PING, timeout=1.0)
        assert (reply.type, reply.data, reply.source) == ("demo.ping.completed", {"n": 1}, "/agents/echo")
        assert reply.causationid == reply.correlationid == PING.id
        runtime.subscribe("demo.*", ref)
        assert await runtime.publish(PING) == 1
        assert repr(ref) == "AgentRef('echo')"


async def test_asking_leaves_the_callers_signal_as_it_was() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo)
        signal = Signal("a", "/test")
        await ref.ask(signal)
        assert signal.deadline is signal.traceparent is signal.correlationid is None


async def test_sync_handlers_and_handlers_that_only_return_an_awaitable() -> None:
    async with Runtime() as runtime:
        plain = await runtime.spawn(lambda signal, context: signal.data * 2)
        partial = await runtime.spawn(functools.partial(echo))
        awaitable = await runtime.spawn(lambda signal, context: echo(signal, context))
        signal = Signal("a", "/test", 2)
        assert [(await ref.ask(signal)).data for ref in (plain, partial, awaitable)] == [4, 2, 2]


async def test_a_request_goes_to_the_route_that_comes_first() -> None:
    async with Runtime() as runtime:

        async def answer(text: str, signal: Signal, context: Context) -> str:
            return text

        for text, options in {
            "general": {"handles": "demo.**"},
            "exact": {"handles": ["other", "demo.requested"]},
            "picky": {"handles": "demo.*", "priority": 9, "when": lambda signal: signal.data == "picky"},
            "fallback": {"handles": "**", "priority": -100},
        }.items():
            await runtime.spawn(functools.partial(answer, text), name=text, **options)
        request = Signal("demo.requested", "/test")
        reply = await runtime.request(request)
        assert (reply.data, reply.type) == ("exact", "demo.completed")
        assert (await runtime.request(request.replace(data="picky"))).data == "picky"
        assert (await runtime.request(Signal("demo.deep.down", "/test"))).data == "general"
        assert (await runtime.request(Signal("unknown", "/test"))).data == "fallback"
        assert runtime.handles(request)


async def test_nobody_handles_it_is_an_error_at_once_and_a_dead_letter() -> None:
    async with Runtime() as runtime:
        with pytest.raises(NoHandlerError, match="lonely"):
            await runtime.request(Signal("lonely", "/test"))
        (letter,) = runtime.dead_letters
        assert (letter.signal.type, letter.reason, letter.agent) == ("lonely", "no_handler", None)
        assert not runtime.handles(Signal("lonely", "/test"))


async def test_our_errors_arrive_as_themselves_and_others_as_the_cause_of_a_handler_error() -> None:
    ours, theirs = LLMTimeoutError("slow"), KeyError("x")

    async def fail(signal: Signal, context: Context) -> None:
        raise ours if signal.data else theirs

    async with Runtime() as runtime:
        ref = await runtime.spawn(fail)
        with pytest.raises(LLMTimeoutError) as caught:
            await ref.ask(Signal("a", "/test", True))
        assert caught.value is ours
        with pytest.raises(HandlerError, match="KeyError") as wrapped:
            await ref.ask(Signal("a", "/test", False))
        assert wrapped.value.__cause__ is theirs
        assert runtime.statistics().failures == 2


async def test_an_error_goes_through_several_hops_unchanged() -> None:
    ours = LLMTimeoutError("slow")

    async def model(signal: Signal, context: Context) -> None:
        raise ours

    async def reflector(signal: Signal, context: Context) -> Any:
        return (await context.request(Signal("model.requested", "/test"))).data

    async with Runtime() as runtime:
        await runtime.spawn(model, handles="model.requested")
        await runtime.spawn(reflector, handles="reflector.requested")
        with pytest.raises(LLMTimeoutError) as caught:
            await runtime.request(Signal("reflector.requested", "/test"))
        assert caught.value is ours


async def test_a_tell_whose_handler_fails_is_a_dead_letter_with_the_error() -> None:
    error = KeyError("x")

    async def fail(signal: Signal, context: Context) -> None:
        raise error

    async with Runtime() as runtime:
        ref = await runtime.spawn(fail, name="fail")
        await ref.tell(PING)
    (letter,) = runtime.dead_letters
    assert (letter.reason, letter.agent) == ("handler_error", "fail")
    assert letter.error is not None
    assert letter.error.__cause__ is error


async def test_an_ask_ends_in_time() -> None:
    async with Runtime(drain=0.0) as runtime:
        ref = await runtime.spawn(wait_forever)
        with pytest.raises(AskTimeoutError):
            await ref.ask(PING, timeout=0.005)
        with pytest.raises(TimeoutError):
            await ref.ask(PING, timeout=0.0)
        with pytest.raises(AskTimeoutError):
            await ref.ask(PING, timeout=0.005)
        assert runtime.statistics().waiting_asks == 0


async def test_many_askers_are_told_at_their_own_times() -> None:
    clock = VirtualClock()
    ended: list[tuple[float, float]] = []

    async with Runtime(clock=clock, drain=0.0) as runtime:
        ref = await runtime.spawn(wait_forever, mailbox=2)

        async def ask(seconds: float) -> None:
            with pytest.raises(AskTimeoutError):
                await ref.ask(PING, timeout=seconds)
            ended.append((seconds, clock.now()))

        async with anyio.create_task_group() as group:
            for seconds in (5.0, 1.0, 3.0, 2.0, 4.0):
                group.start_soon(ask, seconds)
            await clock.advance(10.0)
    assert ended == [(n, n) for n in (1.0, 2.0, 3.0, 4.0, 5.0)]


async def test_a_request_that_timed_out_in_the_mailbox_is_never_handled() -> None:
    handled = []
    gate = anyio.Event()

    async def slow(signal: Signal, context: Context) -> None:
        handled.append(signal.data)
        await gate.wait()

    async with Runtime() as runtime:
        ref = await runtime.spawn(slow)
        await ref.tell(PING.replace(data="first"))
        with pytest.raises(AskTimeoutError):
            await ref.ask(PING.replace(data="late"), timeout=0.005)
        gate.set()
    assert handled == ["first"]


async def test_nested_asks_do_not_outlast_the_request_being_handled() -> None:
    clock = VirtualClock()
    deadlines = []

    async def inner(signal: Signal, context: Context) -> None:
        deadlines.append(context.deadline)
        assert context.remaining() == 3.0
        await anyio.sleep_forever()

    async def outer(signal: Signal, context: Context) -> None:
        deadlines.append(signal.deadline)
        await context.request(Signal("inner", "/test"), timeout=100.0)

    async with Runtime(clock=clock, drain=0.0) as runtime:
        await runtime.spawn(inner, handles="inner")
        await runtime.spawn(outer, handles="outer")
        async with anyio.create_task_group() as group:

            async def ask() -> None:
                with pytest.raises(AskTimeoutError):
                    await runtime.request(Signal("outer", "/test"), timeout=3.0)

            group.start_soon(ask)
            await clock.advance(2.9)
            assert deadlines == [3.0, 3.0]
            await clock.advance(0.1)


async def test_a_signals_own_deadline_counts_too() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo)
        expired = PING.copy()
        expired.deadline = runtime.clock.now() - 1
        with pytest.raises(AskTimeoutError):
            await ref.ask(expired)
        await ref.tell(expired)
    (letter,) = runtime.dead_letters
    assert letter.reason == "expired"


async def test_a_stopped_agent_answers_at_once_that_it_is() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(echo)
        await ref.stop()
        assert not ref.is_alive
        with pytest.raises(AgentStoppedError):
            await ref.ask(PING)
        with pytest.raises(AgentStoppedError):
            await ref.tell(PING)
        with pytest.raises(AgentStoppedError):
            ref.tell_nowait(PING)


async def test_an_ask_in_flight_across_a_stop_fails_at_once() -> None:
    async with Runtime() as runtime:
        ref = await runtime.spawn(wait_forever)
        failures = []

        async def ask() -> None:
            with pytest.raises(AgentStoppedError) as caught:
                await ref.ask(PING)
            failures.append(caught.value)

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            group.start_soon(ask)
            await settle()
            await ref.stop(drain=0.0)
        assert len(failures) == 2


async def test_tell_nowait_never_waits() -> None:
    gate = anyio.Event()

    async def slow(signal: Signal, context: Context) -> None:
        await gate.wait()

    async with Runtime() as runtime:
        ref = await runtime.spawn(slow, mailbox=1)
        ref.tell_nowait(PING)
        await settle()
        ref.tell_nowait(PING)
        assert ref.queued == 1
        with pytest.raises(MailboxFullError):
            ref.tell_nowait(PING)
        gate.set()


async def test_an_agent_that_fills_its_own_mailbox_is_told_instead_of_waiting_for_itself() -> None:
    raised = []

    async def selfish(signal: Signal, context: Context) -> None:
        await context.tell(context.ref, signal)
        try:
            await context.tell(context.ref, signal)
        except MailboxFullError as err:
            raised.append(err)
            await context.ref.stop(drain=0.0)

    async with Runtime() as runtime:
        ref = await runtime.spawn(selfish, mailbox=1)
        await ref.ask(PING)
    assert len(raised) == 1


async def test_waiting_for_room_ends_with_the_request_being_handled() -> None:
    clock = VirtualClock()

    async def sender(signal: Signal, context: Context) -> None:
        for _ in range(3):
            await context.tell(target, Signal("work", "/test"))

    async with Runtime(clock=clock, drain=0.0) as runtime:
        target = await runtime.spawn(wait_forever, mailbox=1)
        ref = await runtime.spawn(sender)
        raised: list[Exception] = []

        async def ask() -> None:
            try:
                await ref.ask(PING, timeout=1.0)
            except (MailboxFullError, AskTimeoutError) as err:
                raised.append(err)

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await settle()
            assert runtime.statistics().blocked == 1
            await clock.advance(1.0)
        assert len(raised) == 1
        assert runtime.statistics().blocked == 0


async def test_dropping_policies_tell_an_asker_and_bury_what_was_told() -> None:
    async with Runtime(drain=0.0) as runtime:
        for policy in ("drop_oldest", "drop_newest"):
            ref = await runtime.spawn(wait_forever, name=policy, mailbox=MailboxOptions(1, policy))
            await ref.tell(PING.replace(data="running"))
            await settle()
            await ref.tell(PING.replace(data="first"))
            await ref.tell(PING.replace(data="second"))
            if policy == "drop_newest":
                with pytest.raises(MailboxFullError):
                    await ref.ask(PING)
        dropped = [(letter.agent, letter.signal.data) for letter in runtime.dead_letters]
        assert dropped == [("drop_oldest", "first"), ("drop_newest", "second")]


async def test_what_a_handler_sends_is_caused_by_what_it_handles() -> None:
    seen: dict[str, Signal] = {}

    async def leaf(signal: Signal, context: Context) -> None:
        seen["leaf"] = signal

    async def handle(signal: Signal, context: Context) -> None:
        seen["request"] = signal
        assert CURRENT_SIGNAL.get() is signal
        async with anyio.create_task_group() as group:
            group.start_soon(functools.partial(context.tell, other, Signal("leaf", "/test")))

    async with Runtime() as runtime:
        other = await runtime.spawn(leaf)
        ref = await runtime.spawn(handle)
        reply = await ref.ask(Signal("root", "/test"))
    assert CURRENT_SIGNAL.get() is None
    assert seen["leaf"].causationid == seen["request"].id
    assert seen["leaf"].correlationid == seen["request"].id == reply.correlationid
    spans = [signal.traceparent for signal in (seen["request"], seen["leaf"], reply)]
    assert all(span is not None for span in spans)
    assert len(set(spans)) == 3
    assert len({str(span)[:35] for span in spans}) == 1


async def test_a_handler_may_return_the_reply_signal_itself() -> None:
    async def custom(signal: Signal, context: Context) -> Signal:
        return signal.reply("hello", type="greeting") if signal.data else Signal("bare", "/custom", "bare")

    async with Runtime() as runtime:
        ref = await runtime.spawn(custom)
        asked = Signal("a", "/test", True)
        assert (await ref.ask(asked)).type == "greeting"
        bare = await ref.ask(asked.replace(data=False))
        assert (bare.type, bare.source, bare.causationid) == ("bare", "/custom", asked.id)


async def test_data_is_checked_at_the_entrance_and_replies_too() -> None:
    register_payload("test.asking.numbers", list[int])
    register_payload("test.asking.numbers.completed", int)

    async with Runtime() as runtime:
        ref = await runtime.spawn(lambda signal, context: sum(signal.data) if signal.data else "none")
        assert (await ref.ask(Signal("test.asking.numbers", "/test", ["1", 2]))).data == 3
        with pytest.raises(InvalidSignalError):
            await ref.ask(Signal("test.asking.numbers", "/test", "many"))
        with pytest.raises(InvalidSignalError):
            await ref.ask(Signal("test.asking.numbers", "/test", []))


async def test_several_at_once_on_request_one_at_a_time_by_default() -> None:
    async def most(concurrency: int) -> int:
        running = high = 0

        async def work(signal: Signal, context: Context) -> None:
            nonlocal running, high
            running += 1
            high = max(high, running)
            await anyio.lowlevel.checkpoint()
            running -= 1

        async with Runtime() as runtime:
            ref = await runtime.spawn(work, concurrency=concurrency)
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(ref.ask, PING)
        return high

    assert await most(1) == 1
    assert await most(3) == 3


async def test_awaiting_what_somebody_else_cancelled_is_a_failure_of_the_handler_not_of_the_runtime(
    anyio_backend: str,
) -> None:
    if anyio_backend != "asyncio":
        return  # trio has no such thing

    import asyncio

    async def handle(signal: Signal, context: Context) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    async with Runtime() as runtime:
        ref = await runtime.spawn(handle)
        for _ in range(2):
            with pytest.raises(HandlerError, match="cancelled"):
                await ref.ask(PING)
