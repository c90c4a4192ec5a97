"""Groups hold every chunk once, respect the budget, and their figures are what they say."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.code.chunk import Chunk, ChunkKind, Chunks
from reflector.code.chunking import chunk_text
from reflector.code.references import pagerank, reference_edges


def chunk(number: int, tokens: int = 10, text: str = "") -> Chunk:
    return Chunk(
        path=f"f{number:03}.py", language="python", kind=ChunkKind.FUNCTION, name=f"f{number}",
        start_line=1, end_line=1, text=text or f"def f{number}(): pass\n", tokens=tokens, defines=(f"f{number}",),
    )  # fmt: skip


VECTORS = st.integers(1, 24).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=count, max_size=count
    )
)


@given(VECTORS, st.sampled_from([0.7, 0.0, -0.5, 1.0]))
@settings(max_examples=100, deadline=None)
def test_leaders_are_those_of_one_pass_over_all_pairs(rows: list[list[int]], threshold: float) -> None:
    vectors = np.array(rows, np.float32)

    def cosine(a: Any, b: Any) -> float:
        lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
        return float(a @ b) / lengths if lengths else 0.0

    expected: list[list[int]] = []
    taken: set[int] = set()
    for leader in range(len(rows)):
        if leader in taken:
            continue
        group = [leader]
        for other in range(leader + 1, len(rows)):
            likeness = cosine(vectors[leader], vectors[other])
            if abs(likeness - threshold) < 1e-6 and threshold not in (0.0,):
                return  # either side of the threshold by rounding
            if other not in taken and likeness >= threshold:
                group.append(other)
        taken.update(group)
        expected.append(group)
    chunks = Chunks(map(chunk, range(len(rows))), vectors)
    groups = rf.group_chunks(chunks, strategy="leader", max_tokens=None, threshold=threshold)
    assert sorted([int(each.name[1:]) for each in group.chunks] for group in groups) == sorted(expected)


SIZES = st.lists(st.integers(1, 60), max_size=40)


@given(SIZES, st.sampled_from(["references", "pack", "leader"]), st.integers(60, 200))
@settings(max_examples=60, deadline=None)
def test_every_chunk_is_in_one_group_that_fits(sizes: list[int], strategy: Any, budget: int) -> None:
    chunks = [
        chunk(number, size, f"def f{number}(): return f{number * 7 % 11}()\n")
        for number, size in enumerate(sizes)
    ]
    groups = rf.group_chunks(chunks, strategy=strategy, max_tokens=budget)
    assert sorted(each.name for group in groups for each in group.chunks) == sorted(
        each.name for each in chunks
    )
    quality = groups.quality
    assert all(group.tokens == sum(each.tokens for each in group.chunks) <= budget for group in groups)
    assert (quality.groups, quality.bound) == (len(groups), -(-sum(sizes) // budget))
    assert quality.groups >= quality.bound
    assert quality.largest == max((group.tokens for group in groups), default=0)
    assert quality.oversized == 0
    if groups:
        assert abs(quality.fill - sum(sizes) / budget / len(groups)) < 1e-9
        assert abs(sum(group.rank for group in groups) - 1) < 1e-6
    assert [group.rank for group in groups] == sorted((group.rank for group in groups), reverse=True)


def test_figures_are_those_of_all_pairs() -> None:
    random = np.random.default_rng(1)
    vectors = random.standard_normal((30, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chunks = Chunks([chunk(n, 10, f"def f{n}(): f{n // 2}()\n") for n in range(30)], vectors)
    groups = rf.group_chunks(chunks, strategy="pack", max_tokens=70)
    row = {each.name: vectors[index] for index, each in enumerate(chunks)}
    cosines = [
        float(row[a.name] @ row[b.name])
        for group in groups
        for a, b in itertools.combinations(group.chunks, 2)
    ]
    assert abs(groups.quality.cohesion - np.mean(cosines)) < 1e-5
    owner = {each.name: number for number, group in enumerate(groups) for each in group.chunks}
    edges = [(n, n // 2) for n in range(30) if n != n // 2]
    assert groups.quality.references == len(edges)
    kept = np.mean([owner[f"f{a}"] == owner[f"f{b}"] for a, b in edges])
    assert abs(groups.quality.references_kept - kept) < 1e-9
    assert abs(np.linalg.norm(groups[0].vector) - 1) < 1e-5
    assert "5 groups of 30 chunks" in repr(groups)
    assert groups[:1][0] == groups[0]


def test_chunks_that_refer_to_each_other_come_together() -> None:
    chunks = [chunk(n, 100, f"def f{n}(): f{n ^ 1}()\n") for n in range(40)]
    shuffled = [chunks[index] for index in np.random.default_rng(0).permutation(40)]
    together = rf.group_chunks(shuffled, max_tokens=400).quality
    packed = rf.group_chunks(shuffled, strategy="pack", max_tokens=400).quality
    assert (together.groups, together.references_kept) == (10, 1.0)
    assert packed.references_kept < 0.5


def test_a_chunk_above_the_budget_is_split() -> None:
    text = "def f():\n" + "    work()\n" * 100
    (large,) = chunk_text("a.py", text.encode()).chunks
    groups = rf.group_chunks([large], max_tokens=50)
    assert groups.quality.largest <= 50
    pieces = sorted((each for group in groups for each in group.chunks), key=lambda each: each.start_line)
    assert "".join(each.text for each in pieces) == text
    assert rf.group_chunks([chunk(1, 90, "x" * 360)], max_tokens=50).quality.oversized == 1


def test_focus_moves_attention() -> None:
    chunks = [chunk(n, 100, f"def f{n}(): f{n // 2}()\n") for n in range(1, 20)]
    assert any(each.name == "f1" for each in rf.group_chunks(chunks, max_tokens=100)[0].chunks)
    focused = rf.group_chunks(chunks, max_tokens=100, focus=["f19"])
    assert [group.chunks[0].name for group in focused][:2] == ["f19", "f9"] or focused[0].rank > 0.1


def test_impossible_arguments_are_typed_errors() -> None:
    for arguments in (
        {"strategy": "best"},
        {"max_tokens": None},
        {"max_tokens": 0},
        {"threshold": 2.0, "strategy": "leader"},
    ):
        with pytest.raises(rf.InputError):
            rf.group_chunks([chunk(1)], **arguments)  # type: ignore[arg-type]


# --- references ----------------------------------------------------------------------------------------------


def test_names_mean_the_own_class_then_the_own_file_then_the_only_one() -> None:
    first = b"""def helper(): pass

