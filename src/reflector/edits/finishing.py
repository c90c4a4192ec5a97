"""From drafts to edits: exact offsets, and exactly what is written there."""

from __future__ import annotations

from dataclasses import replace

from reflector.edits.drafts import Draft, made
from reflector.edits.edit import Edit, EditLocation
from reflector.edits.passages import Passages
from reflector.edits.slots import INLINE, PARAGRAPH, Slot, Slots, render, slot_in

__all__ = ["finished"]

_SHARED = (
    "id", "operation", "text", "suggestion", "suggestion_index", "impact", "priority", "status", "reason",
    "conflicts_with", "merged_into", "depends_on", "validated",
)  # fmt: skip
"""Fields that an edit takes over from its draft."""


def finished(passages: Passages, drafts: list[Draft]) -> tuple[Edit, ...]:
    """Return the edits: those that are made first, by impact; then the others in the order of their suggestions."""
    ordered = made(drafts)
    sources = _sources(drafts)
    slots: dict[str, Slot] = {}
    changed = [d for d in ordered if d.span]
    finder = Slots(passages, [d.span for d in changed if d.span and not d.content])
    for draft in ordered:
        if draft.place and draft.is_insertion and draft.id not in sources:
            slots[draft.id] = _outside(finder.find(draft.place, draft.text), draft.text, changed)
    for draft in ordered:
        if draft.id in sources:
            _add_slot_behind(sources, slots, draft)
    written = _written([d for d in drafts if d.id in slots], sources, slots, passages.newline)
    return tuple(
        _edit(passages, d, slots.get(d.id), *written.get(d.id, (d.content, 0)))
        for d in (*ordered, *(d for d in drafts if not d.is_made))
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
    form = slot_in(source.content or source.text, draft.text)
    behind = slots.get(source.id) or Slot((source.span or (0, 0))[1])
    slots[draft.id] = replace(behind, gap=form.gap or PARAGRAPH, lead=form.lead)


def _outside(slot: Slot, text: str, changed: list[Draft]) -> Slot:
    """Return a slot outside of what other edits change."""
    for other in changed:
        start, end = other.span or (0, 0)
        if start < slot.offset <= end and other.content:
            # Behind a passage that is replaced: behind what replaces it, and in its form.
            slot = replace(slot, offset=end)
            if "\n" in other.content and slot.gap != INLINE:
                form = slot_in(other.content, text)
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
        if len(members) > 1:
            members.sort(key=rank)
        texts = render([(slots[d.id], d.text) for d in members], newline)
        written |= {d.id: (text, order) for order, (d, text) in enumerate(zip(members, texts, strict=True))}
    return written


def _closeness(slot: Slot | None) -> int:
    """How closely a text joins what it stands beside: sentences first, then lines and items, then paragraphs."""
    return 1 if slot is None or slot.lead is not None else len(slot.gap or PARAGRAPH)


def _edit(passages: Passages, draft: Draft, slot: Slot | None, content: str, order: int) -> Edit:
    location, target = None, ""
    if draft.place and (span := draft.span or (slot and (slot.offset, slot.offset))):
        section = draft.place.section if draft.is_insertion else passages.section_at(span[0])
        location = EditLocation(
            type=draft.place.type,
            start=span[0],
            end=span[1],
            section=section.name if section else None,
            order=order,
        )
        target = passages.text(span)
    return Edit(
        location=location,
        content=content,
        target_text=target,
        rationale=draft.suggestion.rationale,
        **{name: getattr(draft, name) for name in _SHARED},
    )
