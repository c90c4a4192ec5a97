"""Chunks in groups that fit a model's window: alike ones together, or those that refer to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from reflector._json import Value
from reflector.code.chunk import Chunk, Chunks, Items
from reflector.code.cutting import split
from reflector.code.embedder import HashingEmbedder
from reflector.code.group_strategies import capped, led, merged, packed
from reflector.code.references import focused, pagerank, reference_edges
from reflector.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Group", "GroupQuality", "Groups", "group_chunks"]

Strategy = Literal["leader", "references", "pack"]


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


class Groups(Items[Group]):
    """The groups, those first that matter most, and the quality of the whole."""

    def __init__(self, groups: Iterable[Group], quality: GroupQuality) -> None:
        super().__init__(groups)
        self.quality = quality

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
        members = capped(led(vectors, threshold), tokens, max_tokens)
    else:
        assert max_tokens is not None
        blocks = [[index] for index in range(len(items))]
        if strategy == "references":
            blocks = merged(vectors, edges, tokens, max_tokens)
        members = packed(blocks, tokens, max_tokens)
    return _groups(items, members, vectors, edges, max_tokens, focus)


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


# --- figures -----------------------------------------------------------------------------------------------


def _groups(
    chunks: Chunks,
    members: list[list[int]],
    vectors: NDArray[np.float32],
    edges: NDArray[np.int64],
    max_tokens: int | None,
    focus: Iterable[str],
) -> Groups:
    import numpy as np

    ranks = pagerank(len(chunks), edges, focused(chunks, focus))
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
