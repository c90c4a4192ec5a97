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

_MOST_LINES = 50


def draft_addition(passages: Passages, draft: Draft, text: str, note: str = "") -> Draft:
    """Return the insertion of `text`, or of the instruction that the description tells, at the place it names."""
    suggestion = draft.suggestion
    if not text.strip():
        text, note = described_text(suggestion), "; the text is taken from the description"
    if not text:
        reason = "it holds no text to put into the prompt: the description only says what to change"
        return draft.unplaced(reason)
    text, changed = passages.template.fitted(text)
    place = locate(passages, suggestion.target_section, f"{suggestion.description}\n{text}")
    text = without_own_heading(text, place.section)
    draft = draft.replace(
        operation=EditOperation.INSERT, text=text, place=place, reason=place.reason + note + changed
    )
    if present := _present(passages, text):
        return draft.dropped(f"already present in the prompt: {one_line(present, 80)!r}")
    return _without_known_lines(passages, draft) if "\n" in text else draft


def _present(passages: Passages, text: str) -> str | None:
    """Return the passage that says already what `text` says."""
    if (spans := passages.find(text)) and len(folded(text[:2_000])) >= 2:
        return passages.text(spans[0])
    nearest = passages.resembling(text)
    passage = passages.text(nearest[1].span) if nearest else ""
    return passage if passage and says_the_same(passage, text) else None


def _without_known_lines(passages: Passages, draft: Draft) -> Draft:
    """Return the draft without the items of a list that the prompt has already; dropped if it has every line."""
    lines = [line for line in draft.text.split("\n") if line.strip()]
    if not 1 < len(lines) <= _MOST_LINES:
        return draft
    bare = [without_marker(line) for line in lines]
    known = [len(folded(line)) >= 2 and _present(passages, line) is not None for line in bare]
    if all(known):
        return draft.dropped(f"already present in the prompt: {one_line(draft.text, 80)!r}")
    is_list = "\n\n" not in draft.text and all(map(str.__ne__, lines, bare))
    if not (is_list and any(known)):
        return draft
    text = "\n".join(line for line, is_known in zip(lines, known, strict=True) if not is_known)
    left_out = f"; {sum(known)} of its {len(lines)} lines are in the prompt already"
    return draft.replace(text=text, reason=draft.reason + left_out)
