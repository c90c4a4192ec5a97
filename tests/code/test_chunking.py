"""Chunks hold every line exactly once, and know what they are."""

from __future__ import annotations

import random
import sysconfig
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reflector.code.chunk import Chunk, ChunkKind
from reflector.code.chunking import chunk_text
from reflector.code.cutting import split

STDLIB = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))


def chunks_of(path: str, text: str, **options: int) -> list[Chunk]:
    return chunk_text(path, text.encode(), **options).chunks


def assert_whole(chunks: list[Chunk], data: bytes) -> None:
    """Every line stands in exactly one chunk, in order, and every chunk's text is exactly its lines."""
    assert "".join(chunk.text for chunk in chunks).encode() == data
    lines = data.splitlines(keepends=True)
    line = 1
    for chunk in chunks:
        assert chunk.start_line == line <= chunk.end_line
        assert chunk.text.encode() == b"".join(lines[chunk.start_line - 1 : chunk.end_line])
        line = chunk.end_line + 1
    assert line == len(lines) + 1


SOURCE = '''"""A module."""

import os
from a.b import c


# What it does
# in two lines.
@decorated(
    1,
)
@plain
async def fetch(url):
    """Fetch it.

    Slowly.
    """
    import json
    return json.loads(await get(url))


class Small:
    x = 1

    def method(self):
        return self.x


class Large(Base):
    """Large enough to be divided."""

    limit = 10

    def __init__(self):
        self.data = [
            # a comment inside
            compute(index, "not a call()") for index in range(100)
        ]  # f(x)

    # above
    @property
    def size(self):
        """The size."""
        return len(self.data) + self.other()

    class Inner:
        def deep(self):
            pass

    after = "attributes between the methods belong to the class"
    more = "which is long enough to be divided into its methods and the rest: above a hundred and fifty tokens"
    still_more = "one token is four bytes, so that some six hundred letters are needed"

    def last(self): return 1

if os.name == "nt":
    def platform(): return "windows"
else:
    try:
        def platform(): return "other"
    except ValueError:
        pass
'''


def test_python_in_its_parts() -> None:
    chunks = chunks_of("pkg/module.py", SOURCE)
    assert_whole(chunks, SOURCE.encode())
    assert [(str(chunk.kind), chunk.name) for chunk in chunks] == [
        ("module", ""),
        ("function", "fetch"),
        ("class", "Small"),
        ("class", "Large"),
        ("method", "Large.__init__"),
        ("method", "Large.size"),
        ("class", "Large.Inner"),
        ("class", "Large"),
        ("method", "Large.last"),
        ("module", ""),
        ("function", "platform"),
        ("module", ""),
        ("function", "platform"),
        ("module", ""),
    ]
    fetch, small, size = chunks[1], chunks[2], chunks[5]
    assert fetch.text.startswith("# What it does\n# in two lines.\n@decorated(")
    assert (fetch.summary, fetch.decorators) == ("Fetch it.", ("decorated(1)", "plain"))
    assert (fetch.imports, fetch.calls) == (("json",), ("decorated", "json.loads", "get"))
    assert chunks[0].imports == ("os", "a.b")
    assert chunks[0].summary == "A module."
    assert small.defines == ("Small", "method")
    assert size.text.lstrip().startswith("# above")
    assert (size.summary, size.decorators, size.calls) == ("The size.", ("property",), ("len", "self.other"))
    assert chunks[4].calls == ("compute", "range")
    assert fetch.lines == (fetch.start_line, fetch.end_line)
    assert fetch.id == f"pkg/module.py:{fetch.start_line}-{fetch.end_line}"


@pytest.mark.slow
def test_every_line_of_the_standard_library_stands_in_one_chunk() -> None:
    """A sample; the benchmark does all of it."""
    for path in random.Random(7).sample(STDLIB, 25):
        data = path.read_bytes()
        assert_whole(chunk_text(path.name, data).chunks, data)
        assert_whole(chunk_text(path.name, data, max_tokens=50).chunks, data)


