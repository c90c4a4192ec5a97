"""All engines keep the promises of the conformance suite; the process engine leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reflector.dispatch.engines import WorkContext
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.provider import open_engine
from reflector.dispatch.task import Task
from reflector.errors import EngineError
from reflector.testing.engine_suite import ENGINE_CHECKS, PROCESS_ENGINE_CHECKS, square

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
    script = folder / "script.py"
    script.write_text(text)
    return subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
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
    except FileNotFoundError:
        return False
