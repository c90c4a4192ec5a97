"""A failed run beside a successful one: how they differ, and where they go different ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reflector.trajectories.analysis import (
    ComparativeAnalysis,
    Difference,
    Severity,
    TrajectoryAnalysis,
)
from reflector.trajectories.analysis_config import AnalysisConfig
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.findings.commands import command_of
from reflector.trajectories.findings.wording import content_words, listed
from reflector.trajectories.step import Step, StepKind
from reflector.trajectories.trajectory import Trajectory

__all__ = ["compare"]

_DECISIONS = frozenset((StepKind.MESSAGE, StepKind.TOOL_CALL))
_QUOTE = 160


def compare(
    failed: Trajectory | TrajectoryAnalysis,
    passed: Trajectory | TrajectoryAnalysis,
    *,
    config: AnalysisConfig | None = None,
) -> ComparativeAnalysis:
    """Return how a failed run differs from a successful one, and the step from which on they go different ways.

    Two runs take the same way as long as they call the same tools with much the same arguments and say much the
    same; their reasoning and what tools answer are not compared.
    """
    config = config or AnalysisConfig()
    bad, good = _analysis(failed, config), _analysis(passed, config)
    fork = _fork(_steps(bad), _steps(good), config.comparison.same_message)
    differences = [
        *([_divergence(fork)] if fork is not None else []),
        *_tool_differences(bad, good),
        *_counts(bad, good, config),
    ]
    return ComparativeAnalysis(
        successful_id=good.trajectory_id,
        failed_id=bad.trajectory_id,
        differences=tuple(differences),
        success_advantages=tuple(
            difference.description
            for difference in differences
            if difference.significance in (Severity.HIGH, Severity.MEDIUM)
        ),
        failure_disadvantages=(
            *(f"Failed trajectory: {d.description}" for d in differences if d.significance is Severity.HIGH),
            *_own_failures(bad, good),
        ),
        key_insights=tuple(_insights(bad, good, fork)),
        divergence_index=fork.failed if fork is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Fork:
    """The first decision at which two runs differ; None where a run has no further decision."""

    failed: int
    passed: int | None
    failed_did: str
    passed_did: str


def _analysis(run: Trajectory | TrajectoryAnalysis, config: AnalysisConfig) -> TrajectoryAnalysis:
    return run if isinstance(run, TrajectoryAnalysis) else analyze(run, config=config)


def _steps(analysis: TrajectoryAnalysis) -> tuple[Step, ...]:
    return analysis.trajectory.steps if analysis.trajectory is not None else ()


def _decisions(steps: Sequence[Step]) -> list[int]:
    return [
        i
        for i, s in enumerate(steps)
        if s.kind in _DECISIONS and (s.kind is StepKind.TOOL_CALL or s.content.strip())
    ]


def _fork(failed: Sequence[Step], passed: Sequence[Step], same: float) -> _Fork | None:
    ours, theirs = _decisions(failed), _decisions(passed)
    if not ours or not theirs:
        return None
    for mine, other in zip(ours, theirs, strict=False):
        if not _same_way(failed[mine], passed[other], same):
            return _Fork(mine, other, _did(failed[mine]), _did(passed[other]))
    if len(ours) == len(theirs):
        return None
    if len(ours) < len(theirs):
        other = theirs[len(ours)]
        return _Fork(ours[-1], other, "stopped there", _did(passed[other]))
    mine = ours[len(theirs)]
    return _Fork(mine, None, _did(failed[mine]), "was done")


def _same_way(first: Step, second: Step, same: float) -> bool:
    if first.kind is not second.kind or (first.kind is StepKind.TOOL_CALL and first.name != second.name):
        return False
    texts = (first.content, second.content)
    if first.kind is StepKind.TOOL_CALL:
        texts = (command_of(first), command_of(second))
    words, others = content_words(texts[0], 4000), content_words(texts[1], 4000)
    shorter = min(len(words), len(others))
    return texts[0] == texts[1] or (shorter > 0 and len(words & others) / shorter >= same)


def _did(step: Step) -> str:
    """What a step does, in words that quote it."""
    text = " ".join(
        (command_of(step) if step.kind is StepKind.TOOL_CALL else step.content)[: _QUOTE * 4].split()
    )
    said = text if len(text) <= _QUOTE else text[: _QUOTE - 1] + "…"
    if step.kind is StepKind.TOOL_CALL:
        return f"called `{step.name}`{f' ({said})' if said else ''}"
    return f"said “{said}”"


def _divergence(fork: _Fork) -> Difference:
    at = f" at its step {fork.passed}" if fork.passed is not None else ""
    return Difference(
        aspect="divergence",
        successful_value=fork.passed,
        failed_value=fork.failed,
        significance=Severity.HIGH,
        description=f"From step {fork.failed} on the runs go different ways: the failed run {fork.failed_did}, "
        f"the successful one {fork.passed_did}{at}.",
        failed_step_indices=(fork.failed,),
    )


def _tools(analysis: TrajectoryAnalysis) -> dict[str, int]:
    """Names of the tools a run called, each with the step of its first call."""
    found: dict[str, int] = {}
    for index, step in enumerate(_steps(analysis)):
        if step.kind is StepKind.TOOL_CALL and step.name:
            found.setdefault(step.name, index)
    return found


def _tool_differences(bad: TrajectoryAnalysis, good: TrajectoryAnalysis) -> list[Difference]:
    mine, theirs = _tools(bad), _tools(good)
    missing = [name for name in theirs if name not in mine]
    extra = [name for name in mine if name not in theirs]
    differences = []
    if bad.tool_call_count != good.tool_call_count:
        more = "more" if good.tool_call_count > bad.tool_call_count else "fewer"
        differences.append(
            Difference(
                aspect="tool_usage",
                successful_value=good.tool_call_count,
                failed_value=bad.tool_call_count,
                significance=Severity.HIGH,
                description=f"The successful run called tools {more} often: {good.tool_call_count} calls against "
                f"{bad.tool_call_count}.",
            )
        )
    if missing or extra:
        only = [f"only the successful run called {_quoted(missing)}"] if missing else []
        only += [f"only the failed one called {_quoted(extra)}"] if extra else []
        differences.append(
            Difference(
                aspect="tool_usage",
                successful_value=missing,
                failed_value=extra,
                significance=Severity.HIGH,
                description=_sentence("; ".join(only)),
                failed_step_indices=tuple(mine[name] for name in extra),
            )
        )
    return differences


def _counts(bad: TrajectoryAnalysis, good: TrajectoryAnalysis, config: AnalysisConfig) -> list[Difference]:
    differences = []
    mine, theirs = _reasoning_count(bad), _reasoning_count(good)
    if mine != theirs:
        differences.append(
            Difference(
                aspect="reasoning_steps",
                successful_value=theirs,
                failed_value=mine,
                significance=Severity.HIGH,
                description=f"The successful run has {'more' if theirs > mine else 'fewer'} "
                f"reasoning steps: {theirs} against {mine}.",
            )
        )
    if bad.duration_ms is not None and good.duration_ms is not None:
        ratio = good.duration_ms / max(bad.duration_ms, 1)
        if abs(ratio - 1) > config.comparison.duration_ratio:
            differences.append(
                Difference(
                    aspect="duration",
                    successful_value=good.duration_ms,
                    failed_value=bad.duration_ms,
                    description=f"The successful run was {'slower' if ratio > 1 else 'faster'}: "
                    f"{good.duration_ms:.0f} ms against "
                    f"{bad.duration_ms:.0f} ms.",
                )
            )
    if bad.step_count != good.step_count:
        differences.append(
            Difference(
                aspect="step_count",
                successful_value=good.step_count,
                failed_value=bad.step_count,
                description=f"The successful run took {'more' if good.step_count > bad.step_count else 'fewer'} steps: "
                f"{good.step_count} against {bad.step_count}.",
            )
        )
    return differences


def _reasoning_count(analysis: TrajectoryAnalysis) -> int:
    return sum(1 for step in _steps(analysis) if step.kind is StepKind.REASONING)


def _own_failures(bad: TrajectoryAnalysis, good: TrajectoryAnalysis) -> list[str]:
    """What went wrong only in the failed run, gravest first."""
    shared = {point.rule for point in good.failure_points}
    return [
        f"Only in the failed trajectory: {p.description}" for p in bad.failure_points if p.rule not in shared
    ]


def _insights(bad: TrajectoryAnalysis, good: TrajectoryAnalysis, fork: _Fork | None) -> list[str]:
    insights = []
    if fork is not None:
        insights.append(
            f"At step {fork.failed} the failed run {fork.failed_did}; the successful run {fork.passed_did}."
        )
    missing = [name for name in _tools(good) if name not in _tools(bad)]
    if missing:
        insights.append(f"The successful run used {_quoted(missing)}, which the failed run never called.")
    if good.tool_call_count != bad.tool_call_count:
        more = good.tool_call_count > bad.tool_call_count
        insights.append(
            "The successful run relied more on its tools."
            if more
            else "The successful run needed fewer tool calls."
        )
    mine, theirs = _reasoning_count(bad), _reasoning_count(good)
    if mine != theirs:
        insights.append(
            "The successful run reasoned in more steps."
            if theirs > mine
            else "The successful run needed fewer reasoning steps."
        )
    repeated = [
        p
        for p in bad.failure_points
        if len(p.step_indices) > 1 and p.rule not in {q.rule for q in good.failure_points}
    ]
    insights += [f"Only the failed run failed again and again: {point.description}" for point in repeated[:3]]
    return insights


def _quoted(names: Sequence[str]) -> str:
    return listed([f"`{name}`" for name in names])


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
