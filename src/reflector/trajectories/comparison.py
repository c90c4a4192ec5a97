"""A failed run beside a successful one: how they differ, and where they go different ways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reflector._text import one_line
from reflector.trajectories.analysis import (
    AnalysisConfig,
    ComparativeAnalysis,
    ComparisonConfig,
    Difference,
    Severity,
    TrajectoryAnalysis,
)
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.checks import expect_run
from reflector.trajectories.findings.commands import command_of
from reflector.trajectories.findings.wording import at_steps, content_words, listed
from reflector.trajectories.step import Step, StepKind
from reflector.trajectories.trajectory import Trajectory

__all__ = ["compare"]


def compare(
    failed: Trajectory | TrajectoryAnalysis,
    passed: Trajectory | TrajectoryAnalysis,
    *,
    config: AnalysisConfig | None = None,
) -> ComparativeAnalysis:
    """Return how a failed run differs from a successful one, and the step from which on they go different ways.

    Two runs take the same way as long as they call the same tools with much the same arguments and say much the
    same; their reasoning and what tools answer are not compared.

    Raises:
        InputError: If one of them is neither a `Trajectory` nor a `TrajectoryAnalysis`.
    """
    expect_run(failed, Trajectory, TrajectoryAnalysis)
    expect_run(passed, Trajectory, TrajectoryAnalysis)
    config = config or AnalysisConfig()
    bad, good = _Side.of(failed, config), _Side.of(passed, config)
    parted = _divergence(bad.steps, good.steps, config.comparison.same_message)
    counted = list(_counted(bad, good, config.comparison))
    own = [point for point in bad.analysis.failure_points if point.rule not in good.rules]
    again = [point for point in own if len(point.step_indices) > 1]
    return ComparativeAnalysis(
        successful_id=good.analysis.trajectory_id,
        failed_id=bad.analysis.trajectory_id,
        differences=(*parted, *counted),
        success_advantages=tuple(difference.description for difference in counted),
        failure_disadvantages=(
            *(f"Failed trajectory: {difference.description}" for difference in parted),
            *(f"Only in the failed trajectory: {point.description}" for point in own),
        ),
        key_insights=(
            *_insights(bad, good),
            *(
                f"Only the failed run failed again and again: {point.rule} at {at_steps(point.step_indices)}."
                for point in again[:3]
            ),
        ),
        divergence_index=parted[0].failed_step_indices[0] if parted else None,
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two runs, with what is counted in it."""

    analysis: TrajectoryAnalysis
    steps: tuple[Step, ...]
    tools: dict[str, int]
    """Names of the tools it called, each with the step of its first call."""
    thoughts: int
    rules: frozenset[str]

    @classmethod
    def of(cls, run: Trajectory | TrajectoryAnalysis, config: AnalysisConfig) -> _Side:
        analysis = run if isinstance(run, TrajectoryAnalysis) else analyze(run, config=config)
        steps = analysis.trajectory.steps if analysis.trajectory is not None else ()
        called = ((step.name, i) for i, step in enumerate(steps) if step.kind is StepKind.TOOL_CALL)
        calls = [(name, i) for name, i in called if name]
        thoughts = sum(1 for step in steps if step.kind is StepKind.REASONING)
        rules = frozenset(point.rule for point in analysis.failure_points)
        return cls(analysis, steps, dict(reversed(calls)), thoughts, rules)

    def tools_beside(self, other: _Side) -> list[str]:
        """The tools that only this run called, in the order of their first calls."""
        return sorted(self.tools.keys() - other.tools.keys(), key=self.tools.__getitem__)


def _divergence(failed: Sequence[Step], passed: Sequence[Step], same: float) -> list[Difference]:
    """The first decision at which two runs differ, if there is one."""
    ours, theirs = _decisions(failed), _decisions(passed)
    if not ours or not theirs:
        return []
    for mine, other in zip(ours, theirs, strict=False):
        if not _same_way(failed[mine], passed[other], same):
            return [_parting(mine, other, _did(failed[mine]), _did(passed[other]))]
    if len(ours) < len(theirs):
        other = theirs[len(ours)]
        return [_parting(ours[-1], other, "stopped there", _did(passed[other]))]
    if len(ours) > len(theirs):
        mine = ours[len(theirs)]
        return [_parting(mine, None, _did(failed[mine]), "was done")]
    return []


