"""Models behind litellm, over real HTTP on loopback. Loading litellm takes seconds, so all of this is slow."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from reflector._clock import VirtualClock
from reflector.errors import (
    ConfigurationError,
    ContentFilteredError,
    ContextLengthError,
    EmptyAnswerError,
    LLMAuthenticationError,
    LLMBadRequestError,
    LLMConnectionError,
    LLMError,
    LLMServerError,
    LLMTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    TruncatedAnswerError,
    UnknownModelError,
)
from reflector.llm import litellm_client
from reflector.llm.litellm_client import PLACEHOLDER_KEY, LiteLLMClient
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.retry import RetryPolicy
from reflector.testing import LoopbackRequest, LoopbackServer, answers
from reflector.testing.answers import Answer
from reflector.usage import Usage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

KEY = "sk-test-0123456789abcdef"
REQUEST = ModelRequest.from_text("why?", system="be brief")


@pytest.fixture(autouse=True)
def _no_key_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def client_of(server: LoopbackServer, model: str = "any", **settings: Any) -> Model:
    settings.setdefault("options", ModelOptions(retry=RetryPolicy(base=0.001)))
    return Model(model, base_url=server.base_url, **settings)


async def outcome_of(
    script: Any, request: ModelRequest = REQUEST, **settings: Any
) -> tuple[ModelReply | LLMError, LoopbackServer]:
    async with LoopbackServer(script) as server:
        try:
            return await client_of(server, **settings).complete(request), server
        except LLMError as err:
            return err, server


async def test_an_answer_comes_with_all_that_is_known_about_it() -> None:
    reply, server = await outcome_of("because of that")
    assert isinstance(reply, ModelReply)
    assert reply.content == "because of that"
    assert reply.finish_reason == "stop"
    assert reply.usage == Usage(
        input_tokens=server.requests[0].input_tokens, output_tokens=4, calls=1, cost_usd=None
    )
    assert reply.usage == server.usage
    assert reply.attempts == 1
    assert reply.duration_ms is not None
    assert reply.duration_ms > 0


async def test_everything_that_is_asked_goes_over_the_wire() -> None:
    schema = {
        "type": "json_schema",
        "json_schema": {"name": "r", "schema": {"type": "object"}, "strict": False},
    }
    request = REQUEST.replace(
        temperature=0.25, max_tokens=77, seed=5, response_format=schema, extra={"top_p": 0.5, "min_p": 0.1}
    )
    _, server = await outcome_of("text", request)
    body = dict(server.requests[0].body)
    assert body.pop("messages") == REQUEST.chat()
    assert body == {
        "model": "any", "temperature": 0.25, "max_tokens": 77, "seed": 5,
        "response_format": schema, "top_p": 0.5, "min_p": 0.1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "sent"),
    [("any", "any"), ("openai/any", "any"), ("meta-llama/any", "meta-llama/any"), ("hosted_vllm/any", "any")],
)
async def test_a_model_without_a_provider_is_one_of_an_openai_compatible_server(
    model: str, sent: str
) -> None:
    reply, server = await outcome_of("text", model=model)
    assert isinstance(reply, ModelReply)
    assert server.requests[0].body["model"] == sent


@pytest.mark.parametrize(
    ("argument", "variable", "sent"),
    [
        (None, None, PLACEHOLDER_KEY),
        ("given", None, "given"),
        (None, "from-env", "from-env"),
        ("given", "from-env", "given"),
    ],
)
async def test_the_key_is_the_argument_or_the_providers_variable_or_a_placeholder(
    argument: str | None, variable: str | None, sent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable:
        monkeypatch.setenv("OPENAI_API_KEY", variable)
    _, server = await outcome_of("text", api_key=argument)
    assert server.requests[0].headers["authorization"] == f"Bearer {sent}"


async def test_a_format_that_the_server_does_not_know_is_left_out_from_then_on() -> None:
    def answer(request: LoopbackRequest) -> Any:
        refusal = answers.bad_request("'response_format.type' must be 'json_schema' or 'text'")
        return refusal if "response_format" in request.body else "text"

    request = REQUEST.replace(response_format={"type": "json_object"})
    async with LoopbackServer(answer) as server:
        client = client_of(server)
        replies = [await client.complete(request) for _ in range(2)]
    assert [reply.attempts for reply in replies] == [2, 1]
    assert [reply.usage.calls for reply in replies] == [2, 1]
    assert len(server.requests) == 3


MATRIX: list[tuple[Answer, type[LLMError], int]] = [
    (answers.rate_limited(), RateLimitedError, 3),
    (answers.rate_limited(100), RateLimitedError, 1),
    (answers.quota_exceeded(), QuotaExceededError, 1),
    (answers.error(402, "pay first"), QuotaExceededError, 1),
    (answers.unauthorized(), LLMAuthenticationError, 1),
    (answers.error(403, "not for you"), LLMAuthenticationError, 1),
    (answers.unknown_model("any"), UnknownModelError, 1),
    (answers.bad_request(), LLMBadRequestError, 1),
    (answers.bad_request(status=422), LLMBadRequestError, 1),
    (answers.context_too_long(), ContextLengthError, 1),
    (answers.too_large(), ContextLengthError, 1),
    (answers.content_filtered(), ContentFilteredError, 1),
    (answers.error(408, "slow"), LLMTimeoutError, 3),
    (answers.server_error(500), LLMServerError, 3),
    (answers.server_error(502), LLMServerError, 3),
    (answers.server_error(503), LLMServerError, 3),
    (answers.server_error(504), LLMTimeoutError, 3),
    (answers.server_error(529), LLMServerError, 3),
    (answers.reset(), LLMConnectionError, 3),
    (answers.malformed_json(), LLMServerError, 3),
    (answers.html_page(), LLMServerError, 3),
    (answers.empty_body(), LLMServerError, 3),
    (answers.no_choices(), EmptyAnswerError, 3),
    (answers.reply(None), EmptyAnswerError, 3),
    (answers.reply(""), EmptyAnswerError, 3),
    (answers.reply(None, finish_reason="length"), TruncatedAnswerError, 1),
    (answers.reply(None, finish_reason="content_filter"), ContentFilteredError, 1),
]


@pytest.mark.parametrize(
    ("fault", "expected", "requests"),
    MATRIX,
    ids=[f"{a.fault or a.status}-{e.__name__}-{n}" for a, e, n in MATRIX],
)
async def test_every_fault_is_a_typed_error_after_exactly_the_attempts_it_is_worth(
    fault: Answer, expected: type[LLMError], requests: int
) -> None:
    error, server = await outcome_of(fault)
    assert type(error) is expected
    assert len(server.requests) == requests
    assert error.usage.calls == requests
    assert error.model
    assert "\n" not in str(error)


async def test_a_body_that_breaks_off_is_tried_again() -> None:
    error, server = await outcome_of(answers.truncated_body())
    assert isinstance(error, LLMConnectionError | LLMServerError)  # the second with litellm 1.83
    assert len(server.requests) == error.usage.calls == 3


async def test_a_server_that_is_down_is_a_connection_error() -> None:
    async with LoopbackServer("gone") as server:
        client = client_of(server)
    with pytest.raises(LLMConnectionError) as caught:
        await client.complete(REQUEST)
    assert caught.value.__notes__[0].startswith("tried 3 times")


async def test_a_fault_that_passes_is_survived_and_counted() -> None:
    reply, server = await outcome_of([answers.server_error(503), answers.reset(), "at last"])
    assert isinstance(reply, ModelReply)
    assert (reply.content, reply.attempts, reply.usage.calls) == ("at last", 3, 3)
    assert len(server.requests) == 3


async def test_tokens_of_answers_that_were_thrown_away_are_counted() -> None:
    script = [answers.reply(None, usage={"prompt_tokens": 10, "completion_tokens": 7}), "text"]
    reply, server = await outcome_of(script)
    assert isinstance(reply, ModelReply)
    assert reply.usage.input_tokens == 10 + server.requests[1].input_tokens
    assert reply.usage.output_tokens == 7 + 1


async def test_the_servers_wait_is_honoured() -> None:
    clock = VirtualClock()
    async with (
        LoopbackServer([answers.rate_limited(7), "text"]) as server,
        anyio.create_task_group() as group,
    ):
        replies: list[ModelReply] = []

        async def ask() -> None:
            replies.append(await client_of(server, clock=clock).complete(REQUEST))

        group.start_soon(ask)
        while not clock.sleepers:
            await anyio.lowlevel.checkpoint()
        await clock.advance(6.9)
        assert len(server.requests) == 1
        await clock.advance(0.1)
    assert replies[0].attempts == 2


@pytest.mark.parametrize("fault", [answers.hang(), answers.slow_headers(30), answers.reply("late").after(30)])
async def test_a_server_that_takes_too_long_is_given_up_at_the_time_limit(fault: Answer) -> None:
    await client_of_nothing_loaded()
    begun = time.monotonic()
    error, server = await outcome_of(fault, REQUEST.replace(timeout=0.2))
    assert isinstance(error, LLMTimeoutError)
    assert time.monotonic() - begun < 1.5
    assert error.usage.calls == len(server.requests) == 1


async def client_of_nothing_loaded() -> None:
    """Load litellm, so that its seconds do not count."""
    await LiteLLMClient("openai/any").warmup()


async def test_a_cancelled_call_leaves_at_once_and_closes_its_connection() -> None:
    arrived = threading.Event()

    def hang(request: Any) -> Answer:
        arrived.set()
        return answers.hang()

    async with LoopbackServer(hang) as server, anyio.create_task_group() as group:
        group.start_soon(client_of(server).complete, REQUEST)
        await anyio.to_thread.run_sync(arrived.wait, 5)
        begun = time.monotonic()
        group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(server.wait_until_idle)
    assert time.monotonic() - begun < 2


async def test_reasoning_is_kept_apart() -> None:
    for script in (answers.reply("the answer", reasoning="hm"), "<think>hm</think>\nthe answer"):
        reply, _ = await outcome_of(script)
        assert isinstance(reply, ModelReply)
        assert (reply.content.strip(), reply.reasoning) == ("the answer", "hm")


async def test_an_answer_cut_at_the_limit_says_so() -> None:
    reply, _ = await outcome_of(answers.reply("half a reflec", finish_reason="length"))
    assert isinstance(reply, ModelReply)
    assert reply.is_truncated


async def test_usage_that_the_server_did_not_report_is_unknown() -> None:
    reply, _ = await outcome_of(answers.reply("text", usage={}))
    assert isinstance(reply, ModelReply)
    assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cost_usd) == (None, None, None)


async def test_a_known_model_has_a_price_and_an_unknown_one_has_none() -> None:
    usage = {"prompt_tokens": 1_000_000, "completion_tokens": 0, "total_tokens": 1_000_000}
    priced, _ = await outcome_of(answers.reply("text", model="gpt-4o-mini", usage=usage), model="gpt-4o-mini")
    assert isinstance(priced, ModelReply)
    assert priced.usage.cost_usd == pytest.approx(0.15)
    for model in ("any", "openai/gpt-5-of-nobody", "openai/o3-of-nobody"):
        unknown, _ = await outcome_of(answers.reply("text", usage=usage), model=model)
        assert isinstance(unknown, ModelReply)
        assert unknown.usage.cost_usd is None


async def test_many_calls_at_a_time_share_connections_and_each_gets_its_own_answer() -> None:
    contents: dict[int, str] = {}

    async with LoopbackServer(latency=0.1) as server:
        client = client_of(server)

        async def ask(number: int) -> None:
            contents[number] = (await client.complete(ModelRequest.from_text(f"number {number}"))).content

        async with anyio.create_task_group() as group:
            for number in range(32):
                group.start_soon(ask, number)
        assert server.most_in_flight > 1
    assert contents == {number: f"number {number}" for number in range(32)}


@pytest.mark.parametrize("quoted", [KEY, "sk-somebody-elses-0123456789"])
async def test_no_key_is_shown_anywhere(
    quoted: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-the-environment-42")
    caplog.set_level(logging.DEBUG)
    texts = [
        answers.unauthorized(quoted),
        answers.server_error(500, f"{quoted} and key-of-the-environment-42"),
    ]
    for script in texts:
        async with LoopbackServer(script) as server:
            client = client_of(server, api_key=KEY)
            with pytest.raises(LLMError) as caught:
                await client.complete(REQUEST)
        shown = [repr(client), str(client), caplog.text, *capfd.readouterr()]
        err: BaseException | None = caught.value
        while err is not None:
            shown += [str(err), repr(err), *getattr(err, "__notes__", ())]
            err = err.__cause__ or err.__context__
        for secret in (quoted, KEY, "key-of-the-environment-42"):
            assert not [text for text in shown if secret in text]


async def test_a_key_that_an_answer_quotes_is_removed_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-environment-42")
    for key in (KEY, None):
        said = f"the key {key or 'key-of-the-environment-42'} is wrong; sk-somebody-elses-0123456789 is an example"
        reply, _ = await outcome_of(answers.reply(said, reasoning=said), api_key=key)
        assert isinstance(reply, ModelReply)
        expected = "the key [key removed] is wrong; sk-somebody-elses-0123456789 is an example"
        assert (reply.content, reply.reasoning) == (expected, expected)


@pytest.mark.parametrize("key", [None, "EMPTY", "not-needed"])
async def test_an_answer_keeps_the_word_that_a_server_takes_for_a_key(key: str | None) -> None:
    said = f"say {key or PLACEHOLDER_KEY} when the list is EMPTY"
    reply, _ = await outcome_of(said, api_key=key)
    assert isinstance(reply, ModelReply)
    assert reply.content == said


@pytest.mark.parametrize(
    ("model", "variable"), [("openai/any", "OPENAI_API_KEY"), ("gemini/any", "GEMINI_API_KEY")]
)
async def test_without_any_key_the_error_names_the_variable_at_once(
    model: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(LLMAuthenticationError, match=f"the key is missing; set {variable}") as caught:
        await Model(model).complete(REQUEST)
    assert caught.value.usage.calls == 1


async def test_nothing_is_printed_and_nothing_logged_when_a_call_fails(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    await outcome_of(answers.server_error())
    await outcome_of(answers.bad_request(), model="nonsense")
    assert capfd.readouterr() == ("", "")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_model_without_a_known_provider_is_unknown() -> None:
    with pytest.raises(UnknownModelError, match="no such model"):
        await LiteLLMClient("no-such-model-anywhere").complete(REQUEST)


async def test_a_library_that_cannot_be_imported_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm_client._Door, "litellm", None)
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(LLMError, match="litellm cannot be imported"):
        await LiteLLMClient("openai/any").complete(REQUEST)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": " "},
        {"model": 5},
        {"api_key": ""},
        {"timeout": 0},
        {"timeout": float("nan")},
        {"base_url": "host"},
        {"base_url": "127.0.0.1:8000/v1"},
        {"base_url": "http://"},
        {"base_url": "http:///v1"},
        {"base_url": "http://127.0.0.1:99999/v1"},
        {"base_url": "http://127.0.0.1:0/v1"},
        {"base_url": "http://host:port/v1"},
        {"base_url": "http://[::1/v1"},
        {"base_url": "http://a b/v1"},
        {"base_url": ""},
        {"base_url": b"http://host"},
    ],
)
async def test_settings_that_cannot_be_are_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        LiteLLMClient(**({"model": "openai/any"} | wrong))


@pytest.mark.parametrize(
    "url", ["http://[::1]:8000/v1", "https://name:word@host", "HTTP://host:65535", " http://host\n"]
)
async def test_a_base_url_that_can_be_one_is_taken(url: str) -> None:
    assert LiteLLMClient("any", base_url=url).base_url == url.strip()


async def test_a_refused_base_url_shows_no_password_and_is_short() -> None:
    with pytest.raises(ConfigurationError) as caught:
        LiteLLMClient("any", base_url=f"http://me:pass-word-1@host:99999/{'x' * 5_000}")
    assert "pass-word-1" not in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("taken", ["stream", "api_base", "max_retries", "model"])
async def test_what_the_client_sets_itself_cannot_be_extra(taken: str) -> None:
    with pytest.raises(ConfigurationError, match=taken):
        await LiteLLMClient("openai/any").complete(REQUEST.replace(extra={taken: 1}))


def run_calls(server: LoopbackServer, backend: str) -> int:
    """Answer three calls in an event loop of their own and return the tasks that are left in it."""

    async def calls() -> int:
        client = client_of(server)
        before = tasks()
        for _ in range(3):
            await client.complete(REQUEST)
        await anyio.lowlevel.checkpoint()
        return tasks() - before

    tasks: Callable[[], int]
    if backend == "asyncio":
        import asyncio

        tasks = lambda: len(asyncio.all_tasks())  # noqa: E731 - shorter than a function in each branch
    else:
        import trio

        tasks = lambda: trio.lowlevel.current_statistics().tasks_living  # noqa: E731 - as above
    return anyio.run(calls, backend=backend)


@pytest.mark.filterwarnings("error::ResourceWarning")
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_loops_that_end_leave_no_task_no_thread_and_no_connection(backend: str) -> None:
    with LoopbackServer("text") as server:
        run_calls(server, backend)
        threads = {thread.name for thread in threading.enumerate() if "loopback" not in thread.name}
        assert [run_calls(server, backend) for _ in range(3)] == [0, 0, 0]
        assert {thread.name for thread in threading.enumerate() if "loopback" not in thread.name} <= threads
        server.wait_until_idle()
    gc.collect()
