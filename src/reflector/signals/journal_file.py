"""The file of a journal: recognised before anything is changed in it, created whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reflector.errors import JournalDamagedError, JournalOpenError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SCHEMA_VERSION", "Durability", "open_reader", "open_writer", "retyped"]

Durability = Literal["commit", "batch", "off"]
"""What an acknowledged signal survives. All three survive a killed process, and none leaves half a signal.

- `commit`: a power cut too: every commit is forced to the disk, some milliseconds each.
- `batch`: a power cut may take the last seconds, back to the last checkpoint; the file stays sound.
- `off`: a power cut may take anything, the soundness of the file included.
"""

SCHEMA_VERSION = 1
_APPLICATION = 0x52464C4A  # "RFLJ", in the file's header
_SYNCHRONOUS = {"commit": "FULL", "batch": "NORMAL", "off": "OFF"}
_BUSY_SECONDS = 30.0
_PAGE_BYTES = 8192
_CACHE_KIB = 32_768
_CHECKPOINT_PAGES = 4096
"""Pages of the write-ahead log (32 MiB) after which it is copied into the file; rarer copies write less twice."""
_SCHEMA = f"""
CREATE TABLE signals (
    position INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    type TEXT NOT NULL,
    time_us INTEGER NOT NULL,
    correlationid TEXT,
    causationid TEXT,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX signals_by_identity ON signals (id, source);
CREATE INDEX signals_by_cause ON signals (causationid) WHERE causationid IS NOT NULL;
CREATE INDEX signals_by_conversation ON signals (correlationid) WHERE correlationid IS NOT NULL;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {SCHEMA_VERSION};
"""


def open_writer(path: Path, durability: Durability) -> sqlite3.Connection:
    """Return a connection that may write, to a new journal or to one that is there.

    Raises:
        JournalOpenError: If the file is something else, newer, or unreachable. It is left as it is.
    """
    connection = _connect(path, "rwc")
    try:
        with _opening(path):
            if _is_empty(connection, path):
                connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
                _create(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; it reads while others write.

    Raises:
        JournalOpenError: If the file is no journal, newer, or unreachable.
    """
    connection = _connect(path, "ro")
    try:
        with _opening(path):
            if _is_empty(connection, path):
                raise JournalOpenError(
                    f"{path} is empty; a journal to read was expected", path=str(path), reason="foreign"
                )
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def retyped(path: Path) -> Iterator[None]:
    """Turn errors of SQLite while reading into JournalDamagedError."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as err:
        raise JournalDamagedError(
            f"the journal {path} cannot be read: {err}. Copy what `replay` still gives into a new one."
        ) from err


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    import sqlite3

    with _opening(path):
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.OperationalError as err:
        raise JournalOpenError(
            f"{path} cannot be opened as a journal: {err}", path=str(path), reason="unreachable"
        ) from err
    except sqlite3.DatabaseError as err:
        raise _foreign(path) from err


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether there is nothing in the file yet; raise unless it is empty or a journal we can use."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if (application, version, tables) == (0, 0, 0):
        return True
    if application != _APPLICATION:
        raise _foreign(path)
    if version > SCHEMA_VERSION:
        raise JournalOpenError(
            f"{path} was written by a newer version of reflector (journal schema {version}; this one knows "
            f"{SCHEMA_VERSION}). Upgrade reflector, or write to another file.",
            path=str(path),
            reason="newer",
        )
    return False


def _create(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in one transaction; somebody else may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(connection, path):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _foreign(path: Path) -> JournalOpenError:
    return JournalOpenError(
        f"{path} holds something else than a journal; it was left as it is. Choose another file.",
        path=str(path),
        reason="foreign",
    )
