"""Edits that say the same: one of them is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations

from reflector.edits.drafts import Draft
from reflector.edits.edit import ConflictStrategy, EditOperation, EditStatus
from reflector.edits.likeness import Gist, folded
from reflector.edits.ranking import PRIORITY_RANK

__all__ = ["merge_duplicates", "strongest_first"]


def strongest_first(drafts: Iterable[Draft], strategy: ConflictStrategy) -> list[Draft]:
    keys: dict[ConflictStrategy, Callable[[Draft], tuple[float, ...]]] = {
        ConflictStrategy.FIRST: lambda d: (d.index,),
        ConflictStrategy.HIGHEST_PRIORITY: lambda d: (-PRIORITY_RANK[d.suggestion.priority], d.index),
        ConflictStrategy.HIGHEST_IMPACT: lambda d: (-d.impact, d.index),
        ConflictStrategy.MERGE: lambda d: (-d.impact, d.index),
    }
    return sorted(drafts, key=keys[strategy])


_Known = tuple[Draft, str, Gist]


def merge_duplicates(drafts: list[Draft]) -> list[Draft]:
    """Return the drafts, those closed that another one makes unnecessary; the fuller or stronger text stays."""
    ordered = strongest_first((d for d in drafts if d.is_open), ConflictStrategy.HIGHEST_IMPACT)
    known = [(d, " " + " ".join(folded(d.text[:20_000])) + " ") for d in ordered]
    closed: dict[int, Draft] = {}
    by_text: dict[tuple[EditOperation, object, str], Draft] = {}
    for draft, text in known:
        key = (draft.operation, draft.span, text)
        twin = by_text.setdefault(key, draft)
        if twin is not draft:
            closed[draft.index] = _merged(draft, twin)
    rest = [(d, text, Gist.of(d.text)) for d, text in known if d.index not in closed]
    for strong, weak in combinations(rest, 2):
        if strong[0].index in closed or weak[0].index in closed:
            continue
        covered = _covered(strong, weak)
        if covered is not None:
            winner = weak[0] if covered is strong[0] else strong[0]
            closed[covered.index] = _merged(covered, winner)
    return [closed.get(d.index, d) for d in drafts]


def _merged(draft: Draft, into: Draft) -> Draft:
    done = draft.closed(EditStatus.DROPPED, f"merged into {into.id}, which says the same")
    return replace(done, merged_into=into.id)


def _covered(first: _Known, second: _Known) -> Draft | None:
    """Return the draft of two that the other makes unnecessary."""
    (a, text_a, gist_a), (b, text_b, gist_b) = first, second
    if a.operation is EditOperation.DELETE and b.operation is EditOperation.DELETE:
        return b if a.span == b.span else None
    if EditOperation.DELETE in (a.operation, b.operation) or EditOperation.MOVE in (a.operation, b.operation):
        return None
    if a.operation is EditOperation.REPLACE and b.operation is EditOperation.REPLACE:
        return b if a.span == b.span and gist_a.agrees_with(gist_b) else None
    if b.operation is EditOperation.INSERT and len(text_b) > 20 and text_b in text_a:
        return b
    if a.operation is EditOperation.INSERT and len(text_a) > 20 and text_a in text_b:
        return a
    if a.operation is b.operation and gist_a.agrees_with(gist_b):
        return b
    return None
