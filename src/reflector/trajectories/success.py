"""What a successful run did well, so that a new prompt keeps it."""

from __future__ import annotations

import re

from reflector.trajectories.analysis import Severity, SuccessIndicator, SuccessIndicatorType
from reflector.trajectories.findings.patterns import sentence_around
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.tool_results import FailureKind
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Outcome

__all__ = ["find_success_indicators"]

_PLAN_LINE = re.compile(
    r"^[ \t]{0,8}(?:\d{1,2}[.)]|step \d{1,2}\b)[^\n]{8,400}", re.IGNORECASE | re.MULTILINE
)
_PLAN_WORDS = tuple(
    re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for words in ("first", "then|second|next", "finally|last|third|then")
)
_PARTS = 3
_WORDS = 3
_NEARBY = 4


def find_success_indicators(view: RunView) -> list[SuccessIndicator]:
    """Return the indicators of a successful run; none for any other."""
    if view.trajectory.outcome is not Outcome.SUCCESS:
        return []
    found = [
        _efficient_path(view),
        _clear_reasoning(view),
        _proper_tool_use(view),
        _decomposition(view),
        _recovery(view),
    ]
    return [indicator for indicator in found if indicator is not None]


def _efficient_path(view: RunView) -> SuccessIndicator | None:
    duration, steps = view.trajectory.duration_ms, len(view.steps)
    quality = view.config.quality
    if duration is None or duration >= quality.fast_ms or steps >= quality.efficient_steps:
        return None
    return SuccessIndicator(
        type=SuccessIndicatorType.EFFICIENT_PATH,
        impact=Severity.HIGH,
        description=f"The run succeeded in {steps} steps and {duration:.0f} ms.",
    )


def _clear_reasoning(view: RunView) -> SuccessIndicator | None:
    steps = tuple(i for i, step in enumerate(view.steps) if step.kind is StepKind.REASONING)
    if len(steps) < 2:
        return None
    return SuccessIndicator(
        type=SuccessIndicatorType.CLEAR_REASONING,
        impact=Severity.HIGH,
        description=f"The run reasoned step by step ({at_steps(steps)}).",
        step_indices=steps,
        evidence=view.first_line(steps[0]),
    )


def _proper_tool_use(view: RunView) -> SuccessIndicator | None:
    calls = tuple(use.call for use in view.uses if use.call is not None)
    if not calls or any(
        use.failure is not None and use.failure.kind is not FailureKind.NO_MATCH for use in view.uses
    ):
        return None
    names = list(dict.fromkeys(use.name for use in view.uses))
    return SuccessIndicator(
        type=SuccessIndicatorType.PROPER_TOOL_USE,
        impact=Severity.MEDIUM,
        description=f"None of the {len(calls)} tool calls failed ({', '.join(names[:6])}).",
        step_indices=calls,
        evidence=names[0],
    )


def _decomposition(view: RunView) -> SuccessIndicator | None:
    """A plan of several parts, said before the work and followed by it."""
    calls = [use.call for use in view.uses if use.call is not None]
    for index, step in enumerate(view.steps):
        plan = _plan(step.content[:4000]) if step.kind in (StepKind.REASONING, StepKind.MESSAGE) else None
        if plan is not None and _is_followed(view, calls, index):
            return SuccessIndicator(
                type=SuccessIndicatorType.GOOD_DECOMPOSITION,
                impact=Severity.HIGH,
                description=f"Step {index} split the task into parts before they were worked on.",
                step_indices=(index,),
                evidence=view.quote(plan),
            )
    return None


def _plan(text: str) -> str | None:
    """The first line of a list of at least three parts, or the sentence with which a plan in words starts."""
    parts = [found.group(0) for found in _PLAN_LINE.finditer(text) if len(found.group(0).split()) > _WORDS]
    if len(parts) >= _PARTS:
        return parts[0]
    place, start = 0, None
    for pattern in _PLAN_WORDS:
        match = pattern.search(text, place)
        if match is None:
            return None
        start = match if start is None else start
        place = match.end()
    return sentence_around(text, start) if start is not None else None


def _is_followed(view: RunView, calls: list[int], index: int) -> bool:
    if calls:
        return sum(1 for call in calls[-_PARTS:] if call > index) >= 2
    return any(step.kind.is_model for step in view.steps[index + 1 : index + 20])


def _recovery(view: RunView) -> SuccessIndicator | None:
    """A failed call after which the same tool, called differently, worked."""
    recovered: list[tuple[ToolUse, ToolUse]] = []
    for position, use in enumerate(view.uses):
        if use.failure is None or use.failure.kind is FailureKind.NO_MATCH:
            continue
        for later in view.uses[position + 1 : position + 1 + _NEARBY]:
            if (
                later.failure is None
                and later.name == use.name
                and later.result is not None
                and later.fingerprint != use.fingerprint
            ):
                recovered.append((use, later))
                break
    if not recovered:
        return None
    failed, worked = recovered[0]
    return SuccessIndicator(
        type=SuccessIndicatorType.EFFECTIVE_RECOVERY,
        impact=Severity.HIGH,
        description=f"After `{failed.name}` failed at step {failed.index} the call was changed and "
        f"worked at step {worked.index}"
        f"{f' (recovered {count_times(len(recovered))})' if len(recovered) > 1 else ''}.",
        step_indices=(failed.index, worked.index),
        evidence=failed.failure.evidence if failed.failure is not None else "",
    )
