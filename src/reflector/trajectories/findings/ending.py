"""Checks of how the run ended: its error, limit, exit status, scores and feedback, and what never came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from reflector._text import one_line
from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.failure_forms import EXCEPTION_LINE
from reflector.trajectories.findings.finding import MAX_EVIDENCE, Checks, Hit, Rule
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import one_of, passage_around, words_of
from reflector.trajectories.step import Outcome, RecordedScore, StepKind

__all__ = ["UNEXPLAINED", "checks", "unexplained"]

checks = Checks()
_CUT = words_of("length max_tokens max_output_tokens model_length")
_FILTERED = words_of("content_filter safety refusal recitation blocked")
_TIME = one_of(
    r"time(?:d)?[\s_-]?out", r"deadline", r"^time\b", r"\btime[ _-]?(?:limit|exceeded)",
    r"(?<![a-z])wall(?:\b|_|time|clock)",
)  # fmt: skip
_LIMIT = one_of(
    "limit", "exceed", r"max[_ ]?(?:steps|turns|iterations|tokens|messages)", "budget", "exit_(?:cost|context|format)",
)  # fmt: skip
_FINE = re.compile(
    r"^(?:submit\w*|success\w*|complet\w*|done|finish\w*|end_turn|stop\w*|ok|resolved|passed|exited?)$",
    re.IGNORECASE,
)
_BAD = one_of(
    "error", "exception", "fail", "crash", "abort", "cancel", "kill", "early", "interrupt", "refus", "stuck", "exit_",
)  # fmt: skip
_LETTERS = {"I": "incorrect (I)", "P": "partly correct (P)", "N": "no answer (N)"}
"""What the letters stand for that inspect_ai writes."""
_BAD_WORDS = words_of("i incorrect fail failed no false wrong n f failure error")
_LOW_SCORE = 0.5
_CATEGORIES = {category.value: category for category in FailureCategory}
_LABEL = re.compile(r"^[A-Za-z][A-Za-z _-]{0,19}$")
_SUBMISSION = one_of(
    r"\b(?:call|use|using|invoke|run|issue|through|via)\b[^.\n]{0,40}"
    r"[`'\"(]?\b(submit(?:_\w{1,40})?|final_answer|finish|task_complete|attempt_completion)\b"
)
_LAST_TOOL = one_of(
    "submit", "final", "finish", "done", "complete", "answer", "transfer", "escalat", "hand_?off", "end_", "terminate",
    "exit", "stop", "respond", "reply", "return",
)  # fmt: skip


@checks.add("run_error", "error", "{what}: {error}.", "critical")
def _run_error(view: RunView) -> list[Hit]:
    """The error that ended the run; else the errors of the record, less grave if the run went on."""
    run = view.trajectory
    if not run.error:
        return _error_steps(view)
    error = _without_frames(run.error)
    category = _CATEGORIES.get(error.strip().lower()) or _error_category(error)
    line = _first_line(error)
    status = f" with {run.exit_status}" if run.exit_status and run.exit_status not in run.error else ""
    facts = {"what": f"The run was ended{status} by an error", "error": one_line(line, 200)}
    return [Hit(_place(view, line[:MAX_EVIDENCE]), line, facts, category=category)]


def _error_steps(view: RunView) -> list[Hit]:
    hits = []
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.ERROR:
            text = _without_frames(step.content or step.error or "")
            facts = {"what": "The record holds an error", "error": one_line(text, 200)}
            grave = Severity.CRITICAL if view.is_end(index) else Severity.HIGH
            hits.append(Hit((index,), _first_line(text), facts, grave, _error_category(text)))
    return hits


def _without_frames(error: str) -> str:
    """The exception of a traceback, of several the last one; any other text as it is."""
    _, head, frames = error.rpartition("Traceback (most recent call last):")
    lines = [line.strip(" |") for line in frames.splitlines() if line.strip(" |")] if head else []
    return next((line for line in lines if EXCEPTION_LINE.match(line)), lines[-1] if lines else error)


def _first_line(text: str) -> str:
    return next(filter(None, map(str.strip, text.splitlines())), text)


def _error_category(error: str) -> FailureCategory:
    return FailureCategory.TIMEOUT if _TIME.search(error[:500]) else FailureCategory.ERROR


def _place(view: RunView, text: str) -> tuple[int, ...]:
    """The last of the final steps that holds the text."""
    places = range(len(view.steps) - 1, max(-1, len(view.steps) - 8), -1)
    return tuple(index for index in places if text and text in view.steps[index].content)[:1]


def _stopped(view: RunView, rule: str) -> Iterator[Hit]:
    """The run was stopped from outside: told with the model's last words, else with those of the record."""
    run = view.trajectory
    name, how = _stop(view)
    if name == rule:
        words = f"{run.limit or ''} {run.exit_status or ''}"
        is_time = run.outcome is Outcome.TIMEOUT or any(map(_TIME.search, words.split()))
        facts = {"how": how, "turns": str(view.turn_count), "length": str(len(view.steps))}
        last = view.last_words()
        yield last._replace(
            evidence=last.evidence or run.limit or run.exit_status or "",
            facts=facts,
            category=FailureCategory.TIMEOUT if is_time else None,
        )


