"""Time as an argument: the system's clock, and one that tests move by hand."""

from __future__ import annotations

import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio
import anyio.lowlevel

__all__ = [
    "Clock",
    "SystemClock",
    "VirtualClock",
    "aware",
    "from_wall",
    "from_wall_us",
    "settle",
    "to_wall",
    "to_wall_us",
]

_EPOCH = datetime.fromtimestamp(0, UTC)
_QUICK_TURNS = 16
_MICROSECOND = timedelta(microseconds=1)
_OFFSET = (time.time_ns() - time.monotonic_ns()) // 1000
"""Wall time of the monotonic clock's zero, in microseconds.

Fixed at import, so that converting there and back changes nothing.
"""


class Clock(Protocol):
    """Where a runtime gets the time from. Seconds of `time.monotonic()`, or of a clock that a test moves."""

    def now(self) -> float:
        """Return the time in seconds; it never goes back."""
        ...

    async def sleep_until(self, when: float) -> None:
        """Return once `now()` is at least `when`."""
        ...


class SystemClock:
    """The monotonic clock of the machine."""

    now = staticmethod(time.monotonic)

    async def sleep_until(self, when: float) -> None:
        await anyio.sleep(max(0.0, when - time.monotonic()))


class VirtualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in the order of their times.

    >>> clock = VirtualClock()
    >>> clock.now()
    0.0
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, anyio.Event]] = []

    def now(self) -> float:
        return self._now

    @property
    def sleepers(self) -> int:
        """How many wait for a time to come."""
        return len(self._sleepers)

    async def sleep_until(self, when: float) -> None:
        if when <= self._now:
            await anyio.lowlevel.checkpoint()
            return
        event = anyio.Event()
        heapq.heappush(self._sleepers, (when, next(self._order), event))
        await event.wait()

    async def advance(self, seconds: float) -> None:
        """Move the clock on, letting each sleeper that is due run before the next one wakes."""
        target = self._now + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            when, _, event = heapq.heappop(self._sleepers)
            self._now = max(self._now, when)
            event.set()
            await settle()
        self._now = target
        await settle()


async def settle() -> None:
    """Return once every other task waits for something; for tests."""
    for _ in range(_QUICK_TURNS):
        # On asyncio the function below polls ten times a second as long as one is busy.
        await anyio.lowlevel.checkpoint()
    await anyio.wait_all_tasks_blocked()


def aware(moment: datetime) -> datetime:
    """Return a date and time with its offset; one without counts as UTC."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def to_wall(when: float) -> datetime:
    """Return the date and time, in UTC, of a moment of the system's monotonic clock: the calendar's end if beyond."""
    try:
        return _EPOCH + timedelta(microseconds=round(when * 1e6) + _OFFSET)
    except OverflowError:
        return (datetime.max if when > 0 else datetime.min).replace(tzinfo=UTC)


def from_wall(moment: datetime) -> float:
    """Return the moment of the system's monotonic clock at a date and time."""
    return (to_wall_us(moment) - _OFFSET) / 1e6


def to_wall_us(moment: datetime) -> int:
    """Return a date and time as microseconds since 1970, exactly; one without an offset counts as UTC."""
    return (aware(moment) - _EPOCH) // _MICROSECOND


def from_wall_us(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a date and time in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)
