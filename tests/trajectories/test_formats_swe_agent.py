"""`.traj` files of SWE-agent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Trajectory

TAKEN = [
    {
        "action": "open clock.py\n",
        "observation": "1: tick",
        "thought": "Look.",
        "execution_time": 0.5,
        "state": {"f": 1},
    },
    {"action": "submit", "observation": "", "thought": "Done."},
]
HISTORY = [
    {"role": "system", "content": "Use the commands."},
    {"role": "user", "content": "A demonstration.", "is_demo": True},
    {"role": "assistant", "content": "demo answer", "is_demo": True},
    {"role": "user", "content": "Fix the clock."},
    {"role": "assistant", "content": "Look."},
    {"role": "user", "content": "1: tick"},
    {"role": "assistant", "content": "Done."},
]


def read(taken: list[Any] = TAKEN, history: list[Any] = HISTORY, **info: Any) -> Trajectory:
    record = {
        "environment": "main",
        "trajectory": taken,
        "history": history,
        "info": {"exit_status": "submitted", **info},
    }
    (run,) = load_trajectories(json.dumps(record).encode())
    assert run.format == "swe_agent"
    assert run.raw == record
    return run


def test_every_entry_is_a_turn_of_thought_command_and_observation() -> None:
    run = read()
    assert [step.kind.value for step in run.steps] == [
        "system",
        "user",
        *["reasoning", "tool_call", "tool_result"] * 2,
    ]
    assert [step.source_index for step in run.steps] == [None, None, 0, 0, 0, 1, 1, 1]
    assert run.turn_count == 2
    call, result = run.steps[3:5]
    assert (call.name, call.arguments, call.content) == (
        "open",
        {"command": "open clock.py"},
        "open clock.py\n",
    )
    assert (result.call_id, result.name, result.duration_ms) == (call.call_id, "open", 500.0)


def test_demonstrations_are_not_part_of_the_run() -> None:
    run = read()
    assert run.prompt == "Use the commands."
    assert all("demo" not in step.content for step in run.steps)


def test_the_arguments_of_a_called_function_are_taken_from_the_history() -> None:
    function = {"name": "view", "arguments": '{"path": "clock.py"}'}
    history = [
        HISTORY[0],
        HISTORY[3],
        {"role": "assistant", "content": "", "tool_calls": [{"id": "x", "function": function}]},
    ]
    run = read(TAKEN[:1], history)
    assert (run.tool_calls[0].name, run.tool_calls[0].arguments) == ("view", {"path": "clock.py"})


@pytest.mark.parametrize(
    ("status", "submission", "outcome", "limit"),
    [
        ("submitted", "a patch", "unknown", None),
        ("submitted (exit_cost)", "a patch", "partial", "cost"),
        ("exit_cost", None, "failure", "cost"),
        ("exit_context", None, "failure", "tokens"),
        ("exit_total_execution_time", None, "timeout", "time"),
        ("exit_error", None, "error", None),
        ("early_exit", None, "failure", None),
    ],
)
def test_the_exit_status_tells_how_it_ended(
    status: str, submission: str | None, outcome: str, limit: str | None
) -> None:
    run = read(exit_status=status, submission=submission)
    assert (run.outcome.value, run.exit_status, run.limit) == (outcome, status, limit)


def test_what_the_file_knows_of_the_run_is_kept() -> None:
    run = read(model_stats={"tokens_sent": 100, "tokens_received": 7, "api_calls": 2, "instance_cost": 0.25})
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.output_tokens, run.usage.calls, run.usage.cost_usd) == (
        100,
        7,
        2,
        0.25,
    )


@pytest.mark.parametrize("is_text", [True, False])
def test_task_and_model_are_taken_from_the_settings_of_the_run(is_text: bool) -> None:
    settings = {"problem_statement": {"text": "The clock is late."}, "agent": {"model": {"name": "small-1"}}}
    record = {
        "trajectory": TAKEN,
        "history": HISTORY,
        "replay_config": json.dumps(settings) if is_text else settings,
    }
    (run,) = load_trajectories(json.dumps(record).encode())
    assert (run.task, run.model) == ("The clock is late.", "small-1")


def test_settings_that_cannot_be_read_are_none() -> None:
    (run,) = load_trajectories(
        json.dumps({"trajectory": TAKEN, "history": [], "replay_config": "{oops"}).encode()
    )
    assert (run.task, run.turn_count) == (None, 2)


def test_an_entry_without_a_command_is_still_a_turn() -> None:
    run = read([{"action": "", "observation": "no command found", "thought": "Hm."}], [])
    assert [step.kind for step in run.steps] == [StepKind.REASONING, StepKind.TOOL_RESULT]
    assert run.turn_count == 1


@pytest.mark.parametrize(
    "observation",
    [
        "EXECUTION TIMED OUT BECAUSE NO OUTPUT CAME",
        "The command 'sleep 99' was cancelled because it took more than 30 seconds.",
    ],
)
def test_a_command_that_ran_out_of_time_is_an_error(observation: str) -> None:
    result = read([{"action": "sleep 99", "observation": observation, "thought": ""}], []).steps[-1]
    assert (result.is_error, result.error) == (True, "timeout")


def test_a_file_that_is_not_json_says_where() -> None:
    with pytest.raises(ValueError, match="line 3, column"):
        list(load_trajectories(b'{\n"trajectory": [\n{"action": open}]}'))
