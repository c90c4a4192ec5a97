"""`execute`: who does a task, what is seen of it, and what happens when nobody can."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from reflector.agents.agent import Agent
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task, TaskOutput
from reflector.errors import (
    AskTimeoutError,
    ConfigurationError,
    HandlerError,
    NoProviderError,
    ProviderBusyError,
)
from reflector.signals.memory_journal import MemoryJournal
from reflector.signals.signal import Signal
from reflector.testing.engine_suite import die_once
from reflector.usage import Usage

pytestmark = pytest.mark.anyio


async def square(task: Task, context: Any) -> int:
    return int(task.payload["n"]) ** 2


async def name_itself(task: Task, context: Any) -> str:
    return str(context.ref.name)


async def test_a_task_is_done_by_a_provider_of_its_kind() -> None:
    async with Runtime() as runtime:
        await runtime.spawn(square, name="square", accepts=["demo"])
        result = await execute(Task(kind="demo", payload={"n": 3}))
    assert (result.value, result.provider, result.attempts) == (9, "square", 1)
    assert result.decision.reason == "the only capable provider, $0 a task"
    assert [each.running for each in result.decision.candidates] == [0]
    assert result.usage == Usage()


async def test_the_task_arrives_whole() -> None:
    got: list[Task] = []
    async with Runtime() as runtime:

        def keep(task: Task, context: Any) -> None:
            got.append(task)

        for card in (None, ProviderCard()):
            ref = await runtime.spawn(keep, accepts=["demo"], card=card)
            task = Task(kind="demo", payload=object(), limits=Limits(cost_usd=1), metadata={"a": 1})
            await execute(task, timeout=10)
            await ref.stop()
            assert got[-1].deadline is not None
            assert got[-1].replace(deadline=None) == task


async def test_everybody_sees_the_task_go_by() -> None:
    journal = MemoryJournal()
    async with Runtime(journal=journal) as runtime:
        await runtime.spawn(square, name="square", accepts=["demo"])
        await execute(Task(kind="demo", payload={"n": 3}, id="t1"))
        with pytest.raises(HandlerError):
            await execute(Task(kind="demo", payload={}))
    asked, answered, *failed = journal.replay("reflector.demo.*")
    assert (asked.type, asked.data, asked.subject) == ("reflector.demo.requested", {"n": 3}, "t1")
    assert (answered.type, answered.data) == ("reflector.demo.completed", 9)
    assert answered.causationid == asked.id
    assert failed[1].type == "reflector.demo.failed"


async def test_an_agent_that_handles_the_request_goes_before_providers() -> None:
    async def mine(signal: Signal, context: Any) -> dict[str, Any]:
        return {"seen": signal.data}

    async with Runtime() as runtime:
        await runtime.spawn(square, name="square", accepts=["demo"])
        await runtime.spawn(
            mine,
            name="mine",
            handles="reflector.demo.requested",
            when=lambda signal: signal.data.get("n") != 0,
        )
        result = await execute(Task(kind="demo", payload={"n": 3}))
        assert (result.value, result.provider) == ({"seen": {"n": 3}}, "mine")
        assert result.decision.reason == "handles reflector.demo.requested itself"
        assert (await execute(Task(kind="demo", payload={"n": 0}))).provider == "square"


async def test_middleware_sees_tasks_too() -> None:
    seen: list[str] = []

    async def watch(signal: Signal, forward: Any) -> Any:
        seen.append(signal.type)
        return await forward(signal)

    async with Runtime(middleware=[watch]) as runtime:
        await runtime.spawn(square, name="square", accepts=["demo"])
        await execute(Task(kind="demo", payload={"n": 3}))
    assert seen == ["reflector.demo.requested"]


async def test_nobody_capable_is_an_error_at_once_that_names_what_is_accepted() -> None:
    with pytest.raises(NoProviderError, match="no agent here accepts any kind"):
        await execute(Task(kind="demo"))
    async with Runtime() as runtime:
        await runtime.spawn(square, accepts=["b", "a"])
        with pytest.raises(
            NoProviderError, match="no provider accepts tasks of kind 'demo'; accepted here: a, b"
        ):
            await execute(Task(kind="demo"))
        assert [letter.reason for letter in runtime.dead_letters] == ["no_handler"]


async def test_the_cheapest_within_the_limits_is_asked_and_its_price_counts() -> None:
    async with Runtime() as runtime:
        for name, price, latency in (("dear", 0.3, None), ("cheap", 0.1, None), ("slow", 0.05, 999.0)):
            card = ProviderCard(price_usd=price, latency=latency)
            await runtime.spawn(name_itself, name=name, accepts=["demo"], card=card)
        result = await execute(Task(kind="demo"), timeout=60)
        assert (result.value, result.usage.cost_usd) == ("cheap", 0.1)
        assert [candidate.provider for candidate in result.decision.candidates] == ["dear", "cheap", "slow"]
        with pytest.raises(NoProviderError, match=r"cheap asks \$0.1 a task; the limit is \$0.01") as caught:
            await execute(Task(kind="demo", limits=Limits(cost_usd=0.01)))
        assert len(caught.value.decision.candidates) == 3


async def test_a_provider_can_say_what_it_used() -> None:
    async def generous(task: Task, context: Any) -> TaskOutput:
        return TaskOutput(value="x", usage=Usage(output_tokens=5, calls=1))

    async with Runtime() as runtime:
        await runtime.spawn(generous, accepts=["demo"], card=ProviderCard(price_usd=1))
        result = await execute(Task(kind="demo"))
    assert (result.value, result.usage) == ("x", Usage(output_tokens=5, calls=1, cost_usd=1))


async def test_an_agent_class_can_be_a_provider() -> None:
    class Counter(Agent):
        count = 0

        async def receive(self, signal: Signal, context: Any) -> int:
            self.count += Task.from_signal(signal).payload
            return self.count

    async with Runtime() as runtime:
        await runtime.spawn(Counter, accepts=["demo"], card=ProviderCard())
        assert [(await execute(Task(kind="demo", payload=n))).value for n in (1, 2)] == [1, 3]
        with pytest.raises(ConfigurationError, match="run inline"):
            await runtime.spawn(Counter, accepts=["demo"], card=ProviderCard(engine="thread"))


class Crowd:
    """A provider that counts how many of its tasks run at once, and waits until it is told to finish."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.order: list[Any] = []
        self.may_finish = anyio.Event()

    async def __call__(self, task: Task, context: Any) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        self.order.append(task.payload)
        await self.may_finish.wait()
        await anyio.lowlevel.checkpoint()
        self.running -= 1


