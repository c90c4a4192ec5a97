"""Edits that say the same: one is made, the others are part of it."""

from __future__ import annotations

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import name_words, says_the_same

__all__ = ["merge_duplicates", "said_by"]

_INSERT, _DELETE = EditOperation.INSERT, EditOperation.DELETE
_LOOKED_AT = 4_000


def said_by(drafts: list[Draft]) -> dict[str, str]:
    """Return the words of each draft, with blanks between and around them."""
    return {d.id: f" {' '.join(name_words(d.text[:_LOOKED_AT]))} " for d in drafts}


def merge_duplicates(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, those dropped that another one makes unnecessary: it says the same, or more."""
    strongest_first = made(drafts)
    if len(strongest_first) < 2:
        return drafts
    said = said_by(strongest_first)
    merged: dict[str, Draft] = {}
    kept: list[Draft] = []
    for draft in strongest_first:
        fuller = next((other for other in kept if _covers(other, draft, said)), None)
        pairs = [(draft, fuller)] if fuller else [(o, draft) for o in kept if _covers(draft, o, said)]
        for less, more in pairs:
            why = f"merged into {more.id}, which says the same"
            merged[less.id] = less.dropped(why).replace(merged_into=more.id)
        kept = [d for d in (*kept, draft) if d.id not in merged] if pairs else [*kept, draft]
    return [merged.get(d.id, d) for d in drafts]


def _covers(fuller: Draft, draft: Draft, said: dict[str, str]) -> bool:
    """Whether an edit makes another one unnecessary."""
    is_twin = fuller.operation is draft.operation and fuller.span == draft.span
    if _DELETE in (fuller.operation, draft.operation):
        return is_twin
    words = said[draft.id]
    if draft.operation is _INSERT and len(draft.text) > 20 and len(words) > 2 and words in said[fuller.id]:
        return True
    return is_twin and says_the_same(fuller.text, draft.text)
