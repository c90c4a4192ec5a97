"""Async functions for synchronous callers."""

from __future__ import annotations

import asyncio
import os
import signal as signals
import subprocess
import sys
import threading
from contextvars import ContextVar

import anyio
import anyio.lowlevel
import pytest

from reflector.agents.ambient import current_runtime
from reflector.agents.portal import run_sync
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
            return run_sync(double, 1) + run_sync(double, 2)

    assert asyncio.run(notebook()) == 6


def test_the_callers_context_is_seen_but_not_its_runtime() -> None:
    async def look() -> tuple[str, object]:
        return VARIABLE.get(), current_runtime()

    async def main() -> tuple[str, object]:
        async with Runtime():
            VARIABLE.set("set")
            return run_sync(look)

    assert anyio.run(main) == ("set", None)


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
        print("cancelled")

assert run_sync(answer) == 42
child = os.fork()
if not child:
    os._exit(0 if run_sync(answer) == 42 else 1)
assert os.waitpid(child, 0)[1] == 0
try:
    run_sync(wait)
except KeyboardInterrupt:
    print("interrupted")
print(run_sync(answer))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.split()) == ["42", "cancelled", "interrupted"]
    assert signals.SIGINT
