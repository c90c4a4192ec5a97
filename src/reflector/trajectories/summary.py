"""Words and counts over analyses: a summary to read, errors that recur, what successful runs share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reflector.trajectories.analysis import FailureCategory, Severity, SuccessIndicator, TrajectoryAnalysis
from reflector.trajectories.findings.finding import GRAVITY

__all__ = ["extract_success_patterns", "find_error_patterns", "summarize"]

_SHOWN = {"brief": 1, "normal": 5, "detailed": None}


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
    for indicator in (each for analysis in analyses for each in analysis.success_indicators):
        if GRAVITY[indicator.impact] <= GRAVITY[min_impact]:
            found.setdefault((indicator.type, indicator.description), indicator)
    return tuple(found.values())


def summarize(analysis: TrajectoryAnalysis, verbosity: str = "normal") -> str:
    """Return the analysis as text to read.

    Args:
        verbosity: `brief` shows the gravest finding of each section, `normal` five of each, `detailed` all of
            them with their evidence.
    """
    if verbosity not in _SHOWN:
        raise ValueError(f"verbosity is 'brief', 'normal' or 'detailed'; got {verbosity!r}.")
    took = f", {analysis.duration_ms:.0f} ms" if analysis.duration_ms is not None else ""
    overview = (
        f"Run {analysis.trajectory_id}: {analysis.outcome.value}, {analysis.step_count} steps, "
        f"{analysis.turn_count} turns, {analysis.tool_call_count} tool calls{took}; "
        f"quality {analysis.overall_quality.value} ({analysis.quality_score:g})."
    )
    points = [(p.severity, p.category, p.description, p.evidence) for p in analysis.failure_points]
    issues = [(i.severity, i.type, i.description, i.evidence) for i in analysis.reasoning_issues]
    indicators = [(s.impact, s.type, s.description, s.evidence) for s in analysis.success_indicators]
    return "\n\n".join(
        [
            overview,
            *_section("Failure Points", points, verbosity),
            *_section("Reasoning Issues", issues, verbosity),
            *_section("Success Indicators", indicators, verbosity),
        ]
    )


def _section(title: str, found: Iterable[tuple[str, str, str, str]], verbosity: str) -> list[str]:
    """Severity, kind, description and evidence of each, under their title; nothing if there are none."""
    lines = []
    for severity, kind, description, evidence in found:
        quoted = f"\n  > {' '.join(evidence.split())}" if verbosity == "detailed" and evidence else ""
        lines.append(f"- [{severity}] {kind}: {description}{quoted}")
    shown = lines[: _SHOWN[verbosity]]
    more = [f"- and {len(lines) - len(shown)} more"] if len(lines) > len(shown) else []
    return ["\n".join([f"{title} ({len(lines)})", *shown, *more])] if lines else []
