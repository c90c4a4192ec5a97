"""Checks of how a run ended, and of its reasoning."""

from __future__ import annotations

import pytest

from reflector.trajectories.analysis import FailureCategory, FailurePoint, ReasoningIssueType, Severity
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.step import RecordedScore, Step, StepKind
from reflector.trajectories.trajectory import Trajectory

_HEAD = "Traceback (most recent call last):"
_LAST = Step(kind=StepKind.MESSAGE, content="First line.\nStill looking.")


def _points(*steps: Step, **fields: object) -> dict[str, FailurePoint]:
    return {
        point.rule: point for point in analyze(Trajectory.new("run", steps=steps, **fields)).failure_points
    }


def _issues(*texts: str) -> list[tuple[ReasoningIssueType, tuple[int, ...]]]:
    steps = tuple(Step(kind=StepKind.REASONING, content=text) for text in texts)
    return [
        (issue.type, issue.step_indices)
        for issue in analyze(Trajectory.new("run", steps=steps)).reasoning_issues
    ]


def test_a_limit_is_named_and_told_with_the_last_words() -> None:
    point = _points(_LAST, limit="messages=50", outcome="failure")["limit_reached"]
    assert (point.category, point.severity) == (FailureCategory.INCOMPLETE, Severity.HIGH)
    assert "messages=50" in point.description
    assert (point.step_indices, point.evidence) == ((0,), "Still looking.")


