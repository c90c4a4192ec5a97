"""Files of mini-swe-agent, both ways of writing commands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Trajectory

OPENING = [{"role": "system", "content": "Use the shell."}, {"role": "user", "content": "Fix the clock."}]


def read(*messages: dict[str, Any], **info: Any) -> Trajectory:
    stats = {"instance_cost": 0.5, "api_calls": 2}
    record = {
        "info": {
            "exit_status": "Submitted",
            "submission": "a patch",
            "model_stats": stats,
            "mini_version": "1.2",
            **info,
        },
        "messages": [*OPENING, *messages],
        "trajectory_format": "mini-swe-agent-1",
        "instance_id": "clock-1",
    }
    (run,) = load_trajectories(json.dumps(record).encode())
    assert run.format == "mini_swe_agent"
    assert run.raw == record
    return run


def answer(command: str, words: str = "THOUGHT: a look first.", fence: str = "bash") -> dict[str, Any]:
    return {"role": "assistant", "content": f"{words}\n\n```{fence}\n{command}\n```"}


def output(code: int, text: str) -> dict[str, Any]:
    return {"role": "user", "content": f"<returncode>{code}</returncode>\n<output>\n{text}\n</output>"}


def test_a_thought_and_its_fenced_command_are_two_steps_of_a_turn() -> None:
    run = read(answer("ls -la"), output(0, "clock.py"))
    assert [step.kind.value for step in run.steps] == [
        "system",
        "user",
        "reasoning",
        "tool_call",
        "tool_result",
    ]
    thought, call, result = run.steps[2:]
    assert (thought.content, call.arguments, call.name) == ("a look first.", {"command": "ls -la"}, "bash")
    assert (thought.turn, call.turn, result.call_id) == (0, 0, call.call_id)
    assert [step.source_index for step in run.steps] == [0, 1, 2, 2, 3]
    assert not result.is_error
    assert result.metadata == {"returncode": 0}


def test_a_return_code_other_than_zero_is_an_error() -> None:
    result = read(answer("false"), output(2, "")).steps[-1]
    assert (result.is_error, result.error) == (True, "returncode=2")


def test_a_command_that_ran_out_of_time_is_an_error() -> None:
    late = {
        "role": "user",
        "content": "The last command <command>sleep 99</command> timed out and has been killed.",
    }
    result = read(answer("sleep 99"), late).steps[-1]
    assert (result.kind, result.error) == (StepKind.TOOL_RESULT, "timeout")


def test_an_answer_without_exactly_one_command_is_followed_by_an_error() -> None:
    two = {"role": "assistant", "content": "```bash\nls\n```\n```bash\npwd\n```"}
    complaint = {"role": "user", "content": "Please give exactly one action."}
    run = read(two, complaint)
    assert [step.kind.value for step in run.steps[2:]] == ["message", "error"]
    assert run.steps[-1].error == "FormatError"
    assert run.tool_calls == ()


def test_the_fence_of_version_two_wins_over_examples_in_bash() -> None:
    words = "For example:\n```bash\nls\n```"
    run = read(answer("pwd", words, "mswea_bash_command"), output(0, "/"))
    assert [step.arguments for step in run.tool_calls] == [{"command": "pwd"}]


def test_a_submission_is_not_yet_a_success() -> None:
    run = read(answer("submit"), {"role": "user", "content": "diff --git a/clock.py"})
    assert (run.outcome.value, run.exit_status, run.steps[-1].kind) == (
        "unknown",
        "Submitted",
        StepKind.TOOL_RESULT,
    )


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({"step_limit": 5}, "steps"),
        ({"cost_limit": 3.0}, "cost"),
        ({"step_limit": 5, "cost_limit": 1}, "steps or cost"),
    ],
)
def test_a_reached_limit_ends_the_run_as_failed(config: dict[str, Any], limit: str) -> None:
    stop = {"role": "user", "content": ""}
    run = read(
        answer("ls"),
        output(0, ""),
        stop,
        exit_status="LimitsExceeded",
        submission="",
        config={"agent": config},
    )
    assert (run.outcome.value, run.limit) == ("failure", limit)
    assert (run.steps[-1].kind, run.steps[-1].error) == (StepKind.ERROR, "LimitsExceeded")


def test_what_the_file_knows_of_the_run_is_kept() -> None:
    run = read(answer("ls"), output(0, ""), config={"model": {"model_name": "small-1"}})
    assert (run.model, run.agent, run.prompt) == ("small-1", "mini-swe-agent 1.2", "Use the shell.")
    assert run.usage is not None
    assert (run.usage.calls, run.usage.cost_usd) == (2, 0.5)
    assert run.metadata["instance_id"] == "clock-1"


def tool_answer(arguments: str, **extra: Any) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": {"name": "bash", "arguments": arguments}}
    return {"role": "assistant", "content": "", "tool_calls": [call], "extra": extra}


def test_version_two_calls_a_tool() -> None:
    reply = {
        "choices": [{"finish_reason": "tool_calls"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 1},
    }
    run = read(
        tool_answer('{"command": "ls"}', response=reply, timestamp=1_900_000_000.0, cost=0.1),
        {
            "role": "tool",
            "tool_call_id": "c1",
            "content": "gone",
            "extra": {"returncode": 1, "timestamp": 1_900_000_002.0},
        },
    )
    call, result = run.steps[2:]
    assert (call.arguments, call.finish_reason, call.turn) == ({"command": "ls"}, "tool_calls", 0)
    assert (result.error, result.call_id, result.name) == ("returncode=1", "c1", "bash")
    assert run.duration_ms == 2000.0
    assert run.usage is not None
    assert run.usage.input_tokens == 9


def test_a_command_that_could_not_be_run_says_why() -> None:
    extra = {"returncode": -1, "exception_info": "Command 'x' timed out after 60 seconds"}
    run = read(tool_answer("{}"), {"role": "tool", "tool_call_id": "c1", "content": "", "extra": extra})
    assert run.steps[-1].error == "timeout"


def test_what_was_submitted_is_the_result_of_the_last_call() -> None:
    run = read(
        tool_answer('{"command": "submit"}'),
        {"role": "exit", "content": "a patch", "extra": {"exit_status": "Submitted"}},
    )
    assert (run.steps[-1].kind, run.steps[-1].call_id, run.outcome.value) == (
        StepKind.TOOL_RESULT,
        "c1",
        "unknown",
    )


def test_an_answer_that_the_agent_could_not_use_is_an_error() -> None:
    rejected = {"role": "user", "content": "No tool call found.", "extra": {"interrupt_type": "FormatError"}}
    run = read({"role": "assistant", "content": "I think."}, rejected)
    assert (run.steps[-1].kind, run.steps[-1].error) == (StepKind.ERROR, "FormatError")


def test_words_around_a_command_are_kept() -> None:
    run = read({"role": "assistant", "content": "First this.\n```bash\nls\n```\nThen that."}, output(0, ""))
    assert [(step.kind.value, step.content) for step in run.steps[2:4]] == [
        ("message", "First this."),
        ("message", "Then that."),
    ]


@pytest.mark.parametrize(
    ("status", "submission", "outcome"),
    [("Timeout", "", "timeout"), ("LimitsExceeded", "a patch", "partial")],
)
def test_the_exit_status_tells_how_it_ended(status: str, submission: str, outcome: str) -> None:
    assert (
        read(answer("ls"), output(0, ""), exit_status=status, submission=submission).outcome.value == outcome
    )


def test_a_crash_ends_the_run_with_an_error() -> None:
    extra = {"exit_status": "ServerError", "exception_str": "server is gone"}
    run = read(
        tool_answer("{}"),
        {"role": "tool", "tool_call_id": "c1", "content": "", "extra": {"returncode": 0}},
        {"role": "exit", "content": "server is gone", "extra": extra},
        exit_status="ServerError",
        submission="",
    )
    assert (run.outcome.value, run.error) == ("error", "server is gone")
    assert (run.steps[-1].kind, run.steps[-1].error) == (StepKind.ERROR, "ServerError")


def test_a_person_in_between_is_a_user() -> None:
    run = read(
        answer("ls"), output(0, ""), {"role": "user", "content": "wait"}, answer("pwd"), output(0, "/")
    )
    assert run.steps[5].kind is StepKind.USER