class A(Base):
    '''A class above the size up to which it stays whole.'''
    filler = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
    more = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
    still = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
    end = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
    @traced
    def run(self):
        self.step(); helper()
    def step(self): pass

class B:
    def step(self): pass
"""
    second = b"""class Base: pass

def traced(f): return f

def helper(): pass

def uses(): helper(); nowhere(); uses()
"""
    chunks = [*chunk_text("a.py", first).chunks, *chunk_text("b.py", second).chunks]
    named = {
        (f"{chunks[a].path}:{chunks[a].name}", f"{chunks[b].path}:{chunks[b].name}")
        for a, b in reference_edges(chunks)
    }
    assert named == {
        ("a.py:A", "b.py:Base"),
        ("a.py:A.run", "b.py:traced"),
        ("a.py:A.run", "a.py:A.step"),
        ("a.py:A.run", "a.py:helper"),
        ("b.py:uses", "b.py:helper"),
    }


def test_pagerank_of_a_small_graph() -> None:
    edges = np.array([[0, 2], [1, 2], [2, 0]])
    ranks = pagerank(4, edges)
    # The fixed point by solving the equations.
    matrix = np.zeros((4, 4))
    matrix[2, 0] = matrix[2, 1] = matrix[0, 2] = 1.0
    matrix[:, 3] = 0.25
    expected = np.linalg.solve(np.eye(4) - 0.85 * matrix, np.full(4, 0.15 / 4))
    assert np.allclose(ranks, expected / expected.sum(), atol=1e-3)
    assert pagerank(0, np.zeros((0, 2), np.int64)).shape == (0,)
    assert pagerank(3, np.zeros((0, 2), np.int64), [1]).argmax() == 1
