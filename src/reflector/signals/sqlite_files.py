"""SQLite files of ours: recognised before anything is changed in them, created whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reflector._files import read_header, why_unreachable
from reflector.errors import ReflectorError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["FileKind", "open_reader", "open_writer"]


class _OpenError(Protocol):
    def __call__(self, message: str, *, path: str, reason: str) -> ReflectorError: ...


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file of ours holds, and what is raised where it does not.

    Errors of opening say why: `foreign` (something else is in the file), `newer` (a later version wrote it) or
    `unreachable`.
    """

    noun: str
    """As it stands in a message: `journal`."""
    application: int
    """The number in the file's header by which its kind is known."""
    version: int
    schema: str
    """Statements that make the tables, separated by semicolons."""
    page_bytes: int
    failure: _OpenError
    busy_seconds: float = 30.0
    """How long a statement waits for another process that holds the file."""


def open_writer(kind: FileKind, path: Path) -> sqlite3.Connection:
    """Return a connection that may write, to a new file or to one that is there; its log is a WAL.

    Raises:
        ReflectorError: The kind's own, if the file is something else, newer, or unreachable. It is left as it is.
    """
    connection = _connect(kind, path, "mode=rwc")
    try:
        with _opening(kind, path):
            if _is_empty(kind, connection, path):
                connection.execute(f"PRAGMA page_size = {kind.page_bytes}")
                _create(kind, connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_reader(kind: FileKind, path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; it reads while others write, from a read-only folder too.

    Raises:
        ReflectorError: The kind's own, if the file is something else, newer, or unreachable.
    """
    # Reading a WAL needs a file beside it, which a read-only folder does not take; nobody writes there either.
    is_frozen = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    connection = _connect(kind, path, "mode=ro&immutable=1" if is_frozen else "mode=ro")
    try:
        with _opening(kind, path):
            if _is_empty(kind, connection, path):
                raise kind.failure(
                    f"{path} is empty; a {kind.noun} to read was expected", path=str(path), reason="foreign"
                )
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(kind: FileKind, path: Path, query: str) -> sqlite3.Connection:
    import sqlite3

    with _opening(kind, path):
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?{query}",
            uri=True,
            timeout=kind.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )


@contextmanager
def _opening(kind: FileKind, path: Path) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except sqlite3.OperationalError as err:
        raise kind.failure(
            f"{path} cannot be opened as a {kind.noun}: {why_unreachable(path, err)}.",
            path=str(path),
            reason="unreachable",
        ) from err
    except sqlite3.DatabaseError as err:
        raise _foreign(kind, path) from err


def _is_empty(kind: FileKind, connection: sqlite3.Connection, path: Path) -> bool:
    """Return whether there is nothing in the file yet; raise unless it is empty or one of ours that we can use."""
    application, version, tables = read_header(connection)
    if (application, version, tables) == (0, 0, 0):
        return True
    if application != kind.application:
        raise _foreign(kind, path)
    if version > kind.version:
        raise kind.failure(
            f"{path} was written by a newer version of reflector ({kind.noun} schema {version}; this one knows "
            f"{kind.version}). Upgrade reflector, or write to another file.",
            path=str(path),
            reason="newer",
        )
    return False


def _create(kind: FileKind, connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in one transaction; somebody else may have been quicker."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_empty(kind, connection, path):
            for statement in kind.schema.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {kind.application}")
            connection.execute(f"PRAGMA user_version = {kind.version}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _foreign(kind: FileKind, path: Path) -> ReflectorError:
    return kind.failure(
        f"{path} holds something else than a {kind.noun}; it was left as it is. Choose another file.",
        path=str(path),
        reason="foreign",
    )
