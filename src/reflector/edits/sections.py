"""The named sections of a prompt, however they are marked, in character offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from reflector._json import Value
from reflector.edits.lines import MAX_HEADING, Line, LineKind

__all__ = ["Section", "SectionKind", "find_sections"]


class SectionKind(StrEnum):
    """How a section is marked."""

    MARKDOWN = "markdown"
    SETEXT = "setext"
    XML = "xml"
    BOLD = "bold"
    LABEL = "label"
    NUMBERED = "numbered"
    WHOLE = "whole"
    """No mark at all: the prompt is one section."""


class Section(Value):
    """A named part of a prompt. Offsets count characters."""

    name: str
    kind: SectionKind
    level: int
    start: int
    """Where its heading or opening tag begins."""
    body_start: int
    """Where its text begins."""
    body_end: int
    """Where its text ends; the closing tag of an XML section stands behind it."""
    end: int
    own_end: int
    """Where its first subsection begins, or `body_end`."""


_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+([^\r\n]*?)[ \t]*#*[ \t]*\Z")

_SETEXT = re.compile(r"[ ]{0,3}(=+|-{3,})[ \t]*\Z")

_BOLD = re.compile(r"[ \t]*(?:\*\*|__)([^*_\r\n]{1,100}?)(?:(?:\*\*|__):?|:(?:\*\*|__))[ \t]*\Z")

_LABEL = re.compile(r"[ \t]*([^\W\d_][^\r\n:.!?{}<>]{0,60}):[ \t]*\Z")

_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2})*[.)]?|[IVX]{1,5}[.)])[ \t]+([^\r\n]{1,80})\Z")


@dataclass(frozen=True, slots=True)
class _Heading:
    name: str
    kind: SectionKind
    level: int
    start: int
    body_start: int
    close_start: int = -1
    close_end: int = -1


def find_sections(prompt: str, lines: list[Line]) -> list[Section]:
    headings = sorted(_headings(prompt, lines), key=lambda h: (h.start, h.level))
    ends = _ends(headings, len(prompt))
    sections: list[Section] = []
    for position, heading in enumerate(headings):
        body_end, end = ends[position], ends[position]
        if heading.kind is SectionKind.XML:
            body_end, end = heading.close_start, heading.close_end
        elif heading.kind is SectionKind.LABEL and not heading.name.isupper():
            body_end = end = _label_end(lines, heading, end)
        body_start = min(heading.body_start, body_end)
        nested = headings[position + 1].start if position + 1 < len(headings) else body_end
        sections.append(
            Section(
                name=heading.name,
                kind=heading.kind,
                level=heading.level,
                start=heading.start,
                body_start=body_start,
                body_end=body_end,
                end=end,
                own_end=max(body_start, min(body_end, nested)),
            )
        )
    return sections


def _ends(headings: list[_Heading], size: int) -> list[int]:
    """Return where each heading's section ends: at the next of its level or above, or with the element around it."""
    ends = [size] * len(headings)
    opened: list[int] = []
    closings = sorted((h.close_start, h.start) for h in headings if h.kind is SectionKind.XML)
    at = 0
    for position, heading in enumerate([*headings, None]):
        start = size if heading is None else heading.start
        while at < len(closings) and closings[at][0] <= start:
            while opened and headings[opened[-1]].start > closings[at][1]:
                ends[opened.pop()] = closings[at][0]
            at += 1
        if heading is None or heading.kind is SectionKind.XML:
            continue
        while opened and headings[opened[-1]].level >= heading.level:
            ends[opened.pop()] = start
        opened.append(position)
    return ends


def _label_end(lines: list[Line], heading: _Heading, end: int) -> int:
    """Return where the list or paragraph under a `Label:` line ends."""
    number = _first_line_at(lines, heading.body_start)
    saw_item, last = False, heading.body_start
    while number < len(lines) and lines[number].start < end:
        line = lines[number]
        if line.kind is LineKind.BLANK:
            if last > heading.body_start and not saw_item:
                break
        elif saw_item and line.kind is LineKind.TEXT and lines[number - 1].kind is LineKind.BLANK:
            break
        else:
            saw_item = saw_item or line.kind is LineKind.ITEM
            last = line.next
        number += 1
    return last


def _first_line_at(lines: list[Line], offset: int) -> int:
    low, high = 0, len(lines)
    while low < high:
        middle = (low + high) // 2
        if lines[middle].start < offset:
            low = middle + 1
        else:
            high = middle
    return low


# --- headings ------------------------------------------------------------------------------------------


def _headings(prompt: str, lines: list[Line]) -> Iterator[_Heading]:
    """Yield every heading; lines inside fences and inside example or format elements are not headings."""
    elements = list(_elements(prompt, lines))
    quoted = [
        e for e in elements if re.search(r"example|format|template|sample|demo|output", e.name, re.IGNORECASE)
    ]
    yield from elements
    inside = iter(sorted(quoted, key=lambda e: e.start))
    current = next(inside, None)
    for number, line in enumerate(lines):
        while current is not None and line.start >= current.close_end:
            current = next(inside, None)
        if current is not None and current.body_start <= line.start < current.close_start:
            continue
        heading = _heading_at(prompt, lines, number)
        if heading is not None:
            yield heading


