"""Checks of the last words: answers that were cut, submissions and answers that never came."""

from __future__ import annotations

from reflector._text import one_line
from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.outcome import ended_well
from reflector.trajectories.findings.patterns import one_of, sentence_around
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["check_finish_reasons", "check_unfinished"]

_CUT = frozenset(("length", "max_tokens", "max_output_tokens", "model_length"))
_FILTERED = frozenset(("content_filter", "safety", "refusal", "recitation", "blocked"))
_NAME = r"[`'\"(]?\b(submit(?:_\w{1,40})?|final_answer|finish|task_complete|attempt_completion)\b"
_ASKS = one_of(r"\b(?:call|use|using|invoke|run|issue|through|via)\b[^.\n]{0,40}" + _NAME)
_ENDING = one_of(
    "submit", "final", "finish", "done", "complete", "answer", "transfer", "escalat", "hand_?off", "end_", "terminate",
    "exit", "stop", "respond", "reply", "return",
)  # fmt: skip


def check_finish_reasons(view: RunView) -> list[FailurePoint]:
    """Return findings on answers that were cut by the token limit or stopped by a content filter."""
    cut = [i for i, step in enumerate(view.steps) if (step.finish_reason or "").lower() in _CUT]
    stopped = [i for i, step in enumerate(view.steps) if (step.finish_reason or "").lower() in _FILTERED]
    findings = []
    if cut:
        grave = cut[-1] >= len(view.steps) - 2 or len(cut) > 1
        severity = Severity.HIGH if grave else Severity.MEDIUM
        how = "was cut by its token limit"
        findings.append(_ended_early(view, cut, how, FailureCategory.INCOMPLETE, "answer_cut", severity))
    if stopped:
        how = "was stopped by a content filter"
        findings.append(
            _ended_early(view, stopped, how, FailureCategory.ERROR, "content_filter", Severity.HIGH)
        )
    return findings


def _ended_early(
    view: RunView, steps: list[int], how: str, category: FailureCategory, rule: str, severity: Severity
) -> FailurePoint:
    reason = view.steps[steps[0]].finish_reason
    return FailurePoint(
        category=category,
        rule=rule,
        severity=severity,
        description=f"The model's answer {how} (finish_reason {reason}) {count_times(len(steps))} ({at_steps(steps)}).",
        step_indices=tuple(steps),
        evidence=view.last_line(steps[0]),
    )


def check_unfinished(view: RunView) -> list[FailurePoint]:
    """Return a finding on a run that never submitted, never answered, or reached only a part of its goal."""
    run = view.trajectory
    if run.outcome is Outcome.SUCCESS or not view.turns or _was_broken_off(view):
        return []
    return _no_submission(view) or _no_answer(view) or _partial(view)


def _was_broken_off(view: RunView) -> bool:
    """Whether an error ended the run: then what is missing needs no finding of its own."""
    return bool(view.trajectory.error) or view.steps[-1].kind is StepKind.ERROR


def _no_submission(view: RunView) -> list[FailurePoint]:
    """The instructions ask for a submission, and no call made one."""
    asked = _ASKS.search(view.instructions)
    if asked is None or "submit" in (view.trajectory.exit_status or "").lower():
        return []
    name = asked.group(1)
    short = name.lower().split("_")[0]
    if not view.uses or any(
        short in use.name.lower() or short in use.command[:2000].lower() for use in view.uses
    ):
        return []
    passage = one_line(sentence_around(view.instructions, asked), 160)
    return [
        _finding(
            view, "no_submission", f"without a submission: {name} was never called, though told “{passage}”"
        )
    ]


def _no_answer(view: RunView) -> list[FailurePoint]:
    """The run ends with a tool: nobody said anything after it."""
    if view.trajectory.limit or ended_well(view):
        return []
    last = len(view.steps) - 1
    while last >= 0 and view.steps[last].kind in (StepKind.SCORE, StepKind.RETRIEVAL):
        last -= 1
    use = view.use_of.get(last)
    if use is None or use.result != last or len(view.uses) < 2 or _ENDING.search(use.name):
        return []
    if use.failure is not None:
        return [
            _finding(
                view, "no_final_answer", f"without an answer: the last call of `{use.name}` failed", last
            )
        ]
    spoke = any(step.kind is StepKind.MESSAGE for step in view.steps)
    if view.trajectory.outcome.is_failure and spoke:
        return [
            _finding(view, "no_final_answer", f"with a result of `{use.name}`, without a word on it", last)
        ]
    return []


def _partial(view: RunView) -> list[FailurePoint]:
    if view.trajectory.outcome is not Outcome.PARTIAL or view.trajectory.limit:
        return []
    return [
        _finding(
            view, "partial_outcome", f"after {len(view.steps)} steps with only a part of its goal reached"
        )
    ]


def _finding(view: RunView, rule: str, how: str, step: int | None = None) -> FailurePoint:
    step = view.last_words if step is None else step
    return FailurePoint(
        category=FailureCategory.INCOMPLETE,
        rule=rule,
        severity=Severity.HIGH,
        description=f"The run ended {how}.",
        step_indices=(step,) if step is not None else (),
        evidence=view.last_line(step) if step is not None else "",
    )
