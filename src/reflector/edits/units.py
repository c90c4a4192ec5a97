"""The sentences, list items and headings of a prompt, with their exact spans."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reflector.edits.lines import Line, LineKind

__all__ = ["Span", "Unit", "overlap", "read_units"]

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
