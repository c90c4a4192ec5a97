"""A call that is cancelled in its first step leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from reflector.llm.leaks import without_leak


@pytest.fixture(autouse=True)
def _complaints() -> Iterator[None]:
    """Fail a test after which a coroutine was never awaited."""
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(complaint.message) for complaint in complaints] == []


async def answer() -> str:
    await asyncio.sleep(0)
    return "text"


async def call_like_litellm(build: Callable[[], Any]) -> Any:
    made = await asyncio.get_running_loop().run_in_executor(None, build)
    return await made


def test_what_a_call_returns_comes_through() -> None:
    async def main() -> str:
        return str(await without_leak(call_like_litellm(answer)))

    assert asyncio.run(main()) == "text"


def test_what_the_first_step_raises_comes_through() -> None:
    def fail() -> None:
        raise KeyError("key")

    async def main() -> None:
        with pytest.raises(KeyError, match="key"):
            await without_leak(call_like_litellm(fail))

    asyncio.run(main())


def test_a_call_without_any_wait_comes_through() -> None:
    async def at_once() -> int:
        return 3

    async def main() -> int:
        return int(await without_leak(at_once()))

    assert asyncio.run(main()) == 3


def test_cancelled_during_its_first_step_it_ends_at_once_and_nothing_is_never_awaited() -> None:
    begun, may_end = threading.Event(), threading.Event()
    made: list[Coroutine[Any, Any, str]] = []

    def build() -> Coroutine[Any, Any, str]:
        begun.set()
        may_end.wait(5)
        made.append(answer())
        return made[-1]

    async def run() -> Any:
        return await without_leak(call_like_litellm(build))

    async def main() -> bool:
        task = asyncio.create_task(run())
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        await asyncio.wait([task])
        is_early = not made
        may_end.set()
        return is_early and task.cancelled()

    assert asyncio.run(main())
    assert made.pop().cr_frame is None  # closed


def test_cancelled_later_the_call_itself_is_cancelled() -> None:
    steps: list[str] = []

    waits = asyncio.Event()

    async def wait() -> None:
        steps.append("waits")
        waits.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            steps.append("cancelled")
            raise

    async def run() -> Any:
        return await without_leak(call_like_litellm(wait))

    async def main() -> bool:
        task = asyncio.create_task(run())
        await waits.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())
    assert steps == ["waits", "cancelled"]
