"""The log of every signal that passed: appended in order, asked for causes, effects and conversations, replayed."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self

import anyio
import anyio.lowlevel
import anyio.to_thread

from reflector._text import clean, one_line
from reflector.errors import ConfigurationError, InvalidSignalError, JournalClosedError
from reflector.signals.pattern import Pattern
from reflector.signals.signal import Signal

__all__ = ["COLUMNS", "Journal", "JournalRow", "MemoryJournal", "check_limits", "encode", "microseconds"]


COLUMNS = ("id", "source", "type", "time_us", "correlationid", "causationid", "body")
JournalRow = tuple[str, str, str, int, str | None, str | None, str]
"""One signal as a journal keeps it: what queries look at, and the whole as structured-mode JSON.

`time_us` counts microseconds since 1970, as precise as the wire. A plain tuple, because the garbage collector leaves
those alone: a hundred thousand may wait at once.
"""


def encode(signal: Signal, *, strict: bool = False) -> JournalRow:
    """Return what a journal keeps of a signal: a snapshot, so that later changes to its data do not matter.

    Data without a JSON form is left out and the extension `journalerror` says why, unless `strict`.

    Raises:
        InvalidSignalError: If an attribute breaks CloudEvents 1.0, or if `strict`, data has no JSON form.
    """
    try:
        body = signal.to_json()
    except InvalidSignalError as err:
        if strict:
            raise
        note = {"journalerror": clean(one_line(str(err), 200))}
        body = signal.replace(data=None, extensions=(signal.extensions or {}) | note).to_json()
    time_us = signal.time_ns // 1000
    return (
        signal.id,
        signal.source,
        signal.type,
        time_us,
        signal.correlationid,
        signal.causationid,
        body.decode(),
    )


def microseconds(moment: datetime) -> int:
    """Return a time in microseconds since 1970; one without an offset counts as UTC, as in a signal."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1e6)


def check_limits(max_signals: int | None, max_bytes: int | None) -> None:
    """Raise ConfigurationError unless both limits are None or at least 1."""
    for name, limit in (("max_signals", max_signals), ("max_bytes", max_bytes)):
        if limit is not None and limit < 1:
            raise ConfigurationError(f"{name} must be 1 or more, or None for no limit; got {limit!r}")


class Journal(ABC):
    """An append-only log of signals.

    Order is that of appending. A signal is known by source and id: appending it again changes nothing. Every query
    sees what was appended before it. Close it, or use it as a context manager: closing writes what is waiting.
    """

    @abstractmethod
    def append(self, signal: Signal) -> None:
        """Add a signal without waiting for it to be written; `flush` waits.

        Data that has no JSON form is left out, with the reason as extension `journalerror`: a log never stops
        what it observes.

        Raises:
            JournalWriteError: If writing failed, or falls so far behind that the queue stays full.
            JournalClosedError: If the journal is closed.
        """

    @abstractmethod
    async def write(self, *signals: Signal) -> None:
        """Add signals, in order, and return when they are as safe as the journal makes them.

        Cancelled while it waits, it has added them all the same.

        Raises:
            InvalidSignalError: If one has no JSON form; none is added then.
            JournalWriteError: If writing failed.
            JournalClosedError: If the journal is closed.
        """

    @abstractmethod
    async def flush(self) -> None:
        """Return when everything appended so far is as safe as the journal makes it.

        Raises:
            JournalWriteError: If writing failed.
        """

    @abstractmethod
    def replay(
        self,
        pattern: str = "**",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        correlation: str | None = None,
    ) -> Iterator[Signal]:
        """Return the signals that match, in order, up to the last one appended when the first is taken.

        Args:
            pattern: Of the signal's type; see `Pattern`.
            since: Created at this time or later.
            until: Created before this time.
            correlation: The conversation: the id of its first signal, which itself belongs to it.
        """

    @abstractmethod
    def get(self, id: str) -> Signal | None:
        """Return the signal of an id, the first one if several sources used it; None if it is not there."""

    @abstractmethod
    def effects(self, cause: Signal | str) -> list[Signal]:
        """Return the signals that name this one (or this id) as their cause, in order."""

    @abstractmethod
    def __len__(self) -> int:
        """Return how many signals are kept."""

    @abstractmethod
    def check(self) -> list[str]:
        """Return what is wrong with the log: damage, gaps, columns that differ from the signal. Empty when sound."""

    @abstractmethod
    def statistics(self) -> dict[str, int]:
        """Return how many `signals` are kept and how many more are `waiting` to be written."""

    @abstractmethod
    def close(self) -> None:
        """Write what is waiting and close. Closing again changes nothing.

        Raises:
            JournalWriteError: If something could not be written.
        """

    def cause(self, effect: Signal | str) -> Signal | None:
        """Return the signal that caused this one, or None if it names none or the log does not hold it."""
        signal = self.get(effect) if isinstance(effect, str) else effect
        return None if signal is None or signal.causationid is None else self.get(signal.causationid)

    def chain(
        self, signal: Signal | str, direction: Literal["forward", "backward"] = "forward"
    ) -> list[Signal]:
        """Return a signal and all it led to (causes before effects), or all that led to it (nearest first).

        Circles in foreign data end where they close. Empty if the log does not hold the signal.
        """
        start = self.get(signal if isinstance(signal, str) else signal.id)
        found: dict[str, Signal] = {}
        waiting = deque([] if start is None else [start])
        while waiting:
            current = waiting.popleft()
            if current.id in found:
                continue
            found[current.id] = current
            if direction == "forward":
                waiting.extend(self.effects(current))
            elif (cause := self.cause(current)) is not None:
                waiting.append(cause)
        return list(found.values())

    def conversation(self, signal: Signal | str) -> list[Signal]:
        """Return the whole conversation that a signal (or a correlation id) belongs to, in order."""
        key = signal if isinstance(signal, str) else signal.correlationid or signal.id
        return list(self.replay(correlation=key))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)


class MemoryJournal(Journal):
    """A journal that ends with the process: for tests, and for looking at one run.

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
        self._known: set[tuple[str, str]] = set()
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
        earliest = None if since is None else microseconds(since)
        latest = None if until is None else microseconds(until)
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
                yield Signal.from_json(body)

    def get(self, id: str) -> Signal | None:
        return next(iter(self._read(self._by_id, id)), None)

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
        return [Signal.from_json(body) for body in bodies]

    def _add(self, rows: list[JournalRow]) -> None:
        with self._lock:
            if self._closed:
                raise JournalClosedError("the journal is closed; append before closing it")
            for row in rows:
                if row[:2] not in self._known:
                    self._keep(row)
            while self._is_too_large():
                self._drop_oldest()

    def _keep(self, row: JournalRow) -> None:
        place = self._next
        self._next += 1
        self._rows[place] = row
        self._bytes += len(row[-1])
        self._known.add(row[:2])
        for index, key in self._keys(row):
            index.setdefault(key, []).append(place)

    def _drop_oldest(self) -> None:
        row = self._rows.pop(next(iter(self._rows)))
        self._bytes -= len(row[-1])
        self._known.discard(row[:2])
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
