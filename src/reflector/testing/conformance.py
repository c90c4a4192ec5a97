"""What a client must do to be an `LLMClient`, as checks that your own client can run through."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio

from reflector import errors
from reflector._json import dumps, loads
from reflector.errors import LLMConnectionError, LLMError, LLMServerError, LLMTimeoutError
from reflector.llm.client import LLMClient
from reflector.llm.messages import Message, ModelReply, ModelRequest
from reflector.testing import answers
from reflector.testing.answers import Answer
from reflector.testing.loopback import LoopbackServer

__all__ = ["check_http_client", "check_llm_client"]

MakeClient = Callable[[list[str]], "LLMClient | AbstractAsyncContextManager[LLMClient]"]
"""From the texts to answer, in order, to a client, or to a context that yields one."""

PATIENCE = 20.0
"""Seconds after which a check counts as hanging."""


async def check_llm_client(make_client: MakeClient) -> None:
    """Check everything that holds for any client; return when it does.

    ```python
    async def test_my_client():
        await check_llm_client(lambda texts: MyClient(answers=texts))
    ```

    Args:
        make_client: Called once for every check.

    Raises:
        AssertionError: Names the requirement, what was expected and what came.
    """
    await _answers_in_order(make_client)
    await _leaves_the_request_alone(make_client)
    await _answers_concurrent_calls(make_client)
    await _passes_cancellation_on(make_client)


async def check_http_client(make_client: Callable[[str], LLMClient], *, key: str | None = None) -> None:
    """Check a client of an OpenAI-compatible server, against one on loopback: `check_llm_client` and its errors.

    Args:
        make_client: From the server's base URL to a client; its retries should wait for little, because
            every fault lasts.
        key: The key the client was made with: it must not be in any error.

    Raises:
        AssertionError: Names the requirement, what was expected and what came.
    """
    await check_llm_client(lambda texts: _connected(make_client, texts))
    await _sends_what_is_asked(make_client)
    await _counts_what_the_server_counts(make_client)
    for answer, expected in _FAULTS:
        await _turns_into(make_client, answer, expected, key)
    await _keeps_the_time_limit(make_client)


_FAULTS: tuple[tuple[Answer, tuple[type[LLMError], ...]], ...] = (
    (answers.rate_limited(), (errors.RateLimitedError,)),
    (answers.quota_exceeded(), (errors.QuotaExceededError,)),
    (answers.unauthorized("sk-loopback-0123456789"), (errors.LLMAuthenticationError,)),
    (answers.context_too_long(), (errors.ContextLengthError,)),
    (answers.server_error(500), (LLMServerError,)),
    (answers.server_error(503), (LLMServerError,)),
    (answers.html_page(), (LLMServerError,)),
    (answers.malformed_json(), (LLMServerError,)),
    (answers.reset(), (LLMConnectionError,)),
    (answers.truncated_body(), (LLMConnectionError, LLMServerError)),
    (answers.reply(""), (errors.EmptyAnswerError,)),
    (answers.reply(None, finish_reason="length"), (errors.TruncatedAnswerError,)),
)


def _require(is_met: bool, requirement: str, came: object) -> None:
    if not is_met:
        raise AssertionError(f"an LLMClient {requirement}; came {came!r}")


async def _answers_in_order(make_client: MakeClient) -> None:
    texts = ["first", "second: ünïcödé \N{SNOWMAN}", "third\nwith a line"]
    async with _open(make_client(list(texts))) as client:
        named = isinstance(client.name, str) and bool(client.name)
        _require(named, "has a name that is not empty", client.name)
        is_async = inspect.iscoroutinefunction(client.complete)
        _require(is_async, "has an `async def complete(request)`", client.complete)
        for text in texts:
            reply = await _complete(client, _request("question"))
            _require(isinstance(reply, ModelReply), "returns a ModelReply", type(reply).__name__)
            _require(reply.content == text, f"returns the model's text unchanged, {text!r}", reply.content)
            _require(reply.attempts >= 1 and reply.usage.calls >= 1, "counts its requests", reply.usage)
            there_and_back = ModelReply.model_validate(loads(dumps(reply)))
            _require(there_and_back == reply, "returns a reply that survives JSON", there_and_back)


async def _leaves_the_request_alone(make_client: MakeClient) -> None:
    request = ModelRequest(
        messages=(Message(role="system", content="s"), Message(role="user", content="u")),
        temperature=0.5,
        extra={"top_p": 0.9},
    )
    before = dumps(request)
    async with _open(make_client(["text"])) as client:
        await _complete(client, request)
    _require(dumps(request) == before, "leaves the request as it is", dumps(request))


async def _answers_concurrent_calls(make_client: MakeClient) -> None:
    texts = [f"answer {number}" for number in range(8)]
    came: list[str] = []

    async def ask(client: LLMClient) -> None:
        came.append((await _complete(client, _request("question"))).content)

    async with _open(make_client(list(texts))) as client, anyio.create_task_group() as group:
        for _ in texts:
            group.start_soon(ask, client)
    _require(sorted(came) == texts, "answers every one of eight calls at a time", sorted(came))


async def _passes_cancellation_on(make_client: MakeClient) -> None:
    reply = None
    async with _open(make_client(["text"])) as client:
        with anyio.CancelScope() as scope:
            scope.cancel()
            reply = await client.complete(_request("question"))
    _require(scope.cancelled_caught, "passes cancellation on at once", reply)


async def _sends_what_is_asked(make_client: Callable[[str], LLMClient]) -> None:
    request = ModelRequest(
        messages=(Message(role="system", content="be brief"), Message(role="user", content="why?")),
        temperature=0.25,
        max_tokens=77,
        seed=5,
        response_format={"type": "json_object"},
    )
    async with LoopbackServer("text") as server:
        await _complete(make_client(server.base_url), request)
        body = dict(server.requests[0].body)
    _require(
        body.get("messages") == request.chat(), f"sends the messages {request.chat()}", body.get("messages")
    )
    for name, value in request.options().items():
        sent = body.get(name, body.get("max_completion_tokens") if name == "max_tokens" else None)
        _require(sent == value, f"sends {name}={value!r}", sent)


async def _counts_what_the_server_counts(make_client: Callable[[str], LLMClient]) -> None:
    async with LoopbackServer([answers.server_error(503), "a rather long answer"]) as server:
        try:
            usage = (await _complete(make_client(server.base_url), _request("a question"))).usage
        except LLMError as err:  # a client need not retry
            _require(len(server.requests) == 1, "raises only what it cannot answer", err)
            return
        sent, served = len(server.requests), server.usage
    _require(usage.calls == sent, f"counts the {sent} requests that it sent", usage.calls)
    tokens = (served.input_tokens, served.output_tokens)
    _require(
        (usage.input_tokens, usage.output_tokens) == tokens, f"reports the server's tokens {tokens}", usage
    )


async def _turns_into(
    make_client: Callable[[str], LLMClient],
    answer: Answer,
    expected: tuple[type[LLMError], ...],
    key: str | None,
) -> None:
    names = " or ".join(kind.__name__ for kind in expected)
    what = f"{answer.fault or answer.status} {answer.body[:80].decode(errors='replace')}"
    outcome: Any
    async with LoopbackServer(answer) as server:
        try:
            outcome = await _complete(make_client(server.base_url), _request("question"))
        except LLMError as err:
            outcome = err
        sent = len(server.requests)
    _require(isinstance(outcome, expected), f"turns {what!r} into {names}", outcome)
    _require(outcome.retryable or sent == 1, f"sends no second request after {what!r}", f"{sent} requests")
    shown = f"{outcome} {outcome!r} {getattr(outcome, '__notes__', '')}"
    for secret in (key, "sk-loopback-0123456789"):
        _require(secret is None or secret not in shown, "keeps keys out of its errors", shown)


async def _keeps_the_time_limit(make_client: Callable[[str], LLMClient]) -> None:
    outcome: Any = None
    async with LoopbackServer(answers.hang()) as server:
        request = _request("question").replace(timeout=0.2)
        try:
            outcome = await _complete(make_client(server.base_url), request)
        except LLMError as err:
            outcome = err
    _require(
        isinstance(outcome, LLMTimeoutError), "gives up with LLMTimeoutError after the time limit", outcome
    )


def _request(text: str) -> ModelRequest:
    return ModelRequest.from_text(text)


async def _complete(client: LLMClient, request: ModelRequest) -> ModelReply:
    with anyio.move_on_after(PATIENCE):
        return await client.complete(request)
    raise AssertionError(f"an LLMClient answers or raises; nothing came within {PATIENCE:g} s")


@asynccontextmanager
async def _connected(make_client: Callable[[str], LLMClient], texts: list[str]) -> AsyncIterator[LLMClient]:
    """A client with a loopback server of its own."""
    async with LoopbackServer(texts) as server:
        yield make_client(server.base_url)


@asynccontextmanager
async def _open(made: Any) -> AsyncIterator[LLMClient]:
    if isinstance(made, AbstractAsyncContextManager):
        async with made as client:
            yield client
    else:  # nobody has to close it
        yield made
