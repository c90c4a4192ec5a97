"""Chunking, indexing, searching and grouping of the standard library, beside their peers in the same run.

With a folder that holds all-MiniLM-L6-v2 as its argument, the retrieval of MiniLM is measured too.
"""

from __future__ import annotations

import ast
import os
import random
import sqlite3
import sys
import sysconfig
import tempfile
import textwrap
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

import reflector as rf
from reflector.code.bm25 import BM25
from reflector.code.chunk import Chunk, Chunks
from reflector.code.chunking import chunk_text
from reflector.code.embedder import Embedder
from reflector.code.walking import as_utf8
from reflector.code.words import words_of

STDLIB = Path(sysconfig.get_paths()["stdlib"])
PAIRS = 700
CORPUS = 10_000


def sources() -> list[tuple[str, bytes]]:
    """Return the readable Python files of the standard library, without its tests."""
    found = []
    for path in sorted(STDLIB.rglob("*.py")):
        if {"site-packages", "test", "tests", "idle_test"} & set(path.parts):
            continue
        data, refused = as_utf8(path.read_bytes())
        if not refused:
            found.append((str(path.relative_to(STDLIB)), data))
    return found


def best_ms(work: Callable[[], object], times: int = 30) -> str:
    """Return the median and the least milliseconds of several runs."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append((time.perf_counter() - begun) * 1000)
    taken.sort()
    return f"{taken[len(taken) // 2]:8.2f} ms median {taken[0]:8.2f} ms least"


# --- chunking ------------------------------------------------------------------------------------------------


def chunking(files: Sequence[tuple[str, bytes]]) -> list[Chunk]:
    """Alternate file by file, so that a busy machine is as busy for both."""
    size = sum(len(data) for _, data in files)
    chunks: list[Chunk] = []
    ratios = []
    for _ in range(3):
        parse = chunk = 0.0
        for path, data in files:
            begun = time.perf_counter()
            ast.parse(data)
            middle = time.perf_counter()
            made = chunk_text(path, data)
            chunk += time.perf_counter() - middle
            parse += middle - begun
            assert not made.problem, path
        ratios.append((parse / chunk, parse, chunk))
    for path, data in files:
        made = chunk_text(path, data).chunks
        lines = data.splitlines(keepends=True)
        assert [line for each in made for line in range(each.start_line, each.end_line + 1)] == list(
            range(1, len(lines) + 1)
        )
        assert "".join(each.text for each in made).encode() == data
        chunks += made
    ratio, parse, chunk = max(ratios)
    print(
        f"{len(files)} files, {size / 1e6:.1f} MB, {len(chunks)} chunks; every line stands in exactly one chunk"
    )
    print(f"  ast.parse                {size / parse / 1e6:6.2f} MB/s")
    print(f"  chunking                 {size / chunk / 1e6:6.2f} MB/s   {ratio:.2f} x ast.parse (goal 0.8)")
    return chunks


# --- indexing ------------------------------------------------------------------------------------------------


def indexing(files: Sequence[tuple[str, bytes]], folder: Path) -> None:
    tree = folder / "tree"
    for path, data in files:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_bytes(data)
        os.utime(tree / path, (1e9, 1e9))
    size = sum(len(data) for _, data in files)
    store = folder / "index.db"
    for name, prepare in (
        ("first run", lambda: None),
        ("nothing changed", lambda: None),
        (
            "all touched, none changed",
            lambda: [os.utime(tree / path, (2e9 - 1e9, 1.1e9)) for path, _ in files],
        ),
        ("one file changed", lambda: (tree / files[0][0]).write_bytes(b"x = 1\n")),
    ):
        prepare()
        with rf.CodeIndex.build_sync(tree, store=store) as index:
            report = index.report
            assert report is not None
            print(
                f"  index, {name:26} {report.seconds:6.2f} s {size / report.seconds / 1e6:8.1f} MB/s"
                f"   {report.indexed} files chunked, {report.embedded} texts embedded"
            )
    begun = time.perf_counter()
    found = rf.CodeIndex.open(store)
    found.search("anything")
    print(f"  open and first search              {time.perf_counter() - begun:6.2f} s")
    empty = folder / "empty"
    for number in range(500):
        (empty / str(number)).mkdir(parents=True)
        for each in range(100):
            (empty / str(number) / f"{each}.py").touch()
    with rf.CodeIndex.build_sync(empty, store=folder / "empty.db") as index:
        assert index.report is not None
        print(f"  50,000 empty files                 {index.report.seconds:6.2f} s")


# --- searching -----------------------------------------------------------------------------------------------


def searching(chunks: list[Chunk], folder: Path) -> None:
    tree = folder / "search"
    tree.mkdir()
    for number, chunk in enumerate(chunks):
        (tree / f"{number:05}.md").write_text("```python\n" + chunk.text.replace("```", "'''") + "\n```")
    with rf.CodeIndex.build_sync(tree, store=folder / "search.db") as index:
        queries = [
            "retry with exponential back off",
            "parse a date header",
            "open_file",
            "remove all expired cookies",
        ]
        index.search("warm")
        print(f"{len(index)} chunks, top 10 of four queries, per query")
        for query in queries:
            print(f"  hybrid    {best_ms(lambda query=query: index.search(query))}   {query!r}")
        print(f"  words only{best_ms(lambda: index.search(queries[0], weight=0))}")
    fts = sqlite3.connect(":memory:")
    fts.execute("CREATE VIRTUAL TABLE t USING fts5(words)")
    prepared = [" ".join(words_of(chunk.document)) for chunk in chunks]
    fts.executemany("INSERT INTO t VALUES (?)", ((words,) for words in prepared))
    asked = " OR ".join(words_of(queries[0]))
    ask = "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank LIMIT 10"
    print(f"  FTS5      {best_ms(lambda: fts.execute(ask, (asked,)).fetchall())}")
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    held = tantivy.Index(builder.build())
    writer = held.writer()
    for words in prepared:
        writer.add_document(tantivy.Document(words=words))
    writer.commit()
    held.reload()
    searcher, parsed = held.searcher(), held.parse_query(" ".join(words_of(queries[0])), ["words"])
    print(f"  tantivy   {best_ms(lambda: searcher.search(parsed, 10))}")


# --- retrieval -----------------------------------------------------------------------------------------------


def pairs(chunks: Sequence[Chunk]) -> tuple[list[str], list[Chunk]]:
    """Return queries (first lines of docstrings), and the chunks they belong to without docstrings, then others."""
    candidates, others = [], []
    for chunk in chunks:
        if str(chunk.kind) not in ("function", "method") or not chunk.defines:
            continue
        bare = without_docstring(chunk.text)
        fits = 20 <= len(chunk.summary) <= 120 and len(chunk.summary.split()) >= 4
        (candidates if fits and bare else others).append(
            (chunk.summary, chunk.replace(text=bare or chunk.text))
        )
    chosen = random.Random(0)
    chosen.shuffle(candidates)
    chosen.shuffle(others)
    taken = candidates[:PAIRS] + (candidates[PAIRS:] + others)[: CORPUS - PAIRS]
    return [query for query, _ in taken[:PAIRS]], [chunk for _, chunk in taken]


def without_docstring(text: str) -> str:
    """Return a function's text without its docstring; empty when nothing else is in it."""
    try:
        body = ast.parse(textwrap.dedent(text)).body[0].body  # type: ignore[attr-defined]  # a function
    except (SyntaxError, IndexError, AttributeError):
        return ""
    first = body[0]
    if len(body) < 2 or not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return ""
    lines = text.splitlines(keepends=True)
    return "".join(lines[: first.lineno - 1] + lines[first.end_lineno :])


