"""All engines keep the promises of the conformance suite; the process engine leaves nothing behind."""

from __future__ import annotations

import errno
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from reflector.dispatch.engines import WorkContext
from reflector.dispatch.process_engine import ProcessEngine, _Worker
from reflector.dispatch.provider import open_engine
from reflector.dispatch.task import Limits, Task
from reflector.errors import EngineError, HandlerError, WorkerCrashedError
from reflector.testing.engine_suite import ENGINE_CHECKS, PROCESS_ENGINE_CHECKS, SpecialError, square

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["inline", "thread", pytest.param("process", marks=pytest.mark.slow)])
@pytest.mark.parametrize("check", ENGINE_CHECKS, ids=lambda check: check.__name__)
async def test_conformance(check: Callable[..., Any], name: str) -> None:
    await check(lambda workers: open_engine(name, workers))  # type: ignore[arg-type]  # one of the three names


@pytest.mark.slow
@pytest.mark.parametrize("check", PROCESS_ENGINE_CHECKS, ids=lambda check: check.__name__)
async def test_process_conformance(check: Callable[..., Any]) -> None:
    await check(ProcessEngine)


def test_the_context_of_outside_work_knows_the_time_left() -> None:
    assert WorkContext(Task(kind="demo")).remaining() is None
    left = WorkContext(Task(kind="demo", deadline="2001-01-01T00:00:00Z")).remaining()  # type: ignore[arg-type]  # pydantic reads it
    assert left is not None
    assert left < 0


@pytest.mark.slow
async def test_a_closed_engine_has_no_processes_and_starts_none() -> None:
    engine = ProcessEngine(1)
    await engine.run(square, Task(kind="demo", payload=2), None)
    (pid,) = engine.pids
    await engine.close()
    assert engine.pids == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(EngineError, match="closed"):
        await engine.run(square, Task(kind="demo", payload=2), None)


async def test_a_dead_worker_is_cleared_away_by_a_cancelled_task_too() -> None:
    engine = ProcessEngine(1)
    dead = await engine._worker()
    dead.process.kill()
    dead.process.wait()
    engine._idle.append(dead)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await engine._worker()
    await engine.close()
    assert all(pipe is not None and pipe.closed for pipe in (dead.process.stdin, dead.process.stdout))


def test_what_cannot_be_written_to_a_dead_worker_is_nobodys_error() -> None:
    class Broken:
        closed = False

        def write(self, body: bytes) -> None:
            raise OSError(errno.EINVAL, "on Windows the other end is gone")

        close = functools.partialmethod(write, b"")

    worker = _Worker()
    assert worker.process.stdin is not None
    worker.process.stdin.close()
    worker.process.stdin = Broken()  # type: ignore[assignment]  # what is used of one
    assert worker.ask(b"") is None
    worker.process.kill()
    worker.end()


_SCRIPT = """
import sys
import anyio
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.task import Task

print("loaded as", __name__, file=sys.stderr)

def double(task, context):
    return task.payload * 2

async def main():
    engine = ProcessEngine(1)
    print((await engine.run(double, Task(kind="demo", payload=21), None)).value, engine.pids[0], flush=True)
    {end}
"""
_GUARDED = '\nif __name__ == "__main__":\n    anyio.run(main)\n'
_UNGUARDED = "\nanyio.run(main)\n"


