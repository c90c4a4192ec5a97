"""Try a call again where that can help, and stop where it cannot. The one door to tenacity."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio

from reflector.errors import ConfigurationError, LLMError, LLMTimeoutError, RateLimitedError
from reflector.llm.wording import show_model

__all__ = ["Retrier", "RetryBudget", "RetryPolicy"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently a failed call is tried again."""

    attempts: int = 3
    """Requests at most, the first one included."""
    base: float = 0.5
    """Seconds: before try n + 1 a random wait in [0, base * 2^(n-1)], at most `longest_wait` ("full jitter")."""
    longest_wait: float = 20.0
    longest_retry_after: float = 60.0
    """Seconds: a server that asks for a longer wait is not waited for; its error leaves at once."""
    budget: float = 20.0
    """Retries that all calls to one model may use together; every answer gives a fifth of one back."""

    def __post_init__(self) -> None:
        figures = (self.base, self.longest_wait, self.longest_retry_after, self.budget)
        are_amounts = all(isinstance(figure, int | float) and figure >= 0 for figure in figures)
        if not isinstance(self.attempts, int) or self.attempts < 1 or not are_amounts:
            raise ConfigurationError(
                f"a retry policy needs a whole number of attempts >= 1, waits and a budget >= 0; got {self!r}."
            )


class RetryBudget:
    """Retries that all calls of one client may use together, so that an outage cannot multiply the bill.

    Every retry takes one, every call that succeeds gives `refill` back, never above `capacity`. Being
    told to wait costs nothing: a provider that limits the rate did no work to be paid for.
    """

    def __init__(self, capacity: float = 20, *, refill: float = 0.2) -> None:
        if capacity < 0 or refill < 0:
            raise ConfigurationError(f"a retry budget needs figures >= 0; got {capacity!r} and {refill!r}.")
        self.capacity = capacity
        self.refill = refill
        self.left = float(capacity)

    def take(self, error: LLMError) -> bool:
        """Take one retry for `error`; return whether there was one."""
        if isinstance(error, RateLimitedError):
            return True
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def give_back(self) -> None:
        """Count a call that succeeded."""
        self.left = min(float(self.capacity), self.left + self.refill)


class Retrier:
    """Calls with retries: one policy, one budget, and a clock, a sleep and a die that tests replace.

    Args:
        policy: How often and how patiently.
        budget: Shared by all calls through this object; None: as large as the policy says.
        sleep: Waits a number of seconds.
        clock: Seconds that never go back.
        jitter: Returns a random number in [0, 1).
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        budget: RetryBudget | None = None,
        *,
        sleep: Callable[[float], Awaitable[Any]] = anyio.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.budget = budget or RetryBudget(self.policy.budget)
        self._sleep = sleep
        self._clock = clock
        self._jitter = jitter

    async def call(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - it also decides which waits are begun at all
        model: str | None = None,
    ) -> tuple[T, int]:
        """Return what `attempt` returns and the number of tries it took.

        Only errors marked `retryable` are tried again. A wait that would end after the deadline is not
        begun: the error leaves at once.

        Args:
            attempt: One try; raises an `LLMError` when it fails.
            timeout: Seconds for everything, waits included.
            model: Named in the error.

        Raises:
            LLMTimeoutError: If the deadline passes during a try.
            LLMError: The error of the last try, with a note of how many there were.
        """
        begun = self._clock()
        failure: LLMError | None = None
        tried = 1
        with anyio.move_on_after(timeout):
            try:  # almost every call is over with this; tenacity costs more than all the rest of it
                result = await attempt()
            except LLMError as err:
                failure = err
            if failure is not None:
                try:
                    async for state in self._retrying(None if timeout is None else begun + timeout):
                        with state:
                            if state.retry_state.attempt_number == 1:
                                raise failure
                            tried += 1
                            result = await attempt()
                except LLMError as err:
                    if tried > 1:
                        err.add_note(f"tried {tried} times in {self._clock() - begun:.1f} s")
                    raise
            self.budget.give_back()
            return result, tried
        which = f" (try {tried} of at most {self.policy.attempts})" if tried > 1 else ""
        text = f"{show_model(model)} did not answer within {timeout:g} s{which}."
        raise LLMTimeoutError(text, model=model) from failure

    def _retrying(self, deadline: float | None) -> Any:
        from tenacity import AsyncRetrying, RetryCallState

        def should_retry(state: RetryCallState) -> bool:
            return self._is_worth_it(_error_of(state))

        def wait(state: RetryCallState) -> float:
            return self._wait(_error_of(state), state.attempt_number)

        def stop(state: RetryCallState) -> bool:
            error = _error_of(state)
            too_late = deadline is not None and self._clock() + state.upcoming_sleep >= deadline
            return state.attempt_number >= self.policy.attempts or too_late or not self.budget.take(error)

        return AsyncRetrying(sleep=self._sleep, retry=should_retry, wait=wait, stop=stop, reraise=True)

    def _is_worth_it(self, error: BaseException | None) -> bool:
        if not isinstance(error, LLMError) or not error.retryable:
            return False
        return error.retry_after is None or error.retry_after <= self.policy.longest_retry_after

    def _wait(self, error: BaseException | None, attempt: int) -> float:
        """Return the server's own wait, else a random one that may double with every try."""
        if isinstance(error, LLMError) and error.retry_after is not None:
            return error.retry_after
        doubled = 2.0 ** min(attempt - 1, 100)  # some policies try a thousand times
        ceiling = min(self.policy.longest_wait, self.policy.base * doubled)
        return ceiling * self._jitter()


def _error_of(state: Any) -> Any:
    return state.outcome.exception()
