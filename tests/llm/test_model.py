"""A model and what its callers share: limits, retries, a budget and a ledger, whatever client answers."""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable
from typing import Any

import anyio
import anyio.lowlevel
import pytest

import reflector as rf
from reflector._clock import VirtualClock, settle
from reflector.llm.model import as_model
from reflector.llm.pricing import facts_from_map, input_ceiling, output_ceiling
from reflector.llm.scripted import ScriptedClient
from reflector.usage import Usage

pytestmark = pytest.mark.anyio

REQUEST = rf.ModelRequest.from_text("why?", max_tokens=100)
PRICE = rf.Price(input=1.0, output=10.0)
QUICK = rf.RetryPolicy(base=0.0, budget=1000)


def model_of(script: Any, *, clock: Any = None, **options: Any) -> rf.Model:
    options.setdefault("retry", QUICK)
    return rf.Model(ScriptedClient(script), options=rf.ModelOptions(**options), clock=clock)


def answer(tokens_in: int = 10, tokens_out: int = 5, text: str = "because") -> rf.ModelReply:
    return rf.ModelReply(content=text, usage=Usage(input_tokens=tokens_in, output_tokens=tokens_out, calls=1))


async def ask_many(model: rf.Model, count: int, request: rf.ModelRequest = REQUEST) -> list[Any]:
    outcomes: list[Any] = []

    async def ask() -> None:
        try:
            outcomes.append(await model.complete(request))
        except rf.ReflectorError as err:
            outcomes.append(err)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(ask)
    return outcomes


# --- what is written down ---------------------------------------------------------------------------------------


async def test_a_reply_with_tokens_is_a_call_although_its_client_does_not_count() -> None:
    uncounted = answer().replace(usage=Usage(input_tokens=10, output_tokens=5))
    model = model_of([uncounted, uncounted], budget=rf.Budget(calls=1))
    await model.complete(REQUEST)
    with pytest.raises(rf.BudgetExceededError):
        await model.complete(REQUEST)


async def test_every_request_is_in_the_ledger_the_failed_ones_too() -> None:
    model = model_of([rf.LLMServerError("down"), answer(), answer(20, 7)], price=PRICE)
    first = await model.complete(REQUEST)
    await model.complete(REQUEST.replace(role="judge"))
    assert (first.attempts, first.usage.calls, first.usage.cost_usd) == (2, 2, 60e-6)
    task, judge = model.ledger.lines()
    assert (task.role, task.model, task.provider) == ("task", "scripted", "ScriptedClient")
    assert (task.calls, task.attempts, task.retries, task.failures) == (1, 2, 1, {"LLMServerError": 1})
    assert (judge.role, judge.usage.input_tokens, judge.usage.cost_usd) == ("judge", 20, 90e-6)
    assert task.latency_p50 is not None


@pytest.mark.parametrize(
    "usage",
    [Usage(cost_usd=math.nan), Usage(cost_usd=math.inf), Usage(cost_usd=-5.0), Usage(output_tokens=-1)],
)
async def test_a_usage_that_cannot_be_is_unknown(usage: Usage) -> None:
    reply = answer().replace(usage=usage)
    model = rf.Model(lambda messages: reply, options=rf.ModelOptions(budget=rf.Budget(cost_usd=1)))
    assert (await model.complete(REQUEST)).usage == Usage(calls=1)
    assert (model.ledger.cost_left, model.ledger.lines()[0].unpriced) == (1.0, 1)


async def test_tokens_of_an_error_are_paid() -> None:
    error = rf.EmptyAnswerError("nothing")
    error.usage = Usage(input_tokens=10, output_tokens=100, calls=1)
    model = model_of([error, answer()], price=PRICE)
    reply = await model.complete(REQUEST)
    assert reply.usage.output_tokens == 105
    assert model.ledger.usage.output_tokens == 105
    assert model.ledger.usage.cost_usd == pytest.approx(20e-6 + 1050e-6)


async def test_a_price_of_ones_own_wins_over_what_the_client_says() -> None:
    reply = answer().replace(usage=Usage(input_tokens=10, output_tokens=5, calls=1, cost_usd=99.0))
    assert (await model_of([reply]).complete(REQUEST)).usage.cost_usd == 99.0
    assert (await model_of([reply], price=PRICE).complete(REQUEST)).usage.cost_usd == 60e-6


