"""The store of a code index: one SQLite file that is read while it is written."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reflector._json import loads
from reflector._sqlite import open_reader, open_writer, retyped, transaction
from reflector.code.chunk import Chunk
from reflector.code.processing import Known, Processed
from reflector.code.store_file import CODE_INDEX
from reflector.errors import IndexOpenError

if TYPE_CHECKING:
    import sqlite3

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Store"]

_COLUMNS = "path, start_line, end_line, name, text, facts"
_DOCUMENT = "path || ' ' || name || char(10) || text"
"""What `Chunk.document` returns."""
_UNSEEN = "NOT EXISTS (SELECT 1 FROM vector WHERE vector.hash = chunk.hash AND vector.embedder = ?)"
_PAGE = 500
_BY_PLACE = "ORDER BY path, start_line"


class Store:
    """Files, chunks and vectors. Every change is one transaction: killed at any moment, the file is consistent.

    Thread-safe. It closes with the last reference to it, or by `close`.

    Raises:
        IndexOpenError: If the file cannot be used; it is left as it is.
        IndexDamagedError: From any method, if the file breaks later.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self.path = path
        self._connection = (open_writer if write else open_reader)(CODE_INDEX, path)
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, self._connection.close)

    def close(self) -> None:
        with self._lock:
            self._finalizer()

    # --- writing -----------------------------------------------------------------------------------------

    def put(self, processed: Iterable[Processed]) -> None:
        """Write what became of some files; those that are as before only get their new facts."""
        with self._writing() as connection:
            for path, known, rows, problem in processed:
                if rows is None:
                    connection.execute(
                        "UPDATE file SET size = ?, mtime_ns = ? WHERE path = ?", (*known[:2], path)
                    )
                    continue
                connection.execute("REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?)", (path, *known, problem))
                connection.execute("DELETE FROM chunk WHERE path = ?", (path,))
                connection.executemany(
                    "INSERT INTO chunk (path, start_line, end_line, hash, name, text, facts) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    rows,
                )

    def remove(self, paths: Iterable[str]) -> None:
        """Forget files and their chunks."""
        with self._writing() as connection:
            for path in paths:
                connection.execute("DELETE FROM file WHERE path = ?", (path,))
                connection.execute("DELETE FROM chunk WHERE path = ?", (path,))

    def put_vectors(self, embedder: str, hashes: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        import numpy as np

        rows = [
            (each, embedder, row.tobytes())
            for each, row in zip(hashes, vectors.astype(np.float16), strict=True)
        ]
        with self._writing() as connection:
            connection.executemany("REPLACE INTO vector VALUES (?, ?, ?)", rows)

    def begin(self, root: str, *, is_moved: bool) -> None:
        """Note which tree the store belongs to.

        Raises:
            IndexOpenError: If it belongs to another one, and this is not said to be that one, moved.
        """
        before = self.settings().get("root")
        if before == root:
            return
        if before is not None and not is_moved:
            raise IndexOpenError(
                f"{self.path} is the index of {before}; indexing {root} there would forget that tree. Choose "
                "another file; if the tree was moved, say so: `reflector index --moved`, IndexOptions(is_moved=True).",
                path=str(self.path),
                reason="foreign",
            )
        with self._writing() as connection:
            connection.execute("REPLACE INTO setting VALUES ('root', ?)", (root,))

    def is_finished(self, settings: Mapping[str, str]) -> bool:
        """Return whether nothing was written since `finish` with these settings."""
        return self.settings() == {**settings, "state": self._state()}

    def finish(self, settings: Mapping[str, str]) -> None:
        """Drop vectors of texts that are gone, and note how the index was made."""
        settings = {**settings, "state": self._state()}
        with self._writing() as connection:
            connection.execute("DELETE FROM vector WHERE hash NOT IN (SELECT hash FROM chunk)")
            connection.executemany("REPLACE INTO setting VALUES (?, ?)", settings.items())

    # --- reading -----------------------------------------------------------------------------------------

    def settings(self) -> dict[str, str]:
        return dict(self._rows("SELECT name, value FROM setting"))

    def known(self) -> dict[str, Known]:
        """Return every file."""
        rows = self._rows("SELECT path, size, mtime_ns, hash, recipe FROM file")
        return {path: Known(*facts) for path, *facts in rows}

    def problems(self) -> list[tuple[str, str]]:
        """Return the files that have no chunks, or whose chunks follow lines only, each with the reason."""
        return self._rows("SELECT path, problem FROM file WHERE problem <> '' ORDER BY path")

    def without_vector(self, embedder: str, after: int, limit: int) -> list[tuple[int, bytes, str]]:
        """Return number, hash and document of the next chunks that this embedder has not seen yet."""
        return self._rows(
            f"SELECT number, hash, {_DOCUMENT} FROM chunk WHERE {_UNSEEN} AND number > ? ORDER BY number LIMIT ?",
            (embedder, after, limit),
        )

    def unseen(self, embedder: str) -> int:
        """Return how many texts this embedder has not seen yet."""
        ((count,),) = self._rows(f"SELECT count(DISTINCT hash) FROM chunk WHERE {_UNSEEN}", (embedder,))
        return int(count)

    def width(self, embedder: str) -> int | None:
        """Return how many numbers the vectors of this embedder have; None if there are none."""
        rows = self._rows("SELECT length(numbers) / 2 FROM vector WHERE embedder = ? LIMIT 1", (embedder,))
        return rows[0][0] if rows else None

    def count(self, what: str = "chunk") -> int:
        """Return how many there are of `chunk` or `file`."""
        ((count,),) = self._rows(f"SELECT count(*) FROM {what}")
        return int(count)

    def version(self) -> int:
        """Return a number that changes when somebody else has written."""
        ((version,),) = self._rows("PRAGMA data_version")
        return int(version)

    def chunks(self) -> list[Chunk]:
        """Return all chunks by path and line."""
        return [_chunk(*row) for row in self._rows(f"SELECT {_COLUMNS} FROM chunk {_BY_PLACE}")]

    def numbered(self, numbers: Iterable[int]) -> list[tuple[int, Chunk]]:
        """Return the chunks of some numbers, in their order; those that are gone are left out."""
        wanted = list(numbers)
        found = {}
        for start in range(0, len(wanted), _PAGE):
            page = wanted[start : start + _PAGE]
            places = ", ".join("?" * len(page))
            for number, *columns in self._rows(
                f"SELECT number, {_COLUMNS} FROM chunk WHERE number IN ({places})", page
            ):
                found[number] = _chunk(*columns)
        return [(number, found[number]) for number in wanted if number in found]

    def numbers(self) -> list[int]:
        """Return the number of every chunk, by path and line; `names` and `documents` are in the same order."""
        return self._each("number")

    def names(self) -> list[str]:
        return self._each("name")

    def documents(self) -> list[str]:
        return self._each(_DOCUMENT)

    def _each(self, what: str) -> list[Any]:
        return [value for (value,) in self._rows(f"SELECT {what} FROM chunk {_BY_PLACE}")]

    def vectors(self, embedder: str) -> NDArray[np.float32]:
        """Return the vectors of all chunks by path and line, shape (n, d); zeros for those not embedded yet."""
        import numpy as np

        rows = self._rows(
            "SELECT numbers FROM chunk LEFT JOIN vector ON vector.hash = chunk.hash AND vector.embedder = ? "
            f"{_BY_PLACE}",
            (embedder,),
        )
        size = next((len(numbers) for (numbers,) in rows if numbers is not None), 0)
        data = b"".join(bytes(size) if numbers is None else numbers for (numbers,) in rows)
        return np.frombuffer(data, np.float16).reshape(len(rows), -1 if size else 0).astype(np.float32)

    def _state(self) -> str:
        """Return what changes with every chunk that comes or goes: numbers are given out once."""
        ((last, count),) = self._rows("SELECT max(number), count(*) FROM chunk")
        return f"{last}:{count}"

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, retyped(CODE_INDEX, self.path):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have all reads of the block see the same state."""
        with self._lock, retyped(CODE_INDEX, self.path):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            with self._lock, retyped(CODE_INDEX, self.path):
                self._connection.execute("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, retyped(CODE_INDEX, self.path), transaction(self._connection):
            yield self._connection


def _chunk(path: str, start_line: int, end_line: int, name: str, text: str, facts: bytes) -> Chunk:
    return Chunk(path=path, start_line=start_line, end_line=end_line, name=name, text=text, **loads(facts))
