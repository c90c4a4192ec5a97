"""Suggestions that add: the text, its place, and whether the prompt says it already."""

from __future__ import annotations

from reflector._text import one_line
from reflector.edits.drafts import Draft
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import folded, says_the_same
from reflector.edits.lines import without_marker
from reflector.edits.passages import Passages
from reflector.edits.placing import locate
from reflector.edits.wording import described_text, without_own_heading

__all__ = ["draft_addition"]


def draft_addition(passages: Passages, draft: Draft, text: str, note: str = "") -> Draft:
    """Return the insertion of `text`, or of the instruction that the description tells, at the place it names."""
    suggestion = draft.suggestion
    if not text.strip():
        text, note = described_text(suggestion), "; the text is taken from the description"
    if not text:
        reason = "it holds no text to put into the prompt: the description only says what to change"
        return draft.unplaced(reason)
    text = passages.template.escaped(text)
    place = locate(passages, suggestion.target_section, f"{suggestion.description}\n{text}")
    text = without_own_heading(text, place.section)
    insert = EditOperation.INSERT
    draft = draft.replace(operation=insert, text=text, place=place, reason=place.reason + note)
    present = _present(passages, text)
    return draft.dropped(f"already present in the prompt: {one_line(present, 80)!r}") if present else draft


def _present(passages: Passages, text: str) -> str | None:
    """Return the passage that says already what `text` says: once as a whole, or line by line."""
    if len(folded(text[:2_000])) >= 2 and (spans := passages.find(text)):
        return passages.text(spans[0])
    lines = [without_marker(line) for line in text.split("\n") if line.strip()]
    if 1 < len(lines) <= 50 and all(len(folded(line)) >= 4 and passages.find(line) for line in lines):
        return text
    nearest = passages.resembling(text)
    passage = passages.text(nearest[1].span) if nearest else ""
    return passage if passage and says_the_same(passage, text) else None
