"""BM25, words and the blend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.code.bm25 import BM25
from reflector.code.search import Snapshot, best
from reflector.code.words import is_identifier, words_of

WORDS = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=8), WORDS)
def test_bm25_is_its_formula(texts: list[str], query: str) -> None:
    rows = [text.split() for text in texts]
    average = max(sum(map(len, rows)) / len(rows) if rows else 0, 1)
    scores = BM25(texts).scores(query)
    for row, score in zip(rows, scores, strict=True):
        expected = 0.0
        for word in query.split():
            held_by = sum(word in other for other in rows)
            count = row.count(word)
            idf = math.log(1 + (len(rows) - held_by + 0.5) / (held_by + 0.5))
            expected += idf * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * len(row) / average))
        assert math.isclose(score, expected, rel_tol=1e-4, abs_tol=1e-6)


def test_identifiers_are_split() -> None:
    assert words_of("HTTPServer parseXML2 snake_case Größe 漢字") == [
        "http", "server", "parse", "xml", "2", "snake", "case", "gr", "öß", "e", "漢字",
    ]  # fmt: skip
    assert is_identifier("snake_case")
    assert is_identifier("a.b()")
    assert not is_identifier("word")


@pytest.fixture
def index(tmp_path: Path) -> rf.CodeIndex:
    (tmp_path / "a.py").write_text(
        "def parse_reflection(text):\n    return text\n\n"
        "def reflection_parse_all(reflection):\n    parse = parse_reflection\n    return parse(reflection)\n\n"
        "def unrelated():\n    pass\n"
    )
    return rf.CodeIndex.build_sync(tmp_path / "a.py", store=tmp_path / "i.db")


def test_what_bears_the_name_comes_first(index: rf.CodeIndex) -> None:
    for query in ("parse_reflection", "parse_reflection()", "a.parse_reflection", " Parse_Reflection "):
        assert index.search(query)[0].name == "parse_reflection"


def test_what_bears_the_name_is_found_though_no_words_and_vectors_were_compared() -> None:
    class FirstOnly:
        """As tantivy, which scores the best thousand only."""

        def scores(self, query: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
            return np.array([1, 0, 0], np.float32)

    snapshot = Snapshot(1, [11, 12, 13], FirstOnly(), np.zeros((3, 0), np.float32), {"get": [2]})
    found = best(snapshot, "get", np.zeros(4, np.float32), 0.0, 10)
    assert [number for number, _ in found] == [13, 11]


def test_words_about_the_code_are_no_name(index: rf.CodeIndex) -> None:
    hits = index.search("what calls a.unrelated", weight=0)
    assert max(hit.score for hit in hits) < 5


def test_words_alone_need_no_model(tmp_path: Path) -> None:
    class Unreachable(rf.HashingEmbedder):
        is_up = True

        def embed(self, texts: Sequence[str]) -> Any:
            if not self.is_up:
                raise rf.LLMConnectionError("down")
            return super().embed(texts)

    (tmp_path / "a.py").write_text("def wait():\n    pass\n")
    embedder = Unreachable()
    index = rf.CodeIndex.build_sync(tmp_path / "a.py", store=tmp_path / "i.db", embedder=embedder)
    embedder.is_up = False
    assert index.search("wait", weight=0)[0].name == "wait"


def test_weights_choose_between_words_and_vectors(index: rf.CodeIndex) -> None:
    assert {hit.name for hit in index.search("reflections", weight=0)} == set()
    assert index.search("reflections", weight=1)[0].name != "unrelated"
    assert len(index.search("reflection", limit=1)) == 1
    assert len(index.search("reflection", limit=100_000)) <= 3


def test_a_query_without_words_finds_nothing(index: rf.CodeIndex) -> None:
    for query in ("", "   ", "???", "\x00", "\ud800"):
        assert index.search(query) == []


def test_chunks_keep_their_vectors(index: rf.CodeIndex) -> None:
    chunks = index.chunks()
    some = chunks.where(lambda chunk: chunk.name == "unrelated")
    assert chunks.vectors is not None
    assert some.vectors is not None
    assert chunks[np.int64(2)] is chunks[2]  # type: ignore[call-overload]
    assert np.array_equal(some.vectors[0], chunks.vectors[2])
    assert chunks[2:][0] == some[0]
    assert repr(chunks) == "<3 chunks of 1 files>"
    with pytest.raises(ValueError, match="as many vectors"):
        type(chunks)(chunks, chunks.vectors[:1])
