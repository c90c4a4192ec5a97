"""Signals that come later, once or again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reflector.agents.cell import Cell
from reflector.agents.timers import Timer
from reflector.signals.signal import Signal

if TYPE_CHECKING:
    from reflector.agents.runtime import Runtime

__all__ = ["Tick"]


class Tick:
    """One scheduled signal and its repetitions."""

    def __init__(self, runtime: Runtime, signal: Signal, cell: Cell, every: float | None) -> None:
        self._runtime = runtime
        self._signal = signal
        self._cell = cell
        self._every = every
        self._last: Signal | None = None

    def start(self, after: float) -> Timer:
        self._timer = self._runtime.timers.at(self._runtime.clock.now() + after, self._fire)
        return self._timer

    def _fire(self) -> None:
        if self._last is None or not self._cell.mailbox.holds_system(self._last):
            self._last = self._signal if self._last is None else _fresh(self._signal)
            self._cell.put_system(self._last)
        if self._every is not None and self._cell.is_alive:
            self._runtime.timers.again(self._timer, self._timer.when + self._every)


def _fresh(signal: Signal) -> Signal:
    """Return a signal that says the same, now."""
    return Signal(signal.type, signal.source, signal.data, subject=signal.subject)
