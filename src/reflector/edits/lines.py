"""The lines of a prompt, and what each one is."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

__all__ = ["MAX_HEADING", "Line", "LineKind", "read_lines", "without_marker"]


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
