"""An analysis as text to read."""

from __future__ import annotations

import pytest

from reflector.trajectories.analysis import FailureCategory, FailurePoint, TrajectoryAnalysis


def _failed(*categories: FailureCategory) -> TrajectoryAnalysis:
    points = tuple(
        FailurePoint(category=c, description=f"{c} happened.", evidence=f"word of {c}") for c in categories
    )
    return TrajectoryAnalysis(trajectory_id="r", failure_points=points)


def test_verbosity_changes_the_summary() -> None:
    analysis = _failed(*([FailureCategory.TIMEOUT] * 7))
    brief, normal, detailed = (analysis.summary(verbosity) for verbosity in ("brief", "normal", "detailed"))
    assert len(brief) < len(normal) < len(detailed)
    assert "Failure Points (7)" in brief
    assert "and 6 more" in brief
    assert "word of timeout" in detailed
    assert "word of timeout" not in normal


def test_an_unknown_verbosity_is_refused() -> None:
    with pytest.raises(ValueError, match="verbosity"):
        _failed().summary("loud")
