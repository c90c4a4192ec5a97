"""A file's text as chunks: the parser that knows its language, else lines."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from reflector.code.chunk import Chunk
from reflector.code.cutting import cut, line_parts
from reflector.code.grammar_outline import grammar_outline, has_grammar
from reflector.code.languages import language_of
from reflector.code.markdown_outline import markdown_outline
from reflector.code.outline import Outline
from reflector.code.python_outline import python_outline
from reflector.code.source import Source

__all__ = ["MAX_TOKENS", "Chunked", "chunk_text", "recipe_of"]

MAX_TOKENS = 1000
"""Of a chunk."""
_VERSION = 1
"""Of the rules here: chunks made by older ones are made again."""


class Chunked(NamedTuple):
    """What became of a file's text."""

    chunks: list[Chunk]
    problem: str = ""
    """Why a parser refused the text, which is then cut by lines."""


def chunk_text(path: str, data: bytes, *, max_tokens: int = MAX_TOKENS) -> Chunked:
    """Return the chunks of a file: each of its lines in exactly one, in order.

    Args:
        path: The file's name, which tells the language.
        data: UTF-8 without a byte order mark.
        max_tokens: What a chunk may hold; only a single line is ever longer.

    >>> chunked = chunk_text("a.py", b"import os\\n\\ndef f():\\n    return os\\n")
    >>> [(chunk.name, chunk.lines) for chunk in chunked.chunks]
    [('', (1, 2)), ('f', (3, 4))]
    """
    source = Source(path, language_of(path), data)
    outline = _outline(source) if data.strip() else Outline(line_parts(source))
    return Chunked(list(cut(source, outline.parts, max_tokens)), outline.problem)


def recipe_of(path: str, max_tokens: int) -> str:
    """Return what the chunks of a file depend on besides its text."""
    return _recipe(language_of(path), max_tokens)


@lru_cache(256)
def _recipe(language: str, max_tokens: int) -> str:
    return f"{_VERSION}:{max_tokens}:{'grammar' if has_grammar(language) else ''}"


def _outline(source: Source) -> Outline:
    if source.language == "python":
        return python_outline(source) or Outline(line_parts(source), "invalid syntax: cut by lines")
    if source.language == "markdown":
        return markdown_outline(source)
    return grammar_outline(source) if has_grammar(source.language) else Outline(line_parts(source))
