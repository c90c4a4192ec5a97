"""Writing texts in the form of their place: as list items, lines or paragraphs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reflector.edits.lines import without_marker

__all__ = ["INLINE", "LINE", "PARAGRAPH", "Slot", "is_one_block", "items_of", "render"]

INLINE, LINE, PARAGRAPH = " ", "\n", "\n\n"


@dataclass(frozen=True, slots=True)
class Slot:
    """The exact offset of an insertion and the form it takes there."""

    offset: int
    gap: str = PARAGRAPH
    """What separates it from the text it stands beside."""
    lead: str | None = None
    """Indent and marker of the list item beside it, if it becomes one itself."""
    suffix: str = ""


_HEADED = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*\n]+\*\*:?\s*(?:\n|\Z)|</?[A-Za-z][\w-]*>\s*(?:\n|\Z))")


def is_one_block(text: str) -> bool:
    """Whether a text is one paragraph or list, without a heading or code."""
    return "\n\n" not in text and "```" not in text and not _HEADED.match(text)


def items_of(text: str) -> list[str]:
    """Return the items a text lists, without markers; one item if it is no list, none if it is more than one block."""
    lines = text.split("\n")
    is_item = [without_marker(line) != line for line in lines]
    if not is_one_block(text) or (any(is_item) and not is_item[0]):
        return []
    if not is_item[0]:
        return [text.strip()]
    indent = len(text) - len(text.lstrip(" \t"))
    items: list[str] = []
    for line, begins in zip(lines, is_item, strict=True):
        if begins and len(line) - len(line.lstrip()) <= indent:
            items.append(without_marker(line).rstrip())
        else:
            items[-1] += "\n" + line.strip()
    return items


def render(texts: Sequence[tuple[Slot, str]], newline: str) -> list[str]:
    """Return what is written for each of several texts at one offset, in their order."""
    written: list[str] = []
    count = 0
    for position, (slot, text) in enumerate(texts):
        if slot.lead is not None:
            items = items_of(text) or [text]
            text = slot.gap.join(_as_item(slot.lead, item, count + n) for n, item in enumerate(items, 1))
            count += len(items)
        gap = slot.gap if slot.gap or not position else "\n\n"
        suffix = slot.suffix if position == len(texts) - 1 else ""
        written.append((gap + text).replace("\n", newline) + suffix)
    return written


def _as_item(lead: str, item: str, number: int) -> str:
    """Return the n-th item behind the one whose indent and marker are `lead`: a number counts on."""
    lead = re.sub(r"\d+", lambda digits: str(int(digits[0]) + number), lead)
    return lead + item.replace("\n", "\n" + re.sub(r"\S", " ", lead))
