"""Random draws as pure functions of names: the same names give the same draw in every process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import TypeVar

__all__ = ["digest", "normal", "pick", "shuffled", "uniform"]

T = TypeVar("T")
_NORMAL = NormalDist()
_STEPS = 1 << 53


def digest(*names: object, size: int = 8) -> str:
    """Return a hexadecimal digest of the names, of `size` bytes."""
    joined = "\x1f".join(map(str, names)).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=size).hexdigest()


def uniform(*names: object) -> float:
    """Return a number in [0, 1).

    >>> uniform("seed", 1) == uniform("seed", 1) != uniform("seed", 2)
    True
    """
    return (int(digest(*names), 16) >> 11) / _STEPS


def normal(*names: object) -> float:
    """Return a number of the standard normal distribution."""
    return _NORMAL.inv_cdf(min(max(uniform(*names), 1e-12), 1 - 1e-12))


def pick(options: Sequence[T], *names: object) -> T:
    """Return one of the options, each as likely as the others."""
    return options[int(uniform(*names) * len(options))]


def shuffled(items: Iterable[T], *names: object) -> list[T]:
    """Return the items in an order that the names decide, not the order they came in."""
    return sorted(items, key=lambda item: (uniform(*names, item), str(item)))
