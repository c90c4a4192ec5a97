"""What every engine must do, as functions: run each of `ENGINE_CHECKS` on an engine of yours.

An engine whose workers are processes also has to pass `PROCESS_ENGINE_CHECKS`: there, workers are killed.

```python
@pytest.mark.parametrize("check", ENGINE_CHECKS, ids=lambda check: check.__name__)
async def test_my_engine(check):
    await check(MyEngine)
```
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel

from reflector.dispatch.engines import Engine, Work
from reflector.dispatch.task import Limits, Task
from reflector.errors import UnpicklableError, WorkerCrashedError

__all__ = ["ENGINE_CHECKS", "PROCESS_ENGINE_CHECKS", "EngineFactory"]

EngineFactory = Callable[[int], Engine]
"""Makes an engine of so many workers."""

_TASKS = 2000


# --- work: at the top of a module, so that processes can import it -------------------------------------------


def square(task: Task, context: Any) -> int:
    """Return the square of the payload."""
    return int(task.payload) ** 2


async def square_later(task: Task, context: Any) -> int:
    """Return the square of the payload, after a turn of the event loop."""
    await anyio.lowlevel.checkpoint()
    return int(task.payload) ** 2


def fail(task: Task, context: Any) -> None:
    """Raise what the payload says."""
    raise ZeroDivisionError(task.payload)


def noisy(task: Task, context: Any) -> str:
    """Print; what is printed must not disturb anything."""
    print(task.payload)
    return str(task.payload)


async def hold_a_file(task: Task, context: Any) -> None:
    """Make the payload's file, to say that it runs, and wait until it is gone.

    Not for another file to appear: its folder may be removed before anybody looks, and a thread that waits for ever
    keeps its process from ending.
    """
    started = Path(task.payload)
    _touch(started)
    await _until(lambda: not started.exists())


def compute_for_ever(task: Task, context: Any) -> None:
    """Say that it runs by writing its process id to the payload's file, then compute."""
    Path(task.payload).write_text(str(os.getpid()))
    while True:
        time.perf_counter()


def die_once(task: Task, context: Any) -> int:
    """Return the number in the payload; kill the process that runs it, the first time it is the deadly number."""
    number, deadly, marker = task.payload
    if number == deadly:
        try:
            Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return int(number)
        os.kill(os.getpid(), signal.SIGKILL)
    return int(number)


def die(task: Task, context: Any) -> None:
    """Kill the process that runs it."""
    os.kill(os.getpid(), signal.SIGKILL)


def return_a_lock(task: Task, context: Any) -> Any:
    """Return what cannot be pickled."""
    return threading.Lock()


class SpecialError(Exception):
    """An error whose pickle cannot be read again."""

    def __init__(self, *, reason: str) -> None:
        super().__init__(f"because of {reason}")


def fail_specially(task: Task, context: Any) -> None:
    """Raise an error that does not survive pickling."""
    raise SpecialError(reason="habit")


# --- for every engine ----------------------------------------------------------------------------------------


async def returns_values(make: EngineFactory) -> None:
    """Sync and async work, one value for each task."""
    async with _engine(make, 2) as engine:
        for work in (square, square_later):
            results: dict[int, Any] = {}

            async def run(number: int, work: Any = work, results: dict[int, Any] = results) -> None:
                results[number] = await _value(engine, work, number)

            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(run, number)
            assert results == {number: number**2 for number in range(20)}


async def raises_what_the_work_raised(make: EngineFactory) -> None:
    """The error's own type and text, and the engine goes on."""
    async with _engine(make, 1) as engine:
        for _ in range(2):
            error = await _error_of(engine, fail, _task("by zero"))
            assert isinstance(error, ZeroDivisionError)
            assert error.args == ("by zero",)
        await _goes_on(engine)


async def lets_work_print(make: EngineFactory) -> None:
    """What work prints goes nowhere near the results."""
    async with _engine(make, 1) as engine:
        for text in ("one", "two"):
            assert await _value(engine, noisy, text) == text


