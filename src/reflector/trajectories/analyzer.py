"""What a run says about itself: its failures, the weaknesses of its reasoning, what it did well."""

from __future__ import annotations

from reflector.trajectories.analysis import (
    AnalysisConfig,
    FailurePoint,
    Quality,
    QualityConfig,
    ReasoningIssue,
    Severity,
    SuccessIndicator,
    TrajectoryAnalysis,
)
from reflector.trajectories.checks import expect_run
from reflector.trajectories.findings import calls, dialogue, ending, turns
from reflector.trajectories.findings.finding import GRAVITY, Rule
from reflector.trajectories.findings.reasoning import check_reasoning
from reflector.trajectories.findings.run_view import RunView, view_run
from reflector.trajectories.findings.tool_failures import TOOL_RULES, check_tool_failures
from reflector.trajectories.step import Outcome
from reflector.trajectories.success import find_success_indicators
from reflector.trajectories.trajectory import Trajectory

__all__ = ["FINDING_RULES", "analyze"]

_CHECKS = (*ending.checks, *dialogue.checks, *turns.checks, *calls.checks)
FINDING_RULES: tuple[Rule, ...] = (*(check.rule for check in _CHECKS), *TOOL_RULES, ending.UNEXPLAINED)
"""Every kind of failure point that an analysis may hold."""
_QUICKLY_MENDED = ("tool_", "edit_", "call_")


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

    Raises:
        InputError: If it is not a `Trajectory`.
    """
    expect_run(trajectory, Trajectory)
    config = config or AnalysisConfig()
    view = view_run(trajectory, prompt, config)
    failures = _failures(view)
    issues = check_reasoning(view) if config.include_reasoning_analysis else []
    indicators = find_success_indicators(view) if config.include_success_patterns else []
    score = _quality_score(trajectory, failures, issues, indicators, config.quality)
    return TrajectoryAnalysis(
        trajectory_id=trajectory.id,
        outcome=trajectory.outcome,
        failure_points=tuple(failures),
        reasoning_issues=tuple(issues),
        success_indicators=tuple(indicators),
        overall_quality=_quality(score, is_clean=not failures and not issues, config=config.quality),
        quality_score=score,
        duration_ms=trajectory.duration_ms,
        step_count=len(trajectory.steps),
        turn_count=view.turn_count,
        tool_call_count=len(trajectory.tool_calls),
        metadata=dict(trajectory.metadata),
        trajectory=trajectory,
    )


def _failures(view: RunView) -> list[FailurePoint]:
    found = [finding for check in _CHECKS for finding in check.findings(view)]
    found += check_tool_failures(view)
    if view.trajectory.outcome is Outcome.SUCCESS:
        found = [_softened(finding) for finding in found]
    elif not found and view.trajectory.outcome.is_failure:
        found = [ending.unexplained(view)]
    return sorted(found, key=_order)


def _order(finding: FailurePoint) -> tuple[int, bool, int]:
    """Gravest first; of equal severity in the order of their steps, those about the run as a whole last."""
    return GRAVITY[finding.severity], not finding.step_indices, finding.step_index or 0


def _softened(finding: FailurePoint) -> FailurePoint:
    """A run that succeeded got over it: no finding is graver than medium, a single one is low."""
    mended = finding.rule.startswith(_QUICKLY_MENDED) and len(finding.step_indices) == 1
    severity = Severity.LOW if mended else max(finding.severity, Severity.MEDIUM, key=GRAVITY.__getitem__)
    return finding.model_copy(update={"severity": severity})


def _quality_score(
    trajectory: Trajectory,
    failures: list[FailurePoint],
    issues: list[ReasoningIssue],
    indicators: list[SuccessIndicator],
    config: QualityConfig,
) -> float:
    score = config.success_bonus * len(indicators)
    score -= config.failure_penalty * len(failures) + config.reasoning_penalty * len(issues)
    if trajectory.outcome is Outcome.SUCCESS:
        score += config.outcome_bonus
    if trajectory.duration_ms is not None and trajectory.duration_ms < config.fast_ms:
        score += config.fast_bonus
    return score


def _quality(score: float, *, is_clean: bool, config: QualityConfig) -> Quality:
    if score >= config.excellent and is_clean:
        return Quality.EXCELLENT
    if score >= config.good:
        return Quality.GOOD
    return Quality.FAIR if score >= config.fair else Quality.POOR
