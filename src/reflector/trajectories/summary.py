"""Words and counts over analyses: a summary to read, errors that recur, what successful runs share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reflector.trajectories.analysis import FailureCategory, Severity, SuccessIndicator, TrajectoryAnalysis

__all__ = ["extract_success_patterns", "find_error_patterns", "summarize"]

_GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}
_Line = tuple[str, str, str, str]
"""Severity, kind, description, evidence."""
_SHOWN = {"brief": 1, "normal": 5}


def find_error_patterns(
    analyses: Iterable[TrajectoryAnalysis], *, min_frequency: int = 2
) -> dict[FailureCategory, int]:
    """Return how often each category of failure occurs, most frequent first, from `min_frequency` on."""
    counts = Counter(point.category for analysis in analyses for point in analysis.failure_points)
    return {category: count for category, count in counts.most_common() if count >= min_frequency}


def extract_success_patterns(
    analyses: Iterable[TrajectoryAnalysis], *, min_impact: Severity = Severity.LOW
) -> tuple[SuccessIndicator, ...]:
    """Return what the runs did well, each kind and wording once, from `min_impact` on."""
    found: dict[tuple[str, str], SuccessIndicator] = {}
    for analysis in analyses:
        for indicator in analysis.success_indicators:
            if _GRAVITY[indicator.impact] <= _GRAVITY[min_impact]:
                found.setdefault((indicator.type, indicator.description), indicator)
    return tuple(found.values())


def summarize(analysis: TrajectoryAnalysis, verbosity: str = "normal") -> str:
    """Return the analysis as text to read.

    Args:
        verbosity: `brief` shows the gravest finding of each section, `normal` five of each, `detailed` all of
            them with their evidence.
    """
    if verbosity not in ("brief", "normal", "detailed"):
        raise ValueError(f"verbosity is 'brief', 'normal' or 'detailed'; got {verbosity!r}.")
    failures: list[_Line] = [
        (p.severity, p.category, p.description, p.evidence) for p in analysis.failure_points
    ]
    issues: list[_Line] = [(i.severity, i.type, i.description, i.evidence) for i in analysis.reasoning_issues]
    indicators: list[_Line] = [
        (s.impact, s.type, s.description, s.evidence) for s in analysis.success_indicators
    ]
    parts = [_overview(analysis)]
    for title, lines in (
        ("Failure Points", failures),
        ("Reasoning Issues", issues),
        ("Success Indicators", indicators),
    ):
        if lines:
            parts.append(_section(title, lines, verbosity))
    return "\n\n".join(parts)


def _overview(analysis: TrajectoryAnalysis) -> str:
    took = f", {analysis.duration_ms:.0f} ms" if analysis.duration_ms is not None else ""
    return (
        f"Run {analysis.trajectory_id}: {analysis.outcome.value}, {analysis.step_count} steps, "
        f"{analysis.turn_count} turns, {analysis.tool_call_count} tool calls{took}; "
        f"quality {analysis.overall_quality.value} ({analysis.quality_score:g})."
    )


def _section(title: str, lines: list[_Line], verbosity: str) -> str:
    most = _SHOWN.get(verbosity, len(lines))
    shown = [f"{title} ({len(lines)})"]
    for severity, kind, description, evidence in lines[:most]:
        shown.append(f"- [{severity}] {kind}: {description}")
        if verbosity == "detailed" and evidence:
            shown.append(f"  > {' '.join(evidence.split())}")
    if len(lines) > most:
        shown.append(f"- and {len(lines) - most} more")
    return "\n".join(shown)