async def test_who_waits_for_the_answer_to_the_same_question_does_not_pay_for_its_failure() -> None:
    error, go = rf.TruncatedAnswerError("cut off"), anyio.Event()
    error.usage = Usage(output_tokens=100, calls=1, cost_usd=0.5)

    async def fail(messages: Any) -> str:
        await go.wait()
        raise error

    model = rf.Model(fail, store=rf.AnswerStore())
    outcomes: list[Any] = []

    async def ask() -> None:
        outcomes.extend(await ask_many(model, 3))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await settle()
        go.set()
    assert sorted(each.usage.cost_usd for each in outcomes) == [0.0, 0.0, 0.5]
    assert [each.was_sent for each in outcomes].count(True) == model.ledger.usage.calls == 1


async def test_an_unknown_price_is_not_zero() -> None:
    model = model_of([answer()], budget=rf.Budget(cost_usd=0.0))
    assert (await model.complete(REQUEST)).usage.cost_usd is None
    assert model.ledger.lines()[0].unpriced == 1


@pytest.mark.parametrize(
    ("error", "is_uncertain"),
    [
        (TimeoutError("slow"), True),
        (ConnectionResetError("reset by peer"), True),
        (ConnectionRefusedError("connection refused"), False),
        (rf.LLMServerError("down"), False),
        (rf.RateLimitedError("wait"), False),
    ],
)
async def test_what_broke_off_may_have_to_be_paid(error: Exception, is_uncertain: bool) -> None:
    model = model_of([error], price=PRICE, retry=rf.RetryPolicy(attempts=1))
    with pytest.raises(rf.LLMError):
        await model.complete(REQUEST)
    line = model.ledger.lines()[0]
    assert line.uncertain == is_uncertain
    assert (line.uncertain_usd > 0.001) == is_uncertain


async def test_a_cancelled_call_counts_with_its_bound() -> None:
    arrived = anyio.Event()

    async def hang(request: rf.ModelRequest) -> str:
        arrived.set()
        await anyio.sleep_forever()
        return ""

    model = model_of(hang, price=PRICE)
    async with anyio.create_task_group() as group:
        group.start_soon(model.complete, REQUEST)
        await arrived.wait()
        group.cancel_scope.cancel()
    line = model.ledger.lines()[0]
    assert (line.failures, line.uncertain) == ({"cancelled": 1}, 1)
    assert line.uncertain_usd == pytest.approx((input_ceiling(REQUEST) + 1000) * 1e-6)


async def test_a_call_that_had_no_turn_in_time_sends_nothing() -> None:
    clock = VirtualClock()
    client = ScriptedClient(lambda request: anyio.sleep_forever())
    model = rf.Model(client, options=rf.ModelOptions(limits=rf.RateLimits(concurrency=1)), clock=clock)
    async with anyio.create_task_group() as group:
        group.start_soon(model.complete, REQUEST)
        await settle()
        with pytest.raises(rf.LLMTimeoutError):
            await model.complete(REQUEST.replace(timeout=0.01))
        group.cancel_scope.cancel()
    assert len(client.requests) == 1
    assert model.ledger.total().attempts == 1


# --- budgets ----------------------------------------------------------------------------------------------------


async def test_a_budget_ends_the_calls_before_they_cost() -> None:
    model = model_of(lambda request: answer(10, 100), price=PRICE, budget=rf.Budget(cost_usd=0.01))
    outcomes = await ask_many(model, 30)
    refused = [outcome for outcome in outcomes if isinstance(outcome, rf.BudgetExceededError)]
    assert len(outcomes) == 30
    assert len(refused) == 21
    assert model.ledger.usage.cost_usd == pytest.approx(9 * 0.00101)


async def test_under_a_budget_a_call_needs_max_tokens() -> None:
    unbounded = REQUEST.replace(max_tokens=None)
    for budget in (rf.Budget(cost_usd=1), rf.Budget(tokens=10_000)):
        model = model_of(lambda request: answer(), price=PRICE, budget=budget)
        with pytest.raises(rf.UnboundedCallError):
            await model.complete(unbounded)
        await model.complete(REQUEST)
        await model.complete(unbounded.replace(extra={"max_completion_tokens": 100}))
    await model_of(lambda request: answer(), price=PRICE, budget=rf.Budget(calls=1)).complete(unbounded)


async def test_a_budget_in_seconds_cuts_the_time_of_a_call() -> None:
    model = model_of(lambda request: anyio.sleep_forever(), budget=rf.Budget(seconds=0.02))
    with pytest.raises(rf.LLMTimeoutError):
        await model.complete(REQUEST)

    async def until_refused() -> None:
        while True:  # what is left of the time may be enough to begin once more
            with contextlib.suppress(rf.LLMTimeoutError):
                await model.complete(REQUEST)

    with anyio.fail_after(5), pytest.raises(rf.BudgetExceededError, match=r"seconds=0\.02"):
        await until_refused()