async def can_be_cancelled(make: EngineFactory) -> None:
    """A cancelled run ends soon, and its worker's place is free again.

    Work in threads cannot be ended: there, only that the caller is free again can be asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = Path(folder, "started")
        async with _engine(make, 2) as engine:
            try:
                with anyio.fail_after(60):
                    await _cancelled(engine, hold_a_file, started, started.exists)
                    await _goes_on(engine)
            finally:
                _remove(started)  # lets work in a thread end


ENGINE_CHECKS: tuple[Callable[[EngineFactory], Awaitable[None]], ...] = (
    returns_values,
    raises_what_the_work_raised,
    lets_work_print,
    can_be_cancelled,
)
"""Each takes a factory of engines and raises AssertionError where a promise is broken."""


# --- for engines whose workers are processes -----------------------------------------------------------------


async def survives_a_killed_worker(make: EngineFactory) -> None:
    """A worker is killed after a quarter of 2,000 tasks: 2,000 results, each once, and no error."""
    results: list[int] = []
    attempts: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        killed = Path(folder, "killed")
        async with _engine(make, 2) as engine, anyio.create_task_group() as group:

            async def run(number: int) -> None:
                ran = await engine.run(die_once, _task((number, _TASKS // 4, str(killed))), None)
                results.append(ran.value)
                attempts.append(ran.attempts)

            for number in range(_TASKS):
                group.start_soon(run, number)
        assert _exists(killed)
    assert sorted(results) == list(range(_TASKS))
    assert max(attempts) == 2


async def gives_up_on_deadly_work(make: EngineFactory) -> None:
    """Work that kills its process every time is a typed error after as many attempts as allowed."""
    async with _engine(make, 1) as engine:
        for attempts in (1, 2):
            error = await _error_of(engine, die, Task(kind="check", limits=Limits(attempts=attempts)))
            assert isinstance(error, WorkerCrashedError)
            assert f"{attempts} time" in str(error)
        await _goes_on(engine)


async def types_what_cannot_cross(make: EngineFactory) -> None:
    """Functions, payloads and results that cannot be pickled are typed errors, and the engine goes on."""
    async with _engine(make, 1) as engine:
        for work, payload in (
            (lambda task, context: None, 1),
            (square, threading.Lock()),
            (return_a_lock, 1),
        ):
            error = await _error_of(engine, work, _task(payload))
            assert isinstance(error, UnpicklableError), f"{work!r} with {payload!r} gave {error!r}"
        error = await _error_of(engine, fail_specially, _task())
        assert "SpecialError: because of habit" in str(error)
        await _goes_on(engine)


async def ends_computing_when_cancelled(make: EngineFactory) -> None:
    """Cancelling kills the process that computes; none is left after closing."""
    with tempfile.TemporaryDirectory() as folder:
        started = Path(folder, "pid")
        async with _engine(make, 1) as engine:
            with anyio.fail_after(60):
                await _cancelled(engine, compute_for_ever, started, lambda: _has_text(started))
            assert not _lives(started)
            await _goes_on(engine)


@asynccontextmanager
async def _engine(make: EngineFactory, workers: int) -> AsyncIterator[Engine]:
    engine = make(workers)
    try:
        yield engine
    finally:
        await engine.close()


def _task(payload: Any = None) -> Task:
    return Task(kind="check", payload=payload)


async def _value(engine: Engine, work: Work, payload: Any) -> Any:
    return (await engine.run(work, _task(payload), None)).value


async def _goes_on(engine: Engine) -> None:
    assert await _value(engine, square, 3) == 9


async def _cancelled(engine: Engine, work: Work, started: Path, runs: Callable[[], object]) -> None:
    """Cancel work as soon as it runs."""
    async with anyio.create_task_group() as group:
        group.start_soon(engine.run, work, _task(str(started)), None)
        await _until(runs)
        group.cancel_scope.cancel()


async def _error_of(engine: Engine, work: Work, task: Task) -> Exception:
    """Return the error that a run raises."""
    try:
        ran = await engine.run(work, task, None)
    except Exception as err:  # noqa: BLE001 - whichever it is, the check looks at it
        return err
    raise AssertionError(f"no error; got {ran!r}")


async def _until(is_met: Callable[[], object]) -> None:
    """Wait for what happens in another process, which cannot set an event of ours."""
    while not is_met():  # noqa: ASYNC110 - see above
        await anyio.sleep(0.001)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _touch(file: Path) -> None:
    file.touch()


def _exists(file: Path) -> bool:
    return file.exists()


def _has_text(file: Path) -> bool:
    return file.exists() and file.read_text() != ""


def _lives(file: Path) -> bool:
    """Return whether the process lives whose id is in the file."""
    try:
        os.kill(int(file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


PROCESS_ENGINE_CHECKS: tuple[Callable[[EngineFactory], Awaitable[None]], ...] = (
    survives_a_killed_worker,
    gives_up_on_deadly_work,
    types_what_cannot_cross,
    ends_computing_when_cancelled,
)
"""Like `ENGINE_CHECKS`, where workers are processes."""
