"""The optimizer end to end, over functions in place of models."""

from __future__ import annotations

import gc
import math
import weakref
from collections import Counter
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import toy

import reflector as rf
from reflector._clock import VirtualClock
from reflector.errors import (
    ConfigurationError,
    LLMAuthenticationError,
    RunBrokenError,
    RunLogError,
    RunMismatchError,
)
from reflector.optimizer.runlog import RunLog
from reflector.signals.sqlite_journal import SqliteJournal

pytestmark = pytest.mark.anyio


async def optimize(**options: Any) -> rf.OptimizationResult:
    config = {"seed": 3, "concurrency": 6} | options.pop("config", {})
    given = {
        "rollout": toy.rollout, "score": toy.score, "reflector": rf.Reflector(toy.model),
        "budget": rf.Budget(rollouts=300), "rows": toy.ROWS,
    } | options  # fmt: skip
    return await rf.optimize(toy.SEED, given.pop("rows"), config=rf.OptimizerConfig(**config), **given)


async def test_rules_are_found_and_the_result_says_what_it_took() -> None:
    result = await optimize()
    assert result.best_score > 0.9
    assert result.seed_score == 0.0
    assert result.test is not None
    assert result.test.difference > 0.5
    assert result.rollouts <= 300
    assert result.spend.calls == result.reflections > 0
    assert result.lineage[0].text == toy.SEED
    assert result.lineage[-1] == result.best
    assert set(result.frontier) <= set(range(len(result.candidates)))


async def test_the_same_seed_in_strict_order_gives_the_same_run() -> None:
    first = await optimize(config={"order": "strict"})
    second = await optimize(config={"order": "strict", "concurrency": 6})
    assert first.to_json().replace(first.run_id.encode(), b"") == second.to_json().replace(
        second.run_id.encode(), b""
    )


