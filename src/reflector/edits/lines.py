"""The lines of a prompt and what each one is; its sentences, list items and headings, with their exact spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

__all__ = [
    "MAX_HEADING", "Line", "LineKind", "Span", "Unit", "overlap", "read_lines", "read_units", "without_marker",
]  # fmt: skip


class LineKind(StrEnum):
    """What a line of a prompt is."""

    BLANK = "blank"
    TEXT = "text"
    ITEM = "item"
    CONTINUATION = "continuation"
    """A further line of a list item."""
    HEADING = "heading"
    TAG = "tag"
    """An XML-like tag alone on its line."""
    FENCE = "fence"
    """A code fence or a line inside one."""


class Line(NamedTuple):
    """One line of a prompt."""

    start: int
    end: int
    """Before its line break."""
    next: int
    """Behind its line break."""
    kind: LineKind
    indent: str = ""
    marker: str = ""
    """Of a list item, with the blanks behind it."""

    @property
    def text_start(self) -> int:
        """Where a list item's text begins, behind its marker."""
        return self.start + len(self.indent) + len(self.marker)


MAX_HEADING = 200
"""A longer line is no heading."""

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_ITEM = re.compile(r"([ \t]*)((?:[-*+•‣▪–]|\(?\d{1,3}[.)]|[A-Za-z][.)])[ \t]+)(?=\S)")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`\r\n]*)")
_HEADING = re.compile(r"[ ]{0,3}#{1,6}[ \t]+\S")
_TAG = re.compile(r"[ \t]*</?[A-Za-z][\w.:-]{0,60}(?:\s[^<>\r\n]{0,200})?>[ \t]*\Z")


def read_lines(prompt: str) -> list[Line]:
    """Return the lines of `prompt`; together they cover it without gaps."""
    matches = list(_LINE.finditer(prompt))
    texts = [match[0].rstrip("\r\n") for match in matches]
    fenced = _fenced(texts)
    lines: list[Line] = []
    in_item = False
    for number, (match, text) in enumerate(zip(matches, texts, strict=True)):
        item = _ITEM.match(text)
        kind = LineKind.FENCE if number in fenced else _kind_of(text, item is not None, in_item)
        indent, marker = (item[1], item[2]) if item and kind is LineKind.ITEM else ("", "")
        lines.append(Line(match.start(), match.start() + len(text), match.end(), kind, indent, marker))
        in_item = kind in (LineKind.ITEM, LineKind.CONTINUATION)
    return lines


def _fenced(texts: list[str]) -> set[int]:
    """Return the numbers of the lines in code; a fence that is never closed is text, not the start of code."""
    found: set[int] = set()
    fence, opened = "", 0
    for number, text in enumerate(texts):
        mark = _FENCE.match(text)
        if mark and not fence:
            fence, opened = mark[1], number
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            found.update(range(opened, number + 1))
            fence = ""
    return found


def _kind_of(text: str, is_item: bool, in_item: bool) -> LineKind:
    if not text.strip():
        return LineKind.BLANK
    if is_item:
        return LineKind.ITEM
    if len(text) <= MAX_HEADING and _HEADING.match(text):
        return LineKind.HEADING
    if len(text) <= MAX_HEADING and _TAG.match(text):
        return LineKind.TAG
    return LineKind.CONTINUATION if in_item and text[0] in " \t" else LineKind.TEXT


_BULLET = re.compile(r"[ \t]*(?:[-*+•‣▪–]|\(?\d{1,3}[.)])[ \t]+(?=\S)")


def without_marker(text: str) -> str:
    """Return `text` without the list marker it begins with."""
    mark = _BULLET.match(text)
    return text[mark.end() :] if mark else text


Span = tuple[int, int]
"""Start and end in characters of the prompt."""


def overlap(a: Span, b: Span) -> bool:
    """Whether two spans share characters."""
    return a[0] < b[1] and b[0] < a[1]


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or heading of a prompt, and the list item or paragraph around it."""

    span: Span
    block: Span
    """Begins behind the marker, for a list item."""
    is_heading: bool = False


def read_units(prompt: str, lines: list[Line]) -> list[Unit]:
    """Return all sentences and headings, in order. Code and lines with a tag alone are left out."""
    units: list[Unit] = []
    for first, last in _blocks(lines):
        start = lines[first].text_start
        block = (start, _trimmed(prompt, start, lines[last].end))
        is_heading = lines[first].kind is LineKind.HEADING
        spans = [block] if is_heading else _sentences(prompt, *block)
        units += [Unit(span, block, is_heading) for span in spans if span[0] < span[1]]
    return units


def _blocks(lines: list[Line]) -> Iterator[Span]:
    """Yield first and last line of every list item, heading and paragraph."""
    first: int | None = None
    for number, line in enumerate(lines):
        goes_on = line.kind in (LineKind.CONTINUATION, LineKind.TEXT)
        if first is not None and not (goes_on and lines[first].kind is not LineKind.HEADING):
            yield first, number - 1
            first = None
        if first is None and (goes_on or line.kind in (LineKind.ITEM, LineKind.HEADING)):
            first = number
    if first is not None:
        yield first, len(lines) - 1


_STOP = re.compile(
    r"(?<=[.!?。！？])(?P<quotes>[\"'”’)\]*]*)[ \t]+(?=[\"'“‘(\[*`<{]*[A-Z0-9\u00c0-\u024f])|(?<=[。！？])"
    r"|(?P<newline>(?:\r\n|\r|\n)\s*)"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|No|Fig|approx|[A-Z])|(?:^|\s)\d{1,3})\.$"
)
_CLOSES_LINE = tuple('.!?:;。！？)"”*`>')


def _sentences(prompt: str, start: int, end: int) -> Iterator[Span]:
    """Yield the sentences; a line break ends one only behind a stop or before something that is no small letter."""
    at = start
    for stop in _STOP.finditer(prompt, start, end):
        head = prompt[max(at, stop.start() - 12) : stop.start()].rstrip()
        if (
            stop["newline"]
            and not head.endswith(_CLOSES_LINE)
            and prompt[stop.end() : stop.end() + 1].islower()
        ):
            continue
        if not stop["newline"] and _ABBREVIATED.search(head):
            continue
        yield at, _trimmed(prompt, at, stop.start() + len(stop["quotes"] or ""))
        at = stop.end()
    yield at, _trimmed(prompt, at, end)


def _trimmed(prompt: str, start: int, end: int) -> int:
    while end > start and prompt[end - 1] in " \t\r\n":
        end -= 1
    return end
