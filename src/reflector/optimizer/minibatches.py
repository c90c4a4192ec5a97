"""Which training rows a proposal looks at: every row once in each epoch, in an order of its own."""

from __future__ import annotations

import random
from functools import lru_cache

__all__ = ["minibatch"]


def minibatch(number: int, size: int, rows: int, seed: int) -> tuple[int, ...]:
    """Return the rows of proposal `number`: a pure function, so that nothing has to be remembered.

    Proposals take `size` rows each from one endless sequence: all rows shuffled, then shuffled anew, and so on. A
    minibatch that reaches into the next epoch has no row twice.

    >>> sorted(minibatch(0, 2, 4, seed=0) + minibatch(1, 2, 4, seed=0))
    [0, 1, 2, 3]
    """
    size = min(size, rows)
    chosen: list[int] = []
    position = number * size
    while len(chosen) < size:
        epoch, place = divmod(position, rows)
        row = _shuffled(epoch, rows, seed)[place]
        if row not in chosen:
            chosen.append(row)
        position += 1
    return tuple(chosen)


@lru_cache(4)
def _shuffled(epoch: int, rows: int, seed: int) -> list[int]:
    order = list(range(rows))
    random.Random(f"epoch:{seed}:{epoch}").shuffle(order)
    return order