@pytest.mark.slow
@pytest.mark.parametrize("order", ["completion", "strict"])
async def test_a_run_cut_off_anywhere_goes_on_and_repeats_nothing_that_was_recorded(
    tmp_path: Path, order: str
) -> None:
    whole = tmp_path / "whole.db"
    finished = await optimize(config={"order": order, "store": whole})
    with SqliteJournal(whole, read_only=True) as journal:
        facts = list(journal.replay())
    for cut in range(1, len(facts), len(facts) // 7):
        part = tmp_path / f"part-{cut}.db"
        with SqliteJournal(part) as journal:
            await journal.write(*facts[:cut])
        resumed = await optimize(config={"order": order, "store": part})
        with SqliteJournal(part, read_only=True) as journal:
            ran = Counter(
                (fact.data["order"], row)
                for fact in journal.replay("reflector.run.evaluated")
                for row in fact.data["rows"]
            )
        assert max(ran.values()) == 1
        assert resumed.rollouts == ran.total() <= 300
        assert resumed.run_id == finished.run_id
        if order == "strict":
            assert resumed.best == finished.best
            assert resumed.best.text == finished.best.text


async def test_a_finished_run_is_read_from_its_log_without_running_anything(tmp_path: Path) -> None:
    first = await optimize(config={"store": tmp_path / "run.db"})

    async def never(candidate: Any, example: Any) -> Any:
        raise AssertionError("nothing is to be run")

    again = await optimize(config={"store": tmp_path / "run.db"}, rollout=never)
    assert again.to_json() == first.to_json().replace(b'"model"', b'"before"')


async def test_a_larger_budget_continues_a_run_that_had_used_up_its_own(tmp_path: Path) -> None:
    config = {"store": tmp_path / "run.db"}
    first = await optimize(config=config, budget=rf.Budget(rollouts=90))
    second = await optimize(config=config, budget=rf.Budget(rollouts=250))
    assert first.rollouts <= 90 < second.rollouts <= 250
    assert second.best_score >= first.best_score
    assert [each.number for each in second.history[: len(first.history)]] == [
        each.number for each in first.history
    ]


async def test_a_log_of_another_run_is_refused_and_says_what_differs(tmp_path: Path) -> None:
    await optimize(config={"store": tmp_path / "run.db"})
    with pytest.raises(RunMismatchError, match="another rows") as caught:
        await optimize(config={"store": tmp_path / "run.db"}, rows=toy.ROWS[:20])
    assert caught.value.differing == ("rows",)


async def test_a_rollout_that_always_raises_ends_the_run_with_the_last_reason() -> None:
    def broken(candidate: Any, example: Any) -> Any:
        raise RuntimeError("the tool server is down")

    with pytest.raises(RunBrokenError, match=r"10 rollouts failed in a row.*the tool server is down"):
        await optimize(rollout=broken)


async def test_a_run_that_failures_ended_ends_at_once_and_goes_on_when_they_are_over(tmp_path: Path) -> None:
    begun, clock = [], VirtualClock()

    async def broken(candidate: Any, example: Any) -> Any:
        begun.append(example)
        await clock.advance(1.0)  # so long that no two of them travel together
        raise RuntimeError("the tool server is down")

    config = {"store": tmp_path / "run.db"}
    for again in (1, 2):
        async with rf.Runtime(clock=clock):  # out of which the error itself comes, and no group
            with pytest.raises(RunBrokenError, match=r"10 rollouts failed.*the tool server is down"):
                await optimize(rollout=broken, config=config, rows=toy.ROWS * 5)
        assert 10 * again <= len(begun) <= 16 * again
    mended = await optimize(config=config, rows=toy.ROWS * 5)
    assert mended.best_score > 0.5
    assert await optimize(rollout=broken, config=config, rows=toy.ROWS * 5)  # over: nothing is run


async def test_an_error_that_nothing_can_survive_waits_for_no_rollout_that_hangs() -> None:
    is_hanging = anyio.Event()

    async def rollout(candidate: Any, example: Any) -> Any:
        if not is_hanging.is_set():
            is_hanging.set()
            await anyio.sleep_forever()
        raise LLMAuthenticationError("the key is refused")

    with anyio.fail_after(4), pytest.raises(LLMAuthenticationError):
        await optimize(rollout=rollout)


async def test_what_is_under_way_when_the_money_is_used_up_still_counts(tmp_path: Path) -> None:
    begun = []

    async def rollout(candidate: Any, example: Any) -> rf.Rollout:
        begun.append(example)
        if len(begun) == 1:
            while optimizer.machine.stop_reason is None:
                await anyio.lowlevel.checkpoint()
        return rf.Rollout([], usage=rf.Usage(cost_usd=0.1))

    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, rollout=rollout, score=toy.score, reflector=rf.Reflector(toy.model),
        budget=rf.Budget(cost_usd=0.35), config=rf.OptimizerConfig(concurrency=2, store=tmp_path / "run.db"),
    )  # fmt: skip
    async with optimizer:
        with pytest.raises(rf.OptimizationError, match="before the seed was validated"):
            await optimizer.run()
        assert optimizer.progress.rollouts == optimizer.ledger.rollouts == len(begun) == 4
        assert optimizer.progress.is_over
    assert rf.read_run(tmp_path / "run.db").rollouts == 4
    longer = {"budget": rf.Budget(rollouts=300), "config": {"store": tmp_path / "run.db", "seed": 0}}
    assert (await optimize(**longer)).best_score > 0.5


async def test_a_scorer_that_returns_nan_ends_the_run_with_a_clear_reason() -> None:
    with pytest.raises(RunBrokenError, match="finite number; got nan"):
        await optimize(score=lambda example, output: math.nan)


async def test_a_failing_rollout_now_and_then_is_a_scored_failure_with_its_reason() -> None:
    async def flaky(candidate: Any, example: dict[str, Any]) -> Any:
        if example["input"].endswith("7"):
            raise TimeoutError("no answer")
        return await toy.rollout(candidate, example)

    result = await optimize(rollout=flaky)
    assert result.best_score > 0.5


