"""The one place where a client is called."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from reflector._clock import VirtualClock
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Task
from reflector.errors import (
    AgentError,
    LLMBadRequestError,
    LLMConnectionError,
    LLMError,
    LLMTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    UnsupportedReplyError,
)
from reflector.llm.client import FunctionClient, LLMClient
from reflector.llm.messages import MODEL_COMPLETED, MODEL_REQUESTED, ModelReply, ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.model_agent import model_agent
from reflector.llm.progress import MODEL_PROGRESSED, ModelProgress, current_watch
from reflector.llm.replies import read_reply
from reflector.llm.retry import RetryPolicy
from reflector.llm.scripted import ScriptedClient

pytestmark = pytest.mark.anyio

REQUEST = ModelRequest.from_text("why?")
ONCE = ModelOptions(retry=RetryPolicy(attempts=1))


async def ask_client(client: LLMClient, request: ModelRequest) -> ModelReply:
    return await Model(client, options=ONCE).complete(request)


def task(payload: Any) -> Any:
    return Task(kind="model", payload=payload)


@pytest.mark.parametrize("data", [REQUEST, REQUEST.model_dump(mode="json"), {"messages": REQUEST.chat()}])
async def test_a_request_is_answered_with_plain_data(data: Any) -> None:
    client = ScriptedClient(["because"])
    answer = await model_agent(client)(task(data), None)
    assert client.requests == [REQUEST]
    assert type(answer) is dict
    reply = read_reply(answer)
    assert (reply.content, reply.model) == ("because", "scripted")
    assert reply.duration_ms is not None


async def test_a_function_answers_as_well() -> None:
    answer = await model_agent(lambda messages: messages[-1]["content"] + "!")(task(REQUEST), None)
    assert answer["content"] == "why?!"


@pytest.mark.parametrize(
    "data", [None, "why?", {}, {"messages": []}, {"messages": [{"role": "user"}]}, {"key": 1}]
)
async def test_data_that_is_no_request_is_refused(data: Any) -> None:
    with pytest.raises(LLMBadRequestError, match="data of a model request"):
        await model_agent(ScriptedClient(["x"]))(task(data), None)


async def test_the_time_is_measured_by_the_given_clock() -> None:
    clock = VirtualClock()

    async def think(request: ModelRequest) -> str:
        await clock.advance(2.5)
        return "x"

    reply = await Model(ScriptedClient(think), clock=clock).complete(REQUEST)
    assert reply.duration_ms == 2500


async def test_a_client_that_measures_itself_is_believed() -> None:
    reply = await ask_client(ScriptedClient([ModelReply(content="x", duration_ms=7)]), REQUEST)
    assert reply.duration_ms == 7


async def test_a_client_that_hangs_is_given_up_after_the_requests_time() -> None:
    async def hang(messages: Any) -> None:
        await anyio.sleep_forever()

    with pytest.raises(LLMTimeoutError, match=r"hang did not answer within 0\.01 s"):
        await ask_client(FunctionClient(hang), REQUEST.replace(timeout=0.01))


async def test_warming_up_is_not_counted() -> None:
    class Slow(ScriptedClient):
        async def warmup(self) -> None:
            await anyio.sleep(0.03)

    assert (await ask_client(Slow(["x"]), REQUEST.replace(timeout=0.02))).content == "x"


async def test_progress_that_comes_after_the_runtime_has_closed_is_nobodys() -> None:
    watches: list[Any] = []

    class Watched(ScriptedClient):
        async def complete(self, request: ModelRequest) -> ModelReply:
            watches.append(current_watch())
            return await super().complete(request)

    async with Runtime() as runtime:
        runtime.subscribe(MODEL_PROGRESSED, lambda signal: None)
        await runtime.spawn(model_agent(Watched(["x"])), name="model", accepts=["model"])
        await execute(task(REQUEST.model_dump(mode="json")))
    watches[0](ModelProgress(characters=1))  # as trio's loop does when the other thread was late


def raising(error: Exception) -> FunctionClient:
    async def fail(messages: Any) -> None:
        raise error

    return FunctionClient(fail)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RateLimitedError("wait", retry_after=3), RateLimitedError),
        (TimeoutError("slow"), LLMTimeoutError),
        (ConnectionRefusedError("down"), LLMConnectionError),
        (KeyError("choices"), LLMError),
        (AgentError("inner ask failed"), AgentError),
    ],
)
async def test_whatever_a_client_raises_leaves_typed(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        await ask_client(raising(error), REQUEST.replace(timeout=5))
    assert caught.value is error or caught.value.__cause__ is error


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


async def test_an_error_that_cannot_be_turned_into_text_leaves_typed() -> None:
    with pytest.raises(LLMError, match="raised MuteError"):
        await ask_client(raising(MuteError()), REQUEST)


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


async def test_an_answer_that_cannot_be_shown_is_a_typed_error() -> None:
    async def answer(messages: Any) -> Odd:
        return Odd()

    with pytest.raises(UnsupportedReplyError, match="got Odd"):
        await ask_client(FunctionClient(answer), REQUEST)


async def test_a_very_long_name_is_shortened_in_messages() -> None:
    async def hang(messages: Any) -> None:
        await anyio.sleep_forever()

    with pytest.raises(LLMTimeoutError) as caught:
        await ask_client(FunctionClient(hang, name="x" * 5_000), REQUEST.replace(timeout=0.01))
    assert len(str(caught.value)) < 200


async def test_an_original_that_shows_a_key_is_not_kept_as_the_cause() -> None:
    with pytest.raises(LLMError) as caught:
        await ask_client(raising(ValueError("bad key sk-abcdefgh12345")), REQUEST)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "abcdefgh" not in str(caught.value)


async def test_an_answer_that_is_none_is_a_typed_error() -> None:
    async def forget(messages: Any) -> None:
        return None

    with pytest.raises(UnsupportedReplyError):
        await ask_client(FunctionClient(forget), REQUEST)


@pytest.mark.parametrize("model", [ScriptedClient(["because"] * 2), lambda messages: {"response": "because"}])
async def test_it_answers_in_a_runtime(model: Any) -> None:
    async with Runtime() as runtime:
        seen: list[str] = []
        runtime.subscribe("reflector.model.*", lambda signal: seen.append(signal.type))
        await runtime.spawn(model_agent(model), name="model", accepts=["model"], card=ProviderCard())
        result = await execute(task(REQUEST.model_dump(mode="json")))
        assert result.provider == "model"
        assert read_reply(result.value).content == "because"
    assert seen == [MODEL_REQUESTED, MODEL_COMPLETED]


async def test_its_errors_leave_the_runtime_as_they_are() -> None:
    async with Runtime() as runtime:
        model = model_agent(ScriptedClient([QuotaExceededError("empty")]))
        await runtime.spawn(model, accepts=["model"], card=ProviderCard())
        with pytest.raises(QuotaExceededError, match="empty"):
            await execute(task(REQUEST))


async def test_cancellation_passes_through() -> None:
    async def hang(messages: Any) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0.01) as scope:
        await ask_client(FunctionClient(hang), REQUEST)
    assert scope.cancelled_caught
