"""Ranking chunks for a query: words and vectors blended, over one state of a store."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from reflector.code.words import is_identifier

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Lexical", "Snapshot", "best"]

_SAME_NAME = 10.0
_IDENTIFIER_WEIGHT = 0.5
"""The most that vectors count when the query is a name: the exact word is what is meant."""


class Lexical(Protocol):
    """Scores texts by the words they share with a query."""

    def scores(self, query: str) -> NDArray[np.float32]:
        """Return a score for each text, shape (n,); 0 for those without a word of the query."""
        ...


class Snapshot(NamedTuple):
    """What a search needs of one state of a store, in memory."""

    version: int
    numbers: list[int]
    """Of the chunks, by path and line."""
    lexical: Lexical
    vectors: NDArray[np.float32]
    """Shape (n, d)."""
    defined: Mapping[str, Sequence[int]]
    """Simple names in lower case, each with the rows of the chunks that bear it."""


def best(
    snapshot: Snapshot, query: str, vector: NDArray[np.float32], weight: float, limit: int
) -> list[tuple[int, float]]:
    """Return the numbers of the best chunks with their scores, the best first; only those with any likeness at all.

    A score is `weight` times the similarity of the vectors plus the rest times BM25, each counted in standard
    deviations from its mean over all chunks. What bears the very name that is asked for comes before everything else.
    """
    import numpy as np

    if not snapshot.numbers or not query.strip():
        return []
    weight = min(weight, _IDENTIFIER_WEIGHT) if is_identifier(query) else weight
    words = snapshot.lexical.scores(query)
    near = np.zeros(len(words), np.float32)
    if weight > 0 and snapshot.vectors.shape[1] == len(vector):
        # Not `@`: threads of BLAS that wait for a processor make it twenty times slower on a busy machine.
        near = np.einsum("nd,d->n", snapshot.vectors, vector)
    scores = weight * _standardized(near) + (1 - weight) * _standardized(words)
    named = list(snapshot.defined.get(_simple(query), ()))
    scores[named] += _SAME_NAME
    is_like = (words > 0) | (near > 0)
    is_like[named] = True  # tantivy scores the best thousand only
    rows = np.flatnonzero(is_like)
    if len(rows) > limit:
        # Only what is like the query: among thousands of equal scores the partition would take long.
        rows = rows[np.argpartition(scores[rows], -limit)[-limit:]]
    rows = rows[np.lexsort((rows, -scores[rows]))]
    return [(snapshot.numbers[row], float(scores[row])) for row in rows]


def _simple(query: str) -> str:
    """Return the last part of a name that is asked for; of words about the code, something that is no name."""
    return re.split(r"\.|::", query.strip().rstrip("()"))[-1].lower() if len(query.split()) == 1 else ""


def _standardized(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    spread = float(scores.std())
    result: NDArray[np.float32] = (scores - scores.mean()) / spread if spread > 1e-12 else scores * 0
    return result
