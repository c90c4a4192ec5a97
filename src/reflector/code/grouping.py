"""Chunks in groups that fit a model's window: alike ones together, or those that refer to each other."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

from reflector._json import Value
from reflector.code.chunk import Chunk, Chunks
from reflector.code.cutting import split
from reflector.code.embedder import HashingEmbedder, normalized
from reflector.code.references import pagerank, reference_edges
from reflector.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Group", "GroupQuality", "Groups", "group_chunks"]

Strategy = Literal["references", "pack", "leader"]

_BLOCK = 256
_SKETCH = 64
_SWEEPS = 4
_NEIGHBOURS = 2
_REFERENCE_WEIGHT = 1.0
_LEAST_WEIGHT = 0.3
"""Chunks that are less alike stay apart until the groups are filled up: small ones are needed there."""


class Group(NamedTuple):
    """Chunks that go to a model together."""

    chunks: tuple[Chunk, ...]
    """In the order in which they were given."""
    tokens: int
    rank: float
    """The sum of its chunks' ranks in the graph of references: how much of what matters is in it."""
    cohesion: float
    """The mean cosine of its pairs; 1 for a single chunk."""
    vector: tuple[float, ...]
    """The mean of its chunks' vectors by their tokens, of length 1 (or 0)."""


class GroupQuality(Value):
    """How good a grouping is, in figures."""

    groups: int
    bound: int
    """The least number of groups that the budget allows; 0 without a budget."""
    fill: float
    """Tokens over budget times groups; 0 without a budget."""
    references: int
    """Pairs of chunks where one refers to the other."""
    references_kept: float
    """The fraction of these with both ends in one group; 1 when there are none."""
    cohesion: float
    """The mean cosine of all pairs that share a group."""
    largest: int
    """Tokens of the largest group."""
    oversized: int
    """Groups above the budget: a single line that is longer."""


class Groups(Sequence[Group]):
    """The groups, those first that matter most, and the quality of the whole."""

    def __init__(self, groups: Iterable[Group], quality: GroupQuality) -> None:
        self._groups = tuple(groups)
        self.quality = quality

    @overload
    def __getitem__(self, index: int) -> Group: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Group, ...]: ...
    def __getitem__(self, index: int | slice) -> Group | tuple[Group, ...]:
        return self._groups[index]

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def __repr__(self) -> str:
        return f"<{len(self)} groups of {sum(len(group.chunks) for group in self)} chunks>"


def group_chunks(
    chunks: Iterable[Chunk],
    *,
    strategy: Strategy = "references",
    max_tokens: int | None = 4000,
    threshold: float = 0.7,
    focus: Iterable[str] = (),
) -> Groups:
    """Return the chunks in groups, each of them in exactly one; the groups first that matter most.

    - `references`: chunks that refer to each other and are alike come together, then the groups are filled up.
    - `pack`: as few groups as possible, whatever is in them.
    - `leader`: the first chunk that is left leads a group of all that are left and as alike to it as `threshold`. With
      `max_tokens=None` this is the grouping of solfunmeme's planner; with a budget its groups are cut in order.

    A chunk above the budget is split at its lines first.

    Args:
        chunks: Those of an index come with their vectors; others are embedded by `HashingEmbedder`.
        strategy: See above.
        max_tokens: Of a group, estimated. None, no limit, is for `leader` only.
        threshold: The least cosine to the leader.
        focus: Paths or qualified names from which attention starts when the groups are ranked. Empty: from everywhere.

    Raises:
        InputError: If the strategy is unknown or a number out of range.
    """
    _check(strategy, max_tokens, threshold)
    items = _fitting(chunks, max_tokens)
    vectors = _vectors(items)
    edges = reference_edges(items)
    tokens = [chunk.tokens for chunk in items]
    if strategy == "leader":
        members = _capped(_led(vectors, threshold), tokens, max_tokens)
    else:
        assert max_tokens is not None
        blocks = [[index] for index in range(len(items))]
        if strategy == "references":
            blocks = _merged(vectors, edges, tokens, max_tokens)
        members = _packed(blocks, tokens, max_tokens)
    return _groups(items, members, vectors, edges, max_tokens, set(focus))


