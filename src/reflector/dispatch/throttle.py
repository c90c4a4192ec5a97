"""How fast a provider may be asked: at once, per minute, and as it says itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from reflector._clock import Clock
from reflector._text import as_seconds
from reflector.dispatch.capacity import Capacity
from reflector.errors import ConfigurationError, RateLimitedError

__all__ = ["Pass", "RateLimits", "Throttle"]

_MINUTE = 60.0
_WAITING = 1000
_SLOWEST = 1 / 8
"""The part of one request at once below which a provider is not slowed down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """How fast a model may be asked; None is without a limit."""

    concurrency: int = 16
    """Requests at once."""
    requests_per_minute: int | None = None
    """In any sixty seconds."""
    tokens_per_minute: int | None = None
    """Input and output, in any sixty seconds; what an answer will take is estimated from those before."""

    def __post_init__(self) -> None:
        for name in ("concurrency", "requests_per_minute", "tokens_per_minute"):
            value = getattr(self, name)
            is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not is_count and (value is not None or name == "concurrency"):
                raise ConfigurationError(f"{name} is a whole number >= 1; got {value!r}.")


class _Window:
    """What was let through in the last minute, and what is to come: times never go back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: deque[list[float]] = deque()
        self._sum = 0.0

    def earliest(self, now: float, start: float, amount: float, share: float) -> float:
        """Return when so much more may pass, from `start` on, if that much of the limit holds."""
        limit = max(1.0, self._limit * share)
        room = limit - min(amount, limit)
        while self._entries and self._entries[0][0] + _MINUTE <= now:
            self._sum -= self._entries.popleft()[1]
        if self._entries:
            start = max(start, self._entries[-1][0])
        left = self._sum
        for when, let_through in self._entries:
            if left <= room and when + _MINUTE > start:
                break
            start = max(start, when + _MINUTE)
            left -= let_through
        return start

    def add(self, when: float, amount: float) -> list[float]:
        """Write down that so much passes at a time."""
        entry = [when, amount]
        self._entries.append(entry)
        self._sum += amount
        return entry

    def correct(self, entry: list[float], amount: float) -> None:
        """Write down that it was another amount."""
        if self._entries and entry[0] >= self._entries[0][0]:
            self._sum += amount - entry[1]
            entry[1] = amount
        while self._entries and not self._entries[-1][1]:  # nobody queues behind what is not sent
            self._entries.pop()

    def put_off(self, now: float, until: float) -> None:
        """Move what is to come behind a pause, all of it equally far."""
        ahead = [entry for entry in self._entries if entry[0] > now]
        delay = until - ahead[0][0] if ahead else 0.0
        if delay > 0:
            for entry in ahead:
                entry[0] += delay


@dataclass(slots=True)
class Pass:
    """Leave to send one request. Give it back with `Throttle.leave`, once."""

    began: float = 0.0
    entries: list[tuple[_Window, list[float]]] = field(default_factory=list)


class Throttle:
    """Lets requests through as its limits and the provider allow; whoever waits is served by turns.

    A provider that says "too many" is asked half as fast from then on, and not at all by anybody before the time it
    named; every answer makes it a little faster again, up to the limits. Several event loops may share one.
    """

    def __init__(self, limits: RateLimits, clock: Clock, *, queued: int = _WAITING) -> None:
        self.limits = limits
        self.capacity = Capacity(limits.concurrency, queued)
        self._clock = clock
        self._share = 1.0
        self._slowed_at = self._paused_until = float("-inf")
        self._output = 500.0
        self._lock = threading.Lock()
        self._requests = _Window(limits.requests_per_minute) if limits.requests_per_minute else None
        self._tokens = _Window(limits.tokens_per_minute) if limits.tokens_per_minute else None

    @property
    def concurrency(self) -> int:
        """How many requests it lets through at once now."""
        return self.capacity.limit

    @property
    def is_free(self) -> bool:
        """Whether a request would pass without waiting for others to end."""
        return self.capacity.is_free

    async def enter(
        self,
        caller: Hashable,
        *,
        input_tokens: int,
        max_tokens: int | None,
        deadline: float,
        patience: float,
    ) -> Pass:
        """Wait for leave to send one request. Cancelled while it waits, it takes none.

        Args:
            caller: Whose turn it counts as.
            input_tokens: About.
            max_tokens: Of the answer, at most.
            deadline: A wait for the limits per minute or for a pause that would end later is not begun. How long it may
                wait for room, nobody can say before: that is for the caller to limit.
            patience: Seconds that a pause the provider asked for may last.

        Raises:
            RateLimitedError: At once, if it would have to wait longer. Nothing was sent.
        """
        if not self.capacity.take():
            await self.capacity.acquire(caller)
        leave = Pass()
        try:
            start = self._take(leave, input_tokens, max_tokens, deadline, patience)
            while start > self._clock.now():
                await self._clock.sleep_until(start)
                start = self._after_pause(start, deadline, patience)  # it may have been asked for meanwhile
                start = max([start, *(entry[0] for _, entry in leave.entries)])
                self._check(start, deadline, "its own limits per minute")
        except BaseException:
            self.leave(leave, was_sent=False)
            raise
        leave.began = self._clock.now()
        return leave

    def _take(
        self, leave: Pass, input_tokens: int, max_tokens: int | None, deadline: float, patience: float
    ) -> float:
        with self._lock:
            wanted = self._wanted(input_tokens, max_tokens)
            now = self._clock.now()
            start = self._after_pause(now, deadline, patience)
            for window, amount in wanted:
                start = window.earliest(now, start, amount, self._share)
            self._check(start, deadline, "its own limits per minute")
            leave.entries += [(window, window.add(start, amount)) for window, amount in wanted]
            return start

    def _wanted(self, input_tokens: int, max_tokens: int | None) -> list[tuple[_Window, float]]:
        output = self._output if max_tokens is None else min(self._output, max_tokens)
        tokens = max(1.0, input_tokens + output)  # nothing is what was taken back
        amounts = ((self._requests, 1.0), (self._tokens, tokens))
        return [(window, amount) for window, amount in amounts if window is not None]

    def wait(self, input_tokens: int, max_tokens: int | None) -> float:
        """Return the seconds for which its limits per minute would keep a request back now."""
        with self._lock:
            now = start = self._clock.now()
            for window, amount in self._wanted(input_tokens, max_tokens):
                start = window.earliest(now, start, amount, self._share)
        return max(start, self._paused_until) - now

    def leave(self, leave: Pass, *, was_sent: bool = True, tokens: int | None = None) -> None:
        """Make room for the next one; `tokens` is what it really took, where that is known."""
        with self._lock:
            for window, entry in leave.entries:
                if not was_sent:
                    window.correct(entry, 0)
                elif window is self._tokens and tokens is not None:
                    window.correct(entry, tokens)
        self.capacity.release()

    def _after_pause(self, start: float, deadline: float, patience: float) -> float:
        until = self._paused_until
        if until <= start:
            return start
        self._check(
            until, min(deadline, self._clock.now() + patience), "the pause that the provider asked for"
        )
        return until

    def _check(self, start: float, latest: float, reason: str) -> None:
        wait = start - self._clock.now()
        if wait > 0 and start > latest:
            raise RateLimitedError(
                f"{reason} would last {as_seconds(wait)} s longer, which is too long to wait for; nothing was sent",
                retry_after=wait,
            )

    def slow_down(self, sent_at: float, retry_after: float | None) -> None:
        """Take it that the provider refused a request for now.

        Args:
            sent_at: When that request passed. Of those that were under way together, only the first one counts.
            retry_after: Seconds that the provider asked to wait.
        """
        now = self._clock.now()
        with self._lock:
            if retry_after is not None:
                self._paused_until = max(self._paused_until, now + retry_after)
                for window in filter(None, (self._requests, self._tokens)):
                    window.put_off(now, self._paused_until)
            if sent_at < self._slowed_at:
                return
            self._slowed_at = now
            # Below one request at once it still slows down what may pass in a minute.
            self._share = max(_SLOWEST / self.limits.concurrency, self._share / 2)
            self.capacity.resize(self._limit())

    def speed_up(self, output_tokens: int | None) -> None:
        """Take it that the provider answered."""
        if output_tokens is not None and self._tokens is not None:
            self._output += (output_tokens - self._output) / 8
        if self._share == 1.0:
            return
        with self._lock:
            # One more at a time after each round of answers: what AIMD calls the additive increase. Below one: twice as
            # fast after each answer.
            step = 1 / (self.limits.concurrency * self._limit())
            self._share = min(1.0, self._share + min(step, self._share))
            if self._limit() != self.capacity.limit:
                self.capacity.resize(self._limit())

    def _limit(self) -> int:
        return max(1, int(self.limits.concurrency * self._share + 1e-9))
