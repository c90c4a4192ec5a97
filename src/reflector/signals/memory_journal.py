"""The journal that ends with the process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime

import anyio.lowlevel

from reflector._clock import to_wall_us
from reflector.errors import JournalClosedError
from reflector.signals.journal import Journal, JournalRow, check_limits, encode
from reflector.signals.pattern import Pattern
from reflector.signals.signal import Signal, read_kept

__all__ = ["MemoryJournal"]


class MemoryJournal(Journal):
    """A journal in memory: for tests, and for looking at one run.

    It keeps the same snapshots as the one on disk.

    >>> journal = MemoryJournal()
    >>> question = Signal(type="demo.ping", source="/check")
    >>> journal.append(question)
    >>> journal.append(question.reply("pong"))
    >>> [signal.type for signal in journal.chain(question)]
    ['demo.ping', 'demo.ping.completed']
    """

    def __init__(self, *, max_signals: int | None = None, max_bytes: int | None = None) -> None:
        """Make an empty journal.

        Args:
            max_signals: How many are kept; the oldest go. None keeps all.
            max_bytes: How much JSON is kept; the oldest go, the newest always stays.
        """
        check_limits(max_signals, max_bytes)
        self._max_signals = max_signals
        self._max_bytes = max_bytes
        self._rows: dict[int, JournalRow] = {}
        self._next = 0
        self._bytes = 0
        self._by_id: dict[str, list[int]] = {}
        self._by_cause: dict[str, list[int]] = {}
        self._by_conversation: dict[str, list[int]] = {}
        self._lock = threading.Lock()
        self._closed = False

    def append(self, signal: Signal) -> None:
        self._add([encode(signal)])

    async def write(self, *signals: Signal) -> None:
        self._add([encode(signal, strict=True) for signal in signals])
        await anyio.lowlevel.checkpoint()

    async def flush(self) -> None:
        await anyio.lowlevel.checkpoint()

    def replay(
        self,
        pattern: str = "**",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        correlation: str | None = None,
    ) -> Iterator[Signal]:
        wanted = Pattern(pattern)
        earliest = None if since is None else to_wall_us(since)
        latest = None if until is None else to_wall_us(until)
        with self._lock:
            if correlation is None:
                rows = list(self._rows.values())
            else:
                places = {*self._by_conversation.get(correlation, ()), *self._by_id.get(correlation, ())}
                rows = [self._rows[place] for place in sorted(places)]
        for _, _, type_, time_us, _, _, body in rows:
            if (
                wanted.matches(type_)
                and (earliest is None or time_us >= earliest)
                and (latest is None or time_us < latest)
            ):
                yield read_kept(body)

    def get(self, id: str, source: str | None = None) -> Signal | None:
        found = self._read(self._by_id, id)
        return next((signal for signal in found if source in (None, signal.source)), None)

    def effects(self, cause: Signal | str) -> list[Signal]:
        return self._read(self._by_cause, cause if isinstance(cause, str) else cause.id)

    def __len__(self) -> int:
        return len(self._rows)

    def check(self) -> list[str]:
        return []

    def statistics(self) -> dict[str, int]:
        return {"signals": len(self._rows), "waiting": 0}

    def close(self) -> None:
        self._closed = True

    def _read(self, index: dict[str, list[int]], key: str) -> list[Signal]:
        with self._lock:
            bodies = [self._rows[place][-1] for place in index.get(key, ())]
        return [read_kept(body) for body in bodies]

    def _add(self, rows: list[JournalRow]) -> None:
        with self._lock:
            if self._closed:
                raise JournalClosedError("the journal is closed; append before closing it")
            for row in rows:
                if all(self._rows[place][1] != row[1] for place in self._by_id.get(row[0], ())):
                    self._keep(row)
            while self._is_too_large():
                self._drop_oldest()

    def _keep(self, row: JournalRow) -> None:
        place = self._next
        self._next += 1
        self._rows[place] = row
        self._bytes += _size(row)
        for index, key in self._keys(row):
            index.setdefault(key, []).append(place)

    def _drop_oldest(self) -> None:
        row = self._rows.pop(next(iter(self._rows)))
        self._bytes -= _size(row)
        for index, key in self._keys(row):
            places = index[key]
            del places[0]  # the oldest row is the first in each of its lists
            if not places:
                del index[key]

    def _keys(self, row: JournalRow) -> Iterator[tuple[dict[str, list[int]], str]]:
        """Yield each index that the row stands in, and its key there."""
        id_, _, _, _, correlation, cause, _ = row
        yield self._by_id, id_
        if cause is not None:
            yield self._by_cause, cause
        if correlation is not None:
            yield self._by_conversation, correlation

    def _is_too_large(self) -> bool:
        if self._max_signals is not None and len(self._rows) > self._max_signals:
            return True
        return self._max_bytes is not None and self._bytes > self._max_bytes and len(self._rows) > 1


def _size(row: JournalRow) -> int:
    body = row[-1]
    return len(body) if body.isascii() else len(body.encode())
