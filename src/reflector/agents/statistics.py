"""Figures of a runtime: who waits, for what, how long."""

from __future__ import annotations

from reflector._json import Value

__all__ = ["Statistics", "Waits"]


class Waits:
    """How long signals waited in mailboxes. Counted at every signal, so it is kept to three numbers."""

    __slots__ = ("count", "longest", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        self.total += seconds
        if seconds > self.longest:
            self.longest = seconds


class Statistics(Value):
    """A moment of a runtime. Times in seconds, counts since it was opened."""

    agents: int
    running: int
    """Agents that handle a signal now."""
    queued: int
    """Signals in mailboxes."""
    blocked: int
    """Senders that wait for room in a mailbox."""
    waiting_asks: int
    """Askers that wait for an answer."""
    timers: int
    taken: int
    """Signals that agents took out of their mailboxes."""
    failures: int
    """Handlers that raised."""
    restarts: int
    dead_letters: int
    mean_wait: float
    """How long a signal stood in a mailbox, on average."""
    longest_wait: float
