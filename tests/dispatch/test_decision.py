"""The market's choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.dispatch.choosing import choose
from reflector.dispatch.decision import Candidate
from reflector.errors import NoHandlerError, NoProviderError, ProviderBusyError

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


@given(candidates, st.sampled_from([None, 0.0, 0.1]), st.sampled_from([None, 0.5, 2.0]))
def test_the_choice_is_capable_and_nobody_capable_with_room_is_cheaper(
    found: list[Candidate], cost_limit: float | None, time_left: float | None
) -> None:
    named = [candidate.replace(provider=str(number)) for number, candidate in enumerate(found)]
    try:
        decision = choose("demo", named, cost_limit=cost_limit, time_left=time_left)
    except NoProviderError as error:
        judged = error.decision.candidates
    else:
        judged = ()
    if judged:
        assert all(candidate.refusal for candidate in judged)
        return
    chosen = decision.candidates[int(decision.provider)]
    assert chosen.refusal is None
    assert len(decision.candidates) == len(named)
    for other in decision.candidates:
        if other.refusal is None and other.is_full <= chosen.is_full:
            assert other.expected_cost >= chosen.expected_cost or other.is_full < chosen.is_full
