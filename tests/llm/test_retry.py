"""When a call is tried again, how long is waited, and when it is not worth it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.errors import (
    ConfigurationError,
    ContextLengthError,
    EmptyAnswerError,
    LLMAuthenticationError,
    LLMConnectionError,
    LLMError,
    LLMServerError,
    LLMTimeoutError,
    QuotaExceededError,
    RateLimitedError,
)
from reflector.llm.retry import Retrier, RetryBudget, RetryPolicy


class Rehearsal:
    """A retrier whose time is told by its own sleeps, and a call that fails as often as it is told to."""

    def __init__(self, errors: Sequence[LLMError], *, jitter: float = 1.0, **settings: Any) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        self.calls = 0
        self._errors = list(errors)
        self.retrier = Retrier(
            settings.get("policy"),
            settings.get("budget"),
            sleep=self._sleep,
            clock=lambda: self.now,
            jitter=lambda: jitter,
        )

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    async def attempt(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "answer"

    async def run(self, limit: float | None = None) -> tuple[str, int]:
        return await self.retrier.call(self.attempt, timeout=limit, model="m")


@pytest.mark.anyio
async def test_a_call_that_succeeds_is_made_once() -> None:
    rehearsal = Rehearsal([])
    assert await rehearsal.run() == ("answer", 1)
    assert rehearsal.waits == []


@pytest.mark.anyio
async def test_what_may_pass_is_tried_three_times_with_growing_waits() -> None:
    rehearsal = Rehearsal([LLMServerError("down"), LLMConnectionError("gone")])
    assert await rehearsal.run() == ("answer", 3)
    assert rehearsal.waits == [0.5, 1.0]


@pytest.mark.anyio
async def test_the_last_error_leaves_with_the_number_of_tries() -> None:
    rehearsal = Rehearsal([LLMServerError(str(number)) for number in range(9)])
    with pytest.raises(LLMServerError, match="2") as caught:
        await rehearsal.run()
    assert rehearsal.calls == 3
    assert caught.value.__notes__ == ["tried 3 times in 1.5 s"]


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [LLMAuthenticationError, QuotaExceededError, ContextLengthError])
async def test_what_cannot_pass_is_not_tried_again(kind: type[LLMError]) -> None:
    rehearsal = Rehearsal([kind("no")])
    with pytest.raises(kind):
        await rehearsal.run()
    assert rehearsal.calls == 1


@pytest.mark.anyio
async def test_the_servers_own_wait_is_kept_to_the_second() -> None:
    rehearsal = Rehearsal([RateLimitedError("wait", retry_after=7.5)], jitter=0.0)
    assert await rehearsal.run() == ("answer", 2)
    assert rehearsal.waits == [7.5]


@pytest.mark.anyio
async def test_a_wait_of_more_than_a_minute_fails_at_once_with_the_hint() -> None:
    rehearsal = Rehearsal([RateLimitedError("wait", retry_after=61)])
    with pytest.raises(RateLimitedError) as caught:
        await rehearsal.run()
    assert (rehearsal.calls, rehearsal.waits, caught.value.retry_after) == (1, [], 61)


@pytest.mark.anyio
async def test_a_wait_that_would_end_after_the_deadline_is_not_begun() -> None:
    rehearsal = Rehearsal([LLMServerError("down"), RateLimitedError("wait", retry_after=30)])
    with pytest.raises(RateLimitedError):
        await rehearsal.run(10)
    assert (rehearsal.calls, rehearsal.waits) == (2, [0.5])


@pytest.mark.anyio
async def test_the_deadline_ends_a_call_that_hangs() -> None:
    async def hang() -> None:
        await anyio.sleep_forever()

    with pytest.raises(LLMTimeoutError, match=r"m did not answer within 0\.01 s"):
        await Retrier().call(hang, timeout=0.01, model="m")


@pytest.mark.anyio
async def test_a_time_out_during_another_try_keeps_the_failure_that_came_before() -> None:
    failure = LLMServerError("down")
    tries = iter([failure])

    async def fail_then_hang() -> None:
        for error in tries:
            raise error
        await anyio.sleep_forever()

    with pytest.raises(LLMTimeoutError, match="try 2") as caught:
        await Retrier(RetryPolicy(base=0.0)).call(fail_then_hang, timeout=0.05)
    assert caught.value.__cause__ is failure


@pytest.mark.anyio
async def test_cancellation_is_not_an_error_to_try_again() -> None:
    calls = 0

    async def hang() -> None:
        nonlocal calls
        calls += 1
        await anyio.sleep_forever()

    with anyio.move_on_after(0.01) as scope:
        await Retrier().call(hang)
    assert scope.cancelled_caught
    assert calls == 1


@pytest.mark.anyio
async def test_an_outage_uses_up_the_budget_and_then_fails_fast() -> None:
    budget = RetryBudget(5)
    calls = 0
    for _ in range(20):
        rehearsal = Rehearsal([LLMServerError("down")] * 3, budget=budget)
        with pytest.raises(LLMServerError):
            await rehearsal.run()
        calls += rehearsal.calls
    assert calls == 20 + 5


@pytest.mark.anyio
async def test_success_fills_the_budget_again() -> None:
    budget = RetryBudget(1, refill=0.5)
    assert budget.take(LLMServerError("down"))
    assert not budget.take(LLMServerError("down"))
    for _ in range(4):
        await Rehearsal([], budget=budget).run()
    assert budget.left == 1


@pytest.mark.anyio
async def test_being_told_to_wait_costs_no_budget() -> None:
    budget = RetryBudget(0)
    assert await Rehearsal([RateLimitedError("wait", retry_after=1)], budget=budget).run() == ("answer", 2)
    with pytest.raises(EmptyAnswerError):
        await Rehearsal([EmptyAnswerError("nothing")], budget=budget).run()


@pytest.mark.anyio
async def test_a_very_patient_policy_waits_a_thousand_times() -> None:
    rehearsal = Rehearsal([RateLimitedError("wait")] * 1100, policy=RetryPolicy(attempts=2000))
    assert await rehearsal.run() == ("answer", 1101)
    assert rehearsal.waits[-1] == 20.0


@given(
    attempts=st.integers(1, 6),
    jitter=st.floats(0, 1, exclude_max=True),
    failures=st.integers(0, 8),
    timeout=st.none() | st.floats(0.1, 60),
)
def test_tries_waits_and_deadline_stay_within_the_policy(
    attempts: int, jitter: float, failures: int, timeout: float | None
) -> None:
    policy = RetryPolicy(attempts=attempts)
    rehearsal = Rehearsal(
        [LLMServerError("down")] * failures, jitter=jitter, policy=policy, budget=RetryBudget(100)
    )

    async def run() -> None:
        try:
            _, tried = await rehearsal.run(timeout)
        except LLMServerError:
            return
        assert tried == failures + 1

    anyio.run(run)
    assert rehearsal.calls <= min(attempts, failures + 1)
    ceilings = [min(20.0, 0.5 * 2**number) for number in range(len(rehearsal.waits))]
    assert all(wait <= ceiling for wait, ceiling in zip(rehearsal.waits, ceilings, strict=True))
    assert timeout is None or sum(rehearsal.waits) < timeout


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"base": -1},
        {"longest_wait": -1},
        {"longest_retry_after": -1},
        {"base": "1"},
        {"longest_wait": None},
        {"budget": float("nan")},
    ],
)
def test_a_policy_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        RetryPolicy(**wrong)


def test_a_budget_below_zero_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        RetryBudget(-1)
