"""Bringing a task to whoever does it: `execute`."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import anyio

from reflector.agents.ambient import ambient_runtime
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.dispatch.capacity import Capacity, current_caller
from reflector.dispatch.decision import Candidate, Decision, choose
from reflector.dispatch.payload import DefaultProvider, TaskPayload
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Task, TaskOutput, TaskResult
from reflector.errors import AskTimeoutError, ConfigurationError, NoHandlerError, NoProviderError
from reflector.signals.signal import Signal
from reflector.usage import Usage

__all__ = ["DEFAULT_TASK_TIMEOUT", "execute"]

DEFAULT_TASK_TIMEOUT = 300.0
"""Seconds for a task, waiting for room included."""

_SOURCE = "/dispatch"
_NO_CARD = ProviderCard()


async def execute(
    task: Task | TaskPayload,
    *,
    timeout: float = DEFAULT_TASK_TIMEOUT,  # noqa: ASYNC109 - it travels on as the request's deadline
    caller: Hashable | None = None,
) -> TaskResult:
    """Return what came of a task, done by the cheapest capable provider of the runtime.

    The task travels as the signal `reflector.<kind>.requested`, answered by `.completed` or `.failed`. An agent that
    handles that signal itself (`handles=`) is asked instead of any provider. While a provider is full, its callers
    take turns; waiting costs a task's time. Joins the ambient runtime, or opens a private one.

    A payload that knows its default provider needs none in the runtime: when nobody accepts its kind, that one is
    spawned, and stays.

    Args:
        task: What is to be done: an envelope, or a payload that knows its kind.
        timeout: Seconds; the task's own deadline and that of the signal being handled apply as well.
        caller: Whose turn it counts as. By default the agent whose handler this is; outside of agents, the task that
            opened the anyio task group in which this runs.

    Raises:
        NoProviderError: At once, if nobody accepts the kind, or nobody within the task's limits.
        ProviderBusyError: At once, if those who could are full and let nobody wait.
        AskTimeoutError: If it was not done in time.
        ReflectorError: What the provider raised; any other error arrives as the cause of a HandlerError.
    """
    envelope = task.to_task() if isinstance(task, TaskPayload) else task
    async with ambient_runtime() as runtime:
        result = await _market_of(runtime).execute(envelope, timeout, caller)
    return result  # noqa: RET504 - the block may swallow an error, as far as its type says


def _market_of(runtime: Runtime) -> _Market:
    market: _Market | None = runtime.services.get(_Market)
    if market is None:
        market = runtime.services[_Market] = _Market(runtime)
        runtime.read_task = Task.from_signal
    return market


class _Market:
    """The providers of one runtime, as far as they have been asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._capacities: dict[AgentRef, Capacity] = {}
        self._spawning = anyio.Lock()

    async def execute(self, task: Task, seconds: float, caller: Hashable | None) -> TaskResult:
        clock = self._runtime.clock
        request = task.to_signal(_SOURCE)
        deadline = clock.now() + seconds
        if request.deadline is not None and request.deadline < deadline:
            deadline = request.deadline
        handler = self._runtime.route(request)
        if handler is not None:
            reply = await handler.ask(request, timeout=deadline - clock.now())
            reason = f"handles {request.type} itself"
            return _result(reply, Decision(provider=handler.name, reason=reason), None)
        while True:
            providers = await self._providers(task, request)
            decision = self._choose(task, providers, deadline - clock.now())
            provider = providers[decision.provider]
            capacity = self._capacity(provider)
            if capacity.is_free:
                await capacity.acquire(None)
            else:
                await self._wait_for_room(capacity, caller or current_caller(), deadline, provider.name)
            try:
                if provider.is_alive:  # it may have stopped while we waited
                    reply = await provider.ask(request, timeout=deadline - clock.now())
                    return _result(reply, decision, _card(provider).price_usd)
            finally:
                capacity.release()

    async def _wait_for_room(
        self, capacity: Capacity, caller: Hashable, deadline: float, provider: str
    ) -> None:
        scope = anyio.CancelScope()
        alarm = self._runtime.timers.at(deadline, scope.cancel)
        try:
            with scope:
                await capacity.acquire(caller)
        finally:
            alarm.cancel()
        if scope.cancelled_caught:
            raise AskTimeoutError(
                f"provider {provider!r} had no room in time: "
                f"{capacity.running} tasks run there, {capacity.waiting} wait"
            )

    async def _providers(self, task: Task, request: Signal) -> dict[str, AgentRef]:
        """Return those who accept the kind and may do the task, by name, in the order they were spawned."""
        named = task.limits.providers
        accepting = self._runtime.providers(task.kind)
        providers = {ref.name: ref for ref in accepting if named is None or ref.name in named}
        if providers:
            return providers
        if accepting:
            raise NoProviderError(
                f"the task may be done by {', '.join(named or ()) or 'nobody'} only; "
                f"kind {task.kind!r} is accepted by {', '.join(ref.name for ref in accepting)}"
            )
        default = task.payload.default_provider() if isinstance(task.payload, TaskPayload) else None
        if default is not None and (named is None or default.name in named):
            ref = await self._spawned(default, task.kind)
            return {ref.name: ref}
        kinds = sorted({kind for ref in self._runtime.providers() for kind in ref.accepts})
        accepted = f"accepted here: {', '.join(kinds)}" if kinds else "no agent here accepts any kind"
        message = f"no provider accepts tasks of kind {task.kind!r}; {accepted}"
        try:
            await self._runtime.request(request)  # nobody handles it: it becomes a dead letter
        except NoHandlerError as err:
            raise NoProviderError(message) from err
        raise NoProviderError(message)

    async def _spawned(self, default: DefaultProvider, kind: str) -> AgentRef:
        """Return the default provider of a kind, spawned once."""
        async with self._spawning:
            for ref in self._runtime.providers(kind):
                return ref
            is_taken = self._runtime.find(default.name) is not None
            name = None if is_taken else default.name
            return await self._runtime.spawn(default.handler, name=name, accepts=[kind], card=default.card)

    def _choose(self, task: Task, providers: dict[str, AgentRef], time_left: float) -> Decision:
        candidates = []
        for name, ref in providers.items():
            card, capacity = _card(ref), self._capacity(ref)
            candidates.append(
                Candidate(
                    provider=name,
                    price_usd=card.price_usd,
                    latency=card.latency,
                    running=capacity.running,
                    waiting=capacity.waiting,
                    is_full=capacity.is_full,
                    lets_wait=card.when_full == "block",
                )
            )
        return choose(task.kind, candidates, cost_limit=task.limits.cost_usd, time_left=time_left)

    def _capacity(self, ref: AgentRef) -> Capacity:
        capacity = self._capacities.get(ref)
        if capacity is None:
            self._capacities = {known: kept for known, kept in self._capacities.items() if known.is_alive}
            capacity = self._capacities[ref] = Capacity(ref.concurrency, _card(ref).queued)
        return capacity


def _card(ref: AgentRef) -> ProviderCard:
    card = ref.card
    if card is None:
        return _NO_CARD
    if not isinstance(card, ProviderCard):
        raise ConfigurationError(f"the card of {ref.name!r} has to be a ProviderCard; got {card!r}")
    return card


def _result(reply: Signal, decision: Decision, price_usd: float | None) -> TaskResult:
    value: Any = reply.data
    usage = Usage(cost_usd=price_usd) if price_usd else Usage()
    if isinstance(value, TaskOutput):
        value, usage = value.value, value.usage
    return TaskResult(
        value=value,
        provider=decision.provider,
        decision=decision,
        usage=usage,
        attempts=(reply.extensions or {}).get("attempts", 1),
    )
