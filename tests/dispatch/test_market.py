"""The market at work: what happens when providers fail, rest, are at their rate, or cost money."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._clock import VirtualClock, settle
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute, market_ledger
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Estimate, Limits, Task, TaskOutput
from reflector.errors import (
    AgentStoppedError,
    AskTimeoutError,
    BudgetExceededError,
    ConfigurationError,
    ContextLengthError,
    HandlerError,
    InputError,
    LLMAuthenticationError,
    LLMBadRequestError,
    LLMServerError,
    NoProviderError,
    ProviderBusyError,
    ProviderReportedError,
    ProviderSpawnError,
    RateLimitedError,
    ReflectorError,
    RuntimeClosedError,
    WorkerCrashedError,
)
from reflector.usage import Budget, Usage

pytestmark = pytest.mark.anyio


class Provider:
    """Does what it is told: fail, wait until it is told to go on, or return its name."""

    def __init__(self, **card: Any) -> None:
        self.card = ProviderCard(**card)
        self.fault: BaseException | None = None
        self.asked: list[Any] = []
        self.gate: anyio.Event | None = None
        self.usage: Usage | None = None

    async def __call__(self, task: Task, context: Any) -> Any:
        self.asked.append(task.payload)
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        name = context.ref.name
        return name if self.usage is None else TaskOutput(value=name, usage=self.usage)


async def spawn(runtime: Runtime, **providers: Provider) -> None:
    for name, provider in providers.items():
        await runtime.spawn(provider, name=name, accepts=["demo"], card=provider.card)


def task(payload: Any = None, **limits: Any) -> Task:
    return Task(kind="demo", payload=payload, limits=Limits(**limits))


async def failing(run: Callable[[], Awaitable[object]]) -> ReflectorError:
    with pytest.raises(ReflectorError) as caught:
        await run()
    return caught.value


# --- the next provider ---


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("a bug"),
        LLMServerError("it is down"),
        RateLimitedError("too many", retry_after=3),
        LLMAuthenticationError("no key"),
        ContextLengthError("too long for this one"),
        WorkerCrashedError("the worker died", attempts=3),
        ProviderSpawnError("no such program"),
        ProviderReportedError("unknown operation"),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_what_another_provider_may_survive_is_tried_there(fault: BaseException) -> None:
    first, second = Provider(), Provider(price_usd=1)
    first.fault = fault
    async with Runtime() as runtime:
        await spawn(runtime, first=first, second=second)
        result = await execute(task("t"))
    assert (result.value, result.provider) == ("second", "second")
    name = "HandlerError" if isinstance(fault, RuntimeError) else type(fault).__name__
    assert [(each.provider, each.error) for each in result.decision.tries] == [("first", name)]
    assert result.attempts == 1 + (3 if isinstance(fault, WorkerCrashedError) else 1)
    assert result.decision.candidates[0].refusal == f"was tried: {name}"
    assert (first.asked, second.asked) == (["t"], ["t"])


@pytest.mark.parametrize(
    "fault",
    [InputError("no such payload"), LLMBadRequestError("no")],
    ids=["input", "bad_request"],
)
async def test_the_tasks_own_fault_is_told_at_once_and_blames_nobody(fault: ReflectorError) -> None:
    first, second = Provider(max_failures=1), Provider(price_usd=1)
    first.fault = fault
    async with Runtime() as runtime:
        await spawn(runtime, first=first, second=second)
        for _ in range(3):
            error = await failing(functools.partial(execute, task()))
            assert (error.decision.provider, error.decision.tries[0].error) == ("first", type(fault).__name__)
    assert (len(first.asked), len(second.asked)) == (3, 0)


async def test_a_payload_that_cannot_be_read_is_not_tried_elsewhere() -> None:
    async def strict(asked: Task, context: Any) -> None:
        Limits.model_validate(asked.payload)

    async with Runtime() as runtime:
        await runtime.spawn(strict, name="strict", accepts=["demo"], card=ProviderCard(max_failures=1))
        await spawn(runtime, other=Provider(price_usd=1))
        for _ in range(2):
            error = await failing(functools.partial(execute, task({"attempts": "x"})))
            assert isinstance(error, HandlerError)
            assert error.decision.provider == "strict"


async def test_what_a_failure_cost_counts_against_the_tasks_limit() -> None:
    first, second = Provider(price_usd=1), Provider(price_usd=2)
    first.fault = error = LLMServerError("down")
    error.usage = Usage(cost_usd=0.75)
    async with Runtime() as runtime:
        await spawn(runtime, first=first, second=second)
        assert (await execute(task(cost_usd=2.75))).usage.cost_usd == 2.75
        refused = await failing(functools.partial(execute, task(cost_usd=2.5)))
    assert refused.decision.candidates[1].refusal == "asks $2 a task; the limit is $1.75"


async def test_when_all_fail_the_last_error_says_who_was_tried() -> None:
    first, second, small = Provider(), Provider(price_usd=1), Provider(context_window=10)
    first.fault, second.fault = LLMServerError("down"), KeyError("x")
    async with Runtime() as runtime:
        await spawn(runtime, first=first, second=second, small=small)
        asked = Task(kind="demo", estimate=Estimate(input_tokens=11))
        error = await failing(functools.partial(execute, asked))
        assert not runtime.dead_letters.total
    assert isinstance(error, HandlerError)
    assert isinstance(error.__cause__, KeyError)
    assert [each.error for each in error.decision.tries] == ["LLMServerError", "HandlerError"]
    assert error.decision.candidates[2].refusal == "takes 10 tokens; the task has about 11"


async def test_a_provider_that_hangs_gets_its_time_and_no_more() -> None:
    clock, first, second = VirtualClock(), Provider(timeout=5, max_failures=1), Provider(price_usd=1)
    first.gate = anyio.Event()
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, first=first, second=second)
        results: list[Any] = []

        async def run() -> None:
            results.append(await execute(task(), timeout=60))

        group.start_soon(run)
        await clock.advance(4.9)
        assert not results
        await clock.advance(0.2)
        assert results[0].provider == "second"
        assert results[0].decision.tries[0].error == "AskTimeoutError"
        assert (await execute(task())).decision.candidates[0].health == "open"
        first.gate.set()


async def test_whoever_is_in_a_hurry_does_not_speak_against_a_provider() -> None:
    clock, slow = VirtualClock(), Provider(timeout=50, max_failures=1)
    slow.gate = anyio.Event()
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, slow=slow)
        errors: list[ReflectorError] = []

        async def run() -> None:
            errors.append(await failing(functools.partial(execute, task(), timeout=1)))

        group.start_soon(run)
        await clock.advance(2)
        slow.gate.set()
        await settle()
        assert isinstance(errors[0], AskTimeoutError)
        assert (await execute(task())).decision.candidates[0].health == "closed"


async def test_a_provider_that_stops_half_way_is_followed_by_the_next() -> None:
    first, second = Provider(), Provider(price_usd=1)
    first.gate = anyio.Event()
    async with Runtime() as runtime, anyio.create_task_group() as group:
        await spawn(runtime, first=first, second=second)
        results: list[Any] = []

        async def run() -> None:
            results.append(await execute(task()))

        group.start_soon(run)
        await settle()
        ref = runtime.find("first")
        assert ref is not None
        await ref.stop(drain=0)
        await settle()
    assert (results[0].provider, results[0].decision.tries[0].error) == ("second", AgentStoppedError.__name__)


# --- left alone ---


async def test_after_failures_in_a_row_it_is_left_alone_then_tried_by_a_single_task() -> None:
    clock, ill, dear = VirtualClock(), Provider(max_failures=2, pause=30, running=9), Provider(price_usd=1)
    ill.fault = LLMServerError("down")
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, ill=ill, dear=dear)
        for _ in range(4):
            result = await execute(task())
        assert len(ill.asked) == 2
        reason = "is left alone for another 30 s after 2 failures in a row; the last: LLMServerError: down"
        assert result.decision.candidates[0].refusal == reason
        await clock.advance(30)
        ill.fault, ill.gate = None, anyio.Event()
        results: list[str] = []

        async def run() -> None:
            results.append((await execute(task())).provider)

        for _ in range(3):
            group.start_soon(run)
        await settle()
        assert (len(ill.asked), results) == (3, ["dear", "dear"])
        ill.gate.set()
        await settle()
        assert results[-1] == "ill"
        assert (await execute(task())).provider == "ill"


async def test_what_was_begun_before_a_provider_is_left_alone_says_how_it_was_then() -> None:
    provider, results = Provider(running=2, max_failures=1), []
    provider.gate = gate = anyio.Event()

    async def run() -> None:
        results.append(await execute(task()))

    async with Runtime() as runtime, anyio.create_task_group() as group:
        await spawn(runtime, provider=provider)
        group.start_soon(run)
        await settle()
        provider.gate, provider.fault = None, LLMServerError("down")
        assert isinstance(await failing(functools.partial(execute, task())), LLMServerError)
        assert isinstance(await failing(functools.partial(execute, task())), ProviderBusyError)
        provider.fault = None
        gate.set()
    (candidate,) = results[0].decision.candidates
    assert (results[0].value, candidate.health, candidate.failures) == ("provider", "closed", 0)


async def test_the_only_one_left_alone_is_busy_and_says_until_when() -> None:
    clock, ill = VirtualClock(), Provider(max_failures=1, pause=30)
    ill.fault = LLMServerError("down")
    async with Runtime(clock=clock) as runtime:
        await spawn(runtime, ill=ill)
        assert isinstance(await failing(functools.partial(execute, task())), LLMServerError)
        await clock.advance(10)
        error = await failing(functools.partial(execute, task()))
        assert isinstance(error, ProviderBusyError)
        assert (error.retryable, error.retry_after) == (True, 20)
        insists = await failing(functools.partial(execute, task(providers=("ill",))))
        assert isinstance(insists, LLMServerError)


async def test_whoever_may_wait_waits_for_the_task_that_tries_it() -> None:
    clock, ill = VirtualClock(), Provider(max_failures=1, pause=30, running=9)
    ill.fault = LLMServerError("down")
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, ill=ill)
        await failing(functools.partial(execute, task()))
        await clock.advance(30)
        ill.fault, ill.gate = None, anyio.Event()
        done: list[str] = []

        async def run() -> None:
            done.append((await execute(task())).provider)

        for _ in range(5):
            group.start_soon(run)
        await settle()
        assert len(ill.asked) == 2
        ill.gate.set()
        await settle()
        assert done == ["ill"] * 5


async def test_a_probe_that_is_cancelled_leaves_room_for_the_next() -> None:
    clock, ill = VirtualClock(), Provider(max_failures=1, pause=30, when_full="fail")
    ill.fault = LLMServerError("down")
    async with Runtime(clock=clock) as runtime:
        await spawn(runtime, ill=ill)
        await failing(functools.partial(execute, task()))
        await clock.advance(30)
        ill.fault, ill.gate = None, anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(execute, task())
            await settle()
            error = await failing(functools.partial(execute, task()))
            assert isinstance(error, ProviderBusyError)
            assert "while a single task tries it" in str(error)
            group.cancel_scope.cancel()
        ill.gate.set()
        assert (await execute(task())).provider == "ill"


@pytest.mark.parametrize(
    ("fault", "wait"), [(RateLimitedError("too many", retry_after=7), 7), (LLMAuthenticationError("no"), 30)]
)
async def test_one_that_asks_for_a_pause_or_is_hopeless_is_left_alone_at_once(
    fault: ReflectorError, wait: float
) -> None:
    provider = Provider()
    provider.fault = fault
    async with Runtime(clock=VirtualClock()) as runtime:
        await spawn(runtime, provider=provider)
        await failing(functools.partial(execute, task()))
        error = await failing(functools.partial(execute, task()))
        assert isinstance(error, ProviderBusyError)
        assert error.retry_after == wait


# --- no room in time ---


async def test_a_rate_makes_tasks_wait_or_go_elsewhere() -> None:
    clock, paced = VirtualClock(), Provider(requests_per_minute=2, running=5)
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, paced=paced)
        for _ in range(2):
            await execute(task())
        error = await failing(functools.partial(execute, task(), timeout=59))
        assert isinstance(error, ProviderBusyError)
        assert error.retry_after == 1
        group.start_soon(execute, task("later"))
        await clock.advance(59)
        assert len(paced.asked) == 2
        await clock.advance(2)
        assert paced.asked[2:] == ["later"]
        await spawn(runtime, dear=Provider(price_usd=1))
        await execute(task())
        assert (await execute(task())).provider == "dear"


async def test_tokens_count_as_they_were_used() -> None:
    paced = Provider(tokens_per_minute=1000)
    paced.usage = Usage(input_tokens=90, output_tokens=10)
    async with Runtime(clock=VirtualClock()) as runtime:
        await spawn(runtime, paced=paced)
        asked = Task(kind="demo", estimate=Estimate(input_tokens=800, output_tokens=100))
        assert (await execute(asked, timeout=1)).usage == paced.usage
        assert (await execute(asked, timeout=1)).value == "paced"
        paced.usage = Usage(input_tokens=900, output_tokens=0)
        await failing(
            functools.partial(execute, asked.replace(estimate=Estimate(input_tokens=801)), timeout=1)
        )


async def test_a_deadline_that_the_line_makes_impossible_is_refused_early() -> None:
    slow = Provider(latency=10)
    slow.gate = anyio.Event()
    async with Runtime(clock=VirtualClock()) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, slow=slow)
        for number in range(5):
            group.start_soon(functools.partial(execute, task(number), caller="a"))
            await settle()
        error = await failing(functools.partial(execute, task(), timeout=45, caller="a"))
        assert isinstance(error, ProviderBusyError)
        assert error.retry_after == 5
        assert "has no room for another 40 s" in str(error)
        group.start_soon(functools.partial(execute, task("b"), timeout=45, caller="b"))
        await settle()
        slow.gate.set()
    assert slow.asked[:3] == [0, 1, "b"]


async def test_policies_reach_the_choice() -> None:
    async with Runtime() as runtime:
        await spawn(runtime, cheap=Provider(), good=Provider(price_usd=1, quality=1))
        assert (await execute(task())).provider == "cheap"
        assert (await execute(task(), policy="quality")).provider == "good"
        assert (await execute(task(), policy=lambda each: -each.expected_cost)).provider == "good"
        with pytest.raises(ConfigurationError, match="a policy is one of"):
            await execute(task(), policy="cheapest")  # type: ignore[arg-type]


# --- money ---


async def test_the_ledger_has_a_line_for_each_kind_provider_and_account() -> None:
    priced = Provider(cost_in=0.001, cost_out=0.002, price_usd=0.5, account="a1")
    flaky = Provider(price_usd=0.25)
    error = LLMServerError("down")
    error.usage = Usage(input_tokens=10, calls=1, cost_usd=0.125)
    priced.usage, flaky.fault = Usage(input_tokens=100, output_tokens=50), error
    async with Runtime() as runtime:
        await spawn(runtime, flaky=flaky, priced=priced)
        asked = Task(kind="demo", estimate=Estimate(input_tokens=1000, output_tokens=1000))
        result = await execute(asked)
        assert result.decision.candidates[1].expected_cost == 3.5
        assert result.usage == Usage(input_tokens=110, output_tokens=50, calls=1, cost_usd=0.825)
        ledger = market_ledger()
    lines = [(line.role, line.model, line.provider, line.usage.cost_usd) for line in ledger.lines()]
    assert lines == [("demo", "flaky", "-", 0.125), ("demo", "priced", "a1", 0.7)]
    total = ledger.total()
    assert (total.calls, total.attempts, total.failures) == (1, 2, {"LLMServerError": 1})
    assert ledger.table().startswith("kind   provider  account  calls")


async def test_a_given_ledger_is_charged_too_unless_models_do_that_themselves() -> None:
    given = Ledger(Budget(cost_usd=2))
    provider = Provider(price_usd=1)
    async with Runtime() as runtime:
        await spawn(runtime, provider=provider)
        await execute(task(), ledger=given)
        with given.active():
            await execute(task(), ledger=given)
        assert given.usage.cost_usd == 1
        await execute(task(), ledger=given)
        error = await failing(functools.partial(execute, task(), ledger=given))
        assert isinstance(error, BudgetExceededError)
        assert error.decision.provider == "provider"
        assert market_ledger().usage.cost_usd == 3


async def test_a_budget_is_waited_for_as_long_as_there_is_time() -> None:
    clock, given, provider = VirtualClock(), Ledger(Budget(cost_usd=1)), Provider(price_usd=1, running=9)
    provider.gate = anyio.Event()
    async with Runtime(clock=clock) as runtime, anyio.create_task_group() as group:
        await spawn(runtime, provider=provider)
        group.start_soon(functools.partial(execute, task(), ledger=given))
        await settle()
        errors: list[ReflectorError] = []

        async def run() -> None:
            errors.append(await failing(functools.partial(execute, task(), ledger=given, timeout=5)))

        group.start_soon(run)
        await clock.advance(6)
        assert isinstance(errors[0], AskTimeoutError)
        assert errors[0].decision.tries[0].attempts == 0
        provider.gate.set()
    assert len(provider.asked) == 1


async def test_a_task_whose_time_is_up_is_not_sent_and_costs_nothing() -> None:
    clock, provider = VirtualClock(), Provider(price_usd=1, credits=1, requests_per_minute=1, max_failures=1)
    async with Runtime(clock=clock) as runtime:
        await spawn(runtime, provider=provider)
        for timeout in (0, -1):
            error = await failing(functools.partial(execute, task(), timeout=timeout))
            assert isinstance(error, AskTimeoutError)
            assert error.decision.tries[0].attempts == 0
        assert market_ledger().total().attempts == 0
        assert (await execute(task(), timeout=5)).value == "provider"


async def test_a_task_that_the_budget_refuses_takes_no_place_in_the_minute() -> None:
    provider = Provider(price_usd=1, requests_per_minute=1)
    async with Runtime() as runtime:
        await spawn(runtime, provider=provider)
        error = await failing(functools.partial(execute, task(), ledger=Ledger(Budget(cost_usd=0.5))))
        assert isinstance(error, BudgetExceededError)
        assert (await execute(task(), timeout=5)).value == "provider"


def test_a_market_belongs_to_a_runtime() -> None:
    with pytest.raises(RuntimeClosedError, match="a market belongs to a runtime"):
        market_ledger()


async def test_what_breaks_off_may_have_to_be_paid() -> None:
    provider = Provider(price_usd=1, credits=1.5)
    provider.gate = anyio.Event()
    async with Runtime() as runtime:
        await spawn(runtime, provider=provider)
        async with anyio.create_task_group() as group:
            group.start_soon(execute, task())
            await settle()
            group.cancel_scope.cancel()
        error = await failing(functools.partial(execute, task()))
        assert isinstance(error, NoProviderError)
        assert "has credits of $0.5 left" in str(error)
        assert market_ledger().total().uncertain_usd == 1
        provider.gate.set()


@pytest.mark.parametrize(
    "usage",
    [
        Usage(cost_usd=float("nan")),
        Usage(cost_usd=float("inf")),
        Usage(cost_usd=-1),
        Usage(input_tokens=10**400),
    ],
)
async def test_usage_that_cannot_be_is_a_failure_and_changes_no_account(usage: Usage) -> None:
    liar, honest = Provider(credits=5, cost_in=0.001), Provider(price_usd=1)
    liar.usage = usage
    async with Runtime() as runtime:
        await spawn(runtime, liar=liar, honest=honest)
        result = await execute(task())
        assert (result.provider, result.usage.cost_usd) == ("honest", 1)
        assert "says of its usage what cannot be" in result.decision.tries[0].message
        assert result.decision.candidates[0].credits == 5
        liar.fault = LLMServerError("down")
        liar.fault.usage = usage
        result = await execute(task())
        assert (result.provider, result.decision.tries[0].error) == ("honest", "LLMServerError")
        assert (await execute(task())).decision.candidates[0].credits == 5


@pytest.mark.parametrize(
    "card",
    [{"credits": -1}, {"price_usd": float("nan")}, {"cost_in": float("inf")}, {"quality": 2}, {"timeout": 0}],
)
def test_a_card_says_what_can_be(card: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(card))):
        ProviderCard(**card)


async def test_credits_that_are_set_aside_are_waited_for() -> None:
    provider, dear = Provider(price_usd=1, credits=1.5, running=9), Provider(price_usd=2)
    provider.gate, provider.usage = anyio.Event(), Usage(cost_usd=0.25)
    async with Runtime() as runtime:
        await spawn(runtime, provider=provider)
        results: list[Any] = []

        async def run() -> None:
            results.append(await execute(task()))

        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(run)
                await settle()
            assert len(provider.asked) == 1
            await spawn(runtime, dear=dear)
            assert (await execute(task())).provider == "dear"
            provider.gate.set()
        assert [each.provider for each in results] == ["provider"] * 3
        assert "it has set $1 of its credits aside for tasks under way, so the task waits" in str(
            results[1].decision
        )
        assert (await execute(task())).decision.candidates[0].refusal == (
            "has credits of $0.75 left; the task costs about $1"
        )


async def test_who_waited_for_credits_is_not_sent_to_a_provider_that_is_left_alone_by_then() -> None:
    provider, dear, results = (
        Provider(price_usd=1, credits=1.5, running=9, max_failures=1),
        Provider(price_usd=2),
        [],
    )
    provider.gate, provider.fault = anyio.Event(), LLMServerError("down")

    async def run() -> None:
        results.append(await execute(task()))

    async with Runtime() as runtime, anyio.create_task_group() as group:
        await spawn(runtime, provider=provider)
        for _ in range(2):
            group.start_soon(run)
            await settle()
        await spawn(runtime, dear=dear)
        provider.gate.set()
    assert [each.provider for each in results] == ["dear", "dear"]
    assert len(provider.asked) == 1


async def test_credits_that_are_gone_after_the_wait_send_the_task_elsewhere() -> None:
    provider, dear = Provider(price_usd=1, credits=1.5, running=9), Provider(price_usd=2)
    provider.gate = anyio.Event()
    async with Runtime() as runtime, anyio.create_task_group() as group:
        await spawn(runtime, provider=provider)
        results: list[Any] = []

        async def run() -> None:
            results.append(await execute(task()))

        group.start_soon(run)
        await settle()
        group.start_soon(run)
        await settle()
        await spawn(runtime, dear=dear)
        provider.gate.set()
        await settle()
    assert [each.provider for each in results] == ["provider", "dear"]
    assert (results[1].attempts, results[1].decision.tries[0].error) == (1, "NoProviderError")


async def test_providers_of_one_account_share_its_credits() -> None:
    async with Runtime() as runtime:
        await spawn(
            runtime,
            a=Provider(price_usd=2, credits=3, account="us"),
            b=Provider(price_usd=3, account="us"),
            c=Provider(price_usd=9, account="them"),
        )
        assert [(await execute(task())).provider for _ in range(2)] == ["a", "c"]


def run_concurrently(credits: float, costs: list[tuple[float, bool]], running: int, backend: str) -> None:
    """Have tasks of these prices done at once; check that no more was taken than there is, and all is written down."""
    charged = 0.0

    async def work(asked: Task, context: Any) -> TaskOutput:
        nonlocal charged
        await anyio.lowlevel.checkpoint()
        actual, fails = asked.payload
        if fails:
            raise LLMServerError("down")
        charged += actual
        return TaskOutput(value=None, usage=Usage(cost_usd=actual, calls=1))

    async def main() -> None:
        done = 0

        async def one(actual: float, fails: bool) -> None:
            nonlocal done
            try:
                await execute(Task(kind="demo", payload=(actual, fails)))
            except (NoProviderError, LLMServerError):
                return
            done += 1

        async with Runtime() as runtime:
            card = ProviderCard(price_usd=1, credits=credits, running=running, max_failures=None)
            await runtime.spawn(work, accepts=["demo"], card=card)
            async with anyio.create_task_group() as group:
                for actual, fails in costs:
                    group.start_soon(one, actual, fails)
            total = market_ledger().total()
        assert charged <= credits
        assert (total.usage.cost_usd or 0.0) == pytest.approx(charged)
        assert total.attempts - sum(total.failures.values()) == done

    anyio.run(main, backend=backend)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, 8),
    st.lists(st.tuples(st.sampled_from([0.1, 0.5, 1.0]), st.booleans()), max_size=12),
    st.integers(1, 4),
    st.sampled_from(["asyncio", "trio"]),
)
def test_credits_are_never_overdrawn(
    credits: float, costs: list[tuple[float, bool]], running: int, backend: str
) -> None:
    run_concurrently(credits, costs, running, backend)
