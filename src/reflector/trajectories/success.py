"""What a successful run did well, so that a new prompt keeps it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reflector.trajectories.analysis import Severity, SuccessIndicator, SuccessIndicatorType
from reflector.trajectories.findings.finding import MAX_EVIDENCE
from reflector.trajectories.findings.run_view import MODEL_WORDS, RunView, ToolUse
from reflector.trajectories.findings.tool_results import FailureKind
from reflector.trajectories.findings.wording import at_steps, count_times, passage_around
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
    checks = (_efficient_path, _clear_reasoning, _proper_tool_use, _decomposition, _recovery)
    return [indicator for check in checks for indicator in check(view)]


def _indicator(
    kind: str, said: str, *steps: int, evidence: str = "", impact: str = "high"
) -> SuccessIndicator:
    quote = evidence[:MAX_EVIDENCE].strip()
    return SuccessIndicator(
        type=SuccessIndicatorType(kind),
        impact=Severity(impact),
        description=said,
        step_indices=steps,
        evidence=quote,
    )


def _efficient_path(view: RunView) -> Iterator[SuccessIndicator]:
    duration, steps, quality = view.trajectory.duration_ms, len(view.steps), view.config.quality
    if duration is not None and duration < quality.fast_ms and steps < quality.efficient_steps:
        text = f"The run succeeded in {steps} steps and {duration:.0f} ms."
        yield _indicator("efficient_path", text)


def _clear_reasoning(view: RunView) -> Iterator[SuccessIndicator]:
    steps = tuple(i for i, step in enumerate(view.steps) if step.kind is StepKind.REASONING)
    if len(steps) >= 2:
        text = f"The run reasoned step by step ({at_steps(steps)})."
        yield _indicator("clear_reasoning", text, *steps, evidence=view.first_line(steps[0]))


def _proper_tool_use(view: RunView) -> Iterator[SuccessIndicator]:
    calls = tuple(call for call, _ in view.calls)
    if calls and not any(map(_failed, view.uses)):
        names = list(dict.fromkeys(use.name for use in view.uses))
        text = f"None of the {len(calls)} tool calls failed ({', '.join(names[:6])})."
        yield _indicator("proper_tool_use", text, *calls, evidence=names[0], impact="medium")


def _failed(use: ToolUse) -> bool:
    return use.failure is not None and use.failure.kind is not FailureKind.NO_MATCH


def _decomposition(view: RunView) -> Iterator[SuccessIndicator]:
    """A plan of several parts, said before the work and followed by it."""
    calls = [call for call, _ in view.calls]
    for index, step in enumerate(view.steps):
        plan = _plan(step.content[:4000]) if step.kind in MODEL_WORDS else None
        if plan is not None and _is_followed(view, calls, index):
            text = f"Step {index} split the task into parts before they were worked on."
            yield _indicator("good_decomposition", text, index, evidence=plan)
            return


def _plan(text: str) -> str | None:
    """The first line of a list of at least three parts, or the sentence with which a plan in words starts."""
    parts = [found.group(0) for found in _PLAN_LINE.finditer(text) if len(found.group(0).split()) > _WORDS]
    if len(parts) >= _PARTS:
        return parts[0].strip()
    found: list[re.Match[str]] = []
    for pattern in _PLAN_WORDS:
        match = pattern.search(text, found[-1].end() if found else 0)
        if match is None:
            return None
        found.append(match)
    return passage_around(text, found[0])


def _is_followed(view: RunView, calls: list[int], index: int) -> bool:
    if calls:
        return sum(1 for call in calls[-_PARTS:] if call > index) >= 2
    return any(step.kind.is_model for step in view.steps[index + 1 : index + 20])


def _recovery(view: RunView) -> Iterator[SuccessIndicator]:
    """A failed call after which the same tool, called differently, worked."""
    recovered = [(use, worked) for at, use in enumerate(view.uses) for worked in _mended(view, at, use)]
    if recovered:
        failed, worked = recovered[0]
        times = f" (recovered {count_times(len(recovered))})" if len(recovered) > 1 else ""
        text = f"After `{failed.name}` failed at step {failed.index} the call was changed and worked at step "
        quote = failed.failure.evidence if failed.failure is not None else ""
        text += f"{worked.index}{times}."
        yield _indicator("effective_recovery", text, failed.index, worked.index, evidence=quote)


def _mended(view: RunView, number: int, use: ToolUse) -> list[ToolUse]:
    """The first of the next few calls of the same tool that was another call and worked."""
    later = view.uses[number + 1 : number + 1 + _NEARBY] if _failed(use) else ()
    worked = (each for each in later if each.failure is None and each.result is not None)
    return [each for each in worked if each.name == use.name and each.fingerprint != use.fingerprint][:1]