def random_script(die: random.Random, most: int) -> Callable[[rf.ModelRequest], Any]:
    """Answers of any length that the limits allow, and failures with and without a usage."""

    async def reply(request: rf.ModelRequest) -> Any:
        for _ in range(die.randrange(4)):
            await anyio.lowlevel.checkpoint()
        tokens = Usage(input_tokens=die.randint(1, 4), output_tokens=die.randint(0, most), calls=1)
        match die.randrange(8):
            case 0:
                return rf.LLMServerError("down")
            case 1:
                return rf.RateLimitedError("wait")
            case 2:
                error = rf.EmptyAnswerError("nothing")
                error.usage = tokens
                return error
            case 3:
                return ConnectionResetError("reset")
            case _:
                return answer().replace(usage=tokens)

    return reply


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_in_a_hundred_random_runs_no_budget_is_overshot(block: int) -> None:
    """Counted by the model itself, as a server would; what broke off without a word may have cost its bound."""
    for seed in range(block * 25, block * 25 + 25):
        die = random.Random(seed)
        price = rf.Price(input=die.uniform(0, 20), output=die.uniform(0, 80))
        most = die.choice([1, 50, 2000])
        budget = rf.Budget(
            cost_usd=die.choice([None, die.uniform(0, 0.2)]),
            tokens=die.choice([None, die.randint(0, 20_000)]),
            calls=die.choice([None, die.randint(0, 60)]),
        )
        run = rf.Ledger(rf.Budget(cost_usd=die.choice([None, die.uniform(0, 0.1)])))
        model = model_of(
            random_script(die, most),
            price=price,
            budget=budget,
            limits=rf.RateLimits(concurrency=die.choice([1, 4, 64])),
        ).charged_to(run)
        request = rf.ModelRequest.from_text("why?", max_tokens=most)
        backend = die.choice(["asyncio", "trio"])
        outcomes = anyio.run(ask_many, model, 64, request, backend=backend)
        assert len(outcomes) == 64
        total = model.ledger.total()
        worst = (total.usage.cost_usd or 0.0) + total.uncertain_usd
        assert budget.cost_usd is None or worst <= budget.cost_usd + 1e-9
        assert run.budget.cost_usd is None or worst <= run.budget.cost_usd + 1e-9
        assert budget.tokens is None or (total.usage.total_tokens or 0) <= budget.tokens
        assert budget.calls is None or total.attempts <= budget.calls
        client: Any = model.client
        assert total.attempts == len(client.requests), "every request is in the ledger"
        assert run.total().attempts == total.attempts
        if budget == rf.Budget() and run.budget == rf.Budget():
            assert not any(isinstance(outcome, rf.BudgetExceededError) for outcome in outcomes)


# --- who pays ---------------------------------------------------------------------------------------------------


async def test_a_run_pays_for_its_calls_and_the_model_too() -> None:
    run = rf.Ledger(rf.Budget(calls=2))
    model = model_of(lambda request: answer())
    charged = model.charged_to(run)
    await model.complete(REQUEST)
    await charged.complete(REQUEST)
    assert (model.ledger.total().calls, run.total().calls) == (2, 1)
    assert charged.ledger is model.ledger
    await charged.complete(REQUEST)
    with pytest.raises(rf.BudgetExceededError):
        await charged.complete(REQUEST)
    await model.complete(REQUEST)
    assert model.ledger.total().calls == 4


async def test_calls_inside_of_a_run_are_charged_to_it_wherever_they_are_made() -> None:
    run = rf.Ledger()
    model = model_of(lambda request: answer())

    async def rollout() -> None:
        await model.complete(REQUEST)

    with run.active():
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(rollout)
        await model.charged_to(run).complete(REQUEST)  # counted once all the same
    await rollout()
    assert (run.total().calls, model.ledger.total().calls) == (4, 5)


REFLECTION = '{"analysis": "a", "suggestions": [{"type": "add", "description": "Say the unit."}]}'
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]