def mrr(scores: Sequence[Any]) -> str:
    """Return MRR@10, how many are first, and how many are among the first ten; the right one of query i is i."""
    ranks = [int((row > row[index]).sum()) + 1 for index, row in enumerate(scores)]
    reciprocal = sum(1 / rank for rank in ranks if rank <= 10) / len(ranks)
    first, found = (sum(rank <= limit for rank in ranks) / len(ranks) for limit in (1, 10))
    return f"{reciprocal:.3f} {first:.3f} {found:.3f}"


def standardized(row: Any) -> Any:
    return (row - row.mean()) / (row.std() + 1e-12)


def retrieval(chunks: Sequence[Chunk], folder: str | None) -> None:
    queries, corpus = pairs(chunks)
    for pool in (corpus[:PAIRS], corpus):
        print(f"{len(queries)} docstrings among {len(pool)} functions: MRR@10, top-1, R@10")
        documents = [chunk.document for chunk in pool]
        plain = plain_bm25([chunk.text for chunk in pool])
        print(f"  BM25, words as they stand  {mrr([plain(query) for query in queries])}   facts 0.329")
        lexical = BM25(documents)
        words = [lexical.scores(query) for query in queries]
        print(f"  BM25, split identifiers    {mrr(words)}   facts 0.450")
        embedders: list[tuple[str, Embedder]] = [("hashed words", rf.HashingEmbedder())]
        if folder and len(pool) == PAIRS:
            embedders.append(("MiniLM", rf.MiniLM(folder)))
        for name, embedder in embedders:
            vectors, asked = embedded(embedder, documents), embedded(embedder, queries)
            near = [np.einsum("nd,d->n", vectors, query) for query in asked]
            weight = embedder.weight
            blend = [
                weight * standardized(a) + (1 - weight) * standardized(b)
                for a, b in zip(near, words, strict=True)
            ]
            print(f"  {name:26} {mrr(near)}   facts: MiniLM 0.635")
            print(f"  {name + f', blend {weight}':26} {mrr(blend)}   facts: MiniLM 0.655")


