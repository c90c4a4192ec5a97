"""Edits that belong together: those that say the same, and those that need the text of another one."""

from __future__ import annotations

from dataclasses import replace

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import EditOperation
from reflector.edits.likeness import name_words, says_the_same, stems_of
from reflector.edits.lines import Span
from reflector.edits.passages import Passages
from reflector.edits.placing import is_telling, matching_section

__all__ = ["after_their_source", "closed", "merge_duplicates", "said_by"]

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


def after_their_source(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; an addition whose place is not in the prompt, but in the text of another edit, depends on it.

    It goes behind that text; a section in its middle is not looked at, as the addition would not stand in it.
    """
    waiting = [d for d in drafts if d.place and not d.place.is_found and d.is_made]
    if not waiting or len(drafts) < 2:
        return drafts
    waiting = made(waiting)
    ids = {d.id for d in waiting}
    sources = [(d, Passages(d.content or d.text)) for d in made(drafts) if d.id not in ids]
    sources += [(d, Passages(d.text)) for d in waiting]
    settled: dict[str, Draft] = {}
    for draft in waiting:
        for source, text in sources:
            is_free = source.id != draft.id and settled.get(source.id, source).depends_on is None
            if is_free and draft.place and _ends_with(text, draft.suggestion.target_section or ""):
                reason = f"placed behind the text that {source.id} brings: {draft.suggestion.target_section}"
                place = replace(draft.place, reason=reason, is_found=True)
                settled[draft.id] = draft.replace(place=place, reason=reason, depends_on=source.id)
                break
    return [settled.get(d.id, d) for d in drafts]


def _ends_with(text: Passages, name: str) -> bool:
    """Whether a text closes with the section or passage that is named."""
    spans: list[Span] = text.find(name) if is_telling(name) else []
    if section := matching_section(text, name, exact=True):
        spans = [(section.start, section.end)]
    return any(not text.prompt[end:].strip(" \r\n.*") for _, end in spans)


def closed(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; what was merged into, or depends on, one that is not made is dropped with it."""
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

    linked = {d.id: why for d in drafts if (d.merged_into or d.depends_on) and (why := why_not(d))}
    if all(d.reason == linked.get(d.id, d.reason) for d in drafts):
        return drafts
    return [d.dropped(linked[d.id]) if d.id in linked else d for d in drafts]
