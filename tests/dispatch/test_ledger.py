"""What may be spent is set aside before, what was spent is written down after, and both always add up."""

from __future__ import annotations

import json
import math
import threading
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._clock import VirtualClock, settle
from reflector.dispatch.accounts import LedgerLine
from reflector.dispatch.ledger import Ledger, Reservation, active_ledgers
from reflector.errors import (
    BudgetExceededError,
    ConfigurationError,
    LLMServerError,
    QuotaExceededError,
    UnboundedCallError,
)
from reflector.usage import Budget, Price, Usage

pytestmark = pytest.mark.anyio

KEY = ("task", "openai/m", "openai")


async def reserve(ledger: Ledger, cost_usd: float | None = 0.0, tokens: float = 0) -> Reservation:
    return await ledger.reserve(KEY, cost_usd=cost_usd, tokens=tokens)


def usage(tokens: int = 10, cost_usd: float | None = None, calls: int = 1) -> Usage:
    return Usage(input_tokens=tokens, output_tokens=0, cost_usd=cost_usd, calls=calls)


async def test_a_call_that_does_not_fit_is_refused_with_all_figures() -> None:
    ledger = Ledger(Budget(cost_usd=1.0))
    (await reserve(ledger, 0.5)).settle(usage(cost_usd=0.4))
    rollout = ledger.start_rollout()
    with pytest.raises(
        BudgetExceededError, match=r"cost_usd=0\.7; of 1 are spent 0\.4 and set aside 0"
    ) as caught:
        await reserve(ledger, 0.7)
    error = caught.value
    assert (error.limit, error.allowed, error.spent, error.reserved, error.asked) == (
        "cost_usd",
        1.0,
        0.4,
        0.0,
        0.7,
    )
    rollout.cancel()


async def test_dollars_add_up_exactly() -> None:
    """Ten times ten cents are a dollar, which they are not for floating point."""
    ledger = Ledger(Budget(cost_usd=1.0))
    for _ in range(10):
        (await reserve(ledger, 0.1)).settle(usage(cost_usd=0.1))
    assert ledger.usage.cost_usd == 1.0
    with pytest.raises(BudgetExceededError):
        await reserve(ledger, 1e-9)


async def test_a_call_waits_while_those_under_way_may_turn_out_cheaper() -> None:
    ledger = Ledger(Budget(tokens=100))
    first = await reserve(ledger, tokens=80)
    got: list[Reservation] = []

    async def second() -> None:
        got.append(await reserve(ledger, tokens=50))

    async with anyio.create_task_group() as group:
        group.start_soon(second)
        await settle()
        assert got == []
        first.settle(usage(50))
    assert len(got) == 1


async def test_a_call_that_waited_in_vain_is_refused() -> None:
    ledger = Ledger(Budget(tokens=100))
    first = await reserve(ledger, tokens=80)

    async def second() -> None:
        with pytest.raises(BudgetExceededError):
            await reserve(ledger, tokens=50)

    async with anyio.create_task_group() as group:
        group.start_soon(second)
        await settle()
        first.settle(usage(60))


async def test_a_cancelled_wait_sets_nothing_aside() -> None:
    ledger = Ledger(Budget(calls=1))
    first = await reserve(ledger)
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as group:
            group.start_soon(reserve, ledger)
            await settle()
            scope.cancel()
    first.cancel()
    await reserve(ledger)


async def test_a_call_without_a_bound_is_refused_under_a_budget_only() -> None:
    await reserve(Ledger(), math.inf, math.inf)
    for budget in (Budget(cost_usd=5), Budget(tokens=5000)):
        with pytest.raises(UnboundedCallError, match="give it max_tokens") as caught:
            await reserve(Ledger(budget), math.inf, math.inf)
        assert caught.value.asked == math.inf


async def test_an_unknown_price_stands_outside_and_is_shown_as_unknown() -> None:
    ledger = Ledger(Budget(cost_usd=0.0))
    for _ in range(3):
        (await reserve(ledger, None)).settle(usage(5))
    line = ledger.lines()[0]
    assert (line.unpriced, line.usage.cost_usd, line.usage.input_tokens) == (3, None, 15)
    assert ledger.table().splitlines()[1].split()[10] == "?"


