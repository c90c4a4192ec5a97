"""How sure we are of a reflection."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.reflection.confidence import level_of, needs_clarification, score_confidence
from reflector.reflection.models import (
    Confidence,
    ParsedReflection,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)


def suggestion(**changes: Any) -> Suggestion:
    fields: dict[str, Any] = {
        "description": "Say which unit every amount has",
        "rationale": "It mixed them.",
        **changes,
    }
    return Suggestion(type=SuggestionType.ADD, category=SuggestionCategory.CLARITY, **fields)


def reflection(count: int, *, causes: int = 0, analysis: str = "", **changes: Any) -> ParsedReflection:
    return ParsedReflection(
        analysis=analysis, root_causes=("cause",) * causes, suggestions=(suggestion(**changes),) * count
    )


@pytest.mark.parametrize(
    ("parsed", "score"),
    [
        (reflection(0), 0.05),
        (reflection(1), 0.11),
        (reflection(5), 0.35),
        (reflection(9), 0.35),
        (reflection(5, specific_text="x"), 0.60),
        (reflection(5, priority=Priority.HIGH), 0.55),
        (reflection(5, analysis="x" * 50), 0.35),
        (reflection(5, analysis="x" * 51), 0.45),
        (reflection(5, causes=3), 0.45),
        (reflection(5, causes=9), 0.45),
        (reflection(5, causes=3, analysis="x" * 51, specific_text="x", priority=Priority.HIGH), 1.0),
    ],
)
def test_the_score_is_the_origins(parsed: ParsedReflection, score: float) -> None:
    assert score_confidence(parsed) == pytest.approx(score)


def test_an_answer_that_was_cut_off_keeps_three_quarters() -> None:
    parsed = reflection(5, causes=3, analysis="x" * 51, specific_text="x", priority=Priority.HIGH)
    assert score_confidence(parsed.replace(metadata={"truncated": True})) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("score", "level"),
    [(1.0, "high"), (0.75, "high"), (0.7499, "medium"), (0.45, "medium"), (0.4499, "low"), (0.0, "low")],
)
def test_levels_begin_at_their_thresholds(score: float, level: str) -> None:
    assert level_of(score) == level


def test_a_score_that_is_a_threshold_on_paper_reaches_its_level() -> None:
    parsed = reflection(5, causes=3, specific_text="x", analysis="x").replace(
        suggestions=(suggestion(specific_text="x"),) * 4
        + (suggestion(specific_text="x", priority=Priority.HIGH),)
    )
    assert score_confidence(parsed) == 0.74
    assert level_of(score_confidence(parsed.replace(analysis="x" * 51))) is Confidence.HIGH


@pytest.mark.parametrize(
    ("words", "text", "unclear"),
    [
        ("one two three four five", "x", False),
        ("one two three four", "x", True),
        ("one two three four five", None, True),
    ],
)
def test_generic_suggestions_are_short_or_without_text(words: str, text: str | None, unclear: bool) -> None:
    parsed = reflection(5, causes=3, description=words, specific_text=text).replace(
        confidence=Confidence.HIGH
    )
    assert needs_clarification(parsed) is unclear


def test_a_share_of_sixty_percent_generic_is_still_clear() -> None:
    specific, generic = suggestion(specific_text="x"), suggestion()
    parsed = reflection(0, causes=3).replace(
        confidence=Confidence.HIGH, suggestions=(specific, specific, generic, generic, generic)
    )
    assert not needs_clarification(parsed)
    assert needs_clarification(parsed.replace(suggestions=(specific, generic, generic)))


def test_no_suggestions_are_not_generic() -> None:
    assert not needs_clarification(reflection(0, causes=2).replace(confidence=Confidence.HIGH))


@pytest.mark.slow
@given(
    st.integers(0, 30),
    st.integers(0, 30),
    st.text(max_size=80),
    st.sampled_from(Priority),
    st.none() | st.text(max_size=5),
    st.booleans(),
)
def test_the_score_lies_between_0_and_1(
    count: int, causes: int, analysis: str, priority: Priority, text: str | None, cut: bool
) -> None:
    parsed = reflection(count, causes=causes, analysis=analysis, priority=priority, specific_text=text)
    assert 0.0 <= score_confidence(parsed.replace(metadata={"truncated": cut})) <= 1.0
