"""Checks of how the run was ended: its error, time-out, limit, exit status, scores and feedback."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import Outcome, RecordedScore, StepKind

__all__ = ["check_outcome", "check_scores", "ended_well"]

_TIME = one_of(r"time(?:d)?[\s_-]?out", r"deadline", r"^time\b", r"\btime[ _-]?(?:limit|exceeded)", r"wall")
_LIMIT = one_of(
    r"limit",
    r"exceed",
    r"max[_ ]?(?:steps|turns|iterations|tokens|messages)",
    r"budget",
    r"exit_(?:cost|context|format)",
)
_FINE = re.compile(
    r"^(?:submit\w*|success\w*|complet\w*|done|finish\w*|end_turn|stop\w*|ok|resolved|passed|exited?)$",
    re.IGNORECASE,
)
_BAD = one_of(
    "error",
    "exception",
    "fail",
    "crash",
    "abort",
    "cancel",
    "kill",
    "early",
    "interrupt",
    "refus",
    "stuck",
    "exit_",
)
_BAD_WORDS = frozenset(
    ("i", "incorrect", "fail", "failed", "no", "false", "wrong", "n", "f", "failure", "error")
)
_CATEGORIES = {category.value: category for category in FailureCategory}
_LABEL = re.compile(r"^[A-Za-z][A-Za-z _-]{0,19}$")


def ended_well(view: RunView) -> bool:
    """Return whether the record's own word for the end is one for an end as planned."""
    return _FINE.match((view.trajectory.exit_status or "").strip()) is not None


def check_outcome(view: RunView) -> list[FailurePoint]:
    """Return findings on the error, time-out, limit or exit status that ended the run."""
    run = view.trajectory
    findings = [_run_error(view, run.error)] if run.error else _error_steps(view)
    if run.limit:
        findings.append(
            _stopped(view, f"reached its limit ({run.limit})", _limit_category(run.limit), "limit_reached")
        )
    elif run.exit_status and not findings and not ended_well(view) and run.outcome is not Outcome.SUCCESS:
        findings += _exit_status(view, run.exit_status)
    if run.outcome is Outcome.TIMEOUT and not any(f.category is FailureCategory.TIMEOUT for f in findings):
        took = f" after {run.duration_ms / 1000:.1f} s" if run.duration_ms is not None else ""
        findings.append(_stopped(view, f"timed out{took}", FailureCategory.TIMEOUT, "run_timeout"))
    return findings


def check_scores(view: RunView) -> list[FailurePoint]:
    """Return one finding for each low score, and for each piece of feedback on a run that did not succeed."""
    findings = [_low_score(view, score) for score in view.trajectory.scores if _is_low(view, score)]
    if view.trajectory.outcome is not Outcome.SUCCESS:
        findings += [
            _feedback(view, text) for text in dict.fromkeys(view.trajectory.feedback) if text.strip()
        ]
    return findings


def _error_steps(view: RunView) -> list[FailurePoint]:
    broken = [index for index, step in enumerate(view.steps) if step.kind is StepKind.ERROR]
    if not broken:
        return []
    first = view.steps[broken[0]]
    text = first.content or first.error or ""
    ended = broken[-1] >= len(view.steps) - 2
    return [
        FailurePoint(
            category=FailureCategory.TIMEOUT if _TIME.search(text[:500]) else FailureCategory.ERROR,
            rule="run_error" if ended else "recorded_error",
            severity=Severity.CRITICAL if ended else Severity.HIGH,
            description=f"The record holds an error {count_times(len(broken))} ({at_steps(broken)}): "
            f"{one_line(text, 200)}.",
            step_indices=tuple(broken),
            evidence=view.first_line(broken[0]) or view.quote(text),
        )
    ]


