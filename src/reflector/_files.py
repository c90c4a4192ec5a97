"""What several rooms need to know of a SQLite file before they use it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

__all__ = ["is_damage", "read_header", "why_unreachable"]


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


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error speaks of the file: not when others hold it, the disk is full or we have closed it."""
    import sqlite3

    passing = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL)
    code = getattr(error, "sqlite_errorcode", None)  # Python's own errors have none
    return not isinstance(error, sqlite3.ProgrammingError) and (code is None or code & 0xFF not in passing)


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
