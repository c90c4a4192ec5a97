"""The file of a journal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reflector import _sqlite
from reflector._sqlite import FileKind
from reflector.errors import ConfigurationError, JournalDamagedError, JournalError, JournalOpenError

if TYPE_CHECKING:
    import sqlite3

__all__ = ["JOURNAL", "Durability", "open_writer"]

Durability = Literal["commit", "batch", "off"]
"""What an acknowledged signal survives. All three survive a killed process, and none leaves half a signal.

- `commit`: a power cut too: every commit is forced to the disk, some milliseconds each.
- `batch`: a power cut may take the last seconds, back to the last checkpoint; the file stays sound.
- `off`: a power cut may take anything, the soundness of the file included.
"""

_SYNCHRONOUS = {"commit": "FULL", "batch": "NORMAL", "off": "OFF"}
_CACHE_KIB = 32_768
_CHECKPOINT_PAGES = 4096
"""Pages of the write-ahead log (32 MiB) after which it is copied into the file; rarer copies write less twice."""
_SCHEMA = """
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
"""
JOURNAL = FileKind(
    noun="journal",
    application=0x52464C4A,  # "RFLJ"
    steps=(_SCHEMA,),
    unopened=JournalOpenError,
    unusable=JournalError,
    damaged=JournalDamagedError,
    remedy="Copy what `replay` still gives into a new one.",
    page_bytes=8192,
)


def open_writer(path: Path, durability: Durability) -> sqlite3.Connection:
    """Return a connection that may write, to a new journal or to one that is there.

    Raises:
        ConfigurationError: If there is no such durability.
        JournalOpenError: If the file is something else, newer, damaged, or unreachable. It is left as it is.
    """
    if durability not in _SYNCHRONOUS:
        raise ConfigurationError(f"durability must be one of {', '.join(_SYNCHRONOUS)}; got {durability!r}")
    connection = _sqlite.open_writer(JOURNAL, path)
    connection.execute(f"PRAGMA synchronous = {_SYNCHRONOUS[durability]}")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection
