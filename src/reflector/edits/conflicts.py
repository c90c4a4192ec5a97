"""Edits that cannot all be made: finding them on true spans, choosing winners, saying why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from reflector.edits.contradictions import contradict, rules_of
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
from reflector.edits.likeness import folded, says_the_same
from reflector.edits.passages import spans_overlap

__all__ = ["resolve"]


def resolve(
    drafts: list[Draft], strategy: ConflictStrategy, prompt: str
) -> tuple[list[Draft], list[ConflictGroup]]:
    """Return the drafts with losers closed, and one group for each winner and kind of conflict.

    Drafts are taken strongest first; one that conflicts with an earlier survivor loses to it. Under
    `merge`, overlapping edits become one.
    """
    ordered = strongest_first((d for d in drafts if d.is_open), strategy)
    clashes: dict[int, dict[int, ConflictType]] = {d.index: {} for d in ordered}
    for pair in _pairs(ordered):
        clashes[pair.a][pair.b] = clashes[pair.b][pair.a] = pair.type
    known = {d.index: d for d in drafts}
    survivors: list[int] = []
    lost: dict[tuple[int, ConflictType, bool], list[int]] = {}
    for draft in ordered:
        against = [index for index in survivors if index in clashes[draft.index]]
        if not against:
            survivors.append(draft.index)
            continue
        winner = known[against[0]]
        type = clashes[draft.index][against[0]]
        merged = (
            _union(winner, draft, prompt) if _may_merge(strategy, type, winner, draft, len(against)) else None
        )
        if merged is not None and not _touches_others(
            merged, [known[i] for i in survivors if i != winner.index]
        ):
            known[winner.index] = merged
            known[draft.index] = replace(draft, merged_into=winner.id, reason=f"merged into {winner.id}")
        else:
            known[draft.index] = draft.closed(
                EditStatus.CONFLICT, f"{_clash(type, winner)}; {_why(winner, draft, strategy)}"
            )
        lost.setdefault((winner.index, type, merged is not None), []).append(draft.index)
    for index, others in clashes.items():
        names = tuple(known[other].id for other in sorted(others))
        known[index] = replace(known[index], conflicts_with=names)
    groups = [
        _group(known, winner, type, losers, strategy, merged)
        for (winner, type, merged), losers in lost.items()
    ]
    return [known[d.index] for d in drafts], groups


def _group(
    known: dict[int, Draft],
    winner: int,
    type: ConflictType,
    losers: list[int],
    strategy: ConflictStrategy,
    merged: bool,
) -> ConflictGroup:
    first = known[winner]
    reason = "merged into one edit" if merged else _why(first, known[losers[0]], strategy)
    ids = (first.id, *(known[index].id for index in losers))
    return ConflictGroup(type=type, edits=ids, winner=first.id, reason=reason, is_merged=merged)


def _clash(type: ConflictType, winner: Draft) -> str:
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


def _may_merge(strategy: ConflictStrategy, type: ConflictType, a: Draft, b: Draft, against: int) -> bool:
    is_change = all(
        d.operation in (EditOperation.REPLACE, EditOperation.DELETE) and not d.is_whole_prompt for d in (a, b)
    )
    return (
        strategy is ConflictStrategy.MERGE and type is ConflictType.OVERLAPPING and is_change and against == 1
    )


def _union(a: Draft, b: Draft, prompt: str) -> Draft | None:
    """Return one draft that changes the characters of both and says what both say, the earlier text first."""
    if a.span is None or b.span is None:
        return None
    span = (min(a.span[0], b.span[0]), max(a.span[1], b.span[1]))
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


def _touches_others(draft: Draft, others: list[Draft]) -> bool:
    return any(
        other.span is not None and draft.span is not None and spans_overlap(draft.span, other.span)
        for other in others
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    a: int
    b: int
    type: ConflictType


def _pairs(drafts: list[Draft]) -> list[_Pair]:
    rules = {d.index: rules_of(d) for d in drafts}
    pairs: list[_Pair] = []
    for a, b in combinations(drafts, 2):
        if a.is_whole_prompt or b.is_whole_prompt or (a.span and b.span and spans_overlap(a.span, b.span)):
            pairs.append(_Pair(a.index, b.index, ConflictType.OVERLAPPING))
        elif _is_beside_removed(a, b) or _is_beside_removed(b, a):
            pairs.append(_Pair(a.index, b.index, ConflictType.DEPENDENT))
        elif _restores(a, b) or _restores(b, a) or contradict(rules[a.index], rules[b.index]):
            pairs.append(_Pair(a.index, b.index, ConflictType.CONTRADICTORY))
    return pairs


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
    added, removed = folded(insert.text[:20_000]), folded(delete.text[:20_000])
    if min(len(added), len(removed)) < 3:
        return added == removed
    one, other = " ".join(added), " ".join(removed)
    return f" {one} " in f" {other} " or f" {other} " in f" {one} "
