"""Two thousand signals under every kind of trouble: each is handled, answered with an error, or a dead letter, once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from reflector._clock import VirtualClock, settle
from reflector.agents.agent import Agent, handles
from reflector.agents.context import Context
from reflector.agents.mailbox import MailboxOptions
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.agents.supervision import Backoff, Supervision
from reflector.errors import ReflectorError
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

SIGNALS = 2_000
SENDERS = 20


class Ledger:
    """What became of each signal, by its number."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.handled: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()

    def check(self, runtime: Runtime) -> None:
        dead = Counter(letter.signal.data for letter in runtime.dead_letters)
        fates = self.handled + self.refused + dead
        assert {number: fates[number] for number in self.sent if fates[number] != 1} == {}
        assert set(fates) == set(self.sent)


async def _send(ledger: Ledger, ref: AgentRef, number: int) -> None:
    """Tell even numbers, ask odd ones."""
    ledger.sent.append(number)
    signal = Signal("work", "/sender", number)
    try:
        await (ref.ask(signal) if number % 2 else ref.tell(signal))
    except ReflectorError:
        ledger.refused[number] += 1


def _numbers(sender: int) -> range:
    return range(sender, SIGNALS, SENDERS)


def _worker(
    ledger: Ledger, dice: random.Random, crash: float = 0.0
) -> Callable[[Signal, Context], Awaitable[int]]:
    async def work(signal: Signal, context: Context) -> int:
        for _ in range(dice.randrange(3)):
            await checkpoint()
        if dice.random() < crash:
            raise ValueError(signal.data)
        ledger.handled[signal.data] += 1
        return int(signal.data)

    return work


async def _in_parallel(
    ledger: Ledger, ref: AgentRef, trouble: Callable[[], Awaitable[Any]] | None = None
) -> None:
    async def send_all(sender: int) -> None:
        for number in _numbers(sender):
            await _send(ledger, ref, number)

    async with anyio.create_task_group() as group:
        for sender in range(SENDERS):
            group.start_soon(send_all, sender)
        if trouble is not None:
            group.start_soon(trouble)


async def _turns(count: int) -> None:
    for _ in range(count):
        await checkpoint()


@pytest.mark.parametrize("policy", ["block", "fail", "drop_oldest", "drop_newest"])
@pytest.mark.parametrize("concurrency", [1, 4])
async def test_a_full_mailbox_and_a_crashing_handler(policy: Any, concurrency: int) -> None:
    ledger, dice = Ledger(), random.Random(f"{policy}{concurrency}")
    async with Runtime() as runtime:
        mailbox = MailboxOptions(capacity=3, policy=policy)
        ref = await runtime.spawn(_worker(ledger, dice, crash=0.2), mailbox=mailbox, concurrency=concurrency)
        await _in_parallel(ledger, ref)
    assert len(ledger.sent) == SIGNALS
    ledger.check(runtime)


@pytest.mark.parametrize("seed", range(10))
async def test_senders_that_are_cancelled(seed: int) -> None:
    ledger, dice = Ledger(), random.Random(seed)

    async def send_some(ref: AgentRef, sender: int) -> None:
        for number in _numbers(sender):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as group:
                    group.start_soon(_send, ledger, ref, number)
                    await _turns(dice.randrange(4))
                    if dice.random() < 0.7:
                        scope.cancel()

    async with Runtime() as runtime:
        ref = await runtime.spawn(_worker(ledger, dice, crash=0.1), mailbox=4, is_visited=seed % 2 == 1)
        async with anyio.create_task_group() as group:
            for sender in range(SENDERS):
                group.start_soon(send_some, ref, sender)
    ledger.check(runtime)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("drain", [0.0, 5.0])
async def test_an_agent_that_stops_in_the_middle(seed: int, drain: float) -> None:
    ledger, dice = Ledger(), random.Random(seed)
    async with Runtime() as runtime:
        ref = await runtime.spawn(
            _worker(ledger, dice, crash=0.1), mailbox=8, concurrency=1 + seed % 3, is_visited=seed % 2 == 1
        )

        async def stop() -> None:
            await _turns(dice.randrange(200))
            await ref.stop(drain=drain)

        await _in_parallel(ledger, ref, stop)
    assert len(ledger.sent) == SIGNALS
    ledger.check(runtime)


