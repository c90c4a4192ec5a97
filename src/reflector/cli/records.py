"""The runs of a command as plain records, for `--json`."""

from __future__ import annotations

from typing import Any

from reflector.trajectories.analysis import FailurePoint, ReasoningIssue, SuccessIndicator, TrajectoryAnalysis
from reflector.trajectories.trajectory import Trajectory

__all__ = ["run_record"]


def run_record(analysis: TrajectoryAnalysis) -> dict[str, Any]:
    """Return what an analysis says about a run, as one entry of `trajectories`."""
    run = analysis.trajectory
    return {
        "id": analysis.trajectory_id,
        "format": run.format if run is not None else None,
        "source": run.source if run is not None else None,
        "record": run.record if run is not None else None,
        "outcome": analysis.outcome,
        "steps": analysis.step_count,
        "turns": analysis.turn_count,
        "tool_calls": analysis.tool_call_count,
        "failure_points": [_finding(point, run) for point in analysis.failure_points],
        "reasoning_issues": [_finding(issue, run) for issue in analysis.reasoning_issues],
        "success_indicators": [_finding(indicator, run) for indicator in analysis.success_indicators],
        "quality": analysis.overall_quality,
        "quality_score": analysis.quality_score,
    }


def _finding(
    finding: FailurePoint | ReasoningIssue | SuccessIndicator, run: Trajectory | None
) -> dict[str, Any]:
    first = finding.step_indices[0] if finding.step_indices else None
    known = run is not None and first is not None and first < len(run.steps)
    return finding.model_dump(mode="json") | {
        "step_index": first,
        "source_index": run.steps[first].source_index
        if known and run is not None and first is not None
        else None,
    }
