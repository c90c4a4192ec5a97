"""A supervisor against a model of it: crashes, restarts, stops and signals in any order."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from reflector._clock import VirtualClock, settle
from reflector.agents.agent import Agent, handles
from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.agents.supervision import Backoff, Supervision
from reflector.errors import AgentStoppedError, HandlerError
from reflector.signals.signal import Signal


class Life(Agent):
    """Knows how many lives it has had, and what this one was told."""

    def __init__(self, lives: dict[str, int], name: str) -> None:
        self.lives, self.name, self.told = lives, name, 0

    async def on_start(self, context: Context) -> None:
        self.lives[self.name] = self.lives.get(self.name, 0) + 1

    @handles("tell")
    async def tell(self, signal: Signal, context: Context) -> int:
        self.told += 1
        return self.told

    @handles("crash")
    async def crash(self, signal: Signal, context: Context) -> None:
        raise ValueError("crash")

    @handles("wait")
    async def wait(self, signal: Signal, context: Context) -> None:
        await anyio.sleep_forever()


class SupervisorMachine(RuleBasedStateMachine):
    """Only the agents that the strategy names are made anew; their state is fresh, everybody else's stays."""

    backend: ClassVar[str]
    names = st.sampled_from("abcd")

    @initialize(strategy=st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"]))
    def open(self, strategy: Any) -> None:
        self.portal_manager = start_blocking_portal(self.backend)
        self.portal = self.portal_manager.__enter__()
        options = Supervision(strategy=strategy, max_restarts=10**6, backoff=Backoff(1.0, 1.0, 0.0))
        self.clock = VirtualClock()
        self.strategy = strategy
        self.runtime_manager = self.portal.wrap_async_context_manager(
            Runtime(supervision=options, clock=self.clock)
        )
        self.runtime = self.runtime_manager.__enter__()
        self.lives: dict[str, int] = {}
        self.refs: dict[str, Any] = {}
        self.expected: dict[str, int] = {}
        self.told: dict[str, int] = {}

    def teardown(self) -> None:
        self.runtime_manager.__exit__(None, None, None)
        self.portal_manager.__exit__(None, None, None)

    @rule(name=names)
    def spawn(self, name: str) -> None:
        if name in self.refs:
            return
        call = functools.partial(
            self.runtime.spawn, functools.partial(Life, self.lives, name), name=name, handles=(), mailbox=8
        )
        self.refs[name] = self.portal.call(call)
        self.expected[name] = self.expected.get(name, 0) + 1
        self.told[name] = 0

    @rule(name=names)
    def tell(self, name: str) -> None:
        if name not in self.refs:
            return
        reply = self.portal.call(self.refs[name].ask, Signal("tell", "/test"))
        self.told[name] += 1
        assert reply.data == self.told[name]

    @precondition(lambda self: self.refs)
    @rule(data=st.data(), is_busy=st.booleans())
    def crash(self, data: st.DataObject, is_busy: bool) -> None:
        """Crash one while another may be busy; what that one did is answered, by its agent or with an error."""
        name = data.draw(st.sampled_from(sorted(self.refs)))
        other = data.draw(st.sampled_from(sorted(self.refs)))
        self.portal.call(self._crash, name, other if is_busy and other != name else None)
        for victim in self._victims(name):
            self.expected[victim] += 1
            self.told[victim] = 0

    async def _crash(self, name: str, busy: str | None) -> None:
        victims = self._victims(name)

        async def wait() -> None:
            with pytest.raises(AgentStoppedError):
                await self.refs[busy].ask(Signal("wait", "/test"))

        async with anyio.create_task_group() as group:
            if busy is not None and busy in victims:
                group.start_soon(wait)
                await settle()
            with pytest.raises(HandlerError):
                await self.refs[name].ask(Signal("crash", "/test"))
            await settle()
            await self.clock.advance(1.0)

    @precondition(lambda self: self.refs)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.refs)))
        self.portal.call(self.refs.pop(name).stop)
        assert self.runtime.find(name) is None

    def _victims(self, name: str) -> list[str]:
        order = list(self.refs)
        return {
            "one_for_one": [name],
            "one_for_all": order,
            "rest_for_one": order[order.index(name) :],
        }[self.strategy]

    @invariant()
    def lives_agree(self) -> None:
        if hasattr(self, "runtime"):
            assert self.lives == self.expected
            assert self.runtime.statistics().agents == len(self.refs)
            assert self.runtime.statistics().queued == 0
            assert all(ref.is_alive for ref in self.refs.values())


class AsyncioMachine(SupervisorMachine):
    backend = "asyncio"


class TrioMachine(SupervisorMachine):
    backend = "trio"


_SETTINGS = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestOnAsyncio = pytest.mark.slow(AsyncioMachine.TestCase)
TestOnAsyncio.settings = _SETTINGS
TestOnTrio = pytest.mark.slow(TrioMachine.TestCase)
TestOnTrio.settings = _SETTINGS
