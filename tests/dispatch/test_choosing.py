"""The market's choice: who is capable, and who of them is best under a policy."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.dispatch.choosing import choose
from reflector.dispatch.decision import Candidate
from reflector.errors import ConfigurationError, NoHandlerError, NoProviderError, ProviderBusyError

candidates = st.lists(
    st.builds(
        Candidate,
        provider=st.text("abc", min_size=1),
        expected_cost=st.sampled_from([0.0, 0.1, 0.2]),
        latency=st.sampled_from([None, 1.0, 5.0]),
        running=st.integers(0, 2),
        waiting=st.integers(0, 2),
        is_full=st.booleans(),
        lets_wait=st.booleans(),
        cost_in=st.sampled_from([0.0, 0.1, 0.2]),
        cost_out=st.sampled_from([0.0, 0.1]),
        credits=st.sampled_from([None, -1.0, 0.0, 0.1, 5.0]),
        quality=st.sampled_from([None, 0.0, 0.5, 1.0]),
        measured_latency=st.sampled_from([None, 0.5, 2.0]),
        context_window=st.sampled_from([None, 100]),
        requests_per_minute=st.sampled_from([None, 1, 10]),
        rate_wait=st.sampled_from([0.0, 1.0]),
        wait=st.sampled_from([0.0, 1.0]),
        health_wait=st.sampled_from([0.0, 3.0]),
    ),
    min_size=1,
    max_size=5,
)


def test_the_cheapest_is_chosen_and_everybody_is_accounted_for() -> None:
    decision = choose(
        "demo",
        [
            Candidate(provider="dear", expected_cost=0.3),
            Candidate(provider="cheap", expected_cost=0.1),
            Candidate(provider="slow", expected_cost=0.0, latency=60.0),
        ],
        cost_limit=0.2,
        time_left=10.0,
    )
    assert decision.provider == "cheap"
    assert decision.reason == "the only capable provider, $0.1 a task"
    assert [candidate.refusal for candidate in decision.candidates] == [
        "asks $0.3 a task; the limit is $0.2",
        None,
        "takes about 60 s; 10 s are left",
    ]


def test_of_equal_price_the_one_with_the_shorter_line_is_chosen() -> None:
    decision = choose(
        "demo", [Candidate(provider="a", running=1, waiting=3), Candidate(provider="b", running=1, waiting=1)]
    )
    assert decision.provider == "b"
    assert "as cheap as any of 2" in decision.reason


def test_of_equal_price_the_better_one_is_chosen() -> None:
    decision = choose("demo", [Candidate(provider="a", quality=0.1), Candidate(provider="b", waiting=1)])
    assert decision.provider == "b"
    assert decision.reason == "as cheap as any of 2 capable providers, $0 a task, and the best of those"


def test_a_dearer_one_with_room_goes_before_a_full_one() -> None:
    full = Candidate(provider="cheap", running=1, waiting=9, is_full=True)
    decision = choose("demo", [full, Candidate(provider="dear", expected_cost=1.0)])
    assert decision.provider == "dear"
    assert decision.reason == "the cheapest that is not full, $1 a task"
    waits = choose("demo", [full])
    assert (
        waits.reason
        == "the only capable provider, $0 a task; it is full: 1 running, 9 waiting, so the task waits"
    )


def test_full_ones_that_let_nobody_wait_are_busy() -> None:
    with pytest.raises(ProviderBusyError, match="a is full: 1 running, 0 waiting") as caught:
        choose("demo", [Candidate(provider="a", running=1, is_full=True, lets_wait=False)])
    assert caught.value.retryable
    assert isinstance(caught.value, NoHandlerError)


def numbered(found: list[Candidate]) -> list[Candidate]:
    return [candidate.replace(provider=str(number)) for number, candidate in enumerate(found)]


def best_first(policy: str) -> Any:
    """Return what a policy wants to be low, written down once more."""
    took = lambda each: each.latency if each.measured_latency is None else each.measured_latency  # noqa: E731
    return {
        "expected_cost": lambda each: each.expected_cost,
        "price_sum": lambda each: each.cost_in + each.cost_out,
        "latency": lambda each: math.inf if took(each) is None else took(each),
        "quality": lambda each: 2 if each.quality is None else 1 - each.quality,
    }[policy]


@pytest.mark.slow
@given(
    candidates,
    st.sampled_from([None, 0.0, 0.1]),
    st.sampled_from([None, 0.5, 2.0]),
    st.sampled_from([0, 101]),
    st.sampled_from(
        ["expected_cost", "price_sum", "latency", "quality", "weighted", lambda each: each.running]
    ),
)
def test_the_choice_is_capable_and_nobody_capable_with_room_is_better(
    found: list[Candidate], cost_limit: float | None, time_left: float | None, tokens: int, policy: Any
) -> None:
    limits = {"cost_limit": cost_limit, "time_left": time_left, "tokens": tokens}
    decision = None
    try:
        decision = choose("demo", numbered(found), policy=policy, **limits)  # type: ignore[arg-type]
    except NoProviderError as error:
        judged, busy = error.decision.candidates, isinstance(error, ProviderBusyError)
    if decision is None:
        assert all(candidate.refusal for candidate in judged)
        assert busy == any(candidate.is_refused_for_now for candidate in judged)
        return
    chosen = decision.candidates[int(decision.provider)]
    assert len(decision.candidates) == len(found)
    for other in decision.candidates:
        is_capable = (
            (cost_limit is None or other.expected_cost <= cost_limit)
            and (other.context_window is None or tokens <= other.context_window)
            and (other.credits is None or (other.credits > 0 and other.credits >= other.expected_cost))
            and (time_left is None or (other.latency or 0) <= time_left)
            and not other.health_wait
            and (other.has_room or other.lets_wait)
            and not (
                time_left is not None
                and (wait := max(other.wait, other.rate_wait))
                and wait + (other.latency or 0) > time_left
            )
        )
        assert is_capable == (other.refusal is None)
        if not is_capable or policy == "weighted":
            continue
        key = policy if callable(policy) else best_first(policy)
        if policy == "price_sum":
            assert key(chosen) <= key(other)
        elif other.has_room:
            assert chosen.has_room
            assert key(chosen) <= key(other)


@pytest.mark.slow
@given(candidates)
def test_the_price_sum_is_the_rule_of_the_origin(found: list[Candidate]) -> None:
    accounts = [each.replace(expected_cost=0.0, health_wait=0.0, lets_wait=True) for each in numbered(found)]
    eligible = [each for each in accounts if each.credits is None or each.credits > 0]
    rate = lambda each: math.inf if each.requests_per_minute is None else each.requests_per_minute  # noqa: E731
    expected = min(eligible, key=lambda each: (each.cost_in + each.cost_out, -rate(each)), default=None)
    if expected is None:
        with pytest.raises(NoProviderError, match="has credits of"):
            choose("demo", accounts, policy="price_sum")
    else:
        assert choose("demo", accounts, policy="price_sum").provider == expected.provider


def test_each_policy_has_its_choice_and_its_reason() -> None:
    found = [
        Candidate(provider="cheap", expected_cost=0.1, cost_in=0.3, latency=9, quality=0.1),
        Candidate(
            provider="quick", expected_cost=0.5, cost_in=0.2, latency=5, measured_latency=1, quality=0.4
        ),
        Candidate(provider="good", expected_cost=0.4, cost_in=0.1, cost_out=0.3, latency=3, quality=0.9),
        Candidate(provider="unknown", expected_cost=0.6, cost_in=0.4),
    ]

    def by_name(candidate: Candidate) -> float:
        return -len(candidate.provider)

    reasons = {policy: choose("demo", found, policy=policy) for policy in ("expected_cost", "price_sum")}
    reasons |= {policy: choose("demo", found, policy=policy) for policy in ("latency", "quality", "weighted")}
    reasons[by_name] = choose("demo", found, policy=by_name)
    assert [(each.provider, each.reason) for each in reasons.values()] == [
        ("cheap", "the cheapest of 4 capable providers, $0.1 a task"),
        (
            "quick",
            "the first by token prices and requests per minute of 4 capable providers, "
            "$0.2 for a token in and one out",
        ),
        ("quick", "the quickest of 4 capable providers, about 1 s a task"),
        ("good", "the best of 4 capable providers, of quality 0.9"),
        ("good", "the best by cost, latency and quality of 4 capable providers, $0.4 a task"),
        ("unknown", "the first by by_name of 4 capable providers, $0.6 a task"),
    ]


def test_what_is_refused_for_now_says_when() -> None:
    found = [
        Candidate(provider="ill", health="open", health_wait=7, failures=5, last_failure="X: broken"),
        Candidate(provider="tried", health="half_open", health_wait=2, failures=5, last_failure="X: broken"),
        Candidate(provider="paced", rate_wait=4.0, lets_wait=False),
        Candidate(provider="busy", latency=2.0, wait=10.0),
        Candidate(provider="poor", credits=0.5, expected_cost=1.0),
        Candidate(provider="small", context_window=1000),
    ]
    with pytest.raises(ProviderBusyError) as caught:
        choose("demo", found, time_left=9.0, tokens=5000)
    assert caught.value.retry_after == 2
    assert [each.refusal for each in caught.value.decision.candidates] == [
        "is left alone for another 7 s after 5 failures in a row; the last: X: broken",
        "is left alone while a single task tries it after 5 failures in a row; the last: X: broken",
        "is at its limit per minute for another 4 s",
        "has no room for another 10 s, and 9 s are left",
        "has credits of $0.5 left; the task costs about $1",
        "takes 1,000 tokens; the task has about 5,000",
    ]
    assert [each.retry_after for each in caught.value.decision.candidates] == [7, 2, 4, 3, None, None]


def test_one_at_its_rate_goes_behind_those_with_room() -> None:
    paced = Candidate(provider="paced", rate_wait=4.0)
    assert choose("demo", [paced, Candidate(provider="dear", expected_cost=9)]).provider == "dear"
    assert choose("demo", [paced]).reason.endswith(
        "it is at its limit per minute for another 4 s, so the task waits"
    )


@pytest.mark.parametrize("policy", ["cheapest", None, 3, lambda each: "x", lambda each: math.nan])
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"a policy (is one of expected_cost, |returns a number)"):
        choose("demo", [Candidate(provider="a"), Candidate(provider="b")], policy=policy)
