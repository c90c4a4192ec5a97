"""Who restarts what, how often, and who hears of it next."""

from __future__ import annotations

import functools
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from reflector._clock import VirtualClock, settle
from reflector.agents.agent import Agent, handles
from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.agents.supervision import Backoff, Supervision
from reflector.errors import AgentStoppedError, ConfigurationError, HandlerError, LLMTimeoutError
from reflector.signals.signal import Signal

pytestmark = pytest.mark.anyio

NO_WAIT = Backoff(first=0.0, most=0.0)


class Fragile(Agent):
    """Says how often it was started; crashes when told to."""

    def __init__(self, starts: list[str], name: str = "one") -> None:
        self.starts, self.name = starts, name

    async def on_start(self, context: Context) -> None:
        self.starts.append(self.name)

    @handles("crash")
    async def crash(self, signal: Signal, context: Context) -> None:
        raise signal.data or ValueError("crash")

    @handles("wait")
    async def wait(self, signal: Signal, context: Context) -> None:
        await anyio.sleep_forever()

    @handles("ping")
    async def ping(self, signal: Signal, context: Context) -> str:
        return self.name


def signal(signal_type: str, data: Any = None) -> Signal:
    return Signal(signal_type, "/test", data)


async def crash(ref: Any, error: Exception | None = None) -> None:
    with pytest.raises((HandlerError, LLMTimeoutError)):
        await ref.ask(signal("crash", error))


async def test_a_crashed_agent_is_made_anew_and_keeps_its_mailbox() -> None:
    starts: list[str] = []
    async with Runtime(supervision=Supervision(backoff=NO_WAIT)) as runtime:
        ref = await runtime.spawn(functools.partial(Fragile, starts))
        await ref.tell(signal("crash"))
        assert (await ref.ask(signal("ping"))).data == "one"
        assert starts == ["one", "one"]
        assert runtime.statistics().restarts == 1


async def test_an_error_of_this_library_is_an_answer_and_restarts_nobody() -> None:
    starts: list[str] = []
    async with Runtime() as runtime:
        ref = await runtime.spawn(functools.partial(Fragile, starts))
        for _ in range(10):
            await crash(ref, LLMTimeoutError("slow"))
        assert starts == ["one"]


async def test_a_plain_function_has_no_state_to_lose() -> None:
    async def fail(signal: Signal, context: Context) -> None:
        raise ValueError

    async with Runtime() as runtime:
        ref = await runtime.spawn(fail)
        for _ in range(10):
            await crash(ref)
        assert runtime.restarts == 0


@pytest.mark.parametrize(
    ("strategy", "restarted"),
    [("one_for_one", ["b"]), ("one_for_all", ["a", "b", "c"]), ("rest_for_one", ["b", "c"])],
)
async def test_the_strategy_says_who_is_restarted(strategy: Any, restarted: list[str]) -> None:
    starts: list[str] = []
    async with Runtime(supervision=Supervision(strategy=strategy, backoff=NO_WAIT)) as runtime:
        a, b, c = [
            await runtime.spawn(functools.partial(Fragile, starts, name), name=name, handles=())
            for name in "abc"
        ]
        starts.clear()
        await crash(b)
        for ref in (a, b, c):
            await ref.ask(signal("ping"))
    assert starts == restarted


async def test_what_a_sibling_was_doing_fails_when_it_is_restarted() -> None:
    starts: list[str] = []
    async with Runtime(supervision=Supervision(strategy="one_for_all", backoff=NO_WAIT)) as runtime:
        busy = await runtime.spawn(functools.partial(Fragile, starts), name="busy", handles=())
        other = await runtime.spawn(functools.partial(Fragile, starts), name="other", handles=())

        async def ask() -> None:
            with pytest.raises(AgentStoppedError):
                await busy.ask(signal("wait"))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await settle()
            await crash(other)
        assert (await busy.ask(signal("ping"))).data == "one"


async def test_too_many_restarts_escalate_out_of_the_runtime_unwrapped() -> None:
    clock = VirtualClock()
    error = ValueError("the last one")
    with pytest.raises(ValueError, match="the last one") as caught:  # noqa: PT012 - it comes out of the whole block
        async with Runtime(
            clock=clock, supervision=Supervision(max_restarts=2, within=5.0, backoff=NO_WAIT)
        ) as runtime:
            ref = await runtime.spawn(functools.partial(Fragile, []))
            for _ in range(2):
                await crash(ref)
                await ref.ask(signal("ping"))
            await crash(ref, error)
            await anyio.sleep_forever()
    assert caught.value is error


async def test_restarts_long_ago_do_not_count() -> None:
    clock = VirtualClock()
    async with Runtime(
        clock=clock, supervision=Supervision(max_restarts=1, within=5.0, backoff=NO_WAIT)
    ) as runtime:
        ref = await runtime.spawn(functools.partial(Fragile, []))
        for _ in range(4):
            await crash(ref)
            await clock.advance(6.0)
        assert (await ref.ask(signal("ping"))).data == "one"
        assert runtime.restarts == 4


