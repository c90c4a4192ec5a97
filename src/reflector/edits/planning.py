"""From a reflection to an edit plan."""

from __future__ import annotations

from dataclasses import replace

from reflector._text import shorten
from reflector.edits.building import build_draft
from reflector.edits.conflicts import resolve
from reflector.edits.drafts import Draft
from reflector.edits.duplicates import merge_duplicates
from reflector.edits.edit import Edit, EditConfig, EditLocation, EditOperation, EditStatus, LocationType
from reflector.edits.formatting import Slot, Style, render
from reflector.edits.naming import matching_section
from reflector.edits.passages import Passages, Span
from reflector.edits.placing import Place, end_of_prompt
from reflector.edits.plan import EditPlan
from reflector.edits.ranking import impact_of
from reflector.edits.slots import find_slot
from reflector.edits.structure import find_placeholders
from reflector.edits.validation import jointly_validated, validated
from reflector.errors import InvalidEditError
from reflector.reflection.models import ParsedReflection

__all__ = ["plan_edits"]

_MAX_SUGGESTIONS = 300
_DEFAULTS = EditConfig()


def plan_edits(reflection: ParsedReflection, prompt: str, *, config: EditConfig = _DEFAULTS) -> EditPlan:
    """Return the edits that a reflection's suggestions mean for `prompt`, checked against it and each other.

    Every suggestion becomes exactly one edit; one that is not made says why. Pure: the same arguments give
    the same plan. Nothing in a suggestion makes it raise.

    Raises:
        InvalidEditError: If `prompt` is not a string.
    """
    if not isinstance(prompt, str):
        raise InvalidEditError(
            f"a prompt is a string; got {shorten(repr(prompt), 80)} ({type(prompt).__name__})."
        )
    passages = Passages(prompt)
    drafts = [
        build_draft(passages, index, s) for index, s in enumerate(reflection.suggestions[:_MAX_SUGGESTIONS])
    ]
    drafts = _linked(drafts)
    placeholders = find_placeholders(prompt)
    drafts = [_weighed(validated(draft, prompt, placeholders), prompt, config) for draft in drafts]
    drafts = merge_duplicates(drafts)
    drafts, conflicts = resolve(drafts, config.conflict_strategy, prompt)
    drafts = [validated(draft, prompt, placeholders) for draft in drafts]
    drafts = jointly_validated(_limited(drafts, config), prompt, placeholders)
    drafts = _orphans_closed(drafts)
    drafts = _settled(passages, drafts)
    edits = _edits(passages, drafts)
    edits += _surplus(reflection)
    return EditPlan(
        original_prompt=prompt,
        structure=passages.structure,
        edits=tuple(sorted(edits, key=_made_first)),
        conflicts=tuple(conflicts),
        config=config,
    )


def _made_first(edit: Edit) -> tuple[bool, float, int]:
    return (not edit.is_made, -edit.impact if edit.is_made else 0.0, edit.suggestion_index)


def _surplus(reflection: ParsedReflection) -> list[Edit]:
    reason = f"only the first {_MAX_SUGGESTIONS} suggestions of a reflection are looked at"
    return [
        Edit(
            id=f"edit_{index + 1}",
            operation=EditOperation.INSERT,
            suggestion=suggestion,
            suggestion_index=index,
            rationale=suggestion.rationale,
            priority=suggestion.priority,
            status=EditStatus.DROPPED,
            reason=reason,
        )
        for index, suggestion in enumerate(reflection.suggestions)
        if index >= _MAX_SUGGESTIONS
    ]


