"""No call fails because of a parameter that the model does not know; one whose value is wrong is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from reflector.errors import LLMBadRequestError, LLMServerError
from reflector.llm.call_options import CallOptions
from reflector.llm.messages import ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.retry import RetryPolicy
from reflector.testing import answers
from reflector.testing.loopback import LoopbackRequest, LoopbackServer

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "json_schema", "json_schema": {"name": "r", "schema": {"type": "object"}, "strict": True}}
REQUEST = ModelRequest.from_text(
    "q", temperature=0.3, max_tokens=50, seed=5, response_format=SCHEMA, extra={"top_p": 0.5, "min_p": 0.1}
)
Refusal = Callable[[dict[str, Any]], answers.Answer | None]


def refusing(**messages: str) -> Callable[[LoopbackRequest], Any]:
    """Return a server's script that refuses each option with a message."""

    def answer(request: LoopbackRequest) -> Any:
        said = next((text for name, text in messages.items() if name in request.body), None)
        return "text" if said is None else answers.bad_request(said)

    return answer


async def sent_to(
    script: Any, request: ModelRequest = REQUEST, model: str = "openai/any"
) -> list[dict[str, Any]]:
    """Return the bodies of two calls of a model that tries nothing twice."""
    async with LoopbackServer(script) as server:
        asked = Model(
            model, base_url=server.base_url, api_key="k", options=ModelOptions(retry=RetryPolicy(attempts=1))
        )
        for _ in range(2):
            assert (await asked.complete(request)).content == "text"
        assert asked.ledger.total().calls == 2
        assert asked.ledger.total().attempts == len(server.requests)
        return [dict(each.body) for each in server.requests]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "temperature",
            "Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1)",
        ),
        ("seed", "Unrecognized request argument supplied: seed"),
        (
            "min_p",
            "[{'type': 'extra_forbidden', 'loc': ('body', 'min_p'), 'msg': 'Extra inputs are not permitted'}]",
        ),
        ("top_p", "unknown field `top_p`"),
    ],
)
async def test_an_option_that_the_server_does_not_know_is_left_out_from_then_on(
    option: str, message: str
) -> None:
    first, second, third = await sent_to(refusing(**{option: message}))
    assert option in first
    assert second == third == {name: value for name, value in first.items() if name != option}


async def test_a_limit_of_the_answer_is_never_lost() -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    first, second, third = await sent_to(refusing(max_tokens=said))
    assert first["max_tokens"] == second["max_completion_tokens"] == third["max_completion_tokens"] == 50


def format_of(body: dict[str, Any]) -> str:
    return str(body.get("response_format", {}).get("type", "none"))


async def test_a_schema_becomes_a_json_object_and_that_becomes_nothing() -> None:
    def refuse_schemas(request: LoopbackRequest) -> Any:
        refusal = answers.bad_request("'response_format.type' must be 'json_object' or 'text'")
        return refusal if format_of(dict(request.body)) == "json_schema" else "text"

    assert [format_of(body) for body in await sent_to(refuse_schemas)] == [
        "json_schema",
        "json_object",
        "json_object",
    ]
    nothing = refusing(response_format="response_format is not supported by this backend")
    assert [format_of(body) for body in await sent_to(nothing)] == [
        "json_schema",
        "json_object",
        "none",
        "none",
    ]


async def test_a_server_that_breaks_on_a_grammar_is_asked_without() -> None:
    def answer(request: LoopbackRequest) -> Any:
        failed = answers.server_error(500, "failed to parse grammar of json_schema")
        return failed if format_of(dict(request.body)) == "json_schema" else "text"

    assert [format_of(body) for body in await sent_to(answer)] == [
        "json_schema",
        "json_object",
        "json_object",
    ]