async def test_a_price_that_shows_only_afterwards_is_set_aside_from_then_on() -> None:
    ledger = Ledger(Budget(cost_usd=1.0))
    (await reserve(ledger, None)).settle(usage(cost_usd=0.6))
    with pytest.raises(BudgetExceededError, match=r"cost_usd=0\.6"):
        await reserve(ledger, None)


async def test_tokens_that_nobody_reported_are_counted_as_unknown() -> None:
    ledger = Ledger(Budget(tokens=100))
    (await reserve(ledger, tokens=100)).settle(Usage(calls=1))
    line = ledger.lines()[0]
    assert (line.unreported, line.usage.total_tokens, line.failures) == (1, None, {})
    (await reserve(ledger, tokens=100)).settle(usage(100))


async def test_a_call_that_broke_off_counts_with_its_bound_and_says_so() -> None:
    ledger = Ledger(Budget(cost_usd=1.0))
    (await reserve(ledger, 0.7)).hold("cancelled")
    line = ledger.lines()[0]
    assert (line.uncertain, line.uncertain_usd, line.usage.cost_usd) == (1, 0.7, None)
    assert line.failures == {"cancelled": 1}
    assert "(+ 0.7000 at most)" in ledger.table()
    with pytest.raises(BudgetExceededError, match=r"spent 0\.7"):
        await reserve(ledger, 0.4)


def test_a_rollout_that_broke_off_counts_as_the_dearest_one_and_says_so() -> None:
    ledger = Ledger(Budget(cost_usd=1.0))
    ledger.start_rollout().settle(Usage(cost_usd=0.3))
    ledger.start_rollout().hold("cancelled")
    assert ledger.cost_left == pytest.approx(0.4)
    assert ledger.total().uncertain == 1


async def test_what_is_settled_is_settled_once() -> None:
    ledger = Ledger(Budget(calls=5))
    reservation = await reserve(ledger)
    reservation.settle(usage())
    reservation.settle(usage())
    reservation.hold("cancelled")
    reservation.cancel()
    assert ledger.total().attempts == 1


async def test_calls_and_rollouts_are_counted() -> None:
    ledger = Ledger(Budget(calls=2, rollouts=1))
    for _ in range(2):
        (await reserve(ledger)).settle(usage())
    with pytest.raises(BudgetExceededError, match="calls=1; of 2"):
        await reserve(ledger)
    rollout = ledger.start_rollout()
    with pytest.raises(
        BudgetExceededError, match=r"a rollout may take rollouts=1; of 1 are spent 0 and set aside 1"
    ):
        ledger.start_rollout()
    rollout.settle(Usage())
    assert ledger.rollouts == 1
    assert len(ledger.lines()) == 1, "a rollout that reports nothing has no line"


async def test_what_a_rollout_reports_is_charged_and_the_dearest_one_set_aside_for_the_next() -> None:
    ledger = Ledger(Budget(cost_usd=1.0))
    ledger.start_rollout().settle(Usage(cost_usd=0.3))
    ledger.start_rollout().settle(Usage(cost_usd=0.1))
    under_way = ledger.start_rollout()  # 0.4 spent, 0.3 set aside
    with pytest.raises(BudgetExceededError, match=r"spent 0\.4 and set aside 0\.3"):
        await reserve(ledger, 0.4)
    await reserve(ledger, 0.25)
    with pytest.raises(BudgetExceededError):
        ledger.start_rollout()
    under_way.settle(Usage(cost_usd=0.2))
    assert ledger.usage.cost_usd == pytest.approx(0.6)


async def test_after_its_seconds_nothing_new_begins() -> None:
    clock = VirtualClock()
    ledger = Ledger(Budget(seconds=10), clock=clock)
    await clock.advance(100)
    assert ledger.seconds_left() == 10, "the time begins with the first call"
    await reserve(ledger)
    await clock.advance(4)
    assert ledger.seconds_left() == 6
    await clock.advance(6)
    with pytest.raises(
        BudgetExceededError, match="came 10 s after the start; the budget is seconds=10"
    ) as caught:
        await reserve(ledger)
    assert caught.value.limit == "seconds"


async def test_no_second_at_all_is_none() -> None:
    with pytest.raises(BudgetExceededError):
        await reserve(Ledger(Budget(seconds=0)))