def _linked(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; an addition to a section that another suggestion brings goes where that one goes."""
    headed = [d for d in drafts if d.is_open and d.operation is EditOperation.INSERT and "\n" in d.text]
    structures = [(d, Passages(d.text[:20_000])) for d in headed]
    linked: list[Draft] = []
    for draft in drafts:
        target = draft.suggestion.target_section or ""
        if draft.is_open and draft.place is not None and not draft.place.is_found:
            for other, inside in structures:
                if other is not draft and matching_section(inside, target, exact=True):
                    reason = f"placed behind {other.id}, which brings the section {target!r}"
                    draft = replace(draft, place=other.place, depends_on=(other.id,), reason=reason)
                    break
        linked.append(draft)
    return linked


def _weighed(draft: Draft, prompt: str, config: EditConfig) -> Draft:
    if draft.place is None and draft.span is None:
        return draft
    target = prompt[draft.span[0] : draft.span[1]] if draft.span else ""
    impact = impact_of(
        draft.suggestion,
        draft.operation,
        draft.location_type,
        text=draft.text,
        target=target,
        validated=_is_validated(draft),
        weights=config.weights,
    )
    return replace(draft, impact=impact)


def _is_validated(draft: Draft) -> bool:
    if draft.status is EditStatus.UNPLACED:
        return False
    return draft.span is not None or (
        draft.place is not None and (draft.place.is_found or bool(draft.depends_on))
    )


def _limited(drafts: list[Draft], config: EditConfig) -> list[Draft]:
    """Return the drafts; those below the least impact, or beyond the number allowed, are closed."""
    ranked = sorted((d for d in drafts if d.is_open), key=lambda d: (-d.impact, d.index))
    closed: dict[int, Draft] = {}
    made = 0
    for draft in ranked:
        if draft.impact < config.min_impact:
            reason = f"its impact {draft.impact:.2f} is below the minimum of {config.min_impact:.2f}"
        elif made >= config.max_edits:
            reason = f"more than {config.max_edits} edits; its impact {draft.impact:.2f} ranks behind theirs"
        else:
            made += 1
            continue
        closed[draft.index] = draft.closed(EditStatus.DROPPED, reason)
    return [closed.get(d.index, d) for d in drafts]


def _orphans_closed(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; what was merged into a closed one is closed with it."""
    known = {d.id: d for d in drafts}
    return [
        d.closed(
            EditStatus.DROPPED,
            f"merged into {d.merged_into}, which is not made: {known[d.merged_into].reason}",
        )
        if d.merged_into in known and not known[d.merged_into].is_open
        else d
        for d in drafts
    ]


def _settled(passages: Passages, drafts: list[Draft]) -> list[Draft]:
    """Return the drafts; what depends on an edit that is not made goes to the end of the prompt."""
    made = {d.id for d in drafts if d.is_open}
    end = end_of_prompt(passages, "the section it belongs to is not added")
    return [
        replace(d, place=end, depends_on=(), reason=end.reason)
        if d.is_open and d.depends_on and not made.issuperset(d.depends_on)
        else d
        for d in drafts
    ]


# --- exact offsets ---------------------------------------------------------------------------------------


def _edits(passages: Passages, drafts: list[Draft]) -> list[Edit]:
    gone = [d.span for d in drafts if d.is_open and d.span is not None and not d.content]
    changed = [d for d in drafts if d.is_open and d.span is not None and d.content]
    slots = {d.index: _slot(passages, d, gone, changed) for d in drafts if d.is_open and d.place is not None}
    written = _written(passages, [d for d in drafts if d.index in slots], slots)
    return [
        _edit(passages.prompt, draft, slots.get(draft.index), *written.get(draft.index, ("", 0)))
        for draft in drafts
    ]


def _slot(passages: Passages, draft: Draft, gone: list[Span], changed: list[Draft]) -> Slot:
    assert draft.place is not None  # only insertions and moves have slots
    slot = find_slot(passages, draft.place, draft.text, gone)
    for other in changed:
        start, end = other.span or (0, 0)
        if start < slot.offset <= end and not slot.is_before:
            # Behind a passage that is replaced: behind what replaces it, and in its form.
            slot = replace(slot, offset=end)
            if "\n" in other.content and slot.style in (Style.ITEM, Style.PARAGRAPH):
                new = Passages(other.content)
                form = find_slot(new, Place(LocationType.WITHIN, (0, len(other.content)), ""), draft.text)
                slot = replace(form, offset=end, suffix=slot.suffix, is_alone=False)
        elif start < slot.offset < end:
            slot = replace(slot, offset=start)
    for start, end in gone:
        if start < slot.offset < end:
            slot = replace(slot, offset=start if slot.is_before else end)
    return slot


def _written(passages: Passages, drafts: list[Draft], slots: dict[int, Slot]) -> dict[int, tuple[str, int]]:
    """Return what each insertion writes and its order among those at the same offset."""
    groups: dict[tuple[int, bool], list[Draft]] = {}
    for draft in drafts:
        slot = slots[draft.index]
        groups.setdefault((slot.offset, slot.is_before), []).append(draft)
    written: dict[int, tuple[str, int]] = {}
    for members in groups.values():
        members.sort(key=lambda d: (slots[d.index].style, bool(d.depends_on), -d.impact, d.index))
        texts = render([(slots[d.index], d.text) for d in members], passages.structure.newline)
        for order, (draft, text) in enumerate(zip(members, texts, strict=True)):
            written[draft.index] = (text, order)
    return written


def _edit(prompt: str, draft: Draft, slot: Slot | None, content: str, order: int) -> Edit:
    location, target = None, ""
    if draft.span is not None:
        start, end = draft.span
        target = prompt[start:end]
        destination = slot.offset if slot is not None else None
        location = EditLocation(
            type=draft.location_type,
            start=start,
            end=end,
            section=draft.section,
            destination=destination,
            order=order,
        )
    elif slot is not None and draft.place is not None:
        location = EditLocation(
            type=draft.place.type,
            start=slot.offset,
            end=slot.offset,
            section=draft.section,
            marker=draft.place.marker,
            order=order,
        )
    return Edit(
        id=draft.id,
        operation=draft.operation,
        location=location,
        content=content or draft.content,
        target_text=target,
        text=draft.text,
        suggestion=draft.suggestion,
        suggestion_index=draft.index,
        rationale=draft.suggestion.rationale,
        impact=draft.impact,
        priority=draft.suggestion.priority,
        status=draft.status,
        reason=draft.reason,
        conflicts_with=draft.conflicts_with,
        depends_on=draft.depends_on,
        merged_into=draft.merged_into,
        validated=_is_validated(draft) and draft.is_open,
    )
