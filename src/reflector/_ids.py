"""Identifiers: unique across processes, cheap to make."""

from __future__ import annotations

import itertools
import os
import secrets

__all__ = ["new_id"]

_prefix = secrets.token_hex(8)
_counter = itertools.count(1)


def _reseed() -> None:
    global _prefix, _counter
    _prefix = secrets.token_hex(8)
    _counter = itertools.count(1)


os.register_at_fork(after_in_child=_reseed)


def new_id(kind: str = "") -> str:
    """Return an identifier that no other call in any process returns, optionally prefixed by its kind."""
    number = f"{_prefix}-{next(_counter):x}"
    return f"{kind}_{number}" if kind else number
