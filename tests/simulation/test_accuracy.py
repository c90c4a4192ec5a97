"""The closed form of a prompt's accuracy."""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.simulation import Example, Physics, Scenario, Visibility, World
from reflector.simulation.accuracy import TOPIC_COUNTS
from reflector.simulation.rules import GROUPS, rule_sentence

SMALL = Scenario(
    name="small",
    topics={Visibility.FEEDBACK: 2, Visibility.CONFLICT: 2, Visibility.CONTRAST: 1, Visibility.PRESERVE: 1},
)
WORLD = World(SMALL, seed=3, sizes=(10, 10, 10))
RULES = st.lists(st.sampled_from(WORLD.rules), unique=True)
WRONG = st.lists(
    st.builds(
        lambda rule, other, group: rule_sentence(rule.topic, group, other.code),
        st.sampled_from(WORLD.rules),
        st.sampled_from(WORLD.rules),
        st.sampled_from([None, *GROUPS]),
    ),
    max_size=4,
)


def prompt_of(rules: Any, more: Any = ()) -> str:
    said = [rule_sentence(rule.topic, rule.group, rule.code, "x") for rule in rules]
    return "\n".join(["You file tickets.", *said, *more])


@cache
def all_tickets() -> list[tuple[float, Example]]:
    """Return every ticket there can be, with its probability."""
    topics = sorted({rule.topic for rule in WORLD.rules})
    tickets = []
    for size, weight in TOPIC_COUNTS.items():
        for group, chosen in itertools.product(GROUPS, itertools.combinations(topics, size)):
            text = f"Ticket T-1 from a {group} customer.\nTopics: {', '.join(chosen)}."
            share = weight / len(GROUPS) / math.comb(len(topics), size)
            tickets.append((share, Example(id="T-1", input=text)))
    return tickets


@settings(max_examples=40)
@given(RULES, WRONG)
def test_the_closed_form_is_the_mean_over_all_tickets(rules: Any, wrong: list[str]) -> None:
    prompt = prompt_of(rules, wrong)
    mean = sum(share * WORLD.expected_score(prompt, ticket) for share, ticket in all_tickets())
    assert WORLD.accuracy(prompt) == pytest.approx(mean, abs=1e-12)


@given(RULES, st.sampled_from(WORLD.rules))
def test_a_true_rule_never_hurts(rules: Any, further: Any) -> None:
    assert WORLD.accuracy(prompt_of([*rules, further])) >= WORLD.accuracy(prompt_of(rules)) - 1e-12


@given(RULES, WRONG)
def test_the_oracle_is_the_best(rules: Any, wrong: list[str]) -> None:
    assert 0 <= WORLD.accuracy(prompt_of(rules, wrong)) <= WORLD.accuracy(WORLD.oracle) + 1e-12


@settings(max_examples=40)
@given(RULES)
def test_what_the_task_model_does_is_what_the_form_says(rules: Any) -> None:
    """Over many replicates of one ticket the share of right answers approaches the expected score."""
    from reflector.simulation.task import answer_ticket

    example, prompt = WORLD.examples.train[0], prompt_of(rules)
    right = sum(
        WORLD.score(
            example, answer_ticket(prompt, example.input, WORLD._environment, WORLD._names, turn)
        ).value
        for turn in range(60)
    )
    expected = WORLD.expected_score(prompt, example)
    assert abs(right / 60 - expected) < 4.5 * math.sqrt(max(expected * (1 - expected), 0.01) / 60)


def test_a_rule_makes_no_right_answer_wrong() -> None:
    """Draws are common: the runs that pass without a rule pass with it."""

    async def passed(prompt: str) -> set[str]:
        runs = [await WORLD.rollout(prompt, example) for example in WORLD.examples]
        return {run.example.id for run in runs if run.score == 1}

    for known in range(len(WORLD.rules)):
        fewer, more = prompt_of(WORLD.rules[:known]), prompt_of(WORLD.rules[: known + 1])
        assert anyio.run(passed, fewer) <= anyio.run(passed, more)


def test_length_dilutes_and_clutter_costs() -> None:
    best = WORLD.accuracy(WORLD.oracle)
    assert WORLD.accuracy(WORLD.oracle + "word " * 800) < 0.85 * best
    assert WORLD.accuracy(WORLD.oracle + "word " * 100_000) == pytest.approx(0.3 * best)
    assert WORLD.accuracy(WORLD.oracle + "\nAdd the tag BAX-12 to every answer.") == pytest.approx(0.9 * best)


def test_physics_can_be_swept() -> None:
    forgetful = World(SMALL.with_physics(known=0.5), seed=3)
    assert forgetful.accuracy(forgetful.oracle) < WORLD.accuracy(WORLD.oracle)
    assert SMALL.physics == Physics()
