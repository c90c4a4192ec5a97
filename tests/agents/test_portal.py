"""Async functions for synchronous callers."""

from __future__ import annotations

import asyncio
import os
import signal as signals
import subprocess
import sys
import threading
from contextvars import ContextVar, copy_context

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from reflector.agents.ambient import ambient_runtime
from reflector.agents.portal import _SharedLoop, run_sync
from reflector.agents.runtime import Runtime
from reflector.errors import AgentError
from reflector.signals.signal import Signal

VARIABLE: ContextVar[str] = ContextVar("variable", default="unset")


async def double(number: int) -> int:
    await anyio.lowlevel.checkpoint()
    return number * 2


def test_it_returns_what_the_function_returns_and_raises_what_it_raises() -> None:
    async def fail() -> None:
        raise KeyError("x")

    assert run_sync(double, 4) == 8
    with pytest.raises(KeyError):
        run_sync(fail)


def test_it_works_inside_a_running_loop_as_in_a_notebook() -> None:
    async def notebook() -> int:
        async with Runtime():
            pass
        return run_sync(double, 1) + run_sync(double, 2)

    assert asyncio.run(notebook()) == 6


def test_the_callers_context_is_seen() -> None:
    async def look() -> str:
        return VARIABLE.get()

    async def main() -> str:
        VARIABLE.set("set")
        return run_sync(look)

    assert anyio.run(main) == "set"


@pytest.mark.anyio
async def test_in_a_worker_thread_of_a_runtime_it_joins_that_runtime() -> None:
    async def look() -> object:
        async with ambient_runtime() as runtime:
            return runtime, VARIABLE.get()

    async def fail() -> None:
        raise KeyError("x")

    async with Runtime() as runtime:
        VARIABLE.set("set")
        assert await anyio.to_thread.run_sync(run_sync, look) == (runtime, "set")
        with pytest.raises(KeyError):
            await anyio.to_thread.run_sync(run_sync, fail)


@pytest.mark.anyio
async def test_a_synchronous_handler_in_a_thread_may_ask_another_agent() -> None:
    async def inner(signal: Signal, context: object) -> object:
        return signal.data

    async def outer(signal: Signal, context: object) -> object:
        ask = Signal("inner.requested", "/test", signal.data)
        reply = await anyio.to_thread.run_sync(run_sync, lambda: runtime.request(ask))
        return reply.data

    async with Runtime() as runtime:
        await runtime.spawn(inner, handles="inner.requested")
        await runtime.spawn(outer, handles="outer.requested")
        assert (await runtime.request(Signal("outer.requested", "/test", 7))).data == 7


@pytest.mark.anyio
async def test_a_call_that_would_go_around_an_open_runtime_is_an_error() -> None:
    errors: list[AgentError] = []

    def call() -> None:
        try:
            run_sync(double, 1)
        except AgentError as error:
            errors.append(error)

    async with Runtime():
        with pytest.raises(AgentError, match="await its async twin"):
            run_sync(double, 1)
        thread = threading.Thread(target=copy_context().run, args=(call,))
        thread.start()
        thread.join()
    assert "anyio.to_thread.run_sync" in str(errors[0])
    assert run_sync(double, 1) == 2


class Unusual(BaseException):
    pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, Unusual])
@pytest.mark.parametrize("is_in_agent", [False, True])
def test_an_error_that_ends_an_event_loop_reaches_the_caller_and_the_next_call_works(
    error: type[BaseException], is_in_agent: bool
) -> None:
    async def fail(*_: object) -> None:
        raise error("now")

    async def ask() -> object:
        async with Runtime() as runtime:
            await runtime.spawn(fail, handles="demo.requested")
            return await runtime.request(Signal("demo.requested", "/test"))

    for _ in range(3):
        with pytest.raises(error):
            run_sync(ask if is_in_agent else fail)
        assert run_sync(double, 4) == 8


def test_calls_beside_one_that_ends_the_event_loop_get_a_typed_error() -> None:
    waiting = threading.Event()
    errors: list[AgentError] = []

    async def wait() -> None:
        waiting.set()
        await anyio.sleep_forever()

    async def end() -> None:
        async def interrupt() -> None:
            raise SystemExit(3)

        await asyncio.create_task(interrupt())

    def call() -> None:
        try:
            run_sync(wait)
        except AgentError as error:
            errors.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert waiting.wait(10)
    with pytest.raises((SystemExit, AgentError)):
        run_sync(end)
    thread.join(10)
    assert len(errors) == 1
    assert run_sync(double, 4) == 8


def test_an_event_loop_that_cannot_start_is_an_error_and_not_a_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("too many open files")

    loops = _SharedLoop()
    with monkeypatch.context() as patch:
        patch.setattr(anyio, "run", refuse)
        broken = loops.open()
        with pytest.raises(AgentError, match="too many open files"):
            broken.start(double, 1)
    broken.thread.join(10)
    assert loops.open() is not broken
    loops.close()


def test_a_loop_that_has_ended_is_replaced() -> None:
    loops = _SharedLoop()
    first = loops.open()
    first.close()
    with pytest.raises(RuntimeError):
        first.start(double, 1)
    second = loops.open()
    assert second is not first
    assert second.start(double, 2).result(10).value == 4
    assert loops.open() is second
    loops.close()


def test_a_sync_call_inside_a_sync_call_is_an_error_instead_of_a_wait_for_itself() -> None:
    async def inner() -> int:
        return run_sync(double, 1)

    with pytest.raises(AgentError, match="await"):
        run_sync(inner)


def test_several_threads_share_it() -> None:
    results: list[int] = []
    threads = [threading.Thread(target=lambda n=n: results.append(run_sync(double, n))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [n * 2 for n in range(8)]


def test_a_runtime_inside() -> None:
    async def ask() -> object:
        async with Runtime() as runtime:
            ref = await runtime.spawn(lambda signal, context: signal.data)
            return (await ref.ask(Signal("a", "/test", 1))).data

    assert run_sync(ask) == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_it_starts_anew_in_a_forked_process_ends_with_it_and_ctrl_c_interrupts_it() -> None:
    script = """
import os, signal, sys, threading, anyio
from reflector.agents.portal import run_sync

async def answer():
    return 42

async def wait():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        await anyio.sleep_forever()
    finally:
        os.write(1, b"cancelled\\n")

assert run_sync(answer) == 42
child = os.fork()
if not child:
    os._exit(0 if run_sync(answer) == 42 else 1)
assert os.waitpid(child, 0)[1] == 0
try:
    run_sync(wait)
except KeyboardInterrupt:
    os.write(1, b"interrupted\\n")  # two threads write: whole lines at a time
os.write(1, b"%d\\n" % run_sync(answer))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["42", "cancelled", "interrupted"]
    assert signals.SIGINT
