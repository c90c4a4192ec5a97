"""Probabilities of success: learned from outcomes, labelled where they are not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reflection.test_merging import suggest, suggestions

from reflector.errors import InputError
from reflector.reflection.calibration import (
    Calibration,
    Probability,
    SuggestionFeatures,
    SuggestionOutcome,
    brier_score,
    expected_calibration_error,
)
from reflector.reflection.confidence import score_confidence, suggestion_scores
from reflector.reflection.models import ParsedReflection, Priority, SuggestionCategory, SuggestionType

features = st.builds(
    SuggestionFeatures,
    type=st.sampled_from(SuggestionType),
    category=st.sampled_from(SuggestionCategory),
    priority=st.sampled_from(Priority),
    score=st.floats(0, 1),
    is_specific=st.booleans(),
    is_placed=st.none() | st.booleans(),
    words=st.integers(0, 10_000),
    seen=st.integers(0, 10_000),
)


def like(**changes: Any) -> SuggestionFeatures:
    return SuggestionFeatures(**{"type": "add", "category": "clarity", "score": 0.6, **changes})


def outcomes(count: int, seed: int = 0) -> list[SuggestionOutcome]:
    """Return outcomes of a world in which additions help and removals do not, whatever their score is."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        kind = rng.choice([SuggestionType.ADD, SuggestionType.REMOVE])
        improved = rng.random() < (0.8 if kind is SuggestionType.ADD else 0.2)
        known = like(type=kind, score=rng.random(), words=rng.randint(1, 30))
        found.append(SuggestionOutcome(features=known, improved=improved, trial=str(number)))
    return found


def test_without_outcomes_the_formula_answers_and_says_so() -> None:
    answer = Calibration().probability(like(score=0.63))
    assert answer == Probability(value=0.63, is_calibrated=False, n=0)
    assert str(answer) == "0.63 (uncalibrated)"


def test_too_few_trials_or_one_result_only_calibrate_nothing() -> None:
    assert not Calibration().add(outcomes(29)).is_calibrated
    good = [each.model_copy(update={"improved": True}) for each in outcomes(100)]
    assert not Calibration().add(good).is_calibrated
    together = [each.model_copy(update={"trial": "one"}) for each in outcomes(100)]
    assert Calibration().add(together).probability(like()) == Probability(value=0.6, n=1)


def test_what_helped_before_is_probable_and_what_did_not_is_not() -> None:
    model = Calibration().add(outcomes(300))
    helps, hurts = (model.probability(like(type=kind, words=12)) for kind in ("add", "remove"))
    assert helps.is_calibrated
    assert helps.n == 300
    assert helps.value == pytest.approx(0.8, abs=0.1)
    assert hurts.value == pytest.approx(0.2, abs=0.1)
    assert str(helps).endswith("(learned from 300 trials)")


def test_a_kind_that_was_never_tried_is_an_average_one() -> None:
    model = Calibration().add(outcomes(300))
    base = sum(each.improved for each in model.outcomes) / 300
    assert model.probability(like(type="restructure")).value == pytest.approx(base, abs=0.1)


def test_the_report_is_about_outcomes_that_were_not_learned_from() -> None:
    report = Calibration().add(outcomes(300)).report()
    assert report.n == sum(each.count for each in report.bins) == 300
    assert report.ece < 0.1 < report.raw_ece
    assert report.brier < 0.2 < report.raw_brier
    assert "calibration error" in str(report)
    # Coins: nothing can be learned, and the report does not pretend that it was.
    rng = random.Random(1)
    coins = [each.model_copy(update={"improved": rng.random() < 0.5}) for each in outcomes(300)]
    assert Calibration().add(coins).report().brier > 0.24


def test_a_report_needs_five_trials() -> None:
    with pytest.raises(InputError, match="at least 5"):
        Calibration().add(outcomes(4)).report()


def test_errors_of_perfect_and_of_wrong_predictions() -> None:
    assert (
        brier_score([1.0, 0.0], [True, False]) == expected_calibration_error([1.0, 0.0], [True, False]) == 0
    )
    assert brier_score([0.0], [True]) == expected_calibration_error([0.0], [True]) == 1


def test_what_is_saved_is_read_again() -> None:
    model = Calibration().add(outcomes(40))
    assert Calibration.from_json(model.to_json()) == model
    with pytest.raises(InputError, match="to_json"):
        Calibration.from_json("[]")


@pytest.mark.slow
@given(st.lists(st.tuples(features, st.booleans()), min_size=1, max_size=20), features, st.booleans())
@settings(deadline=None, max_examples=60)
def test_an_outcome_draws_its_own_features_towards_it(
    known: list[tuple[SuggestionFeatures, bool]], tried: SuggestionFeatures, improved: bool
) -> None:
    """A success never lowers the probability of a suggestion with its features, and a failure never raises it."""
    past = [
        SuggestionOutcome(features=each, improved=result, trial=str(number))
        for number, (each, result) in enumerate([*known, (tried, True), (tried, False)])
    ]
    before = Calibration(min_trials=1).add(past)
    after = before.add([SuggestionOutcome(features=tried, improved=improved, trial="new")])
    one, two = before.probability(tried).value, after.probability(tried).value
    assert 0 < one < 1
    assert two >= one - 1e-9 if improved else two <= one + 1e-9


@pytest.mark.slow
@given(st.lists(suggestions, min_size=1, max_size=8), st.integers(0, 4), st.booleans())
@settings(deadline=None)
def test_the_scores_of_the_suggestions_have_the_score_of_the_reflection_as_their_mean(
    said: list[Any], causes: int, truncated: bool
) -> None:
    parsed = ParsedReflection(
        analysis="x" * 60, suggestions=said, root_causes=("c",) * causes, metadata={"truncated": truncated}
    )
    scores = suggestion_scores(parsed)
    assert all(0 <= score <= 1 for score in scores)
    assert sum(scores) / len(scores) == pytest.approx(score_confidence(parsed), abs=1e-6)


def test_a_specific_suggestion_scores_higher_than_a_vague_one() -> None:
    vague, specific = suggest("State the unit"), suggest("State it", specific_text="Always state the unit.")
    low, high = suggestion_scores(ParsedReflection(analysis="", suggestions=(vague, specific)))
    assert high - low == pytest.approx(0.25)
