"""Cutting a prompt into sentences that keep their exact spans."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Span", "Unit", "split_sentences", "trimmed"]

Span = tuple[int, int]
"""Start and end in characters of the prompt."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence or heading of a prompt, and the list item or paragraph around it."""

    start: int
    end: int
    block_start: int
    """Behind the marker, for a list item."""
    block_end: int
    is_item: bool
    is_heading: bool = False


_STOP = re.compile(
    r"(?<=[.!?。！？])[\"'”’)\]*]*[ \t]+(?=[\"'“‘(\[*`<{]*[A-Z0-9\u00c0-\u024f])|(?<=[。！？])|(?:\r\n|\r|\n)\s*"
)

_CLOSERS = frozenset('.!?:;。！？)"”*`>') | {""}

_SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Dr|Mr|Mrs|Ms|No|Fig|approx|[A-Z])|(?:^|\s)\d{1,3})\.$")


def split_sentences(prompt: str, start: int, end: int) -> list[Span]:
    """Return the sentences between two offsets.

    A line break ends a sentence only behind a stop or before something that is not a small letter.
    """
    found: list[Span] = []
    at = start
    for stop in _STOP.finditer(prompt, start, end):
        is_break = "\n" in stop[0] or "\r" in stop[0]
        head = prompt[max(at, stop.start() - 12) : stop.start()]
        if not is_break and _SHORT.search(head):
            continue
        if is_break and head.rstrip()[-1:] not in _CLOSERS and prompt[stop.end() : stop.end() + 1].islower():
            continue
        quotes = 0 if is_break else len(stop[0]) - len(stop[0].lstrip("\"'”’)]*"))
        stopped = trimmed(prompt, at, stop.start()) if is_break else stop.start() + quotes
        if stopped > at:
            found.append((at, stopped))
        at = stop.end()
    last = trimmed(prompt, at, end)
    return [*found, (at, last)] if at < last else found


def trimmed(prompt: str, start: int, end: int) -> int:
    """Return `end` without the white space before it."""
    while end > start and prompt[end - 1] in " \t\r\n":
        end -= 1
    return end
