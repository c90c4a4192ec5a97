"""Where a provider's work runs: in the event loop, in threads, in other processes."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from reflector.dispatch.task import Task

__all__ = ["Engine", "EngineName", "InlineEngine", "Ran", "ThreadEngine", "Work", "WorkContext", "call"]

EngineName = Literal["inline", "thread", "process"]

Work = Callable[[Task, Any], Any]
"""A provider's function of task and context, sync or async."""


class Ran(NamedTuple):
    """What came of one run."""

    value: Any
    attempts: int = 1


class WorkContext(NamedTuple):
    """The context of work that runs outside of the event loop: it cannot send signals from there."""

    task: Task
    attempt: int = 1
    """1 for the first; more after a process died."""

    def remaining(self) -> float | None:
        """Return the seconds until the task's deadline, or None if it has none."""
        return None if self.task.deadline is None else self.task.deadline.timestamp() - time.time()


class Engine(Protocol):
    """Runs work. `reflector.testing.engine_suite` holds what every engine must do."""

    async def run(self, work: Work, task: Task, context: Any) -> Ran:
        """Return what the work returned for a task.

        At most as many run at once as the engine has workers. Cancelled, it waits for nothing and returns nothing;
        work in a process ends, work in a thread cannot be ended and runs out unheard.

        Raises:
            UnpicklableError: If something cannot get to where the work runs, or back.
            WorkerCrashedError: If the worker died, as often as the task's limits allow.
            Exception: What the work raised.
        """
        ...

    async def close(self) -> None:
        """End the workers; what still runs in processes ends with them."""
        ...


class InlineEngine:
    """Runs work in the event loop itself: for work that waits, not for work that computes."""

    async def run(self, work: Work, task: Task, context: Any) -> Ran:
        result = work(task, context)
        return Ran(await result if inspect.isawaitable(result) else result)

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


class ThreadEngine:
    """Runs work in threads: for work that blocks. An async function gets an event loop of its own there."""

    def __init__(self, workers: int) -> None:
        self._limiter = anyio.CapacityLimiter(workers)

    async def run(self, work: Work, task: Task, context: Any) -> Ran:
        return Ran(
            await anyio.to_thread.run_sync(
                call, work, WorkContext(task), abandon_on_cancel=True, limiter=self._limiter
            )
        )

    async def close(self) -> None:
        await anyio.lowlevel.checkpoint()


def call(work: Work, context: WorkContext) -> Any:
    """Return what the work returns, in a thread or process without an event loop."""
    result = work(context.task, context)
    return anyio.run(_await, result) if inspect.isawaitable(result) else result


async def _await(awaitable: Any) -> Any:
    return await awaitable