@pytest.mark.parametrize("is_ambient", [False, True])
async def test_a_reflection_inside_of_a_run_is_charged_to_it(is_ambient: bool) -> None:
    run = rf.Ledger()
    model = model_of(lambda request: REFLECTION)
    reflector = rf.Reflector(model)
    if is_ambient:
        async with rf.Runtime():
            await reflector.reflect(MESSAGES)  # its agents' tasks were started outside of the run
            with run.active():
                await reflector.reflect(MESSAGES)
    else:
        await reflector.reflect(MESSAGES)
        with run.active():
            await reflector.reflect(MESSAGES)
    assert [(line.role, line.calls) for line in run.lines()] == [("reflection", 1)]
    assert reflector.ledger is model.ledger
    assert model.ledger.total().calls == 2


def test_the_rules_have_no_ledger() -> None:
    assert rf.Reflector("rules").ledger is None


# --- limits, retries, fatal errors ------------------------------------------------------------------------------


async def test_reflections_and_rollouts_share_the_limits() -> None:
    most = now = 0

    async def count(request: rf.ModelRequest) -> str:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await anyio.lowlevel.checkpoint()
        now -= 1
        return REFLECTION

    model = model_of(count, limits=rf.RateLimits(concurrency=3))
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(rf.Reflector(model).reflect, MESSAGES)
            group.start_soon(model.complete, REQUEST)
    assert most == 3
    assert model.card.running == 3


async def test_too_many_requests_slow_everybody_down_for_as_long_as_the_server_says() -> None:
    clock = VirtualClock()
    times: list[float] = []

    def script(request: rf.ModelRequest) -> Any:
        times.append(clock.now())
        return rf.RateLimitedError("wait", retry_after=7.0) if len(times) == 1 else answer()

    model = model_of(script, clock=clock, limits=rf.RateLimits(concurrency=2))
    async with anyio.create_task_group() as group:
        group.start_soon(model.complete, REQUEST)
        await settle()
        assert model.concurrency == 1
        group.start_soon(ask_many, model, 5)
        await clock.advance(6.9)
        assert times == [0.0]
        await clock.advance(10)
    assert times == [0.0] + [7.0] * 6
    assert model.concurrency == 2
    assert model.ledger.total().retries == 1


async def test_a_wait_of_more_than_a_minute_fails_all_at_once() -> None:
    model = model_of(lambda request: rf.RateLimitedError("wait", retry_after=100.0))
    outcomes = await ask_many(model, 50)
    client: Any = model.client
    assert {type(outcome) for outcome in outcomes} == {rf.RateLimitedError}
    assert len(client.requests) <= 16
    assert all(outcome.retry_after > 99 for outcome in outcomes)


@pytest.mark.parametrize("kind", [rf.LLMAuthenticationError, rf.QuotaExceededError, rf.UnknownModelError])
async def test_an_error_that_no_call_survives_stops_those_that_wait(kind: type[rf.LLMError]) -> None:
    is_refused = True

    async def script(request: rf.ModelRequest) -> Any:
        await anyio.lowlevel.checkpoint()
        return kind("refused") if is_refused else answer()

    model = model_of(script, limits=rf.RateLimits(concurrency=8))
    outcomes = await ask_many(model, 200)
    client: Any = model.client
    assert {type(outcome) for outcome in outcomes} == {kind}
    assert len(client.requests) <= 8
    assert any("not sent: another call had this answer" in str(outcome) for outcome in outcomes)
    assert model.ledger.total().attempts == len(client.requests)
    assert type(model.ledger.fatal) is kind
    is_refused = False  # the key was set right: the model is as good as new
    assert (await model.complete(REQUEST)).content == "because"


async def test_what_was_asked_for_another_model_is_not_stopped() -> None:
    async def script(request: rf.ModelRequest) -> Any:
        await anyio.lowlevel.checkpoint()
        return rf.UnknownModelError("no such model") if request.model == "typo" else answer()

    model = model_of(script, limits=rf.RateLimits(concurrency=1))
    async with anyio.create_task_group() as group:
        group.start_soon(ask_many, model, 3, REQUEST.replace(model="typo"))
        await anyio.lowlevel.checkpoint()
        replies = await ask_many(model, 3)
    assert all(isinstance(reply, rf.ModelReply) for reply in replies)


async def test_a_function_is_tried_again_like_any_model() -> None:
    calls = 0

    async def flaky(messages: Any) -> str:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise ConnectionError("reset by peer")
        return "because"

    model = rf.Model(flaky, options=rf.ModelOptions(retry=QUICK))
    assert (await model.complete(REQUEST)).attempts == 3
    assert model.ledger.lines()[0].provider == "FunctionClient"


# --- settings ---------------------------------------------------------------------------------------------------


