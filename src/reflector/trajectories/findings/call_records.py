"""Checks of how calls stand in the record: arguments, names, missing results, cut outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.tool_results import truncation_notice
from reflector.trajectories.findings.wording import at_steps, count_times, listed
from reflector.trajectories.step import StepKind

__all__ = ["check_call_records"]


def check_call_records(view: RunView) -> list[FailurePoint]:
    """Return findings on calls whose arguments, names, results or outputs are not what they should be."""
    return [*_malformed(view), *_unknown(view), *_unanswered(view), *_stray(view), *_truncated(view)]


def _malformed(view: RunView) -> list[FailurePoint]:
    broken = [
        index
        for index, step in enumerate(view.steps)
        if isinstance(step.arguments, str) and _is_broken(view, index)
    ]
    if not broken:
        return []
    first = view.steps[broken[0]]
    return [
        FailurePoint(
            category=FailureCategory.TOOL_FAILURE,
            rule="malformed_arguments",
            severity=Severity.HIGH if len(broken) >= view.config.tools.many else Severity.MEDIUM,
            description=f"The arguments of a call of `{first.name or 'tool'}` were not valid JSON, "
            f"{count_times(len(broken))} ({at_steps(broken)}).",
            step_indices=tuple(broken),
            evidence=view.quote(str(first.arguments)),
        )
    ]


def _is_broken(view: RunView, index: int) -> bool:
    """A text as arguments is malformed unless the tool takes free text and answered it."""
    step = view.steps[index]
    text = str(step.arguments).strip()
    use = view.use_of.get(index)
    answered = use is not None and use.result is not None and use.failure is None
    return step.kind is StepKind.TOOL_CALL and bool(text) and (text.startswith(("{", "[")) or not answered)


def _unknown(view: RunView) -> list[FailurePoint]:
    """Calls of tools that were not offered; one that worked is a gap in the record, not a failure."""
    offered = view.trajectory.tools
    known = {tool.lower() for tool in offered or ()}
    strange = [
        u
        for u in view.uses
        if known and u.name.lower() not in known and (u.failure is not None or u.result is None)
    ]
    calls = _calls(strange)
    if not calls or offered is None:
        return []
    names = listed([f"`{name}`" for name in dict.fromkeys(use.name for use in strange)])
    return [
        FailurePoint(
            category=FailureCategory.TOOL_FAILURE,
            rule="unknown_tool",
            severity=Severity.MEDIUM,
            description=f"The model called {names}, not one of the tools it was offered ({listed(offered, most=12)}), "
            f"{count_times(len(calls))} ({at_steps(calls)}).",
            step_indices=calls,
            evidence=strange[0].name,
        )
    ]


def _calls(uses: Iterable[ToolUse]) -> tuple[int, ...]:
    return tuple(use.call for use in uses if use.call is not None)


def _unanswered(view: RunView) -> list[FailurePoint]:
    """Calls without a result; the last ones of a run need none."""
    last = max((use.call for use in view.uses if use.call is not None and use.result is not None), default=-1)
    lost = [use for use in view.uses if use.call is not None and use.result is None and use.call < last]
    calls = _calls(lost)
    if not calls:
        return []
    return [
        FailurePoint(
            category=FailureCategory.TOOL_FAILURE,
            rule="call_without_result",
            severity=Severity.MEDIUM,
            description=f"The call of `{lost[0].name}` never got a result, {count_times(len(calls))} "
            f"({at_steps(calls)}).",
            step_indices=calls,
            evidence=lost[0].name,
        )
    ]


def _stray(view: RunView) -> list[FailurePoint]:
    """Results without a call, in a record that holds calls."""
    if not _calls(view.uses):
        return []
    results = tuple(use.index for use in view.uses if use.call is None)
    if not results:
        return []
    name = view.use_of[results[0]].name
    return [
        FailurePoint(
            category=FailureCategory.STATE_ERROR,
            rule="result_without_call",
            severity=Severity.LOW,
            description=f"A result of `{name}` belongs to no call of this run, {count_times(len(results))} "
            f"({at_steps(results)}).",
            step_indices=results,
            evidence=view.first_line(results[0]),
        )
    ]


def _truncated(view: RunView) -> list[FailurePoint]:
    cut = [(use, notice) for use in view.uses if (notice := _notice(view, use)) is not None]
    if not cut:
        return []
    steps = tuple(use.index for use, _ in cut)
    name = Counter(use.name for use, _ in cut).most_common(1)[0][0]
    return [
        FailurePoint(
            category=FailureCategory.INCOMPLETE,
            rule="output_truncated",
            severity=Severity.LOW,
            description=f"The output of `{name}` was too long and was cut {count_times(len(steps))} "
            f"({at_steps(steps)}), "
            f"so part of it was never seen.",
            step_indices=steps,
            evidence=view.quote(cut[0][1]),
        )
    ]


def _notice(view: RunView, use: ToolUse) -> str | None:
    return (
        truncation_notice(view.steps[use.result]) if use.result is not None and use.failure is None else None
    )
