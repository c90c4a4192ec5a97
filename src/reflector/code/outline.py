"""What a parser says about a file: which lines are which definition, and where a long one may be cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from reflector.code.chunk import ChunkKind
from reflector.code.source import Source

__all__ = ["SMALL_CLASS", "Definition", "Outline", "Part", "fill"]

SMALL_CLASS = 150
"""Tokens up to which a class stays one chunk: its methods mean little alone."""

Stops = Callable[[], Iterable[tuple[int, int]]]
"""Lines at which a statement begins, each with its depth: the less deep, the better a place to cut."""


class Definition(NamedTuple):
    """A function, or a class with what it defines."""

    first: int
    last: int
    kind: ChunkKind
    name: str
    """Qualified."""
    summary: str = ""
    decorators: tuple[str, ...] = ()
    stops: Stops | None = None
    inner: Sequence[Definition] = ()
    """Of a class: its methods and classes, in order."""


class Part(NamedTuple):
    """Some lines that become a chunk, or several when they are too many."""

    first: int
    last: int
    kind: ChunkKind
    name: str = ""
    summary: str = ""
    decorators: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    stops: Stops | None = None
    language: str = ""
    """When it is another one than the file's."""


class Outline(NamedTuple):
    """The parts of a file in order, every line in exactly one of them."""

    parts: Sequence[Part]
    problem: str = ""
    """Why the parts follow lines only, when a parser could not read the file."""


def fill(
    source: Source, definitions: Sequence[Definition], summary: str = "", stops: Stops | None = None
) -> list[Part]:
    """Return the definitions and what stands between them as the parts of a file.

    Comments go to the definition below them, blank lines to the part above. A definition that begins on a line of the
    one before it is left to that.
    """
    module = Definition(1, len(source), ChunkKind.MODULE, "", summary, stops=stops, inner=definitions)
    return _parts_of(source, module)


def _parts_of(source: Source, owner: Definition) -> list[Part]:
    rest = Part(0, 0, owner.kind, owner.name, stops=owner.stops)
    head = rest._replace(summary=owner.summary, decorators=owner.decorators)
    if owner.kind is ChunkKind.CLASS:
        head = head._replace(defines=(_simple(owner.name),))
    parts: list[Part] = []
    line = owner.first
    for definition in owner.inner:
        if not line <= definition.first <= owner.last:
            continue
        first = _first_with_comments(source, line, definition.first)
        if first > line and parts and all(map(source.is_blank, range(line, first))):
            parts[-1] = parts[-1]._replace(last=first - 1)
        elif first > line:
            parts.append(head._replace(first=line, last=first - 1))
            head = rest
        inside = definition._replace(first=first, last=min(definition.last, owner.last))
        parts += _parts_of(source, inside) if _is_divided(source, inside) else [_whole(inside)]
        line = inside.last + 1
    if parts and all(map(source.is_blank, range(line, owner.last + 1))):
        parts[-1] = parts[-1]._replace(last=owner.last)
    else:
        parts.append(head._replace(first=line, last=owner.last))
    return parts


def _first_with_comments(source: Source, line: int, first: int) -> int:
    """Return where a definition begins with the comments above it: with all from `line` on, if that is all there is."""
    above = first
    while above > line and source.is_comment(above - 1):
        above -= 1
    gap = range(line, above)
    is_only_comments = all(source.is_blank(each) or source.is_comment(each) for each in gap)
    if is_only_comments and not all(map(source.is_blank, gap)):
        return line
    return above


def _is_divided(source: Source, definition: Definition) -> bool:
    return bool(definition.inner) and source.tokens(definition.first, definition.last) > SMALL_CLASS


def _whole(definition: Definition) -> Part:
    first, last, kind, name, summary, decorators, stops, inner = definition
    defines = (_simple(name), *[_simple(each.name) for each in inner])
    return Part(first, last, kind, name, summary, decorators, defines, stops)


def _simple(name: str) -> str:
    return name.rpartition(".")[2]
