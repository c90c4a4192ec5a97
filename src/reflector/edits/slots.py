"""The exact offset of an insertion, and the form it takes there: items of a list, a line, a paragraph."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from textwrap import dedent

from reflector.edits.drafts import Place
from reflector.edits.edit import LocationType
from reflector.edits.lines import Line, LineKind, Span, without_marker
from reflector.edits.passages import Passages
from reflector.edits.sections import SectionKind

__all__ = ["INLINE", "PARAGRAPH", "Slot", "Slots", "render", "slot_in"]

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


class Slots:
    """Finds the slots of insertions into a prompt, beside what is left when some of its spans go."""

    def __init__(self, passages: Passages, gone: Iterable[Span] = ()) -> None:
        self._passages = passages
        self._gone = passages.lines_inside(gone)
        self._known: dict[tuple[Span, bool, bool], Slot] = {}
        """Texts of one form share the work for a region."""

    def find(self, place: Place, text: str) -> Slot:
        """Return where exactly `text` goes and in which form."""
        passages = self._passages
        if not passages.prompt.strip():
            return Slot(0, "")
        if place.type is LocationType.START:
            title, *rest = [line for line in passages.lines if line.kind is not LineKind.BLANK]
            if title.kind is LineKind.HEADING and rest:
                return self._apart(Slot(title.end))
            return Slot(title.start, "", suffix=passages.newline * 2)
        if place.type is LocationType.AFTER:
            return self._apart(_slot_after(passages, place, text))
        is_one_block, is_list = _is_one_block(text), bool(items_of(text))
        key = place.span, is_one_block, is_list
        if key not in self._known:
            self._known[key] = self._apart(_slot_at_end(passages, place, self._gone, is_one_block, is_list))
        return self._known[key]

    def _apart(self, slot: Slot) -> Slot:
        """Return the slot with a blank line behind a paragraph if text follows on the next line."""
        if slot.lead is not None or slot.gap != PARAGRAPH:
            return slot
        behind = self._passages.line_at(slot.offset) + 1
        while behind in self._gone:
            behind += 1
        follows = _kind_at(self._passages.lines, behind) not in (None, LineKind.BLANK, LineKind.TAG)
        return replace(slot, suffix=self._passages.newline) if follows else slot


def slot_in(text: str, addition: str) -> Slot:
    """Return the slot of an addition at the end of a text."""
    return Slots(Passages(text)).find(Place(LocationType.WITHIN, (0, len(text))), addition)


# --- at the end of a region -----------------------------------------------------------------------------


def _slot_at_end(
    passages: Passages, place: Place, gone: Container[int], is_one_block: bool, is_list: bool
) -> Slot:
    prompt, (start, end) = passages.prompt, place.span
    is_element = place.section is not None and place.section.kind is SectionKind.XML
    lines = _standing_lines(passages, place.span, gone)
    if not lines:
        return _empty_slot(passages, place)
    if is_element and lines[-1].end > end:
        # Its closing tag stands on the same line.
        return Slot(start + len(prompt[start:end].rstrip()), INLINE if len(lines) == 1 else LINE)
    listed = [line for line in lines if line.kind in (LineKind.ITEM, LineKind.CONTINUATION)]
    ends_listed = bool(listed) and (lines[-1] is listed[-1] or len(listed) * 2 >= len(lines))
    if ends_listed and is_list and not (place.type is LocationType.END and passages.has_headings):
        return _item_slot(passages, _outermost(listed), listed[-1].end)
    has_gaps = any(b.start > a.next for a, b in pairwise(lines))
    if is_element and not has_gaps and is_one_block:
        return Slot(lines[-1].end, LINE)
    return Slot(lines[-1].end)


def _standing_lines(passages: Passages, span: Span, gone: Container[int]) -> list[Line]:
    """Return the lines with text in a region that no edit deletes."""
    start, end = span
    first, last = max(0, passages.line_at(start)), passages.line_at(max(start, end - 1))
    return [
        line
        for number, line in enumerate(passages.lines[first : last + 1], first)
        if number not in gone and passages.prompt[max(start, line.start) : min(line.end, end)].strip()
    ]


def _empty_slot(passages: Passages, place: Place) -> Slot:
    """Under a heading without text, between empty tags, or where everything is deleted."""
    section = place.section
    if section is None:
        # The end of a prompt of which only what follows is left, the input perhaps.
        end = place.span[1]
        return Slot(end, "", suffix=passages.newline * 2 if passages.prompt[end:].strip() else "")
    at = len(passages.prompt[: section.body_start].rstrip("\r\n"))
    if section.kind is not SectionKind.XML:
        return Slot(at, PARAGRAPH if section.kind is SectionKind.MARKDOWN else LINE)
    is_tight = not passages.prompt[section.body_start : section.body_end].strip(" \t")
    return Slot(at, LINE, suffix=passages.newline if is_tight else "")


# --- behind a passage ------------------------------------------------------------------------------------


def _slot_after(passages: Passages, place: Place, text: str) -> Slot:
    last = max(place.span[0], place.span[1] - 1)
    lines, number = passages.lines, passages.line_at(last)
    while lines[number].kind is LineKind.CONTINUATION:
        number -= 1
    if lines[number].kind is LineKind.ITEM:
        return _slot_after_item(passages, number, text)
    unit = passages.unit_at(last)
    if unit is None:
        while lines[number].kind is LineKind.FENCE and _kind_at(lines, number + 1) is LineKind.FENCE:
            number += 1
        return Slot(lines[number].end)
    if not _is_one_block(text) or without_marker(text) != text:
        return Slot(lines[passages.line_at(unit.block[1] - 1)].end)
    line = lines[passages.line_at(unit.span[1] - 1)]
    if passages.prompt[unit.span[1] : line.end].strip():
        return Slot(unit.span[1], INLINE)
    return Slot(line.end, LINE if "\n" in passages.text(unit.block) else PARAGRAPH)


def _slot_after_item(passages: Passages, number: int, text: str) -> Slot:
    """Behind an item; in a numbered list behind the last one, as a number in between would clash with the next."""
    lines, is_item = passages.lines, bool(items_of(text))
    is_numbered = lines[number].marker.strip(" (.)\t").isdigit()
    model = last = number
    for at in range(number + 1, len(lines)):
        line = lines[at]
        is_inner = line.kind is LineKind.CONTINUATION or (
            line.marker and _depth(line) > _depth(lines[number])
        )
        is_sibling = line.marker and _depth(line) == _depth(lines[number])
        if is_sibling and (is_numbered or not is_item):
            model = at
        if is_inner or model == at:
            last = at
        elif line.kind is not LineKind.BLANK:
            break
    return _item_slot(passages, lines[model], lines[last].end) if is_item else Slot(lines[last].end)


# --- lists ----------------------------------------------------------------------------------------------


def _item_slot(passages: Passages, model: Line, offset: int) -> Slot:
    """Return the slot of an item in the form of `model`, with blank lines between if its neighbours have them."""
    lines, number = passages.lines, passages.line_at(model.start)
    gap = LINE
    for step in (1, -1):
        at = number + step
        while _kind_at(lines, at) in (LineKind.BLANK, LineKind.CONTINUATION):
            at += step
        if _kind_at(lines, at) is LineKind.ITEM:
            between = lines[min(at, number) : max(at, number)]
            gap = PARAGRAPH if any(line.kind is LineKind.BLANK for line in between) else LINE
    return Slot(offset, gap, model.indent + model.marker)


def _outermost(listed: list[Line]) -> Line:
    """Return the last of the outermost items."""
    items = [line for line in listed if line.kind is LineKind.ITEM][-30:]
    shallow = min(map(_depth, items))
    return next(line for line in reversed(items) if _depth(line) == shallow)


def _depth(line: Line) -> int:
    return len(line.indent.expandtabs(4))


def _kind_at(lines: Sequence[Line], number: int) -> LineKind | None:
    return lines[number].kind if 0 <= number < len(lines) else None


# --- writing --------------------------------------------------------------------------------------------

_HEADED = re.compile(r"\s*(?:#{1,6}\s|\*\*[^*\n]+\*\*:?\s*(?:\n|\Z)|</?[A-Za-z][\w-]*>\s*(?:\n|\Z))")


def _is_one_block(text: str) -> bool:
    """Whether a text is one paragraph or list, without a heading or code."""
    return "\n\n" not in text and "```" not in text and not _HEADED.match(text)


def items_of(text: str) -> list[str]:
    """Return the items a text lists, without markers; one item if it is no list, none if it is more than one block."""
    lines = text.split("\n")
    is_item = [without_marker(line) != line for line in lines]
    if not _is_one_block(text) or (any(is_item) and not is_item[0]):
        return []
    if not is_item[0]:
        return [text.strip()]
    indent = len(text) - len(text.lstrip(" \t"))
    firsts = [n for n, line in enumerate(lines) if is_item[n] and len(line) - len(line.lstrip()) <= indent]
    items: list[str] = []
    for first, behind in pairwise([*firsts, len(lines)]):
        further = dedent("\n".join(lines[first + 1 : behind]))
        items.append(f"{without_marker(lines[first])}\n{further}".rstrip())
    return items


def render(texts: Sequence[tuple[Slot, str]], newline: str) -> list[str]:
    """Return what is written for each of several texts at one offset, in their order."""
    written: list[str] = []
    count, lead = 0, ""
    for position, (slot, text) in enumerate(texts):
        if slot.lead is not None:
            count, lead = count if slot.lead == lead else 0, slot.lead
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