def run_script(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    (folder / "script.py").write_text(text)
    return run_python(folder, "script.py")


def run_python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_a_guarded_main_script_is_loaded_but_not_run_again(tmp_path: Path) -> None:
    finished = run_script(tmp_path, _SCRIPT.format(end="await engine.close()") + _GUARDED)
    assert finished.stdout.startswith("42 "), finished.stderr
    assert finished.stderr.splitlines() == ["loaded as __main__", "loaded as __worker_main__"]


@pytest.mark.slow
def test_an_unguarded_main_script_is_a_typed_error(tmp_path: Path) -> None:
    finished = run_script(tmp_path, _SCRIPT.format(end="await engine.close()") + _UNGUARDED)
    assert finished.stdout == ""
    assert "UnpicklableError" in finished.stderr
    assert "move it to a module" in finished.stderr
    assert finished.stderr.count("loaded as") == 1


_OWN_TYPES = (
    """
{imports}
import dataclasses
import anyio
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.task import Task

@dataclasses.dataclass
class Twice:
    number: int

class OddError(Exception):
    pass

def double(task, context):
    print("doubling", task.payload)
    if task.payload % 2:
        raise OddError
    return Twice(task.payload * 2)

async def main():
    engine = ProcessEngine(1)
    value = (await engine.run(double, Task(kind="demo", payload=4), None)).value
    print(value, isinstance(value, Twice), flush=True)
    try:
        await engine.run(double, Task(kind="demo", payload=3), None)
    except OddError:
        print("odd", flush=True)
    await engine.close()
"""
    + _GUARDED
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("imports", "how"),
    [("", ["family/script.py"]), ("from . import __name__ as here", ["-m", "family.script"])],
)
def test_work_of_a_main_script_returns_and_raises_its_own_types(
    tmp_path: Path, imports: str, how: list[str]
) -> None:
    """As multiprocessing lets it, also for a module of a package that is run with -m. What it prints is not lost."""
    (tmp_path / "family").mkdir()
    (tmp_path / "family" / "__init__.py").touch()
    (tmp_path / "family" / "script.py").write_text(_OWN_TYPES.format(imports=imports))
    finished = run_python(tmp_path, *how)
    assert finished.stdout == "Twice(number=8) True\nodd\n", finished.stderr
    assert finished.stderr.splitlines() == ["doubling 4", "doubling 3"]


_HALF_LOADED = (
    """
import anyio
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.task import Task

def double(task, context):
    return task.payload * 2

if __name__ == "__main__":
    SETTINGS = {}
SETTINGS

async def main():
    engine = ProcessEngine(1)
    for _ in range(2):
        try:
            print((await engine.run(double, Task(kind="demo", payload=21), None)).value)
        except Exception as err:
            print(err)
    await engine.close()
"""
    + _GUARDED
)


@pytest.mark.slow
def test_a_module_that_cannot_be_loaded_is_told_each_time(tmp_path: Path) -> None:
    finished = run_script(tmp_path, _HALF_LOADED)
    first, second = finished.stdout.splitlines()
    assert "NameError: name 'SETTINGS' is not defined" in first
    assert second == first


def fork_and_die(task: Task, context: Any) -> None:
    """Leave a process behind, whose id is written to the payload's file, and exit."""
    if pid := os.fork():
        Path(task.payload).write_text(str(pid))
        os._exit(1)
    signal.alarm(20)
    signal.pause()


@pytest.mark.slow
async def test_what_the_work_forks_does_not_hide_the_end_of_its_worker(tmp_path: Path) -> None:
    engine = ProcessEngine(1)
    forked = tmp_path / "forked"
    task = Task(kind="demo", payload=str(forked), limits=Limits(attempts=1))
    with pytest.raises(WorkerCrashedError):
        await engine.run(fork_and_die, task, None)
    pid = int(forked.read_text())
    assert _is_running(pid)
    os.kill(pid, signal.SIGKILL)
    await engine.close()


class UnspeakableError(SpecialError):
    def __str__(self) -> str:
        raise RuntimeError


def fail_unspeakably(task: Task, context: Any) -> None:
    raise UnspeakableError(reason="habit")


@pytest.mark.slow
async def test_an_error_without_a_text_crosses_the_border() -> None:
    engine = ProcessEngine(1)
    with pytest.raises(HandlerError, match="UnspeakableError"):
        await engine.run(fail_unspeakably, Task(kind="demo"), None)
    await engine.close()


@pytest.mark.slow
def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    finished = run_script(tmp_path, _SCRIPT.format(end="import os; os.kill(os.getpid(), 9)") + _GUARDED)
    pid = int(finished.stdout.split()[1])
    patience = time.monotonic() + 10
    while _is_running(pid) and time.monotonic() < patience:
        time.sleep(0.01)
    assert not _is_running(pid)


def _is_running(pid: int) -> bool:
    """Return whether a process lives; one that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second while it is being read
        return False
