"""Rules about Python say what the syntax tree proves, on the right line, and keep quiet otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.code.chunk import Chunk, ChunkKind
from reflector.code.chunking import chunk_text
from reflector.reflection.models import ParseMode
from reflector.tasks.code_rules import reflect_on_code_by_rules
from reflector.tasks.payloads import CodeReflectionTask


def found(code: str, max_tokens: int | None = 1000) -> list[int]:
    """Return the lines that are found in a file in chunks of so many tokens; None: in one without a name."""
    chunks: Sequence[Chunk] = CodeReflectionTask(code_chunks=(code,)).code_chunks
    if max_tokens is not None:
        chunks = chunk_text("m.py", code.encode(), max_tokens=max_tokens).chunks
    return [each.start_line for each in reflect_on_code_by_rules(chunks).suggestions]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("try:\n    f()\nexcept:\n    pass\n", 3),
        ("def f():\n    try:\n        g()\n    except BaseException:\n        ...\n", 4),
        ("def f(x, seen=[]):\n    seen.append(x)\n    return seen\n", 1),
        ("def f(*, seen={}):\n    seen['a'] = 1\n", 1),
        ("def f():\n    try:\n        g()\n    finally:\n        return 1\n", 5),
        ("assert (a, 'must be')\n", 1),
        ("def f(x):\n    if x < 0:\n        ValueError('negative')\n", 3),
        ("if a is 'b':\n    pass\n", 1),
        ("X = {'a': 1, 'b': 2, 'a': 3}\n", 1),
        ("import time\nasync def f():\n    time.sleep(1)\n", 3),
        ("async def g(): ...\n\ndef f():\n    g()\n", 4),
        ("class A:\n    async def g(self): ...\n    def f(self):\n        self.g()\n", 4),
    ],
)
def test_a_defect_is_found_at_its_line(code: str, line: int) -> None:
    assert found(code) == found(code, None) == [line]


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    f()\nexcept:\n    clean()\n    raise\n",
        "try:\n    f()\nexcept Exception:\n    pass\n",
        "def f(x, cache={}):\n    cache[x] = 1\n",
        "def f(x, items=[]):\n    return [*items, x]\n",
        "def f(x, items=[]):\n    items = list(items)\n    items.append(x)\n",
        "def f():\n    try:\n        g()\n    finally:\n        h = lambda: 1\n",
        "with pytest.raises(ValueError):\n    ValueError('x')\n",
        "if a is None or b is True:\n    pass\n",
        "X = {'a': 1, 'a': 1, 1: 2, True: 3}\n",
        "async def f():\n    def blocking():\n        time.sleep(1)\n    await run(blocking)\n",
        "async def g(): ...\n\nasync def f():\n    await g()\n    g = print\n    g()\n",
        "class A:\n    async def g(self): ...\nclass B:\n    def g(self): ...\n    def f(self):\n        self.g()\n",
        "async def g(): ...\n\nclass A:\n    def g(self): ...\n    def f(self):\n        self.g()\n",
        "async def g(): ...\n\ndef f():\n    class A:\n        def h(self):\n            self.g()\n",
        "class A:\n    async def g(self): ...\n    class B(C):\n        def f(self):\n            self.g()\n",
        "async def g(): ...\ng = synced(g)\ndef f():\n    g()\n",
        "async def g(): ...\ndef f():\n    from m import g\n    g()\n",
        "async def g(): ...\ndef f():\n    def g(): ...\n    g()\n",
        "async def g():\n    yield 1\n\ndef f():\n    g()\n",
        "def broken(:\n",
    ],
)
def test_what_may_be_meant_is_left_alone(code: str) -> None:
    assert found(code) == found(code, None) == []


@pytest.mark.parametrize("max_tokens", [12, 1000])
def test_a_class_in_a_class_is_not_another_one_of_its_name(max_tokens: int) -> None:
    code = "class A:\n    class B:\n        async def g(self): ...\n    x = 1\n    y = 2\n    z = 3\n"
    assert found(f"{code}class B(C):\n    def f(self):\n        self.g()\n", max_tokens) == []


def test_a_method_in_a_piece_of_a_class_is_no_function_of_the_module() -> None:
    methods = "    async def g(self): ...\n    def f(self):\n        self.g()\n"
    piece = Chunk(path="m.py", language="python", kind=ChunkKind.CLASS, name="A", start_line=8, end_line=10,
                  text=methods, tokens=18)  # fmt: skip
    chunks = [*chunk_text("m.py", b"from m import *\ndef h():\n    g()\n").chunks, piece]
    assert [each.place for each in reflect_on_code_by_rules(chunks).suggestions] == ["m.py:10"]


def test_a_coroutine_of_another_file_is_another_one() -> None:
    chunks = [
        *chunk_text("a.py", b"async def g(): ...\n").chunks,
        *chunk_text("b.py", b"def f():\n    g()\n").chunks,
    ]
    assert reflect_on_code_by_rules(chunks).suggestions == ()


def test_lines_are_those_of_the_file_and_other_languages_are_passed_over() -> None:
    code = "import os\n\n\nclass A:\n    def f(self):\n        assert (self.x, 'x')\n"
    chunks = [*chunk_text("a.py", code.encode()).chunks, *chunk_text("a.rs", b"assert (a, b)\n").chunks]
    read = reflect_on_code_by_rules(chunks)
    assert [each.place for each in read.suggestions] == ["a.py:6"]
    assert read.parse_mode is ParseMode.RULES
    assert f"in {len(chunks) - 1} of {len(chunks)} chunks" in read.analysis


def test_nothing_found_is_no_confident_praise() -> None:
    read = reflect_on_code_by_rules(CodeReflectionTask(code_chunks=("x = 1\n",)).code_chunks)
    assert (read.suggestions, read.confidence_score) == ((), 0.0)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_it(text: str) -> None:
    reflect_on_code_by_rules(CodeReflectionTask(code_chunks=(text,)).code_chunks)


@pytest.mark.slow
@pytest.mark.parametrize("room", ["agents", "dispatch", "tasks"])
def test_this_project_has_none_of_these_defects(room: str) -> None:
    chunks: list[Chunk] = []
    for file in sorted((Path(rf.__file__).parent / room).rglob("*.py")):
        chunks += chunk_text(file.name, file.read_bytes()).chunks
    read = reflect_on_code_by_rules(chunks)
    assert [(each.place, each.description) for each in read.suggestions] == []
