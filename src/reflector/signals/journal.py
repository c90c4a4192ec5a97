"""The log of every signal that passed: what each journal does, and the questions that all answer alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

import anyio
import anyio.to_thread

from reflector._text import one_line
from reflector.errors import ConfigurationError, InvalidSignalError
from reflector.signals.attributes import permitted, writable_extensions
from reflector.signals.signal import Signal

__all__ = ["COLUMNS", "Journal", "JournalRow", "check_limits", "encode"]


COLUMNS = ("id", "source", "type", "time_us", "correlationid", "causationid", "body")
JournalRow = tuple[str, str, str, int, str | None, str | None, str]
"""One signal as a journal keeps it: what queries look at, and the whole as structured-mode JSON.

`time_us` counts microseconds since 1970, as precise as the wire. A plain tuple, because the garbage collector leaves
those alone: a hundred thousand may wait at once.
"""


def encode(signal: Signal, *, strict: bool = False) -> JournalRow:
    """Return what a journal keeps of a signal: a snapshot, so that later changes to its data do not matter.

    Data without a JSON form, and extensions that CloudEvents does not allow, are left out and the extension
    `journalerror` says why, unless `strict`.

    Raises:
        InvalidSignalError: If another attribute breaks CloudEvents 1.0; if `strict`, in those cases too.
    """
    time_us = signal.time_us  # before it is written: then it is a number still
    try:
        body = signal.to_json()
    except InvalidSignalError as err:
        if strict:
            raise
        note = {"journalerror": permitted(one_line(str(err), 200))}
        kept = signal.replace(extensions=writable_extensions(signal.extensions or {}) | note)
        try:
            body = kept.to_json()
        except InvalidSignalError:
            body = kept.replace(data=None).to_json()
    return (
        signal.id,
        signal.source,
        signal.type,
        time_us,
        signal.correlationid,
        signal.causationid,
        body.decode(),
    )


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

        Data that has no JSON form is left out, and extensions that CloudEvents does not allow, with the reason as
        extension `journalerror`: a log never stops what it observes.

        Raises:
            InvalidSignalError: If another attribute breaks CloudEvents 1.0.
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

        Data that does not fit what is registered for its type now, as it may after a change, stays as it was kept.
        """

    @abstractmethod
    def get(self, id: str, source: str | None = None) -> Signal | None:
        """Return the signal of an id, without a source the first that used it; None if it is not there."""

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
        start = self.get(signal) if isinstance(signal, str) else self.get(signal.id, signal.source)
        found: dict[tuple[str, str], Signal] = {}
        waiting = deque([] if start is None else [start])
        while waiting:
            current = waiting.popleft()
            if (current.source, current.id) in found:
                continue
            found[current.source, current.id] = current
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