async def test_several_options_are_left_out_one_after_the_other() -> None:
    script = refusing(
        temperature="temperature: not supported", seed="seed: not supported", min_p="min_p: not supported",
        response_format="response_format: not supported",
    )  # fmt: skip
    bodies = await sent_to(script)
    assert len(bodies) == 7
    assert bodies[-1].keys() == {"model", "messages", "max_tokens", "top_p"}


async def test_a_model_that_is_known_to_take_no_schema_is_asked_for_a_json_object() -> None:
    bodies = await sent_to("text", model="openai/gpt-3.5-turbo")
    assert [format_of(body) for body in bodies] == ["json_object"] * 2
    bodies = await sent_to("text", model="openai/gpt-4o")
    assert [format_of(body) for body in bodies] == ["json_schema"] * 2


async def test_a_reasoning_model_is_not_sent_what_it_is_known_not_to_take() -> None:
    bodies = await sent_to("text", REQUEST.replace(extra={}), model="openai/o3-mini")
    assert len(bodies) == 2
    assert "temperature" not in bodies[0]
    assert bodies[0]["max_completion_tokens"] == 50


@pytest.mark.parametrize(
    "refusal",
    [
        answers.bad_request("temperature must be between 0 and 0.2"),
        answers.bad_request("Unsupported language"),
        answers.bad_request("the seedling is unknown"),
        answers.context_too_long(),
        answers.unauthorized(),
    ],
)  # fmt: skip
async def test_any_other_refusal_is_an_error(refusal: answers.Answer) -> None:
    async with LoopbackServer(refusal) as server:
        with pytest.raises(Exception, match=r".") as caught:
            await Model("openai/any", base_url=server.base_url, api_key="k").complete(REQUEST)
        assert len(server.requests) == 1
    assert not getattr(caught.value, "mended", False)


def test_what_was_learnt_once_is_not_learnt_again() -> None:
    options = CallOptions("m", lambda: None)
    error = LLMBadRequestError("unsupported: max_tokens")
    assert options.learn(error, {"max_tokens": 5})
    assert options.fit({"max_tokens": 5, "seed": 1}) == {"seed": 1, "max_completion_tokens": 5}
    assert not options.learn(error, {"max_completion_tokens": 5})
    assert not options.learn(LLMServerError("busy"), {"response_format": SCHEMA})


async def test_calls_that_were_refused_together_are_all_sent_again() -> None:
    together = threading.Barrier(3)

    def answer(request: LoopbackRequest) -> Any:
        if "seed" not in request.body:
            return "text"
        together.wait(10)
        return answers.bad_request("Unrecognized request argument supplied: seed")

    async with LoopbackServer(answer) as server:
        model = Model("openai/any", base_url=server.base_url, api_key="k")
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(model.complete, ModelRequest.from_text(str(number), seed=5))
    assert (model.ledger.total().calls, len(server.requests)) == (3, 6)


def test_a_limit_under_both_names_is_sent_as_the_caller_set_it() -> None:
    options = CallOptions("m", lambda: None)
    assert options.learn(LLMBadRequestError("unsupported: max_tokens"), {"max_tokens": 5})
    assert options.fit({"max_tokens": 5, "max_completion_tokens": 7}) == {"max_completion_tokens": 7}


async def test_a_limit_that_is_refused_under_both_names_is_left_out() -> None:
    script = refusing(
        max_tokens="max_tokens: not supported", max_completion_tokens="max_completion_tokens: unknown"
    )
    bodies = await sent_to(script, ModelRequest.from_text("q", max_tokens=50))
    assert [sorted(body.keys() - {"model", "messages"}) for body in bodies] == [
        ["max_tokens"], ["max_completion_tokens"], [], []
    ]  # fmt: skip


async def test_an_option_whose_name_begins_like_a_key_is_recognised() -> None:
    request = ModelRequest.from_text("q", extra={"skip_special_tokens": True})
    bodies = await sent_to(
        refusing(skip_special_tokens="Unrecognized argument: skip_special_tokens"), request
    )
    assert ["skip_special_tokens" in body for body in bodies] == [True, False, False]
