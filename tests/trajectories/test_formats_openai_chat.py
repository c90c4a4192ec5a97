"""OpenAI chat records and the fields that stand beside their messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.step import Outcome
from reflector.trajectories.trajectory import Trajectory

TALK = [
    {"role": "system", "content": "Answer in one word."},
    {"role": "user", "content": "Capital of Peru?"},
    {"role": "assistant", "content": "Lima"},
]


def read(record: Any) -> Trajectory:
    (run,) = load_trajectories(json.dumps(record).encode())
    assert run.format == "openai_chat"
    return run


def test_a_record_is_read_with_all_it_says() -> None:
    run = read(
        {
            "id": "run-7",
            "messages": TALK,
            "tools": [{"type": "function", "function": {"name": "atlas"}}, {"name": "search"}],
            "model": "small-1",
            "reward": 1.0,
            "feedback": "short and right",
            "task": "quiz",
            "usage": {
                "prompt_tokens": 30,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 10},
            },
            "trial": 3,
        }
    )
    assert (run.id, run.model, run.task, run.prompt) == ("run-7", "small-1", "quiz", "Answer in one word.")
    assert run.tools == ("atlas", "search")
    assert (run.outcome, run.scores[0].name, run.scores[0].value) == (Outcome.SUCCESS, "reward", 1.0)
    assert run.feedback == ("short and right",)
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.cached_tokens) == (30, 10)
    assert run.metadata["trial"] == 3


def test_the_record_is_given_back_as_it_was() -> None:
    record = {"messages": TALK, "future_field": {"deep": [1, None, "x"]}, "reward": 0}
    run = read(record)
    assert run.raw == record
    assert run.to_openai_messages() == TALK


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, "unknown"),
        ({"reward": 1}, "success"),
        ({"reward": 0.0}, "failure"),
        ({"score": 0.4}, "partial"),
        ({"score": 87}, "unknown"),
        ({"resolved": False}, "failure"),
        ({"success": True}, "success"),
        ({"scores": {"a": 1, "b": 0}}, "partial"),
        ({"scores": [{"name": "judge", "value": "C"}]}, "success"),
        ({"outcome": "timeout", "reward": 1}, "timeout"),
        ({"status": "failed"}, "failure"),
        ({"status": "completed"}, "unknown"),
        ({"status": "success"}, "unknown"),
        ({"status": "success", "reward": 0}, "failure"),
        ({"correct": "C"}, "unknown"),
        ({"correct": "yes"}, "success"),
        ({"passed": "0"}, "failure"),
        ({"rating": 1}, "unknown"),
        ({"error": "connection reset"}, "error"),
        ({"error": {"type": "Timeout", "message": "request timed out"}}, "timeout"),
        ({"error": "late", "reward": 1}, "success"),
        ({"evaluation": {"score": 0, "feedback": "no"}}, "failure"),
        ({"metadata": {"reward": 1}}, "success"),
        ({"reward_info": {"reward": 0.0}}, "failure"),
        ({"termination_reason": "max_steps"}, "partial"),
        ({"termination_reason": "timeout"}, "timeout"),
        ({"termination_reason": "user_stop"}, "unknown"),
        ({"error": {"code": 7}}, "error"),
        ({"reward": True}, "success"),
        ({"reward": "none"}, "unknown"),
    ],
)
def test_the_outcome_is_what_the_record_proves(fields: dict[str, Any], outcome: str) -> None:
    assert read({"messages": TALK, **fields}).outcome.value == outcome


@pytest.mark.parametrize(
    "record",
    [
        {"traj": TALK},
        {"conversation": TALK},
        {"prompt": TALK[:2], "completion": TALK[2:], "reward": 0.5},
        {"messages": TALK[:2], "response": {"choices": [{"finish_reason": "stop", "message": TALK[2]}]}},
        {"request": {"messages": TALK[:2]}, "response": {"choices": [{"message": TALK[2]}]}},
        {"input": TALK[:2], "output": "Lima"},
        {"messages": TALK[:2], "choices": [{"message": TALK[2]}]},
    ],
    ids=["traj", "conversation", "rollout", "answer", "request log", "text output", "choices"],
)
def test_the_usual_ways_to_keep_a_talk_are_understood(record: dict[str, Any]) -> None:
    run = read(record)
    assert run.final_message == "Lima"
    assert run.prompt == "Answer in one word."
    assert [message["role"] for message in run.to_openai_messages()] == ["system", "user", "assistant"]


def test_ids_of_tasks_are_no_ids_of_runs() -> None:
    assert read({"messages": TALK, "task_id": 1}).id != "1"


def test_a_simulated_users_instruction_is_the_task() -> None:
    assert (
        read({"messages": TALK, "info": {"task": {"instruction": "Learn a capital."}}}).task
        == "Learn a capital."
    )


def test_a_system_prompt_beside_the_messages_is_the_prompt() -> None:
    assert read({"system": "Be kind.", "messages": TALK[1:]}).prompt == "Be kind."


def test_why_the_model_stopped_is_taken_from_the_answer() -> None:
    reply = {"choices": [{"finish_reason": "length", "message": {"role": "assistant", "content": "Li"}}]}
    assert read({"messages": TALK[:2], "response": reply}).steps[-1].finish_reason == "length"


@pytest.mark.parametrize(
    ("status", "limit"),
    [
        ("step_limit_exceeded", "steps"),
        ("max_turns", "turns"),
        ("too_many_errors", "limit"),
        ("finished", None),
    ],
)
def test_a_limit_in_the_exit_status_is_named(status: str, limit: str | None) -> None:
    run = read({"messages": TALK, "exit_status": status})
    assert (run.exit_status, run.limit) == (status, limit)
