"""One chat message gives as many steps as it says different things."""

from __future__ import annotations

from typing import Any

import pytest

from reflector.trajectories.chat import read_messages, system_prompt
from reflector.trajectories.step import Step, StepKind


def steps_of(*messages: dict[str, Any]) -> tuple[Step, ...]:
    return read_messages(messages)


def shape(steps: tuple[Step, ...]) -> list[tuple[str, str]]:
    return [(step.kind.value, step.content) for step in steps]


def call(name: str, arguments: Any, id: str = "c1") -> dict[str, Any]:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_thinking_words_and_calls_of_one_message_are_steps_of_one_turn() -> None:
    steps = steps_of(
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "reasoning_content": "look it up",
            "content": "One moment.",
            "tool_calls": [call("weather", '{"town": "Bonn"}', "a"), call("weather", '{"town": "Ulm"}', "b")],
        },
    )
    assert [step.kind.value for step in steps] == ["user", "reasoning", "message", "tool_call", "tool_call"]
    assert [step.turn for step in steps] == [None, 0, 0, 0, 0]
    assert [step.source_index for step in steps] == [0, 1, 1, 1, 1]
    assert [step.arguments for step in steps[3:]] == [{"town": "Bonn"}, {"town": "Ulm"}]


def test_results_are_linked_to_their_calls_and_named_after_them() -> None:
    steps = steps_of(
        {"role": "assistant", "tool_calls": [call("one", "{}", "a"), call("two", "{}", "b")]},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    )
    assert [(step.name, step.call_id, step.content) for step in steps[2:]] == [
        ("two", "b", "2"),
        ("one", "a", "1"),
    ]


def test_a_result_without_an_id_belongs_to_the_oldest_open_call() -> None:
    steps = steps_of(
        {"role": "assistant", "function_call": {"name": "look", "arguments": '{"at": 1}'}},
        {"role": "function", "name": "look", "content": "seen"},
    )
    assert steps[0].arguments == {"at": 1}
    assert steps[0].call_id == steps[1].call_id is not None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"a": 1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        ("", {}),
        (None, {}),
        ('{"a": 1', '{"a": 1'),
        ('"just text"', '"just text"'),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_malformed_arguments_stay_text(written: Any, read: Any) -> None:
    assert steps_of({"role": "assistant", "tool_calls": [call("f", written)]})[0].arguments == read


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<think>why not</think>\n\nYes.", [("reasoning", "why not"), ("message", "Yes.")]),
        ("why not</think>Yes.", [("reasoning", "why not"), ("message", "Yes.")]),
        ("<think>only this</think>", [("reasoning", "only this")]),
        ("Say <think>x</think> in code.", [("message", "Say <think>x</think> in code.")]),
        ("a <b>bold</b> word", [("message", "a <b>bold</b> word")]),
    ],
)
def test_a_block_of_thinking_is_told_from_the_words_after_it(
    content: str, expected: list[tuple[str, str]]
) -> None:
    assert shape(steps_of({"role": "assistant", "content": content})) == expected


def test_parts_are_joined_and_pictures_named_not_inlined() -> None:
    picture = "data:image/png;base64," + "A" * 5000
    (step,) = steps_of(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": picture}},
                {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
                {"type": "input_audio", "input_audio": {"data": "UklGR", "format": "wav"}},
            ],
        }
    )
    assert "What is this?" in step.content
    assert "https://example.org/cat.png" in step.content
    assert "AAAA" not in step.content
    assert len(step.content) < 300


def test_blocks_of_the_anthropic_shape_are_understood() -> None:
    steps = steps_of(
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "a file"},
                {"type": "text", "text": "Reading."},
                {"type": "tool_use", "id": "t1", "name": "read", "input": {"path": "a.txt"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": "no such file"}
            ],
        },
    )
    assert shape(steps) == [
        ("reasoning", "a file"),
        ("message", "Reading."),
        ("tool_call", ""),
        ("tool_result", "no such file"),
    ]
    assert steps[2].arguments == {"path": "a.txt"}
    assert (steps[3].is_error, steps[3].name, steps[3].call_id) == (True, "read", "t1")


def test_a_refusal_is_a_message_that_says_so() -> None:
    as_field = steps_of({"role": "assistant", "content": None, "refusal": "I cannot."})
    as_part = steps_of({"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]})
    for steps in (as_field, as_part):
        assert shape(steps) == [("message", "I cannot.")]
        assert steps[0].metadata["refusal"] is True


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        ({"error": {"type": "timeout", "message": "took too long"}}, "timeout"),
        ({"error": "connection lost"}, "connection lost"),
        ({"status": "error"}, "error"),
        ({"is_error": True}, None),
        ({"isError": True}, None),
    ],
)
def test_only_the_records_own_marks_make_a_result_failed(extra: dict[str, Any], error: str | None) -> None:
    (step,) = steps_of({"role": "tool", "tool_call_id": "x", "content": "", **extra})
    assert (step.is_error, step.error, step.importance.value) == (True, error, "high")


def test_words_that_look_like_an_error_are_left_to_the_analysis() -> None:
    (step,) = steps_of(
        {"role": "tool", "tool_call_id": "x", "content": "Traceback (most recent call last): …"}
    )
    assert not step.is_error


def test_an_empty_result_with_an_explained_error_says_the_explanation() -> None:
    error = {"type": "timeout", "message": "took too long"}
    assert steps_of({"role": "tool", "content": "", "error": error})[0].content == "took too long"


@pytest.mark.parametrize(
    ("recorded", "expected"), [("length", "length"), ("max_tokens", "length"), ("end_turn", "stop")]
)
def test_finish_reasons_are_told_in_one_vocabulary(recorded: str, expected: str) -> None:
    steps = steps_of({"role": "assistant", "content": "and then", "finish_reason": recorded})
    assert steps[-1].finish_reason == expected


def test_developer_is_system_and_the_prompt_is_what_stands_before_the_first_answer() -> None:
    steps = steps_of(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "Be kind."},
        {"role": "assistant", "content": "Hi."},
        {"role": "system", "content": "A later note."},
    )
    assert [step.kind for step in steps][:2] == [StepKind.SYSTEM, StepKind.SYSTEM]
    assert system_prompt(steps) == "Be brief.\n\nBe kind."


def test_an_empty_answer_is_still_a_turn() -> None:
    steps = steps_of({"role": "assistant", "content": None})
    assert shape(steps) == [("message", "")]
    assert steps[0].turn == 0


def test_unknown_fields_of_a_message_are_kept() -> None:
    assert steps_of({"role": "user", "content": "x", "mood": "calm"})[0].metadata == {"mood": "calm"}


def test_an_unknown_role_is_a_speaker_of_that_name() -> None:
    (step,) = steps_of({"role": "critic", "content": "too long"})
    assert (step.kind, step.name) == (StepKind.USER, "critic")


def test_a_message_without_a_role_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match="message 1 has no role"):
        steps_of({"role": "user", "content": "x"}, {"content": "y"})
