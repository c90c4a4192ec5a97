"""Edits that need the text of another one: an addition to a section that another edit brings."""

from __future__ import annotations

from dataclasses import replace

from reflector.edits.drafts import Draft, made
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages
from reflector.edits.placing import is_telling
from reflector.edits.units import Span

__all__ = ["after_their_source", "closed"]


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
