"""A command on trial: run inside of a time and memory limit, with all that it starts ended with it."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

from reflector._json import Value
from reflector._text import as_seconds
from reflector.errors import ConfigurationError

__all__ = ["Trial", "run_trial"]

_KEPT = 64 * 1024
"""Bytes of the output that are kept: its end, where errors stand."""
_LIMITED = (
    "import os, resource, sys; limit = int(sys.argv[1]); resource.setrlimit(resource.RLIMIT_AS, (limit, limit)); "
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


class Trial(Value):
    """How a command ended."""

    command: tuple[str, ...]
    returncode: int | None
    """None: it was ended because its time was over."""
    seconds: float
    output: str
    """The end of what it wrote, errors included."""

    @property
    def passed(self) -> bool:
        return self.returncode == 0

    @property
    def reason(self) -> str:
        """Why it did not pass, with the last line that it wrote."""
        if self.returncode is None:
            how = f"{self.command[0]} was not done after {as_seconds(self.seconds)} s"
        elif self.returncode < 0:
            how = f"{self.command[0]} was ended by signal {-self.returncode}"
        else:
            how = f"{self.command[0]} ended with exit code {self.returncode}"
        last = self.output.strip().rpartition("\n")[2]
        return f"{how}: {last}" if last else how


async def run_trial(
    command: str | list[str],
    folder: Path,
    *,
    timeout: float,  # noqa: ASYNC109 - what is over then is the command, not this function
    memory_mb: int,
) -> Trial:
    """Run a command in a folder and return how it ended.

    Raises:
        ConfigurationError: If there is no such command, or the platform knows no limit of memory.
    """
    argv = shlex.split(command) if isinstance(command, str) else list(command)
    if not argv:
        raise ConfigurationError("the test command is empty.")
    if os.name != "posix":
        raise ConfigurationError("the memory of a command can be limited on POSIX systems only.")
    if not (timeout > 0 and memory_mb > 0):
        raise ConfigurationError(
            f"a trial needs seconds and megabytes above 0; got {timeout!r} and {memory_mb!r}."
        )
    if _which(argv[0], folder) is None:
        raise ConfigurationError(f"there is no command {argv[0]!r}.")
    limited = [sys.executable, "-S", "-c", _LIMITED, str(memory_mb * 1024 * 1024), *argv]
    began = time.monotonic()
    process = await anyio.open_process(
        limited,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": _python_path(folder)},
        start_new_session=True,
    )
    tail = bytearray()
    returncode: int | None = None
    try:
        with anyio.move_on_after(timeout):
            assert process.stdout is not None
            async with anyio.create_task_group() as group:
                group.start_soon(_read_end, process.stdout, tail)
                returncode = await process.wait()
                # What it left behind may hold its output open.
                _end(process)
    finally:
        _end(process)
        with anyio.CancelScope(shield=True):
            await process.aclose()
    return Trial(
        command=tuple(argv),
        returncode=returncode,
        seconds=time.monotonic() - began,
        output=tail.decode(errors="replace"),
    )


async def _read_end(stream: ByteReceiveStream, tail: bytearray) -> None:
    async for chunk in stream:
        tail += chunk
        del tail[:-_KEPT]


def _python_path(folder: Path) -> str:
    """Return where Python looks first: in this tree, although another copy of it may be installed."""
    source = folder / "src"
    own = str(source if source.is_dir() else folder)
    return os.pathsep.join(filter(None, (own, os.environ.get("PYTHONPATH"))))


def _end(process: Process) -> None:
    """End the command and all that it started: they share a session of their own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _which(name: str, folder: Path) -> str | None:
    import shutil

    return shutil.which(name) or (str(folder / name) if (folder / name).is_file() else None)
