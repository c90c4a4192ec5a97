"""Many calls at a time through every kind of outage: nothing is lost, nothing is counted twice, nothing stays."""

from __future__ import annotations

import time
from typing import Any

import anyio
import anyio.to_thread
import pytest

from reflector.errors import LLMError, LLMServerError, LLMTimeoutError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.retry import RetryPolicy
from reflector.testing import LoopbackRequest, LoopbackServer, answers
from reflector.testing.answers import Answer
from reflector.usage import Usage

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FEW, MANY = 20, 100

FAULTS: dict[str, Answer] = {
    "rate limited": answers.rate_limited(0.01),
    "rate limited without a wait": answers.rate_limited(),
    "server error": answers.server_error(500),
    "unavailable": answers.server_error(503),
    "reset": answers.reset(),
    "truncated": answers.truncated_body(),
    "malformed": answers.malformed_json(),
    "html": answers.html_page(),
    "empty answer": answers.reply(""),
    "context": answers.context_too_long(),
    "quota": answers.quota_exceeded(),
}


async def run_batch(calls: int, client: Model, limit: float = 60) -> list[ModelReply | LLMError]:
    outcomes: list[ModelReply | LLMError] = []

    async def ask(number: int) -> None:
        try:
            reply = await client.complete(ModelRequest.from_text(f"number {number}", timeout=limit))
            assert reply.content == f"number {number}"
            outcomes.append(reply)
        except LLMError as err:
            outcomes.append(err)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            group.start_soon(ask, number)
    return outcomes


def spent(outcomes: list[ModelReply | LLMError]) -> Usage:
    return sum((outcome.usage for outcome in outcomes), Usage())


async def check_batch(calls: int, script: Any) -> None:
    """Send a batch and compare what was counted here with what the server counted, to the token."""
    options = ModelOptions(retry=RetryPolicy(base=0.001, budget=1000))
    async with LoopbackServer(script) as server:
        outcomes = await run_batch(calls, Model("any", base_url=server.base_url, options=options))
    total = spent(outcomes)
    assert len(outcomes) == calls
    assert sum(isinstance(outcome, ModelReply) for outcome in outcomes) >= calls // 2
    assert total.calls == len(server.requests)
    assert (total.input_tokens, total.output_tokens) == (
        server.usage.input_tokens,
        server.usage.output_tokens,
    )


# All of them together are in the next test, and each alone in `test_litellm_client`.
@pytest.mark.parametrize("name", ["rate limited", "server error", "reset", "empty answer"])
async def test_a_third_of_all_requests_fails(name: str) -> None:
    fault = FAULTS[name]
    await check_batch(FEW, lambda request: fault if request.index % 3 == 0 else request.text)


async def test_a_hundred_calls_get_through_a_mix_of_all_faults() -> None:
    faults = list(FAULTS.values())

    def answer(request: LoopbackRequest) -> Any:
        turn, is_fine = divmod(request.index, 3)
        return request.text if is_fine else faults[turn % len(faults)]

    await check_batch(MANY, answer)


async def test_an_outage_costs_each_call_one_request_and_all_of_them_the_budget() -> None:
    async with LoopbackServer(answers.server_error()) as server:
        options = ModelOptions(retry=RetryPolicy(base=0.001, budget=20))
        outcomes = await run_batch(MANY, Model("any", base_url=server.base_url, options=options))
    assert all(isinstance(outcome, LLMServerError) for outcome in outcomes)
    assert len(server.requests) == spent(outcomes).calls == MANY + 20


@pytest.mark.parametrize("fault", [answers.hang(), answers.slow_headers(60)], ids=["hang", "slow headers"])
async def test_a_server_that_hangs_is_left_by_all_within_the_time_limit(fault: Answer) -> None:
    await Model("openai/any").warmup()
    async with LoopbackServer(fault) as server:
        begun = time.monotonic()
        outcomes = await run_batch(FEW, Model("any", base_url=server.base_url), limit=1)
        assert time.monotonic() - begun < 5
        assert all(isinstance(outcome, LLMTimeoutError) for outcome in outcomes)
        await anyio.to_thread.run_sync(server.wait_until_idle)
