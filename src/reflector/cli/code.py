"""`reflector index` and `reflector search`: code as chunks in one file, found by words about it."""

from __future__ import annotations

import warnings
from contextlib import nullcontext
from typing import Annotated, Any

import anyio
import typer

from reflector.cli.output import Json, print_document
from reflector.code.building import IndexOptions, IndexProgress, IndexReport
from reflector.code.index import CodeIndex
from reflector.code.litellm_embedder import LiteLLMEmbedder
from reflector.code.minilm import MiniLM
from reflector.errors import InputError

__all__ = ["index_command", "search_command"]

Store = Annotated[str, typer.Option(metavar="FILE", help="The file of the index.")]
Model = Annotated[
    str | None,
    typer.Option("--embedding-model", help="An embedding model's name. Default: hashed words, no model."),
]
Folder = Annotated[
    str | None,
    typer.Option("--minilm", metavar="FOLDER", help="A folder with all-MiniLM-L6-v2, used locally."),
]


def index_command(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or a file.")],
    store: Store,
    model: Model = None,
    minilm: Folder = None,
    tantivy: Annotated[
        bool, typer.Option("--tantivy", help="Look words up by tantivy: for large trees.")
    ] = False,
    moved: Annotated[
        bool, typer.Option("--moved", help="The store was built from another path: the tree was moved.")
    ] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one per processor.")] = None,
    as_json: Json = False,
) -> None:
    """Index code, or bring an index up to date: only what changed is read. Nothing in it is executed."""
    from reflector.cli.pages import print_notice, progress

    options = IndexOptions(workers=workers, lexical="tantivy" if tantivy else "bm25", is_moved=moved)
    embedder = _embedder(model, minilm)
    with nullcontext(None) if as_json else progress(f"looking at {path}") as show:

        def tell(progress: IndexProgress) -> None:
            if show is not None:
                show(f"{progress.stage}: {progress.done} of {progress.total}")

        async def work() -> IndexReport:
            with await CodeIndex.build(
                path, store=store, embedder=embedder, options=options, on_progress=tell
            ) as index:
                assert index.report is not None
                return index.report

        report = anyio.run(work)
    if as_json:
        print_document({"report": report, "errors": []})
        return
    for problem in report.problems:
        print_notice(": ".join(problem))
    print_notice(_summary(report))


def search_command(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words about the code, or a name in it.")],
    store: Store,
    limit: Annotated[int, typer.Option(min=1, help="How many hits at most.")] = 10,
    model: Model = None,
    minilm: Folder = None,
    as_json: Json = False,
) -> None:
    """Search an index; the best hits first."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        opened = CodeIndex.open(store, embedder=_embedder(model, minilm))
    notices = [str(each.message) for each in caught]
    with opened as index:
        hits = index.search(query, limit=limit)
    if as_json:
        records = [
            hit.chunk.model_dump(mode="json") | {"lines": list(hit.lines), "score": hit.score} for hit in hits
        ]
        print_document({"query": query, "hits": records, "errors": notices})
        return
    from reflector.cli.pages import print_hits, print_notice

    for notice in notices:
        print_notice(notice)
    print_hits(hits)
    if not hits:
        print_notice("nothing found")


def _embedder(model: str | None, minilm: str | None) -> Any:
    if model is not None and minilm is not None:
        raise InputError("--embedding-model and --minilm exclude each other.")
    if model is not None:
        return LiteLLMEmbedder(model)
    return MiniLM(minilm) if minilm is not None else None


def _summary(report: IndexReport) -> str:
    parts = [
        f"{report.chunks} chunks of {report.files} files",
        f"{report.indexed} indexed, {report.unchanged} unchanged, {report.removed} removed",
        *(f"{count} {reason}" for reason, count in report.skipped.items()),
    ]
    return f"{'; '.join(parts)} ({report.seconds:.1f} s)"