async def test_a_reflector_that_never_answers_ends_the_run() -> None:
    async def silent(messages: Any) -> str:
        raise ConnectionError("unreachable")

    options = rf.ReflectorOptions(timeout=0.05)
    with pytest.raises(RunBrokenError, match="reflections failed in a row"):
        await optimize(reflector=rf.Reflector(silent, options=options), config={"failures_in_a_row": 3})


async def test_a_sync_rollout_runs_in_threads_and_rollouts_overlap() -> None:
    def sync(candidate: Any, example: dict[str, Any]) -> list[int]:
        return [rule for rule in example["rules"] if f"rule {rule}." not in candidate.text]

    result = await optimize(rollout=sync, budget=rf.Budget(rollouts=100))
    assert result.best_score > 0.3


async def test_other_loops_take_work_and_report_it() -> None:
    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, reflector=rf.Reflector(toy.model), budget=rf.Budget(rollouts=200), score=toy.score
    )
    purposes = Counter[str]()
    async with optimizer:
        async for work in optimizer.work():
            purposes[work.purpose] += len(work.examples)
            outputs = [await toy.rollout(work.candidate, example) for example in work.examples]
            await optimizer.report(work, [rf.Rollout(output) for output in outputs])
        with pytest.raises(ValueError, match="already"):
            await optimizer.report(work, [rf.Rollout([])] * len(work.examples))
    result = optimizer.result()
    assert result.best_score > 0.5
    assert result.rollouts == purposes.total()
    assert purposes["seed"] == 16


async def test_several_components_are_improved_in_turn() -> None:
    async def rollout(candidate: Any, example: dict[str, Any]) -> list[int]:
        text = candidate["system"] + candidate["tool"]
        return [rule for rule in example["rules"] if f"rule {rule}." not in text]

    result = await rf.optimize(
        {"system": "Answer.", "tool": "Use the tool."},
        toy.ROWS,
        rollout=rollout,
        score=toy.score,
        reflector=rf.Reflector(toy.model),
        budget=rf.Budget(rollouts=300),
        config=rf.OptimizerConfig(minibatch_size=3, depth=1, pace=0),
    )
    assert result.best_score > 0.5
    assert {"system", "tool"} == set(result.best)
    assert all(any("rule" in each[name] for each in result.candidates) for name in result.best)


async def test_it_can_be_stopped_and_gives_the_best_so_far() -> None:
    async def rollout(candidate: Any, example: dict[str, Any]) -> Any:
        if optimizer.progress.candidates:  # the seed is validated, and what runs now is a proposal's
            optimizer.stop("enough")
        return await toy.rollout(candidate, example)

    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, rollout=rollout, score=toy.score, reflector=rf.Reflector(toy.model),
        budget=rf.Budget(rollouts=300), config=rf.OptimizerConfig(minibatch_size=3, depth=1),
    )  # fmt: skip
    async with optimizer:
        result = await optimizer.run()
    assert result.stop_reason == "enough"
    assert result.best.text
    assert result.rollouts < 300


async def test_stopping_waits_for_no_rollout_that_hangs() -> None:
    async def rollout(candidate: Any, example: dict[str, Any]) -> Any:
        if optimizer.progress.candidates:
            optimizer.stop("enough")
            await anyio.sleep_forever()
        return await toy.rollout(candidate, example)

    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, rollout=rollout, score=toy.score, reflector=rf.Reflector(toy.model),
        budget=rf.Budget(rollouts=300), config=rf.OptimizerConfig(minibatch_size=3, depth=1),
    )  # fmt: skip
    with anyio.fail_after(4):
        async with optimizer:
            result = await optimizer.run()
    assert result.stop_reason == "enough"


