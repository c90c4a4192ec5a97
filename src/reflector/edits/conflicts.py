"""Edits that cannot all be made: finding them on true spans, choosing winners, saying why."""

from __future__ import annotations

from dataclasses import replace

from reflector.edits.contradictions import Rule, contradict, rules_of
from reflector.edits.drafts import Draft
from reflector.edits.duplicates import strongest_first
from reflector.edits.edit import (
    ConflictGroup,
    ConflictStrategy,
    ConflictType,
    EditOperation,
    EditStatus,
    LocationType,
)
from reflector.edits.likeness import folded, name_words, says_the_same
from reflector.edits.passages import spans_overlap

__all__ = ["resolve"]


def resolve(
    drafts: list[Draft], strategy: ConflictStrategy, prompt: str
) -> tuple[list[Draft], list[ConflictGroup]]:
    """Return the drafts with losers closed, and one group for each winner and kind of conflict.

    Drafts are taken strongest first; one that conflicts with an earlier survivor loses to it. Under
    `merge`, overlapping edits become one.
    """
    known = {d.index: d for d in drafts}
    ordered = strongest_first((d for d in drafts if d.is_open), strategy)
    rules = {d.index: rules_of(d) for d in ordered}
    survivors: list[int] = []
    lost: dict[tuple[int, ConflictType, bool], list[int]] = {}
    for draft in ordered:
        clashes = {i: _clash_of(known[i], draft, rules[i], rules[draft.index]) for i in survivors}
        against = [(known[i], type) for i, type in clashes.items() if type is not None]
        if not against:
            survivors.append(draft.index)
            continue
        winner, type = against[0]
        merged = None
        if strategy is ConflictStrategy.MERGE and len(against) == 1 and type is ConflictType.OVERLAPPING:
            merged = _union(winner, draft, prompt, [known[i] for i in survivors if i != winner.index])
        if merged is not None:
            known[winner.index] = merged
            known[draft.index] = replace(draft, merged_into=winner.id, reason=f"merged into {winner.id}")
        else:
            why = f"{_what_clashes(type, winner, draft)}; {_why(winner, draft, strategy)}"
            known[draft.index] = draft.closed(EditStatus.CONFLICT, why)
        for other, _ in against:
            _note(known, draft.index, other.index)
        lost.setdefault((winner.index, type, merged is not None), []).append(draft.index)
    groups = [_group(known, *key, losers, strategy) for key, losers in lost.items()]
    return [known[d.index] for d in drafts], groups


def _note(known: dict[int, Draft], one: int, other: int) -> None:
    for a, b in ((one, other), (other, one)):
        known[a] = replace(known[a], conflicts_with=(*known[a].conflicts_with, known[b].id))


def _group(
    known: dict[int, Draft],
    winner: int,
    type: ConflictType,
    merged: bool,
    losers: list[int],
    strategy: ConflictStrategy,
) -> ConflictGroup:
    first = known[winner]
    reason = "merged into one edit" if merged else _why(first, known[losers[0]], strategy)
    ids = (first.id, *(known[index].id for index in losers))
    return ConflictGroup(type=type, edits=ids, winner=first.id, reason=reason, is_merged=merged)


def _what_clashes(type: ConflictType, winner: Draft, loser: Draft) -> str:
    if type is ConflictType.DEPENDENT and loser.span is not None:
        return f"would take away the text that {winner.id} belongs to"
    return {
        ConflictType.OVERLAPPING: f"changes the same text as {winner.id}",
        ConflictType.CONTRADICTORY: f"contradicts {winner.id}",
        ConflictType.DEPENDENT: f"cannot stand beside {winner.id}, which removes the text it belongs to",
    }[type]


def _why(winner: Draft, loser: Draft, strategy: ConflictStrategy) -> str:
    if strategy is ConflictStrategy.FIRST:
        return f"{winner.id} came first"
    if (
        strategy is ConflictStrategy.HIGHEST_PRIORITY
        and winner.suggestion.priority is not loser.suggestion.priority
    ):
        return f"{winner.id} has the higher priority ({winner.suggestion.priority.value})"
    if strategy is not ConflictStrategy.HIGHEST_PRIORITY and winner.impact > loser.impact:
        return f"{winner.id} has the higher impact ({winner.impact:.2f} against {loser.impact:.2f})"
    return f"{winner.id} came first and both weigh the same"


def _union(a: Draft, b: Draft, prompt: str, others: list[Draft]) -> Draft | None:
    """Return one draft that changes the characters of both and says what both say, the earlier text first.

    None if they are not both plain changes of text, or if the union would touch a third edit.
    """
    if a.span is None or b.span is None or not (_is_plain(a) and _is_plain(b)):
        return None
    span = (min(a.span[0], b.span[0]), max(a.span[1], b.span[1]))
    if any(other.span is not None and spans_overlap(span, other.span) for other in others):
        return None
    first, second = (a, b) if (a.span, a.index) <= (b.span, b.index) else (b, a)
    texts = [d.content for d in (first, second) if d.content.strip()]
    if len(texts) == 2 and says_the_same(*texts):
        texts = texts[:1]
    if len(texts) == 2 and " ".join(folded(texts[1])) in " ".join(folded(texts[0])):
        texts = texts[:1]
    content = (" " if all("\n" not in text for text in texts) else "\n").join(texts)
    operation = EditOperation.REPLACE if content else EditOperation.DELETE
    return replace(
        a, span=span, content=content, text=content or prompt[span[0] : span[1]], operation=operation
    )


def _is_plain(draft: Draft) -> bool:
    return draft.operation in (EditOperation.REPLACE, EditOperation.DELETE) and not draft.is_whole_prompt


def _clash_of(a: Draft, b: Draft, rules_a: list[Rule], rules_b: list[Rule]) -> ConflictType | None:
    """Return why two edits cannot both be made, or None if they can."""
    if a.is_whole_prompt or b.is_whole_prompt or (a.span and b.span and spans_overlap(a.span, b.span)):
        return ConflictType.OVERLAPPING
    if _is_beside_removed(a, b) or _is_beside_removed(b, a):
        return ConflictType.DEPENDENT
    if _restores(a, b) or _restores(b, a) or contradict(rules_a, rules_b):
        return ConflictType.CONTRADICTORY
    return None


def _is_beside_removed(insert: Draft, other: Draft) -> bool:
    """Whether an insertion stands beside a passage, or in a section, that another edit deletes."""
    if insert.place is None or insert.operation is not EditOperation.INSERT or other.span is None:
        return False
    if other.operation not in (EditOperation.DELETE, EditOperation.MOVE):
        return False
    if insert.place.type in (LocationType.AFTER, LocationType.BEFORE):
        return spans_overlap(insert.place.span, other.span)
    section = insert.place.section
    return section is not None and other.span[0] <= section.start and section.end <= other.span[1] + 1


def _restores(insert: Draft, delete: Draft) -> bool:
    """Whether an edit writes what another one deletes."""
    if delete.operation is not EditOperation.DELETE or insert.operation not in (
        EditOperation.INSERT,
        EditOperation.REPLACE,
    ):
        return False
    added, removed = name_words(insert.text[:20_000]), name_words(delete.text[:20_000])
    if min(len(added), len(removed)) < 3:
        return added == removed
    one, other = " ".join(added), " ".join(removed)
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