@pytest.mark.parametrize("seed", range(10))
async def test_a_runtime_that_ends_with_an_error(seed: int) -> None:
    ledger, dice = Ledger(), random.Random(seed)
    runtime = Runtime()

    async def send_all(ref: AgentRef, sender: int) -> None:
        for number in _numbers(sender):
            await _send(ledger, ref, number)

    async with anyio.create_task_group() as group:
        with pytest.raises(KeyError):  # noqa: PT012 - the error has to come out of the whole block
            async with runtime:
                ref = await runtime.spawn(_worker(ledger, dice), mailbox=8, is_visited=seed % 2 == 1)
                for sender in range(SENDERS):
                    group.start_soon(send_all, ref, sender)
                await _turns(dice.randrange(100))
                raise KeyError(seed)
    assert len(ledger.sent) == SIGNALS
    ledger.check(runtime)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all"])
async def test_agents_that_crash_and_are_restarted(seed: int, strategy: Any) -> None:
    ledger, dice = Ledger(), random.Random(seed)

    class Worker(Agent):
        @handles("work")
        async def work(self, signal: Signal, context: Context) -> int:
            return await _worker(ledger, dice, crash=0.02)(signal, context)

    options = Supervision(strategy=strategy, max_restarts=SIGNALS, backoff=Backoff(0.0, 0.0))
    async with Runtime(supervision=options) as runtime:
        one = await runtime.spawn(Worker, name="one", handles=(), mailbox=8)
        other = await runtime.spawn(
            Worker, name="other", handles=(), mailbox=8, concurrency=2, is_visited=seed % 2 == 1
        )

        async def send_all(sender: int) -> None:
            for number in _numbers(sender):
                await _send(ledger, dice.choice([one, other]), number)

        async with anyio.create_task_group() as group:
            for sender in range(SENDERS):
                group.start_soon(send_all, sender)
    assert runtime.restarts > 0
    ledger.check(runtime)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("seed", range(10))
async def test_native_cancellation_of_asyncio_just_after_a_send(seed: int, anyio_backend: str) -> None:
    """A memory object stream loses every one of these."""
    ledger, dice = Ledger(), random.Random(seed)
    async with Runtime() as runtime:
        ref = await runtime.spawn(_worker(ledger, dice, crash=0.1), mailbox=4, is_visited=seed % 2 == 1)
        waiting: set[asyncio.Task[None]] = set()
        for number in range(SIGNALS):
            task = asyncio.create_task(_send(ledger, ref, number))
            waiting.add(task)
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)
            if dice.random() < 0.7:
                task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    ledger.check(runtime)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_an_asker_that_is_cancelled_just_after_its_time_was_over(anyio_backend: str) -> None:
    clock, go = VirtualClock(), anyio.Event()

    async def wait(signal: Signal, context: Context) -> None:
        await go.wait()

    async with Runtime(clock=clock) as runtime:
        ref = await runtime.spawn(wait)
        await ref.tell(Signal("work", "/test", 0))
        asking = asyncio.create_task(ref.ask(Signal("work", "/test", 1), timeout=1))
        await settle()
        clock._now = 1.0
        runtime.exchange._expire()
        asking.cancel()
        await settle()
        assert asking.cancelled()
        go.set()
    assert [(letter.signal.data, letter.reason) for letter in runtime.dead_letters] == [(1, "abandoned")]


class FullDisk:
    """A journal that fails from its second signal on: what comes of a request cannot be kept."""

    def __init__(self) -> None:
        self.count = 0

    def append(self, signal: Signal) -> None:
        self.count += 1
        if self.count > 2:
            raise OSError("disk full")


@pytest.mark.parametrize("is_visited", [False, True])
async def test_a_journal_that_fails_leaves_no_asker_waiting(is_visited: bool) -> None:
    async def fail(signal: Signal, context: Context) -> None:
        await go.wait()
        raise ValueError("no")

    errors: list[BaseException] = []

    async def ask() -> None:
        try:
            await ref.ask(Signal("work", "/test", 1))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is looked at below
            errors.append(error)

    go = anyio.Event()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as outside, Runtime(journal=FullDisk()) as runtime:
            ref = await runtime.spawn(fail, is_visited=is_visited)
            outside.start_soon(ask)
            outside.start_soon(ask)
            await settle()
            go.set()
    assert [str(error) for error in errors] == ["agent 'fail' failed: ValueError: no"] * 2