async def test_a_cancelled_run_goes_on_in_the_same_optimizer() -> None:
    scope, begun = anyio.CancelScope(), []

    async def rollout(candidate: Any, example: dict[str, Any]) -> Any:
        begun.append(example)
        if len(begun) > 30 and not scope.cancel_called:
            scope.cancel()
            await anyio.sleep_forever()
        return await toy.rollout(candidate, example)

    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, rollout=rollout, score=toy.score, reflector=rf.Reflector(toy.model),
        budget=rf.Budget(rollouts=300),
    )  # fmt: skip
    async with optimizer:
        with scope:
            await optimizer.run()
        assert scope.cancelled_caught
        with anyio.fail_after(4):
            assert (await optimizer.run()).best_score > 0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": []}, "no training rows"),
        ({"rows": "rows.jsonl"}, "rows are a list"),
        ({"budget": rf.Budget(rollouts=10)}, "not enough for a single proposal"),
        ({"budget": None}, "needs an end"),
        ({"rollout": 7}, "function of candidate and example"),
    ],
)
async def test_what_cannot_be_used_is_refused_before_anything_runs(options: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await optimize(**options)


async def test_a_reflector_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFLECTOR_MODEL", raising=False)
    with pytest.raises(ConfigurationError, match="no model is named"):
        await optimize(reflector=None)


@pytest.mark.parametrize("rows", [toy.ROWS[:1], [toy.ROWS[0]] * 12])
async def test_one_row_and_duplicates_end_sensibly(rows: Any) -> None:
    result = await optimize(rows=rows)
    assert result.best_score == 1.0
    assert result.stop_reason in ("score", "no new children")  # whichever comes first


@pytest.mark.parametrize("order", ["completion", "strict"])
async def test_records_of_runs_are_freed_when_no_reflection_can_come_to_them(order: str) -> None:
    records: weakref.WeakKeyDictionary[rf.Trajectory, str] = weakref.WeakKeyDictionary()
    numbers = count()

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        missing = await toy.rollout(candidate, example)
        said = {"role": "assistant", "content": str(missing)}
        record = rf.Trajectory.from_openai_messages([said], id=f"run {next(numbers)}")
        records[record] = candidate.key
        return rf.Rollout(missing, record)

    config = rf.OptimizerConfig(seed=3, order=order)  # type: ignore[arg-type]
    budget, reflector = rf.Budget(rollouts=300), rf.Reflector(toy.model)
    async with rf.Optimizer(
        toy.SEED,
        toy.ROWS,
        rollout=rollout,
        score=toy.score,
        reflector=reflector,
        budget=budget,
        config=config,
    ) as optimizer:
        result = await optimizer.run()
    gc.collect()
    kept = set(records.values())
    assert {result.lineage[0].key} <= kept <= {each.key for each in result.candidates}


async def test_the_log_can_be_read_while_a_run_is_under_way(tmp_path: Path) -> None:
    result = await optimize(config={"store": tmp_path / "run.db"})
    log = RunLog(tmp_path / "run.db")
    assert log.id == result.run_id
    assert log.header["seed"] == {"prompt": toy.SEED}
    log.close()


async def test_a_log_in_another_format_is_refused(tmp_path: Path) -> None:
    await optimize(config={"store": tmp_path / "run.db"}, budget=rf.Budget(rollouts=90))
    with SqliteJournal(tmp_path / "run.db", read_only=True) as journal:
        started, *others = journal.replay()
    del started.data["format"]
    with SqliteJournal(tmp_path / "old.db") as journal:
        await journal.write(started, *others)
    with pytest.raises(RunMismatchError, match="another format"):
        await optimize(config={"store": tmp_path / "old.db"})


@pytest.mark.parametrize(
    "change", [{"order": 999}, {"rows": None}, {"order": 1, "rows": [0], "score": [0.0]}]
)
async def test_a_log_that_another_version_wrote_is_told_and_nothing_stays_open(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    await optimize(config={"store": tmp_path / "run.db"}, budget=rf.Budget(rollouts=90))
    with SqliteJournal(tmp_path / "run.db", read_only=True) as journal:
        started, *others = journal.replay()
    first = next(each for each in others if each.type == "reflector.run.evaluated")
    first.data.update(change)
    with SqliteJournal(tmp_path / "odd.db") as journal:
        await journal.write(started, *others)
    async with rf.Runtime() as runtime:
        with pytest.raises(RunLogError, match=r"odd\.db.* another version.* another file"):
            await optimize(config={"store": tmp_path / "odd.db"}, budget=rf.Budget(rollouts=90))
        assert runtime.statistics().agents == 0
        assert (await optimize(budget=rf.Budget(rollouts=90))).rollouts <= 90


async def test_an_optimizer_is_entered_first_and_once() -> None:
    optimizer = rf.Optimizer(
        toy.SEED, toy.ROWS, rollout=toy.rollout, score=toy.score, reflector=rf.Reflector(toy.model),
        budget=rf.Budget(rollouts=90),
    )  # fmt: skip
    assert optimizer.progress.rollouts == 0
    for use in (optimizer.run, optimizer.follow, lambda: optimizer.note({}), lambda: anext(optimizer.work())):
        with anyio.fail_after(4), pytest.raises(ConfigurationError, match="inside `async with optimizer:`"):
            await use()  # type: ignore[misc]
    async with optimizer:
        await optimizer.run()
    with pytest.raises(ConfigurationError, match="make another one"):
        async with optimizer:
            raise AssertionError


async def test_a_rollout_without_a_score_is_told_at_once() -> None:
    begun = []

    async def rollout(candidate: Any, example: Any) -> str:
        begun.append(example)
        return "an output"

    with pytest.raises(ConfigurationError, match="needs a score"):
        await optimize(rollout=rollout, score=None)
    assert len(begun) <= 6


async def test_a_call_without_a_bound_is_no_used_up_budget_and_the_run_goes_on_when_it_has_one(
    tmp_path: Path,
) -> None:
    price = rf.ModelOptions(price=rf.Price(input=1.0, output=1.0))
    model = rf.Model(lambda messages: "an output", options=price)
    most: int | None = None

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        request = rf.ModelRequest.from_text(example["input"], system=candidate.text, max_tokens=most)
        await model.complete(request)
        return rf.Rollout(await toy.rollout(candidate, example))

    budget, config = rf.Budget(rollouts=100, cost_usd=1.0), {"store": tmp_path / "run.db"}
    with pytest.raises(rf.UnboundedCallError, match="give it max_tokens"):
        await optimize(rollout=rollout, budget=budget, config=config)
    most = 50
    result = await optimize(rollout=rollout, budget=budget, config=config)
    assert result.best_score > result.seed_score


async def test_what_is_reported_keeps_its_usage_and_a_score_that_cannot_be_made_costs_one_row(
    tmp_path: Path,
) -> None:
    def start() -> rf.Optimizer:
        return rf.Optimizer(
            toy.SEED, toy.ROWS, score=toy.score, reflector=rf.Reflector(toy.model),
            budget=rf.Budget(rollouts=50), config=rf.OptimizerConfig(store=tmp_path / "run.db"),
        )  # fmt: skip

    usage = rf.Usage(cost_usd=0.5)
    async with start() as optimizer, aclosing(optimizer.work()) as works:
        work = await anext(works)
        given = [rf.Rollout([0], usage=usage) for _ in work.examples[1:]]
        await optimizer.report(work, [rf.Rollout(None, usage=usage), *given])  # None has no length
        other = await anext(works)
        given = [rf.Rollout([0], usage=rf.Usage(cost_usd=float("nan"))) for _ in other.examples]
        await optimizer.report(other, given)
        assert optimizer.ledger.rollouts == len(work.examples) + len(other.examples)
    async with start() as resumed:
        assert resumed.ledger.usage.cost_usd == 0.5 * len(work.examples)
