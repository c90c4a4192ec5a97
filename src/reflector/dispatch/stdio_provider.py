"""A provider whose work is done by a program, over standard input and output."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import anyio

from reflector._json import dumps
from reflector._text import as_seconds
from reflector.dispatch.engines import Ran
from reflector.dispatch.provider import EngineProvider
from reflector.dispatch.stdio_answer import document_of, protocol_error, read_document, read_output
from reflector.dispatch.stdio_child import Program, ask_once
from reflector.dispatch.stdio_session import Session
from reflector.dispatch.task import Task, TaskOutput
from reflector.errors import (
    ConfigurationError,
    EngineError,
    ProviderDiedError,
    ProviderError,
    ProviderProtocolError,
    ProviderTimeoutError,
)

__all__ = ["DEFAULT_MAX_BYTES", "StdioProvider"]

DEFAULT_MAX_BYTES = 64 * 1024 * 1024
"""Of one answer."""
DEFAULT_TIMEOUT = 300.0

Mode = Literal["session", "document"]
Encode = Callable[[Task], Any]
Decode = Callable[[Any, Task], Any]


class StdioProvider(EngineProvider):
    """Has tasks done by a program in any language, which speaks JSON on standard input and output.

    ```python
    worker = functools.partial(rf.StdioProvider, ["python", "worker.py"])
    await runtime.spawn(worker, name="worker", accepts=["demo"], card=rf.ProviderCard(running=4))
    ```

    In a session the program is started at the first task and kept. A line `{"id": …, "task_type": …, "payload": …}` is
    answered by a line `{"id": …, "value": …, "usage": …}` or `{"id": …, "error": {"type", "message", "retryable"}}`,
    in any order; as many are in flight as the card lets run. When the program dies, or speaks nonsense, the tasks it
    had are started again, as often as their limits allow, one at a time in another process: the one that broke it
    cannot take the others along. As documents, each task has a process of its own: one document in, one out, and the
    exit code 0.

    The program and what it has started in its process group are killed when they do not end by themselves, and when a
    task as a document is given up. It should end when its input does: then it also ends when this process is killed.
    """

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        mode: Mode = "session",
        encode: Encode = document_of,
        decode: Decode | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        max_bytes: int = DEFAULT_MAX_BYTES,
        environment: Mapping[str, str] | None = None,
        working_directory: str | os.PathLike[str] | None = None,
    ) -> None:
        """Prepare one; `Runtime.spawn` takes a `functools.partial` of the class.

        Args:
            command: The program and its arguments; a text is split as a shell would, but no shell sees it.
            mode: `session`, or `document`: a process for each task.
            encode: Makes the document out of a task; in a session an object, which gets the task's id.
            decode: Makes the value out of what the program answered; a ValueError counts as a broken answer.
            timeout: Seconds for a task, all its tries together; the deadline of the task applies as well.
            max_bytes: Of one answer.
            environment: All variables of the program; None: those of this process.
            working_directory: None: that of this process.
        """
        program = Program.from_command(command, max_bytes)._replace(
            environment=environment, working_directory=working_directory
        )
        self._engine = _StdioEngine(program, mode, encode, decode, timeout)
        self._work = _no_work


class _StdioEngine:
    """Has tasks done by a program, instead of running work."""

    def __init__(
        self, program: Program, mode: Mode, encode: Encode, decode: Decode | None, timeout: float
    ) -> None:
        if mode not in ("session", "document"):
            raise ConfigurationError(f"mode is 'session' or 'document'; got {mode!r}")
        self._program = program
        self._mode = mode
        self._encode = encode
        self._decode = decode
        self._timeout = timeout
        self._sessions: set[Session] = set()
        self._shared: Session | None = None
        self._careful: Session | None = None
        self._one_at_a_time = anyio.Lock()
        self._is_closed = False

    async def run(self, work: Any, task: Task, context: Any) -> Ran:
        left = context.remaining()
        # A little less than there is, so that the more exact error arrives first.
        seconds = self._timeout if left is None else min(left - min(0.05, left / 10), self._timeout)
        document = self._encode(task)
        with anyio.move_on_after(seconds):
            for attempt in range(1, task.limits.attempts + 1):
                try:
                    answer = await self._answer(task, document, attempt, context)
                except ProviderError as err:
                    err.attempts = attempt
                    if attempt == task.limits.attempts or not self._can_repeat(err):
                        raise
                else:
                    return Ran(self._value(answer, task), attempt)
        raise ProviderTimeoutError(f"{self._program}: did not answer within {as_seconds(seconds)} s")

    async def close(self) -> None:
        self._is_closed = True
        async with anyio.create_task_group() as group:
            for session in tuple(self._sessions):
                group.start_soon(session.close)

    def _can_repeat(self, error: ProviderError) -> bool:
        """Return whether it may have been somebody else's fault. With a process for each task an exit code is not."""
        if isinstance(error, ProviderDiedError):
            return self._mode == "session" or (error.exit_code or 0) < 0
        return error.is_shared and isinstance(error, ProviderProtocolError)

    async def _answer(self, task: Task, document: Any, attempt: int, context: Any) -> Any:
        if self._mode == "document":
            return read_document(await ask_once(self._program, dumps(document)), self._program)
        if attempt == 1:
            self._shared = self._usable(self._shared, context)
            return await self._shared.ask(task.id, document)
        async with self._one_at_a_time:
            self._careful = self._usable(self._careful, context)
            try:
                return await self._careful.ask(task.id, document)
            finally:
                if not self._one_at_a_time.statistics().tasks_waiting:
                    context.runtime.start(self._careful.close)
                    self._careful = None

    def _usable(self, session: Session | None, context: Any) -> Session:
        """Return the session, or a new one if it takes no tasks any more."""
        if session is not None and session.is_usable:
            return session
        if self._is_closed:
            raise EngineError(f"{self._program}: the provider has stopped")
        session = Session(self._program)
        self._sessions.add(session)
        context.runtime.start(self._keep, session)
        return session

    async def _keep(self, session: Session) -> None:
        try:
            await session.run()
        finally:
            self._sessions.discard(session)

    def _value(self, answer: Any, task: Task) -> Any:
        output = read_output(answer, self._program)
        if self._decode is None:
            return output
        try:
            if isinstance(output, TaskOutput):
                return output.replace(value=self._decode(output.value, task))
            return self._decode(output, task)
        except ValueError as err:
            raise protocol_error(
                self._program, f"answered what is no value of a task {task.kind!r} ({err})", dumps(answer)
            ) from err


def _no_work(task: Task, context: Any) -> None:
    raise AssertionError("a program does the work")
