"""SQLite files of ours: recognised before anything is changed in them, made whole or not at all, kept up to date."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reflector.errors import ReflectorError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["USED_BYTES", "FileKind", "open_reader", "open_writer", "retyped", "transaction"]

USED_BYTES = (
    "(SELECT (page_count - freelist_count) * page_size "
    "FROM pragma_page_count, pragma_freelist_count, pragma_page_size)"
)
"""What is in a file, as an expression of SQL: pages that were freed are used again before it grows."""
_MOMENT = 0.005
"""Seconds until something is tried again that SQLite does not wait for."""


class _OpenError(Protocol):
    def __call__(self, message: str, *, path: str, reason: str) -> ReflectorError: ...


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file of ours holds, and what is raised where it does not."""

    noun: str
    """As it stands in a message: `journal`."""
    application: int
    """The number in the file's header by which its kind is known."""
    steps: tuple[str, ...]
    """Statements, separated by semicolons: each step brings a file from one version to the next, and all of them an
    empty one to the newest."""
    unopened: _OpenError
    """Its reason is `foreign` (something else is in the file), `newer` (a later version wrote it), `older` (an earlier
    one did, and it is opened for reading only), `damaged` (a file of SQLite, but not whole) or `unreachable`."""
    unusable: type[ReflectorError]
    """Others hold the file, the disk is full, or it is closed: that passes."""
    damaged: type[ReflectorError]
    remedy: str
    """What to do about a damaged one."""
    origin: str = ""
    """What makes such a file and brings an older one up to date."""
    page_bytes: int = 4096
    busy_seconds: float = 30.0
    """How long a statement waits for another process that holds the file."""

    @property
    def version(self) -> int:
        return len(self.steps)


def open_writer(kind: FileKind, path: Path) -> sqlite3.Connection:
    """Return a connection that may write, to a new file or to one that is there; older ones are brought up to date.

    Its log is a WAL, forced to the disk at checkpoints: a power cut may take the last seconds, and no more.

    Raises:
        ReflectorError: The kind's own, if the file is something else, newer, or unreachable. It is left as it is.
    """
    if os.path.exists(path) and not os.access(
        path, os.W_OK
    ):  # SQLite would open it, and fail at the first row
        raise _unopened(kind, path, "unreachable", f"cannot be opened as a {kind.noun}: it may only be read.")
    with _opening(kind, path, "mode=rwc") as connection:
        version = _version(kind, connection, path)
        if version == 0:
            connection.execute(f"PRAGMA page_size = {kind.page_bytes}")
        if version < kind.version:
            _upgrade(kind, connection, path)
        _use_wal(connection, kind.busy_seconds)
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def _use_wal(connection: sqlite3.Connection, seconds: float) -> None:
    """Have the log written ahead. Where others do the same at that moment SQLite does not wait by itself."""
    import sqlite3

    latest = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > latest:
                raise
            time.sleep(_MOMENT)
        else:
            return


def open_reader(kind: FileKind, path: Path) -> sqlite3.Connection:
    """Return a connection that cannot write; it reads while others write, from a read-only folder too.

    Raises:
        ReflectorError: The kind's own, if the file is something else, newer, older, or unreachable.
    """
    # Reading a WAL needs a file beside it, which a read-only folder does not take; nobody writes there either.
    is_frozen = not os.access(path.parent, os.W_OK) and not Path(f"{path}-wal").exists()
    with _opening(kind, path, "mode=ro&immutable=1" if is_frozen else "mode=ro") as connection:
        version = _version(kind, connection, path)
        if version == 0:
            raise _unopened(
                kind, path, "foreign", f"is empty; a {kind.noun} to read was expected. {kind.origin}"
            )
        if version < kind.version:
            raise _unopened(
                kind, path, "older", f"is a {kind.noun} of the older schema {version}. {kind.origin}"
            )
        return connection


@contextmanager
def retyped(kind: FileKind, path: Path) -> Iterator[None]:
    """Turn errors of SQLite while a file is used into the kind's own, by whether the file is to blame."""
    import sqlite3

    try:
        yield
    except sqlite3.Error as err:
        if not is_damage(err):
            raise kind.unusable(f"the {kind.noun} {path} cannot be used now: {err}") from err
        raise kind.damaged(f"the {kind.noun} {path} cannot be used: {err}. {kind.remedy}") from err


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block writes; nothing of it stays if that fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it by itself where the disk is full
            connection.execute("ROLLBACK")
        raise


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error speaks of the file: not when others hold it, the disk is full or we have closed it."""
    import sqlite3

    passing = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
    code = getattr(error, "sqlite_errorcode", None)  # Python's own errors have none
    return not isinstance(error, sqlite3.ProgrammingError) and (code is None or code & 0xFF not in passing)


@contextmanager
def _opening(kind: FileKind, path: Path, query: str) -> Iterator[sqlite3.Connection]:
    """Connect; close again and raise what the kind says if the file turns out not to be usable."""
    import sqlite3

    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?{query}",
            uri=True,
            timeout=kind.busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        yield connection
    except BaseException as err:
        if connection is not None:
            connection.close()
        if not isinstance(err, sqlite3.DatabaseError):
            raise
        if getattr(err, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            raise _foreign(kind, path) from err
        is_reached = isinstance(err, sqlite3.OperationalError)
        problem = f"cannot be opened as a {kind.noun}: {why_unreachable(path, err)}."
        raise _unopened(kind, path, "unreachable" if is_reached else "damaged", problem) from err


def why_unreachable(path: Path, error: Exception) -> str:
    """Return why SQLite cannot open a file, in other words than "unable to open database file"."""
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.exists() or "unable to open" not in str(error):
        return str(error)
    is_writable = os.access(path.parent, os.W_OK)
    return "there is no such file" + ("" if is_writable else ", and its folder cannot be written to")


def _version(kind: FileKind, connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of a file, 0 when nothing is in it yet; raise unless it is one that we can use."""
    application, version, tables = read_header(connection)
    if (application, version, tables) == (0, 0, 0):
        return 0
    if application != kind.application or version < 1:
        raise _foreign(kind, path)
    if version > kind.version:
        problem = (
            f"was written by a newer version of reflector ({kind.noun} schema {version}; this one knows "
            f"{kind.version}). Upgrade reflector, or choose another file."
        )
        raise _unopened(kind, path, "newer", problem)
    return version


def read_header(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Return a file's application number, its version, and how many tables and indexes it has.

    All as of one moment: another process may be about to make the file.
    """
    is_free = not connection.in_transaction
    if is_free:
        connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        if is_free and connection.in_transaction:
            connection.execute("ROLLBACK")
    return application, version, tables


def _upgrade(kind: FileKind, connection: sqlite3.Connection, path: Path) -> None:
    """Take the steps that are missing in one transaction; somebody else may have been quicker."""
    with transaction(connection):
        for step in kind.steps[_version(kind, connection, path) :]:
            for statement in step.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {kind.application}")
        connection.execute(f"PRAGMA user_version = {kind.version}")


def _foreign(kind: FileKind, path: Path) -> ReflectorError:
    problem = f"holds something else than a {kind.noun}; it was left as it is. Choose another file."
    return _unopened(kind, path, "foreign", problem)


def _unopened(kind: FileKind, path: Path, reason: str, problem: str) -> ReflectorError:
    return kind.unopened(f"{path} {problem}".rstrip(), path=str(path), reason=reason)
