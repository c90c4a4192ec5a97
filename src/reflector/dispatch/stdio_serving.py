"""The other side of a stdio provider: a program that takes tasks on standard input and answers on standard output."""

from __future__ import annotations

import contextlib
import inspect
import os
import select
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import anyio

from reflector._json import dumps, loads_exactly
from reflector.agents.groups import only_error
from reflector.dispatch.task import TaskOutput
from reflector.errors import ConfigurationError, InputError

__all__ = ["MAX_DOCUMENT", "RUNNING", "answer_of", "failure_of", "serve", "serve_stdio"]

MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes of one request."""
RUNNING = 16
"""Requests of a session that are answered at once."""
_CHUNK = 1 << 18
_AT_ONCE = getattr(select, "PIPE_BUF", 512)
"""Bytes that a pipe takes without blocking, when it takes any."""

Answer = Callable[[Any], Awaitable[dict[str, Any]]]
Failure = Callable[[Exception], dict[str, Any]]


def serve_stdio(handler: Callable[[Any], Any], *, session: bool = True, running: int = RUNNING) -> None:
    """Answer tasks on standard input until it ends: the program of a `StdioProvider`, written in Python.

    ```python
    def double(task):
        return task["payload"]["n"] * 2

    rf.serve_stdio(double)
    ```

    What the handler raises is answered too; when its error has a `retryable`, that is said. What it prints goes to
    standard error, now and afterwards. When nobody can read the answers any more, it ends at once.

    Args:
        handler: Gets the document and returns the value, or a `TaskOutput` with what it used. A function that
            computes does one task after the other; of an async one several run at once.
        session: Each line is a task. False: all of the input is one, and its answer is the only document.
        running: How many tasks run at once; the others wait in the pipe.

    Raises:
        ConfigurationError: If that is not at least one.
    """
    if running < 1:
        raise ConfigurationError(f"running is at least 1; got {running!r}")

    async def answer(document: Any) -> dict[str, Any]:
        value = handler(document)
        return answer_of(await value if inspect.isawaitable(value) else value)

    anyio.run(partial(serve, answer, failure_of, session=session, running=running))


def answer_of(value: Any) -> dict[str, Any]:
    """Return what a handler returned as an answer."""
    if isinstance(value, TaskOutput):
        return {"value": value.value, "usage": value.usage.model_dump(mode="json", exclude_none=True)}
    return {"value": value}


def failure_of(error: Exception) -> dict[str, Any]:
    """Return an error as an answer."""
    retryable = getattr(error, "retryable", False) is True
    return {"error": {"type": type(error).__name__, "message": str(error), "retryable": retryable}}


async def serve(
    answer: Answer, failure: Failure, *, session: bool, running: int = RUNNING, indent: bool = False
) -> None:
    """Answer what comes on standard input on standard output; errors are answers too.

    Args:
        answer: Makes the answer to a document.
        failure: Makes the answer when that, or reading the document, failed; or raises.
        session: Each line is a request, an object whose `id` comes back with its answer, until the input ends. Without
            it all of the input is one request.
        running: How many requests of a session are answered at once.
        indent: Whether the one answer is laid out for people, without an end of line.
    """
    pipes = _Pipes()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(pipes.watch)
            with pipes.scope:
                if session:
                    await _serve_session(pipes, answer, failure, running)
                else:
                    document = await _answered(await pipes.read(), answer, failure)
                    await pipes.write(_written(document, indent=indent))
            group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        error = only_error(errors)
        raise error from error.__cause__


async def _serve_session(pipes: _Pipes, answer: Answer, failure: Failure, running: int) -> None:
    room = anyio.Semaphore(running)

    async def reply(line: bytes) -> None:
        try:
            document = await _answered(line, answer, failure, has_id=True)
            await pipes.write(_written(document))
        finally:
            room.release()

    async with anyio.create_task_group() as group:
        async for line in pipes.lines():
            if line.strip():
                await room.acquire()
                group.start_soon(reply, line)


class _Pipes:
    """Standard input and output for the protocol alone: what else is printed goes to standard error."""

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        """What ends when nobody reads the answers any more."""
        self._writing = anyio.Lock()
        if sys.stdout is None:
            raise InputError("standard output is closed: there is no place for answers")
        self._sink = os.dup(1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        # Where one was closed from the beginning, its number may be that of something else by now.
        os.dup2(nowhere if sys.stderr is None else 2, 1)
        self._source = None if sys.stdin is None else os.dup(0)
        if self._source is not None:
            os.dup2(nowhere, 0)
        os.close(nowhere)

    async def read(self) -> bytes:
        """Return all that comes; of what is too long only so much that it can be seen."""
        content = bytearray()
        async for chunk in self._chunks():
            content += chunk[: MAX_DOCUMENT + 1 - len(content)]
        return bytes(content)

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield the lines; of one that is too long only so much that it can be seen."""
        parts: list[bytes] = []
        length = 0
        async for chunk in self._chunks():
            *ends, rest = chunk.split(b"\n")
            for end in ends:
                yield b"".join([*parts, end[: MAX_DOCUMENT + 1 - length]])
                parts, length = [], 0
            if rest and length <= MAX_DOCUMENT:
                parts.append(rest)
                length += len(rest)
        yield b"".join(parts)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """Yield what comes, without a thread that would outlive an interruption."""
        while self._source is not None:
            # Files are always ready, and event loops refuse them.
            with contextlib.suppress(OSError, NotImplementedError):
                await anyio.wait_readable(self._source)
            chunk = os.read(self._source, _CHUNK)
            if not chunk:
                return
            yield chunk

    async def write(self, content: bytes) -> None:
        """Write all of it, nothing between it; a reader that takes its time keeps nobody else waiting."""
        left = memoryview(content)
        async with self._writing:
            while left:
                with contextlib.suppress(OSError, NotImplementedError):
                    if not select.select((), (self._sink,), (), 0)[1]:  # asking first is much cheaper
                        await anyio.wait_writable(self._sink)
                try:
                    left = left[os.write(self._sink, left[:_AT_ONCE]) :]
                except BrokenPipeError:
                    self.scope.cancel()
                    return

    async def watch(self) -> None:
        """Stop everything once nobody can read what would be written."""
        if stat.S_ISFIFO(os.fstat(self._sink).st_mode):
            with contextlib.suppress(OSError, NotImplementedError):
                await anyio.wait_readable(
                    self._sink
                )  # the end for writing: it rings when the other one is closed
                self.scope.cancel()


async def _answered(
    content: bytes, answer: Answer, failure: Failure, *, has_id: bool = False
) -> dict[str, Any]:
    name: dict[str, Any] = {"id": None} if has_id else {}
    try:
        document = _parsed(content)
        if has_id and isinstance(document, dict):
            name["id"] = document.get("id")
        return name | await answer(document)
    except Exception as err:  # noqa: BLE001 - the border to the handler's code: its errors are answers
        return name | failure(err)


def _written(document: dict[str, Any], *, indent: bool = False) -> bytes:
    """Return an answer as it goes out; of one whose value has no JSON form, that it has none."""
    try:
        return dumps(document, indent=indent) + (b"" if indent else b"\n")
    except TypeError as err:
        return _written({name: document[name] for name in ("id",) if name in document} | failure_of(err))


def _parsed(content: bytes) -> Any:
    if len(content) > MAX_DOCUMENT:
        raise InputError(f"a request has at most {MAX_DOCUMENT:,} bytes")
    if not content.strip():
        raise InputError("the request is empty; expected a JSON document")
    try:
        return loads_exactly(content)
    except ValueError as err:
        raise InputError(f"the request is not JSON: {err}") from None
