"""The other side of a process engine: takes jobs from a pipe, one after the other, and answers on another.

It imports the parent's main script only for work that is defined there. It ends at once when the parent is gone,
however that came.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import queue
import signal
import struct
import sys
import threading
import traceback
from typing import IO, Any, Literal, NamedTuple

from reflector._text import text_of

__all__ = ["MAIN", "Answer", "Job", "main", "read_frame", "write_frame"]

MAIN = "__worker_main__"
"""The name of the parent's main script here, in its package: what it does as `__main__` is not for us."""
_LENGTH = struct.Struct(">Q")


class Job(NamedTuple):
    """One run of some work."""

    module: str
    """Where the work is defined, and the file of that module: for modules that cannot be imported by name."""
    file: str | None
    work: bytes
    task: bytes
    attempt: int


class Answer(NamedTuple):
    """What came of a job."""

    kind: Literal["value", "error", "described", "unpicklable"]
    """`described`: an error that cannot be pickled, in words."""
    content: Any


def read_frame(pipe: IO[bytes]) -> bytes | None:
    """Return the next frame of a pipe, or None when it has ended, in the middle of a frame too."""
    header = pipe.read(_LENGTH.size)
    if len(header) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(header)
    body = pipe.read(length)
    return body if len(body) == length else None


def write_frame(pipe: IO[bytes], body: bytes) -> None:
    """Write a frame."""
    pipe.write(_LENGTH.pack(len(body)))
    pipe.write(body)
    pipe.flush()


def main() -> None:
    """Answer jobs until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who closes the pipe
    jobs = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    # What the work prints must not get between the frames, nor may it read them.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr  # which keeps no line back: this process is killed, and flushes nothing
    _close_in_forks(jobs, answers)
    received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(jobs, received), daemon=True).start()
    while True:
        write_frame(answers, _pickled(_run(received.get())))


def _close_in_forks(*pipes: IO[bytes]) -> None:
    """Let what the work forks not hold the pipes open: by their end the parent notices that of this process."""

    def close() -> None:
        for pipe in pipes:
            os.dup2(2, pipe.fileno(), inheritable=False)

    if hasattr(os, "register_at_fork"):  # not on Windows
        os.register_at_fork(after_in_child=close)


def _receive(jobs: IO[bytes], received: queue.SimpleQueue[bytes]) -> None:
    """Read in a thread of its own, so that the parent's end is noticed while work runs."""
    while (frame := read_frame(jobs)) is not None:
        received.put(frame)
    os._exit(0)


def _run(frame: bytes) -> Answer:
    from reflector.dispatch.engines import WorkContext, call

    try:
        job = Job(*pickle.loads(frame))
        _make_importable(job.module, job.file)
        work, task = pickle.loads(job.work), pickle.loads(job.task)
    except Exception as err:  # noqa: BLE001 - the border to the parent: told in words
        return Answer("unpicklable", f"the worker cannot load it: {type(err).__name__}: {text_of(err)}")
    try:
        return Answer("value", call(work, WorkContext(task, job.attempt)))
    except Exception as err:  # noqa: BLE001 - the border to the parent, where it is raised again
        err.add_note("In the worker process:\n" + "".join(traceback.format_exception(err)))
        return Answer("error", err)


def _pickled(answer: Answer) -> bytes:
    """Return the answer as bytes that are known to be readable on the other side."""
    try:
        body = pickle.dumps(tuple(answer), pickle.HIGHEST_PROTOCOL)
        if answer.kind == "error":
            pickle.loads(body)  # many exceptions can be written and not be read
    except Exception as err:  # noqa: BLE001 - the border to the parent: told in words
        if answer.kind == "error":
            description = (type(answer.content).__name__, text_of(answer.content), answer.content.__notes__)
            return pickle.dumps(("described", description))
        return pickle.dumps(("unpicklable", f"the result cannot be pickled: {text_of(err)}"))
    return body


def _make_importable(module: str, file: str | None) -> None:
    """Load a module by its file if its name alone does not find it."""
    if module in sys.modules:
        return
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        if file is None:
            raise
        spec = importlib.util.spec_from_file_location(module, file)
        if spec is None or spec.loader is None:
            raise
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[module] = loaded
        try:
            spec.loader.exec_module(loaded)
        except BaseException:
            del sys.modules[module]
            raise
        if module.rpartition(".")[2] == MAIN:
            sys.modules["__main__"] = loaded