@pytest.mark.slow
async def test_a_fan_out_of_ten_thousand_neither_floods_nor_starves() -> None:
    """Only as many as allowed run; another caller's task waits for those and a few more, not for ten thousand."""
    crowd = Crowd()

    async def flood() -> None:
        async with anyio.create_task_group() as group:
            for number in range(10_000):
                group.start_soon(execute, Task(kind="demo", payload=number))

    async def single() -> None:
        await anyio.wait_all_tasks_blocked()
        async with anyio.create_task_group() as group:
            group.start_soon(execute, Task(kind="demo", payload="single"))
            await anyio.wait_all_tasks_blocked()
            crowd.may_finish.set()

    async with Runtime() as runtime:
        await runtime.spawn(crowd, name="crowd", accepts=["demo"], card=ProviderCard(running=4))
        async with anyio.create_task_group() as group:
            group.start_soon(flood)
            group.start_soon(single)
        assert runtime.statistics().longest_wait < 60
    assert crowd.most == 4
    assert len(crowd.order) == 10_001
    assert crowd.order.index("single") <= 8
    assert {*crowd.order} == {"single", *range(10_000)}


async def test_named_callers_take_turns() -> None:
    crowd = Crowd()
    async with Runtime() as runtime:
        await runtime.spawn(crowd, name="crowd", accepts=["demo"])
        async with anyio.create_task_group() as group:
            for caller in "aaaab":
                task = Task(kind="demo", payload=caller)
                group.start_soon(lambda task=task: execute(task, caller=task.payload))
                await anyio.wait_all_tasks_blocked()
            crowd.may_finish.set()
    assert "".join(crowd.order) == "aabaa"


