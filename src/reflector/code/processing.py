"""Files read, recognised as unchanged or chunked: the part of indexing that computes, in a thread or a process."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from reflector._json import dumps
from reflector.code.chunk import Chunk
from reflector.code.chunking import chunk_text, recipe_of
from reflector.code.walking import Found, as_utf8, read_file
from reflector.dispatch.task import Task

__all__ = ["Batch", "ChunkRow", "Known", "Processed", "process", "process_task"]

_YOUNG_NS = 2_000_000_000
"""A file that was changed so shortly before it was read may change again within the same tick of its clock."""


class Known(NamedTuple):
    """A file as the store holds it."""

    size: int
    mtime_ns: int
    """-1: not to be trusted."""
    hash: bytes
    recipe: str


class ChunkRow(NamedTuple):
    """A chunk as the store holds it."""

    path: str
    start_line: int
    end_line: int
    hash: bytes
    """Of its document."""
    name: str
    text: str
    facts: bytes
    """Everything else as JSON."""


class Processed(NamedTuple):
    """What became of a file."""

    path: str
    known: Known
    rows: list[ChunkRow] | None = None
    """None: as they are in the store."""
    problem: str = ""
    """Why it has no chunks (one of `REFUSALS`), or why they follow lines only."""


class Batch(NamedTuple):
    """Some files to process."""

    root: Path
    files: Sequence[tuple[Found, Known | None]]
    max_tokens: int
    max_file_bytes: int


def process(batch: Batch) -> list[Processed]:
    """Return what became of some files. No text makes it fail; nothing in it is executed."""
    root = str(batch.root.parent if batch.root.is_file() else batch.root)
    now = time.time_ns()
    return [_processed(batch, f"{root}/{found.path}", found, known, now) for found, known in batch.files]


def process_task(task: Task, context: Any) -> list[Processed]:
    """Do `process` where an engine runs work."""
    return process(task.payload)


def _processed(batch: Batch, path: str, found: Found, known: Known | None, now: int) -> Processed:
    recipe = recipe_of(found.path, batch.max_tokens)
    try:
        data = read_file(path, batch.max_file_bytes) if found.size else b""
    except OSError:
        return Processed(found.path, Known(found.size, -1, b"", recipe), [], "unreadable")
    if data is None:
        return Processed(found.path, Known(found.size, -1, b"", recipe), [], "too large")
    mtime = found.mtime_ns if now - found.mtime_ns > _YOUNG_NS else -1
    read = Known(found.size, mtime, hashlib.sha256(data).digest(), recipe)
    if known is not None and (known.hash, known.recipe) == (read.hash, recipe):
        return Processed(found.path, read)
    text, refused = as_utf8(data)
    if refused:
        return Processed(found.path, read, [], refused)
    chunks, problem = chunk_text(found.path, text, max_tokens=batch.max_tokens)
    return Processed(found.path, read, [_row(chunk) for chunk in chunks], problem)


_COLUMNS = {"path", "start_line", "end_line", "name", "text"}


def _row(chunk: Chunk) -> ChunkRow:
    digest = hashlib.sha256(chunk.document.encode("utf-8")).digest()[:16]
    facts = dumps(chunk.model_dump(mode="json", exclude=_COLUMNS, exclude_defaults=True))
    return ChunkRow(chunk.path, chunk.start_line, chunk.end_line, digest, chunk.name, chunk.text, facts)
