"""Whether a provider answers: the circuit breaker of the market."""

from __future__ import annotations

from typing import Literal

__all__ = ["Health", "HealthState"]

HealthState = Literal["closed", "open", "half_open"]
"""Whether tasks pass: `closed`, they do; `open`, they do not; `half_open`, a single one may try."""


class Health:
    """Counts failures in a row. After so many nobody is sent there for a pause; then a single task tries it.

    That task's success ends it all, its failure begins another pause. Tasks that were under way when the pause began
    change nothing any more. Times are those of the clock whose reading is handed over with each call.
    """

    __slots__ = ("_epoch", "_is_tried", "_limit", "_pause", "_until", "failures", "latency", "reason")

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
        """Seconds that a task took, those of late counting most. None: none was done."""
        self._limit = limit
        self._pause = pause
        self._until: float | None = None
        self._epoch = 0
        self._is_tried = False

    def state(self, now: float) -> HealthState:
        """Return whether tasks pass."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half_open"

    def wait(self, now: float) -> float | None:
        """Return the seconds until a task may pass: 0 if one may now, None if that depends on the one that tries."""
        if self._until is None:
            return 0.0
        return None if self._is_tried else max(0.0, self._until - now)

    def begin(self, now: float) -> int:
        """Return what `end` wants to know of a task that begins; `wait` has to be 0."""
        if self._until is not None:
            self._epoch += 1
            self._is_tried = True
        return self._epoch

    def succeed(self, begun: int, seconds: float) -> None:
        """Take it that a task was done in so many seconds."""
        self.latency = seconds if self.latency is None else self.latency + (seconds - self.latency) / 8
        if begun == self._epoch:
            self.failures, self._until, self._is_tried = 0, None, False

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
        if self._is_tried or pause is not None or self.failures >= self._limit:
            self._until = now + (pause or self._pause)
            self._epoch += 1
            self._is_tried = False

    def abandon(self, begun: int) -> None:
        """Take it that a task says nothing about the provider: it was cancelled, or could not be done by anybody."""
        if begun == self._epoch:
            self._is_tried = False
