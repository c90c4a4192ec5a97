"""Bringing a task to whoever does it: `execute`, and the ledger of what that cost."""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Sequence
from functools import cached_property
from typing import Any

import anyio

from reflector.agents.ambient import ambient_runtime, current_runtime
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.dispatch.choosing import Policy
from reflector.dispatch.decision import Decision
from reflector.dispatch.errand import Errand, read_reply
from reflector.dispatch.ledger import Ledger, active_ledgers
from reflector.dispatch.payload import DefaultProvider, TaskPayload
from reflector.dispatch.standing import Standing
from reflector.dispatch.task import SOURCE, Done, Task, TaskResult
from reflector.errors import NoHandlerError, NoProviderError, RuntimeClosedError
from reflector.signals.signal import Signal

__all__ = ["DEFAULT_TASK_TIMEOUT", "execute", "market_ledger", "perform"]

DEFAULT_TASK_TIMEOUT = 300.0
"""Seconds for a task, waiting for room included."""


async def execute(
    task: Task | TaskPayload,
    *,
    timeout: float = DEFAULT_TASK_TIMEOUT,  # noqa: ASYNC109 - it travels on as the request's deadline
    caller: Hashable | None = None,
    policy: Policy = "expected_cost",
    ledger: Ledger | None = None,
) -> TaskResult:
    """Return what came of a task, done by that capable provider of the runtime which is best under a policy.

    The task travels as the signal `reflector.<kind>.requested`, answered by `.completed` or `.failed`. An agent that
    handles that signal itself (`handles=`) is asked instead of any provider. While a provider is full, its callers
    take turns; waiting costs a task's time. Joins the ambient runtime, or opens a private one.

    A provider that fails, or takes longer than its card says, is followed by the next one, as long as time is left;
    not when the fault is the task's own. A task may so be begun by several providers; it is answered once.

    A payload that knows its default provider needs none in the runtime: when nobody accepts its kind, that one is
    spawned, and stays.

    Args:
        task: What is to be done: an envelope, or a payload that knows its kind.
        timeout: Seconds; the task's own deadline and that of the signal being handled apply as well.
        caller: Whose turn it counts as. By default the agent whose handler this is; outside of agents, the task that
            opened the anyio task group in which this runs.
        policy: Who of the capable providers gets it: the cheapest by default; or another name, or a function of a
            `Candidate`, the lowest number being the best.
        ledger: Charged beside that of the market; its budget applies. One that is `active()` is left out: models
            charge that by themselves.

    Raises:
        NoProviderError: At once, if nobody accepts the kind, or nobody within the task's limits.
        ProviderBusyError: At once, if those who could are full and let nobody wait, or are left alone after failures.
        AskTimeoutError: If it was not done in time.
        BudgetExceededError: If it does not fit into the ledger's budget.
        ReflectorError: What the last provider raised; any other error arrives as the cause of a HandlerError. Its
            `decision` says who was tried.
    """
    envelope = task.to_task() if isinstance(task, TaskPayload) else task
    if ledger is not None and ledger in active_ledgers():
        ledger = None
    async with ambient_runtime() as runtime:
        done = await _market_of(runtime).perform(envelope, timeout, caller, policy, ledger)
    return done.to_result()


def perform(task: Task, *, seconds: float) -> Coroutine[Any, Any, Done]:
    """Do what `execute` does in the current runtime, for who does not look at the decision.

    Raises:
        RuntimeClosedError: Outside of a runtime.
    """
    return _current_market().perform(task, seconds, None, "expected_cost", None)


def market_ledger() -> Ledger:
    """Return what providers of the current runtime were paid, by kind of task, provider and account.

    Written down are those whose card says a price, credits or an account, and whoever says what it used. These are
    the prices of the market; a `Model` behind a provider keeps its own ledger as well.

    Raises:
        RuntimeClosedError: Outside of a runtime.
    """
    return _current_market().ledger


def _current_market() -> _Market:
    runtime = current_runtime()
    if runtime is None:
        raise RuntimeClosedError("a market belongs to a runtime; use this inside `async with Runtime():`")
    return _market_of(runtime)


