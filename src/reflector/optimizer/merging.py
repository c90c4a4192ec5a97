"""Merging two candidates that share an ancestor: what either changed since then, both get."""

from __future__ import annotations

import difflib
import random
import re
from dataclasses import dataclass

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.pool import Pool

__all__ = ["Merge", "find_merge", "merge_texts"]

_ATTEMPTS = 20
_ALIKE = 0.5
"""Similarity from which on a piece counts as another wording."""
_PIECES = re.compile(r"\n+|[^\n]+")
_SENTENCES = re.compile(r"[^.!?\n]*[.!?]+[ \t]*|[^.!?\n]*\n|[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class Merge:
    """Two candidates as one."""

    parents: tuple[int, int]
    ancestor: int
    components: dict[str, str]


def find_merge(
    pool: Pool, tried: set[frozenset[int]], rng: random.Random, *, by_edits: bool = True
) -> Merge | None:
    """Return a merge of two candidates that the frontier needs, or None.

    A component that one of them has changed is that one's. One that both have changed gets the edits of both, or is
    that of the better one. Neither parent descends from the other, both are at least as good as their nearest common
    ancestor, and the result differs from every candidate of the pool. Pairs in `tried` are passed over.

    Source:
        GEPA (arXiv:2507.19457), Algorithm 4; there whole components only.
    """
    survivors = pool.survivors()
    pairs = [
        (first, second)
        for at, first in enumerate(survivors)
        for second in survivors[at + 1 :]
        if frozenset((first, second)) not in tried
    ]
    rng.shuffle(pairs)
    for first, second in pairs[:_ATTEMPTS]:
        tried.add(frozenset((first, second)))
        merge = _merged(pool, first, second, by_edits)
        if merge is not None:
            return merge
    return None


def _merged(pool: Pool, first: int, second: int, by_edits: bool) -> Merge | None:
    ours, theirs = pool.ancestors(first), pool.ancestors(second)
    if first in theirs or second in ours:
        return None
    ancestor = max(ours & theirs)  # the nearest: who descends from another has the higher number
    if pool.means[ancestor] > min(pool.means[first], pool.means[second]):
        return None
    better, other = (first, second) if pool.means[first] >= pool.means[second] else (second, first)
    base, left, right = (pool.candidates[number] for number in (ancestor, better, other))
    components = {
        name: merge_texts(base[name], left[name], right[name])
        if by_edits or left[name] == base[name]
        else left[name]
        for name in base
    }
    if pool.find(Candidate(components).key) is not None:
        return None
    return Merge((better, other), ancestor, components)


def merge_texts(base: str, left: str, right: str) -> str:
    """Return `left` with what `right` changed of `base`: by lines, and by sentences where they changed the same line.

    Where both changed the same sentences, those of `left` stay; what both added, both get.

    >>> merge_texts("A.\\nB.\\n", "A.\\nB.\\nC.\\n", "A2.\\nB.\\n")
    'A2.\\nB.\\nC.\\n'
    >>> merge_texts("Be kind. Be short.", "Be kind. Be brief.", "Be kind. Be short. Cite.")
    'Be kind. Be brief. Cite.'
    >>> merge_texts("A.", "A.\\n\\nB.", "A.\\n\\nC.")
    'A.\\n\\nB.\\n\\nC.'
    """
    if left == right or right == base:
        return left
    if left == base:
        return right
    merged = "".join(_merge(_PIECES.findall(base), _PIECES.findall(left), _PIECES.findall(right)))
    return merged.rstrip("\n") + left[len(left.rstrip("\n")) :]


def _merge(base: list[str], left: list[str], right: list[str], *, by_sentence: bool = False) -> list[str]:
    """Three-way merge of pieces: walk the regions that all three share, and settle what lies between."""
    merged: list[str] = []
    at = at_left = at_right = 0
    for start, start_left, start_right, size in [
        *_shared(base, left, right),
        (len(base), len(left), len(right), 0),
    ]:
        merged += _settle(base[at:start], left[at_left:start_left], right[at_right:start_right], by_sentence)
        merged += base[start : start + size]
        at, at_left, at_right = start + size, start_left + size, start_right + size
    return merged


def _settle(base: list[str], left: list[str], right: list[str], by_sentence: bool) -> list[str]:
    if left == right or right == base:
        return left
    if left == base:
        return right
    if by_sentence or not base:
        return _with_new(left, base, right, " " if by_sentence else "\n")
    parts = ["".join(pieces) for pieces in (base, left, right)]
    return _merge(*(_SENTENCES.findall(part) for part in parts), by_sentence=True)


def _with_new(left: list[str], base: list[str], right: list[str], gap: str) -> list[str]:
    """Return `left`, followed by what `right` has besides, as far apart as it was there.

    Left out is what `left` says too, and what is another wording of `base`, which `left` has settled.
    """
    known, settled = {piece.strip() for piece in left}, [piece.strip() for piece in base]
    merged = list(left)
    for before, piece in zip([gap, *right], right, strict=False):
        text = piece.strip()
        if not text or text in known or difflib.get_close_matches(text, settled, 1, _ALIKE):
            continue
        if merged and not merged[-1][-1:].isspace():
            merged.append(gap if before.strip() else before)
        merged.append(piece)
    return merged


def _shared(base: list[str], left: list[str], right: list[str]) -> list[tuple[int, int, int, int]]:
    """Return the runs of pieces that stand in all three, as (in base, in left, in right, length)."""
    with_left = _matches(base, left)
    with_right = _matches(base, right)
    shared: list[tuple[int, int, int, int]] = []
    for index in sorted(with_left.keys() & with_right.keys()):
        place = (index, with_left[index], with_right[index])
        if shared:
            last = shared[-1]
            if place == tuple(start + last[3] for start in last[:3]):
                shared[-1] = (*last[:3], last[3] + 1)
                continue
        shared.append((*place, 1))
    return shared


def _matches(base: list[str], other: list[str]) -> dict[int, int]:
    blocks = difflib.SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {block.a + offset: block.b + offset for block in blocks for offset in range(block.size)}
