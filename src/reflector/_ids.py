"""Identifiers: unique across processes, cheap to make."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator

__all__ = ["new_id"]

_FIRST = 0x1000_0000
"""All have eight digits, so that the texts sort as they were made: an index that takes them grows at its end."""


def _numbered() -> Iterator[str]:
    """Return a new prefix with one number after the other; made in C, as one is needed for every signal."""
    return map(f"{secrets.token_hex(8)}-%x".__mod__, itertools.count(_FIRST))


_ids = _numbered()


def _reseed() -> None:
    global _ids
    _ids = _numbered()


os.register_at_fork(after_in_child=_reseed)


def new_id(kind: str = "") -> str:
    """Return an identifier that no other call in any process returns, optionally prefixed by its kind.

    Those of one process sort in the order in which they were made.
    """
    return f"{kind}_{next(_ids)}" if kind else next(_ids)
