"""What counts as an answer, and what is said about anything else."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._json import dumps, loads
from reflector.errors import (
    ContentFilteredError,
    EmptyAnswerError,
    LLMError,
    TruncatedAnswerError,
    UnsupportedReplyError,
)
from reflector.llm.messages import ModelReply
from reflector.llm.replies import read_reply, read_usage, split_thinking
from reflector.usage import Usage

CHOICES = {"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    "value",
    [
        "hi",
        {"content": "hi"},
        {"message": {"content": "hi"}},
        {"response": "hi"},
        CHOICES,
        {"choices": [{"text": "hi"}]},
        {"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}]},
        {"content": ["h", "i"]},
        SimpleNamespace(content="hi"),
        SimpleNamespace(message=SimpleNamespace(content="hi")),
        SimpleNamespace(response="hi"),
        SimpleNamespace(
            choices=[SimpleNamespace(message=SimpleNamespace(content="hi"), finish_reason="stop")]
        ),
        ModelReply(content="hi"),
    ],
)
def test_every_usual_form_of_an_answer_is_understood(value: Any) -> None:
    assert read_reply(value).content == "hi"


def test_content_comes_before_response_when_both_are_there() -> None:
    assert read_reply({"response": "second", "content": "first"}).content == "first"


@pytest.mark.parametrize(
    "value",
    [None, 7, 1.5, True, b"hi", ["hi"], ("hi",), {}, {"text": "hi"}, {"content": 5}, {"content": {"a": 1}},
     {"content": [1, 2]}, {"error": {"message": "no"}}, object(), MagicMock()],
)  # fmt: skip
def test_anything_else_is_refused_with_what_came(value: Any) -> None:
    with pytest.raises(UnsupportedReplyError, match=r"an answer must be text.*; got \w+"):
        read_reply(value)


@pytest.mark.parametrize(
    "value",
    ["", "  \n", {"content": ""}, {"content": None}, {"response": " "}, {"content": []}, {"choices": []}],
)
def test_an_answer_without_text_is_empty(value: Any) -> None:
    with pytest.raises(EmptyAnswerError, match="without any text"):
        read_reply(value)


@pytest.mark.parametrize(
    ("reason", "error"), [("length", TruncatedAnswerError), ("max_tokens", TruncatedAnswerError),
                          ("content_filter", ContentFilteredError), ("refusal", ContentFilteredError)],
)  # fmt: skip
def test_an_empty_answer_says_why_where_the_provider_did(reason: str, error: type[LLMError]) -> None:
    with pytest.raises(error) as caught:
        read_reply({"choices": [{"message": {"content": None}, "finish_reason": reason}], "model": "m"})
    assert caught.value.model == "m"
    assert not caught.value.retryable


def test_usage_model_reason_and_reasoning_are_taken_along() -> None:
    reply = read_reply(
        {
            "model": "gpt-5-2026",
            "choices": [{"message": {"content": "hi", "reasoning_content": "hm"}, "finish_reason": "length"}],
            "usage": {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
        },
        model="asked for",
    )
    assert reply.model == "gpt-5-2026"
    assert reply.is_truncated
    assert reply.reasoning == "hm"
    assert reply.usage == Usage(
        input_tokens=10, output_tokens=5, cached_tokens=4, reasoning_tokens=3, calls=1, cost_usd=None
    )


def test_what_is_not_said_is_unknown_and_not_zero() -> None:
    reply = read_reply("hi", model="m")
    assert reply.model == "m"
    assert (reply.usage.input_tokens, reply.usage.cost_usd, reply.finish_reason) == (None, None, None)


@pytest.mark.parametrize("figure", [True, -1, "5", 1.5, None, pytest.param(10**400, id="huge")])
def test_a_figure_that_is_no_count_is_unknown(figure: Any) -> None:
    assert read_usage({"prompt_tokens": figure}).input_tokens is None


def test_a_cost_that_is_no_amount_is_unknown() -> None:
    for cost in (10**400, float("inf"), float("nan"), -0.5, "5"):
        assert read_usage({"cost_usd": cost}).cost_usd is None


@settings(max_examples=50)
@given(
    st.builds(
        ModelReply,
        content=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        usage=st.builds(
            Usage, input_tokens=st.none() | st.integers(0, 99), cost_usd=st.none() | st.floats(0, 9)
        ),
        finish_reason=st.none() | st.sampled_from(["stop", "length"]),
        attempts=st.integers(1, 5),
        duration_ms=st.none() | st.floats(0, 99),
    )
)
def test_a_reply_that_crossed_as_data_is_read_back_whole(reply: ModelReply) -> None:
    assert read_reply(loads(dumps(reply))) == reply


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["content", "message", "choices", "response", "usage"]), inner)
        ),
        max_leaves=6,
    )
)
def test_any_value_gives_an_answer_or_a_typed_error(value: Any) -> None:
    with contextlib.suppress(LLMError):
        assert read_reply(value).content.strip()


def test_lone_surrogates_are_replaced() -> None:
    assert read_reply("a\ud800b").content == "a\ufffdb"


def test_a_key_in_an_error_payload_is_not_shown() -> None:
    with pytest.raises(UnsupportedReplyError) as caught:
        read_reply({"error": "bad key sk-abcdefghijkl"})
    assert "abcdefghijkl" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reasoning", "answer"),
    [
        ("<think>short</think>Add one.", "short", "Add one."),
        ("\n<THINKING>\na\nb</THINKING>\n\nAdd one.", "a\nb", "Add one."),
        ("Add one. <think>late</think>", None, "Add one. <think>late</think>"),
        ("<think>only this</think>", None, "<think>only this</think>"),
        ("<think>never closed. Add one.", None, "<think>never closed. Add one."),
        ("<think></think>Add one.", None, "Add one."),
    ],
)
def test_thinking_before_the_answer_is_split_off(content: str, reasoning: str | None, answer: str) -> None:
    assert split_thinking(content) == (reasoning, answer)
