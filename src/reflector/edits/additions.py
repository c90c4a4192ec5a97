"""Suggestions that add: the text, its place, and whether the prompt says it already."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation, EditStatus
from reflector.edits.likeness import folded, name_words, says_the_same
from reflector.edits.passages import Passages
from reflector.edits.placing import Place, locate
from reflector.edits.sections import Section, SectionKind
from reflector.edits.wording import clean_text, described_text
from reflector.reflection.models import Suggestion, SuggestionType

__all__ = ["NO_TEXT", "bare_item", "draft_addition", "insertion", "unplaced", "without_own_heading"]

NO_TEXT = "it holds no text to put into the prompt: the description only says what to change"

_OPERATIONS = {
    SuggestionType.ADD: EditOperation.INSERT,
    SuggestionType.MODIFY: EditOperation.REPLACE,
    SuggestionType.REMOVE: EditOperation.DELETE,
    SuggestionType.RESTRUCTURE: EditOperation.REPLACE,
}


def unplaced(index: int, suggestion: Suggestion, reason: str, text: str) -> Draft:
    return Draft(index, suggestion, _OPERATIONS[suggestion.type], text, reason, EditStatus.UNPLACED)


def draft_addition(passages: Passages, index: int, suggestion: Suggestion) -> Draft:
    given = clean_text(suggestion.specific_text)
    text = given or described_text(suggestion)
    if not text.strip():
        return unplaced(index, suggestion, NO_TEXT, "")
    place = locate(passages, suggestion.target_section, suggestion.description)
    return insertion(
        passages, index, suggestion, text, place, "" if given else "; the text is taken from the description"
    )


def insertion(
    passages: Passages, index: int, suggestion: Suggestion, text: str, place: Place, note: str = ""
) -> Draft:
    text = without_own_heading(text, place.section)
    section = place.section.name if place.section else None
    reason = place.reason + note
    draft = Draft(index, suggestion, EditOperation.INSERT, text, reason, place=place, section=section)
    present = _already_present(passages, text)
    if present is not None:
        return draft.closed(EditStatus.DROPPED, f"already present in the prompt: {one_line(present, 80)!r}")
    return draft


def without_own_heading(text: str, section: Section | None) -> str:
    """Return `text` without a first line that repeats the heading, or the tags, of the section it goes into."""
    if section is None:
        return text
    first, _, rest = text.partition("\n")
    is_heading = first.lstrip().startswith(("#", "*", "_", "<")) or first.rstrip().endswith(":")
    if is_heading and rest.strip() and name_words(first.strip("<>/")) == name_words(section.name):
        text = rest.strip("\n")
        closing = text.rpartition("\n")
        if section.kind is SectionKind.XML and closing[2].strip().lower() == f"</{section.name.lower()}>":
            text = closing[0].rstrip("\n")
    return text


def _already_present(passages: Passages, text: str) -> str | None:
    """Return the passage that says already what `text` says."""
    if len(folded(text[:2_000])) >= 2 and (spans := passages.find(text)):
        return passages.prompt[spans[0][0] : spans[0][1]]
    lines = [line for line in text.split("\n") if line.strip()]
    if 1 < len(lines) <= 50 and all(
        len(folded(line)) >= 4 and passages.find(bare_item(line)) for line in lines
    ):
        return text
    for likeness, unit in passages.resembling(text)[:5]:
        passage = passages.prompt[unit.start : unit.end]
        if likeness >= 0.8 and says_the_same(passage, text):
            return passage
    return None


_MARKER = re.compile(r"[ \t]*(?:[-*+•‣▪–]|\(?\d{1,3}[.)])[ \t]+(?=\S)")


def bare_item(line: str) -> str:
    mark = _MARKER.match(line)
    return line[mark.end() :] if mark else line
