"""Suggestions that remove: which passage goes, and what to delete so that nothing dangles where it stood."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.drafts import Draft
from reflector.edits.lines import Line, LineKind, Span
from reflector.edits.passages import Passages
from reflector.edits.sections import Section
from reflector.edits.targets import ambiguous, matching_section, named_spans, only_one, whole_sentence
from reflector.reflection.models import Suggestion

__all__ = ["draft_removal"]

_LIKE_TO_REMOVE = 0.8
_REPEATED = re.compile(r"\b(?:redundan|duplicat|repeat|repetit|twice)\w*", re.IGNORECASE)
_SECTION = re.compile(r"\b(?:entire|whole|complete|sections?|blocks?)\b", re.IGNORECASE)
_STOPS = (".", "!", "?", ":", ";")
_AROUND = ("**", "__", "``", '""', "''", "“”", "()")
"""What opens before a text and what closes behind it: it goes with all that it holds."""


def draft_removal(passages: Passages, draft: Draft, text: str) -> None:
    """Delete the passage that a suggestion quotes or describes."""
    suggestion = draft.suggestion
    section = matching_section(passages, suggestion.target_section or "", text)
    if spans := passages.find(text) or named_spans(passages, suggestion):
        span = only_one(spans, section)
        if span and not text:
            span = whole_sentence(passages, span)
        if span is None and _REPEATED.search(suggestion.description[:2_000]):
            span = spans[-1]
        why = "" if span else ambiguous(passages, spans)
    else:
        span = _described_span(passages, suggestion, text, section)
        looked = text or suggestion.target_section or suggestion.description
        why = f"no passage to remove was found: searched for {one_line(looked, 60)!r}"
    if span is None:
        return draft.leave(why, text)
    start, end = _deletion_span(passages, span)
    draft.change((start, end), passages.text(span))
    draft.reason = f"removes {one_line(draft.text, 60)!r}"
    if not (passages.prompt[:start] + passages.prompt[end:]).strip():
        draft.drop("it would leave nothing of the prompt")
    return None


def _described_span(
    passages: Passages, suggestion: Suggestion, text: str, section: Section | None
) -> Span | None:
    """Return a passage that is not quoted: a section called so, or what is said in nearly these words."""
    named = matching_section(passages, suggestion.target_section or "", exact=True)
    if named and not text and _SECTION.search(suggestion.description[:500]):
        return named.start, named.end
    within = (section.body_start, section.body_end) if section else None
    nearest = passages.resembling(text or suggestion.description, within)
    return nearest[1].span if nearest and nearest[0] >= _LIKE_TO_REMOVE else None


# --- seams ----------------------------------------------------------------------------------------------


def _deletion_span(passages: Passages, span: Span) -> Span:
    """Return the characters to delete so that `span` is gone and nothing dangles at the seam.

    A list item goes with its line and marker, a paragraph with one of the blank lines around it, a
    sentence or phrase with one of the blanks around it, and what stands alone in quotes, marks or
    brackets with these. What an item still says on its next line keeps the marker.
    """
    start, end = _grown(passages, span)
    while start and passages.prompt[start - 1] + passages.prompt[end : end + 1] in _AROUND:
        start, end = start - 1, end + 1
    first, last = passages.line_at(start), passages.line_at(max(start, end - 1))
    head, tail = passages.lines[first], passages.lines[last]
    begins = start <= head.text_start or not passages.prompt[head.text_start : start].strip()
    if begins and not passages.prompt[end : tail.end].strip():
        rest = passages.prompt[tail.end :]
        if head.marker and [line.kind for line in passages.lines[last + 1 : last + 2]] == [
            LineKind.CONTINUATION
        ]:
            return head.text_start, len(passages.prompt) - len(rest.lstrip())
        return _whole_lines(passages.lines, first, last)
    return _part_of_line(passages.prompt, start, end, head, tail)


def _grown(passages: Passages, span: Span) -> Span:
    """Return `span` with the marks around its sentence: a quote often lacks the full stop."""
    prompt, (start, end) = passages.prompt, span
    unit = passages.unit_at(start)
    if unit is None or prompt[unit.span[0] : start].strip(" *_`\"'“‘"):
        return span
    close = (passages.unit_at(max(start, end - 1)) or unit).span[1]
    is_closed = end > close or prompt[end:close].strip(" .!;,*_`\"'”’")
    return unit.span[0], end if is_closed else close


def _whole_lines(lines: list[Line], first: int, last: int) -> Span:
    """Return the lines and the blank ones behind them; at the end of the prompt those before them instead."""
    behind = last + 1
    if first == 0 or lines[first - 1].kind is LineKind.BLANK:
        while behind < len(lines) and lines[behind].kind is LineKind.BLANK:
            behind += 1
    if behind < len(lines):
        return lines[first].start, lines[behind].start
    while first > 0 and lines[first - 1].kind is LineKind.BLANK:
        first -= 1
    # The prompt keeps its last line break, or the lack of one.
    has_break = lines[-1].next > lines[-1].end
    return lines[first].start if has_break or first == 0 else lines[first - 1].end, lines[-1].next


def _part_of_line(prompt: str, start: int, end: int, head: Line, tail: Line) -> Span:
    before, after = prompt[head.text_start : start], prompt[end : tail.end]
    is_sentence = prompt[start:end].rstrip().endswith(_STOPS)
    if not before.strip():
        # At the beginning: with the blanks behind it, and the comma that would be left.
        rest = after.lstrip(" \t")
        if not is_sentence and rest[:1] in (",", ";"):
            rest = rest[1:].lstrip(" \t")
        return start, tail.end - len(rest)
    bare = before.rstrip(" \t")
    if after.strip() and (
        bare == before or not (after.startswith((" ", "\t", ",", ")", *_STOPS)) or is_sentence)
    ):
        return start, end
    if not is_sentence and bare.endswith((",", ";")) and after.lstrip(" \t").startswith(_STOPS):
        bare = bare[:-1]
    return start - len(before) + len(bare), end
