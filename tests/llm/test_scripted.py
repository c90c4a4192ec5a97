"""The scripted model."""

from __future__ import annotations

import time
from typing import Any

import anyio
import pytest

from reflector.errors import ConfigurationError, LLMError, RateLimitedError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.scripted import ScriptedClient
from reflector.usage import Usage

REQUEST = ModelRequest.from_text("why not?")


@pytest.mark.anyio
async def test_replies_come_in_order_and_requests_are_kept() -> None:
    client = ScriptedClient(["one", {"content": "two"}, ModelReply(content="three")])
    requests = [ModelRequest.from_text(text) for text in "abc"]
    assert [(await client.complete(request)).content for request in requests] == ["one", "two", "three"]
    assert client.requests == requests
    assert client.remaining == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    "error", [RateLimitedError("wait", retry_after=2), RateLimitedError("wait"), KeyError]
)
async def test_an_exception_in_the_script_is_raised(error: Any) -> None:
    client = ScriptedClient([error, "then"])
    with pytest.raises(error if isinstance(error, type) else type(error)):
        await client.complete(REQUEST)
    assert (await client.complete(REQUEST)).content == "then"


@pytest.mark.anyio
async def test_a_script_that_ran_out_says_so() -> None:
    client = ScriptedClient(["only"], name="judge")
    await client.complete(REQUEST)
    with pytest.raises(LLMError, match="script of 'judge' holds 1 replies and this is request 2"):
        await client.complete(REQUEST)


@pytest.mark.anyio
async def test_a_function_answers_every_request() -> None:
    async def later(request: ModelRequest) -> str:
        await anyio.lowlevel.checkpoint()
        return request.messages[-1].content.upper()

    for client in (
        ScriptedClient(lambda request: request.messages[-1].content.upper()),
        ScriptedClient(later),
    ):
        assert (await client.complete(REQUEST)).content == "WHY NOT?"
        assert client.remaining is None


@pytest.mark.anyio
async def test_usage_is_counted_unless_the_reply_brings_its_own() -> None:
    own = Usage(input_tokens=100, output_tokens=5, calls=1, cost_usd=0.5)
    client = ScriptedClient(["four characters each", ModelReply(content="x", usage=own)])
    assert (await client.complete(REQUEST)).usage == Usage(input_tokens=2, output_tokens=5, calls=1)
    assert (await client.complete(REQUEST)).usage == own


@pytest.mark.parametrize("script", ["text", b"bytes", {"content": "x"}, 5, None])
def test_a_script_that_is_no_list_is_refused(script: Any) -> None:
    with pytest.raises(ConfigurationError, match="a list of replies or a function"):
        ScriptedClient(script)


def test_a_call_costs_little() -> None:
    calls = 2000
    client = ScriptedClient(lambda request: "a reply of usual length " * 20)

    async def ask() -> float:
        begun = time.process_time()
        for _ in range(calls):
            await client.complete(REQUEST)
        return time.process_time() - begun

    fastest = min(anyio.run(ask) for _ in range(3))
    assert fastest / calls < 50e-6
