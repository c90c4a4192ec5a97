"""The outline of a Markdown file: a section per heading, and every fenced block of code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reflector.code.chunk import ChunkKind
from reflector.code.languages import language_of
from reflector.code.outline import Outline, Part
from reflector.code.source import Source

__all__ = ["markdown_outline"]

_FENCE = re.compile(rb" {0,3}(`{3,}|~{3,})[ \t]*([^\s`]*)")
_HEADING = re.compile(rb" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*\s*\Z")


def markdown_outline(source: Source) -> Outline:
    """Return sections and fences, in order. A section's name holds the headings above it: `Install / From source`."""
    parts: list[Part] = []
    for part in _parts(source):
        if parts and all(map(source.is_blank, range(part.first, part.last + 1))):
            parts[-1] = parts[-1]._replace(last=part.last)
        else:
            parts.append(part)
    return Outline(parts)


def _parts(source: Source) -> Iterator[Part]:
    headings: dict[int, str] = {}
    section = Part(1, 0, ChunkKind.SECTION)
    line = 1
    while line <= len(source):
        text = source.lines[line - 1]
        if (fence := _FENCE.match(text)) is not None:
            last = _end_of_fence(source, line, fence[1])
            if section.last >= section.first:
                yield section
            language = language_of(f"_.{fence[2].decode()}") if fence[2] else "text"
            yield Part(line, last, ChunkKind.FENCE, section.name, language=language)
            section = section._replace(first=last + 1, last=last)
            line = last + 1
            continue
        if (heading := _HEADING.match(text)) is not None:
            if section.last >= section.first:
                yield section
            level = len(heading[1])
            headings = {each: name for each, name in headings.items() if each < level}
            headings[level] = heading[2].decode()
            section = Part(line, line, ChunkKind.SECTION, " / ".join(headings.values()))
        else:
            section = section._replace(last=line)
        line += 1
    if section.last >= section.first:
        yield section


def _end_of_fence(source: Source, first: int, fence: bytes) -> int:
    """Return the last line of a fenced block: its closing fence, or the end of the file."""
    for line in range(first + 1, len(source) + 1):
        text = source.lines[line - 1].strip()
        if text.startswith(fence) and not text.strip(fence[:1]):
            return line
    return len(source)
