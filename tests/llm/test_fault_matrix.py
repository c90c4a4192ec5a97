"""Every fault of a server x a call, a conversation, a batch: a result or a typed error in time, and books that agree.

The batches that are cheap or telling are of 200 calls, the others of a few; `REFLECTOR_BATCH=200` makes all of them
that large.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

import reflector as rf
from reflector.llm.messages import Message
from reflector.testing import LoopbackRequest, LoopbackServer, answers
from reflector.testing.answers import Answer
from reflector.usage import Usage

pytestmark = pytest.mark.slow

MANY = 200
FEW = int(os.environ.get("REFLECTOR_BATCH", "9"))
PRICE = rf.Price(input=3.0, output=15.0)
OPTIONS = rf.ModelOptions(price=PRICE, retry=rf.RetryPolicy(base=0.001, budget=1000))
BACKENDS = ("asyncio", "trio")


@dataclass(frozen=True)
class Case:
    """A fault, what it turns into, and how many calls a batch has."""

    fault: Answer
    error: type[rf.LLMError] | tuple[type[rf.LLMError], ...]
    is_worth_a_retry: bool
    batch: int = FEW
    limit: float = 60.0


CASES = {
    "429": Case(answers.rate_limited(), rf.RateLimitedError, True),
    "429 with a wait": Case(answers.rate_limited(0.01), rf.RateLimitedError, True, MANY),
    "429 with a long wait": Case(answers.rate_limited(100), rf.RateLimitedError, False),
    "quota": Case(answers.quota_exceeded(), rf.QuotaExceededError, False, MANY),
    "key": Case(answers.unauthorized(), rf.LLMAuthenticationError, False, MANY),
    "model": Case(answers.unknown_model("any"), rf.UnknownModelError, False),
    "400": Case(answers.bad_request(), rf.LLMBadRequestError, False),
    "413": Case(answers.too_large(), rf.ContextLengthError, False),
    "context": Case(answers.context_too_long(), rf.ContextLengthError, False),
    "filter": Case(answers.content_filtered(), rf.ContentFilteredError, False),
    "408": Case(answers.error(408, "slow"), rf.LLMTimeoutError, True),
    "500": Case(answers.server_error(500), rf.LLMServerError, True, MANY),
    "503": Case(answers.server_error(503), rf.LLMServerError, True),
    "529": Case(answers.server_error(529), rf.LLMServerError, True),
    "reset": Case(answers.reset(), rf.LLMConnectionError, True),
    "cut off": Case(answers.truncated_body(), (rf.LLMConnectionError, rf.LLMServerError), True),
    "broken JSON": Case(answers.malformed_json(), rf.LLMServerError, True),
    "web page": Case(answers.html_page(), rf.LLMServerError, True),
    "no body": Case(answers.empty_body(), rf.LLMServerError, True),
    "no choices": Case(answers.no_choices(), rf.EmptyAnswerError, True),
    "empty answer": Case(answers.reply(""), rf.EmptyAnswerError, True),
    "truncated": Case(answers.reply(None, finish_reason="length"), rf.TruncatedAnswerError, False),
    "hang": Case(answers.hang(), rf.LLMTimeoutError, False, MANY, 3.0),
    "slow headers": Case(answers.slow_headers(60), rf.LLMTimeoutError, False, FEW, 3.0),
}


def model_of(server: LoopbackServer) -> rf.Model:
    return rf.Model("any", base_url=server.base_url, api_key="sk-matrix-0123456789", options=OPTIONS)


async def ask(model: rf.Model, request: rf.ModelRequest, outcomes: list[Any]) -> Any:
    try:
        outcomes.append(await model.complete(request))
    except rf.LLMError as err:
        outcomes.append(err)
    return outcomes[-1]


def run(backend: str, work: Any, *args: Any) -> None:
    """Run in an event loop of its own, and see that no task stays in it."""

    async def main() -> None:
        await rf.Model("openai/any").warmup()
        before = _tasks(backend)
        await work(*args)
        await anyio.lowlevel.checkpoint()
        assert _tasks(backend) <= before

    anyio.run(main, backend=backend)


def _tasks(backend: str) -> int:
    if backend == "asyncio":
        import asyncio

        return len(asyncio.all_tasks())
    import trio

    return trio.lowlevel.current_statistics().tasks_living


def check_books(model: rf.Model, server: LoopbackServer, outcomes: list[Any]) -> None:
    """Compare the ledger with what the server counted, and with what the callers were told.

    A call whose time is up while its request leaves may or may not have been heard: the ledger calls it uncertain.
    """
    total = model.ledger.total()
    unheard = total.attempts - len(server.requests)
    assert 0 <= unheard <= (total.uncertain if total.failures.keys() == {"LLMTimeoutError"} else 0)
    served = (server.usage.input_tokens or 0, server.usage.output_tokens or 0)
    assert (total.usage.input_tokens or 0, total.usage.output_tokens or 0) == served
    cost = PRICE.cost(Usage(input_tokens=served[0], output_tokens=served[1]))
    assert cost == pytest.approx(total.usage.cost_usd or 0.0, abs=1e-12)
    told = sum((outcome.usage for outcome in outcomes), Usage())
    assert (told.calls, told.input_tokens, told.output_tokens) == (
        total.attempts,
        total.usage.input_tokens,
        total.usage.output_tokens,
    )
    sent = [outcome for outcome in outcomes if outcome.usage.calls]
    assert total.retries == len(server.requests) + unheard - len(sent)
    assert sum(total.failures.values()) == total.attempts - sum(
        isinstance(outcome, rf.ModelReply) for outcome in outcomes
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", CASES)
def test_a_call_ends_in_a_typed_error_and_a_conversation_goes_on_after_it(name: str, backend: str) -> None:
    """The fault lasts for the first call; it comes once between the two turns of the conversation."""
    case = CASES[name]
    outcomes: list[Any] = []
    is_broken = True

    def script(request: LoopbackRequest) -> Any:
        nonlocal is_broken
        if len(request.messages) == 1 and "alone" in request.text:
            return case.fault
        if len(request.messages) == 3 and is_broken:
            is_broken = False
            return case.fault
        return f"{len(request.messages)}: {request.text}"

    async def work(model: rf.Model) -> None:
        limit = 0.5 if case.limit < 60 else 60.0
        begun = time.monotonic()
        error = await ask(model, rf.ModelRequest.from_text("alone", timeout=limit), outcomes)
        assert isinstance(error, case.error)
        assert time.monotonic() - begun < limit + 5
        first = rf.ModelRequest.from_text("first")
        if name == "429 with a long wait":  # it holds for everybody: nothing is sent before it is over
            assert isinstance(await ask(model, first, outcomes), case.error)
            assert outcomes[-1].usage.calls == 0
            return
        answer = await ask(model, first, outcomes)
        turn = (Message(role="assistant", content=answer.content), Message(role="user", content="second"))
        second = rf.ModelRequest(messages=first.messages + turn, timeout=limit)
        reply = await ask(model, second, outcomes)
        if case.is_worth_a_retry:
            assert reply.attempts == 2
        else:
            assert isinstance(reply, case.error)
            reply = await ask(model, second.replace(timeout=None), outcomes)
        assert reply.content == "3: second"

    with LoopbackServer(script) as server:
        model = model_of(server)
        run(backend, work, model)
        server.wait_until_idle()
    check_books(model, server, outcomes)


@pytest.mark.parametrize("name", CASES)
def test_a_batch_in_which_every_third_request_fails(name: str) -> None:
    """A server that hangs does so for all: an answer that comes as the time is up may be lost on its way."""
    case = CASES[name]
    outcomes: list[Any] = []

    def script(request: LoopbackRequest) -> Any:
        return case.fault if request.index % 3 == 0 or case.limit < 60 else request.text

    with LoopbackServer(script) as server:
        model = model_of(server)
        run("asyncio", batch, model, case.batch, case.limit, outcomes)
        server.wait_until_idle()
    assert len(outcomes) == case.batch
    replies = [outcome for outcome in outcomes if isinstance(outcome, rf.ModelReply)]
    assert all(isinstance(outcome, (rf.ModelReply, case.error)) for outcome in outcomes)
    if case.is_worth_a_retry:
        assert len(replies) >= case.batch * 0.8
    check_books(model, server, outcomes)


async def batch(model: rf.Model, calls: int, limit: float, outcomes: list[Any]) -> None:
    begun = time.monotonic()
    async with anyio.create_task_group() as group:
        for number in range(calls):
            request = rf.ModelRequest.from_text(f"number {number}", timeout=limit)
            group.start_soon(ask, model, request, outcomes)
    assert time.monotonic() - begun < limit + 5


def test_an_outage_costs_each_call_one_request_and_all_of_them_the_retry_budget() -> None:
    options = rf.ModelOptions(retry=rf.RetryPolicy(base=0.001, budget=20))
    outcomes: list[Any] = []
    with LoopbackServer(answers.server_error()) as server:
        model = rf.Model("any", base_url=server.base_url, options=options)
        run("asyncio", batch, model, MANY, 60.0, outcomes)
        server.wait_until_idle()
    assert {type(outcome) for outcome in outcomes} == {rf.LLMServerError}
    assert len(server.requests) == MANY + 20
    assert model.ledger.total().retries == 20


def test_two_hundred_calls_with_a_refused_key_send_as_many_requests_as_run_at_once() -> None:
    outcomes: list[Any] = []
    with LoopbackServer(api_key="another") as server:
        model = model_of(server)
        run("asyncio", batch, model, MANY, 60.0, outcomes)
    assert {type(outcome) for outcome in outcomes} == {rf.LLMAuthenticationError}
    assert len(server.requests) <= OPTIONS.limits.concurrency
    check_books(model, server, outcomes)