def test_the_end_is_told_in_the_words_of_the_model_or_of_the_record_and_not_of_the_harness() -> None:
    nudge = Step(kind=StepKind.USER, content="Please proceed.")
    calls = (Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": "ls"}), nudge)
    prompt = "Call `submit` with your answer."
    points = _points(*calls, _LAST, nudge, limit="messages=50", prompt=prompt)
    for rule in ("limit_reached", "no_submission"):
        assert (points[rule].step_indices, points[rule].evidence) == ((2,), "Still looking.")
    mute = _points(*calls, limit="messages=50")["limit_reached"]
    assert (mute.step_indices, mute.evidence) == ((), "messages=50")


@pytest.mark.parametrize(
    ("status", "rule", "category"),
    [
        ("LimitsExceeded", "limit_reached", FailureCategory.INCOMPLETE),
        ("submitted (exit_cost)", "limit_reached", FailureCategory.INCOMPLETE),
        ("TimeoutError", "run_timeout", FailureCategory.TIMEOUT),
        ("max_wall_time reached", "run_timeout", FailureCategory.TIMEOUT),
        ("early_exit", "exit_status", FailureCategory.ERROR),
    ],
)
def test_an_exit_status_that_is_no_end_as_planned(status: str, rule: str, category: FailureCategory) -> None:
    assert _points(_LAST, exit_status=status)[rule].category is category


@pytest.mark.parametrize("status", ["Submitted", "submitted", "completed", "stop", None])
def test_an_end_as_planned_is_no_finding(status: str | None) -> None:
    assert _points(_LAST, exit_status=status) == {}


def test_an_error_that_ended_the_run_is_critical_and_quotes_its_last_line() -> None:
    error = 'Traceback (most recent call last):\n  File "m.py"\nConnectionError: refused'
    point = _points(_LAST, Step(kind=StepKind.ERROR, content=error), error=error)["run_error"]
    assert (point.severity, point.evidence, point.step_indices) == (
        Severity.CRITICAL,
        "ConnectionError: refused",
        (1,),
    )


_FRAMES = "".join(
    f'  File "app/part_{n}.py", line {n}, in step_{n}\n    return step_{n + 1}()\n' for n in range(12)
)


@pytest.mark.parametrize(
    ("error", "line", "category"),
    [
        (f"{_HEAD}\n{_FRAMES}TimeoutError: no answer", "TimeoutError: no answer", FailureCategory.TIMEOUT),
        (
            f"{_HEAD}\n  File \"m.py\", line 1, in f\n    wait(timeout=3)\nKeyError: 'a'",
            "KeyError: 'a'",
            FailureCategory.ERROR,
        ),
        (
            f'{_HEAD}\n  File "m.py", line 1\nm.ValidationError: 1 error\nday\n    See https://errors.example/day',
            "m.ValidationError: 1 error",
            FailureCategory.ERROR,
        ),
        (
            f"{_HEAD}\nKeyError: 'a'\n\nDuring handling of it, another came:\n\n{_HEAD}\n  File \"m.py\"\nm.Odd: b",
            "m.Odd: b",
            FailureCategory.ERROR,
        ),
        (
            f'  + Exception Group {_HEAD}\n  |   File "m.py"\n  | ExceptionGroup: one (1 sub-exception)\n'
            f'  +-+---------------- 1 ----------------\n    | {_HEAD}\n    |   File "m.py"\n'
            "    | TimeoutError: late\n    +------------------------------------",
            "TimeoutError: late",
            FailureCategory.TIMEOUT,
        ),
        (
            f"The sample failed.\n{_HEAD}\n{_FRAMES}ReadTimeout: late",
            "ReadTimeout: late",
            FailureCategory.TIMEOUT,
        ),
        ("The run broke off.\nIts time-out was 5 s.", "The run broke off.", FailureCategory.TIMEOUT),
        (
            "ConnectionError: blocked by a firewall",
            "ConnectionError: blocked by a firewall",
            FailureCategory.ERROR,
        ),
    ],
)
def test_an_error_is_told_and_judged_by_the_line_that_says_what_happened(
    error: str, line: str, category: FailureCategory
) -> None:
    step = Step(kind=StepKind.ERROR, content=error)
    for point in (_points(_LAST, step, error=error)["run_error"], _points(_LAST, step)["run_error"]):
        assert (point.evidence, point.category, point.step_indices) == (line, category, (1,))
        assert line in point.description


@pytest.mark.parametrize("value", [False, "I", "incorrect", 0, 0.2, -1])
def test_a_low_score_is_a_finding(value: object) -> None:
    score = RecordedScore(name="quality", value=value)  # type: ignore[arg-type]  # parametrised over the union
    assert "quality" in _points(_LAST, scores=(score,), outcome="failure")["low_score"].description


@pytest.mark.parametrize("value", [True, "C", 0.9, 1, None, "A"])
def test_a_fair_score_is_none(value: object) -> None:
    score = RecordedScore(name="quality", value=value)  # type: ignore[arg-type]  # parametrised over the union
    assert "low_score" not in _points(_LAST, scores=(score,))


def test_an_explanation_and_feedback_are_quoted() -> None:
    score = RecordedScore(name="judge", value=0.1, explanation="The year is missing.")
    points = _points(_LAST, scores=(score,), feedback=("Name your source.",), outcome="failure")
    assert points["low_score"].evidence == "The year is missing."
    assert (points["feedback"].evidence, points["feedback"].step_indices) == ("Name your source.", ())


def test_a_wrong_label_is_told_with_the_right_one_and_a_solution_is_not_given_away() -> None:
    answer = Step(kind=StepKind.MESSAGE, content="No")
    label = RecordedScore(name="match", value="I", explanation="No")
    assert (
        "No where Yes was expected"
        in _points(answer, scores=(label,), metadata={"target": " Yes"})["low_score"].description
    )
    secret = RecordedScore(name="match", value="I", explanation="abc")
    assert (
        "k3y{9}"
        not in _points(answer, scores=(secret,), metadata={"target": "k3y{9}"})["low_score"].description
    )


@pytest.mark.parametrize(("reason", "rule"), [("length", "answer_cut"), ("content_filter", "content_filter")])
def test_an_answer_that_did_not_end_by_itself(reason: str, rule: str) -> None:
    step = Step(kind=StepKind.MESSAGE, content="The three causes are", finish_reason=reason)
    assert _points(step)[rule].evidence == "The three causes are"


def test_a_submission_that_was_asked_for_and_never_made() -> None:
    prompt = "When you know the answer, call `submit` with it."
    call = (
        Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": "ls"}),
        Step(kind=StepKind.TOOL_RESULT, content="x"),
    )
    assert "call `submit` with it" in _points(*call, _LAST, prompt=prompt)["no_submission"].description
    sent = Step(kind=StepKind.TOOL_CALL, name="submit", arguments={"answer": "x"})
    assert "no_submission" not in _points(*call, sent, prompt=prompt)
    assert "no_submission" not in _points(*call, _LAST)


def test_a_run_that_ends_on_a_failed_call_has_no_answer() -> None:
    call = Step(kind=StepKind.TOOL_CALL, name="book", arguments={})
    steps = (
        call,
        Step(kind=StepKind.TOOL_RESULT, content="ok"),
        call,
        Step(kind=StepKind.TOOL_RESULT, content="Error: full"),
    )
    assert _points(*steps)["no_final_answer"].step_indices == (3,)


def test_negations_are_words_and_not_parts_of_words() -> None:
    assert (
        _issues("I know the note about the engine of the car.", "The engine of the car has a note about it.")
        == []
    )


def test_a_denial_of_the_step_before_is_a_contradiction() -> None:
    issues = _issues("The cache is the cause of the error.", "The cache is not the cause of the error.")
    assert (ReasoningIssueType.CONTRADICTION, (0, 1)) in issues


def test_a_denial_of_something_else_is_none() -> None:
    issues = _issues(
        "The cache is warm and answers at once.", "The users never see the second page of the list."
    )
    assert issues == []


def test_saying_the_same_again_is_a_circle() -> None:
    text = "I should look at the server log to find the slow request"
    assert (ReasoningIssueType.CIRCULAR_REASONING, (0, 1)) in _issues(
        text, text + " now", "Then I compare it with the old one."
    )


def test_conclusions_are_words_and_not_parts_of_words() -> None:
    assert _issues("It is some way.") == []
    assert _issues("So it is.") == [(ReasoningIssueType.UNSUPPORTED_CONCLUSION, (0,))]
    assert _issues("Hm, well.") == [(ReasoningIssueType.INCOMPLETE_LOGIC, (0,))]


def test_a_step_left_out_of_a_plan_is_missing() -> None:
    texts = (
        "Step 1: open the file and read the header line.",
        "Step 3: write the report with the totals in it.",
    )
    assert (ReasoningIssueType.MISSING_STEP, (0, 1)) in _issues(*texts)
