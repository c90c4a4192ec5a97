"""Functions around every delivery."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from reflector.agents.context import Context
from reflector.agents.middleware import Forward
from reflector.agents.runtime import Runtime
from reflector.errors import AskTimeoutError, LLMTimeoutError, MiddlewareError
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

REQUEST = Signal("demo.requested", "/test", 1)


async def echo(signal: Signal, context: Context) -> Any:
    return signal.data


async def test_it_goes_around_asks_tells_requests_and_what_is_published_first_one_outermost() -> None:
    steps: list[str] = []

    def named(name: str) -> Any:
        async def middleware(signal: Signal, forward: Forward) -> Any:
            steps.append(f"{name} > {signal.type}")
            result = await forward(signal)
            steps.append(f"{name} < {result.type if isinstance(result, Signal) else result}")
            return result

        return middleware

    async with Runtime(middleware=[named("outer")]) as runtime:
        runtime.use(named("inner"))
        ref = await runtime.spawn(echo, handles="demo.requested")
        await runtime.request(REQUEST)
        assert steps == [
            "outer > demo.requested",
            "inner > demo.requested",
            "inner < demo.completed",
            "outer < demo.completed",
        ]
        steps.clear()
        await ref.tell(Signal("told", "/test"))
        runtime.subscribe("fact", print)
        assert await runtime.publish(Signal("fact.other", "/test")) == 0
        assert steps[2:4] == ["inner < None", "outer < None"]
        assert steps[6:] == ["inner < 0", "outer < 0"]


async def test_it_may_change_a_signal_or_answer_itself() -> None:
    async def change(signal: Signal, forward: Forward) -> Any:
        if signal.data == "mine":
            return signal.reply("answered by middleware")
        return await forward(signal.replace(data=signal.data + 1))

    async with Runtime(middleware=[change]) as runtime:
        await runtime.spawn(echo, handles="demo.requested")
        assert (await runtime.request(REQUEST)).data == 2
        assert (await runtime.request(REQUEST.replace(data="mine"))).data == "answered by middleware"


async def test_a_swallowed_request_is_a_typed_error_at_once_and_seen_as_failed() -> None:
    seen: list[str] = []

    async def swallow(signal: Signal, forward: Forward) -> None:
        return None

    async with Runtime(middleware=[swallow]) as runtime:
        await runtime.spawn(echo, handles="demo.requested")
        runtime.subscribe("**", lambda signal: seen.append(signal.type))
        with anyio.fail_after(1), pytest.raises(MiddlewareError, match="swallowed"):
            await runtime.request(REQUEST)
        assert await runtime.publish(Signal("fact", "/test")) == 0
    assert seen == ["demo.failed"]


async def test_its_own_errors_are_typed_and_those_of_handlers_pass() -> None:
    async def fail(signal: Signal, context: Context) -> None:
        raise LLMTimeoutError("slow")

    async def broken(signal: Signal, forward: Forward) -> Any:
        if signal.type == "broken":
            raise KeyError("x")
        return await forward(signal)

    async with Runtime(middleware=[broken]) as runtime:
        await runtime.spawn(fail, handles="**")
        with pytest.raises(LLMTimeoutError):
            await runtime.request(REQUEST)
        with pytest.raises(MiddlewareError, match="KeyError") as caught:
            await runtime.request(Signal("broken", "/test"))
        assert isinstance(caught.value.__cause__, KeyError)


async def test_its_own_time_is_limited_but_not_the_time_of_what_it_forwards_to() -> None:
    async def slow_handler(signal: Signal, context: Context) -> str:
        await anyio.sleep(0.03)
        return "slow"

    async def patient(signal: Signal, forward: Forward) -> Any:
        reply = await forward(signal)
        if signal.data == "hang":
            await anyio.sleep_forever()
        return reply

    async with Runtime(middleware=[patient], middleware_timeout=0.01) as runtime:
        await runtime.spawn(slow_handler, handles="demo.requested")
        assert (await runtime.request(REQUEST)).data == "slow"
        with pytest.raises(MiddlewareError, match="longer than"):
            await runtime.request(REQUEST.replace(data="hang"))


async def test_the_deadline_of_a_request_holds_through_it() -> None:
    async def wait(signal: Signal, context: Context) -> None:
        await anyio.sleep_forever()

    async def replacing(signal: Signal, forward: Forward) -> Any:
        return await forward(Signal(signal.type, "/middleware", signal.data))

    async with Runtime(middleware=[replacing], drain=0.0) as runtime:
        await runtime.spawn(wait, handles="demo.requested")
        with anyio.fail_after(2), pytest.raises(AskTimeoutError):
            await runtime.request(REQUEST, timeout=0.01)
