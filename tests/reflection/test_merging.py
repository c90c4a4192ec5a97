"""Which suggestions are one, and what becomes of several lists of them."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.reflection.aggregation.likeness import Likeness, Wording, digest_of, likeness
from reflector.reflection.aggregation.merging import Grouping, merge_suggestions
from reflector.reflection.models import Priority, Suggestion, SuggestionCategory, SuggestionType

WORDS = [
    "state", "unit", "every", "amount", "source", "figure", "always", "check", "total", "answer", "date", "year",
    "never", "3", "5",
]  # fmt: skip

suggestions = st.builds(
    Suggestion,
    type=st.sampled_from(SuggestionType),
    category=st.sampled_from([SuggestionCategory.CLARITY, SuggestionCategory.EXAMPLE]),
    description=st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
    rationale=st.sampled_from(["", "Step 1 shows it.", "It was wrong."]),
    priority=st.sampled_from(Priority),
    specific_text=st.sampled_from([None, "State the unit.", "Never guess."]),
)


def suggest(description: str, **changes: Any) -> Suggestion:
    fields: dict[str, Any] = {"type": "add", "category": "clarity", "rationale": "It was wrong.", **changes}
    return Suggestion(description=description, **fields)


def same(one: Suggestion, two: Suggestion) -> bool:
    return Wording.of(one).says_the_same(Wording.of(two))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("State the unit of every amount.", "Always state the units of every amount!"),
        ("Add an instruction to verify the final answer", "Instruct the agent to verify its final answers"),
        ("If I am stuck, I will try another action.", "I will try another action if I am stuck."),
        (
            "Require the model to show its work step by step",
            "Ask the model to show its reasoning step by step",
        ),
        ("Say it as step 3 shows: name the source", "Say it as step 14 shows: name the source"),
    ],
)
def test_other_words_for_one_suggestion(one: str, two: str) -> None:
    assert same(suggest(one), suggest(two))
    assert same(suggest(two), suggest(one))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (suggest("Always cite the source"), suggest("Never cite the source")),
        (suggest("Limit answers to 3 sentences"), suggest("Limit answers to 5 sentences")),
        (suggest("the list of rules", type="add"), suggest("the list of rules", type="remove")),
        (suggest("State the unit of amounts"), suggest("Check every total twice before answering")),
        (
            suggest("Replace the prompt", specific_text="You are a careful accountant who checks totals."),
            suggest("Replace the prompt", specific_text="Write poems about the sea, short and in rhyme."),
        ),
        (suggest("Cite it", specific_text="Always cite."), suggest("Cite it", specific_text="Never cite.")),
        (suggest("name the unit", type="add"), suggest("name the unit", type="modify", category="example")),
    ],
)
def test_suggestions_that_must_stay_two(one: Suggestion, two: Suggestion) -> None:
    assert not same(one, two)
    assert len(merge_suggestions([[one], [two]])) == 2


def test_likeness_knows_equal_empty_and_scripts_without_blanks() -> None:
    assert likeness("", "") == 1.0
    assert likeness("unit", "") == 0.0
    assert same(suggest("金額には必ず単位を書く"), suggest("金額に必ず単位を書くこと"))


def test_each_suggestion_is_said_once_with_its_places() -> None:
    unit, units = (
        suggest("State the unit of every amount."),
        suggest("Always state the units of every amount"),
    )
    total = suggest("Check every total twice.")
    merged = merge_suggestions([[total, unit], [units, units], []])
    assert [(each.count, each.parts, each.places) for each in merged] == [
        (2, (0, 1), ((0, 1), (1, 0), (1, 1))),
        (1, (0,), ((0, 0),)),
    ]


def test_the_fullest_wording_stands_for_the_others() -> None:
    plain = suggest("State the unit of every amount.")
    full = suggest("State the unit of every amount!", priority="high", specific_text="State the unit.")
    assert merge_suggestions([[plain], [full], [plain]])[0].suggestion == full


def test_thresholds_can_be_set() -> None:
    one, two = (
        suggest("State the unit of every amount"),
        suggest("State the unit of every single price amount"),
    )
    assert len(merge_suggestions([[one, two]], config=Likeness(min_description=0.99))) == 2


@pytest.mark.slow
@given(st.lists(suggestions, max_size=12))
@settings(deadline=None, max_examples=40)
def test_no_pair_that_says_the_same_is_missed(items: list[Suggestion]) -> None:
    """The index finds what comparing each with each finds."""
    wordings = {digest_of(each): Wording.of(each) for each in items}
    leaders = Grouping.of(wordings).leaders
    for one, two in combinations(wordings, 2):
        if wordings[one].says_the_same(wordings[two]):
            assert wordings[two].says_the_same(wordings[one])
            assert leaders[one] == leaders[two]


@pytest.mark.slow
@given(st.lists(suggestions, max_size=12), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_groups_do_not_depend_on_the_order(items: list[Suggestion], order: Any) -> None:
    shuffled = list(items)
    order.shuffle(shuffled)

    def groups(some: list[Suggestion]) -> set[frozenset[str]]:
        merged = merge_suggestions([[each] for each in some])
        return {frozenset(digest_of(some[part]) for part in each.parts) for each in merged}

    assert groups(items) == groups(shuffled)


@pytest.mark.slow
@given(st.lists(suggestions, max_size=12))
@settings(deadline=None, max_examples=40)
def test_nothing_is_lost_and_merging_again_changes_nothing(items: list[Suggestion]) -> None:
    merged = merge_suggestions([items])
    assert sorted(place for each in merged for place in each.places) == [(0, n) for n in range(len(items))]
    once = [each.suggestion for each in merged]
    assert [each.suggestion for each in merge_suggestions([once])] == once


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", " ", "\0", "!!!", "\ud800", "a" * 1_000_000, "né é " * 50_000])
def test_hostile_texts_are_compared_in_time(text: str) -> None:
    one = suggest(text, specific_text=text or None, target_section=text)
    assert len(merge_suggestions([[one, suggest("State the unit")], [one]])) == 2
