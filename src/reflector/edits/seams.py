"""What to delete so that nothing dangles where a text is taken away."""

from __future__ import annotations

from reflector.edits.lines import Line, LineKind
from reflector.edits.passages import Passages, Span

__all__ = ["deletion_span"]


def deletion_span(passages: Passages, span: Span) -> Span:
    """Return the characters to delete so that `span` is gone and nothing dangles at the seam.

    A list item goes with its line and marker, a paragraph with one of the blank lines around it, a
    sentence or phrase with one of the blanks around it.
    """
    prompt = passages.prompt
    start, end = _grown(passages, span)
    first, last = passages.line_at(start), passages.line_at(max(start, end - 1))
    if first < 0:
        return start, end
    head, tail = passages.lines[first], passages.lines[last]
    lead = prompt[head.start : start]
    is_whole = (not lead.strip() or lead == head.indent + head.marker) and not prompt[end : tail.end].strip()
    return _whole_lines(passages, first, last) if is_whole else _part_of_line(prompt, start, end, head, tail)


def _grown(passages: Passages, span: Span) -> Span:
    """Return `span` with closing marks of its sentence: a quote often lacks the full stop."""
    prompt, (start, end) = passages.prompt, span
    unit = passages.unit_at(start)
    if unit is not None and not prompt[unit.start : start].strip(" *_`\"'“‘"):
        start = min(start, unit.start)
        holder = passages.unit_at(max(start, end - 1)) or unit
        if end <= holder.end and not prompt[end : holder.end].strip(" .!;,*_`\"'”’"):
            end = holder.end
    return start, end


def _whole_lines(passages: Passages, first: int, last: int) -> Span:
    lines = passages.lines
    blank_before = first == 0 or lines[first - 1].kind is LineKind.BLANK
    behind = last + 1
    if blank_before:
        while behind < len(lines) and lines[behind].kind is LineKind.BLANK:
            behind += 1
    if behind < len(lines):
        return lines[first].start, lines[behind].start
    # Nothing follows: the blank lines before it go instead, and the prompt keeps its last line break.
    start = first
    while start > 0 and lines[start - 1].kind is LineKind.BLANK:
        start -= 1
    if start == 0:
        return lines[0].start, lines[-1].next
    has_break = lines[-1].next > lines[-1].end
    return (lines[start].start if has_break else lines[start - 1].end), lines[-1].next


def _part_of_line(prompt: str, start: int, end: int, head: Line, tail: Line) -> Span:
    text_start = head.start + len(head.indent) + len(head.marker)
    rest = prompt[end : tail.end]
    ends_in_stop = prompt[start:end].rstrip()[-1:] in tuple(".!?:;")
    if not rest.strip():
        while start > text_start and prompt[start - 1] in " \t":
            start -= 1
        return start, end
    if not prompt[text_start:start].strip():
        while end < tail.end and prompt[end] in " \t":
            end += 1
        if not ends_in_stop and end < tail.end and prompt[end] in ",;":
            end += 1
            while end < tail.end and prompt[end] in " \t":
                end += 1
        return start, end
    if prompt[start - 1] in " \t" and (rest[0] in " \t.,;:!?)" or ends_in_stop):
        while start > text_start and prompt[start - 1] in " \t":
            start -= 1
        closes = rest.lstrip(" \t")[:1] in tuple(".!?;:")
        if closes and not ends_in_stop and prompt[start - 1] in ",;":
            start -= 1
    return start, end
