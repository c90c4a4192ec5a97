"""The exact offset of an insertion, and the form that fits there."""

from __future__ import annotations

from collections.abc import Sequence

from reflector.edits.edit import LocationType
from reflector.edits.formatting import Slot, Style, is_one_block, items_of, starts_item
from reflector.edits.lines import Line, LineKind
from reflector.edits.passages import Passages, Span
from reflector.edits.placing import Place
from reflector.edits.sections import SectionKind

__all__ = ["find_slot"]


def find_slot(passages: Passages, place: Place, text: str, gone: Sequence[Span] = ()) -> Slot:
    """Return where exactly `text` goes and in which form, beside what `gone` spans leave standing."""
    if place.type is LocationType.START:
        return _start_slot(passages)
    if place.type in (LocationType.AFTER, LocationType.BEFORE):
        slot = _beside_slot(passages, place, text)
        if slot is not None:
            return slot
    return _append_slot(passages, place, text, gone)


def _start_slot(passages: Passages) -> Slot:
    """Before everything but a title."""
    lines = [line for line in passages.lines if line.kind is not LineKind.BLANK]
    if not lines:
        return Slot(0, Style.PARAGRAPH, is_alone=True)
    if lines[0].kind is LineKind.HEADING and len(lines) > 1:
        return Slot(lines[1].start, Style.PARAGRAPH, is_before=True)
    return Slot(lines[0].start, Style.PARAGRAPH, is_before=True)


def _append_slot(passages: Passages, place: Place, text: str, gone: Sequence[Span]) -> Slot:
    prompt, (start, end) = passages.prompt, place.span
    first, last = max(0, passages.line_at(start)), passages.line_at(max(start, end - 1))
    section = place.section
    inside = [
        line
        for line in passages.lines[first : last + 1]
        if line.kind is not LineKind.BLANK
        and (line.start >= start or prompt[start : min(line.end, end)].strip())
        and line.start < end
        and not any(a <= line.start and line.end <= b for a, b in gone)
    ]
    if not inside:
        return _empty_slot(passages, place)
    if section is not None and section.kind is SectionKind.XML and inside[-1].end > end:
        at = end - (len(prompt[start:end]) - len(prompt[start:end].rstrip()))
        return Slot(at, Style.INLINE if inside[0] is inside[-1] else Style.LINE)
    listed = [line for line in inside if line.kind in (LineKind.ITEM, LineKind.CONTINUATION)]
    items = [line for line in listed if line.kind is LineKind.ITEM]
    is_list = bool(items) and (inside[-1] is listed[-1] or len(listed) * 2 >= len(inside))
    if is_list and items_of(text) and (place.type is not LocationType.END or _has_no_headings(passages)):
        return _item_slot(passages, items, listed[-1])
    return _paragraph_slot(passages, inside, section.kind if section else None, text)


def _has_no_headings(passages: Passages) -> bool:
    return all(s.kind in (SectionKind.WHOLE, SectionKind.LABEL) for s in passages.structure.sections)


def _empty_slot(passages: Passages, place: Place) -> Slot:
    """Under a heading without text, between empty tags, or in an empty prompt."""
    prompt, section = passages.prompt, place.section
    if section is None or not prompt.strip():
        if not prompt.strip():
            return Slot(0, Style.PARAGRAPH, is_alone=True)
        kept = len(prompt[: place.span[1]].rstrip())
        return Slot(kept, Style.PARAGRAPH)
    newline = passages.structure.newline
    at = section.body_start - (
        len(prompt[: section.body_start]) - len(prompt[: section.body_start].rstrip("\r\n"))
    )
    if section.kind is SectionKind.XML:
        is_tight = not prompt[section.body_start : section.body_end].strip(" \t")
        return Slot(at, Style.LINE, suffix=newline if is_tight else "")
    return Slot(at, Style.PARAGRAPH if section.kind is SectionKind.MARKDOWN else Style.LINE)


def _item_slot(passages: Passages, items: list[Line], anchor: Line) -> Slot:
    """Behind the last item of the last list, like its outermost items."""
    at = len(items) - 1
    shallow = min(len(line.indent.expandtabs(4)) for line in items[-30:])
    while at > 0 and len(items[at].indent.expandtabs(4)) > shallow:
        at -= 1
    model = items[at]
    number = passages.line_at(model.start)
    is_loose = len(items) > 1 and _is_loose(passages.lines, number)
    return Slot(anchor.end, Style.ITEM, indent=model.indent, marker=model.marker, is_loose=is_loose)


def _paragraph_slot(passages: Passages, inside: list[Line], kind: SectionKind | None, text: str) -> Slot:
    anchor = inside[-1]
    number = passages.line_at(anchor.start)
    after = passages.lines[number + 1] if number + 1 < len(passages.lines) else None
    first = passages.line_at(inside[0].start)
    has_gaps = any(line.kind is LineKind.BLANK for line in passages.lines[first:number])
    if kind is SectionKind.XML and not has_gaps and is_one_block(text):
        return Slot(anchor.end, Style.LINE)
    follows = after is not None and after.kind not in (LineKind.BLANK, LineKind.TAG)
    return Slot(anchor.end, Style.PARAGRAPH, suffix=passages.structure.newline if follows else "")