def _stop(view: RunView) -> tuple[str, str]:
    """Which rule says how the run was stopped, and how; empty if it was not, or an error tells it."""
    run, status = view.trajectory, view.trajectory.exit_status or ""
    if run.limit:
        return "limit_reached", f"reached its limit ({run.limit})"
    errors = _run_error(view)
    if run.outcome is Outcome.TIMEOUT and all(hit.category is not FailureCategory.TIMEOUT for hit in errors):
        after = f" after {run.duration_ms / 1000:.1f} s" if run.duration_ms is not None else ""
        return "run_timeout", f"timed out{after}"
    if not errors and not _ended_well(view) and run.outcome is not Outcome.SUCCESS:
        if _LIMIT.search(status):
            return "limit_reached", f"reached a limit (exit status {status})"
        if _TIME.search(status):
            return "run_timeout", f"timed out (exit status {status})"
        if _BAD.search(status):
            return "exit_status", f"did not end by itself (exit status {status})"
    return "", ""


def _ended_well(view: RunView) -> bool:
    """Whether the record's own word for the end is one for an end as planned."""
    return _FINE.match((view.trajectory.exit_status or "").strip()) is not None


_STOPPED = "The run {how}, {turns} model turns and {length} steps into its work, before it had finished."
for _name, _category in (
    ("limit_reached", FailureCategory.INCOMPLETE),
    ("run_timeout", FailureCategory.TIMEOUT),
    ("exit_status", FailureCategory.ERROR),
):
    checks.add(_name, _category, _STOPPED, Severity.HIGH)(partial(_stopped, rule=_name))


def _cut(view: RunView, reasons: frozenset[str]) -> Iterator[Hit]:
    """Answers that did not end by themselves, by the model's own reason."""
    for index, step in enumerate(view.steps):
        if (step.finish_reason or "").lower() in reasons:
            grave = Severity.HIGH if view.is_end(index) else None
            yield Hit((index,), view.last_line(index), {"reason": step.finish_reason or ""}, grave)


_said = "The model's answer was cut by its token limit (finish_reason {reason}) {times}."
checks.add("answer_cut", "incomplete", _said, grave=2)(partial(_cut, reasons=_CUT))
_said = "The model's answer was stopped by a content filter (finish_reason {reason}) {times}."
checks.add("content_filter", "error", _said, "high")(partial(_cut, reasons=_FILTERED))


@checks.add(
    "no_submission",
    "incomplete",
    "The run ended without a submission: {name} was never called, though told “{passage}”.",
    "high",
)
def _no_submission(view: RunView) -> Iterator[Hit]:
    """The instructions ask for a submission, and no call made one."""
    asked = _SUBMISSION.search(view.instructions)
    is_done = "submit" in (view.trajectory.exit_status or "").lower()
    if asked is None or is_done or not view.uses or not _may_be_unfinished(view):
        return
    short = asked.group(1).lower().split("_")[0]
    if not any(short in use.name.lower() or short in use.command[:2000].lower() for use in view.uses):
        passage = passage_around(view.instructions, asked, 160)
        yield view.last_words()._replace(facts={"name": asked.group(1), "passage": passage})


