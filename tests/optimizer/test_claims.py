"""A budget holds however often a run is killed: what was under way then counts as spent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import toy

import reflector as rf
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal

pytestmark = pytest.mark.anyio


class Provider:
    """Charges a cent for each request that reaches it; then it takes its time."""

    def __init__(self) -> None:
        self.cents = 0
        self.dies_at: int | None = None
        self.store = Path()
        self.left: list[Signal] = []
        """What stands on the disk when the process that asks is killed."""
        self.killed = anyio.CancelScope()

    async def complete(self, request: rf.ModelRequest) -> rf.ModelReply:
        if self.killed.cancel_called:
            await anyio.sleep_forever()
        self.cents += 1
        if self.cents == self.dies_at:
            with SqliteJournal(self.store, read_only=True) as journal:
                self.left = list(journal.replay())
            self.killed.cancel()
        for _ in range(len(request.messages[-1].content) % 5):
            await anyio.lowlevel.checkpoint()
        return rf.ModelReply(content="x", usage=rf.Usage(input_tokens=1, output_tokens=1))


async def optimize(provider: Provider, budget: rf.Budget, store: Path) -> rf.OptimizationResult | None:
    """Run until the end, or until the provider kills it."""
    options = rf.ModelOptions(price=rf.Price(input=0, output=10_000))
    model = rf.Model(provider, options=options)
    provider.store, provider.killed = store, anyio.CancelScope()

    async def rollout(candidate: Any, example: dict[str, Any]) -> Any:
        for turn in range(2):
            request = rf.ModelRequest.from_text(example["input"] + "!" * turn)
            await model.complete(request.replace(max_tokens=1))
        return await toy.rollout(candidate, example)

    with provider.killed:
        return await rf.optimize(
            toy.SEED,
            toy.ROWS,
            rollout=rollout,
            score=lambda example, missing: toy.score(example, [*missing, 0]),  # never perfect
            reflector=rf.Reflector(toy.model),
            budget=budget,
            config=rf.OptimizerConfig(concurrency=6, seed=3, store=store),
        )
    return None


@pytest.mark.slow
@pytest.mark.parametrize("budget", [rf.Budget(cost_usd=1.5), rf.Budget(calls=155)])
async def test_a_budget_holds_in_a_run_that_is_killed_twice(tmp_path: Path, budget: rf.Budget) -> None:
    provider = Provider()
    store = tmp_path / "0.db"
    for kill in (1, 2):
        provider.dies_at = 50 * kill
        assert await optimize(provider, budget, store) is None
        store = tmp_path / f"{kill}.db"
        with SqliteJournal(store) as journal:
            await journal.write(*provider.left)
    result = await optimize(provider, budget, store)
    assert result is not None
    assert result.stop_reason == "budget"
    if budget.cost_usd is not None:
        assert 140 <= provider.cents <= 150
    else:
        assert 140 <= provider.cents + result.reflections <= 155


async def test_calls_that_a_stop_breaks_off_are_counted_by_who_goes_on(tmp_path: Path) -> None:
    started = anyio.Event()

    async def hang(messages: list[dict[str, str]]) -> str:
        started.set()
        await anyio.sleep_forever()
        raise AssertionError

    def optimizer(budget: rf.Budget) -> rf.Optimizer:
        model = rf.Model(hang, options=rf.ModelOptions(price=rf.Price(input=0, output=10_000)))

        async def rollout(candidate: Any, example: Any) -> str:
            reply = await model.complete(rf.ModelRequest.from_text("?").replace(max_tokens=5))
            return reply.content

        return rf.Optimizer(
            toy.SEED,
            toy.ROWS,
            rollout=rollout,
            score=toy.score,
            reflector=rf.Reflector(toy.model),
            budget=budget,
            config=rf.OptimizerConfig(concurrency=1, store=tmp_path / "run.db"),
        )

    async with (
        rf.Runtime(drain=0.0),
        optimizer(rf.Budget(cost_usd=1.0)) as first,
        anyio.create_task_group() as group,
    ):
        group.start_soon(first.run)
        await started.wait()
        group.cancel_scope.cancel()
    async with optimizer(rf.Budget(cost_usd=1.0)) as second:
        assert second.ledger.cost_left == pytest.approx(0.95)
