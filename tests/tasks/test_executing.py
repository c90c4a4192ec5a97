"""`execute_all`: one result each, in the order in which they are done; priorities, bounds, failures, an early end."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from reflector._clock import VirtualClock
from reflector.agents.runtime import Runtime
from reflector.clifford.task import CliffordOperation
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Estimate, Limits, Task, TaskOutput
from reflector.errors import ConfigurationError, ContextLengthError, DuplicateAgentError, InvalidGroupError
from reflector.tasks.executing import execute_all
from reflector.tasks.group import TaskGroup
from reflector.tasks.merging import Ensemble
from reflector.tasks.payloads import CodeEvolutionTask, CodeReflectionTask, PromptReflectionTask, RolloutTask
from reflector.tasks.results import GroupResult
from reflector.tasks.table import ProviderSpec
from reflector.usage import Usage

pytestmark = pytest.mark.anyio


def rollout(number: Any, **fields: Any) -> TaskGroup:
    return TaskGroup(id=str(number), payload=RolloutTask(components={}, example=number), **fields)


def function(target: Any, name: str = "mine", **fields: Any) -> ProviderSpec:
    return ProviderSpec(name=name, kind="callable", target=target, **fields)


async def give_back(task: Task) -> Any:
    return task.payload.example


async def all_of(*args: Any, **options: Any) -> list[GroupResult]:
    return [result async for result in execute_all(*args, **options)]


async def test_a_mixed_batch_is_routed_by_payload() -> None:
    groups = [
        rollout(1),
        CliffordOperation(operation="create_scalar_multivector", scalar_value=42),
        CodeReflectionTask(code_chunks=["try:\n    f()\nexcept:\n    pass\n"]),
        {"CodeEvolution": {"code_snippet": "x"}},
    ]
    table = {
        "providers": [
            {"name": "echo", "kind": "echo"},
            {"name": "rules", "kind": "rules"},
            {"name": "algebra", "kind": "clifford"},
            {"name": "upper", "kind": "callable", "target": f"{__name__}:upper", "accepts": ["code_evolution"]},
        ]
    }  # fmt: skip
    table["providers"][3]["target"] = upper  # type: ignore[index]
    results = {result.task_type: result for result in await all_of(groups, providers=table)}
    assert {kind: result.provider for kind, result in results.items()} == {
        "rollout": "echo",
        "clifford_operation": "algebra",
        "code_reflection": "rules",
        "code_evolution": "upper",
    }
    assert results["rollout"].value == {"components": {}, "example": 1}
    assert results["clifford_operation"].value.coefficients == {"": 42.0}
    assert results["code_reflection"].value.suggestions[0].place == "lines 3"
    assert results["code_evolution"].value == "X"
    assert all(result.decision is not None for result in results.values())


def upper(task: Task, context: Any) -> str:
    return str(task.payload.code_snippet).upper()


async def test_rules_reflect_on_prompts_too() -> None:
    run = {
        "messages": [{"role": "user", "content": "2 + 2?"}, {"role": "assistant", "content": "5"}],
        "reward": 0,
    }
    (result,) = await all_of(
        [PromptReflectionTask(runs=(run,), prompt="Add.")],
        providers=[ProviderSpec(name="rules", kind="rules")],
    )
    assert (result.provider, result.status) == ("rules", "completed")
    assert result.value.analysis


async def test_results_come_as_they_are_done() -> None:
    gate = anyio.Event()

    async def wait(task: Task) -> Any:
        if task.payload.example == 0:
            await gate.wait()
        return task.payload.example

    seen = []
    async for result in execute_all([rollout(n) for n in range(4)], providers=[function(wait)]):
        seen.append(result.value)
        if len(seen) == 3:
            gate.set()
    assert (sorted(seen[:3]), seen[3]) == ([1, 2, 3], 0)


async def test_the_higher_priority_goes_first() -> None:
    groups = [rollout(n, priority=n % 3) for n in range(9)]
    started: list[int] = []

    async def note(task: Task) -> None:
        started.append(task.payload.example)

    await all_of(groups, providers=[function(note, concurrency=1)])
    assert started == [2, 5, 8, 1, 4, 7, 0, 3, 6]
    started.clear()
    await all_of(iter(groups), providers=[function(note)], concurrency=1)
    assert started == [2, 5, 8, 1, 4, 7, 0, 3, 6]


async def test_a_slow_kind_does_not_hold_up_the_others() -> None:
    gate = anyio.Event()

    async def wait(task: Task) -> None:
        await gate.wait()

    slow = [TaskGroup(payload=CodeEvolutionTask(code_snippet="x")) for _ in range(30)]
    providers = [
        function(wait, accepts=["code_evolution"]),
        function(give_back, "other", accepts=["rollout"]),
    ]
    kinds = []
    async for result in execute_all([*slow, rollout(1)], providers=providers):
        kinds.append(result.task_type)
        gate.set()
    assert (kinds[0], len(kinds)) == ("rollout", 31)


async def test_failures_are_results() -> None:
    async def fail(task: Task) -> Any:
        if task.payload.example % 2:
            raise ValueError("odd")
        return task.payload.example

    results = await all_of([rollout(n) for n in range(4)], providers=[function(fail)])
    failed = [result for result in results if result.status == "failed"]
    assert sorted(result.id for result in failed) == ["1", "3"]
    assert failed[0].error is not None
    assert (failed[0].error.type, failed[0].value, failed[0].attempts) == ("ValueError", None, 1)
    assert "odd" in failed[0].error.message
    (nobody,) = await all_of([rollout(1)], providers=[ProviderSpec(name="c", kind="clifford")])
    assert nobody.error is not None
    assert (nobody.error.type, nobody.provider, nobody.attempts) == ("NoProviderError", "", 0)


async def test_what_one_fails_another_does_and_both_are_paid() -> None:
    async def fail(task: Task) -> Any:
        raise TimeoutError("later")

    async def pay(task: Task) -> TaskOutput:
        return TaskOutput(value=1, usage=Usage(input_tokens=10, output_tokens=5, calls=1))

    ledger = Ledger()
    specs = [function(fail, "cheap"), function(pay, "dear", cost_in=0.1, account="mine")]
    groups = [rollout(n, estimate=Estimate(input_tokens=10)) for n in range(3)]
    results = await all_of(groups, providers=specs, ledger=ledger)
    assert {(result.provider, result.cost_usd, result.attempts) for result in results} == {("dear", 1.0, 2)}
    decision = results[0].decision
    assert decision is not None
    assert [each.provider for each in decision.tries] == ["cheap"]
    assert ledger.usage.cost_usd == 3.0


async def test_the_limits_of_a_group_hold() -> None:
    specs = [function(give_back, "a", cost_in=1.0), function(give_back, "b", cost_in=3.0)]
    estimate = Estimate(input_tokens=1)
    groups = [
        rollout(1, limits=Limits(providers=("b",)), estimate=estimate),
        rollout(2, limits=Limits(cost_usd=0.5), estimate=estimate),
        rollout(3, estimate=estimate),
    ]
    results = {result.id: result for result in await all_of(groups, providers=specs)}
    assert [results[name].provider for name in "123"] == ["b", "", "a"]
    assert results["3"].decision is not None


async def test_an_endless_iterator_is_read_no_further_than_needed() -> None:
    made = 0

    def endless() -> Iterator[TaskGroup]:
        nonlocal made
        while True:
            made += 1
            yield rollout(made)

    async with execute_all(endless(), providers=[function(give_back)]) as results:
        for _ in range(500):
            await anext(results)
    assert 500 <= made <= 1000


async def test_an_async_iterator_is_heard_as_it_comes() -> None:
    sent, source = anyio.create_memory_object_stream[TaskGroup](10)

    async def groups() -> AsyncIterator[TaskGroup]:
        async for group in source:
            yield group

    async with sent, source, execute_all(groups(), providers=[function(give_back)]) as results:
        for number in range(3):
            await sent.send(rollout(number))
            assert (await anext(results)).value == number
        sent.close()
        with pytest.raises(StopAsyncIteration):
            await anext(results)


@pytest.mark.parametrize("how", ["aclose", "break", "cancelled"])
async def test_an_early_end_cancels_what_is_under_way(how: str) -> None:
    ended = anyio.Event()

    async def hang(task: Task) -> Any:
        if task.payload.example == 0:
            return 0
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    def results() -> Any:
        return execute_all([rollout(n) for n in range(3)], providers=[function(hang, concurrency=3)])

    if how == "aclose":
        stream = results()
        assert (await anext(stream)).value == 0
        await stream.aclose()
        assert ended.is_set()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
    elif how == "break":
        async for _ in results():
            break
        gc.collect()
        await ended.wait()
    else:
        with anyio.CancelScope() as scope:
            async for _ in results():
                scope.cancel()
        assert scope.cancelled_caught
        assert ended.is_set()


async def test_an_error_of_the_source_is_raised() -> None:
    def broken() -> Iterator[TaskGroup]:
        yield rollout(1)
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        await all_of(broken(), providers=[function(give_back)])
    with pytest.raises(InvalidGroupError):
        await all_of([{"nonsense": 1}], providers=[function(give_back)])
    with pytest.raises(InvalidGroupError, match="expected a TaskGroup"):
        await all_of(["x"], providers=[function(give_back)])
    assert await all_of([], providers=[function(give_back)]) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"providers": "no/such.toml"}, "no/such.toml cannot be read"),
        ({"providers": {"providers": []}}, "no provider that can be asked"),
        ({"policy": "best_looking"}, "a policy is one of expected_cost"),
        ({"concurrency": 0}, "at least 1"),
        ({"on_failure": "never"}, "on_failure is all, quorum or best_effort"),
        ({"ensemble": Ensemble.model_construct(size=2, merge="mix")}, "merge is union, vote, best"),
    ],
)
async def test_what_is_wrong_with_the_options_is_raised_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        execute_all([rollout(1)], **options)


async def test_what_only_shows_when_providers_start_is_raised_before_the_first_result(tmp_path: Path) -> None:
    specs = [
        function("no_such_module:work"),
        ProviderSpec(name="m", kind="model", model="x", api_key_env="NO_KEY"),
    ]
    for spec in specs:
        with pytest.raises(
            ConfigurationError, match=r"no_such_module:work cannot be imported|no variable 'NO_KEY'"
        ):
            await all_of([rollout(1)], providers=[spec])


async def test_it_joins_the_runtime_and_asks_nobody_else_there() -> None:
    async with Runtime() as runtime:
        await runtime.spawn(
            lambda task, context: "mine", name="mine", accepts=["rollout"], card=ProviderCard()
        )
        (own,) = await all_of([rollout(1)])
        table = [function(give_back, "table", cost_in=1.0, accepts=["rollout"])]
        (other,) = await all_of([rollout(2, estimate=Estimate(input_tokens=1))], providers=table)
        (again,) = await all_of([rollout(3)], providers=table)
        assert [ref.name for ref in runtime.providers("rollout")] == ["mine"]
    assert [own.provider, other.provider, again.provider] == ["mine", "table", "table"]


async def test_batches_at_once_have_a_provider_in_common_and_ask_nobody_of_the_other_table() -> None:
    both, came, under_way, most = anyio.Event(), set[int](), 0, 0

    async def work(task: Task) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        came.add(task.payload.example)
        if came == {1, 2}:
            both.set()
        await both.wait()
        under_way -= 1
        return "shared"

    shared, dear = function(work, concurrency=4), function(give_back, "dear", cost_in=1.0)
    done: dict[int, list[GroupResult]] = {}

    async def collect(number: int, table: list[ProviderSpec]) -> None:
        groups = [rollout(number, estimate=Estimate(input_tokens=1)) for _ in range(3)]
        done[number] = await all_of(groups, providers=table)

    async with Runtime() as runtime:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(collect, 1, [shared])
            tasks.start_soon(collect, 2, [shared])
            tasks.start_soon(collect, 3, [dear])
        assert runtime.providers() == []
        assert runtime.find("mine") is runtime.find("dear") is None
    assert 1 < most <= 4
    seen = {number: {(each.provider, each.value) for each in results} for number, results in done.items()}
    assert seen == {1: {("mine", "shared")}, 2: {("mine", "shared")}, 3: {("dear", 3)}}


async def test_another_provider_of_a_name_that_lives_is_refused() -> None:
    gate = anyio.Event()

    async def wait(task: Task) -> None:
        if task.payload.example == 2:
            await gate.wait()

    async with Runtime(), execute_all([rollout(1), rollout(2)], providers=[function(wait)]) as results:
        await anext(results)
        with pytest.raises(DuplicateAgentError, match="'mine' lives already"):
            await all_of([rollout(3)], providers=[function(give_back)])
        gate.set()
        assert (await anext(results)).status == "completed"


async def test_a_policy_that_raises_fails_its_task_alone() -> None:
    specs = [function(give_back, name) for name in ("one", "two")]

    def odd(candidate: Any) -> float:
        return 1 / 0

    (result,) = await all_of([rollout(1)], providers=specs, policy=odd)
    assert (result.status, result.error and result.error.type) == ("failed", "ConfigurationError")
    assert result.error is not None
    assert "the policy odd raised ZeroDivisionError" in result.error.message


async def test_an_outage_that_passes_is_waited_for_and_one_that_does_not_is_not() -> None:
    clock, is_up = VirtualClock(), False

    async def work(task: Task) -> Any:
        if not is_up:
            raise TimeoutError("down")
        return task.payload.example

    async with Runtime(clock=clock), anyio.create_task_group() as tasks:
        done: list[GroupResult] = []

        async def collect() -> None:
            done.extend(
                await all_of([rollout(n) for n in range(40)], providers=[function(work, concurrency=1)])
            )

        tasks.start_soon(collect)
        await clock.advance(1)
        is_up = True
        await clock.advance(30)
        await clock.advance(1)
    assert [result.status for result in done] == ["failed"] * 5 + ["completed"] * 35

    is_up = False
    async with Runtime(clock=clock), anyio.create_task_group() as tasks:
        done.clear()
        tasks.start_soon(collect)
        await clock.advance(100)
    assert len(done) == 40
    assert {result.status for result in done} == {"failed"}


async def test_a_task_that_fails_for_its_own_fault_after_an_outage_is_no_sign_of_another() -> None:
    clock, asked = VirtualClock(), 0

    async def work(task: Task) -> Any:
        nonlocal asked
        asked += 1
        if asked == 6:
            raise ContextLengthError("too long")
        if asked <= 7:
            raise TimeoutError("down")
        return task.payload.example

    async with Runtime(clock=clock), anyio.create_task_group() as tasks:
        done: list[GroupResult] = []

        async def collect() -> None:
            groups = [rollout(n) for n in range(20)]
            done.extend(await all_of(groups, providers=[function(work, concurrency=1)]))

        tasks.start_soon(collect)
        for _ in range(10):
            await clock.advance(30)
    assert [result.status for result in done] == ["failed"] * 7 + ["completed"] * 13


async def test_the_parts_and_the_voices_of_a_group_are_tasks_under_way_too() -> None:
    asked, running, most = 0, 0, 0

    async def look(task: Task) -> Any:
        nonlocal asked, running, most
        asked += 1
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return {"texts": ["seen"]}

    code = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(40))
    groups = [TaskGroup(payload=CodeReflectionTask(code_chunks=[code])) for _ in range(3)]
    specs = [function(look, name, context_window=100) for name in ("one", "two")]
    for concurrency in (1, 3):
        asked, most = 0, 0
        results = await all_of(groups, providers=specs, concurrency=concurrency, ensemble=Ensemble(size=2))
        assert [result.status for result in results] == ["completed"] * 3
        assert asked >= 3 * 3 * 2
        assert most == concurrency


async def test_an_ensemble_asks_only_those_whom_the_group_fits() -> None:
    code = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(40))
    group = TaskGroup(id="big", payload=CodeReflectionTask(code_chunks=[code]))
    specs = [
        function(lambda task, name=name: {"by": [name]}, name, context_window=size)
        for name, size in (("small", 100), ("one", 10_000), ("two", None), ("three", 10_000))
    ]
    (result,) = await all_of([group], providers=specs, ensemble=Ensemble(size=2))
    assert (result.status, result.provider) == ("completed", "one, two")


async def test_the_answers_of_an_ensemble_are_merged() -> None:
    specs = [function(lambda task, n=n: n % 2, f"f{n}", cost_in=1.0) for n in (1, 3, 4)]

    group = rollout("x", estimate=Estimate(input_tokens=1))
    (result,) = await all_of([group], providers=specs, ensemble=Ensemble(size=3, merge="vote"))
    assert (result.id, result.value, result.provider, result.cost_usd) == ("x", 1, "f1, f3, f4", 3.0)
    assert [part.id for part in result.parts] == ["x@f1", "x@f3", "x@f4"]


async def test_a_group_too_large_for_everybody_is_split_and_merged() -> None:
    code = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(40))
    group = TaskGroup(id="big", payload=CodeReflectionTask(code_chunks=[code, "x = 1\n"]))
    asked: list[Task] = []

    async def look(task: Task) -> TaskOutput:
        asked.append(task)
        text = "".join(chunk.text for chunk in task.payload.code_chunks)
        return TaskOutput(value={"texts": [text]}, usage=Usage(input_tokens=len(text), calls=1))

    specs = [function(look, context_window=100, cost_in=0.5), function(give_back, "no", context_window=10)]
    (result,) = await all_of([group], providers=specs)
    assert len(asked) >= 3
    assert all(task.id.startswith("big/") for task in asked)
    assert "".join(result.value["texts"]) == code + "x = 1\n"
    assert result.usage.input_tokens == len(code) + 6
    assert result.cost_usd == (len(code) + 6) * 0.5
    assert [part.id for part in result.parts] == [f"big/{n}" for n in range(1, len(asked) + 1)]


async def test_limits_per_minute_make_tasks_wait_and_not_fail() -> None:
    clock = VirtualClock()
    done: list[str] = []
    async with Runtime(clock=clock), anyio.create_task_group() as tasks:

        async def collect() -> None:
            spec = ProviderSpec(name="echo", kind="echo", rpm=20)
            async for result in execute_all([rollout(n) for n in range(50)], providers=[spec]):
                done.append(result.status)

        tasks.start_soon(collect)
        for counted in (20, 40, 50):
            await clock.advance(0.0)
            assert done == ["completed"] * counted
            await clock.advance(60.0)