async def test_full_providers_are_passed_over_and_refuse_if_they_say_so() -> None:
    crowd = Crowd()
    async with Runtime() as runtime:
        full = ProviderCard(queued=0, when_full="fail")
        await runtime.spawn(crowd, name="crowd", accepts=["demo"], card=full)
        async with anyio.create_task_group() as group:
            group.start_soon(execute, Task(kind="demo", payload={"n": 1}))
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(ProviderBusyError, match="crowd is full: 1 running, 0 waiting"):
                await execute(Task(kind="demo", payload={"n": 2}))
            await runtime.spawn(square, name="dear", accepts=["demo"], card=ProviderCard(price_usd=9))
            assert (await execute(Task(kind="demo", payload={"n": 2}))).provider == "dear"
            crowd.may_finish.set()


async def test_waiting_for_room_costs_the_tasks_time() -> None:
    crowd = Crowd()
    async with Runtime() as runtime:
        await runtime.spawn(crowd, name="crowd", accepts=["demo"])
        async with anyio.create_task_group() as group:
            group.start_soon(execute, Task(kind="demo"))
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(AskTimeoutError, match="no room in time: 1 tasks run there"):
                await execute(Task(kind="demo"), timeout=0.01)
            with pytest.raises(AskTimeoutError):
                await execute(Task(kind="demo", deadline=datetime(2001, 1, 1, tzinfo=UTC)))
            crowd.may_finish.set()


async def test_whoever_waits_for_a_provider_that_stops_gets_another_one() -> None:
    crowd = Crowd()
    async with Runtime() as runtime:
        first = await runtime.spawn(crowd, name="first", accepts=["demo"])
        results: list[str] = []

        async def run() -> None:
            results.append((await execute(Task(kind="demo", payload={"n": 2}))).provider)

        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(run)
            await anyio.wait_all_tasks_blocked()
            await runtime.spawn(square, name="second", accepts=["demo"])
            group.start_soon(first.stop)
            await anyio.wait_all_tasks_blocked()
            crowd.may_finish.set()
    assert results == ["first", "second"]


async def test_a_provider_without_a_card_takes_as_many_as_its_concurrency() -> None:
    crowd = Crowd()
    async with Runtime() as runtime:
        await runtime.spawn(crowd, name="crowd", accepts=["demo"], concurrency=3)
        async with anyio.create_task_group() as group:
            for _ in range(9):
                group.start_soon(execute, Task(kind="demo"))
            await anyio.wait_all_tasks_blocked()
            crowd.may_finish.set()
    assert crowd.most == 3


async def test_work_that_blocks_runs_in_threads() -> None:
    def where(task: Task, context: Any) -> int:
        if task.payload:
            raise KeyError(task.payload)
        return threading.get_ident()

    async with Runtime() as runtime:
        await runtime.spawn(where, accepts=["demo"], card=ProviderCard(engine="thread", running=2))
        assert (await execute(Task(kind="demo"))).value != threading.get_ident()
        with pytest.raises(HandlerError, match="KeyError: 'gone'") as caught:
            await execute(Task(kind="demo", payload="gone"))
        assert isinstance(caught.value.__cause__, KeyError)
        assert runtime.statistics().restarts == 0


@pytest.mark.slow
async def test_work_that_computes_runs_in_processes_that_end_with_the_runtime(tmp_path: Any) -> None:
    async with Runtime() as runtime:
        card = ProviderCard(engine="process", running=1)
        await runtime.spawn(die_once, accepts=["demo"], card=card)
        result = await execute(Task(kind="demo", payload=(7, 7, str(tmp_path / "killed"))))
        assert (result.value, result.attempts) == (7, 2)
        children = _children()
        assert children
    assert not set(children) & set(_children())


def _children() -> list[str]:
    """Return the ids of the processes that this one has started and that still live."""
    tasks = f"/proc/{os.getpid()}/task"
    if not os.path.isdir(tasks):
        pytest.skip("needs /proc")
    return [pid for task in os.listdir(tasks) for pid in Path(tasks, task, "children").read_text().split()]
