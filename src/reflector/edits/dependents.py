"""Edits that belong together: those that say the same, and those that need the text of another one."""

from __future__ import annotations

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import name_words, says_the_same, stems_of
from reflector.edits.lines import Span
from reflector.edits.passages import Passages
from reflector.edits.targets import is_telling, matching_section

__all__ = ["close", "merge_duplicates", "put_behind_sources", "said_by"]

_INSERT, _DELETE = EditOperation.INSERT, EditOperation.DELETE
_LOOKED_AT = 4_000
_NEAR = 0.7
"""Share of common words below which two texts are not compared any closer."""


def said_by(drafts: list[Draft]) -> dict[str, str]:
    """Return the words of each draft, with blanks between and around them."""
    return {d.id: f" {' '.join(name_words(d.text[:_LOOKED_AT]))} " for d in drafts}


def merge_duplicates(drafts: list[Draft]) -> None:
    """Drop the drafts that another one makes unnecessary: it says the same, or more."""
    if len(drafts) < 2:
        return
    strongest_first = made(drafts)
    said = {id: (words, stems_of(words)) for id, words in said_by(strongest_first).items()}
    kept: list[Draft] = []
    for draft in strongest_first:
        fuller = next((other for other in kept if _covers(other, draft, said)), None)
        pairs = [(draft, fuller)] if fuller else [(o, draft) for o in kept if _covers(draft, o, said)]
        for less, more in pairs:
            less.drop(f"merged into {more.id}, which says the same")
            less.merged_into = more.id
        kept = [d for d in (*kept, draft) if d.is_made]


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


def put_behind_sources(drafts: list[Draft]) -> None:
    """Make additions whose place is not in the prompt, but in the text of another edit, depend on that one.

    They go behind that text; a section in its middle is not looked at, as the addition would not stand in it.
    """
    waiting = made(d for d in drafts if d.place and not d.place.is_found)
    if not waiting or len(drafts) < 2:
        return
    sources = [(d, Passages(d.content or d.text)) for d in made(drafts) if d not in waiting]
    sources += [(d, Passages(d.text)) for d in waiting]
    for draft in waiting:
        target = draft.suggestion.target_section or ""
        for source, text in sources:
            is_free = source is not draft and source.depends_on is None
            if draft.place and is_free and _ends_with(text, target):
                draft.reason = f"placed behind the text that {source.id} brings: {target}"
                draft.place = draft.place._replace(is_found=True)
                draft.depends_on = source.id
                break


def _ends_with(text: Passages, name: str) -> bool:
    """Whether a text closes with the section or passage that is named."""
    spans: list[Span] = text.find(name) if is_telling(name) else []
    if section := matching_section(text, name, exact=True):
        spans = [(section.start, section.end)]
    return any(not text.prompt[end:].strip(" \r\n.*") for _, end in spans)


def close(drafts: list[Draft]) -> bool:
    """Drop what was merged into, or depends on, a draft that is not made; return whether there was any."""
    bound = [d for d in drafts if d.merged_into or d.depends_on]
    if not bound:
        return False
    known = {d.id: d for d in drafts}

    def why_not(draft: Draft) -> str:
        """Return why a draft comes to nothing, or "" if it is made, by itself or as a part of another."""
        if draft.merged_into:
            link, other = f"merged into {draft.merged_into}", known[draft.merged_into]
        elif draft.depends_on and draft.is_made:
            link, other = f"needs the text of {draft.depends_on}", known[draft.depends_on]
        else:
            return "" if draft.is_made else draft.reason
        why = why_not(other)
        return f"{link}, which is not made: {why}" if why else ""

    fallen = [(d, why) for d in bound if (why := why_not(d)) and d.reason != why]
    for draft, why in fallen:
        draft.drop(why)
    return bool(fallen)
