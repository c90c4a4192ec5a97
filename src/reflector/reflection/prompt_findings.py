"""The findings of the analysis as Markdown, those of several runs merged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reflector._text import clean, inline_code, one_line
from reflector.reflection.references import name_places
from reflector.reflection.shared_findings import SharedFinding, share_findings
from reflector.trajectories.analysis import (
    ComparativeAnalysis,
    FailureCategory,
    FailurePoint,
    ReasoningIssue,
    SuccessIndicator,
    TrajectoryAnalysis,
)

__all__ = ["comparison_section", "failure_points_section", "reasoning_issues_section", "success_section"]

_FROM_FEEDBACK = ("feedback", "low_score")
_UNTELLING = ("duration", "step_count")
"""Differences that come with success, but do not lead to it."""
_INSIGHTS = "Key insights"
_NAME = re.compile(r"`([^`]{1,80})`")
_LEAD_IN = re.compile(r"^(?:Failed trajectory|Only in the failed trajectory|divergence): ")
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
    # A bare score stands with the facts of its run.
    shared = [each for each in shared if not _is_bare_score(each.point)] or shared
    entries = []
    quoted: set[str] = set()
    for number, group in enumerate(_same_steps(shared[:limit]), 1):
        for finding in group:
            point = finding.point
            often = f"in {len(finding.runs)} of {len(failed)} runs: " if len(failed) > 1 else ""
            lead = f"{number}." if finding is group[0] else "   - At the same steps:"
            entry = (
                f"{lead} {_SEVERITY_ICONS[point.severity]} **{point.category}** ({point.severity}): "
                f"{one_line(clean(point.description), 500)} [{often}{_places(finding.places, labels)}]"
            )
            if point.evidence and point.evidence not in point.description and point.evidence not in quoted:
                entry += f"\n   Evidence: {inline_code(point.evidence, 400)}"
                quoted.add(point.evidence)
            entries.append(entry)
    return _listing(f"### Failure Points ({len(shared)} detected)", entries, len(shared))


def _is_bare_score(point: FailurePoint) -> bool:
    return point.rule == "low_score" and point.category is FailureCategory.UNKNOWN


def _same_steps(findings: Iterable[SharedFinding]) -> list[list[SharedFinding]]:
    """Return the findings, those that tell of no step but the steps of a graver one in a group with it."""
    groups: list[tuple[set[tuple[int, int]], list[SharedFinding]]] = []
    for finding in findings:
        steps = {(run, step) for run, point in finding.places for step in point.step_indices}
        known = next((group for seen, group in groups if steps and steps <= seen), None)
        if known is not None:
            known.append(finding)
        else:
            groups.append((steps, [finding]))
    return [group for _, group in groups]


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
        return heading
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
    counted = {each.description for each in comparison.differences if each.aspect in _UNTELLING}
    groups = [
        ("Success advantages", [text for text in comparison.success_advantages if text not in counted]),
        ("Failure disadvantages", comparison.failure_disadvantages),
        (_INSIGHTS, comparison.key_insights),
        (
            "Differences",
            [
                f"{each.aspect}: {each.description} ({each.significance})"
                for each in comparison.differences
                if each.aspect not in _UNTELLING
            ],
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
            if not any(other in text for other in said) and not (name == _INSIGHTS and _is_named(text, said)):
                fresh.append(f"- {one_line(clean(text), 500)}")
                said.append(_LEAD_IN.sub("", text))
        if fresh:
            parts.append(f"**{name}:**\n" + "\n".join(fresh))
    return "\n\n".join(parts) if len(parts) > 1 or not label else ""


def _is_named(insight: str, said: Iterable[str]) -> bool:
    """Whether all names that an insight quotes stand in one thing that was said already."""
    names = {f"`{name}`" for name in _NAME.findall(insight)}
    return bool(names) and any(all(name in text for name in names) for text in said)
