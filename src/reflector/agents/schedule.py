"""Signals that come later, once or again and again."""

from __future__ import annotations

from reflector._clock import Clock
from reflector.agents.cell import Cell
from reflector.agents.timers import Timer, Timers
from reflector.signals.signal import Signal

__all__ = ["Tick"]


class Tick:
    """One scheduled signal and its repetitions."""

    def __init__(self, timers: Timers, clock: Clock, signal: Signal, cell: Cell, every: float | None) -> None:
        self._timers = timers
        self._clock = clock
        self._signal = signal
        self._cell = cell
        self._every = every
        self._last: Signal | None = None

    def start(self, after: float) -> Timer:
        self._timer = self._timers.at(self._clock.now() + after, self._fire)
        return self._timer

    def _fire(self) -> None:
        if self._last is None or not self._cell.mailbox.holds_system(self._last):
            self._last = self._signal if self._last is None else _fresh(self._signal)
            self._cell.put_system(self._last)
        if self._every is not None and self._cell.is_alive:
            self._timers.again(self._timer, self._timer.when + self._every)


def _fresh(signal: Signal) -> Signal:
    """Return a signal that says the same, now."""
    return Signal(signal.type, signal.source, signal.data, subject=signal.subject)
