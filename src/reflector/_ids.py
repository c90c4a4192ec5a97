"""Identifiers: unique across processes, cheap to make."""

from __future__ import annotations

import itertools
import os
import secrets

__all__ = ["new_id"]

_FIRST = 1_000_000_000
"""Numbers of ten digits, so that the texts sort as they were made: an index that takes them grows at its end."""

_prefix = secrets.token_hex(8)
_counter = itertools.count(_FIRST)


def _reseed() -> None:
    global _prefix, _counter
    _prefix = secrets.token_hex(8)
    _counter = itertools.count(_FIRST)


os.register_at_fork(after_in_child=_reseed)


def new_id(kind: str = "") -> str:
    """Return an identifier that no other call in any process returns, optionally prefixed by its kind.

    Those of one kind and one process sort in the order in which they were made.
    """
    number = f"{_prefix}-{next(_counter)}"
    return f"{kind}_{number}" if kind else number
