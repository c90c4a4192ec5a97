"""The named sections of a prompt, however they are marked, in character offsets."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice

from reflector.edits.lines import MAX_HEADING, Line, LineKind

__all__ = ["Section", "SectionKind", "find_sections"]


class SectionKind(StrEnum):
    """How a section is marked."""

    MARKDOWN = "markdown"
    XML = "xml"
    BOLD = "bold"
    LABEL = "label"
    NUMBERED = "numbered"
    WHOLE = "whole"
    """No mark at all: the prompt is one section."""


@dataclass(frozen=True, slots=True)
class Section:
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
    own_end: int = 0
    """Where its first subsection begins, or `body_end`."""


def find_sections(prompt: str, lines: list[Line]) -> list[Section]:
    """Return the sections of a prompt in their order; outer ones before those inside them."""
    elements = list(_elements(prompt, lines))
    found = sorted([*elements, *_headings(prompt, lines, elements)], key=lambda s: (s.start, s.level))
    ends = _ends(found)
    sections: list[Section] = []
    for position, section in enumerate(found):
        if section.kind is not SectionKind.XML:
            end = ends.get(position, len(prompt))
            if section.kind is SectionKind.LABEL and not section.name.isupper():
                end = _label_end(lines, section.body_start, end)
            section = replace(section, body_end=end, end=end, body_start=min(section.body_start, end))
        following = found[position + 1].start if position + 1 < len(found) else section.body_end
        own_end = max(section.body_start, min(section.body_end, following))
        sections.append(replace(section, own_end=own_end))
    return sections


def _ends(sections: list[Section]) -> dict[int, int]:
    """Return where sections end: at the next of their level or above, or with the element around them."""
    marks = [(s.start, True, position) for position, s in enumerate(sections)]
    marks += [(s.body_end, False, p) for p, s in enumerate(sections) if s.kind is SectionKind.XML]
    ends: dict[int, int] = {}
    stack: list[int] = []
    for offset, is_start, position in sorted(marks):
        level = sections[position].level
        if is_start:
            while level and stack and sections[stack[-1]].level >= level:
                ends[stack.pop()] = offset
            stack.append(position)
        elif position not in ends:
            while (inner := stack.pop()) != position:
                ends[inner] = offset
            ends[position] = offset
    return ends


def _label_end(lines: list[Line], start: int, end: int) -> int:
    """Return where the list or paragraph ends that begins at `start`, under a `Label:` line."""
    saw_item, last, before = False, start, LineKind.TEXT
    for line in islice(lines, bisect_left(lines, start, key=lambda line: line.start), None):
        is_new_text = saw_item and line.kind is LineKind.TEXT and before is LineKind.BLANK
        is_closed = line.kind is LineKind.BLANK and last > start and not saw_item
        if line.start >= end or is_new_text or is_closed:
            break
        if line.kind is not LineKind.BLANK:
            saw_item, last = saw_item or line.kind is LineKind.ITEM, line.next
        before = line.kind
    return last


# --- headings ------------------------------------------------------------------------------------------

_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*\Z")
_BOLD = re.compile(r"[ \t]*(?:\*\*|__)([^*_]{1,100}?)(?:(?:\*\*|__):?|:(?:\*\*|__))[ \t]*\Z")
_LABEL = re.compile(r"[ \t]*([^\W\d_][^:.!?{}<>]{0,60}):[ \t]*\Z")
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,2})*[.)]?|[IVX]{1,5}[.)])[ \t]+(.{1,79}[^.!?:;,])\Z")
_QUOTES_TEXT = re.compile(r"example|format|template|sample|demo|output", re.IGNORECASE)
_NO_HEADING = (LineKind.BLANK, LineKind.FENCE, LineKind.TAG, LineKind.CONTINUATION)


def _headings(prompt: str, lines: list[Line], elements: list[Section]) -> Iterator[Section]:
    """Yield every heading; lines inside fences and inside example or format elements are not headings."""
    quoting = sorted((e.body_start, e.body_end) for e in elements if _QUOTES_TEXT.search(e.name))
    at = quoted_until = 0
    for number, line in enumerate(lines):
        while at < len(quoting) and quoting[at][0] <= line.start:
            quoted_until = max(quoted_until, quoting[at][1])
            at += 1
        if line.start < quoted_until or line.kind in _NO_HEADING or line.end - line.start > MAX_HEADING:
            continue
        if found := _read_heading(prompt, lines, number):
            name, kind, level = found
            yield Section(name, kind, level, line.start, line.next, len(prompt), len(prompt))


def _read_heading(prompt: str, lines: list[Line], number: int) -> tuple[str, SectionKind, int] | None:
    """Return name, kind and level of the heading that a line is: 1 to 6 in Markdown, 7 and above else."""
    line = lines[number]
    text = prompt[line.start : line.end]
    if match := _HEADING.match(text):
        return _plain(match[2]), SectionKind.MARKDOWN, len(match[1])
    begins = number == 0 or lines[number - 1].kind is not LineKind.TEXT
    if match := _BOLD.match(text):
        return _plain(match[1]), SectionKind.BOLD, 7
    if match := _LABEL.match(text):
        is_title = match[1][0].isupper() and len(match[1].split()) <= 6 and begins
        level = 8 if match[1].isupper() else 9
        return (match[1].strip(), SectionKind.LABEL, level) if level == 8 or is_title else None
    match = _NUMBERED.match(text)
    if match and len(match[2].split()) <= 8 and _stands_alone(lines, number):
        return _plain(match[2]), SectionKind.NUMBERED, 6 + match[1].count(".")
    return None


def _stands_alone(lines: list[Line], number: int) -> bool:
    """Whether blank lines stand around a line and no list item is next to it: `2. Format` is then a heading."""
    above = [line.kind for line in lines[max(0, number - 3) : number]][::-1]
    below = [line.kind for line in lines[number + 1 : number + 4]]
    if not below or any(kinds and kinds[0] is not LineKind.BLANK for kinds in (above, below)):
        return False
    nearest = [next((k for k in kinds if k is not LineKind.BLANK), None) for kinds in (above, below)]
    return not {LineKind.ITEM, LineKind.CONTINUATION} & set(nearest)


def _plain(name: str) -> str:
    return re.sub(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}", "", name).strip().rstrip(":").strip()


# --- elements ------------------------------------------------------------------------------------------

_ANY_TAG = re.compile(r"<(/?)([A-Za-z][\w.:-]{0,60})(?:\s[^<>\r\n]{0,200})?>")


def _elements(prompt: str, lines: list[Line]) -> Iterator[Section]:
    """Yield XML-like elements that have a closing tag; a tag that a sentence mentions is none.

    An opening tag counts at the start of a line, a closing tag at the start or the end of one.
    """
    opened: dict[str, list[re.Match[str]]] = {}
    for line in lines if "</" in prompt else ():
        if line.kind is LineKind.FENCE:
            continue
        text = prompt[line.start : line.end]
        first, last = line.end - len(text.lstrip()), line.start + len(text.rstrip())
        for tag in _ANY_TAG.finditer(prompt, first, line.end):
            name = tag[2].lower()
            begins, ends = tag.start() == first, tag.end() == last
            if not tag[1] and begins:
                opened.setdefault(name, []).append(tag)
            elif tag[1] and (begins or ends) and opened.get(name):
                start = opened[name].pop()
                yield Section(start[2], SectionKind.XML, 0, *start.span(), *tag.span())
