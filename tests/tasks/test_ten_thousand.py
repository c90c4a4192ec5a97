"""Ten thousand tasks, providers that fail, one that dies half-way: one result each, and every cent counted."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Iterator

import anyio.lowlevel
import pytest

from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import market_ledger
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Estimate, Task, TaskOutput
from reflector.tasks.executing import execute_all
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import RolloutTask
from reflector.usage import Usage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PRICE = 1 / 1024
"""USD for a token: sums of it are exact."""


class Worker:
    """A provider that fails one time in ten, and counts what it did."""

    def __init__(self, name: str, seed: int) -> None:
        self.name = name
        self.tokens: Counter[str] = Counter()
        self.done = self.failed = 0
        self._chance = random.Random(seed)

    async def work(self, task: Task, context: Context) -> TaskOutput:
        number = task.payload.example
        if self._chance.random() < 0.1:
            self.failed += 1
            raise ConnectionError(f"{self.name} is not there")
        await anyio.lowlevel.checkpoint()
        self.done += 1
        self.tokens["in"] += number % 7
        self.tokens["out"] += number % 5
        return TaskOutput(
            value=number, usage=Usage(input_tokens=number % 7, output_tokens=number % 5, calls=1)
        )


def groups(count: int) -> Iterator[TaskGroup]:
    estimate = Estimate(input_tokens=3, output_tokens=2)
    for number in range(count):
        payload = RolloutTask(components={}, example=number)
        yield TaskGroup(id=str(number), payload=payload, priority=number % 3, estimate=estimate)


async def test_ten_thousand_tasks_with_failures_and_a_death(anyio_backend: str) -> None:
    count = 10_000 if anyio_backend == "asyncio" else 2_000
    workers = [Worker(name, seed) for seed, name in enumerate(("cheap", "middle", "dear"))]
    ledger = Ledger()
    seen: Counter[str] = Counter()
    status: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    alive: list[int] = []
    async with Runtime() as runtime:
        refs = [
            await runtime.spawn(
                worker.work,
                name=worker.name,
                accepts=["rollout"],
                card=ProviderCard(running=8, queued=0, cost_in=PRICE, cost_out=PRICE * (1 + at), account=f"of {at}"),
            )
            for at, worker in enumerate(workers)
        ]  # fmt: skip
        async for result in execute_all(groups(count), ledger=ledger):
            seen[result.id] += 1
            status[result.status] += 1
            if result.status == "completed":
                assert result.value == int(result.id)
                cost[result.provider] += result.cost_usd  # type: ignore[assignment]
            if len(seen) == count // 2:
                await refs[0].stop(drain=0.0)
            if len(seen) in (count // 5, count - 300):
                gc.collect()
                alive.append(len(gc.get_objects()))
        market = market_ledger()
    assert set(seen) == {str(number) for number in range(count)}
    assert set(seen.values()) == {1}
    assert status["failed"] < count * 0.03  # all of two or three have to fail
    assert workers[0].done < count * 0.5 < workers[1].done + workers[2].done
    for book in (ledger, market):
        lines = {line.model: line for line in book.lines()}
        for at, worker in enumerate(workers):
            line = lines[worker.name]
            assert line.provider == f"of {at}"
            assert line.usage.input_tokens == worker.tokens["in"]
            assert line.usage.output_tokens == worker.tokens["out"]
            assert line.usage.cost_usd == cost[worker.name]
            assert cost[worker.name] == PRICE * worker.tokens["in"] + PRICE * (1 + at) * worker.tokens["out"]
            assert sum(line.failures.values()) >= worker.failed
        assert book.usage.cost_usd == sum(cost.values())
    assert alive[1] < alive[0] * 1.05