async def test_lines_by_role_model_and_provider_and_their_sum() -> None:
    ledger = Ledger()
    for role, tokens in (("task", 3), ("reflection", 5), ("task", 7)):
        reservation = await ledger.reserve((role, "m", "p"), cost_usd=0.0, tokens=0)
        reservation.settle(usage(tokens, cost_usd=0.01), seconds=0.2)
    failed = await ledger.reserve(("task", "m", "p"), cost_usd=0.0, tokens=0)
    failed.settle(Usage(calls=1), failure=LLMServerError("down"), is_first=False)
    task, reflection = ledger.lines()
    assert (task.role, task.calls, task.attempts, task.retries, task.usage.input_tokens) == (
        "task",
        2,
        3,
        1,
        10,
    )
    assert (reflection.calls, reflection.failures, task.failures) == (1, {}, {"LLMServerError": 1})
    assert task.latency_p50 == pytest.approx(0.2, rel=0.03)
    total = ledger.total()
    assert (total.calls, total.attempts, total.usage.input_tokens) == (3, 4, 15)
    assert total.usage.cost_usd == pytest.approx(0.03)
    document = json.loads(ledger.to_json())
    assert [line["role"] for line in document["lines"]] == ["task", "reflection"]
    assert document["total"]["attempts"] == 4
    assert str(ledger).splitlines()[0].startswith("role")
    assert str(ledger).splitlines()[-1].startswith("total")
    assert ledger._repr_html_().startswith("<pre>role")


async def test_an_error_that_no_call_survives_is_remembered_for_whoever_leads_the_run() -> None:
    ledger = Ledger()
    error = QuotaExceededError("empty")
    (await reserve(ledger)).settle(Usage(calls=1), failure=error)
    assert ledger.fatal is error


async def test_active_ledgers_are_those_of_the_blocks_around() -> None:
    outer, inner = Ledger(), Ledger()
    assert active_ledgers() == ()
    with outer.active():
        with inner.active():
            assert active_ledgers() == (outer, inner)
        assert active_ledgers() == (outer,)
    assert active_ledgers() == ()


def test_threads_may_share_one() -> None:
    ledger = Ledger(Budget(tokens=20_000))
    refused = 0

    async def work() -> None:
        async def spend() -> None:
            nonlocal refused
            for _ in range(100):
                try:
                    reservation = await reserve(ledger, tokens=1000)
                except BudgetExceededError:
                    refused += 1
                    return
                await anyio.lowlevel.checkpoint()
                reservation.settle(usage(10))

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(spend)

    threads = [
        threading.Thread(target=anyio.run, args=[work], kwargs={"backend": backend})
        for backend in ("asyncio", "trio", "asyncio", "trio")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert refused > 0
    # The bound of one more call no longer fits.
    assert ledger.usage.total_tokens == 19_010


@pytest.mark.slow
@given(
    limit=st.floats(0, 2),
    runs=st.lists(
        st.tuples(st.floats(0, 0.5), st.floats(0, 1), st.sampled_from(["settle", "hold", "cancel"])),
        max_size=60,
    ),
    together=st.integers(1, 20),
)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_no_more_is_spent_than_the_budget(
    limit: float, runs: list[tuple[float, float, str]], together: int
) -> None:
    ledger = Ledger(Budget(cost_usd=limit))
    real = 0.0

    async def spend(ceiling: float, share: float, end: str) -> None:
        nonlocal real
        try:
            reservation = await ledger.reserve(KEY, cost_usd=ceiling, tokens=0)
        except BudgetExceededError:
            return
        await anyio.lowlevel.checkpoint()
        if end == "cancel":
            reservation.cancel()
            return
        real += ceiling * share
        if end == "settle":
            reservation.settle(usage(cost_usd=ceiling * share))
        else:
            reservation.hold("cancelled")

    async def run() -> None:
        for start in range(0, len(runs), together):
            async with anyio.create_task_group() as group:
                for each in runs[start : start + together]:
                    group.start_soon(spend, *each)

    anyio.run(run, backend="trio")
    assert real <= limit + 1e-9
    total = ledger.total()
    assert (total.usage.cost_usd or 0.0) + total.uncertain_usd <= limit + 1e-9


@pytest.mark.parametrize("show", [Ledger.to_json, Ledger.table])
def test_nothing_is_settled_between_the_lines_and_their_sum(show: Any) -> None:
    class Watched(Ledger):
        def total(self) -> LedgerLine:
            other = threading.Thread(target=self.look)
            other.start()
            other.join()
            return super().total()

        def look(self) -> None:
            free.append(self._lock.acquire(blocking=False))
            if free[-1]:
                self._lock.release()

    free: list[bool] = []
    ledger = Watched()
    for role in ("a", "b"):
        ledger.carry(role, usage())
    show(ledger)
    assert free == [False]


# --- prices and budgets ----------------------------------------------------------------------------------------


def test_a_price_is_for_a_million_tokens() -> None:
    price = Price(input=1.0, output=10.0, cached_input=0.1)
    assert price.cost(Usage(input_tokens=1000, output_tokens=100, cached_tokens=400)) == pytest.approx(
        0.00164
    )
    assert price.cost(Usage(input_tokens=1000)) is None
    assert price.ceiling(1000, 100) == pytest.approx(0.002)
    assert price.ceiling(1000, math.inf) == math.inf
    assert Price(input=1.0, output=0).ceiling(1000, math.inf) == pytest.approx(0.001)


@given(
    price=st.builds(
        Price, input=st.floats(0, 100), output=st.floats(0, 100), cached_input=st.none() | st.floats(0, 200)
    ),
    tokens=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)),
)
def test_no_call_costs_more_than_the_ceiling(price: Price, tokens: tuple[int, int, int]) -> None:
    used = Usage(input_tokens=tokens[0], output_tokens=tokens[1], cached_tokens=tokens[2])
    cost = price.cost(used)
    assert cost is not None
    assert cost <= price.ceiling(tokens[0], tokens[1]) * (1 + 1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cost_usd": -1},
        {"cost_usd": math.nan},
        {"cost_usd": math.inf},
        {"cost_usd": "2"},
        {"tokens": 1.5},
        {"calls": True},
        {"rollouts": -1},
        {"seconds": -0.1},
    ],
)
def test_a_budget_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"a budget's {next(iter(wrong))}"):
        Budget(**wrong)


