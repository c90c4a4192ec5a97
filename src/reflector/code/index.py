"""A code index: a tree as chunks in one file, to be searched."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType

import anyio.to_thread

from reflector.agents.portal import run_sync
from reflector.code.bm25 import BM25
from reflector.code.building import IndexOptions, IndexProgress, IndexReport, build_store
from reflector.code.chunk import Chunks, Hit
from reflector.code.embedder import Embedder, HashingEmbedder
from reflector.code.search import Lexical, Snapshot, best
from reflector.code.store import Store
from reflector.code.tantivy_words import TantivyWords
from reflector.errors import ConfigurationError, InputError

__all__ = ["CodeIndex"]


class CodeIndex:
    """The chunks of a tree in one SQLite file, searched by words and by vectors.

    A search sees what was committed before it, also while another process indexes. Thread-safe; a search computes for
    milliseconds and may block the event loop for those. Closed with the last reference, by `close` or by `with`.

    ```python
    index = await rf.CodeIndex.build("src", store="index.db")
    for hit in index.search("retry with back-off", limit=10):
        print(hit.path, hit.lines, hit.name, hit.score)
    ```
    """

    def __init__(self, store: Store, embedder: Embedder, report: IndexReport | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self.report = report
        """What the run that built it did; None when it was opened."""

    @classmethod
    async def build(
        cls,
        path: str | Path,
        *,
        store: str | Path,
        embedder: Embedder | None = None,
        options: IndexOptions | None = None,
        on_progress: Callable[[IndexProgress], object] | None = None,
    ) -> CodeIndex:
        """Index a folder or a file, or bring the index up to date: only what changed since is read and embedded.

        Nothing that is read is executed, and no link is followed. Cancelled or killed, the store holds each file as it
        was or as it is, and the next run does the rest.

        Args:
            path: The tree.
            store: The file of the index; its folder must exist. It belongs to this tree: files that are not in the tree
                are forgotten. That of another tree is refused; if the tree was moved, say so in the options.
            embedder: None: `HashingEmbedder`, which needs no model.
            options: Budgets and processes.
            on_progress: Called from time to time in the event loop.

        Raises:
            InputError: If there is no such tree.
            IndexOpenError: If the store is something else, of another tree, newer or unreachable. It is left as it is.
            LLMError: If the embedder is a model that could not be asked; what was done before is kept.
        """
        embedder = embedder or HashingEmbedder()
        _check_embedder(embedder)
        options = options or IndexOptions()
        root = await anyio.to_thread.run_sync(_root, path)
        writer = await anyio.to_thread.run_sync(partial(Store, Path(store), write=True))
        try:
            report = await build_store(
                root, writer, embedder, options, on_progress or (lambda progress: None)
            )
            if options.lexical == "tantivy":
                await anyio.to_thread.run_sync(TantivyWords(Path(store)).update, writer)
        finally:
            writer.close()
        reader = await anyio.to_thread.run_sync(partial(Store, Path(store), write=False))
        return cls(reader, embedder, report)

    @classmethod
    def build_sync(
        cls,
        path: str | Path,
        *,
        store: str | Path,
        embedder: Embedder | None = None,
        options: IndexOptions | None = None,
        on_progress: Callable[[IndexProgress], object] | None = None,
    ) -> CodeIndex:
        """Do what `build` does, for code that does not await. Works beside a running event loop too."""
        build = partial(
            cls.build, path, store=store, embedder=embedder, options=options, on_progress=on_progress
        )
        return run_sync(build)

    @classmethod
    def open(cls, store: str | Path, *, embedder: Embedder | None = None) -> CodeIndex:
        """Open an index that is there, for reading; others may write it meanwhile.

        Warns when no build of it has come to its end yet: what is missing is not found.

        Args:
            store: The file.
            embedder: The one it was built with. None: `HashingEmbedder`.

        Raises:
            IndexOpenError: If the file is no index, newer, older or unreachable.
            ConfigurationError: If it was built with another embedder.
        """
        embedder = embedder or HashingEmbedder()
        _check_embedder(embedder)
        opened = Store(Path(store), write=False)
        settings = opened.settings()
        built_with = settings.get("embedder", embedder.id)
        if built_with != embedder.id:
            opened.close()
            raise ConfigurationError(
                f"{store} was built with the embedder {built_with!r}; got {embedder.id!r}. Pass that one as embedder=."
            )
        if "state" not in settings:
            warnings.warn(
                f"the index {store} is not complete: its first build was stopped or still runs. Build it again: "
                "it goes on where it was.",
                stacklevel=2,
            )
        return cls(opened, embedder)

    @property
    def path(self) -> Path:
        """The store's file."""
        return self._store.path

    def search(self, query: str, *, limit: int = 10, weight: float | None = None) -> list[Hit]:
        """Return the chunks that fit a query best, the best first. Some may share no word with it, only a likeness.

        Args:
            query: Words about the code, or a name in it.
            limit: How many at most.
            weight: Between 0 (words only) and 1 (vectors only). None: what the embedder advises, at most one half when
                the query is a name.

        Raises:
            InputError: If an argument is out of its range.
            LLMError: If the embedder is a model that could not be asked.
        """
        if not isinstance(query, str):
            raise InputError(f"a query is a text; got {type(query).__name__}.")
        if limit < 1 or not (weight is None or 0 <= weight <= 1):
            raise InputError(f"limit is above 0 and weight in [0, 1]; got {limit!r} and {weight!r}.")
        weight = self._embedder.weight if weight is None else weight
        snapshot = self._current()
        if not snapshot.numbers or not query.strip():
            return []
        # Words alone need no model.
        (vector,) = self._embedder.embed([query]) if weight > 0 else snapshot.vectors[:1]
        scores = dict(best(snapshot, query, vector, weight, limit))
        return [Hit(chunk=chunk, score=scores[number]) for number, chunk in self._store.numbered(scores)]

    def chunks(self) -> Chunks:
        """Return all chunks with their vectors, in the order of path and line."""
        with self._lock, self._store.reading():
            return Chunks(self._store.chunks(), self._store.vectors(self._embedder.id))

    def __len__(self) -> int:
        """The number of chunks."""
        return self._store.count()

    def close(self) -> None:
        self._store.close()

    def __enter__(self) -> CodeIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CodeIndex of {len(self)} chunks in {self.path}>"

    def _current(self) -> Snapshot:
        """Return the state to search in, loaded again when somebody has written since."""
        with self._lock:
            version = self._store.version()
            if self._snapshot is None or self._snapshot.version != version:
                with self._store.reading():
                    self._snapshot = self._load(version)
            return self._snapshot

    def _load(self, version: int) -> Snapshot:
        store = self._store
        numbers = store.numbers()
        lexical: Lexical
        if store.settings().get("lexical") == "tantivy":
            lexical = TantivyWords(self.path, numbers)
        else:
            lexical = BM25(store.documents())
        defined: dict[str, list[int]] = {}
        for row, name in enumerate(store.names()):
            defined.setdefault(name.rpartition(".")[2].lower(), []).append(row)
        defined.pop("", None)
        return Snapshot(version, numbers, lexical, store.vectors(self._embedder.id), defined)


def _root(path: str | Path) -> Path:
    root = Path(path).resolve()
    if not root.exists():
        raise InputError(f"there is no file or folder {os.fspath(path)!r} to index.")
    return root


def _check_embedder(embedder: object) -> None:
    if not isinstance(embedder, Embedder):
        raise ConfigurationError(
            f"an embedder has id, weight and embed(texts); got {type(embedder).__name__}."
        )