async def test_restarts_wait_longer_each_time() -> None:
    clock = VirtualClock()
    starts: list[str] = []
    options = Supervision(max_restarts=9, within=100.0, backoff=Backoff(first=1.0, most=3.0, jitter=0.0))
    async with Runtime(clock=clock, supervision=options) as runtime:
        ref = await runtime.spawn(functools.partial(Fragile, starts))
        waits = []
        for count in range(2, 6):
            await ref.tell(signal("crash"))
            begun = clock.now()
            while len(starts) < count:
                await clock.advance(0.5)
            waits.append(clock.now() - begun)
    assert waits == [1.0, 2.0, 3.0, 3.0]


def test_backoff_doubles_up_to_its_limit_and_varies_by_its_jitter() -> None:
    backoff = Backoff(first=0.1, most=1.0, jitter=0.5)
    assert [backoff.seconds(n, lambda: 0.0) for n in (1, 2, 3, 4, 5, 500)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert backoff.seconds(1, lambda: 1.0) == pytest.approx(0.15)


async def test_decisions_per_error_class() -> None:
    starts: list[str] = []
    options = Supervision(
        backoff=NO_WAIT,
        decisions=(
            (KeyError, "resume"),
            (LookupError, "stop"),
            (LLMTimeoutError, "restart"),
            (OSError, "escalate"),
        ),
    )
    with pytest.raises(OSError, match="disk"):  # noqa: PT012 - it comes out of the whole block
        async with Runtime(supervision=options) as runtime:
            resumed, stopped, restarted = [
                await runtime.spawn(functools.partial(Fragile, starts, name), name=name, handles=())
                for name in "abc"
            ]
            await crash(resumed, KeyError("x"))
            assert resumed.is_alive
            await crash(stopped, IndexError("x"))
            assert not stopped.is_alive
            await crash(restarted, LLMTimeoutError("x"))
            await restarted.ask(signal("ping"))
            assert starts == ["a", "b", "c", "c"]
            await crash(resumed, OSError("disk"))
            await anyio.sleep_forever()


async def test_an_agent_may_have_a_supervision_of_its_own() -> None:
    async with Runtime() as runtime:
        stop_at_once = Supervision(decisions=((ValueError, "stop"),))
        ref = await runtime.spawn(functools.partial(Fragile, []), supervision=stop_at_once)
        await crash(ref)
        assert not ref.is_alive


async def test_agents_that_belong_together_share_a_supervisor() -> None:
    starts: list[str] = []
    async with Runtime() as runtime:
        group = runtime.supervisor(Supervision(strategy="one_for_all", backoff=NO_WAIT))
        a = await group.spawn(functools.partial(Fragile, starts, "a"), name="a", handles=())
        b = await runtime.spawn(
            functools.partial(Fragile, starts, "b"), name="b", handles=(), supervisor=group
        )
        outside = await runtime.spawn(functools.partial(Fragile, starts, "c"), name="c", handles=())
        starts.clear()
        await crash(a)
        for ref in (a, b, outside):
            await ref.ask(signal("ping"))
    assert starts == ["a", "b"]


class Parent(Agent):
    def __init__(self, starts: list[str]) -> None:
        self.starts = starts

    async def on_start(self, context: Context) -> None:
        self.starts.append("parent")
        self.child = await context.spawn(
            functools.partial(Fragile, self.starts, "child"), name="child", handles=()
        )

    @handles("child")
    async def get_child(self, signal: Signal, context: Context) -> Any:
        return self.child


async def test_a_child_that_keeps_crashing_restarts_its_parent_which_makes_a_new_one() -> None:
    starts: list[str] = []
    async with Runtime(supervision=Supervision(backoff=NO_WAIT), clock=VirtualClock()) as runtime:
        ref = await runtime.spawn(functools.partial(Parent, starts))
        clock: Any = runtime.clock
        for _ in range(4):
            child = (await ref.ask(signal("child"))).data
            await crash(child)
            await clock.advance(1.0)
        fresh = (await ref.ask(signal("child"))).data
        assert fresh.is_alive
        assert (await fresh.ask(signal("ping"))).data == "child"
    assert starts.count("parent") == 2
    assert starts.count("child") == 5


async def test_an_agent_that_cannot_start_again_counts_as_crashed_again() -> None:
    starts: list[str] = []

    class Stubborn(Fragile):
        async def on_start(self, context: Context) -> None:
            await super().on_start(context)
            if len(self.starts) in (2, 3):
                raise OSError("not yet")

    options = Supervision(max_restarts=5, backoff=NO_WAIT)
    async with Runtime(supervision=options) as runtime:
        ref = await runtime.spawn(functools.partial(Stubborn, starts))
        await ref.tell(signal("crash"))
        assert (await ref.ask(signal("ping"))).data == "one"
    assert len(starts) == 4


async def test_stopping_an_agent_that_waits_for_its_restart() -> None:
    clock = VirtualClock()
    options = Supervision(backoff=Backoff(first=60.0, jitter=0.0))
    async with Runtime(clock=clock, supervision=options) as runtime:
        ref = await runtime.spawn(functools.partial(Fragile, []))
        await crash(ref)
        await ref.tell(signal("ping"))
        await ref.stop()
        assert not ref.is_alive
        await clock.advance(100.0)
        assert runtime.restarts == 0
    assert [letter.reason for letter in runtime.dead_letters] == ["agent_stopped"]


@pytest.mark.parametrize("is_shared", [False, True])
async def test_agents_with_a_supervision_of_their_own_finish_their_mailboxes_too(is_shared: bool) -> None:
    handled: list[Any] = []

    async def work(signal: Signal, context: Context) -> None:
        await anyio.lowlevel.checkpoint()
        handled.append(signal.data)

    async with Runtime() as runtime:
        options: dict[str, Any] = {"supervision": Supervision()}
        if is_shared:
            options["supervisor"] = runtime.supervisor(Supervision())
        ref = await runtime.spawn(work, **options)
        for number in range(3):
            await ref.tell(signal("work", number))
    assert handled == [0, 1, 2]


async def test_a_child_with_a_supervision_of_its_own_stops_with_its_parent_and_may_stop_it() -> None:
    async def stop(signal: Signal, context: Context) -> None:
        await signal.data.stop()

    class Father(Agent):
        @handles("spawn")
        async def spawn(self, signal: Signal, context: Context) -> Any:
            return await context.spawn(stop, supervision=Supervision())

    async with Runtime(clock=VirtualClock()) as runtime:
        father = await runtime.spawn(Father)
        child = (await father.ask(signal("spawn"))).data
        await child.ask(signal("stop", father))
        await settle()
        assert (father.is_alive, child.is_alive) == (False, False)
        assert runtime.statistics().agents == 0


class Slow(Agent):
    """Crashes at whatever it is told; its second life starts only when it may, its first ends only then."""

    lives: list[str]

    def __init__(self, lives: list[str], may_stop: anyio.Event, may_start: anyio.Event) -> None:
        self.lives, self.may_stop, self.may_start = lives, may_stop, may_start

    async def on_start(self, context: Context) -> None:
        self.lives.append("start")
        if self.lives.count("start") == 2:
            await self.may_start.wait()
            self.lives.append("started")

    async def on_stop(self, context: Context) -> None:
        self.lives.append("stop")
        await self.may_stop.wait()

    @handles("crash")
    async def crash(self, signal: Signal, context: Context) -> None:
        raise ValueError("crash")


@pytest.mark.parametrize("is_starting", [False, True])
@pytest.mark.parametrize("drain", [0.0, 5.0])
async def test_an_agent_that_is_stopped_during_its_restart_is_gone_for_good(
    is_starting: bool, drain: float
) -> None:
    lives: list[str] = []
    may_stop = anyio.Event()
    agent = functools.partial(Slow, lives, may_stop, anyio.Event())
    with anyio.fail_after(5):
        async with Runtime(supervision=Supervision(backoff=NO_WAIT)) as runtime:
            ref = await runtime.spawn(agent)
            await crash(ref)
            await settle()
            if is_starting:
                may_stop.set()
                await settle()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(functools.partial(ref.stop, drain=drain))
                await settle()
                may_stop.set()
            assert runtime.statistics().agents == 0
    assert lives == (["start", "stop", "start", "stop"] if is_starting else ["start", "stop"])


async def test_a_runtime_ends_although_a_restart_waits_or_hangs() -> None:
    may_stop = anyio.Event()
    may_stop.set()
    with anyio.fail_after(5):
        for backoff in (NO_WAIT, Backoff(60.0, 60.0)):
            async with Runtime(supervision=Supervision(backoff=backoff)) as runtime:
                ref = await runtime.spawn(functools.partial(Slow, [], may_stop, anyio.Event()))
                await crash(ref)
                await settle()


async def test_an_agent_that_is_stopped_while_it_starts_is_not_spawned() -> None:
    may_start = anyio.Event()

    class Starting(Fragile):
        async def on_start(self, context: Context) -> None:
            await may_start.wait()

    async with Runtime() as runtime, anyio.create_task_group() as tasks:

        async def spawn() -> None:
            with pytest.raises(AgentStoppedError, match="while it started"):
                await runtime.spawn(functools.partial(Starting, []), name="starting")

        tasks.start_soon(spawn)
        await settle()
        ref = runtime.find("starting")
        assert ref is not None
        await ref.stop()
        may_start.set()
        await settle()
        assert not runtime.handles(signal("ping"))


def test_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Supervision(strategy="some_for_some")  # type: ignore[arg-type]  wrong on purpose