def _check(strategy: str, max_tokens: int | None, threshold: float) -> None:
    if strategy not in ("references", "pack", "leader"):
        raise InputError(f"strategy is 'references', 'pack' or 'leader'; got {strategy!r}.")
    if max_tokens is None and strategy != "leader":
        raise InputError(f"{strategy!r} needs max_tokens; only 'leader' goes without.")
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"max_tokens is above 0; got {max_tokens!r}.")
    if not -1 <= threshold <= 1:
        raise InputError(f"threshold is a cosine, in [-1, 1]; got {threshold!r}.")


def _fitting(chunks: Iterable[Chunk], max_tokens: int | None) -> Chunks:
    """Return the chunks with those above the budget split, and without their vectors then."""
    items = chunks if isinstance(chunks, Chunks) else Chunks(chunks)
    if max_tokens is None or all(chunk.tokens <= max_tokens for chunk in items):
        return items
    return Chunks(piece for chunk in items for piece in split(chunk, max_tokens))


def _vectors(chunks: Chunks) -> NDArray[np.float32]:
    if chunks.vectors is not None and chunks.vectors.shape[1]:
        return chunks.vectors
    return HashingEmbedder().embed([chunk.document for chunk in chunks])


# --- leader ------------------------------------------------------------------------------------------------


def _led(vectors: NDArray[np.float32], threshold: float) -> list[list[int]]:
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


def _capped(groups: Iterable[list[int]], tokens: Sequence[int], max_tokens: int | None) -> list[list[int]]:
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


# --- references and packing --------------------------------------------------------------------------------


def _merged(
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


def _packed(blocks: Iterable[list[int]], tokens: Sequence[int], max_tokens: int) -> list[list[int]]:
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


# --- figures -----------------------------------------------------------------------------------------------


def _groups(
    chunks: Chunks,
    members: list[list[int]],
    vectors: NDArray[np.float32],
    edges: NDArray[np.int64],
    max_tokens: int | None,
    focus: set[str],
) -> Groups:
    import numpy as np

    preferred = [index for index, chunk in enumerate(chunks) if {chunk.path, chunk.name} & focus]
    ranks = pagerank(len(chunks), edges, preferred)
    tokens = np.array([chunk.tokens for chunk in chunks], np.int64)
    owner = np.zeros(len(chunks), np.int64)
    groups: list[Group] = []
    likeness = pairs = 0.0
    for number, indices in enumerate(members):
        indices.sort()
        owner[indices] = number
        inside, weights = vectors[indices], tokens[indices]
        total = inside.sum(axis=0)
        own_pairs = len(indices) * (len(indices) - 1) / 2
        own_likeness = (float(total @ total) - float(np.einsum("nd,nd->", inside, inside))) / 2
        likeness, pairs = likeness + own_likeness, pairs + own_pairs
        mean = np.einsum("n,nd->d", weights.astype(np.float32), inside)
        mean = mean / (np.linalg.norm(mean) or 1.0)
        groups.append(
            Group(
                tuple(chunks[index] for index in indices),
                int(weights.sum()),
                float(ranks[indices].sum()),
                own_likeness / own_pairs if own_pairs else 1.0,
                tuple(mean.tolist()),
            )
        )
    kept = float(np.mean(owner[edges[:, 0]] == owner[edges[:, 1]])) if len(edges) else 1.0
    total_tokens = int(tokens.sum())
    budget = max_tokens or 0
    quality = GroupQuality(
        groups=len(groups),
        bound=-(-total_tokens // budget) if budget else 0,
        fill=total_tokens / (budget * len(groups)) if budget and groups else 0.0,
        references=len(edges),
        references_kept=kept,
        cohesion=likeness / pairs if pairs else 1.0,
        largest=max((group.tokens for group in groups), default=0),
        oversized=sum(budget and group.tokens > budget for group in groups),
    )
    return Groups(sorted(groups, key=lambda group: -group.rank), quality)
