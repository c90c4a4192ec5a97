"""What a dispatch costs on top of an ask, and what a thread, a process or a program costs on top of that."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.stdio_provider import StdioProvider
from reflector.dispatch.task import Task
from reflector.signals.memory_journal import MemoryJournal
from reflector.signals.signal import Signal
from reflector.testing.engine_suite import square

COUNT = 3000
ROUNDS = 3


async def square_here(task: Task, context: Any) -> int:
    return int(task.payload) ** 2


async def square_asked(signal: Signal, context: Any) -> int:
    return int(signal.data) ** 2


async def measure(work: Callable[[], Awaitable[object]], count: int = COUNT) -> float:
    """Return the processor's microseconds for one call, best of the rounds; other processes do not count."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        await work()
        best = min(best, (time.process_time() - start) / count * 1e6)
    return best


async def in_process() -> dict[str, float]:
    figures: dict[str, float] = {}
    async with Runtime() as runtime:
        ref = await runtime.spawn(square_asked, name="asked")
        await runtime.spawn(square_here, name="one", accepts=["one"])
        for number in range(10):
            card = ProviderCard(price_usd=number / 10)
            await runtime.spawn(square_here, name=f"ten-{number}", accepts=["ten"], card=card)
        await runtime.spawn(square_here, name="four", accepts=["four"], card=ProviderCard(running=4))

        async def ask() -> None:
            for number in range(COUNT):
                await ref.ask(Signal("bench.square", "/bench", number))

        async def run(kind: str) -> None:
            for number in range(COUNT):
                await execute(Task(kind=kind, payload=number))

        async def fan_out() -> None:
            async with anyio.create_task_group() as group:
                for number in range(COUNT):
                    group.start_soon(execute, Task(kind="four", payload=number))

        figures["ask"] = await measure(ask)
        figures["execute, 1 provider"] = await measure(lambda: run("one"))
        figures["execute, 10 providers"] = await measure(lambda: run("ten"))
        figures[f"execute, {COUNT:,} at once, 4 run"] = await measure(fan_out)
    async with Runtime(journal=MemoryJournal()) as runtime:
        await runtime.spawn(square_here, name="one", accepts=["one"])
        figures["execute, 1 provider, journal"] = await measure(lambda: run("one"))
    return figures


# --- where the work runs: what each place adds to a bare call -----------------------------------------------

_CHILD = """import json, sys
for line in sys.stdin:
    task = json.loads(line)
    sys.stdout.write(json.dumps({"id": task["id"], "value": task["payload"] ** 2}) + "\\n")
    sys.stdout.flush()
"""
_ONE_SHOT = "import json, sys\nprint(json.load(sys.stdin)['payload'] ** 2)"
PYTHON = [sys.executable, "-I", "-S", "-c"]
LINE = b'{"id":"task","task_type":"bench","payload":3}\n'


async def best(work: Callable[[], Awaitable[object]], count: int) -> tuple[float, float]:
    """Return the wall and the processor's microseconds of a call in this process, each the best of the rounds."""
    wall = cpu = float("inf")
    await work()
    for _ in range(2 * ROUNDS):
        began, spent = time.perf_counter(), time.process_time()
        for _ in range(count):
            await work()
        wall = min(wall, (time.perf_counter() - began) / count * 1e6)
        cpu = min(cpu, (time.process_time() - spent) / count * 1e6)
    return wall, cpu


async def bare_call() -> None:
    await square_here(Task(kind="bench", payload=3), None)


def bare_pipe(process: subprocess.Popen[bytes]) -> Callable[[], Awaitable[object]]:
    """Return a round trip to a child without any library."""
    assert process.stdin is not None
    assert process.stdout is not None
    source, sink = process.stdin.fileno(), process.stdout.fileno()

    async def call() -> None:
        os.write(source, LINE)
        os.read(sink, 65536)

    return call


async def bare_process() -> None:
    subprocess.run([*PYTHON, _ONE_SHOT], input=LINE, capture_output=True, check=True)  # noqa: ASYNC221


async def places() -> dict[str, tuple[float, float, str]]:
    """Return for each place the wall and the processor's time, and the floor it is compared with."""
    program = functools.partial(StdioProvider, [*PYTHON, _CHILD])
    ours = functools.partial(StdioProvider, [sys.executable, "-c", _SERVED])
    document = functools.partial(StdioProvider, [*PYTHON, _ONE_SHOT], mode="document")
    rows: dict[str, tuple[float, float, str]] = {}

    async with Runtime() as runtime:
        for name, handler, engine in (
            ("inline", square_here, "inline"),
            ("thread", square, "thread"),
            ("process, warm", square, "process"),
            ("stdio session", program, "inline"),
            ("stdio session, rf.serve_stdio", ours, "inline"),
            ("stdio one-shot", document, "inline"),
        ):
            card = ProviderCard(running=16, engine=engine)  # type: ignore[arg-type]  # one of the three
            await runtime.spawn(handler, name=name, accepts=[f"bench{len(rows)}"], card=card)
            task = Task(kind=f"bench{len(rows)}", payload=3)
            few = name == "stdio one-shot"
            floor = "bare process" if few else "bare pipe" if "stdio" in name else "bare call"
            rows[name] = (*await best(lambda task=task: execute(task), 20 if few else 500), floor)  # type: ignore[misc]

            if name == "stdio session":

                async def at_once(task: Task = task) -> None:
                    async with anyio.create_task_group() as group:
                        for _ in range(500):
                            group.start_soon(execute, task)

                wall, cpu = await best(at_once, 1)
                rows["stdio session, 16 in flight"] = (wall / 500, cpu / 500, floor)
    with subprocess.Popen([*PYTHON, _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: ASYNC220
        rows["bare pipe"] = (*await best(bare_pipe(process), 500), "")
    rows["bare call"] = (*await best(bare_call, 500), "")
    rows["bare process"] = (*await best(bare_process, 20), "")
    return rows


_SERVED = "import reflector as rf\nrf.serve_stdio(lambda task: task['payload'] ** 2)"


def main() -> None:
    for backend in ("asyncio", "trio"):
        figures = anyio.run(in_process, backend=backend)
        print(f"{'dispatch on ' + backend:36}{'CPU us':>10}{'x ask':>8}")
        for case, microseconds in figures.items():
            print(f"{case:36}{microseconds:10.1f}{microseconds / figures['ask']:8.1f}")
        rows = anyio.run(places, backend=backend)
        print(f"\n{'where, on ' + backend:36}{'wall us':>10}{'CPU us':>10}{'overhead ms':>13}  over")
        for case, (wall, cpu, floor) in rows.items():
            over = f"{(wall - rows[floor][0]) / 1000:13.3f}  {floor}" if floor else ""
            print(f"{case:36}{wall:10.1f}{cpu:10.1f}{over}")
        print()


if __name__ == "__main__":
    main()
