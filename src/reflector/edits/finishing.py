"""From drafts to edits: exact offsets, and exactly what is written there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import Edit, EditLocation, LocationType
from reflector.edits.passages import Passages
from reflector.edits.placing import Place
from reflector.edits.slots import INLINE, PARAGRAPH, Slot, find_slot, render, slot_finder

__all__ = ["finished"]

_SHARED = (
    "id", "operation", "text", "suggestion", "suggestion_index", "impact", "priority", "status", "reason",
    "conflicts_with", "merged_into", "depends_on", "validated",
)  # fmt: skip
"""Fields that an edit takes over from its draft."""


def finished(passages: Passages, drafts: list[Draft]) -> tuple[Edit, ...]:
    """Return the edits: those that are made first, by impact; then the others in the order of their suggestions."""
    ordered = made(drafts)
    changed = [d for d in ordered if d.span]
    sources = _sources(drafts)
    find: Callable[[Place, str], Slot] = partial(find_slot, passages)
    if len(ordered) > 1:
        find = slot_finder(passages, [d.span for d in changed if d.span and not d.content])
    slots = {d.id: _slot(d, find, changed) for d in ordered if d.place and d.id not in sources}
    for draft in ordered:
        if draft.id in sources:
            _add_slot_behind(sources, slots, draft)
    written = _written([d for d in drafts if d.id in slots], sources, slots, passages.newline)
    return tuple(
        _edit(passages, d, slots, written) for d in (*ordered, *(d for d in drafts if not d.is_made))
    )


def _sources(drafts: list[Draft]) -> dict[str, Draft]:
    """Return for each draft that stands behind the text of another one which that is, also after a merge."""
    known = {d.id: d for d in drafts}
    sources: dict[str, Draft] = {}
    for draft in drafts:
        if draft.depends_on and draft.is_made:
            source = known[draft.depends_on]
            while source.merged_into:
                source = known[source.merged_into]
            sources[draft.id] = source
    return sources


def _add_slot_behind(sources: dict[str, Draft], slots: dict[str, Slot], draft: Draft) -> None:
    """Add the slot of a draft behind the text of its source, in the form that this text ends in."""
    source = sources[draft.id]
    if source.id in sources and source.id not in slots:
        _add_slot_behind(sources, slots, source)
    written = source.content or source.text
    form = find_slot(Passages(written), Place(LocationType.WITHIN, (0, len(written)), ""), draft.text)
    behind = slots.get(source.id) or Slot((source.span or (0, 0))[1])
    slots[draft.id] = replace(behind, gap=form.gap or PARAGRAPH, lead=form.lead)


def _slot(draft: Draft, find: Callable[[Place, str], Slot], changed: list[Draft]) -> Slot:
    """Return the slot of an insertion, outside of what other edits change."""
    assert draft.place is not None  # only insertions have slots
    slot = find(draft.place, draft.text)
    for other in changed:
        start, end = other.span or (0, 0)
        if start < slot.offset <= end and other.content:
            # Behind a passage that is replaced: behind what replaces it, and in its form.
            slot = replace(slot, offset=end)
            if "\n" in other.content and slot.gap != INLINE:
                whole = Place(LocationType.WITHIN, (0, len(other.content)), "")
                form = find_slot(Passages(other.content), whole, draft.text)
                slot = replace(form, offset=end, suffix=slot.suffix, gap=form.gap or PARAGRAPH)
        elif start < slot.offset < end:
            slot = replace(slot, offset=end)
    return slot


def _written(
    drafts: list[Draft], sources: dict[str, Draft], slots: dict[str, Slot], newline: str
) -> dict[str, tuple[str, int]]:
    """Return what each insertion writes, and its order among those at the same offset."""

    def rank(draft: Draft) -> tuple[object, ...]:
        own = (_closeness(slots.get(draft.id)), not draft.validated, draft.strength)
        return (*rank(sources[draft.id]), own) if draft.id in sources else (own,)

    groups: dict[int, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(slots[draft.id].offset, []).append(draft)
    written: dict[str, tuple[str, int]] = {}
    for members in groups.values():
        members.sort(key=rank)
        texts = render([(slots[d.id], d.text) for d in members], newline)
        for order, (draft, text) in enumerate(zip(members, texts, strict=True)):
            written[draft.id] = text, order
    return written


def _closeness(slot: Slot | None) -> int:
    """How closely a text joins what it stands beside: sentences first, then lines and items, then paragraphs."""
    if slot is None or slot.lead is not None:
        return 1
    return len(slot.gap or PARAGRAPH)


def _edit(
    passages: Passages, draft: Draft, slots: dict[str, Slot], written: dict[str, tuple[str, int]]
) -> Edit:
    slot = slots.get(draft.id)
    content, order = written.get(draft.id, (draft.content, 0))
    location, target = None, ""
    if span := draft.span or (slot and (slot.offset, slot.offset)):
        section = draft.place.section if draft.place else passages.section_at(span[0])
        name = section.name if section else None
        location = EditLocation(
            type=draft.location_type, start=span[0], end=span[1], section=name, order=order
        )
        target = passages.text(span)
    shared = {name: getattr(draft, name) for name in _SHARED}
    return Edit(
        **shared,
        location=location,
        content=content,
        target_text=target,
        rationale=draft.suggestion.rationale,
    )
