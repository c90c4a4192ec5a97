"""Whether a provider answers: the circuit breaker of the market."""

from __future__ import annotations

from typing import Literal

import anyio

__all__ = ["Health", "HealthState"]

HealthState = Literal["closed", "open", "half_open"]
"""Whether tasks pass: `closed`, they do; `open`, they do not; `half_open`, a single one may try."""


class Health:
    """Counts failures in a row. After so many nobody is sent there for a pause; then a single task tries it.

    That task's success ends it all, its failure begins another pause. Tasks that were under way when the pause began
    change nothing any more. Times are those of the clock whose reading is handed over with each call.
    """

    __slots__ = ("_epoch", "_limit", "_mean", "_pause", "_until", "failures", "latency", "probe", "reason")

    def __init__(self, limit: int | None, pause: float) -> None:
        """Make one.

        Args:
            limit: How many failures in a row are too many. None: there cannot be too many.
            pause: Seconds.
        """
        self.failures = 0
        """In a row."""
        self.reason = ""
        """The last failure."""
        self.latency: float | None = None
        """Seconds that a task took, those of late counting most, in steps of a tenth. None: none was done."""
        self._mean = 0.0
        self.probe: anyio.Event | None = None
        """Set when the single task that tries it is over; None while there is none."""
        self._limit = limit
        self._pause = pause
        self._until: float | None = None
        self._epoch = 0

    def state(self, now: float) -> HealthState:
        """Return whether tasks pass."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half_open"

    def wait(self, now: float) -> float:
        """Return the seconds until a task may pass, 0 if one may now; while one tries it, what that takes, about."""
        if self._until is None:
            return 0.0
        return max(0.0, self._until - now) if self.probe is None else self.latency or self._pause

    def begin(self, now: float) -> int:
        """Take it that a task begins; return what the other methods want to know of it."""
        if self._until is not None:
            self._end_probe()
            self._epoch += 1
            self.probe = anyio.Event()
        return self._epoch

    def succeed(self, begun: int, seconds: float) -> None:
        """Take it that a task was done in so many seconds."""
        self._mean = mean = seconds if self.latency is None else self._mean + (seconds - self._mean) / 8
        if self.latency is None or abs(mean - self.latency) > 0.1 * self.latency:
            self.latency = mean
        if begun == self._epoch:
            self.failures, self._until = 0, None
            self._end_probe()

    def fail(self, begun: int, now: float, reason: str, *, pause: float | None = None) -> None:
        """Take it that a task failed, and not for its own fault.

        Args:
            begun: What `begin` returned.
            now: The time.
            reason: Why, for people.
            pause: If the provider is to be left alone at once: for so many seconds, 0 being the usual number.
        """
        if begun != self._epoch or self._limit is None:
            return
        self.failures += 1
        self.reason = reason
        if self.probe is not None or pause is not None or self.failures >= self._limit:
            self._until = now + (pause or self._pause)
            self._epoch += 1
            self._end_probe()

    def abandon(self, begun: int) -> None:
        """Take it that a task says nothing about the provider: it was cancelled, or could not be done by anybody."""
        if begun == self._epoch:
            self._end_probe()

    def _end_probe(self) -> None:
        if self.probe is not None:
            self.probe.set()
            self.probe = None
