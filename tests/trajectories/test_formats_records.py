"""Simple records: what went in, what came out, how good it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.trajectory import Trajectory


def read(record: Any) -> Trajectory:
    (run,) = load_trajectories(json.dumps(record).encode())
    assert run.format == "records"
    return run


def test_input_and_output_become_a_question_and_an_answer() -> None:
    run = read({"input": "2+2", "output": "5", "score": 0, "feedback": "it is 4", "expected": "4"})
    assert [(step.kind.value, step.content) for step in run.steps] == [("user", "2+2"), ("message", "5")]
    assert (run.outcome.value, run.feedback, run.metadata["expected"]) == ("failure", ("it is 4",), "4")
    assert run.turn_count == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("question", "response"),
        ("prompt", "completion"),
        ("query", "prediction"),
        ("Inputs", "Generated Outputs"),
        ("INSTRUCTION", "model-output"),
        ("problem", "answer"),
    ],
)
def test_obvious_other_names_are_understood(asked: str, said: str) -> None:
    run = read({asked: "2+2", said: "4", "reward": 1})
    assert [step.content for step in run.steps] == ["2+2", "4"]
    assert run.outcome.value == "success"


def test_an_answer_beside_an_output_is_the_wanted_one() -> None:
    run = read({"question": "2+2", "answer": "4", "response": "5", "correct": False})
    assert (run.final_message, run.metadata["expected"]) == ("5", "4")


def test_a_prompt_beside_an_input_is_the_system_prompt() -> None:
    run = read({"prompt": "Add.", "input": "2+2", "output": "5"})
    assert run.prompt == "Add."
    assert [step.kind.value for step in run.steps] == ["system", "user", "message"]


def test_values_that_are_not_text_are_written_as_json() -> None:
    run = read({"Inputs": {"a": 1}, "Generated Outputs": ["x"], "Feedback": "no"})
    assert [step.content for step in run.steps] == ['{"a":1}', '["x"]']
    assert run.feedback == ("no",)


@pytest.mark.parametrize(
    ("score", "outcome"),
    [("1", "success"), ("0.5", "partial"), ("pass", "success"), ("I", "failure"), ("", "unknown")],
)
def test_scores_of_tables_are_read_from_their_text(score: str, outcome: str) -> None:
    (run,) = load_trajectories(f"input,output,score\nq,a,{score}\n".encode())
    assert run.outcome.value == outcome


def test_the_record_is_given_back_as_it_was() -> None:
    record = {"Input": "2+2", "Output": "4", "Own Column": [1, 2]}
    assert read(record).raw == record


def test_it_becomes_messages_in_the_right_order() -> None:
    messages = read({"system": "Add.", "input": "2+2", "output": "4"}).to_openai_messages()
    assert [message["role"] for message in messages] == ["system", "user", "assistant"]


def test_a_record_without_either_is_refused_with_its_fields_named() -> None:
    with pytest.raises(ValueError, match="colour"):
        list(load_trajectories(b'{"colour": "red"}', format="records"))