@pytest.mark.parametrize("wrong", [{"input": -1}, {"output": None}, {"cached_input": math.nan}])
def test_a_price_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=f"a price's {next(iter(wrong))}"):
        Price(**({"input": 1.0, "output": 1.0} | wrong))


def test_rollouts_that_cost_nothing_so_far_are_set_aside_together_and_those_that_did_not_begin_are_freed() -> (
    None
):
    ledger = Ledger(Budget(rollouts=5))
    together = ledger.start_rollout(8)
    assert together.rollouts == 5
    with pytest.raises(BudgetExceededError):
        ledger.start_rollout()
    together.settle(Usage(), rollouts=2)
    assert ledger.rollouts == 2
    last, other = ledger.start_rollout(2), ledger.start_rollout(1)
    assert last.rollouts == 2
    last.settle(Usage(cost_usd=0.1), rollouts=1)
    assert not other.is_enough  # a rollout may cost something, as it turned out
    other.cancel()
    assert ledger.start_rollout(8).rollouts == 1


async def test_a_claim_is_what_nobody_was_told_of_and_who_carries_it_has_that_much_less() -> None:
    ledger = Ledger(Budget(cost_usd=1.0, calls=10))
    (await ledger.reserve(KEY, cost_usd=0.2, tokens=5)).settle(usage(cost_usd=0.1))
    (await ledger.reserve(KEY, cost_usd=0.2, tokens=5)).hold("cancelled")
    await ledger.reserve(KEY, cost_usd=0.3, tokens=5)
    ledger.start_rollout().settle(Usage(cost_usd=0.05))
    told = Usage(cost_usd=0.05)
    claim = ledger.claim(told)
    assert (claim.cost_usd, claim.calls, claim.dearest_rollout_usd) == (pytest.approx(0.6), 3, 0.05)

    later = Ledger(Budget(cost_usd=0.65, calls=4))
    later.carry("rollout", told)
    later.carry_claim(claim)
    assert later.cost_left == pytest.approx(0.0)
    assert later.total().uncertain_usd == pytest.approx(0.6)
    with pytest.raises(BudgetExceededError):
        later.start_rollout()  # as much as the dearest one is set aside


async def test_a_call_is_not_sent_before_the_books_are_kept() -> None:
    ledger = Ledger(Budget(calls=1))

    async def broken() -> None:
        raise RuntimeError("the disk is full")

    ledger.before_call = broken
    with pytest.raises(RuntimeError, match="disk"):
        await ledger.reserve(KEY, cost_usd=0.1, tokens=1)
    ledger.before_call = None
    (await ledger.reserve(KEY, cost_usd=0.1, tokens=1)).settle(usage())
