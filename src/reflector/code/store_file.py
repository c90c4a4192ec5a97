"""The file of a code index."""

from __future__ import annotations

from reflector._sqlite import FileKind
from reflector.errors import CodeError, IndexDamagedError, IndexOpenError

__all__ = ["CODE_INDEX"]

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
CODE_INDEX = FileKind(
    noun="code index",
    application=0x52464349,  # "RFCI"
    steps=_STEPS,
    unopened=IndexOpenError,
    unusable=CodeError,
    damaged=IndexDamagedError,
    remedy="Build it again in another file.",
    origin="`reflector index` on its tree makes one and brings an older one up to date.",
)