def _market_of(runtime: Runtime) -> _Market:
    market: _Market | None = runtime.services.get(_Market)
    if market is None:
        market = runtime.services[_Market] = _Market(runtime)
        runtime.read_task = Task.from_signal
    return market


class _Market:
    """The providers of one runtime, as far as they have been asked."""

    def __init__(self, runtime: Runtime) -> None:
        self.clock = runtime.clock
        self.runtime = runtime
        self._standings: dict[AgentRef, Standing] = {}
        self._purses: dict[str, Ledger] = {}
        self._spawning: anyio.Lock | None = None

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(clock=self.clock, names=("kind", "provider", "account"))

    async def perform(
        self, task: Task, seconds: float, caller: Hashable | None, policy: Policy, ledger: Ledger | None
    ) -> Done:
        request = task.to_signal(SOURCE)
        deadline = self.clock.now() + seconds
        if request.deadline is not None and request.deadline < deadline:
            deadline = request.deadline
        handler = self.runtime.route(request)
        if handler is None:
            return await Errand(self, task, request, deadline, caller, policy, ledger).run()
        reply = await handler.ask(request, timeout=deadline - self.clock.now())
        value, usage = read_reply(reply, handler.name)
        decision = Decision(provider=handler.name, reason=f"handles {request.type} itself")
        attempts = (reply.extensions or {}).get("attempts", 1)
        return Done(value, handler.name, usage, attempts, lambda: decision)

    def has_others(self, task: Task, tried: set[str]) -> bool:
        named = task.limits.providers
        return any(
            ref.name not in tried and (named is None or ref.name in named)
            for ref in self.runtime.providers(task.kind)
        )

    def standings(self, task: Task) -> Sequence[Standing]:
        """Return those who accept the kind and may do the task, in the order they were spawned."""
        named = task.limits.providers
        return [
            self._standing(ref)
            for ref in self.runtime.providers(task.kind)
            if named is None or ref.name in named
        ]

    def _standing(self, ref: AgentRef) -> Standing:
        standing = self._standings.get(ref)
        if standing is None:
            self._standings = {known: kept for known, kept in self._standings.items() if known.is_alive}
            standing = self._standings[ref] = Standing(self.runtime, ref, self._purses)
        return standing

    async def default(self, task: Task, request: Signal) -> Sequence[Standing]:
        """Return who does a task for which there is nobody: the payload's default provider, spawned once.

        Raises:
            NoProviderError: If there is none, or others accept the kind that may not do this task.
        """
        named = task.limits.providers
        if accepting := self.runtime.providers(task.kind):
            raise NoProviderError(
                f"the task may be done by {', '.join(named or ()) or 'nobody'} only; "
                f"kind {task.kind!r} is accepted by {', '.join(ref.name for ref in accepting)}"
            )
        default = task.payload.default_provider() if isinstance(task.payload, TaskPayload) else None
        if default is not None and (named is None or default.name in named):
            return [self._standing(await self._spawned(default, task.kind))]
        kinds = sorted({kind for ref in self.runtime.providers() for kind in ref.accepts})
        accepted = f"accepted here: {', '.join(kinds)}" if kinds else "no agent here accepts any kind"
        message = f"no provider accepts tasks of kind {task.kind!r}; {accepted}"
        try:
            await self.runtime.request(request)  # nobody handles it: it becomes a dead letter
        except NoHandlerError as err:
            raise NoProviderError(message) from err
        raise NoProviderError(message)

    async def _spawned(self, default: DefaultProvider, kind: str) -> AgentRef:
        """Return the default provider of a kind, spawned once."""
        self._spawning = self._spawning or anyio.Lock()
        async with self._spawning:
            for ref in self.runtime.providers(kind):
                return ref
            is_taken = self.runtime.find(default.name) is not None
            name = None if is_taken else default.name
            return await self.runtime.spawn(default.handler, name=name, accepts=[kind], card=default.card)