def plain_bm25(texts: Sequence[str]) -> Callable[[str], Any]:
    """Return the scores of BM25 over `\\w+`: identifiers that are joined stay joined."""
    import re

    def rewritten(text: str) -> str:
        # Every word as one that our own splitter leaves alone.
        return " ".join(f"w{known.setdefault(word, len(known)):b}".replace("1", "b").replace("0", "a")
                        for word in re.findall(r"\w+", text.lower()))  # fmt: skip

    known: dict[str, int] = {}
    index = BM25([rewritten(text) for text in texts])
    return lambda query: index.scores(rewritten(query))


def embedded(embedder: Embedder, texts: Sequence[str]) -> Any:
    begun = time.perf_counter()
    vectors = np.concatenate(
        [embedder.embed(texts[start : start + 256]) for start in range(0, len(texts), 256)]
    )
    if len(texts) > PAIRS or embedder.id.startswith("minilm"):
        print(f"    {embedder.id}: {len(texts) / (time.perf_counter() - begun):.0f} texts/s")
    return vectors


# --- grouping ------------------------------------------------------------------------------------------------


def grouping(chunks: Sequence[Chunk]) -> None:
    embedder = rf.HashingEmbedder()
    vectors = np.concatenate(
        [
            embedder.embed([chunk.document for chunk in chunks[start : start + 256]])
            for start in range(0, len(chunks), 256)
        ]
    )
    held = Chunks(chunks, vectors)
    print(f"{len(held)} chunks in groups of at most 4000 tokens (goals: 1.01 x bound, 0.40 kept, 0.5 s)")
    for strategy in ("references", "pack", "leader"):
        begun, processor = time.perf_counter(), time.process_time()
        quality = rf.group_chunks(held, strategy=strategy, max_tokens=4000).quality  # type: ignore[arg-type]
        taken, processor = time.perf_counter() - begun, time.process_time() - processor
        print(
            f"  {strategy:11} {quality.groups:5} groups {quality.groups / quality.bound:6.3f} x bound"
            f"  fill {quality.fill:.3f}  references kept {quality.references_kept:.3f} of {quality.references}"
            f"  cohesion {quality.cohesion:.3f}  {taken:.2f} s ({processor:.2f} s of processor)"
        )


def main() -> None:
    warnings.simplefilter("ignore")
    files = sources()
    chunks = chunking(files)
    with tempfile.TemporaryDirectory() as folder:
        indexing(files, Path(folder))
        searching(random.Random(1).sample(chunks, CORPUS), Path(folder))
    retrieval(chunks, sys.argv[1] if len(sys.argv) > 1 else None)
    paths = sorted({chunk.path for chunk in chunks})
    random.Random(1).shuffle(paths)
    by_path: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        by_path.setdefault(chunk.path, []).append(chunk)
    grouping([chunk for path in paths for chunk in by_path[path]][:CORPUS])


if __name__ == "__main__":
    main()
