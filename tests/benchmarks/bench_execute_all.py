"""What `execute_all` costs for a task beside `execute`, and ten thousand tasks whose providers fail and die."""

from __future__ import annotations

import functools
import os
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel

from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.stdio_provider import StdioProvider
from reflector.dispatch.task import Estimate, Task, TaskOutput
from reflector.tasks.executing import execute_all
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import RolloutTask
from reflector.usage import Usage

COUNT = 2000
ROUNDS = 3
TASKS = 10_000
PRICE = 1 / 1024

WORKER = """
import json, os, sys
for count, line in enumerate(sys.stdin):
    if count == 400: os._exit(1)
    task = json.loads(line)
    n = task["payload"]["example"]
    print(json.dumps({"id": task["id"], "value": n, "usage": {"input_tokens": n % 7, "calls": 1}}), flush=True)
"""
"""Dies again and again; what it had begun is given to the next process, as often as the limits allow."""


def groups(count: int) -> Iterator[TaskGroup]:
    estimate = Estimate(input_tokens=3)
    for number in range(count):
        payload = RolloutTask(components={}, example=number)
        yield TaskGroup(id=str(number), payload=payload, estimate=estimate)


async def give_back(task: Task, context: Any) -> Any:
    return task.payload.example


async def measure(work: Callable[[], Awaitable[object]]) -> float:
    """Return the processor's microseconds for one task, best of the rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        await work()
        best = min(best, (time.process_time() - start) / COUNT * 1e6)
    return best


async def overhead() -> None:
    async with Runtime() as runtime:
        await runtime.spawn(give_back, name="one", accepts=["rollout"], card=ProviderCard(running=8))

        async def make() -> None:
            for group in groups(COUNT):
                group.to_task()

        async def one_by_one() -> None:
            for group in groups(COUNT):
                await execute(group.to_task())

        async def together() -> None:
            slots = anyio.Semaphore(8)

            async def one(group: TaskGroup) -> None:
                async with slots:
                    await execute(group.to_task())

            async with anyio.create_task_group() as tasks:
                for group in groups(COUNT):
                    tasks.start_soon(one, group)

        async def all_of_them() -> None:
            async for _ in execute_all(groups(COUNT)):
                pass

        floor = await measure(one_by_one)
        rows = [
            ("making the groups and their tasks", await measure(make)),
            ("execute, one after the other", floor),
            ("execute, eight at once, all tasks started", await measure(together)),
            ("execute_all", await measure(all_of_them)),
        ]
    print(f"{'processor time for a task':44} {'us':>8} {'ratio':>7}")
    for name, us in rows:
        print(f"{name:44} {us:8.0f} {us / floor:7.2f}")


class Flaky:
    """A provider that fails one time in ten, and counts what it did."""

    def __init__(self, seed: int) -> None:
        self.tokens = 0
        self._chance = random.Random(seed)

    async def work(self, task: Task, context: Any) -> TaskOutput:
        if self._chance.random() < 0.1:
            raise ConnectionError("not there")
        await anyio.lowlevel.checkpoint()
        number = task.payload.example
        self.tokens += number % 7
        return TaskOutput(value=number, usage=Usage(input_tokens=number % 7, calls=1))


async def ten_thousand() -> None:
    flaky = {name: Flaky(seed) for seed, name in enumerate(("cheap", "middle"))}
    seen: Counter[str] = Counter()
    status: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    ledger, memory = Ledger(names=("kind", "provider", "account")), []
    tracemalloc.start()
    async with Runtime() as runtime:
        for at, (name, each) in enumerate(flaky.items()):
            card = ProviderCard(running=8, queued=0, cost_in=PRICE * (1 + at))
            await runtime.spawn(each.work, name=name, accepts=["rollout"], card=card)
        program = functools.partial(StdioProvider, [sys.executable, "-c", WORKER])
        card = ProviderCard(running=8, queued=0, cost_in=PRICE * 3)
        await runtime.spawn(program, name="program", accepts=["rollout"], card=card)
        start = time.process_time()
        async for result in execute_all(groups(TASKS), ledger=ledger):
            seen[result.id] += 1
            status[result.status] += 1
            tokens[result.provider] += result.usage.input_tokens or 0
            if len(seen) == TASKS // 2 and (cheap := runtime.find("cheap")):
                await cheap.stop(drain=0.0)
            if len(seen) % 2000 == 0:
                memory.append(tracemalloc.get_traced_memory()[0])
        took = time.process_time() - start
    tracemalloc.stop()
    assert len(seen) == TASKS
    assert set(seen.values()) == {1}
    print(f"\n{TASKS:,} tasks in {took:.1f} s of processor time (traced): {dict(status)}, each once")
    print("memory in MB after each 2,000:", *(f"{size / 1e6:.1f}" for size in memory))
    counted = {name: each.tokens for name, each in flaky.items()}
    for line in ledger.lines():
        said = counted.get(line.model, tokens[line.model])
        print(
            f"{line.model:8} counted {said:6} tokens, ledger {line.usage.input_tokens:6}; failed: {line.failures}"
        )
        assert said == line.usage.input_tokens == tokens[line.model]


if __name__ == "__main__":
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}\n")
    anyio.run(overhead)
    anyio.run(ten_thousand)