PIECES = st.sampled_from(
    [
        "def f():\n", "    return 1\n", "class A:\n", "    def m(self):\n", "        pass\n", "@x\n", "\n", "# c\n",
        "  \n", "x = '''\n", "'''\n", "\t", "if x:\n", "else:\n", "\r\n", "\r", "\x0c", "\x1c", "é", "\u2028", "# H\n",
        "```py\n", "```\n", "~~~\n", "function g() {\n", "}\n", "async def h(): pass\n", "((((\n", "\\\n",
        "a = 1; b = 2\n",
    ]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=25).map("".join), st.sampled_from(["a.py", "a.md", "a.js", "a.c", "a.txt", "a"])
)
@example("class A: x = 1; y = 2\nclass B: pass", "a.py")
@example("def f(): pass\n# c", "a.py")
@example("", "a.md")
@settings(max_examples=150, deadline=None)
def test_any_text_is_kept_whole(text: str, path: str) -> None:
    for max_tokens in (1000, 5):
        chunks = chunks_of(path, text, max_tokens=max_tokens)
        assert_whole(chunks, text.encode())
        for chunk in chunks:
            assert chunk.tokens <= max_tokens or chunk.start_line == chunk.end_line


def test_a_long_function_is_cut_where_a_statement_begins() -> None:
    body = "".join(
        f"    if x == {n}:\n        call_number({n},\n            'text',\n        )\n" for n in range(60)
    )
    chunks = chunks_of("a.py", f"def long(x):\n    '''Docs.'''\n{body}", max_tokens=200)
    assert len(chunks) > 4
    assert all(chunk.text.startswith(("def long", "    if x ==")) for chunk in chunks)
    assert {chunk.name for chunk in chunks} == {"long"}
    assert [chunk.summary for chunk in chunks] == ["Docs.", *[""] * (len(chunks) - 1)]
    assert [chunk.defines for chunk in chunks] == [("long",), *[()] * (len(chunks) - 1)]
    assert min(chunk.tokens for chunk in chunks[:-1]) > 100


def test_a_statement_above_the_budget_is_cut_at_its_lines() -> None:
    text = "TABLE = [\n" + "    'a row of it',\n" * 300 + "]\n"
    chunks = chunks_of("a.py", text, max_tokens=100)
    assert_whole(chunks, text.encode())
    assert max(chunk.tokens for chunk in chunks) <= 100
    (line,) = chunks_of("a.py", "x = '" + "y" * 5000 + "'\n", max_tokens=100)
    assert line.tokens > 1000


def test_a_chunk_is_split_afterwards_as_well() -> None:
    (chunk,) = chunks_of("a.py", "\n\ndef f():\n" + "    work()\n" * 200, max_tokens=5000)
    pieces = split(chunk, 100)
    assert "".join(piece.text for piece in pieces) == chunk.text
    assert [piece.start_line for piece in pieces[1:]] == [piece.end_line + 1 for piece in pieces[:-1]]
    assert pieces[0].start_line == chunk.start_line
    assert pieces[-1].end_line == chunk.end_line
    assert split(chunk, 5000) == [chunk]


@pytest.mark.parametrize(
    "text",
    [
        "def broken(:\n    pass\n",
        "(" * 100_000,
        "[" * 500 + "]" * 500,
        "x = " + "-" * 200_000 + "1\n",
        "a" + ".a" * 50_000 + "\n",
        "if 1:\n" + "".join(f"{' ' * depth}if 1:\n" for depth in range(1, 150)),
        "x = " + "9" * 5000 + "\n",
        "match = lambda: 0\n" * 10 + "\tpass\n",
        "'''",
    ],
    ids=["syntax", "parentheses", "lists", "signs", "attributes", "indents", "digits", "tab", "open string"],
)
def test_what_the_parser_refuses_is_cut_by_lines(text: str) -> None:
    chunked = chunk_text("a.py", text.encode())
    assert_whole(chunked.chunks, text.encode())
    assert chunked.problem in ("", "invalid syntax: cut by lines")


def test_long_chains_of_elif_are_no_deep_recursion() -> None:
    text = "def f(x):\n    if x == 0:\n        pass\n" + "".join(
        f"    elif x == {n}:\n        pass\n" for n in range(150)
    )
    assert_whole(chunks_of("a.py", text, max_tokens=100), text.encode())


def test_doubtful_code_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert chunk_text("a.py", b"x = '\\d'\nassert (x, 'y')\nx is 1\n").problem == ""


