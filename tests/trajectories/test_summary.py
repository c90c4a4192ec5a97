"""Words and counts over analyses."""

from __future__ import annotations

import pytest

from reflector.trajectories.analysis import (
    FailureCategory,
    FailurePoint,
    Severity,
    SuccessIndicator,
    SuccessIndicatorType,
    TrajectoryAnalysis,
)
from reflector.trajectories.summary import extract_success_patterns, find_error_patterns, summarize


def _failed(*categories: FailureCategory) -> TrajectoryAnalysis:
    points = tuple(
        FailurePoint(category=c, description=f"{c} happened.", evidence=f"word of {c}") for c in categories
    )
    return TrajectoryAnalysis(trajectory_id="r", failure_points=points)


def _indicator(impact: Severity, text: str) -> SuccessIndicator:
    return SuccessIndicator(type=SuccessIndicatorType.CLEAR_REASONING, impact=impact, description=text)


def test_categories_that_recur_are_counted() -> None:
    analyses = [_failed(FailureCategory.TIMEOUT, FailureCategory.ERROR), _failed(FailureCategory.TIMEOUT)]
    assert find_error_patterns(analyses) == {FailureCategory.TIMEOUT: 2}
    assert find_error_patterns(analyses, min_frequency=1) == {
        FailureCategory.TIMEOUT: 2,
        FailureCategory.ERROR: 1,
    }


def test_success_patterns_are_filtered_by_impact_and_told_once() -> None:
    good, weak = _indicator(Severity.HIGH, "It reasoned."), _indicator(Severity.LOW, "It was short.")
    analyses = [TrajectoryAnalysis(trajectory_id="r", success_indicators=(good, weak))] * 2
    assert extract_success_patterns(analyses) == (good, weak)
    assert extract_success_patterns(analyses, min_impact=Severity.HIGH) == (good,)


def test_verbosity_changes_the_summary() -> None:
    analysis = _failed(*([FailureCategory.TIMEOUT] * 7))
    brief, normal, detailed = (
        summarize(analysis, verbosity) for verbosity in ("brief", "normal", "detailed")
    )
    assert len(brief) < len(normal) < len(detailed)
    assert "Failure Points (7)" in brief
    assert "and 6 more" in brief
    assert "word of timeout" in detailed
    assert "word of timeout" not in normal


def test_an_unknown_verbosity_is_refused() -> None:
    with pytest.raises(ValueError, match="verbosity"):
        summarize(_failed(), "loud")