def _may_be_unfinished(view: RunView) -> bool:
    """Whether something may be missing: no success, and no error that explains it."""
    run = view.trajectory
    broken_off = bool(run.error) or (bool(view.steps) and view.steps[-1].kind is StepKind.ERROR)
    return run.outcome is not Outcome.SUCCESS and bool(view.turns) and not broken_off


@checks.add("no_final_answer", "incomplete", "The run ended {how}.", "high")
def _no_answer(view: RunView) -> Iterator[Hit]:
    """The run ends with a tool: nobody said anything after it."""
    told = view.trajectory.limit or _ended_well(view) or any(_no_submission(view))
    if told or not _may_be_unfinished(view):
        return
    after = (StepKind.SCORE, StepKind.RETRIEVAL)
    last = next((i for i in range(len(view.steps) - 1, -1, -1) if view.steps[i].kind not in after), -1)
    use = next((use for use in view.uses if use.result == last), None)
    if use is None or len(view.uses) < 2 or _LAST_TOOL.search(use.name):
        return
    spoke = any(step.kind is StepKind.MESSAGE for step in view.steps)
    if use.failure is not None or (view.trajectory.outcome.is_failure and spoke):
        failed = f"without an answer: the last call of `{use.name}` failed"
        how = failed if use.failure is not None else f"with a result of `{use.name}`, without a word on it"
        yield Hit((last,), view.last_line(last), {"how": how})


@checks.add("partial_outcome", "incomplete", "The run ended with only a part of its goal reached.", "high")
def _partial(view: RunView) -> Iterator[Hit]:
    """The record says so, and nothing else says what is missing."""
    run = view.trajectory
    told = run.limit or any(_no_submission(view)) or any(_no_answer(view))
    if run.outcome is Outcome.PARTIAL and _may_be_unfinished(view) and not told:
        yield view.last_words()


@checks.add("low_score", "logical_error", "The result was scored {value} for {name}{why}.", "high")
def _low_scores(view: RunView) -> Iterator[Hit]:
    for number, score in enumerate(view.trajectory.scores):
        if not _is_low(view, score):
            continue
        why = (score.explanation or "").strip()
        value = f"{score.value:g}" if isinstance(score.value, float) else str(score.value)
        evidence = why.splitlines()[0][:MAX_EVIDENCE] if why else f"{score.name}={value}"
        steps = _place(view, evidence)
        said = _expected(view, why) or (f": {one_line(why, 200)}" if why and not steps else "")
        value = _LETTERS.get(value, value)
        facts = {"value": value, "name": score.name, "why": said}
        yield Hit(steps, evidence, facts, category=None if why else FailureCategory.UNKNOWN, key=str(number))


def _is_low(view: RunView, score: RecordedScore) -> bool:
    value = score.value
    if isinstance(value, str):
        return value.strip().lower() in _BAD_WORDS
    if isinstance(value, bool) or value is None:
        return value is False
    return view.trajectory.outcome is not Outcome.SUCCESS and value < _LOW_SCORE


def _expected(view: RunView, answer: str) -> str:
    """What a label should have been. Longer targets stay out: a solution must not find its way into a prompt."""
    target = view.trajectory.metadata.get("target")
    if not isinstance(target, str) or not _LABEL.match(target.strip()) or not _LABEL.match(answer):
        return ""
    return f": the answer was {answer} where {target.strip()} was expected"


@checks.add("feedback", "logical_error", "The feedback on the run says: {text}", "high")
def _feedback(view: RunView) -> Iterator[Hit]:
    """What somebody said about a run that did not succeed, each remark once."""
    for text in view.trajectory.feedback if view.trajectory.outcome is not Outcome.SUCCESS else ():
        evidence = text.strip()[:MAX_EVIDENCE].strip()
        if evidence:
            yield Hit(_place(view, evidence), evidence, {"text": one_line(text, 240)}, key=text)


UNEXPLAINED = Rule(
    "unexplained_failure",
    FailureCategory.UNKNOWN,
    "The run is recorded as {outcome}, and nothing in its {length} steps says why.",
)


def unexplained(view: RunView) -> FailurePoint:
    """Return the finding on a failed run in which no check found anything."""
    facts = {"outcome": view.trajectory.outcome.value, "length": str(len(view.steps))}
    return UNEXPLAINED.finding([view.last_words()._replace(facts=facts)])