def _run_error(view: RunView, error: str) -> FailurePoint:
    category = _CATEGORIES.get(error.strip().lower())
    category = category or (FailureCategory.TIMEOUT if _TIME.search(error[:500]) else FailureCategory.ERROR)
    evidence = view.quote(_telling_line(error))
    step = _step_with(view, evidence)
    status = view.trajectory.exit_status
    ended = f" with {status}" if status and status not in error else ""
    return FailurePoint(
        category=category,
        rule="run_error",
        severity=Severity.CRITICAL,
        description=f"The run was ended{ended} by an error: {one_line(evidence, 200)}.",
        step_indices=(step,) if step is not None else (),
        evidence=evidence,
    )


def _telling_line(error: str) -> str:
    """The line of an error that says what it is: the last one of a traceback, else the first."""
    lines = [line.strip() for line in error.splitlines() if line.strip()] or [error.strip()]
    return lines[-1] if lines[0].startswith("Traceback") else lines[0]


def _step_with(view: RunView, text: str) -> int | None:
    """The last of the final steps that holds the text."""
    places = range(len(view.steps) - 1, max(-1, len(view.steps) - 8), -1)
    return next((index for index in places if text and text in view.steps[index].content), None)


def _limit_category(limit: str) -> FailureCategory:
    return FailureCategory.TIMEOUT if _TIME.search(limit) else FailureCategory.INCOMPLETE


def _stopped(view: RunView, how: str, category: FailureCategory, rule: str) -> FailurePoint:
    """The run was stopped from outside: told with its last words."""
    step = view.last_words
    return FailurePoint(
        category=category,
        rule=rule,
        severity=Severity.HIGH,
        description=f"The run {how}, {view.turn_count} model turns and {len(view.steps)} steps into its work, "
        f"before it had finished.",
        step_indices=(step,) if step is not None else (),
        evidence=view.last_line(step) if step is not None else (view.trajectory.limit or ""),
    )


def _exit_status(view: RunView, status: str) -> list[FailurePoint]:
    if _LIMIT.search(status):
        return [
            _stopped(
                view, f"reached a limit (exit status {status})", _limit_category(status), "limit_reached"
            )
        ]
    if _TIME.search(status):
        return [_stopped(view, f"timed out (exit status {status})", FailureCategory.TIMEOUT, "run_timeout")]
    if _BAD.search(status):
        return [
            _stopped(
                view, f"did not end by itself (exit status {status})", FailureCategory.ERROR, "exit_status"
            )
        ]
    return []


def _is_low(view: RunView, score: RecordedScore) -> bool:
    value = score.value
    if isinstance(value, str):
        return value.strip().lower() in _BAD_WORDS
    if isinstance(value, bool):
        return not value
    return (
        value is not None and view.trajectory.outcome is not Outcome.SUCCESS and value < view.config.low_score
    )


def _low_score(view: RunView, score: RecordedScore) -> FailurePoint:
    why = (score.explanation or "").strip()
    value = f"{score.value:g}" if isinstance(score.value, float) else str(score.value)
    evidence = view.quote(why.splitlines()[0]) if why else f"{score.name}={value}"
    step = _step_with(view, evidence)
    said = f": {one_line(why, 200)}" if why and step is None else ""
    return FailurePoint(
        category=FailureCategory.LOGICAL_ERROR if why else FailureCategory.UNKNOWN,
        rule="low_score",
        severity=Severity.HIGH,
        description=f"The result was scored {value} for {score.name}{_expected(view, why)}{said}.",
        step_indices=(step,) if step is not None else (),
        evidence=evidence,
    )


def _expected(view: RunView, answer: str) -> str:
    """What a label should have been. Longer targets stay out: a solution must not find its way into a prompt."""
    target = view.trajectory.metadata.get("target")
    if not isinstance(target, str) or not _LABEL.match(target.strip()) or not _LABEL.match(answer):
        return ""
    return f": the answer was {answer} where {target.strip()} was expected"


def _feedback(view: RunView, text: str) -> FailurePoint:
    evidence = view.quote(text)
    step = _step_with(view, evidence)
    return FailurePoint(
        category=FailureCategory.LOGICAL_ERROR,
        rule="feedback",
        severity=Severity.HIGH,
        description=f"The feedback on the run says: {one_line(text, 240)}",
        step_indices=(step,) if step is not None else (),
        evidence=evidence,
    )
