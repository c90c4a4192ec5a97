"""Where a store keeps its answers: in memory, or in one SQLite file."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reflector._sqlite import USED_BYTES, FileKind, open_reader, open_writer, retyped, transaction
from reflector.errors import (
    StoreClosedError,
    StoreDamagedError,
    StoreError,
    StoreOpenError,
    StoreWriteError,
)

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FileRows", "MemoryRows", "Rows"]

_FILE = FileKind(
    noun="store of answers",
    application=0x52464C41,  # "RFLA"
    steps=(
        """
CREATE TABLE answers (
    position INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    value BLOB NOT NULL
);
""",
    ),
    unopened=StoreOpenError,
    unusable=StoreError,
    damaged=StoreDamagedError,
    remedy="Move it away; what it holds has to be paid again.",
    busy_seconds=10.0,
)
_SIZE = f"SELECT (SELECT count(*) FROM answers), {USED_BYTES}"


class Rows(Protocol):
    """Answers as bytes, by fingerprint, in the order in which they were put. Thread-safe."""

    def get(self, fingerprint: str) -> bytes | None: ...

    def put(self, fingerprint: str, value: bytes) -> None:
        """Keep a value, in the place of an earlier one; the oldest go when it gets too much, the newest stays."""
        ...

    def size(self) -> tuple[int, int]:
        """Return how many answers there are, and the bytes they take."""
        ...

    def close(self) -> None: ...


class MemoryRows:
    """Answers for as long as the process lives."""

    def __init__(self, max_bytes: int | None) -> None:
        self._kept: dict[str, bytes] = {}
        self._max_bytes = max_bytes
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, fingerprint: str) -> bytes | None:
        return self._kept.get(fingerprint)

    def put(self, fingerprint: str, value: bytes) -> None:
        with self._lock:
            self._bytes += len(value) - len(self._kept.pop(fingerprint, b""))
            self._kept[fingerprint] = value
            while self._max_bytes is not None and self._bytes > self._max_bytes and len(self._kept) > 1:
                self._bytes -= len(self._kept.pop(next(iter(self._kept))))

    def size(self) -> tuple[int, int]:
        return len(self._kept), self._bytes

    def close(self) -> None:
        """Keep everything: who opens it again is the same object."""


class FileRows:
    """Answers in one file, with the `-wal` and `-shm` files that SQLite keeps beside it while it is open.

    Several processes may use it at once. A killed process leaves a sound file: what was put is there, or nothing of it.
    A power cut may take the last seconds.
    """

    def __init__(self, path: Path, max_bytes: int | None, *, read_only: bool) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._process = os.getpid()
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._writer: sqlite3.Connection | None = None
        if not read_only:
            self._writer = open_writer(_FILE, path)
        try:
            self._reader: sqlite3.Connection | None = open_reader(_FILE, path)
        except BaseException:
            self.close()
            raise

    def get(self, fingerprint: str) -> bytes | None:
        row = self._read("SELECT value FROM answers WHERE fingerprint = ?", fingerprint)
        return None if row is None else row[0]

    def put(self, fingerprint: str, value: bytes) -> None:
        import sqlite3

        with self._writing:
            if self._writer is None:
                raise StoreClosedError(f"the store {self._path} is closed, or open for reading only")
            try:
                with transaction(self._writer):
                    # Replacing a row gives it a new position: it is the newest again.
                    self._writer.execute(
                        "INSERT OR REPLACE INTO answers (fingerprint, value) VALUES (?, ?)",
                        (fingerprint, value),
                    )
                    if self._max_bytes is not None:
                        self._shrink(self._max_bytes)
            except sqlite3.DatabaseError as err:
                raise StoreWriteError(f"an answer could not be written to {self._path}: {err}") from err

    def size(self) -> tuple[int, int]:
        count, used = self._read(_SIZE)
        return count, used

    def close(self) -> None:
        if os.getpid() != self._process:
            return  # a forked copy: touching the file would hurt the original
        with self._reading, self._writing:
            for connection in (getattr(self, "_reader", None), self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _shrink(self, max_bytes: int) -> None:
        """Delete the oldest until the pages in use fit; the newest always stays. Free pages are used again."""
        assert self._writer is not None
        execute = self._writer.execute
        while True:
            count, used = execute(_SIZE).fetchone()
            if used <= max_bytes or count == 1:
                return
            too_many = min(count - 1, 1 + count * (used - max_bytes) // used)
            execute(
                "DELETE FROM answers WHERE position IN (SELECT position FROM answers ORDER BY position LIMIT ?)",
                (too_many,),
            )

    def _read(self, query: str, *values: Any) -> Any:
        with self._reading, retyped(_FILE, self._path):
            if self._reader is None:
                raise StoreClosedError(f"the store {self._path} is closed")
            return self._reader.execute(query, values).fetchone()