# --- beside a passage -----------------------------------------------------------------------------------


def _beside_slot(passages: Passages, place: Place, text: str) -> Slot | None:
    (start, end), is_before = place.span, place.type is LocationType.BEFORE
    lines = passages.lines
    number = passages.line_at(start)
    if number < 0:
        return None
    whole = place.section is not None and place.marker == place.section.name
    if whole:
        return _beside_section(passages, place, is_before)
    line = lines[number]
    while line.kind is LineKind.CONTINUATION and number > 0:
        number -= 1
        line = lines[number]
    if line.kind is LineKind.ITEM:
        return _beside_item(passages, number, text, is_before)
    unit = passages.unit_at(max(start, end - 1))
    if unit is None:
        return _beside_odd_line(passages, start, end, is_before)
    if is_before:
        return Slot(lines[passages.line_at(unit.block_start)].start, Style.PARAGRAPH, is_before=True)
    last = lines[passages.line_at(unit.end - 1)]
    ends_line = not passages.prompt[unit.end : last.end].strip()
    if not is_one_block(text) or starts_item(text):
        return Slot(lines[passages.line_at(max(unit.block_start, unit.block_end - 1))].end, Style.PARAGRAPH)
    if not ends_line:
        return Slot(unit.end, Style.INLINE)
    spans_lines = "\n" in passages.prompt[unit.block_start : unit.block_end]
    return Slot(last.end, Style.LINE if spans_lines else Style.PARAGRAPH)


def _beside_section(passages: Passages, place: Place, is_before: bool) -> Slot:
    section = place.section
    assert section is not None  # only called with one
    if is_before:
        return Slot(section.start, Style.PARAGRAPH, is_before=True)
    kept = len(passages.prompt[: section.end].rstrip())
    return Slot(kept, Style.PARAGRAPH)


def _beside_item(passages: Passages, number: int, text: str, is_before: bool) -> Slot:
    lines, model = passages.lines, passages.lines[number]
    if not items_of(text):
        return Slot(_item_end(lines, _list_end(lines, number)), Style.PARAGRAPH)
    is_loose = _is_loose(lines, number)
    if model.marker.strip(" (.)\t").isdigit():
        # In the middle of a numbered list a new number would clash with the next: it goes to the list's end.
        last = _list_end(lines, number)
        return Slot(
            _item_end(lines, last),
            Style.ITEM,
            indent=lines[last].indent,
            marker=lines[last].marker,
            is_loose=is_loose,
        )
    if is_before:
        return Slot(model.start, Style.ITEM, True, model.indent, model.marker, is_loose)
    return Slot(
        _item_end(lines, number), Style.ITEM, indent=model.indent, marker=model.marker, is_loose=is_loose
    )


def _is_loose(lines: Sequence[Line], number: int) -> bool:
    """Whether blank lines stand between an item and the one before or behind it."""
    for step in (-1, 1):
        at = number + step
        while 0 <= at < len(lines) and lines[at].kind in (LineKind.BLANK, LineKind.CONTINUATION):
            at += step
        if 0 <= at < len(lines) and lines[at].kind is LineKind.ITEM:
            return any(line.kind is LineKind.BLANK for line in lines[min(at, number) : max(at, number)])
    return False


def _item_end(lines: Sequence[Line], number: int) -> int:
    """Return the end of an item with its further lines and the items nested in it."""
    depth = len(lines[number].indent.expandtabs(4))
    last = number
    for at in range(number + 1, len(lines)):
        line = lines[at]
        if line.kind is LineKind.BLANK:
            continue
        nested = line.kind is LineKind.ITEM and len(line.indent.expandtabs(4)) > depth
        if not nested and line.kind is not LineKind.CONTINUATION:
            break
        last = at
    return lines[last].end


def _list_end(lines: Sequence[Line], number: int) -> int:
    """Return the last item of the list at the same depth."""
    depth, last = len(lines[number].indent.expandtabs(4)), number
    for at in range(number + 1, len(lines)):
        line = lines[at]
        if line.kind in (LineKind.BLANK, LineKind.CONTINUATION):
            continue
        here = len(line.indent.expandtabs(4))
        if line.kind is not LineKind.ITEM or here < depth:
            break
        if here == depth:
            last = at
    return last


def _beside_odd_line(passages: Passages, start: int, end: int, is_before: bool) -> Slot:
    """Beside a fence or tag: never inside it."""
    lines = passages.lines
    first, last = passages.line_at(start), passages.line_at(max(start, end - 1))
    while (
        is_before
        and first > 0
        and lines[first - 1].kind is LineKind.FENCE
        and lines[first].kind is LineKind.FENCE
    ):
        first -= 1
    while (
        lines[last].kind is LineKind.FENCE
        and last + 1 < len(lines)
        and lines[last + 1].kind is LineKind.FENCE
    ):
        last += 1
    return (
        Slot(lines[first].start, Style.PARAGRAPH, True)
        if is_before
        else Slot(lines[last].end, Style.PARAGRAPH)
    )
