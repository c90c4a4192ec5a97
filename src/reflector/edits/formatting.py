"""Writing a text in the form of its place: as list items, lines or paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Slot", "Style", "fitted", "is_one_block", "items_of", "render", "starts_item"]

_ITEM_START = re.compile(r"[ \t]*(?:[-*+•‣▪–]|\(?\d{1,3}[.)])[ \t]+(?=\S)")

_HEADED = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*\n]+\*\*:?\s*(?:\n|\Z)|</?[A-Za-z][\w-]*>\s*(?:\n|\Z))")


def starts_item(text: str) -> bool:
    """Whether a text begins with a list marker."""
    return _ITEM_START.match(text) is not None


def is_one_block(text: str) -> bool:
    return "\n\n" not in text and "```" not in text and not _HEADED.match(text)


def items_of(text: str) -> list[str]:
    """Return the items a text lists, without markers; one item if it is no list, none if it is more than one block."""
    lines = text.split("\n")
    if not is_one_block(text):
        return []
    if not any(_ITEM_START.match(line) for line in lines):
        return [text.strip()]
    if not _ITEM_START.match(lines[0]):
        return []
    indent = len(lines[0]) - len(lines[0].lstrip())
    items: list[str] = []
    for line in lines:
        mark = _ITEM_START.match(line)
        if mark and len(line) - len(line.lstrip()) <= indent:
            items.append(line[mark.end() :].rstrip())
        else:
            items[-1] += "\n" + line.strip()
    return items


class Style(IntEnum):
    """How a text joins what stands before it; the order in which texts at one place follow each other."""

    INLINE = 0
    LINE = 1
    ITEM = 2
    PARAGRAPH = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """The exact offset of an insertion and the form it takes there."""

    offset: int
    style: Style
    is_before: bool = False
    """It stands before the text at `offset`, not behind it."""
    indent: str = ""
    marker: str = ""
    is_loose: bool = False
    """Blank lines stand between the items of the list."""
    suffix: str = ""
    is_alone: bool = False
    """Nothing stands before it."""


def fitted(text: str, newline: str) -> str:
    """Return `text` with the prompt's own line breaks."""
    return text.replace("\n", newline) if newline != "\n" else text


def render(slots: Sequence[tuple[Slot, str]], newline: str) -> list[str]:
    """Return what is written for each of several texts at one offset, in their order."""
    written: list[str] = []
    count = 0
    for position, (slot, text) in enumerate(slots):
        is_last = position == len(slots) - 1
        if slot.style is Style.ITEM:
            body, added = _as_items(slot, text, count, newline)
            count += added
            gap = newline * (2 if slot.is_loose else 1)
        else:
            body = fitted(text, newline)
            gap = {Style.INLINE: " ", Style.LINE: newline}.get(slot.style, newline * 2)
        suffix = slot.suffix if is_last else ""
        if slot.is_before:
            written.append(body + gap)
        elif slot.is_alone and position == 0:
            written.append(body + suffix)
        else:
            written.append(gap + body + suffix)
    return written


def _as_items(slot: Slot, text: str, before: int, newline: str) -> tuple[str, int]:
    items = items_of(text) or [text]
    gap = newline * (2 if slot.is_loose else 1)
    lines = []
    for number, item in enumerate(items, start=before + 1):
        marker = _counted_up(slot.marker, number)
        inner = newline + slot.indent + " " * len(marker)
        lines.append(slot.indent + marker + item.replace("\n", inner))
    return gap.join(lines), len(items)


def _counted_up(marker: str, by: int) -> str:
    digits = re.search(r"\d+", marker)
    if digits is None:
        return marker
    return marker[: digits.start()] + str(int(digits[0]) + by) + marker[digits.end() :]
