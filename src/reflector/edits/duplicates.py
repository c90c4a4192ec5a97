"""Edits that say the same: one is made, the others are part of it."""

from __future__ import annotations

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import name_words, says_the_same, stems_of

__all__ = ["merge_duplicates", "said_by"]

_INSERT, _DELETE = EditOperation.INSERT, EditOperation.DELETE
_LOOKED_AT = 4_000
_NEAR = 0.7
"""Share of common words below which two texts are not compared any closer."""


def said_by(drafts: list[Draft]) -> dict[str, str]:
    """Return the words of each draft, with blanks between and around them."""
    return {d.id: f" {' '.join(name_words(d.text[:_LOOKED_AT]))} " for d in drafts}


def merge_duplicates(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, those dropped that another one makes unnecessary: it says the same, or more."""
    if len(drafts) < 2:
        return drafts
    strongest_first = made(drafts)
    said = {
        d.id: (words, stems_of(words))
        for d, words in zip(strongest_first, said_by(strongest_first).values(), strict=True)
    }
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


def _covers(fuller: Draft, draft: Draft, said: dict[str, tuple[str, frozenset[str]]]) -> bool:
    """Whether an edit makes another one unnecessary."""
    is_twin = fuller.operation is draft.operation and fuller.span == draft.span
    if _DELETE in (fuller.operation, draft.operation):
        return is_twin
    words, stems = said[draft.id]
    other_words, other_stems = said[fuller.id]
    if draft.operation is _INSERT and len(draft.text) > 20 and len(words) > 2 and words in other_words:
        return True
    is_near = 2 * len(stems & other_stems) >= _NEAR * (len(stems) + len(other_stems))
    return is_twin and is_near and says_the_same(fuller.text, draft.text)
