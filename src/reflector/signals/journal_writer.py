"""The one thread that writes a journal: it takes what waits, commits it as one batch and says so."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reflector.errors import JournalClosedError, JournalWriteError
from reflector.signals.journal import COLUMNS, JournalRow

if TYPE_CHECKING:
    import sqlite3

__all__ = ["JournalWriter"]

_LINGER = 0.005
"""Seconds that the thread waits for company before it commits, unless somebody waits for it."""
_PATIENCE = 30.0
"""Seconds that `put` waits for room before it gives up."""
_BATCH = 8192
_WAITING_CHARACTERS = 64 * 1024 * 1024


class JournalWriter:
    """Rows go in one by one and are committed in batches, in order. Thread-safe; owns its connection."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        name: str,
        max_signals: int | None = None,
        max_bytes: int | None = None,
        max_waiting: int = 65_536,
    ) -> None:
        self._connection = connection
        self._max_signals = max_signals
        self._max_bytes = max_bytes
        self._max_waiting = max_waiting
        self._name = name
        self._rows: list[JournalRow] = []
        self._characters = self._put = self._done = self._wanted = 0
        self._is_closing = self._is_idle = False
        self._has_room = True
        """False while too much waits, and for ever once the thread has failed or is closing."""
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._progress = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name=f"journal {name}", daemon=True)
        self._thread.start()

    @property
    def last(self) -> int:
        """The number of the row put last; rows are counted from 1."""
        return self._put

    @property
    def waiting(self) -> int:
        """How many rows are not committed yet."""
        return self._put - self._done

    def put(self, rows: Sequence[JournalRow]) -> int:
        """Queue rows and return the number of the last; wait only while the queue is full.

        Raises:
            JournalClosedError: If the writer is closed.
            JournalWriteError: If writing failed, or the queue stayed full.
        """
        with self._lock:
            for row in rows:
                if not self._has_room or self._put - self._done >= self._max_waiting:
                    self._wait_for_room()
                self._rows.append(row)
                self._put += 1
                self._characters += len(row[-1])
                if self._characters > _WAITING_CHARACTERS:
                    self._has_room = False
            if self._is_idle or len(self._rows) >= _BATCH:
                self._is_idle = False
                self._work.notify()
            return self._put

    def wait(self, number: int, timeout: float | None = None) -> None:
        """Return once the row of this number, and all before it, are committed.

        Raises:
            JournalWriteError: If writing failed, or not within `timeout` seconds.
        """
        with self._lock:
            if self._done < number:
                self._wanted = max(self._wanted, number)
                self._work.notify()
                self._wait(lambda: self._done >= number, timeout)

    def close(self) -> None:
        """Write what is waiting and end the thread. Closing again changes nothing.

        Raises:
            JournalWriteError: If something could not be written.
        """
        with self._lock:
            is_first = not self._is_closing
            self._is_closing = True
            self._has_room = False
            self._work.notify()
            self._progress.notify_all()
        self._thread.join()
        if is_first:
            self._connection.close()
            self._raise_failure()

    def _wait_for_room(self) -> None:
        self._work.notify()
        self._wait(
            lambda: self._is_closing or (self._has_room and self._put - self._done < self._max_waiting),
            _PATIENCE,
        )
        if self._is_closing:
            raise JournalClosedError(f"the journal {self._name} is closed; append before closing it")

    def _wait(self, is_met: Callable[[], bool], timeout: float | None) -> None:
        """Wait, holding the lock, until the thread has come far enough or has failed."""
        came_far = self._progress.wait_for(lambda: is_met() or self._failure is not None, timeout)
        self._raise_failure()
        if not came_far:
            raise JournalWriteError(
                f"{self.waiting} signals still wait to be written to {self._name} after {timeout:g} s; "
                "the disk may be too slow, or another process may hold the file",
                unwritten=self.waiting,
            )

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise JournalWriteError(
                f"{self.waiting} signals could not be written to {self._name}: {self._failure}",
                unwritten=self.waiting,
            ) from self._failure

    # --- in the thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        sizes = _insert_sizes(self._connection)
        while rows := self._take():
            try:
                self._write(rows, sizes)
            except Exception as err:  # noqa: BLE001 - the border of the thread: raised where somebody waits
                with self._lock:
                    self._failure = err
                    self._has_room = False
                    self._progress.notify_all()
                return
            with self._lock:
                self._done += len(rows)
                self._characters -= sum(len(row[-1]) for row in rows)
                self._has_room = not self._is_closing and self._characters <= _WAITING_CHARACTERS
                self._progress.notify_all()

    def _take(self) -> list[JournalRow]:
        """Wait for rows and return the next batch; an empty one when the writer closes."""
        with self._lock:
            while not self._rows and not self._is_closing:
                self._is_idle = True
                self._work.wait()
            self._is_idle = False
            if not self._is_closing and self._wanted <= self._done and len(self._rows) < _BATCH:
                self._work.wait(_LINGER)
            rows, self._rows = self._rows[:_BATCH], self._rows[_BATCH:]
            return rows

    def _write(self, rows: list[JournalRow], sizes: Sequence[int]) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for part in _parts(rows, sizes):
                execute(_insert(len(part)), tuple(itertools.chain.from_iterable(part)))
            if self._max_signals is not None:
                execute(
                    "DELETE FROM signals WHERE position <= (SELECT max(position) FROM signals) - ?",
                    (self._max_signals,),
                )
            if self._max_bytes is not None:
                self._shrink(self._max_bytes)
            execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                execute("ROLLBACK")
            raise

    def _shrink(self, max_bytes: int) -> None:
        """Delete the oldest until the pages in use fit; the newest always stays. Free pages are used again."""
        while (used := self._used_bytes()) > max_bytes:
            first = self._number("SELECT min(position) FROM signals")
            last = self._number("SELECT max(position) FROM signals")
            if first == last:
                return
            too_much = (last - first) * (used - max_bytes) // used
            end = min(last, first + max(1, too_much, (last - first) // 64))
            self._connection.execute("DELETE FROM signals WHERE position < ?", (end,))

    def _used_bytes(self) -> int:
        pages = self._number("PRAGMA page_count") - self._number("PRAGMA freelist_count")
        return pages * self._number("PRAGMA page_size")

    def _number(self, query: str) -> int:
        row: Any = self._connection.execute(query).fetchone()
        return int(row[0])


def _insert_sizes(connection: sqlite3.Connection) -> Sequence[int]:
    """Return how many rows one statement may insert, largest first.

    Many rows in one statement, because SQLite works with the interpreter's lock released for a whole statement:
    row by row, a busy main thread would let go of it for every row only after its 5 ms slice.
    """
    import sqlite3

    allowed = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(COLUMNS)
    return [size for size in (2048, 128, 8, 1) if size <= allowed]


def _parts(rows: list[JournalRow], sizes: Sequence[int]) -> Iterator[list[JournalRow]]:
    start = 0
    for size in sizes:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


def _insert(count: int) -> str:
    places = f"({', '.join('?' * len(COLUMNS))})"
    values = ", ".join([places] * count)
    return f"INSERT INTO signals ({', '.join(COLUMNS)}) VALUES {values} ON CONFLICT (id, source) DO NOTHING"
