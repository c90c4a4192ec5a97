"""When to stop validating a child that cannot win."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["chunks", "is_hopeless"]

_FIRST = 0.25
"""Share of the rows that the first chunk holds."""
_ERRORS = 2.0
"""Standard errors that the child has to be behind."""


def chunks(order: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the rows in the chunks in which a race is run: a quarter, a quarter, the rest.

    >>> chunks([3, 1, 2, 0])
    [(3,), (1,), (2, 0)]
    """
    size = max(1, round(len(order) * _FIRST))
    parts = (order[:size], order[size : 2 * size], order[2 * size :])
    return [tuple(part) for part in parts if part]


def is_hopeless(child: Mapping[int, float], rival: Sequence[float], best: Sequence[float]) -> bool:
    """Return whether a child has lost: it leads nowhere so far, and is clearly behind on the rows it was run on.

    Args:
        child: Its scores, by row.
        rival: The parent's, of all rows.
        best: The highest of any candidate, of all rows.
    """
    if any(score > best[row] for row, score in child.items()):
        return False
    differences = [score - rival[row] for row, score in child.items()]
    count = len(differences)
    mean = math.fsum(differences) / count
    if count < 2 or mean >= 0:
        return False
    spread = math.fsum((each - mean) ** 2 for each in differences)
    return mean + _ERRORS * math.sqrt(spread / (count - 1) / count) < 0
