"""The lines of a prompt, and what each one is."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

__all__ = ["MAX_HEADING", "Line", "LineKind", "read_lines"]


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


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")

_ITEM = re.compile(r"([ \t]*)((?:[-*+•‣▪–]|\(?\d{1,3}[.)]|[A-Za-z][.)])[ \t]+)(?=\S)")

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`\r\n]*)")

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+([^\r\n]*?)[ \t]*#*[ \t]*\Z")

_TAG = re.compile(r"[ \t]*</?([A-Za-z][\w.:-]{0,60})(?:\s[^<>\r\n]{0,200})?>[ \t]*\Z")

MAX_HEADING = 200
"""A longer line is no heading."""


def read_lines(prompt: str) -> list[Line]:
    """Return the lines of `prompt`; together they cover it without gaps."""
    lines: list[Line] = []
    fence, opened_at, in_item = "", 0, False
    for match in _LINE.finditer(prompt):
        start, behind = match.span()
        if not fence and behind - start == 1 and match[0] in "\r\n":
            lines.append(Line(start, start, behind, LineKind.BLANK))
            in_item = False
            continue
        text = match[0].rstrip("\r\n")
        end = start + len(text)
        if fence:
            mark = _FENCE.match(text)
            lines.append(Line(start, end, behind, LineKind.FENCE))
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
            continue
        mark = _FENCE.match(text)
        if mark:
            fence, opened_at = mark[1], len(lines)
            lines.append(Line(start, end, behind, LineKind.FENCE))
            continue
        line = _read_line(text, start, end, behind, in_item)
        in_item = line.kind in (LineKind.ITEM, LineKind.CONTINUATION)
        lines.append(line)
    if fence:
        # A fence that is never closed is taken for text: otherwise the rest of the prompt would be code.
        opened = lines[opened_at]
        lines[opened_at] = Line(opened.start, opened.end, opened.next, LineKind.TEXT)
        for number in range(opened_at + 1, len(lines)):
            old = lines[number]
            lines[number] = _read_line(prompt[old.start : old.end], old.start, old.end, old.next, False)
    return lines


def _read_line(text: str, start: int, end: int, behind: int, in_item: bool) -> Line:
    kind, indent, marker = LineKind.TEXT, "", ""
    if not text.strip():
        kind = LineKind.BLANK
    elif item := _ITEM.match(text):
        kind, indent, marker = LineKind.ITEM, item[1], item[2]
    elif len(text) <= MAX_HEADING and _HEADING.match(text):
        kind = LineKind.HEADING
    elif len(text) <= MAX_HEADING and _TAG.match(text):
        kind = LineKind.TAG
    elif in_item and text[0] in " \t":
        kind = LineKind.CONTINUATION
    return Line(start, end, behind, kind, indent, marker)
