"""What a parser says about a file: which lines are which definition, and where a long one may be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from reflector.code.chunk import ChunkKind
from reflector.code.source import Source

__all__ = ["SMALL_CLASS", "Outline", "Part", "fill"]

SMALL_CLASS = 150
"""Tokens up to which a class stays one chunk: its methods mean little alone."""

Stops = Callable[[], Iterable[tuple[int, int]]]
"""Lines at which a statement begins, each with its depth: the less deep, the better a place to cut."""


class Part(NamedTuple):
    """Some lines that become a chunk, or several when they are too many: a definition, a section, what is between."""

    first: int
    last: int
    kind: ChunkKind
    name: str = ""
    """Of a definition: the qualified one."""
    summary: str = ""
    decorators: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    """Simple names; `fill` finds them."""
    stops: Stops | None = None
    language: str = ""
    """When it is another one than the file's."""
    inner: Sequence[Part] = ()
    """Of a class: its methods and classes, in order."""


class Outline(NamedTuple):
    """The parts of a file in order, every line in exactly one of them."""

    parts: Sequence[Part]
    problem: str = ""
    """Why the parts follow lines only, when a parser could not read the file."""


def fill(
    source: Source, definitions: Sequence[Part], summary: str = "", stops: Stops | None = None
) -> list[Part]:
    """Return the definitions and what stands between them as the parts of a file.

    Comments go to the definition below them, blank lines to the part above. A definition that begins on a line of the
    one before it is left to that.
    """
    module = Part(1, len(source), ChunkKind.MODULE, "", summary, stops=stops, inner=definitions)
    return _parts_of(source, module)


def _parts_of(source: Source, owner: Part) -> list[Part]:
    defines: tuple[str, ...] = (_simple(owner.name),) if owner.kind is ChunkKind.CLASS else ()
    head = owner._replace(defines=defines, inner=())
    rest = Part(0, 0, owner.kind, owner.name, stops=owner.stops)
    parts: list[Part] = []
    line = owner.first
    for definition in owner.inner:
        if not line <= definition.first <= owner.last:
            continue
        end, first = _gap(source, line, definition.first)
        if end >= line:
            parts.append(head._replace(first=line, last=first - 1))
            head = rest
        elif first > line and parts:
            parts[-1] = parts[-1]._replace(last=first - 1)
        elif first > line:
            first = line
        last = min(definition.last, owner.last)
        if definition.inner and source.tokens(first, last) > SMALL_CLASS:
            parts += _parts_of(source, definition._replace(first=first, last=last))
        else:
            defines = tuple(_simple(each.name) for each in (definition, *definition.inner))
            parts.append(definition._replace(first=first, last=last, defines=defines, inner=()))
        line = last + 1
    if parts and all(map(source.is_closing, range(line, owner.last + 1))):
        parts[-1] = parts[-1]._replace(last=owner.last)
    else:
        parts.append(head._replace(first=line, last=owner.last))
    return parts


def _gap(source: Source, line: int, first: int) -> tuple[int, int]:
    """Return the last line from `line` on that is none of the blanks and comments above a definition, and where
    the definition begins with its comments: with all from `line` on, if they are all there is."""
    above = first
    while above > line and source.is_comment(above - 1):
        above -= 1
    end = above - 1
    while end >= line and source.is_blank(end):
        end -= 1
    if end >= line and all(source.is_blank(each) or source.is_comment(each) for each in range(line, end + 1)):
        return line - 1, line
    return end, above


def _simple(name: str) -> str:
    return name.rpartition(".")[2]
