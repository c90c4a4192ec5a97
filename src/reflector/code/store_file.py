"""The file of a code index: recognised before anything is changed in it, brought up to date step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reflector._files import is_damage, read_header, why_unreachable
from reflector.errors import CodeError, IndexDamagedError, IndexOpenError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["SCHEMA_VERSION", "open_store", "retyped"]

_APPLICATION = 0x52464349  # "RFCI", in the file's header
_BUSY_SECONDS = 30.0
_STEPS = (
    # 1: files and their chunks
    """
    CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE file (
        path TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        hash BLOB NOT NULL,
        recipe TEXT NOT NULL,
        problem TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE chunk (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        path TEXT NOT NULL,
        start_line INTEGER NOT NULL,
        end_line INTEGER NOT NULL,
        hash BLOB NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        facts TEXT NOT NULL
    );
    CREATE UNIQUE INDEX chunk_by_place ON chunk (path, start_line);
    """,
    # 2: vectors, by what was embedded and who embedded it
    """
    CREATE TABLE vector (
        hash BLOB NOT NULL,
        embedder TEXT NOT NULL,
        numbers BLOB NOT NULL,
        PRIMARY KEY (hash, embedder)
    ) WITHOUT ROWID;
    CREATE INDEX chunk_by_hash ON chunk (hash);
    DELETE FROM setting WHERE name = 'state'
    """,
)
"""Each brings a file from one version to the next, and all of them an empty one to the newest."""

SCHEMA_VERSION = len(_STEPS)


def open_store(path: Path, *, write: bool) -> sqlite3.Connection:
    """Return a connection to a store; for writing, one that is made or brought up to date when needed.

    Raises:
        IndexOpenError: If the file is something else, newer, older (for reading only) or unreachable. It is left as
            it is.
    """
    connection = _connect(path, "rwc" if write else "ro")
    try:
        with _opening(path):
            version = _version(connection, path)
            if write:
                if version < SCHEMA_VERSION:
                    _upgrade(connection, path)
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
            elif version < SCHEMA_VERSION:
                raise _too_old(path, version)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def retyped(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into IndexDamagedError, or into CodeError if they pass."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as err:
        if not is_damage(err):
            raise CodeError(f"the code index {path} cannot be used now: {err}") from err
        raise IndexDamagedError(
            f"the code index {path} cannot be used: {err}. Build it again in another file."
        ) from err


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    import sqlite3

    with _opening(path):
        return sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
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
        raise IndexOpenError(
            f"{path} cannot be opened as a code index: {why_unreachable(path, err)}.",
            path=str(path),
            reason="unreachable",
        ) from err
    except sqlite3.DatabaseError as err:
        raise _foreign(path) from err


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a store, 0 when the file is empty; raise unless it is one that we can use."""
    application, version, tables = read_header(connection)
    if (application, version, tables) == (0, 0, 0):
        return 0
    if application != _APPLICATION or version < 1:
        raise _foreign(path)
    if version > SCHEMA_VERSION:
        raise IndexOpenError(
            f"{path} was written by a newer version of reflector (index schema {version}; this one knows "
            f"{SCHEMA_VERSION}). Upgrade reflector, or build the index in another file.",
            path=str(path),
            reason="newer",
        )
    return int(version)


def _upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Take the steps that are missing in one transaction; somebody else may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in _STEPS[_version(connection, path) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _too_old(path: Path, version: int) -> IndexOpenError:
    if version == 0:
        text = f"{path} is empty; a code index was expected. Build one with `reflector index`."
        return IndexOpenError(text, path=str(path), reason="foreign")
    text = f"{path} has the older index schema {version}; `reflector index` on its tree brings it up to date."
    return IndexOpenError(text, path=str(path), reason="older")


def _foreign(path: Path) -> IndexOpenError:
    return IndexOpenError(
        f"{path} holds something else than a code index; it was left as it is. Choose another file.",
        path=str(path),
        reason="foreign",
    )
