"""What a dispatch costs on top of an ask, and what another process costs on top of that."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.provider import ProviderCard
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


async def across_processes() -> float:
    """Return the wall microseconds of one warm call."""
    engine = ProcessEngine(1)
    try:
        await engine.run(square, Task(kind="bench", payload=1), None)
        start = time.perf_counter()
        for number in range(500):
            await engine.run(square, Task(kind="bench", payload=number), None)
        return (time.perf_counter() - start) / 500 * 1e6
    finally:
        await engine.close()


def main() -> None:
    for backend in ("asyncio", "trio"):
        figures = anyio.run(in_process, backend=backend)
        print(f"{'dispatch on ' + backend:36}{'CPU us':>10}{'x ask':>8}")
        for case, microseconds in figures.items():
            print(f"{case:36}{microseconds:10.1f}{microseconds / figures['ask']:8.1f}")
        across = anyio.run(across_processes, backend=backend)
        print(f"{'process engine, warm (wall)':36}{across:10.1f}{across / figures['ask']:8.1f}")


if __name__ == "__main__":
    main()
