"""Who refers to whom: chunks as a graph by the names that they call, and what matters in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reflector.code.chunk import Chunk, ChunkKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["focused", "pagerank", "reference_edges"]

_DAMPING = 0.85
_ROUNDS = 50
_BASES = re.compile(r"^[ \t]*class[ \t]+\w+[ \t]*\(([^)]*)\)", re.MULTILINE)
_NAME = re.compile(r"[\w.]+")
_OWN = ("self.", "cls.", "this.", "super.")


def focused(chunks: Sequence[Chunk], focus: Iterable[str]) -> list[int]:
    """Return the places of the chunks whose path or qualified name is among some."""
    wanted = set(focus)
    return [at for at, chunk in enumerate(chunks) if {chunk.path, chunk.name} & wanted]


def reference_edges(chunks: Sequence[Chunk]) -> NDArray[np.int64]:
    """Return which chunk refers to which, shape (m, 2), each pair once and nobody to itself, in order.

    A chunk refers to what it calls, is decorated with or inherits from. A name means what its own file defines, else
    the only definition in all chunks; a name with several definitions elsewhere means none of them. Names are
    compared, types are not known.
    """
    import numpy as np

    at_home: dict[tuple[str, str], list[int]] = {}
    anywhere: dict[str, list[int]] = {}
    for index, chunk in enumerate(chunks):
        for name in chunk.defines:
            at_home.setdefault((chunk.path, name), []).append(index)
            anywhere.setdefault(name, []).append(index)
    edges: set[tuple[int, int]] = set()
    for index, chunk in enumerate(chunks):
        for name in _names(chunk):
            simple = name.rpartition(".")[2].rpartition("::")[2]
            if simple not in anywhere:
                continue
            targets: Sequence[int] = at_home.get((chunk.path, simple), ())
            if not targets and len(anywhere[simple]) == 1:
                targets = anywhere[simple]
            elif len(targets) > 1:
                targets = _in_class(chunks, chunk, name, targets)
            edges.update((index, target) for target in targets if target != index)
    return np.array(sorted(edges), np.int64).reshape(-1, 2)


def pagerank(count: int, edges: NDArray[np.int64], preferred: Iterable[int] = ()) -> NDArray[np.float64]:
    """Return how much each of `count` chunks matters, shape (count,), adding up to 1.

    Args:
        count: The number of chunks.
        edges: Shape (m, 2): who refers to whom.
        preferred: Where attention starts. Empty: everywhere alike.

    Source:
        Page, Brin, Motwani, Winograd: The PageRank Citation Ranking (1999); damping 0.85.
    """
    import numpy as np

    if not count:
        return np.zeros(0)
    start = np.zeros(count)
    start[list(preferred)] = 1.0
    start = start / start.sum() if start.any() else np.full(count, 1 / count)
    referring = np.bincount(edges[:, 0], minlength=count)
    share = 1 / np.maximum(referring, 1)
    rank = start
    for _ in range(_ROUNDS):
        passed = np.bincount(edges[:, 1], (rank * share)[edges[:, 0]], count)
        lost = rank[referring == 0].sum()  # by those that refer to nobody
        new = (1 - _DAMPING) * start + _DAMPING * (passed + lost * start)
        if np.abs(new - rank).sum() < 1e-9:
            break
        rank = new
    result: NDArray[np.float64] = rank / rank.sum()
    return result


def _names(chunk: Chunk) -> Iterable[str]:
    yield from chunk.calls
    for decorator in chunk.decorators:
        yield from _NAME.findall(decorator.partition("(")[0])
    if chunk.kind is ChunkKind.CLASS:
        for found in _BASES.finditer(chunk.text):
            yield from _NAME.findall(found[1])


def _in_class(chunks: Sequence[Chunk], chunk: Chunk, name: str, targets: Sequence[int]) -> Sequence[int]:
    """Return the targets of a name that a file defines several times: those of the own class, or none but functions."""
    if name.startswith(_OWN):
        owner = chunk.name.rpartition(".")[0] if chunk.kind is ChunkKind.METHOD else chunk.name
        own = [each for each in targets if owner in (chunks[each].name, chunks[each].name.rpartition(".")[0])]
        return own or targets
    return [each for each in targets if chunks[each].kind is not ChunkKind.METHOD] or targets
