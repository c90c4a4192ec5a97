"""Answers that are watched come in piece by piece, and are the same answers."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

import reflector as rf
from reflector._clock import VirtualClock
from reflector._json import dumps
from reflector.dispatch.dispatching import execute
from reflector.dispatch.task import Task
from reflector.errors import LLMConnectionError, LLMError, LLMServerError
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.model_agent import model_agent
from reflector.llm.progress import MODEL_PROGRESSED, ModelProgress, watched
from reflector.llm.retry import RetryPolicy
from reflector.testing import answers
from reflector.testing.loopback import LoopbackRequest, LoopbackServer

pytestmark = [
    pytest.mark.anyio,
    # litellm silences what its own streaming raises with recent pydantic; pytest undoes that.
    pytest.mark.filterwarnings("ignore:Accessing the.*attribute on the instance is deprecated"),
]

REQUEST = ModelRequest.from_text("a question of some length")
TEXT = "An answer of a good dozen words, so that it comes in more than one piece."


def model_at(server: LoopbackServer, attempts: int = 1) -> Model:
    options = ModelOptions(retry=RetryPolicy(attempts=attempts, base=0.0), timeout=20)
    return Model("openai/any", base_url=server.base_url, api_key="k", options=options)


async def test_a_watched_answer_is_the_same_answer() -> None:
    async with LoopbackServer(
        answers.reply(TEXT, reasoning="hm hm", finish_reason="length", input_tokens=6)
    ) as server:
        model = model_at(server)
        plain = await model.complete(REQUEST)
        seen: list[ModelProgress] = []
        with watched(seen.append):
            streamed = await model.complete(REQUEST)
        assert streamed.replace(duration_ms=None) == plain.replace(duration_ms=None, model=streamed.model)
        assert streamed.is_truncated
        assert server.usage == model.ledger.usage
        assert [request.body.get("stream") for request in server.requests] == [None, True]
    assert seen[-1].characters == len(TEXT)
    assert len(seen) > 2
    assert sorted(each.characters for each in seen) == [each.characters for each in seen]


async def test_tokens_that_the_server_does_not_report_stay_unknown() -> None:
    async with LoopbackServer(answers.reply(TEXT, usage={})) as server:
        with watched(lambda progress: None):
            reply = await model_at(server).complete(REQUEST)
    assert reply.usage == rf.Usage(calls=1)


async def test_of_several_streamed_answers_the_first_one_is_taken() -> None:
    chunks = tuple(
        b"data: %s\n\n" % dumps({"id": "c", "created": 1, "model": "any", "object": "chat.completion.chunk",
                                 "choices": [{"index": at, "delta": {"content": text}, "finish_reason": end}]})
        for at, text, end in [(0, "one ", None), (1, "two ", None), (1, "two", "stop"), (0, "one", "stop")]
    )  # fmt: skip
    streamed = answers.Answer(body=b"".join(chunks), chunks=chunks, content_type="text/event-stream")
    async with LoopbackServer(streamed) as server:
        with watched(lambda progress: None):
            reply = await model_at(server).complete(REQUEST.replace(extra={"n": 2}))
    assert reply.content == "one one"


@pytest.mark.parametrize("broken", [answers.truncated_body(TEXT), answers.cut_off(TEXT)])
async def test_a_stream_that_ends_early_is_no_answer(broken: answers.Answer) -> None:
    async with LoopbackServer(broken) as server:
        with watched(lambda progress: None), pytest.raises((LLMConnectionError, LLMServerError)) as caught:
            await model_at(server).complete(REQUEST)
        assert caught.value.retryable


async def test_a_broken_stream_is_tried_again() -> None:
    async with LoopbackServer([answers.cut_off(TEXT), TEXT]) as server:
        seen: list[ModelProgress] = []
        with watched(seen.append):
            reply = await model_at(server, attempts=2).complete(REQUEST)
    assert (reply.content, reply.attempts) == (TEXT, 2)
    assert seen[-1].characters == len(TEXT)


@pytest.mark.parametrize(
    "answer",
    [answers.rate_limited(), answers.server_error(), answers.html_page(), answers.empty_body(), answers.no_choices()],
)  # fmt: skip
async def test_an_error_instead_of_a_stream_is_the_same_error(answer: answers.Answer) -> None:
    async with LoopbackServer(answer) as server:
        with watched(lambda progress: None), pytest.raises(LLMError):
            await model_at(server).complete(REQUEST)


async def test_a_server_that_does_not_stream_answers_all_the_same() -> None:
    def answer(request: LoopbackRequest) -> Any:
        for name in ("stream_options", "stream"):
            if name in request.body and name == "stream_options":
                return answers.bad_request("Extra inputs are not permitted: stream_options")
        return TEXT

    async with LoopbackServer(answer) as server:
        with watched(lambda progress: None):
            reply = await model_at(server).complete(REQUEST)
        assert reply.content == TEXT
        assert reply.attempts == 2


async def test_a_stream_that_stalls_ends_at_the_time_limit_and_leaves_nothing_open() -> None:
    async with LoopbackServer(answers.reply(TEXT).pausing(30)) as server:
        seen = anyio.Event()
        with watched(lambda progress: seen.set()), pytest.raises(rf.LLMTimeoutError):
            await model_at(server).complete(REQUEST.replace(timeout=0.3))
        assert seen.is_set()
        await anyio.to_thread.run_sync(server.wait_until_idle)


async def test_a_cancelled_stream_closes_its_connection() -> None:
    async with LoopbackServer(answers.reply(TEXT).pausing(30)) as server:
        with anyio.CancelScope() as scope, watched(lambda progress: scope.cancel()):
            await model_at(server).complete(REQUEST)
        assert scope.cancelled_caught
        await anyio.to_thread.run_sync(server.wait_until_idle)


async def test_progress_is_announced_to_whoever_subscribed_to_exactly_that() -> None:
    async with LoopbackServer(TEXT) as server, rf.Runtime(clock=VirtualClock()) as runtime:
        model = model_at(server)
        await runtime.spawn(model_agent(model), name="model", accepts=["model"], card=model.card)
        everything: list[rf.Signal] = []
        runtime.subscribe("**", everything.append)
        await execute(Task(kind="model", payload=REQUEST.model_dump(mode="json")))
        progress: list[rf.Signal] = []
        subscription = runtime.subscribe(MODEL_PROGRESSED, progress.append)
        task = Task(kind="model", payload=REQUEST.model_dump(mode="json"))
        reply = ModelReply.model_validate((await execute(task)).value)
        subscription.cancel()
        await execute(Task(kind="model", payload=REQUEST.model_dump(mode="json")))
        assert [request.body.get("stream") for request in server.requests] == [None, True, None]
    assert reply.content == TEXT
    (first,) = progress  # the clock stands still, and there are ten a second at most
    assert 0 < first.data["characters"] < len(TEXT)
    assert first.subject == task.id
    requests = [signal for signal in everything if signal.type == "reflector.model.requested"]
    assert first.causationid == requests[1].id
    assert sum(signal.type == MODEL_PROGRESSED for signal in everything) == 1


async def test_a_client_that_cannot_stream_is_simply_asked() -> None:
    with watched(lambda progress: pytest.fail("nothing streams here")):
        assert (await Model(lambda messages: "text").complete(REQUEST)).content == "text"


async def test_who_is_not_watched_does_not_stream() -> None:
    async with LoopbackServer(TEXT) as server:
        await LiteLLMClient("any", base_url=server.base_url).complete(REQUEST)
        assert "stream" not in server.requests[0].body
