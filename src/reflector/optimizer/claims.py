"""What a run may have to pay beyond what its log tells."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from reflector.dispatch.ledger import Claim, Ledger
from reflector.optimizer.runlog import RunLog
from reflector.usage import Usage

__all__ = ["Claims"]


class Claims:
    """Writes down what may have to be paid, before the call begins that it is for.

    A process that is killed leaves calls behind whose price nobody will know, and others that were paid although no
    fact tells of them. Each fact says how much that may be in all; in between, it is written down when it grows. Who
    goes on with the run counts the last such figure as spent: a budget holds however often a run is killed.

    A run without limits, or without a store, writes nothing.
    """

    def __init__(self, ledger: Ledger, log: RunLog) -> None:
        self._ledger = ledger
        self._log = log
        self._told = Usage()
        self._written = Claim()
        self._lock = threading.RLock()
        limits = (ledger.budget.cost_usd, ledger.budget.tokens, ledger.budget.calls)
        self._is_kept = log.path is not None and any(limit is not None for limit in limits)
        if self._is_kept:
            ledger.before_call = self._before_call

    def heard(self, usages: Iterable[Usage]) -> None:
        """Take notice of what the log tells already."""
        self._told = sum(usages, self._told)

    @contextmanager
    def telling(self, usages: Iterable[Usage]) -> Iterator[dict[str, Any] | None]:
        """Give out what is claimed beside a fact that tells of this; it is to be written within the block."""
        if not self._is_kept:
            yield None
            return
        with self._lock:
            self.heard(usages)
            self._written = self._ledger.claim(self._told)
            yield asdict(self._written)

    def close(self) -> None:
        """Write down what remains when nothing is under way any more."""
        with self._lock:
            if self._is_kept and self._ledger.claim(self._told) != self._written:
                self._write()

    async def _before_call(self) -> None:
        with self._lock:
            if self._ledger.claim(self._told).exceeds(self._written):
                self._write()
        await self._log.flush()  # another call may have written it down that is still waiting

    def _write(self) -> None:
        self._written = self._ledger.claim(self._told)
        self._log.claimed(asdict(self._written))
