"""What a run says about itself: its failures, the weaknesses of its reasoning, what it did well."""

from __future__ import annotations

from reflector.trajectories.analysis import (
    FailureCategory,
    FailurePoint,
    Quality,
    ReasoningIssue,
    Severity,
    SuccessIndicator,
    TrajectoryAnalysis,
)
from reflector.trajectories.analysis_config import AnalysisConfig, QualityConfig
from reflector.trajectories.findings.call_records import check_call_records
from reflector.trajectories.findings.claims import check_claims
from reflector.trajectories.findings.dialogue import check_dialogue
from reflector.trajectories.findings.ending import check_finish_reasons, check_unfinished
from reflector.trajectories.findings.outcome import check_outcome, check_scores
from reflector.trajectories.findings.policy import check_policy
from reflector.trajectories.findings.prompt import check_tools_unused
from reflector.trajectories.findings.reasoning import check_reasoning
from reflector.trajectories.findings.repetition import check_repeated_calls
from reflector.trajectories.findings.run_view import RunView, view_run
from reflector.trajectories.findings.state import check_lost_names
from reflector.trajectories.findings.tool_failures import check_tool_failures
from reflector.trajectories.findings.turns import check_turns
from reflector.trajectories.step import Outcome, StepKind
from reflector.trajectories.success import find_success_indicators
from reflector.trajectories.trajectory import Trajectory

__all__ = ["analyze"]

_GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}
_CHECKS = (
    check_outcome,
    check_lost_names,
    check_tools_unused,
    check_dialogue,
    check_repeated_calls,
    check_turns,
    check_finish_reasons,
    check_unfinished,
    check_call_records,
    check_policy,
    check_claims,
    check_scores,
)


def analyze(
    trajectory: Trajectory, *, prompt: str | None = None, config: AnalysisConfig | None = None
) -> TrajectoryAnalysis:
    """Return what went wrong in a run, where its reasoning is weak and what it did well.

    Similar findings are one finding with all its steps. Takes time linear in the number of steps; of very long
    texts the head and the tail are read.

    Args:
        trajectory: The run.
        prompt: The prompt it was given; by default the one in its record.
        config: The constants, to be overridden.
    """
    config = config or AnalysisConfig()
    view = view_run(trajectory, prompt, config)
    failures = _failures(view)
    issues = check_reasoning(view) if config.include_reasoning_analysis else []
    indicators = find_success_indicators(view) if config.include_success_patterns else []
    score = _quality_score(trajectory, len(failures), len(issues), len(indicators), config.quality)
    return TrajectoryAnalysis(
        trajectory_id=trajectory.id,
        outcome=trajectory.outcome,
        failure_points=tuple(failures),
        reasoning_issues=tuple(issues),
        success_indicators=tuple(indicators),
        overall_quality=_quality(score, failures, issues, indicators, config.quality),
        quality_score=score,
        duration_ms=trajectory.duration_ms,
        step_count=len(trajectory.steps),
        turn_count=view.turn_count,
        tool_call_count=sum(1 for step in trajectory.steps if step.kind is StepKind.TOOL_CALL),
        metadata=dict(trajectory.metadata),
        trajectory=trajectory,
    )


def _failures(view: RunView) -> list[FailurePoint]:
    found = [finding for check in _CHECKS for finding in check(view)]
    explained = frozenset(
        i for finding in found if finding.rule == "lost_names" for i in finding.step_indices
    )
    found += check_tool_failures(view, explained)
    if view.trajectory.outcome is Outcome.SUCCESS:
        found = [_softened(finding, view.config.success_severity) for finding in found]
    elif not found and view.trajectory.outcome.is_failure:
        found = [_unexplained(view)]
    return sorted(found, key=_order)


def _order(finding: FailurePoint) -> tuple[int, bool, int]:
    """Gravest first; of equal severity in the order of their steps, those about the run as a whole last."""
    return _GRAVITY[finding.severity], not finding.step_indices, finding.step_index or 0


def _softened(finding: FailurePoint, gravest: Severity) -> FailurePoint:
    """A run that succeeded got over it: no finding is graver than `gravest`, a single one is low."""
    recovered = finding.rule.startswith(("tool_", "edit_", "call_")) and len(finding.step_indices) == 1
    severity = Severity.LOW if recovered else max(finding.severity, gravest, key=_GRAVITY.__getitem__)
    return finding.model_copy(update={"severity": severity})


def _unexplained(view: RunView) -> FailurePoint:
    last = view.last_words
    return FailurePoint(
        category=FailureCategory.UNKNOWN,
        rule="unexplained_failure",
        severity=Severity.MEDIUM,
        description=f"The run is recorded as {view.trajectory.outcome.value}, and nothing in its "
        f"{len(view.steps)} steps "
        f"says why.",
        step_indices=(last,) if last is not None else (),
        evidence=view.last_line(last) if last is not None else "",
    )


def _quality_score(
    trajectory: Trajectory, failures: int, issues: int, indicators: int, config: QualityConfig
) -> float:
    score = (
        -config.failure_penalty * failures
        - config.reasoning_penalty * issues
        + config.success_bonus * indicators
    )
    if trajectory.outcome is Outcome.SUCCESS:
        score += config.outcome_bonus
    if trajectory.duration_ms is not None and trajectory.duration_ms < config.fast_ms:
        score += config.fast_bonus
    return score


def _quality(
    score: float,
    failures: list[FailurePoint],
    issues: list[ReasoningIssue],
    indicators: list[SuccessIndicator],
    config: QualityConfig,
) -> Quality:
    if score >= config.excellent and not failures and not issues:
        return Quality.EXCELLENT
    if score >= config.good:
        return Quality.GOOD
    return Quality.FAIR if score >= config.fair else Quality.POOR
