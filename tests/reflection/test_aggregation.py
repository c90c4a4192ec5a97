"""Feedback of many runs: what it says, and that the order of the runs does not matter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reflection.test_merging import suggest, suggestions

import reflector as rf
from reflector.errors import InputError
from reflector.reflection.aggregation.feedback import Feedback, aggregate
from reflector.reflection.aggregation.patterns import PatternType, adjusted, binomial_tail, level_of_p
from reflector.reflection.aggregation.weighting import AggregationConfig, FeedbackWeights, WeightLevel
from reflector.reflection.models import Confidence, Origin, ParsedReflection, Suggestion

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
UNIT = suggest("State the unit of every amount.", specific_text="Always state the unit.")
UNITS = suggest("Always state the units of every amount.")
TOTAL = suggest("Check every total twice.", type="modify", category="reasoning")

reflections = st.builds(
    ParsedReflection,
    analysis=st.just("x"),
    root_causes=st.lists(
        st.sampled_from(["No unit is asked for.", "no units are asked for", "Vague words."])
    ),
    suggestions=st.lists(suggestions, max_size=4),
    confidence=st.sampled_from(Confidence),
)
entries = st.tuples(
    st.sampled_from(["run-1", "run-2", "run-3", "run-4"]),
    reflections,
    st.none() | st.integers(0, 500).map(lambda hours: NOON - timedelta(hours=hours)),
    st.dictionaries(st.integers(0, 3), st.floats(0, 1), max_size=3),
)


def reflection(*said: Suggestion, causes: tuple[str, ...] = (), **fields: Any) -> ParsedReflection:
    return ParsedReflection(analysis="x", suggestions=said, root_causes=causes, **fields)


def fold(items: list[Any]) -> Feedback:
    feedback = Feedback()
    for name, parsed, at, impacts in items:
        feedback = feedback.add(parsed, source=name, at=at, impacts=impacts)
        _ = feedback.suggestions  # so that the next step starts from these groups
    return feedback


def conclusions(feedback: Feedback) -> Any:
    return feedback.suggestions, feedback.failure_patterns, feedback.suggestion_patterns


def test_what_two_of_three_runs_say_weighs_more() -> None:
    runs = [reflection(UNIT, confidence="high"), reflection(UNITS, TOTAL), reflection()]
    feedback = aggregate(runs, sources=["a", "b", "c"], impacts=[{0: 0.9}, {0: 0.7, 1: 0.5}, {}])
    first, second = feedback.suggestions
    assert (first.suggestion, first.sources, first.frequency) == (UNIT, ("a", "b"), 2)
    assert first.frequency_score == pytest.approx(2 / 3)
    assert first.impact_score == pytest.approx(0.8)
    assert first.provenance_score == pytest.approx(0.8)
    assert first.recency_score == 1.0
    assert first.weight == pytest.approx(0.3 * 2 / 3 + 0.3 * 0.8 + 0.25 * 0.8 + 0.15)
    assert (first.level, second.level) == (WeightLevel.HIGH, WeightLevel.MEDIUM)
    assert (second.suggestion, second.sources) == (TOTAL, ("b",))
    assert feedback.deduplication_rate == pytest.approx(1 / 3)


def test_times_make_recency_and_first_and_last_seen() -> None:
    old = NOON - timedelta(hours=30)
    feedback = (
        Feedback().add(reflection(UNIT), source="a", at=old).add(reflection(TOTAL), source="b", at=NOON)
    )
    by_text = {each.suggestion: each for each in feedback.suggestions}
    assert by_text[UNIT].recency_score == 0.6
    assert (by_text[UNIT].first_seen, by_text[UNIT].last_seen) == (old, old)
    assert by_text[TOTAL].recency_score == 1.0
    later = feedback.weighted(now=NOON + timedelta(days=30))
    assert {each.recency_score for each in later} == {0.2}


def test_a_run_counts_once_however_often_it_is_reflected_on() -> None:
    feedback = aggregate([reflection(UNIT), reflection(UNITS)], sources=["a", "a"])
    assert feedback.total == 1
    assert feedback.suggestions[0].frequency == 1


def test_reflections_without_a_run_count_one_each() -> None:
    assert aggregate([UNIT, UNIT, UNITS]).suggestions[0].sources == ("#1", "#2", "#3")


def test_a_reflection_on_several_runs_says_which_run_a_suggestion_rests_on() -> None:
    class OfRuns(ParsedReflection):
        def origin(self) -> Origin:
            return Origin(
                sources=("a", "b", "c"),
                suggestion_sources=(("b", "c"),),
                cause_sources=(("a", "b"), ("c", "d")),
            )

    parsed = OfRuns(analysis="x", suggestions=(UNIT, TOTAL), root_causes=("No unit.", "Vague."))
    feedback = aggregate([parsed])
    assert feedback.total == 3
    assert {each.suggestion: each.sources for each in feedback.suggestions} == {
        UNIT: ("b", "c"),
        TOTAL: ("a",),
    }
    assert {name: source.root_causes for name, source in feedback.sources.items()} == {
        "a": ("No unit.",), "b": ("No unit.",), "c": ("Vague.",),
    }  # fmt: skip


def test_causes_that_chance_explains_are_not_reported() -> None:
    often = [reflection(UNIT, causes=("No unit is asked for.",)) for _ in range(4)]
    seldom = [reflection(TOTAL, causes=("The tool call failed.",)) for _ in range(2)]
    rest = [reflection() for _ in range(4)]
    feedback = aggregate([*often, *seldom, *rest])
    (pattern,) = feedback.failure_patterns
    assert (pattern.frequency, pattern.confidence) == (0.4, Confidence.MEDIUM)
    assert pattern.p_value == pytest.approx(2 * binomial_tail(4, 10, 0.1))
    assert pattern.suggested_fixes == (UNIT,)
    assert feedback.pattern_coverage == 0.4
    untested = aggregate([*often, *seldom, *rest], config=AggregationConfig(require_significance=False))
    assert [each.type for each in untested.failure_patterns] == [
        PatternType.REASONING_ERROR, PatternType.TOOL_FAILURE,
    ]  # fmt: skip


def test_themes_of_suggestions() -> None:
    feedback = aggregate([reflection(UNIT), reflection(UNIT), reflection()])
    (pattern,) = feedback.suggestion_patterns
    assert (pattern.theme, pattern.frequency) == ("state the unit", pytest.approx(2 / 3))
    assert pattern.combined_rationale == "It was wrong."


def test_the_binomial_tail_is_exact() -> None:
    assert binomial_tail(4, 10, 0.1) == pytest.approx(0.012795, abs=1e-6)
    assert binomial_tail(0, 10, 0.1) == 1.0
    assert binomial_tail(11, 10, 0.1) == 0.0
    assert binomial_tail(10_000, 10_000, 0.5) == pytest.approx(0.0, abs=1e-300)
    assert adjusted([]) == []
    assert [level_of_p(p) for p in (0.009, 0.01, 0.05)] == ["high", "medium", "low"]


def test_without_weighting_everything_weighs_the_same() -> None:
    feedback = aggregate([reflection(UNIT, TOTAL)], config=AggregationConfig(confidence_weighting=False))
    assert {(each.weight, each.level) for each in feedback.suggestions} == {(0.5, WeightLevel.MEDIUM)}


@pytest.mark.slow
@given(st.lists(entries, max_size=8), st.randoms(use_true_random=False), st.integers(0, 8))
@settings(deadline=None, max_examples=40)
def test_one_by_one_all_at_once_or_in_parts(items: list[Any], order: Any, cut: int) -> None:
    """Incremental equals batch, in any order, byte for byte."""
    whole = fold(items)
    parts = fold(items[:cut]).merge(fold(items[cut:]))
    shuffled = list(items)
    order.shuffle(shuffled)
    read_back = Feedback.from_json(whole.to_json())
    for other in (parts, fold(shuffled), read_back, whole.merge(whole)):
        assert other == whole
        assert other.to_json() == whole.to_json()
        assert conclusions(other) == conclusions(whole)
    if all(at is None for _, _, at, _ in items):
        batch = aggregate(
            [each for _, each, _, _ in items],
            sources=[name for name, _, _, _ in items],
            impacts=[numbers for _, _, _, numbers in items],
        )
        assert batch == whole


@pytest.mark.slow
@given(st.lists(reflections, max_size=6))
@settings(deadline=None, max_examples=40)
def test_weights_lie_between_0_and_1_and_nothing_is_counted_twice(items: list[ParsedReflection]) -> None:
    feedback = aggregate(items)
    keys = [key for each in feedback.suggestions for key in each.wordings]
    assert sorted(keys) == sorted(feedback.collected)
    for each in feedback.suggestions:
        assert 0 <= each.weight <= 1
        assert 1 <= each.frequency <= feedback.total
    assert all(0 <= each.frequency <= 1 for each in feedback.failure_patterns)
    assert 0 <= feedback.deduplication_rate <= 1


def test_unnamed_sources_of_two_parts_are_not_mixed_up() -> None:
    with pytest.raises(InputError, match="sources without a name"):
        aggregate([UNIT]).merge(aggregate([TOTAL]))


def test_only_feedback_of_one_config_is_merged() -> None:
    other = Feedback(config=AggregationConfig(weights=FeedbackWeights(recency=0)))
    with pytest.raises(InputError, match="same config"):
        Feedback().merge(other)


@pytest.mark.parametrize("impact", [float("nan"), float("inf"), -0.1, 1.1, "high"])
def test_an_impact_is_a_number_between_0_and_1(impact: Any) -> None:
    with pytest.raises(InputError, match="impact"):
        aggregate([reflection(UNIT)], impacts=[{0: impact}])


@pytest.mark.parametrize("wrong", [reflection(UNIT), UNIT, "text", {"a": 1}, [None], ["text"]])
def test_what_is_no_list_of_reflections_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="expected a"):
        aggregate(wrong)


def test_lists_must_be_as_long_as_the_reflections() -> None:
    with pytest.raises(InputError, match="one for each"):
        aggregate([UNIT], sources=[])


@pytest.mark.parametrize("text", ["", "[]", "{}", "{}x", json.dumps({"sources": 3}), '{"weights": 1}'])
def test_only_what_was_written_is_read(text: str) -> None:
    with pytest.raises(InputError, match="to_json"):
        Feedback.from_json(text)


def test_weights_must_be_something() -> None:
    with pytest.raises(ValueError, match="positive"):
        FeedbackWeights(frequency=0, impact=0, provenance=0, recency=0)


def test_nothing_is_said_of_nothing() -> None:
    feedback = aggregate([])
    assert conclusions(feedback) == ((), (), ())
    assert feedback.pattern_coverage == feedback.deduplication_rate == 0.0


def test_feedback_is_merged_with_feedback_only() -> None:
    with pytest.raises(rf.InputError, match="got str"):
        rf.Feedback().merge("x")  # type: ignore[arg-type]
