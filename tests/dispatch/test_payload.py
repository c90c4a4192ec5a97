"""Payloads that know their kind: who does them when nobody was spawned for it."""

from __future__ import annotations

from typing import Any, ClassVar

import anyio
import pytest

from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.payload import DefaultProvider, TaskPayload
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task
from reflector.errors import NoProviderError

pytestmark = pytest.mark.anyio


async def square(task: Task, context: Any) -> tuple[int, str]:
    return task.payload.n**2, context.ref.name


class Lonely(TaskPayload):
    kind: ClassVar[str] = "lonely"
    n: int = 0


class Square(TaskPayload):
    kind: ClassVar[str] = "square"
    n: int

    def default_provider(self) -> DefaultProvider:
        return DefaultProvider("squares", square, ProviderCard(running=2, price_usd=0.5))


async def test_a_payload_is_done_by_its_default_provider() -> None:
    result = await execute(Square(n=3))
    assert (result.value, result.provider, result.usage.cost_usd) == ((9, "squares"), "squares", 0.5)
    result = await execute(Task(kind="square", payload=Square(n=4)))
    assert result.value == (16, "squares")


async def test_a_payload_without_one_needs_a_provider() -> None:
    with pytest.raises(NoProviderError, match="lonely"):
        await execute(Lonely())
    async with Runtime() as runtime:
        await runtime.spawn(square, name="mine", accepts=["lonely"])
        assert (await execute(Lonely(n=2))).value == (4, "mine")


async def test_many_at_once_share_one_default_provider() -> None:
    async with Runtime() as runtime:
        async with anyio.create_task_group() as group:
            for n in range(10):
                group.start_soon(execute, Square(n=n))
        assert [ref.name for ref in runtime.providers()] == ["squares"]
        (ref,) = runtime.providers()
        await ref.stop()
        assert (await execute(Square(n=1))).provider == "squares"  # a new one


async def test_limits_hold_for_the_default_provider_too() -> None:
    for limits in (Limits(providers=("others",)), Limits(cost_usd=0.1)):
        with pytest.raises(NoProviderError):
            await execute(Task(kind="square", payload=Square(n=1), limits=limits))
    named = Task(kind="square", payload=Square(n=1), limits=Limits(providers=("squares",)))
    assert (await execute(named)).provider == "squares"


async def test_a_taken_name_is_left_alone() -> None:
    async with Runtime() as runtime:
        await runtime.spawn(lambda signal, context: None, name="squares")
        result = await execute(Square(n=2))
        assert result.value == (4, result.provider)
        assert result.provider != "squares"