def _parting(mine: int, other: int | None, did: str, other_did: str) -> Difference:
    at = f" at its step {other}" if other is not None else ""
    return Difference(
        aspect="divergence",
        successful_value=other,
        failed_value=mine,
        significance=Severity.HIGH,
        description=f"From step {mine} on the runs go different ways: the failed run {did}, the successful one "
        f"{other_did}{at}.",
        failed_step_indices=(mine,),
    )


def _decisions(steps: Sequence[Step]) -> list[int]:
    """What is said and what is called."""
    return [
        index
        for index, step in enumerate(steps)
        if step.kind is StepKind.TOOL_CALL or (step.kind is StepKind.MESSAGE and step.content.strip())
    ]


def _same_way(first: Step, second: Step, same: float) -> bool:
    if first.kind is not second.kind or (first.kind is StepKind.TOOL_CALL and first.name != second.name):
        return False
    words, others = content_words(_text(first), 4000), content_words(_text(second), 4000)
    shorter = min(len(words), len(others))
    return _text(first) == _text(second) or (shorter > 0 and len(words & others) / shorter >= same)


def _text(step: Step) -> str:
    return command_of(step) if step.kind is StepKind.TOOL_CALL else step.content


def _did(step: Step) -> str:
    """What a step does, in words that quote it."""
    said = one_line(_text(step))
    if step.kind is StepKind.TOOL_CALL:
        return f"called `{step.name}`{f' ({said})' if said else ''}"
    return f"said “{said}”"


def _counted(bad: _Side, good: _Side, config: ComparisonConfig) -> Iterator[Difference]:
    """What can be counted: calls, tools, thoughts, time, steps."""
    one, other = good.analysis, bad.analysis
    high, calls = Severity.HIGH, (one.tool_call_count, other.tool_call_count)
    yield from _differing("tool_usage", *calls, "made {more} tool calls: {good} against {bad}", high)
    missing, extra = good.tools_beside(bad), bad.tools_beside(good)
    if missing or extra:
        only = [f"only the successful run called {_quoted(missing)}"] if missing else []
        only += [f"only the failed one called {_quoted(extra)}"] if extra else []
        yield Difference(
            aspect="tool_usage",
            successful_value=missing,
            failed_value=extra,
            significance=Severity.HIGH,
            description=f"O{'; '.join(only)[1:]}.",
            failed_step_indices=tuple(bad.tools[name] for name in extra),
        )
    thoughts = (good.thoughts, bad.thoughts)
    yield from _differing(
        "reasoning_steps", *thoughts, "has {more} reasoning steps: {good} against {bad}", high
    )
    took, other_took = one.duration_ms, other.duration_ms
    if took is not None and other_took is not None and _is_telling(took, other_took, config):
        text = "took {more} time: {good:.0f} ms against {bad:.0f} ms"
        yield from _differing("duration", took, other_took, text)
    steps = (one.step_count, other.step_count)
    yield from _differing("step_count", *steps, "took {more} steps: {good} against {bad}")


def _is_telling(good: float, bad: float, config: ComparisonConfig) -> bool:
    """Whether two durations differ by a ratio and by a time that matter."""
    is_far = abs(good / max(bad, 1) - 1) > config.duration_ratio
    return is_far and abs(good - bad) >= config.duration_ms


def _differing(
    aspect: str, good: float, bad: float, text: str, significance: Severity = Severity.MEDIUM
) -> Iterator[Difference]:
    if good != bad:
        more = "more" if good > bad else "less" if aspect == "duration" else "fewer"
        yield Difference(
            aspect=aspect,
            successful_value=good,
            failed_value=bad,
            description=f"The successful run {text.format(more=more, good=good, bad=bad)}.",
            significance=significance,
        )


def _insights(bad: _Side, good: _Side) -> Iterator[str]:
    missing = good.tools_beside(bad)
    if missing:
        yield f"The successful run used {_quoted(missing)}, which the failed run never called."
    more = good.analysis.tool_call_count - bad.analysis.tool_call_count
    if more:
        yield f"The successful run {'relied more on its tools' if more > 0 else 'needed fewer tool calls'}."
    more = good.thoughts - bad.thoughts
    if more:
        yield f"The successful run {'reasoned in more steps' if more > 0 else 'needed fewer reasoning steps'}."


def _quoted(names: Sequence[str]) -> str:
    return listed([f"`{name}`" for name in names])
