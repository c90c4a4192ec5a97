"""Calling functions at their times, one alarm for all of them."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable

from reflector._clock import Clock
from reflector.agents._wake import Alarm, alarm_for

__all__ = ["Timer", "Timers"]

_FEW = 256


class Timer:
    """A call to come; `cancel` takes it back."""

    __slots__ = ("call", "is_cancelled", "when")

    def __init__(self, when: float, call: Callable[[], None]) -> None:
        self.when = when
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        """Do not make the call; no effect once it was made."""
        self.is_cancelled = True
        self.call = _nothing


def _nothing() -> None:
    return


class Timers:
    """The calls to come of one runtime, earliest first; equal times in the order they were set."""

    def __init__(self, clock: Clock, start: Callable[..., None]) -> None:
        self._clock = clock
        self._start = start
        self._alarm: Alarm | None = None
        self._rings_at = math.inf
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._sweep_at = _FEW
        """So many, and those that were taken back are thrown away: times far off may never come."""

    def at(self, when: float, call: Callable[[], None]) -> Timer:
        """Call a quick function that never raises once the clock shows `when`."""
        timer = Timer(when, call)
        self.again(timer, when)
        return timer

    def again(self, timer: Timer, when: float) -> None:
        """Make the call of a timer once more, unless it was cancelled."""
        timer.when = when
        heapq.heappush(self._heap, (when, next(self._order), timer))
        if len(self._heap) > self._sweep_at:
            self._heap = [entry for entry in self._heap if not entry[2].is_cancelled]
            heapq.heapify(self._heap)
            self._sweep_at = _FEW + 2 * len(self._heap)
        self._set_alarm()

    def __len__(self) -> int:
        return sum(not timer.is_cancelled for _, _, timer in self._heap)

    def close(self) -> None:
        """Forget all calls to come."""
        for _, _, timer in self._heap:
            timer.cancel()
        self._heap.clear()
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def alarm(self, ring: Callable[[], None]) -> Alarm:
        """Return an alarm on the same clock, for one time after the other."""
        return alarm_for(self._clock, ring, self._start)

    def _set_alarm(self) -> None:
        while self._heap and self._heap[0][2].is_cancelled:
            heapq.heappop(self._heap)
        if not self._heap or self._heap[0][0] >= self._rings_at:
            return
        if self._alarm is None:
            self._alarm = self.alarm(self._ring)
        self._rings_at = self._heap[0][0]
        self._alarm.set(self._rings_at)

    def _ring(self) -> None:
        self._rings_at = math.inf
        now = self._clock.now()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].is_cancelled):
            timer = heapq.heappop(self._heap)[2]
            if not timer.is_cancelled:
                timer.call()
        self._set_alarm()
