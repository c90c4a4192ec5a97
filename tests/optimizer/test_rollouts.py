"""Rollouts in batches: what is set aside, what is charged, and what one row that hangs or breaks does to the others."""

from __future__ import annotations

import math
from typing import Any

import anyio
import pytest

import reflector as rf
from reflector._clock import VirtualClock
from reflector.dispatch.task import Task
from reflector.errors import BudgetExceededError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.crew import Crew
from reflector.optimizer.desk import Desk
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.running import Runner
from reflector.optimizer.work import RunRows

pytestmark = pytest.mark.anyio

CANDIDATE = Candidate({"prompt": "Answer."})


async def run(
    function: Any, rows: int, ledger: rf.Ledger, *, seconds: float = 60.0, start: int = 0
) -> Evaluations:
    runner = Runner(function, None, ledger, failure_score=0.0, threads=1, timeout=seconds)
    runner.candidates[CANDIDATE.key] = CANDIDATE
    numbers = list(range(start, rows))
    payload = {"candidate": CANDIDATE.key, "components": {}, "rows": numbers, "examples": numbers}
    return await runner(Task(kind="rollout", payload=payload), None)  # type: ignore[arg-type]


async def test_each_row_of_a_batch_counts_as_one_rollout_and_keeps_its_own_usage() -> None:
    ledger = rf.Ledger(rf.Budget(rollouts=6, cost_usd=1.0))

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        if row == 4:
            raise RuntimeError("the tool is down")
        return rf.Rollout(row, score=1.0, usage=rf.Usage(cost_usd=0.1) if row == 2 else None)

    found = await run(rollout, 6, ledger)
    assert [each.output for each in found.values()] == [0, 1, 2, 3, None, 5]
    assert [each.usage.cost_usd for each in found.values()] == [None, None, 0.1, None, None, None]
    assert found[4].error == "RuntimeError: the tool is down"
    assert ledger.rollouts == 6
    assert ledger.usage.cost_usd == 0.1


@pytest.mark.parametrize("usage", [rf.Usage(cost_usd=math.nan), rf.Usage(cost_usd=-5.0), {"cost_usd": 0.1}])
async def test_a_rollout_that_reports_what_cannot_be_fails_and_changes_no_budget(usage: Any) -> None:
    ledger = rf.Ledger(rf.Budget(cost_usd=1.0))

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        return rf.Rollout(row, score=1.0, usage=usage if row == 0 else None)

    found = await run(rollout, 2, ledger)
    assert [each.score for each in found.values()] == [0.0, 1.0]
    assert "the usage of a rollout is" in str(found[0].error)
    assert (ledger.cost_left, ledger.rollouts) == (1.0, 2)


async def test_once_a_rollout_has_cost_something_the_dearest_so_far_is_set_aside_before_each() -> None:
    ledger = rf.Ledger(rf.Budget(cost_usd=0.35))
    begun = []

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        begun.append(row)
        return rf.Rollout(row, score=1.0, usage=rf.Usage(cost_usd=0.1))

    found = await run(rollout, 10, ledger)
    assert [each.output for each in found.values()] == [0, 1, 2] == begun  # a fourth might have been too dear
    with pytest.raises(BudgetExceededError):
        await run(rollout, 10, ledger)
    assert len(begun) == 3


async def test_what_a_rollout_asks_of_our_models_is_its_own_and_not_its_neighbours() -> None:
    model = rf.Model(lambda messages: "yes", options=rf.ModelOptions(price=rf.Price(input=1, output=1)))
    ledger = rf.Ledger()

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        for _ in range(row):
            await model.complete(rf.ModelRequest.from_text("?"))
        return rf.Rollout(row, score=1.0)

    found = await run(rollout, 4, ledger)
    assert [each.usage.calls for each in found.values()] == [0, 1, 2, 3]
    assert ledger.usage.calls == 6


async def test_a_row_that_hangs_fails_alone_and_the_rows_after_it_are_left_to_others() -> None:
    ledger = rf.Ledger()

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        if row == 2:
            await anyio.sleep_forever()
        return rf.Rollout(row, score=1.0)

    found = Evaluations()
    while len(found) < 3:  # a machine that is busy may make two tasks of it
        found.update(await run(rollout, 5, ledger, seconds=0.05, start=len(found)))
    assert [each.error for each in found.values()] == [None, None, "no answer within 0.05 s"]
    assert ledger.rollouts == 3


async def test_what_a_rollout_had_used_when_its_time_was_up_is_kept() -> None:
    model = rf.Model(lambda messages: "yes", options=rf.ModelOptions(price=rf.Price(input=1, output=1)))
    ledger = rf.Ledger()

    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        await model.complete(rf.ModelRequest.from_text("?"))
        await anyio.sleep_forever()
        raise AssertionError

    runner = Runner(rollout, None, ledger, failure_score=0.0, threads=1, timeout=0.05)
    crew = Crew(runner, timeout=0.05)
    async with rf.Runtime() as runtime:
        await crew.join(runtime, 1)
        (late,) = (await crew.roll_out(CANDIDATE, [0], [0])).values()
    assert late.error == "no answer within 0.05 s"
    assert late.usage.calls == ledger.usage.calls == 1
    assert late.usage.cost_usd == ledger.usage.cost_usd


async def test_rollouts_that_take_no_time_on_a_coarse_clock_travel_together() -> None:
    async def rollout(candidate: Any, row: int) -> rf.Rollout:
        return rf.Rollout(row, score=1.0)

    runner = Runner(rollout, None, rf.Ledger(), failure_score=0.0, threads=1, timeout=60.0)
    crew = Crew(runner, timeout=60.0)
    async with rf.Runtime(clock=VirtualClock()) as runtime:
        await crew.join(runtime, 1)
        assert runner.batch() == 1
        await crew.roll_out(CANDIDATE, [0], [0])
        assert runner.batch() > 100
        await crew.leave()


async def test_a_desk_hands_out_each_row_once_and_takes_back_what_was_not_done() -> None:
    desk = Desk()
    desk.open(RunRows(0, "seed", CANDIDATE, "val", (5, 6, 7)))
    desk.open(RunRows(1, "parent", CANDIDATE, "train", (0, 1)))
    first = await desk.next(lambda: 2)
    assert first is not None
    opened, rows = first
    assert rows == [5, 6]
    desk.give_back(opened, [6])
    assert not desk.put(opened, [5])
    assert [(await desk.next())[1] for _ in range(2)] == [[6, 7], [0, 1]]  # type: ignore[index]
    assert desk.put(opened, [6, 7])
    assert desk.find(0) is None


async def test_who_waits_at_a_desk_is_woken_by_who_takes_and_by_its_end() -> None:
    desk, taken = Desk(), []

    async def work() -> None:
        while (found := await desk.next(lambda: 1)) is not None:
            taken.append(found[1])

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        desk.open(RunRows(0, "seed", CANDIDATE, "val", (1, 2, 3, 4)))
        desk.wake()
        await anyio.wait_all_tasks_blocked()
        desk.close()
    assert sorted(taken) == [[1], [2], [3], [4]]
