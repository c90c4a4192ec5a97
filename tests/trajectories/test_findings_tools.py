"""Checks of tool calls: failures, repetitions, lost state, records."""

from __future__ import annotations

import pytest

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.findings.commands import command_of
from reflector.trajectories.step import Step, StepKind
from reflector.trajectories.trajectory import Trajectory


def _call(name: str, arguments: object, **fields: object) -> Step:
    return Step(kind=StepKind.TOOL_CALL, name=name, arguments=arguments, **fields)


def _result(content: str, name: str | None = None, **fields: object) -> Step:
    return Step(kind=StepKind.TOOL_RESULT, content=content, name=name, **fields)


def _points(*steps: Step, **fields: object) -> list[FailurePoint]:
    return list(analyze(Trajectory.new("run", steps=steps, **fields)).failure_points)


def _rules(*steps: Step, **fields: object) -> list[str]:
    return [point.rule for point in _points(*steps, **fields)]


def _answer(content: str, name: str = "shell", command: str = "./deploy.sh now") -> list[str]:
    done = Step(kind=StepKind.MESSAGE, content="That is all.")
    return _rules(_call(name, {"command": command}), _result(content, name), done)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ('Traceback (most recent call last):\n  File "a.py", line 1\nValueError: bad day', "tool_exception"),
        ("<returncode>2</returncode>\n<output>\nusage: deploy.sh ENV\n</output>", "tool_exit_code"),
        ("deploying\nstep 3 of 4\n[Command finished with exit code 3]", "tool_exit_code"),
        ("/bin/sh: 1: deploi: not found", "tool_exit_code"),
        ("bash: line 1: deploi: command not found", "tool_exit_code"),
        ("Error: no seat left in this cabin", "tool_error"),
        ("Failed to open the ticket", "tool_error"),
        ('{"error": "unknown order id"}', "tool_error"),
        ('{"success": false, "message": "the card was declined"}', "tool_error"),
        ('{"error": {"type": "rate_limit", "message": "Too many requests"}}', "rate_limited"),
        ("Command timed out after 30 seconds", "tool_timeout"),
        ("Error: the script ran longer than 10 seconds and was stopped.", "tool_timeout"),
        ("subprocess.TimeoutExpired: Command 'x' timed out after 30 seconds", "tool_timeout"),
        ("Error: the code ran longer than the limit of 10 seconds and was stopped.", "tool_timeout"),
        ("Exceeded time limit", "tool_timeout"),
        ("execution exceeded the 30 second time limit", "tool_timeout"),
        ("rpc error: deadline exceeded", "tool_timeout"),
        ("The query took too long.", "tool_timeout"),
        ("Error: time limit of 5 seconds exceeded", "tool_timeout"),
        ("Process was killed after 60 seconds", "tool_timeout"),
        (
            "Your proposed edit has introduced new syntax error(s).\n- E999 SyntaxError: '(' was never closed",
            "edit_rejected",
        ),
        ("No replacement was performed, old_str `x = 1` did not appear verbatim in a.py.", "edit_rejected"),
        ("Unknown tool: deploy_all", "call_rejected"),
        ("Permission denied: you may not deploy on Fridays", "call_denied"),
        ("panic: runtime error: index out of range", "tool_exception"),
        ("===== 2 failed, 31 passed in 1.2s =====", "tests_failed"),
        ("customer 4711 not found", "tool_error"),
    ],
)
def test_a_result_that_says_it_failed_is_a_finding(content: str, rule: str) -> None:
    assert _answer(content) == [rule]


@pytest.mark.parametrize(
    ("name", "command", "content"),
    [
        (
            "shell",
            "cat app.log",
            "ERROR: worker died\nTraceback (most recent call last):\nValueError: bad day",
        ),
        ("shell", "grep -rn error src | head", "src/a.py:3: raise ValueError('error: timed out')"),
        ("shell", "git log --oneline", "fatal: fix the crash\nerror handling"),
        ("read_file", "src/errors.py", "class NotFoundError(Exception):\n    pass"),
        (
            "get_order",
            "",
            '{"order": 7, "status": "failed", "items": [], "user": "a", "total": 3, "paid": 0}',
        ),
        ("get_flight", "", '{"flight": "X1", "timeout": 30, "errors": [], "error": null}'),
        ("shell", "./deploy.sh now", "deployed 3 services\n0 errors"),
        ("shell", "./check.sh", "Caught expected ValueError: empty"),
        ("shell", "pytest -q", "31 passed in 0.4s"),
        ("shell", "./show.sh", "timeout: 30\nretry after: 5"),
        ("shell", "./show.sh", "The team voted on the deadline; it has not passed."),
        ("search_web", "rain", "No results found for rain"),
        ("shell", "./a.sh", "<returncode>0</returncode>\n<output>\nError handling is documented\n</output>"),
    ],
)
def test_words_of_failure_in_a_text_or_a_clean_result_are_no_finding(
    name: str, command: str, content: str
) -> None:
    assert _answer(content, name, command) == []


def test_evidence_is_the_telling_line_word_for_word() -> None:
    text = "Traceback (most recent call last):\n  File \"job.py\", line 9, in <module>\nKeyError: 'price'\n"
    (point,) = _points(
        _call("python", {"code": "run()"}), _result(text), Step(kind=StepKind.MESSAGE, content="Hm.")
    )
    assert point.evidence == "KeyError: 'price'"
    assert point.step_indices == (1,)
    assert "`python`" in point.description


def test_a_search_without_a_hit_is_of_low_severity() -> None:
    call = _call("bash", {"command": "grep -rn unlikely_name src"})
    (point,) = _points(
        call, _result("<returncode>1</returncode>\n<output>\n</output>", is_error=True, error="returncode=1")
    )
    assert (point.rule, point.severity) == ("empty_search", Severity.LOW)


