"""Ways to put chunks into groups, on their numbers: by a leader, along references and likeness, by size."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reflector.code.embedder import normalized

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["capped", "led", "merged", "packed"]

_BLOCK = 256
_SKETCH = 64
_SWEEPS = 4
_NEIGHBOURS = 2
_REFERENCE_WEIGHT = 1.0
_LEAST_WEIGHT = 0.3
"""Chunks that are less alike stay apart until the groups are filled up: small ones are needed there."""


def led(vectors: NDArray[np.float32], threshold: float) -> list[list[int]]:
    """Return the groups of greedy leaders in order: what one pass over all pairs would give, in blocks of products."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1)
    lengths[lengths == 0] = np.inf  # nothing is like it: a cosine of 0
    left = np.ones(len(vectors), bool)
    groups: list[list[int]] = []
    start = 0
    while start < len(vectors):
        candidates = start + np.flatnonzero(left[start:])[:_BLOCK]
        if not len(candidates):
            break
        rest = candidates[0] + np.flatnonzero(left[candidates[0] :])
        likeness = vectors[candidates] @ vectors[rest].T / np.outer(lengths[candidates], lengths[rest])
        for leader, row in zip(candidates, likeness, strict=True):
            if left[leader]:
                joining = rest[(row >= threshold) & left[rest] & (rest > leader)]
                left[leader] = False
                left[joining] = False
                groups.append([int(leader), *joining.tolist()])
        start = int(candidates[-1]) + 1
    return groups


def capped(groups: Iterable[list[int]], tokens: Sequence[int], max_tokens: int | None) -> list[list[int]]:
    """Return the groups cut in order where the budget is used up."""
    if max_tokens is None:
        return list(groups)
    capped: list[list[int]] = []
    for group in groups:
        room = 0
        for index in group:
            if tokens[index] > room or not room:
                capped.append([])
                room = max_tokens
            capped[-1].append(index)
            room -= tokens[index]
    return capped


def merged(
    vectors: NDArray[np.float32], edges: NDArray[np.int64], tokens: Sequence[int], max_tokens: int
) -> list[list[int]]:
    """Return blocks below the budget: chunks are joined along the heaviest edges first (references, and likeness)."""
    import numpy as np

    sketch = _sketched(vectors)
    pairs = np.concatenate([edges, _near(sketch)])
    weights = np.einsum("md,md->m", sketch[pairs[:, 0]], sketch[pairs[:, 1]])
    weights[: len(edges)] += _REFERENCE_WEIGHT
    pairs, weights = pairs[weights >= _LEAST_WEIGHT], weights[weights >= _LEAST_WEIGHT]
    parents = list(range(len(vectors)))
    sizes = list(tokens)

    def root_of(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for first, second in pairs[np.argsort(-weights, kind="stable")].tolist():
        first, second = root_of(first), root_of(second)
        if first != second and sizes[first] + sizes[second] <= max_tokens:
            parents[second] = first
            sizes[first] += sizes[second]
    blocks: dict[int, list[int]] = {}
    for index in range(len(parents)):
        blocks.setdefault(root_of(index), []).append(index)
    return list(blocks.values())


def _sketched(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors in a few random directions, shape (n, 64) or less, with cosines about as before."""
    import numpy as np

    if vectors.shape[1] > _SKETCH:
        directions = np.random.default_rng(0).standard_normal((vectors.shape[1], _SKETCH), np.float32)
        vectors = vectors @ directions
    return normalized(vectors)


def _near(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return pairs that are probably alike, shape (m, 2): neighbours along some directions, and in the given order."""
    import numpy as np

    count = len(vectors)
    orders = [np.arange(count), *np.argsort(vectors[:, :_SWEEPS], axis=0).T]
    found = [
        np.column_stack([order[:-step], order[step:]])
        for order in orders
        for step in range(1, min(_NEIGHBOURS, count - 1) + 1)
    ]
    return np.concatenate([np.zeros((0, 2), np.int64), *found])


def packed(blocks: Iterable[list[int]], tokens: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Return the blocks in as few groups as best fit finds: the largest first, each where least room is left."""
    sized = sorted(((sum(tokens[index] for index in block), block) for block in blocks), reverse=True)
    groups: list[list[int]] = []
    rooms: list[tuple[int, int]] = []
    for size, block in sized:
        place = bisect_left(rooms, (size, -1))
        if place == len(rooms):
            groups.append(list(block))
            insort(rooms, (max_tokens - size, len(groups) - 1))
        else:
            room, number = rooms.pop(place)
            groups[number] += block
            insort(rooms, (room - size, number))
    return groups
