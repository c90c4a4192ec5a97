"""Edits that cannot all be made: what says the same is merged, of what clashes one wins, and why."""

from __future__ import annotations

from reflector.edits.drafts import Draft
from reflector.edits.edit import (
    ConflictGroup,
    ConflictStrategy,
    ConflictType,
    EditOperation,
    EditStatus,
    LocationType,
)
from reflector.edits.likeness import contains, folded, says_the_same
from reflector.edits.ranking import PRIORITY_RANK
from reflector.edits.units import overlap

__all__ = ["merge_duplicates", "resolve"]

_INSERT, _DELETE = EditOperation.INSERT, EditOperation.DELETE


# --- edits that say the same ----------------------------------------------------------------------------


def merge_duplicates(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, those dropped that another one makes unnecessary: it says the same, or more."""
    merged: dict[str, Draft] = {}
    kept: list[Draft] = []
    for draft in sorted((d for d in drafts if d.is_made), key=lambda d: d.strength):
        fuller = next((other for other in kept if _covers(other, draft)), None)
        pairs = [(draft, fuller)] if fuller else [(other, draft) for other in kept if _covers(draft, other)]
        for less, more in pairs:
            why = f"merged into {more.id}, which says the same"
            merged[less.id] = less.dropped(why).replace(merged_into=more.id)
        kept = [d for d in (*kept, draft) if d.id not in merged]
    return [merged.get(d.id, d) for d in drafts]


def _covers(fuller: Draft, draft: Draft) -> bool:
    """Whether an edit makes another one unnecessary."""
    is_twin = fuller.operation is draft.operation and fuller.span == draft.span
    if _DELETE in (fuller.operation, draft.operation):
        return is_twin
    if draft.operation is _INSERT and len(draft.text) > 20 and contains(fuller.text, draft.text):
        return True
    return is_twin and says_the_same(fuller.text, draft.text)


# --- edits that clash -----------------------------------------------------------------------------------


def resolve(
    drafts: list[Draft], strategy: ConflictStrategy, prompt: str
) -> tuple[list[Draft], tuple[ConflictGroup, ...]]:
    """Return the drafts with losers closed, and one group for each winner and kind of conflict.

    Drafts are taken strongest first; one that clashes with an earlier survivor loses to it. Under `merge`,
    overlapping edits become one.
    """
    known = {d.id: d for d in drafts}
    survivors: list[str] = []
    losers: dict[tuple[str, ConflictType, bool], list[str]] = {}
    for draft in sorted((d for d in drafts if d.is_made), key=lambda d: _rank(d, strategy)):
        clashes = [(known[id], type) for id in survivors if (type := _clash(known[id], draft))]
        if not clashes:
            survivors.append(draft.id)
            continue
        winner, type = clashes[0]
        others = [known[id] for id in survivors if id != winner.id]
        merges = strategy is ConflictStrategy.MERGE and len(clashes) == 1
        union = _union(winner, draft, prompt, others) if merges else None
        if union:
            why = "merged into one edit"
            known[winner.id] = union
            known[draft.id] = draft.replace(merged_into=winner.id, reason=f"merged into {winner.id}")
        else:
            why = _why(winner, draft, strategy)
            reason = f"{_what(type, winner, draft)}; {why}"
            known[draft.id] = draft.replace(status=EditStatus.CONFLICT, reason=reason)
        for one, other in ((draft.id, winner.id), (winner.id, draft.id)):
            known[one] = known[one].replace(conflicts_with=(*known[one].conflicts_with, other))
        losers.setdefault((winner.id, type, union is not None), [why]).append(draft.id)
    groups = (
        ConflictGroup(type=type, edits=(winner, *ids), winner=winner, reason=why, is_merged=is_merged)
        for (winner, type, is_merged), (why, *ids) in losers.items()
    )
    return [known[d.id] for d in drafts], tuple(groups)


def _rank(draft: Draft, strategy: ConflictStrategy) -> tuple[float, int]:
    if strategy is ConflictStrategy.FIRST:
        return 0, draft.suggestion_index
    if strategy is ConflictStrategy.HIGHEST_PRIORITY:
        return -PRIORITY_RANK[draft.priority], draft.suggestion_index
    return draft.strength


def _clash(a: Draft, b: Draft) -> ConflictType | None:
    """Return why two edits cannot both be made, or None if they can."""
    if a.is_whole_prompt or b.is_whole_prompt or (a.span and b.span and overlap(a.span, b.span)):
        return ConflictType.OVERLAPPING
    if _loses_place(a, b) or _loses_place(b, a):
        return ConflictType.DEPENDENT
    if _restores(a, b) or _restores(b, a):
        return ConflictType.CONTRADICTORY
    return None


def _loses_place(insert: Draft, delete: Draft) -> bool:
    """Whether an insertion stands beside a passage, or in a section, that another edit deletes."""
    if insert.place is None or delete.span is None or delete.operation is not _DELETE:
        return False
    if insert.place.type is LocationType.AFTER:
        return overlap(insert.place.span, delete.span)
    section = insert.place.section
    return section is not None and delete.span[0] <= section.start and section.end <= delete.span[1] + 1


def _restores(writing: Draft, delete: Draft) -> bool:
    """Whether an edit writes what another one deletes."""
    if delete.operation is not _DELETE or writing.operation is _DELETE:
        return False
    if min(len(folded(writing.text[:200])), len(folded(delete.text[:200]))) < 3:
        return folded(writing.text) == folded(delete.text)
    return contains(writing.text, delete.text) or contains(delete.text, writing.text)


def _union(a: Draft, b: Draft, prompt: str, others: list[Draft]) -> Draft | None:
    """Return one draft that changes the characters of both and says what both say, the earlier text first.

    None if they are not both plain changes of text, or if it would clash with another edit.
    """
    if a.span is None or b.span is None or a.is_whole_prompt or b.is_whole_prompt:
        return None
    span = (min(a.span[0], b.span[0]), max(a.span[1], b.span[1]))
    ordered = sorted((a, b), key=lambda d: (d.span or span, d.suggestion_index))
    texts = [d.content for d in ordered if d.content.strip()]
    if len(texts) == 2 and (says_the_same(*texts) or contains(*texts)):
        texts = texts[:1]
    content = ("\n" if any("\n" in text for text in texts) else " ").join(texts)
    operation = EditOperation.REPLACE if content else _DELETE
    text = content or prompt[span[0] : span[1]]
    union = a.replace(span=span, content=content, text=text, operation=operation)
    return None if any(_clash(union, other) for other in others) else union


def _what(type: ConflictType, winner: Draft, loser: Draft) -> str:
    if type is ConflictType.DEPENDENT and loser.span is not None:
        return f"would take away the text that {winner.id} belongs to"
    return {
        ConflictType.OVERLAPPING: f"changes the same text as {winner.id}",
        ConflictType.CONTRADICTORY: f"contradicts {winner.id}",
        ConflictType.DEPENDENT: f"cannot stand beside {winner.id}, which removes the text it belongs to",
    }[type]


def _why(winner: Draft, loser: Draft, strategy: ConflictStrategy) -> str:
    by_priority = strategy is ConflictStrategy.HIGHEST_PRIORITY
    if strategy is ConflictStrategy.FIRST:
        return f"{winner.id} came first"
    if by_priority and winner.priority is not loser.priority:
        return f"{winner.id} has the higher priority ({winner.priority.value})"
    if not by_priority and winner.impact > loser.impact:
        return f"{winner.id} has the higher impact ({winner.impact:.2f} against {loser.impact:.2f})"
    return f"{winner.id} came first and both weigh the same"