def test_markdown_in_sections_and_fences() -> None:
    text = "intro\n\n# One\n\ntext\n\n```python\n# no heading\nprint(1)\n```\n\n## Two\nmore\n~~~js\nlet a\n"
    chunks = chunks_of("a.md", text)
    assert_whole(chunks, text.encode())
    assert [(str(chunk.kind), chunk.name, chunk.language) for chunk in chunks] == [
        ("section", "", "markdown"),
        ("section", "One", "markdown"),
        ("fence", "One", "python"),
        ("section", "One / Two", "markdown"),
        ("fence", "One / Two", "javascript"),
    ]
    assert chunks[2].calls == ("print",)


LANGUAGES = {
    "a.js": ("import x from 'lib';\nexport function f(a) { return g(a); }\nclass A { m() {} }\nconst h = () => 1;\n",
             {"f", "A", "h"}),
    "a.ts": ("interface I { x: number }\nexport class A { m(): void {} }\nnamespace N { function g() {} }\n",
             {"I", "A", "g"}),
    "a.tsx": ("export const C = () => <p>hi</p>;\nfunction g(): number { return 1 }\n", {"C", "g"}),
    "a.rs": ("use std::io;\n/// docs\n#[test]\nfn f() { g(); }\nstruct S { x: u8 }\n"
             "impl S { fn m(&self) {} }\nmod n { fn k() {} }\n",
             {"f", "S", "k"}),
    "a.go": ("package p\nimport \"fmt\"\nfunc F() { fmt.Println() }\ntype T struct { X int }\nfunc (t *T) M() {}\n",
             {"F", "T", "M"}),
    "A.java": ("import java.util.List;\nclass A {\n  int x;\n  void m() { f(); }\n}\n", {"A"}),
    "a.c": ("#include <stdio.h>\nint f(int a) { return g(a); }\nstruct s { int x; };\n", {"f", "s"}),
    "a.cpp": ("namespace n { class A { void m() {} }; }\ntemplate <class T> T f(T a) { return a; }\nvoid A::k() {}\n",
              {"A", "f", "k"}),
    "a.cs": ("using System;\nnamespace N { class A { void M() { F(); } } }\n", {"A"}),
    "a.rb": ("require 'x'\nclass A\n  def m\n    f(1)\n  end\nend\ndef g; end\n", {"A", "g"}),
    "a.php": ("<?php\nfunction f() { g(); }\nclass A { function m() {} }\n", {"f", "A"}),
    "a.sh": ("f() {\n  echo hi\n}\n", {"f"}),
}  # fmt: skip


@pytest.mark.parametrize("path", LANGUAGES)
def test_definitions_of_other_languages(path: str) -> None:
    text, names = LANGUAGES[path]
    chunks = chunks_of(path, text)
    assert_whole(chunks, text.encode())
    defined = {name for chunk in chunks for name in chunk.defines}
    assert names <= defined, [(chunk.kind, chunk.name, chunk.text) for chunk in chunks]
    assert all(chunk.calls == () or "(" in chunk.text for chunk in chunks)


def test_methods_of_other_languages_have_qualified_names() -> None:
    filler = "    // what it does\n" * 60
    chunks = chunks_of("a.rs", f"impl Stack {{\n{filler}    fn push(&self) {{\n        grow();\n    }}\n}}\n")
    assert [(chunk.kind, chunk.name) for chunk in chunks] == [
        (ChunkKind.CLASS, "Stack"),
        (ChunkKind.METHOD, "Stack.push"),
    ]
    assert chunks_of("a.go", "func (t *Stack[T]) Push() {}\n")[0].name == "Stack.Push"


def test_broken_code_in_another_language_is_found_all_the_same() -> None:
    text = "function f( { \n} } }\nclass A { m( }\n" + "namespace a { " * 3000
    for path in ("a.js", "a.cpp", "a.cs"):
        assert_whole(chunks_of(path, text), text.encode())


def test_languages_without_a_parser_are_cut_at_the_least_indented_lines() -> None:
    text = "".join(f"[section{n}]\n" + "  key = value\n" * 8 + "\n" for n in range(40))
    chunks = chunks_of("a.toml", text, max_tokens=150)
    assert_whole(chunks, text.encode())
    assert all(chunk.text.startswith("[section") for chunk in chunks)
    assert {str(chunk.kind) for chunk in chunks} == {"lines"}


@pytest.mark.slow
def test_many_lines_take_linear_time() -> None:
    text = "x\n" * 100_000
    assert_whole(chunks_of("a.txt", text), text.encode())