def _heading_at(prompt: str, lines: list[Line], number: int) -> _Heading | None:
    line = lines[number]
    if line.kind in (LineKind.BLANK, LineKind.FENCE, LineKind.TAG, LineKind.CONTINUATION):
        return None
    if line.end - line.start > MAX_HEADING:
        return None
    text = prompt[line.start : line.end]
    if match := _HEADING.match(text):
        return _Heading(_plain(match[2]), SectionKind.MARKDOWN, len(match[1]), line.start, line.next)
    after = lines[number + 1] if number + 1 < len(lines) else None
    before_blank = number == 0 or lines[number - 1].kind is not LineKind.TEXT
    if after is not None and line.kind is LineKind.TEXT and before_blank:
        rule = _SETEXT.match(prompt, after.start, after.end)
        if rule:
            return _Heading(
                _plain(text), SectionKind.SETEXT, 1 if "=" in rule[1] else 2, line.start, after.next
            )
    if match := _BOLD.match(text):
        return _Heading(_plain(match[1]), SectionKind.BOLD, 7, line.start, line.next)
    if match := _LABEL.match(text):
        words = match[1].split()
        if match[1].isupper() or (match[1][0].isupper() and len(words) <= 6 and before_blank):
            return _Heading(
                match[1].strip(), SectionKind.LABEL, 8 if match[1].isupper() else 9, line.start, line.next
            )
        return None
    match = _NUMBERED.match(text)
    is_title = match is not None and match[2][-1] not in ".!?:;," and len(match[2].split()) <= 8
    if match is not None and is_title and _stands_alone(lines, number):
        level = 6 + match[1].count(".")
        return _Heading(_plain(match[2]), SectionKind.NUMBERED, level, line.start, line.next)
    return None


def _stands_alone(lines: list[Line], number: int) -> bool:
    """Whether blank lines stand around a line and no list item is next to it: `2. Format` is then a heading."""
    after = number + 1
    if after == len(lines) or lines[after].kind is not LineKind.BLANK:
        return False
    if number and lines[number - 1].kind is not LineKind.BLANK:
        return False
    around = (_next_text(lines, number, 1), _next_text(lines, number, -1))
    return all(line is None or line.kind not in (LineKind.ITEM, LineKind.CONTINUATION) for line in around)


def _next_text(lines: list[Line], number: int, step: int) -> Line | None:
    number += step
    while 0 <= number < len(lines):
        if lines[number].kind is not LineKind.BLANK:
            return lines[number]
        number += step
    return None


def _plain(name: str) -> str:
    return re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", name).strip().rstrip(":").strip()


# --- elements ------------------------------------------------------------------------------------------

_ANY_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,60})(?:\s[^<>\r\n]{0,200})?>")


def _elements(prompt: str, lines: list[Line]) -> Iterator[_Heading]:
    """Yield XML-like elements that have a closing tag; mentions of a tag in a sentence are not elements.

    An opening tag counts at the start of a line, a closing tag at the start or the end of one.
    """
    open_tags: dict[str, list[re.Match[str]]] = {}
    depth = 0
    fenced = _Cursor([line for line in lines if line.kind is LineKind.FENCE])
    for tag in _ANY_TAG.finditer(prompt):
        if fenced.holds(tag.start()):
            continue
        name = tag[2].lower()
        if not tag[1]:
            if _begins_line(prompt, tag.start()):
                open_tags.setdefault(name, []).append(tag)
                depth += 1
            continue
        stack = open_tags.get(name)
        if stack and (_begins_line(prompt, tag.start()) or _ends_line(prompt, tag.end())):
            opened = stack.pop()
            depth -= 1
            yield _Heading(
                opened[2], SectionKind.XML, 10 + depth, opened.start(), opened.end(), tag.start(), tag.end()
            )


class _Cursor:
    """Whether rising offsets lie in one of some ordered lines, in one pass."""

    def __init__(self, lines: list[Line]) -> None:
        self.lines, self.at = lines, 0

    def holds(self, offset: int) -> bool:
        while self.at < len(self.lines) and self.lines[self.at].next <= offset:
            self.at += 1
        return self.at < len(self.lines) and self.lines[self.at].start <= offset


def _begins_line(prompt: str, offset: int) -> bool:
    before = prompt[max(0, offset - 40) : offset].rstrip(" \t")
    return (before == "" and offset <= 40) or before.endswith(("\n", "\r"))


def _ends_line(prompt: str, offset: int) -> bool:
    behind = prompt[offset : offset + 40].lstrip(" \t")
    return behind == "" or behind[0] in "\r\n"
