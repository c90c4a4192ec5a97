"""The one thread that writes a journal: it takes what waits, commits it as one batch and says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reflector._sqlite import USED_BYTES, transaction
from reflector.errors import JournalClosedError, JournalWriteError
from reflector.signals.journal import COLUMNS, JournalRow

if TYPE_CHECKING:
    import sqlite3

__all__ = ["JournalWriter"]

_LINGER = 0.02
"""Seconds that the thread waits for company before it commits, unless somebody waits for it."""
_PATIENCE = 30.0
"""Seconds that `put` waits for room before it gives up."""
_BATCH = 4096
"""Rows of one commit at most: what one statement may insert by SQLite's own limit of parameters, 32,766."""
_WIDTH = len(COLUMNS)
_WAITING_CHARACTERS = 64 * 1024 * 1024
_NEVER = 1 << 62


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
        self._values: list[Any] = []
        """The rows that wait, one value after the other: as a statement takes them, and less for the collector."""
        self._characters = self._put = self._done = self._wanted = 0
        self._is_closing = False
        self._room_up_to = max_waiting
        """The number of the last row that needs not wait: 0 while too many characters wait, and for ever once the
        thread has failed or is closing."""
        self._wake_at = _NEVER
        """The number of the row that wakes the thread."""
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

    def put(self, row: JournalRow) -> int:
        """Queue a row and return its number; wait only while the queue is full.

        Raises:
            JournalClosedError: If the writer is closed.
            JournalWriteError: If writing failed, or the queue stayed full.
        """
        with self._lock:
            if self._put >= self._room_up_to:
                self._wait_for_room()
            self._values.extend(row)
            self._put = number = self._put + 1
            self._characters += len(row[-1])
            if self._characters > _WAITING_CHARACTERS:
                self._room_up_to = 0
            if number >= self._wake_at:
                self._wake_at = _NEVER
                self._work.notify()
            return number

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
            self._room_up_to = 0
            self._work.notify()
            self._progress.notify_all()
        self._thread.join()
        if is_first:
            self._connection.close()
            self._raise_failure()

    def _wait_for_room(self) -> None:
        self._work.notify()
        self._wait(lambda: self._is_closing or self._put < self._room_up_to, _PATIENCE)
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
        while values := self._take():
            try:
                self._write(values, sizes)
            except Exception as err:  # noqa: BLE001 - the border of the thread: raised where somebody waits
                with self._lock:
                    self._failure = err
                    self._room_up_to = 0
                    self._progress.notify_all()
                return
            written = sum(map(len, values[_WIDTH - 1 :: _WIDTH]))
            with self._lock:
                self._done += len(values) // _WIDTH
                self._characters -= written
                if not self._is_closing and self._characters <= _WAITING_CHARACTERS:
                    self._room_up_to = self._done + self._max_waiting
                self._progress.notify_all()

    def _take(self) -> list[Any]:
        """Wait for rows and return the values of the next batch; an empty one when the writer closes."""
        with self._lock:
            while not self._values and not self._is_closing:
                self._wake_at = self._put + 1
                self._work.wait()
            if not self._is_closing and self._wanted <= self._done and self.waiting < _BATCH:
                self._wake_at = self._done + _BATCH
                self._work.wait(_LINGER)
            self._wake_at = _NEVER
            values = self._values[: _BATCH * _WIDTH]
            del self._values[: _BATCH * _WIDTH]
            return values

    def _write(self, values: list[Any], sizes: Sequence[int]) -> None:
        parts = list(_parts(values, sizes))
        is_limited = self._max_signals is not None or self._max_bytes is not None
        # One statement is a transaction by itself. The thread has to wait for the interpreter's lock after each, up
        # to 5 ms while another thread is busy: with BEGIN and COMMIT around it that is most of its time.
        with transaction(self._connection) if is_limited or len(parts) > 1 else nullcontext():
            for part in parts:
                self._connection.execute(_insert(len(part) // _WIDTH), part)
            if self._max_signals is not None:
                self._connection.execute(
                    "DELETE FROM signals WHERE position <= (SELECT max(position) FROM signals) - ?",
                    (self._max_signals,),
                )
            if self._max_bytes is not None:
                self._shrink(self._max_bytes)

    def _shrink(self, max_bytes: int) -> None:
        """Delete the oldest until the pages in use fit; the newest always stays. Free pages are used again."""
        while (used := self._number(f"SELECT {USED_BYTES}")) > max_bytes:
            first = self._number("SELECT min(position) FROM signals")
            last = self._number("SELECT max(position) FROM signals")
            if first == last:
                return
            too_much = (last - first) * (used - max_bytes) // used
            end = min(last, first + max(1, too_much, (last - first) // 64))
            self._connection.execute("DELETE FROM signals WHERE position < ?", (end,))

    def _number(self, query: str) -> int:
        row: Any = self._connection.execute(query).fetchone()
        return int(row[0])


def _insert_sizes(connection: sqlite3.Connection) -> Sequence[int]:
    """Return how many rows one statement may insert, largest first: powers of two, so that few make up any number.

    Many rows in one statement, because SQLite works with the interpreter's lock released for a whole statement:
    row by row, a busy main thread would let go of it for every row only after its 5 ms slice.
    """
    import sqlite3

    allowed = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // _WIDTH
    return [1 << bit for bit in reversed(range(min(_BATCH, allowed).bit_length()))]


def _parts(values: list[Any], sizes: Sequence[int]) -> Iterator[list[Any]]:
    """Yield what each statement inserts."""
    start = 0
    for size in sizes:
        while len(values) - start >= size * _WIDTH:
            yield values[start : start + size * _WIDTH]
            start += size * _WIDTH


@lru_cache(32)
def _insert(count: int) -> str:
    places = f"({', '.join('?' * _WIDTH)})"
    values = ", ".join([places] * count)
    return f"INSERT INTO signals ({', '.join(COLUMNS)}) VALUES {values} ON CONFLICT (id, source) DO NOTHING"
