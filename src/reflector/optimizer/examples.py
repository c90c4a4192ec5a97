"""The rows that candidates are run on, in three parts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reflector._text import shorten
from reflector.errors import ConfigurationError

__all__ = ["Examples", "Split", "read_examples"]

Split = str
"""`train`, `val` or `test`."""

_TOO_FEW = 8
"""Rows below which train and val share all of them, and nothing is left for a test."""


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows by their use. A row may be any object; it is handed to the rollout as it is.

    ```python
    rf.Examples(train=rows[:40], val=rows[40:80], test=rows[80:])
    ```
    """

    train: Sequence[Any]
    """Reflections see runs of these, with their feedback."""
    val: Sequence[Any] = ()
    """Candidates are chosen by their score on these; no reflection sees them. Empty: the training rows serve."""
    test: Sequence[Any] = ()
    """Never selected on: the seed against the best at the end. Empty: no test."""

    def __post_init__(self) -> None:
        for name in ("train", "val", "test"):
            rows = getattr(self, name)
            if isinstance(rows, str | bytes) or not isinstance(rows, Sequence):
                raise ConfigurationError(
                    f"{name} is a list of rows; got {type(rows).__name__} {shorten(repr(rows), 60)}."
                )
        if not self.train:
            raise ConfigurationError("there are no training rows: reflections need runs to learn from.")
        if not self.val:
            object.__setattr__(self, "val", self.train)

    @property
    def val_is_train(self) -> bool:
        """Whether candidates are chosen on the rows that reflections see: the scores flatter them then."""
        return self.val is self.train

    def rows(self, split: Split) -> Sequence[Any]:
        """Return the rows of one part."""
        rows: Sequence[Any] = getattr(self, split)
        return rows


def read_examples(rows: Any, seed: int) -> Examples:
    """Return the rows in three parts: as given, or a list split by the seed.

    A list is shuffled and divided: 2 in 5 train, 2 in 5 val, the rest test. Of fewer than 8 rows, all train and
    validate, and none test.

    Raises:
        ConfigurationError: If there are no rows, or these are none.

    >>> parts = read_examples(list(range(10)), seed=0)
    >>> len(parts.train), len(parts.val), len(parts.test)
    (4, 4, 2)
    """
    if isinstance(rows, Examples):
        return rows
    if isinstance(rows, str | bytes | dict) or not isinstance(rows, Sequence):
        raise ConfigurationError(
            f"rows are a list, or Examples(train=…, val=…, test=…); got {type(rows).__name__} "
            f"{shorten(repr(rows), 60)}."
        )
    if len(rows) < _TOO_FEW:
        return Examples(train=rows)
    order = list(rows)
    random.Random(f"split:{seed}").shuffle(order)
    part = max(1, len(order) * 2 // 5)
    return Examples(train=order[:part], val=order[part : 2 * part], test=order[2 * part :])
