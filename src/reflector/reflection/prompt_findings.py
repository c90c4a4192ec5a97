"""The findings of the analysis as Markdown, those of several runs merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reflector._text import clean, inline_code, one_line
from reflector.reflection.references import name_places
from reflector.reflection.shared_findings import share_findings
from reflector.trajectories.analysis import (
    ComparativeAnalysis,
    FailurePoint,
    ReasoningIssue,
    SuccessIndicator,
    TrajectoryAnalysis,
)

__all__ = ["comparison_section", "failure_points_section", "reasoning_issues_section", "success_section"]

_FROM_FEEDBACK = ("feedback", "low_score")
_SEVERITY_ICONS = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🟢"}


def failure_points_section(
    failed: Sequence[TrajectoryAnalysis], labels: Sequence[str], limit: int, *, with_feedback: bool = True
) -> str:
    """Return the failure points of all runs, one entry for the same failure in several runs, with their number.

    Args:
        failed: The runs.
        labels: How each is named.
        limit: Entries at most.
        with_feedback: Whether to list what only the feedback on one run says.
    """
    shared = [
        each
        for each in share_findings(failed)
        if with_feedback or len(each.runs) > 1 or each.point.rule not in _FROM_FEEDBACK
    ]
    entries = []
    for number, finding in enumerate(shared[:limit], 1):
        point = finding.point
        often = f"in {len(finding.runs)} of {len(failed)} runs: " if len(failed) > 1 else ""
        entry = (
            f"{number}. {_SEVERITY_ICONS[point.severity]} **{point.category}** ({point.severity}): "
            f"{one_line(clean(point.description), 500)} [{often}{_places(finding.places, labels)}]"
        )
        if point.evidence and point.evidence not in point.description:
            entry += f"\n   Evidence: {inline_code(point.evidence, 400)}"
        entries.append(entry)
    return _listing(f"### Failure Points ({len(shared)} detected)", entries, len(shared))


def reasoning_issues_section(failed: Sequence[TrajectoryAnalysis], labels: Sequence[str], limit: int) -> str:
    """Return the reasoning issues of all runs."""
    issues = [(run, issue) for run, analysis in enumerate(failed) for issue in analysis.reasoning_issues]
    entries = []
    for number, (run, issue) in enumerate(issues[:limit], 1):
        entry = (
            f"{number}. **{issue.type}** ({issue.severity}): {one_line(clean(issue.description), 400)} "
            f"[{_places([(run, issue)], labels)}]"
        )
        if issue.evidence and issue.evidence not in issue.description:
            entry += f"\n   Evidence: {inline_code(issue.evidence, 300)}"
        entries.append(entry)
    return _listing(f"### Reasoning Issues ({len(issues)} found)", entries, len(issues))


def _listing(heading: str, entries: Sequence[str], total: int) -> str:
    if not entries:
        return f"{heading}\n\nNone detected."
    more = f"\n(and {total - len(entries)} further, less severe)" if total > len(entries) else ""
    return f"{heading}\n\n" + "\n".join(entries) + more


def _places(found: Iterable[tuple[int, FailurePoint | ReasoningIssue]], labels: Sequence[str]) -> str:
    named = [(labels[run], _numbers(finding.step_indices)) for run, finding in found]
    return name_places((label, steps or ("" if label else "whole run")) for label, steps in named)


def _numbers(indices: Sequence[int], limit: int = 12) -> str:
    if not indices:
        return ""
    shown = ", ".join(str(index) for index in indices[:limit])
    more = f" and {len(indices) - limit} more" if len(indices) > limit else ""
    return f"step{'s' if len(indices) > 1 else ''} {shown}{more}"


def success_section(failed: Sequence[TrajectoryAnalysis], passed: Sequence[TrajectoryAnalysis]) -> str:
    """Return what the runs did well, or nothing."""
    entries = []
    for where, analyses in (("failed", failed), ("passing", passed)):
        found: dict[str, list[SuccessIndicator]] = {}
        for indicator in (each for analysis in analyses for each in analysis.success_indicators):
            found.setdefault(indicator.type, []).append(indicator)
        for kind, indicators in found.items():
            runs = f"{len(indicators)} {where} runs, one of them" if len(indicators) > 1 else f"{where} run"
            text = one_line(clean(indicators[0].description), 300)
            entries.append(f"- **{kind}** (impact {indicators[0].impact}; {runs}): {text}")
    return "### Success Indicators to Preserve\n\n" + "\n".join(entries) if entries else ""


def comparison_section(compared: Sequence[tuple[str, ComparativeAnalysis]], known: Iterable[str] = ()) -> str:
    """Return the comparisons of failed runs, each under its label, with passing ones.

    What was said already, or stands in `known`, is not said again.
    """
    said = list(known)
    parts = [part for label, each in compared if (part := _comparison(label, each, said))]
    return "\n\n".join(["### Comparative Analysis", *parts]) if parts else ""


def _comparison(label: str, comparison: ComparativeAnalysis, said: list[str]) -> str:
    groups = [
        ("Success advantages", comparison.success_advantages),
        ("Failure disadvantages", comparison.failure_disadvantages),
        ("Key insights", comparison.key_insights),
        (
            "Differences",
            [f"{each.aspect}: {each.description} ({each.significance})" for each in comparison.differences],
        ),
    ]
    whose = f"**{label[0].upper()}{label[1:]}:** " if label else ""
    head = f"{whose}Beside the successful run {inline_code(comparison.successful_id)}"
    if comparison.divergence_index is not None:
        head += f"; the two go different ways from step {comparison.divergence_index} of the failed run on"
    parts = [f"{head}."]
    for name, texts in groups:
        fresh = []
        for text in texts:
            if not any(other in text for other in said):
                fresh.append(f"- {one_line(clean(text), 500)}")
                said.append(text)
        if fresh:
            parts.append(f"**{name}:**\n" + "\n".join(fresh))
    return "\n\n".join(parts) if len(parts) > 1 or not label else ""
