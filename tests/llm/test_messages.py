"""The values that cross as data of model signals."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector._json import dumps, loads
from reflector.errors import LLMBadRequestError
from reflector.llm.messages import Message, ModelReply, ModelRequest
from reflector.usage import Usage

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
count = st.none() | st.integers(0, 10**9)

requests = st.builds(
    ModelRequest,
    messages=st.lists(
        st.builds(Message, role=st.sampled_from(["system", "user", "assistant"]), content=text), min_size=1
    ).map(tuple),
    model=st.none() | text,
    temperature=st.none() | st.floats(0, 2),
    max_tokens=st.none() | st.integers(1, 10**6),
    seed=st.none() | st.integers(0, 2**31),
    timeout=st.none() | st.floats(0.001, 1000),
    extra=st.dictionaries(text, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text, max_size=3),
)  # fmt: skip

replies = st.builds(
    ModelReply,
    content=text.filter(str.strip),
    model=st.none() | text.filter(bool),
    finish_reason=st.none() | st.sampled_from(["stop", "length", "content_filter"]),
    usage=st.builds(
        Usage,
        input_tokens=count,
        output_tokens=count,
        cached_tokens=count,
        reasoning_tokens=count,
        calls=st.integers(0, 9),
        cost_usd=st.none() | st.floats(0, 1000),
    ),
    reasoning=st.none() | text.filter(bool),
    attempts=st.integers(1, 9),
    duration_ms=st.none() | st.floats(0, 1e6),
)


@given(requests)
def test_a_request_survives_json(request: ModelRequest) -> None:
    assert ModelRequest.model_validate(loads(dumps(request))) == request
    assert request.to_data() == request.model_dump(mode="json")


@given(replies)
def test_a_reply_survives_json(reply: ModelReply) -> None:
    assert ModelReply.model_validate(loads(dumps(reply))) == reply
    assert reply.to_data() == reply.model_dump(mode="json")


def test_a_copy_of_a_value_is_a_value_of_its_own() -> None:
    reply = ModelReply(content="yes")
    changed = reply.model_copy(update={"model": "m"})
    assert (reply.model, changed.model, changed.replace(model=None)) == (None, "m", reply)
    assert (reply.model_fields_set, changed.model_fields_set) == ({"content"}, {"content", "model"})
    assert copy.copy(reply) == reply


def test_a_request_from_text_puts_the_system_message_first() -> None:
    request = ModelRequest.from_text("why?", system="be brief", temperature=0.5)
    assert request.chat() == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "why?"},
    ]
    assert request.temperature == 0.5


def test_a_request_takes_chat_messages() -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]
    assert ModelRequest.from_messages(messages, seed=1).chat() == messages


def test_options_are_those_that_are_set_and_win_over_extra() -> None:
    request = ModelRequest.from_text("q", temperature=0.0, extra={"top_p": 0.9, "temperature": 2})
    assert request.options() == {"top_p": 0.9, "temperature": 0.0}


def test_the_chat_is_a_fresh_list_every_time() -> None:
    request = ModelRequest.from_text("q")
    request.chat()[0]["content"] = "changed"
    assert request.chat()[0]["content"] == "q"


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": ()},
        {"messages": 5},
        {"messages": ({"role": "robot", "content": "q"},)},
        {"messages": ({"role": "user", "content": object()},)},
        {"temperature": -1},
        {"temperature": float("inf")},
        {"max_tokens": 0},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"key": 1},
    ],
)
def test_a_request_that_cannot_be_asked_is_refused(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"messages": ({"role": "user", "content": "q"},)}
    for make in (ModelRequest.model_validate, lambda fields: ModelRequest(**fields)):
        with pytest.raises(LLMBadRequestError, match="data of a model request") as caught:
            make(good | wrong)
        assert "pydantic" not in str(caught.value)
    with pytest.raises(LLMBadRequestError):
        ModelRequest.from_text("q").replace(**wrong)


def test_a_request_cannot_carry_a_key() -> None:
    with pytest.raises(LLMBadRequestError, match="give the key to the client") as caught:
        ModelRequest.from_text("q", extra={"api_key": "Zx81-4711"})
    assert "Zx81" not in str(caught.value)


def test_a_message_can_always_be_encoded() -> None:
    assert Message(role="user", content="half \ud83d").content == "half \ufffd"


def test_a_reply_that_reached_the_limit_is_truncated() -> None:
    assert ModelReply(content="half", finish_reason="length").is_truncated
    assert not ModelReply(content="whole", finish_reason="stop").is_truncated
