"""The journal on disk: one SQLite file, written by one thread in batches, read while it is written."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread

from reflector._clock import to_wall_us
from reflector._sqlite import open_reader, retyped
from reflector.errors import InvalidSignalError, JournalClosedError, JournalDamagedError
from reflector.signals.journal import COLUMNS, Journal, check_limits, encode
from reflector.signals.journal_file import JOURNAL, Durability, open_writer
from reflector.signals.journal_writer import JournalWriter
from reflector.signals.pattern import Pattern
from reflector.signals.signal import Signal, read_kept

__all__ = ["SqliteJournal"]

_PAGE = 128
"""Signals that are read at once: more would hardly be faster, and all are in memory."""
_BOUNDS = "SELECT coalesce((SELECT min(position) FROM signals), 1), coalesce((SELECT max(position) FROM signals), 0)"
"""The first and the last position; 1 and 0 when there is none."""
_PATIENCE = 30.0
"""Seconds that a query waits for what was appended before it."""


def _note_process() -> None:
    global _process
    _process = os.getpid()


_process = os.getpid()  # asking the system for each signal would take a while
os.register_at_fork(after_in_child=_note_process)


class SqliteJournal(Journal):
    """A journal in one file, with the `-wal` and `-shm` files that SQLite keeps beside it while it is open.

    `append` costs some microseconds; a thread commits what waits in batches. When a process is killed, signals that
    no `flush` or `write` had acknowledged may be lost, always the newest ones; the file opens again without
    repair. Other processes may read it meanwhile (`read_only=True`). Thread-safe.

    ```python
    async with SqliteJournal("run.journal") as journal:
        journal.append(signal)
        await journal.flush()
        for signal in journal.replay("reflector.**.completed"):
            ...
    ```
    """

    def __init__(
        self,
        path: str | Path,
        *,
        durability: Durability = "batch",
        max_signals: int | None = None,
        max_bytes: int | None = None,
        read_only: bool = False,
    ) -> None:
        """Open a journal, or make one.

        Args:
            path: The file; its folder must exist.
            durability: What an acknowledged signal survives besides a killed process: `commit` a power cut, `batch`
                a power cut except for the last seconds, `off` nothing else. See `Durability`.
            max_signals: How many are kept; the oldest go. None keeps all.
            max_bytes: How large the file may be, give or take one batch; the oldest go, the newest always stays.
            read_only: Look at a journal that somebody else may be writing.

        Raises:
            ConfigurationError: If a limit or the durability makes no sense.
            JournalOpenError: If the file is something else, newer, damaged, or unreachable. It is left as it is.
        """
        check_limits(max_signals, max_bytes)
        self.path = Path(path)
        self._process = _process
        self._is_closed = False
        self._reading = threading.Lock()
        writing = None if read_only else open_writer(self.path, durability)
        try:
            self._reader = open_reader(JOURNAL, self.path)
        except BaseException:
            if writing is not None:
                writing.close()
            raise
        self._writer: JournalWriter | None = None
        if writing is not None:
            self._writer = JournalWriter(
                writing, name=str(self.path), max_signals=max_signals, max_bytes=max_bytes
            )
        atexit.register(self.close)

    def append(self, signal: Signal) -> None:
        self._open_writer().put(encode(signal))

    async def write(self, *signals: Signal) -> None:
        rows = [encode(signal, strict=True) for signal in signals]
        writer = self._open_writer()
        for row in rows:
            writer.put(row)
        await self._written(writer.last)

    async def flush(self) -> None:
        if self._writer is None:
            await anyio.lowlevel.checkpoint()
        else:
            await self._written(self._writer.last)

    def replay(
        self,
        pattern: str = "**",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        correlation: str | None = None,
    ) -> Iterator[Signal]:
        wanted = Pattern(pattern)
        conditions, values = _conditions(wanted, since, until)
        for scope, bounds in self._scopes(correlation):
            query = (
                f"SELECT type, body FROM signals WHERE {' AND '.join([scope, *conditions])} ORDER BY position"
            )
            for type_, body in self._select(query, [*bounds, *values]):
                if wanted.matches(type_):
                    yield read_kept(body)

    def get(self, id: str, source: str | None = None) -> Signal | None:
        known, values = ("id = ?", [id]) if source is None else ("id = ? AND source = ?", [id, source])
        return next(self._signals(f"{known} ORDER BY position LIMIT 1", *values), None)

    def effects(self, cause: Signal | str) -> list[Signal]:
        return list(
            self._signals("causationid = ? ORDER BY position", cause if isinstance(cause, str) else cause.id)
        )

    def __len__(self) -> int:
        ((first, last),) = self._select(_BOUNDS)
        return int(last - first + 1)

    def check(self) -> list[str]:
        problems = []
        try:
            found = self._select("PRAGMA integrity_check")
            problems += [f"SQLite: {row[0]}" for row in found if row[0] != "ok"]
            ((missing,),) = self._select("SELECT max(position) - min(position) + 1 - count(*) FROM signals")
            if missing:
                problems.append(f"{missing} positions are missing")
            problems.extend(self._check_rows())
        except JournalDamagedError as err:
            problems.append(str(err))
        return problems

    def statistics(self) -> dict[str, int]:
        ((first, last),) = self._read(_BOUNDS)
        waiting = 0 if self._writer is None else self._writer.waiting
        return {"signals": last - first + 1, "waiting": waiting}

    def close(self) -> None:
        atexit.unregister(self.close)
        if self._process != _process:
            return  # a forked copy has no writing thread, and touching the file would hurt the original
        self._is_closed = True
        with self._reading:
            self._reader.close()
        if self._writer is not None:
            self._writer.close()

    # --- writing -----------------------------------------------------------------------------------------

    def _open_writer(self) -> JournalWriter:
        if self._writer is None:
            raise JournalClosedError(f"the journal {self.path} is open for reading only")
        if self._process != _process:
            raise self._elsewhere()
        return self._writer

    async def _written(self, number: int) -> None:
        """Wait in a worker thread, so that neither asyncio nor trio stands still."""
        writer = self._open_writer()
        await anyio.to_thread.run_sync(writer.wait, number, abandon_on_cancel=True)

    def _elsewhere(self) -> JournalClosedError:
        """Return the error of a forked copy: it has no writing thread, and SQLite's connections survive no fork."""
        return JournalClosedError(f"another process opened the journal {self.path}; open it in this one")

    # --- reading -----------------------------------------------------------------------------------------

    def _select(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return the rows of a query, asked after everything appended before was written."""
        if self._writer is not None:
            self._writer.wait(self._writer.last, _PATIENCE)
        return self._read(query, values)

    def _read(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        if self._process != _process:
            raise self._elsewhere()
        with self._reading, retyped(JOURNAL, self.path):
            if self._is_closed:
                raise JournalClosedError(f"the journal {self.path} is closed; ask before closing it")
            try:
                return self._reader.execute(query, values).fetchall()
            except UnicodeEncodeError:  # of a lone surrogate, which no signal in the log can have
                return []

    def _signals(self, condition: str, *values: Any) -> Iterator[Signal]:
        for (body,) in self._select(f"SELECT body FROM signals WHERE {condition}", values):
            yield read_kept(body)

    def _scopes(self, correlation: str | None) -> Iterator[tuple[str, list[Any]]]:
        """Yield conditions that cut the log into pages, in order: no page holds up the writer for long."""
        if correlation is None:
            ((first, last),) = self._select(_BOUNDS)
            for start in range(first, last + 1, _PAGE):
                yield "position BETWEEN ? AND ?", [start, min(start + _PAGE - 1, last)]
            return
        found = self._select(
            "SELECT position FROM signals WHERE correlationid = ? OR id = ? ORDER BY position",
            [correlation, correlation],
        )
        positions = [row[0] for row in found]
        for place in range(0, len(positions), _PAGE):
            page = positions[place : place + _PAGE]
            yield f"position IN ({', '.join('?' * len(page))})", page

    def _check_rows(self) -> Iterable[str]:
        columns = ", ".join(COLUMNS)
        for scope, bounds in self._scopes(None):
            query = f"SELECT position, {columns} FROM signals WHERE {scope} ORDER BY position"
            for position, *values in self._select(query, bounds):
                problem = _row_problem(dict(zip(COLUMNS, values, strict=True)))
                if problem is not None:
                    yield f"position {position}: {problem}"


def _conditions(
    pattern: Pattern, since: datetime | None, until: datetime | None
) -> tuple[list[str], list[Any]]:
    found: list[tuple[str, Any]] = []
    if pattern.is_literal:
        found.append(("type = ?", pattern.text))
    if since is not None:
        found.append(("time_us >= ?", to_wall_us(since)))
    if until is not None:
        found.append(("time_us < ?", to_wall_us(until)))
    return [condition for condition, _ in found], [value for _, value in found]


def _row_problem(row: dict[str, Any]) -> str | None:
    """Return what is wrong with a row, or None."""
    try:
        signal = read_kept(row["body"])
    except InvalidSignalError as err:
        return f"no signal can be made of it: {err}"
    for name in COLUMNS[:-1]:
        if getattr(signal, name) != row[name]:
            return f"column {name} says {row[name]!r}, the signal something else"
    return None
