"""Work in other processes: for what computes. A worker that dies is replaced and its task is run again."""

from __future__ import annotations

import ast
import contextlib
import functools
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from reflector._text import text_of
from reflector.dispatch.engines import Ran, Work
from reflector.dispatch.task import Task
from reflector.dispatch.worker import MAIN, Answer, Job, read_frame, write_frame
from reflector.errors import EngineError, HandlerError, UnpicklableError, WorkerCrashedError

__all__ = ["ProcessEngine"]

_BOOTSTRAP = "import sys; sys.path[:] = {path!r}; from reflector.dispatch.worker import main; main()"


class ProcessEngine:
    """A pool of processes, each started fresh when first needed. Tasks are run at least once, answered once.

    A worker is a bare interpreter that imports the module of the work by name (or by its file), never the main
    script, except for one whose doing stands below `if __name__ == "__main__":`. It ends when this process does,
    `kill -9` included.
    """

    def __init__(self, workers: int) -> None:
        self._limiter = anyio.CapacityLimiter(workers)
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """The ids of the processes that live."""
        return [worker.process.pid for worker in self._all if worker.is_alive]

    async def run(self, work: Work, task: Task, context: Any) -> Ran:
        async with self._limiter:
            for attempt in range(1, task.limits.attempts + 1):
                frame = _job(work, task, attempt)
                answer = await self._ask_worker(frame)
                if answer is not None:
                    return Ran(_value(answer), attempt)
        raise WorkerCrashedError(
            f"the worker process died while it ran task {task.id!r} of kind {task.kind!r}, "
            f"{task.limits.attempts} times. Does the work exit, or run out of memory?",
            attempts=task.limits.attempts,
        )

    async def close(self) -> None:
        self._is_closed = True
        for worker in tuple(self._all):
            await self._end(worker)

    async def _ask_worker(self, frame: bytes) -> Answer | None:
        """Return what a worker answers, or None if it died."""
        worker = await self._worker()
        try:
            body = await anyio.to_thread.run_sync(
                worker.ask, frame, abandon_on_cancel=True, limiter=anyio.CapacityLimiter(1)
            )
        except BaseException:
            await self._end(worker)
            raise
        if body is None:
            await self._end(worker)
            return None
        self._idle.append(worker)
        return _answer(body)

    async def _worker(self) -> _Worker:
        """Return a worker that waits, else a new one."""
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            await self._end(worker)
        if self._is_closed:
            raise EngineError("the process engine is closed")
        worker = _Worker()
        self._all.add(worker)
        return worker

    async def _end(self, worker: _Worker) -> None:
        self._all.discard(worker)
        worker.process.kill()
        with anyio.CancelScope(shield=True):  # nobody else knows the worker any more
            await anyio.to_thread.run_sync(worker.end)


class _Worker:
    """One process and the pipes to it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BOOTSTRAP.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._pipes = threading.Lock()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, frame: bytes) -> bytes | None:
        """Return the answer to a job, or None if the process died."""
        stdin, stdout = self.process.stdin, self.process.stdout
        with self._pipes:
            if stdin is None or stdout is None or stdin.closed:
                return None
            try:
                write_frame(stdin, frame)
            except OSError:  # BrokenPipeError; on Windows any
                return None
            return read_frame(stdout)

    def end(self) -> None:
        """Wait for the killed process, let whoever reads from it finish, and close the pipes."""
        self.process.wait()
        with self._pipes:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    _close(pipe)


def _close(pipe: Any) -> None:
    with contextlib.suppress(OSError):  # what was still to be written was for a process that is gone
        pipe.close()


def _job(work: Work, task: Task, attempt: int) -> bytes:
    try:
        module, file = _home(work)
        packed = (pickle.dumps(work), pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
    except Exception as err:  # pickling runs foreign code; the border to the other process
        raise UnpicklableError(
            f"task {task.id!r} of kind {task.kind!r} cannot be sent to another process: {text_of(err)}. Its payload "
            "has to be plain data, its function one of a module's top level."
        ) from err
    return pickle.dumps(tuple(Job(module, file, *packed, attempt)), pickle.HIGHEST_PROTOCOL)


def _home(work: Work) -> tuple[str, str | None]:
    """Return the module that defines the work, by the name it has in a worker, and its file.

    Raises:
        ValueError: If it is the main script and importing that would run it.
    """
    function: Any = work
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__module__", None) or type(function).__module__
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name == "__main__":
        if module is None or file is None or not _is_guarded(file):
            raise ValueError(
                "it is defined in the main script, and importing that would run it again: move it to a module, or the "
                'script\'s doing below `if __name__ == "__main__":`'
            )
        name = f"{module.__package__}.{MAIN}" if module.__package__ else MAIN
        sys.modules[name] = module  # what comes back names its classes by it
    return name, file


@functools.lru_cache(8)
def _is_guarded(file: str) -> bool:
    """Return whether a script keeps what it does below `if __name__ == "__main__":`."""
    tree = ast.parse(Path(file).read_bytes())
    tests = [ast.unparse(node.test) for node in tree.body if isinstance(node, ast.If)]
    return any("__name__" in test and "__main__" in test for test in tests)


def _answer(body: bytes) -> Answer:
    try:
        return Answer(*pickle.loads(body))
    except Exception as err:  # noqa: BLE001 - unpickling runs foreign code; the border to the other process
        return Answer("unpicklable", f"the result cannot be read here: {type(err).__name__}: {text_of(err)}")


def _value(answer: Answer) -> Any:
    match answer.kind:
        case "value":
            return answer.content
        case "error":
            raise answer.content
        case "described":
            name, text, notes = answer.content
            error = HandlerError(f"{name}: {text}")
            for note in notes:
                error.add_note(note)
            raise error
        case "unpicklable":
            raise UnpicklableError(answer.content)
