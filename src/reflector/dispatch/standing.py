"""What the market keeps of one provider: its room, its rate, its health, its credits."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio

from reflector._text import one_line
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.dispatch.capacity import Capacity, current_caller
from reflector.dispatch.decision import Candidate
from reflector.dispatch.health import Health
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.survival import is_blamed, pause_after
from reflector.dispatch.task import Task
from reflector.dispatch.throttle import Pass, RateLimits, Throttle
from reflector.errors import AskTimeoutError, ConfigurationError, ReflectorError
from reflector.usage import Budget, Usage

__all__ = ["Standing", "until"]

_NO_CARD = ProviderCard()
_LASTING = {
    "account", "cost_in", "cost_out", "latency", "quality", "context_window", "requests_per_minute",
}  # fmt: skip
_FIGURES = (
    "running", "waiting", "is_full", "refusal", "expected_cost", "credits", "credits_set_aside", "wait", "rate_wait",
    "measured_latency", "failures", "last_failure", "health_wait", "health",
)  # fmt: skip


class Standing:
    """One provider as the market sees it. Without a card it has nothing but its room."""

    __slots__ = (
        "_candidate", "_figures", "_is_judged", "_is_plain", "_is_priced", "_purse", "_purses", "_runtime", "_unsaid",
        "capacity", "card", "health", "is_charged", "ref", "throttle",
    )  # fmt: skip

    def __init__(self, runtime: Runtime, ref: AgentRef, purses: dict[str, Ledger]) -> None:
        self._runtime = runtime
        self.ref = ref
        self.card = card = _card(ref)
        self.throttle: Throttle | None = None
        self.health = None if card is _NO_CARD else Health(card.max_failures, card.pause)
        self._purses = purses
        self._purse: Ledger | None = None
        if card.credits is not None and card.account not in purses:
            purse = Ledger(Budget(cost_usd=card.credits), clock=runtime.clock)
            if card.account is None:
                self._purse = purse
            else:
                purses[card.account] = purse
        self._is_priced = card.is_priced
        self.is_charged = self._is_priced or card.account is not None or card.credits is not None
        """Whether what it does is written down, although it may not say what it used."""
        if card.requests_per_minute or card.tokens_per_minute:
            limits = RateLimits(
                concurrency=ref.concurrency,
                requests_per_minute=card.requests_per_minute,
                tokens_per_minute=card.tokens_per_minute,
            )
            self.throttle = Throttle(limits, runtime.clock, queued=card.queued)
        self.capacity = self.throttle.capacity if self.throttle else Capacity(ref.concurrency, card.queued)
        self._is_judged = self.is_charged or self.throttle is not None or card.latency is not None
        """Whether more than its room and its health matters."""
        self._is_plain = not self._is_judged and card.context_window is None
        lasting = {name: getattr(card, name) for name in _LASTING & card.model_fields_set}
        if card.when_full == "fail":
            lasting["lets_wait"] = False
        self._unsaid = Candidate(provider=ref.name, **lasting)
        """Without what may be another for the next task."""
        self._figures: tuple[Any, ...] = ()
        self._candidate = self._unsaid

    @property
    def credits(self) -> Ledger | None:
        """What keeps the credits of its account; None without a limit."""
        return self._purse if self.card.account is None else self._purses.get(self.card.account)

    @property
    def probe(self) -> anyio.Event | None:
        """What is set when the single task that tries it is over; None without one, or if nobody may wait."""
        return None if self.health is None or self.card.when_full == "fail" else self.health.probe

    @property
    def account(self) -> str:
        """The account, as it stands in the ledger."""
        return self.card.account or "-"

    @property
    def is_sure(self) -> bool:
        """Whether it takes any task, however it is judged: it has room, and there is nothing else to look at."""
        health = self.health
        return (health is None or not health.failures) and self._is_plain and self.capacity.is_free

    def candidate(self, task: Task, caller: Hashable | None, refusal: str | None = None) -> Candidate:
        """Return what is to be said of it for a task."""
        return self.said(self.figures(task, caller, refusal))

    def figures(self, task: Task, caller: Hashable | None, refusal: str | None = None) -> tuple[Any, ...]:
        """Return what may be another for the next task, in the order of `_FIGURES` as far as it matters."""
        card, capacity, health = self.card, self.capacity, self.health
        figures: tuple[Any, ...] = (capacity.running, capacity.waiting, capacity.is_full, refusal)
        if health is not None and (self._is_judged or health.failures or health.latency is not None):
            is_well = not health.failures
            now = 0.0 if is_well else self._runtime.clock.now()
            purse = self.credits if self.is_charged else None
            figures += (
                card.expected_cost(task.estimate) if self._is_priced else 0.0,
                None if purse is None else purse.cost_left,
                0.0 if purse is None else purse.cost_set_aside,
                0.0 if card.latency is None else self._wait(card.latency, caller),
                0.0 if self.throttle is None else self.throttle.wait(*_tokens(task)),
                health.latency,
                health.failures,
                health.reason,
                0.0 if is_well or self._is_insisted(task) else health.wait(now),
                "closed" if is_well else health.state(now),
            )
        return figures

    def said(self, figures: tuple[Any, ...]) -> Candidate:
        """Return what is to be said of it with such figures."""
        # Most of the time nothing has changed since the last task.
        if figures != self._figures:
            known = dict(zip(_FIGURES, figures, strict=False))
            self._figures, self._candidate = figures, self._unsaid.model_copy(update=known)
        return self._candidate

    def _wait(self, latency: float, caller: Hashable | None) -> float:
        """Return the seconds until those who wait before it have begun, if they take as long as the card says."""
        if self.capacity.is_free:
            return 0.0
        return self.capacity.ahead(caller or current_caller()) // self.capacity.limit * latency

    async def enter(self, task: Task, caller: Hashable | None, deadline: float) -> Pass | None:
        """Wait for room, and for the rate; give it back with `leave`.

        Raises:
            AskTimeoutError: If there was none before the deadline.
            RateLimitedError: If the rate leaves none before the deadline.
        """
        with until(self._runtime, deadline):
            return await self._enter(task, caller or current_caller(), deadline)
        raise AskTimeoutError(
            f"provider {self.ref.name!r} had no room in time: "
            f"{self.capacity.running} tasks run there, {self.capacity.waiting} wait"
        )

    async def _enter(self, task: Task, caller: Hashable, deadline: float) -> Pass | None:
        if self.throttle is None:
            await self.capacity.acquire(caller)
            return None
        tokens_in, tokens_out = _tokens(task)
        return await self.throttle.enter(
            caller, input_tokens=tokens_in, max_tokens=tokens_out, deadline=deadline, patience=math.inf
        )

    def leave(self, entry: Pass | None, used: Usage | None) -> None:
        """Give room back.

        Args:
            entry: What `enter` returned.
            used: What the task used, for the rate; None if it was not begun.
        """
        if entry is None or self.throttle is None:
            self.capacity.release()
        else:
            tokens = None if used is None else used.total_tokens
            self.throttle.leave(entry, was_sent=used is not None, tokens=tokens)

    def begin(self, now: float) -> int:
        """Take it that a task begins; return what the two below want to know of it."""
        return 0 if self.health is None else self.health.begin(now)

    def succeed(self, begun: int, seconds: float) -> None:
        """Take it that a task was done in so many seconds."""
        if self.health is not None:
            self.health.succeed(begun, seconds)

    def fail(self, begun: int, now: float, err: BaseException, *, seconds: float) -> None:
        """Take it that a task was not done, although it was given so many seconds."""
        if self.health is None:
            return
        usual = self.card.timeout or self.health.latency or 0.0
        was_hurried = isinstance(err, AskTimeoutError) and seconds < usual
        if isinstance(err, ReflectorError) and is_blamed(err) and not was_hurried:
            reason = one_line(f"{type(err).__name__}: {err}", 300)
            self.health.fail(begun, now, reason, pause=pause_after(err))
        else:
            self.health.abandon(begun)

    def is_ready(self, task: Task) -> bool:
        """Return whether it may still begin a task for which it was chosen some time ago."""
        if not self.ref.is_alive:
            return False
        purse = self.credits
        left = None if purse is None else purse.cost_left
        if left is not None and (left <= 0 or left < self.card.expected_cost(task.estimate)):
            return False
        health = self.health
        return health is None or self._is_insisted(task) or health.wait(self._runtime.clock.now()) == 0

    def _is_insisted(self, task: Task) -> bool:
        """Return whether a task is for this one only: to leave it alone would not send the task anywhere else."""
        return task.limits.providers == (self.ref.name,)


@contextmanager
def until(runtime: Runtime, deadline: float) -> Iterator[None]:
    """Leave the block at a time of the runtime's clock, if it is not left before."""
    with anyio.CancelScope() as scope:
        alarm = runtime.timers.at(deadline, scope.cancel)
        try:
            yield
        finally:
            alarm.cancel()


def _tokens(task: Task) -> tuple[int, int | None]:
    """Return the tokens that a task is expected to take and to give, as far as they are known."""
    estimate = task.estimate
    return (0, None) if estimate is None else (estimate.input_tokens, estimate.output_tokens)


def _card(ref: AgentRef) -> ProviderCard:
    card = ref.card
    if card is None:
        return _NO_CARD
    if not isinstance(card, ProviderCard):
        raise ConfigurationError(f"the card of {ref.name!r} has to be a ProviderCard; got {card!r}")
    return card
