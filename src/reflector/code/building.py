"""Bringing a store up to date with a tree: only what changed is read, only what is new is embedded."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import anyio.to_thread
from pydantic import Field

from reflector._json import Given, Value
from reflector.agents.groups import only_error
from reflector.code.chunking import MAX_TOKENS, recipe_of
from reflector.code.embedder import Embedder
from reflector.code.processing import Batch, Known, Processed, process, process_task
from reflector.code.store import Store
from reflector.code.walking import REFUSALS, Found, walk
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.task import Task
from reflector.errors import ConfigurationError

__all__ = ["IndexOptions", "IndexProgress", "IndexReport", "build_store"]

_BATCH_BYTES = 400_000
_BATCH_FILES = 200
_BATCH_TEXTS = 256
_WORTH_PROCESSES = 4_000_000
"""Bytes to read from which starting processes pays off."""


class IndexOptions(Given):
    """How a tree is indexed."""

    unfit = ConfigurationError

    max_tokens: int = Field(default=MAX_TOKENS, ge=16)
    """Of a chunk, estimated."""
    max_file_bytes: int = Field(default=2_000_000, ge=1)
    """Larger files are skipped."""
    workers: int | None = Field(default=None, ge=1)
    """Processes that chunk a tree with much to read. None: one for each processor; 1: none besides this one."""
    lexical: str = Field(default="bm25", pattern="^(bm25|tantivy)$")
    """Where words are looked up: in memory, or by tantivy (an extra) in a folder beside the store, for large trees."""

    is_moved: bool = False
    """Take a store that was built from another path: the tree was moved. What is not in it is forgotten."""


class IndexProgress(NamedTuple):
    """How far an indexing run has come."""

    stage: str
    """`chunking` files or `embedding` chunks."""
    done: int
    total: int


class IndexReport(Value):
    """What an indexing run did."""

    files: int
    """In the index now, those without chunks included."""
    chunks: int
    indexed: int
    """Files that were new or changed."""
    unchanged: int
    removed: int
    embedded: int
    """Texts that were embedded; those seen before are not."""
    skipped: dict[str, int]
    """How many files and folders were left out, by reason."""
    problems: tuple[tuple[str, str], ...]
    """Path and reason of files that were left out or could only be cut by lines; the first hundred."""
    seconds: float


class _Changes(NamedTuple):
    """What a tree has that its store has not."""

    files: list[tuple[Found, Known | None]]
    unchanged: int
    gone: list[str]
    skipped: Counter[str]


async def build_store(
    root: Path,
    store: Store,
    embedder: Embedder,
    options: IndexOptions,
    on_progress: Callable[[IndexProgress], object],
) -> IndexReport:
    """Bring a store up to date and return what was done. Cancelled, it stops between two transactions.

    Raises:
        InputError: If there is no such tree.
        IndexOpenError: If the store belongs to another tree.
        CodeError: If the store cannot be written.
    """
    begun = time.perf_counter()
    await anyio.to_thread.run_sync(partial(store.begin, str(root), is_moved=options.is_moved))
    changes = await anyio.to_thread.run_sync(_changes, root, store, options)
    counts: Counter[str] = Counter()

    async def keep(results: list[Processed]) -> None:
        await anyio.to_thread.run_sync(store.put, results)
        for each in results:
            counts["done"] += 1
            counts["same"] += each.rows is None
        on_progress(IndexProgress("chunking", counts["done"], len(changes.files)))

    await _chunk(list(_batches(root, changes.files, options)), options, keep)
    if changes.gone:
        await anyio.to_thread.run_sync(store.remove, changes.gone)
    settings = {"root": str(root), "embedder": embedder.id, "lexical": options.lexical}
    embedded = 0
    if not await anyio.to_thread.run_sync(store.is_finished, settings):
        embedded = await _embed(store, embedder, on_progress)
        await anyio.to_thread.run_sync(store.finish, settings)
    problems = store.problems()
    skipped = changes.skipped + Counter(problem for _, problem in problems if problem in REFUSALS)
    return IndexReport(
        files=store.count("file"),
        chunks=store.count(),
        indexed=counts["done"] - counts["same"],
        unchanged=changes.unchanged + counts["same"],
        removed=len(changes.gone),
        embedded=embedded,
        skipped=dict(sorted(skipped.items())),
        problems=tuple(problems[:100]),
        seconds=time.perf_counter() - begun,
    )


def _changes(root: Path, store: Store, options: IndexOptions) -> _Changes:
    known = store.known()
    skipped: Counter[str] = Counter()
    files: list[tuple[Found, Known | None]] = []
    unchanged = 0
    name = os.path.relpath(store.path.resolve(), root).replace(os.sep, "/")
    beside = (f"{name}-wal", f"{name}-shm", f"{name}-journal", f"{name}.tantivy/")
    for found in walk(root, options.max_file_bytes, skipped):
        if found.path == name or found.path.startswith(beside):
            continue
        before = known.pop(found.path, None)
        recipe = recipe_of(found.path, options.max_tokens)
        if before is not None and before[:2] == found[1:] and before.recipe == recipe:
            unchanged += 1
        else:
            files.append((found, before))
    return _Changes(files, unchanged, list(known), skipped)


def _batches(root: Path, files: list[tuple[Found, Known | None]], options: IndexOptions) -> Iterator[Batch]:
    batch: list[tuple[Found, Known | None]] = []
    size = 0
    for each in files:
        batch.append(each)
        size += each[0].size
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield Batch(root, batch, options.max_tokens, options.max_file_bytes)
            batch, size = [], 0
    if batch:
        yield Batch(root, batch, options.max_tokens, options.max_file_bytes)


async def _chunk(batches: list[Batch], options: IndexOptions, keep: Callable[[list[Processed]], Any]) -> None:
    """Process all batches, in processes when there is much to read, and hand the results to `keep` one by one."""
    size = sum(found.size for batch in batches for found, _ in batch.files)
    workers = min(options.workers or os.cpu_count() or 1, len(batches))
    engine = ProcessEngine(workers) if workers > 1 and size >= _WORTH_PROCESSES else None
    waiting = iter(batches)
    keeping = anyio.Lock()

    async def work() -> None:
        for batch in waiting:
            if engine is None:
                results = await anyio.to_thread.run_sync(process, batch)
            else:
                task = Task(kind="code-chunking", payload=batch)
                results = (await engine.run(process_task, task, None)).value
            async with keeping:
                await keep(results)

    try:
        async with anyio.create_task_group() as working:
            for _ in range(workers if engine is not None else 1):
                working.start_soon(work)
    except BaseExceptionGroup as group:
        raise only_error(group) from None
    finally:
        if engine is not None:
            await engine.close()


async def _embed(store: Store, embedder: Embedder, on_progress: Callable[[IndexProgress], object]) -> int:
    """Embed what this embedder has not seen yet; return how many texts that were."""
    total, width = await anyio.to_thread.run_sync(
        lambda: (store.unseen(embedder.id), store.width(embedder.id))
    )
    done, last = 0, 0
    while rows := await anyio.to_thread.run_sync(store.without_vector, embedder.id, last, _BATCH_TEXTS):
        last = rows[-1][0]
        documents = {digest: document for _, digest, document in rows}
        # A remote model may take its time; a thread that nobody waits for any more does no harm.
        vectors = await anyio.to_thread.run_sync(
            embedder.embed, list(documents.values()), abandon_on_cancel=True
        )
        shape: Any = getattr(vectors, "shape", None)
        has_rows = shape is not None and len(shape) == 2 and shape[0] == len(documents)
        if not has_rows or shape[1] != (width or max(1, shape[1])):
            raise ConfigurationError(
                f"embedder {embedder.id!r} was given {len(documents)} texts and returned the shape {shape} "
                f"({type(vectors).__name__}); expected an array with a row for each text"
                + (f", {width} numbers each as before; another model needs another id." if width else ".")
            )
        width = shape[1]
        await anyio.to_thread.run_sync(store.put_vectors, embedder.id, list(documents), vectors)
        done += len(documents)
        on_progress(IndexProgress("embedding", done, total))
    return done
