"""A session with a program: JSON lines with ids, several tasks in flight, one child process."""

from __future__ import annotations

import copy
from collections import deque
from typing import Any

import anyio

from reflector.dispatch.stdio_answer import protocol_error, read_document, session_line
from reflector.dispatch.stdio_child import LAST_WORDS, Child, Program, open_child
from reflector.errors import EngineError, ProviderError, ReflectorError

__all__ = ["GRACE", "Session"]

GRACE = 2.0
"""Seconds that a program gets to end after its input has been closed."""
_OWED = 100
"""Answers that a program may owe to tasks nobody waits for any more."""


class _Call:
    """A task in flight."""

    __slots__ = ("answer", "answered_before", "done", "error", "is_given_up", "is_sent", "line")

    def __init__(self, line: bytes) -> None:
        self.line = line
        self.answered_before = 0
        """How many answers there were when it was sent."""
        self.done = anyio.Event()
        self.answer: dict[str, Any] | None = None
        self.error: ReflectorError | None = None
        self.is_sent = self.is_given_up = False


class Session:
    """One child process and the tasks it has been given. It ends when the process does; then make another one.

    A program that answers nothing from the moment a task is sent until that is given up seems to hang: it gets no new
    tasks, finishes those it has, and is killed. Answers to tasks that were given up are dropped.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._calls: dict[str, _Call] = {}
        self._owed: set[str] = set()
        self._answered = 0
        self._outbox: deque[_Call] = deque()
        self._news = anyio.Event()
        self._is_closing = False
        self._scope = anyio.CancelScope()
        self._ended = anyio.Event()
        self._rest: list[bytes] = []
        self._length = 0
        self.is_usable = True
        """Whether it takes new tasks."""

    async def ask(self, name: str, document: Any) -> dict[str, Any]:
        """Return the program's answer to a document. Whoever is cancelled leaves the others alone.

        Args:
            name: Becomes the id, with a number if the program has it already.
            document: An object; the id is put into it.

        Raises:
            ProviderSpawnError: If the program cannot be started.
            ProviderDiedError: If it ended, or closed its input or output, before it answered.
            ProviderProtocolError: If what it says is no answer, whosoever's.
        """
        id = self._free_id(name)
        call = self._calls[id] = _Call(session_line(id, document))
        try:
            self._outbox.append(call)
            self._news.set()
            await call.done.wait()
        finally:
            del self._calls[id]
            if not call.done.is_set():
                self._give_up(id, call)
            if not (self.is_usable or self._is_closing or self._calls):
                self._scope.cancel()
        if call.answer is None:
            assert call.error is not None
            raise copy.copy(call.error) from call.error.__cause__
        return call.answer

    def _free_id(self, name: str) -> str:
        id, number = name, 1
        while id in self._calls or id in self._owed:
            number += 1
            id = f"{name}~{number}"
        return id

    def _give_up(self, id: str, call: _Call) -> None:
        call.is_given_up = True
        if call.is_sent:
            self._owed.add(id)
            if call.answered_before == self._answered or len(self._owed) > _OWED:
                self.is_usable = False

    # --- the task that owns the process ----------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the program until it ends, says what cannot be, or `close` ends it; whoever waits then gets an error."""
        error: ReflectorError = EngineError(f"{self._program}: was closed before it answered")
        try:
            with self._scope:
                async with open_child(self._program) as child:
                    error = await self._converse(child)
        except ReflectorError as err:
            error = err
        finally:
            self.is_usable = False
            waiting = [call for call in self._calls.values() if not call.done.is_set()]
            if isinstance(error, ProviderError):
                error.is_shared = len(waiting) > 1
            for call in waiting:
                call.error = error
                call.done.set()
            self._ended.set()

    async def close(self) -> None:
        """Close the program's input, which tells it to end, and kill it if it does not."""
        self.is_usable, self._is_closing = False, True
        self._news.set()
        try:
            with anyio.move_on_after(GRACE):
                await self._ended.wait()
        finally:
            self._scope.cancel()
            with anyio.move_on_after(GRACE, shield=True):
                await self._ended.wait()

    async def _converse(self, child: Child) -> ReflectorError:
        """Return why it is over."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._write, child)
            try:
                await child.receive(self._take)
            except ReflectorError as err:
                return err
            finally:
                group.cancel_scope.cancel()
        with anyio.move_on_after(GRACE if not self.is_usable else LAST_WORDS):
            await child.process.wait()
        return child.died("half-way through an answer" if self._length else "before it had answered")

    async def _write(self, child: Child) -> None:
        """Write what there is to write: a frame that was begun is written whole, whoever gives it up."""
        while not (self._is_closing and not self._outbox):
            while self._outbox:
                call = self._outbox.popleft()
                call.is_sent = not call.is_given_up
                call.answered_before = self._answered
                if call.is_sent and not await child.send(call.line):
                    child.kill()  # alive or not, it reads nothing any more
                    return
            if not self._is_closing:
                self._news = anyio.Event()
                await self._news.wait()
        await child.stdin.aclose()

    def _take(self, piece: bytes) -> None:
        *ends, rest = piece.split(b"\n")
        for end in ends:
            self._hold(end)
            line, self._rest, self._length = b"".join(self._rest), [], 0
            if line.strip():
                self._hand_over(line)
        self._hold(rest)

    def _hold(self, piece: bytes) -> None:
        self._length += len(piece)
        if self._length > self._program.max_bytes:
            raise self._program.flood()
        self._rest.append(piece)

    def _hand_over(self, line: bytes) -> None:
        """Give an answer to whoever waits for it."""
        answer = read_document(line, self._program)
        id = answer.pop("id", None) if isinstance(answer, dict) else None
        call = self._calls.get(id) if isinstance(id, str) else None
        if call is not None and not call.done.is_set():
            self._answered += 1
            call.answer = answer
            call.done.set()
        elif isinstance(id, str) and id in self._owed:
            self._answered += 1
            self._owed.discard(id)
        else:
            raise protocol_error(
                self._program, "answered what nobody asked, or twice, or without the id", line
            )