def test_a_failure_behind_a_pipe_is_seen() -> None:
    call = _call("bash", {"command": "python -m pytest -q 2>&1 | tail -3"})
    answer = _result(
        "<returncode>0</returncode>\n<output>\n/usr/bin/python: No module named pytest\n</output>"
    )
    (point,) = _points(call, answer)
    assert (point.rule, point.severity) == ("hidden_exit_code", Severity.LOW)


def test_many_failures_of_a_kind_are_one_finding_with_all_their_steps() -> None:
    steps = []
    for number in range(11):
        steps += [_call("python", {"code": f"search({number})"}), _result("", is_error=True, error="timeout")]
    points = [point for point in _points(*steps) if point.rule == "tool_timeout"]
    assert len(points) == 1
    assert points[0].step_indices == tuple(range(1, 22, 2))
    assert (points[0].category, points[0].severity) == (FailureCategory.TIMEOUT, Severity.HIGH)
    assert "11 times" in points[0].description


def test_the_same_failing_call_sent_again_is_grave() -> None:
    steps = []
    for _ in range(3):
        steps += [_call("book", {"seats": 2}), _result("Error: total is 90, paid 60")]
    point = next(point for point in _points(*steps) if point.rule == "repeated_failing_call")
    assert point.severity is Severity.HIGH
    assert "3 times with exactly the same arguments" in point.description
    assert point.step_indices == (1, 3, 5)


def test_an_exception_that_shows_the_reported_bug_is_of_low_severity_the_first_time() -> None:
    trace = "Traceback (most recent call last):\nTypeError: unsupported operand"
    plan = Step(kind=StepKind.MESSAGE, content="First I write a script to reproduce the issue.")
    run = (_call("bash", {"command": "python show.py"}), _result(trace))
    (shown,) = _points(plan, *run, Step(kind=StepKind.MESSAGE, content="There it is."))
    assert (shown.rule, shown.severity) == ("tool_exception", Severity.LOW)
    points = _points(plan, *run, Step(kind=StepKind.MESSAGE, content="Fixed, once more."), *run)
    assert [(point.severity, point.step_indices) for point in points if point.rule == "tool_exception"] == [
        (Severity.MEDIUM, (5,)),
        (Severity.LOW, (2,)),
    ]
    missing = _result("Traceback (most recent call last):\nModuleNotFoundError: No module named 'x'")
    assert _points(plan, run[0], missing)[0].severity is Severity.MEDIUM


def test_a_call_repeated_without_a_change_in_between_is_a_finding() -> None:
    look = (_call("shell", {"command": "cat notes.txt"}), _result("empty"))
    (point,) = _points(*look, *look, Step(kind=StepKind.MESSAGE, content="Hm."))
    assert (point.rule, point.step_indices, point.evidence) == ("repeated_call", (0, 2), "cat notes.txt")


def test_calls_with_empty_arguments_are_told_apart_by_their_text() -> None:
    calls = [Step(kind=StepKind.TOOL_CALL, name="sh", arguments="", content=text) for text in ("ls", "pwd")]
    assert [command_of(call) for call in calls] == ["ls", "pwd"]
    steps = [step for call in calls for step in (call, _result("ok"))]
    assert _rules(*steps, Step(kind=StepKind.MESSAGE, content="Hm.")) == []


def test_a_check_that_is_run_again_after_a_change_is_no_repetition() -> None:
    check = (_call("shell", {"command": "python check.py"}), _result("ok"))
    change = (_call("shell", {"command": "sed -i s/a/b/ x.py"}), _result(""))
    assert (
        _rules(*check, *change, *check, *change, Step(kind=StepKind.MESSAGE, content="Done with it.")) == []
    )


def test_names_lost_between_calls_are_a_state_error_that_names_them() -> None:
    (point,) = _points(
        _call("python", {"code": "import math\nrates = load()\nprint(rates)"}),
        _result("[1, 2]"),
        _call("python", {"code": "print(sum(rates))"}),
        _result("NameError: name 'rates' is not defined"),
        _call("python", {"code": "rates = load()\nprint(math.floor(rates[0]))"}),
        _result("Traceback (most recent call last):\nNameError: name 'math' is not defined"),
        Step(kind=StepKind.MESSAGE, content="Hm."),
    )
    assert (point.category, point.rule, point.severity) == (
        FailureCategory.STATE_ERROR,
        "lost_names",
        Severity.HIGH,
    )
    assert point.step_indices == (3, 5)
    assert "`rates` (defined at step 0)" in point.description
    assert "`math` (defined at step 0)" in point.description
    assert point.evidence == "NameError: name 'rates' is not defined"


def test_a_name_that_was_never_defined_is_an_exception_and_not_lost_state() -> None:
    rules = _rules(
        _call("python", {"code": "print(total)"}), _result("NameError: name 'total' is not defined")
    )
    assert rules == ["tool_exception"]


def test_malformed_arguments_are_quoted() -> None:
    (point,) = _points(
        _call("book", '{"seats": 2,'), _result("ok"), Step(kind=StepKind.MESSAGE, content="Booked.")
    )
    assert (point.rule, point.evidence) == ("malformed_arguments", '{"seats": 2,')


def test_a_tool_that_was_not_offered_is_named() -> None:
    steps = (_call("fly", {}), _result("Error: no such function"))
    points = {point.rule: point for point in _points(*steps, tools=("walk", "swim"))}
    assert points["unknown_tool"].evidence == "fly"
    assert "walk and swim" in points["unknown_tool"].description