def test_a_model_is_taken_as_it_is_and_not_wrapped_again() -> None:
    model = model_of(["x"])
    assert as_model(model) is model
    assert rf.Reflector(model).ledger is model.ledger
    with pytest.raises(rf.ConfigurationError, match="a Model already"):
        rf.Model(model)


@pytest.mark.parametrize("wrong", ["rules", " Rules ", "", 5, None, {"model": "m"}, ScriptedClient])
def test_nonsense_is_refused(wrong: Any) -> None:
    with pytest.raises(rf.ConfigurationError):
        rf.Model(wrong)


def test_a_server_belongs_to_a_name() -> None:
    with pytest.raises(rf.ConfigurationError, match="belong to a model given by name"):
        rf.Model(ScriptedClient(["x"]), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(rf.ConfigurationError, match="timeout"):
        rf.ModelOptions(timeout=0)


# --- what is known before ---------------------------------------------------------------------------------------

MAP = {
    "gpt": {
        "litellm_provider": "openai",
        "input_cost_per_token": 1e-6,
        "input_cost_per_token_above_200k_tokens": 2e-6,
        "input_cost_per_token_priority": 9e-6,
        "cache_read_input_token_cost": 1e-7,
        "cache_creation_input_token_cost": 1.25e-6,
        "output_cost_per_token": 1e-5,
        "max_output_tokens": 4096,
    },
    "free": {"litellm_provider": "openai", "input_cost_per_token": 0, "output_cost_per_token": 0},
}


@pytest.mark.parametrize("name", ["gpt", "openai/gpt"])
def test_facts_come_from_litellms_map(name: str) -> None:
    facts = facts_from_map(name, MAP)
    assert facts.provider == "openai"
    assert facts.price == rf.Price(input=1.0, output=10.0, cached_input=0.1)
    assert facts.dearest == rf.Price(input=2.0, output=10.0)
    assert facts.max_output_tokens == 4096
    assert output_ceiling(REQUEST, facts) == 100
    assert output_ceiling(REQUEST.replace(max_tokens=None), facts) == 4096
    assert output_ceiling(REQUEST.replace(extra={"n": 3}), facts) == 300


@pytest.mark.parametrize("name", ["azure/gpt", "other", "openai/free", "free"])
def test_a_model_of_somebody_else_or_without_a_price_is_unknown(name: str) -> None:
    assert facts_from_map(name, MAP).price is None


@pytest.mark.parametrize("text", ["why?", "ünïcödé \N{SNOWMAN} \ud800", "x" * 100_000, " "])
def test_no_tokenizer_finds_more_tokens_than_bytes(text: str) -> None:
    assert input_ceiling(rf.ModelRequest.from_text(text)) >= len(text.encode("utf-8", "replace"))


def test_tools_and_schemas_count_as_input() -> None:
    tools = {"tools": [{"type": "function", "function": {"name": "f" * 500}}]}
    schema = {"type": "json_schema", "json_schema": {"name": "s" * 500}}
    plain = input_ceiling(REQUEST)
    assert input_ceiling(REQUEST.replace(extra=tools, response_format=schema)) > plain + 1000


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"limits": {"concurrency": 2}}, "limits is of type RateLimits"),
        ({"budget": 2.0}, "budget is of type Budget; got 2.0"),
        ({"price": 1}, "price is of type Price"),
        ({"retry": 3}, "retry is of type RetryPolicy"),
    ],
)
def test_an_option_of_another_type_is_refused_where_it_is_given(options: dict[str, Any], told: str) -> None:
    with pytest.raises(rf.ConfigurationError, match=told):
        rf.ModelOptions(**options)


@pytest.mark.parametrize(("name", "value"), [("options", rf.RateLimits()), ("store", "answers.db")])
def test_a_setting_of_another_type_is_refused_where_it_is_given(name: str, value: Any) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(rf.ConfigurationError, match=f"{name} is of type"):
        rf.Model(ScriptedClient(["x"]), **settings)


def test_a_retry_policy_counts_in_whole_requests() -> None:
    with pytest.raises(rf.ConfigurationError, match="whole number"):
        rf.RetryPolicy(attempts=1.5)  # type: ignore[arg-type]


def test_a_name_that_is_none_is_shown() -> None:
    with pytest.raises(rf.ConfigurationError, match="got ' '"):
        rf.Model(" ")


async def test_a_text_is_no_request() -> None:
    with pytest.raises(rf.LLMBadRequestError, match="from_text"):
        await model_of(["x"]).complete("hello")  # type: ignore[arg-type]
