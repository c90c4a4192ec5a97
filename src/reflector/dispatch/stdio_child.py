"""A program as a child process: its pipes, its log, and its end with everything that it has started."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import anyio
import anyio.abc

from reflector._logging import get_logger
from reflector._text import clean, one_line
from reflector.agents.groups import only_error
from reflector.errors import ConfigurationError, ProviderDiedError, ProviderFloodError, ProviderSpawnError

__all__ = ["LAST_WORDS", "Child", "Program", "ask_once", "open_child"]

LAST_WORDS = 0.5
"""Seconds between the end of a program's output and its own end, or the other way round, before it is killed."""
_KILLED = 5.0
"""Seconds until a killed process is given up."""
_LOGGED = 64 * 1024
"""Bytes of a program's stderr that are logged."""
_REMEMBERED = 2000
"""Bytes of it that are kept for the message of an error."""

_LOG = get_logger(__name__)
_ENDED = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)


class Program(NamedTuple):
    """What to start, and how much of it to listen to."""

    argv: tuple[str, ...]
    max_bytes: int
    """Of one answer."""
    environment: Mapping[str, str] | None = None
    """All of its variables; None: those of this process."""
    working_directory: str | os.PathLike[str] | None = None

    @classmethod
    def from_command(cls, command: str | Sequence[str], max_bytes: int) -> Program:
        """Return the program of a command: a list of arguments, or a text split as a shell would, without a shell.

        Raises:
            ConfigurationError: If there is nothing in it, or a quote stays open.
        """
        try:
            argv = tuple(shlex.split(command) if isinstance(command, str) else map(str, command))
        except ValueError as err:
            raise ConfigurationError(f"the command {command!r} cannot be split: {err}") from None
        if not argv:
            raise ConfigurationError("the command is empty; expected a program and its arguments")
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes is at least 1; got {max_bytes!r}")
        return cls(argv, max_bytes)

    def flood(self) -> ProviderFloodError:
        """Return the error that says that an answer is too long."""
        limit = self.max_bytes
        return ProviderFloodError(f"{self}: an answer has more than {limit:,} bytes", limit=limit)

    def __str__(self) -> str:
        return one_line(clean(shlex.join(self.argv)), 80)


class Child:
    """A running program."""

    def __init__(self, program: Program, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.program = program
        self.process = process
        self.stdin, self.stdout, self._stderr = process.stdin, process.stdout, process.stderr
        self._last = b""
        self._is_gone = False

    async def send(self, content: bytes) -> bool:
        """Write all of it; return False if the program does not read any more."""
        try:
            await self.stdin.send(content)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            return False
        return True

    async def receive(self, take: Callable[[bytes], None]) -> None:
        """Hand over what the program says, piece by piece, until it closes its output or has ended."""
        with contextlib.suppress(*_ENDED):
            while True:
                take(await self.stdout.receive())

    def died(self, when: str) -> ProviderDiedError:
        """Return the error that says how the program ended."""
        match self.process.returncode:
            case None:
                how = "closed its output"
            case code if code < 0:
                how = f"was killed by signal {-code}"
            case code:
                how = f"ended with exit code {code}"
        said = one_line(clean(self._last.decode(errors="replace")), 300)
        said = f"; the last it said: {said}" if said else ""
        return ProviderDiedError(f"{self.program}: {how} {when}{said}", exit_code=self.process.returncode)

    def kill(self) -> None:
        """Kill the program with all it has started that stayed in its process group."""
        if self._is_gone:
            return
        # macOS answers EPERM for a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    async def listen(self) -> None:
        """Log what the program says on stderr, as far as that is not too much; never let it wait for a reader."""
        room = _LOGGED
        with contextlib.suppress(*_ENDED):
            while True:
                said = await self._stderr.receive()
                self._last = (self._last + said)[-_REMEMBERED:]
                for line in said[:room].decode(errors="replace").splitlines():
                    _LOG.info("a provider says", program=str(self.program), line=one_line(clean(line), 500))
                if 0 < room <= len(said):
                    _LOG.info("a provider says more, which is left out", program=str(self.program))
                room = max(0, room - len(said))

    async def watch(self) -> None:
        """Once the program has ended, end what it leaves behind: that may hold the pipes open."""
        await self.process.wait()
        self.kill()
        self._is_gone = True  # from now on somebody else may get its number
        await anyio.sleep(LAST_WORDS)
        await self.stdout.aclose()


@asynccontextmanager
async def open_child(program: Program) -> AsyncIterator[Child]:
    """Start a program. At the end of the block it is gone, with all it has started, however the block ends.

    Raises:
        ProviderSpawnError: If it cannot be started.
    """
    try:
        process = await anyio.open_process(
            program.argv,
            env=program.environment,
            cwd=program.working_directory,
            start_new_session=os.name == "posix",
        )
    except (OSError, ValueError) as err:  # ValueError: a zero byte
        raise ProviderSpawnError(f"{program}: cannot be started: {err}") from err
    child = Child(program, process)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(child.listen)
            group.start_soon(child.watch)
            try:
                yield child
            finally:
                group.cancel_scope.cancel()
    except BaseExceptionGroup as errors:
        failure = only_error(errors)
        raise failure from failure.__cause__
    finally:
        with anyio.move_on_after(_KILLED, shield=True):
            child.kill()
            await process.aclose()


async def ask_once(program: Program, document: bytes) -> bytes:
    """Return all that a program says when it is started with a document as its input.

    Raises:
        ProviderSpawnError: If it cannot be started.
        ProviderFloodError: If it says too much; it is killed then.
        ProviderDiedError: If it does not end with the exit code 0, or not soon after its output; it is killed then.
    """
    said = bytearray()

    def take(piece: bytes) -> None:
        said.extend(piece)
        if len(said) > program.max_bytes:
            raise program.flood()

    async def give() -> None:
        await child.send(document)
        await child.stdin.aclose()

    async with open_child(program) as child, anyio.create_task_group() as group:
        group.start_soon(give)
        await child.receive(take)
        with anyio.move_on_after(LAST_WORDS) as patience:
            await child.process.wait()
        if patience.cancelled_caught:
            raise child.died("and does not end")
        group.cancel_scope.cancel()
    if child.process.returncode:
        raise child.died("instead of answering")
    return bytes(said)
