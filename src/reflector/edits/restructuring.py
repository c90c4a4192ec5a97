"""Suggestions that restructure: a new prompt, a new section, or a passage that moves."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.additions import NO_TEXT, unplaced
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation, EditStatus, LocationType
from reflector.edits.formatting import fitted
from reflector.edits.likeness import content_words
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages, Span, spans_overlap
from reflector.edits.placing import Place, end_of_prompt, locate
from reflector.edits.references import described_passage, numbered_passage
from reflector.edits.replacements import draft_modification, section_rewrite
from reflector.edits.seams import deletion_span
from reflector.edits.sections import Section
from reflector.edits.wording import clean_text, quoted
from reflector.reflection.models import Suggestion

__all__ = ["draft_restructuring"]

_COVERS_PROMPT = 0.6

_ALL_OF_IT = re.compile(
    r"\b(?:entire|whole|full|complete|overall)\s+(?:system\s+)?(?:prompt|instructions?|text)\b|\b(?:rewrite|replace|restructure|reorgani[sz]e)\s+the\s+(?:system\s+)?prompt\b",
    re.IGNORECASE,
)

_MOVE = re.compile(
    r"\b(?:move|relocate|shift|bring|reposition)\s+(?P<what>.{2,300}?)\s+"
    r"(?P<where>(?:up |down )?to the (?:very )?(?:top|beginning|start|front|end|bottom)|"
    r"(?:right |directly |immediately |to |up |down )*(?:before|above|ahead of|after|below|behind))\b"
    r"(?P<rest>.{0,300})",
    re.IGNORECASE,
)


def draft_restructuring(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    new = clean_text(suggestion.specific_text)
    target = suggestion.target_section or ""
    section = matching_section(passages, target)
    if not new.strip():
        return _move(passages, index, suggestion, section)
    if _is_whole_prompt(passages, suggestion, new, section):
        return _whole_prompt(passages, index, suggestion, new)
    if section is not None:
        return section_rewrite(passages, index, suggestion, section, new)
    return draft_modification(passages, index, suggestion)


def _is_whole_prompt(passages: Passages, suggestion: Suggestion, new: str, section: Section | None) -> bool:
    old = content_words(passages.prompt[:20_000])
    covered = len(old & content_words(new)) / len(old) if old else 0.0
    says_so = _ALL_OF_IT.search(f"{suggestion.target_section or ''}\n{suggestion.description[:1_000]}")
    if section is not None and not says_so:
        return False
    if says_so:
        return len(new) * 3 >= len(passages.prompt)
    return len(new) * 2 >= len(passages.prompt) and covered >= _COVERS_PROMPT


def _whole_prompt(passages: Passages, index: int, suggestion: Suggestion, new: str) -> Draft:
    prompt = passages.prompt
    ending = prompt[len(prompt.rstrip("\r\n")) :]
    content = fitted(new, passages.structure.newline) + ending
    draft = Draft(
        index,
        suggestion,
        EditOperation.REPLACE,
        new,
        "replaces the whole prompt",
        span=(0, len(prompt)),
        content=content,
        is_whole_prompt=True,
    )
    return (
        draft.closed(EditStatus.DROPPED, "already present: it is the prompt itself")
        if content == prompt
        else draft
    )


def _move(passages: Passages, index: int, suggestion: Suggestion, section: Section | None) -> Draft:
    said = _MOVE.search(suggestion.description[:2_000])
    if said is None:
        return unplaced(index, suggestion, NO_TEXT, "")
    what, where = said["what"], f"{said['where']} {said['rest']}"
    span = _what_moves(passages, what, section)
    if span is None:
        reason = f"what to move was not found: searched for {one_line(what, 60)!r}"
        return unplaced(index, suggestion, reason, "")
    place = _destination(passages, where)
    if place is None:
        return unplaced(
            index, suggestion, f"where to move it was not found: searched for {one_line(where, 60)!r}", ""
        )
    text = passages.prompt[span[0] : span[1]].strip()
    span = deletion_span(passages, span)
    if place.type in (LocationType.AFTER, LocationType.BEFORE) and spans_overlap(span, place.span):
        return unplaced(index, suggestion, "it would be moved into itself", text)
    reason = f"moves {one_line(text, 60)!r}; {place.reason}"
    return Draft(index, suggestion, EditOperation.MOVE, text, reason, place=place, span=span)


def _what_moves(passages: Passages, what: str, section: Section | None) -> Span | None:
    for quote in (*quoted(what), what):
        spans = passages.find(quote) if len(quote) > 8 else []
        unit = passages.unit_at(spans[0][0]) if len(spans) == 1 else None
        if unit is not None and not unit.is_heading:
            return min(unit.start, spans[0][0]), max(unit.end, spans[0][1])
    if moved := matching_section(passages, what):
        return moved.start, moved.end
    if described := numbered_passage(passages, what) or described_passage(passages, what):
        return described
    return (section.start, section.end) if section is not None else None


def _destination(passages: Passages, where: str) -> Place | None:
    if re.search(r"\bto the (?:very )?(?:top|beginning|start|front)\b", where, re.IGNORECASE):
        return Place(LocationType.START, (0, 0), "placed at the beginning, as named")
    if re.search(r"\bto the (?:very )?(?:end|bottom)\b", where, re.IGNORECASE):
        return end_of_prompt(passages, "the end is named")
    place = locate(
        passages,
        re.sub(r"^\W*(?:right|directly|immediately|to|up|down)\s+", "", where).replace("ahead of", "before"),
    )
    return place if place.is_found else None
