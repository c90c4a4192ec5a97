"""One task on its way: to a provider, and to the next one when that fails."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

from reflector._clock import Clock
from reflector.dispatch.charge import Charge
from reflector.dispatch.choosing import Policy, choose
from reflector.dispatch.decision import Decision, Try
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.standing import Standing
from reflector.dispatch.survival import is_blamed, is_survivable, pause_after
from reflector.dispatch.task import SOURCE, Task, TaskOutput, TaskResult
from reflector.errors import (
    AskTimeoutError,
    NoProviderError,
    RateLimitedError,
    ReflectorError,
    WorkerCrashedError,
)
from reflector.signals.signal import Signal
from reflector.usage import Usage

__all__ = ["Errand", "Floor"]

_NOTHING = Usage()


class Floor(Protocol):
    """The market, as far as one task needs it."""

    ledger: Ledger
    clock: Clock

    async def standings(self, task: Task, request: Signal) -> Sequence[Standing]:
        """Return those who accept the kind and may do the task, in the order they were spawned."""
        ...

    def has_others(self, task: Task, tried: set[str]) -> bool:
        """Return whether somebody accepts the task who is none of those."""
        ...


class Errand:
    """What one task needs on its way, and who was tried so far."""

    __slots__ = (
        "_caller", "_deadline", "_failure", "_floor", "_ledger", "_policy", "_request", "_task", "_tries",
    )  # fmt: skip

    def __init__(
        self,
        floor: Floor,
        task: Task,
        request: Signal,
        deadline: float,
        caller: Hashable | None,
        policy: Policy,
        ledger: Ledger | None,
    ) -> None:
        self._floor = floor
        self._task = task
        self._request = request
        self._deadline = deadline
        self._caller = caller
        self._policy = policy
        self._ledger = ledger
        self._tries: tuple[Try, ...] = ()
        self._failure: ReflectorError | None = None

    async def run(self) -> TaskResult:
        """Return what came of the task, done by the first provider that does not fail in a way others may survive."""
        while True:
            standing, decision = self._choose(await self._floor.standings(self._task, self._request))
            result = await self._visit(standing, decision)
            if result is not None:
                return result

    def _choose(self, standings: Sequence[Standing]) -> tuple[Standing, Decision]:
        task, limit = self._task, self._task.limits.cost_usd
        failed = {each.provider: f"was tried: {each.error}" for each in self._tries}
        candidates = [each.candidate(task, self._caller, failed.get(each.ref.name)) for each in standings]
        if limit is not None:
            limit = max(0.0, limit - sum(each.usage.cost_usd or 0.0 for each in self._tries))
        estimate = task.estimate
        try:
            decision = choose(
                task.kind,
                candidates,
                cost_limit=limit,
                time_left=self._deadline - self._floor.clock.now(),
                tokens=0 if estimate is None else estimate.input_tokens + estimate.output_tokens,
                policy=self._policy,
            )
        except NoProviderError as err:
            if self._failure is None:
                raise
            self._failure.decision = self._told(err.decision)
        else:
            return next(each for each in standings if each.ref.name == decision.provider), decision
        raise self._failure

    async def _visit(self, standing: Standing, decision: Decision) -> TaskResult | None:
        """Return what came of it there; None if the choice has to be made again."""
        began = self._floor.clock.now()
        try:
            entry = await standing.enter(self._task, self._caller, self._deadline)
        except (AskTimeoutError, RateLimitedError) as err:
            self._fail(err, standing, decision, began, _NOTHING)
            return None
        usage: Usage | None = None
        try:
            if not standing.is_ready(self._task):
                return None
            usage = _NOTHING
            result = await self._ask(standing, decision)
            usage = self._tries[-1].usage if result is None else result.usage
        finally:
            standing.leave(entry, usage)
        return result

    async def _ask(self, standing: Standing, decision: Decision) -> TaskResult | None:
        clock, health, card = self._floor.clock, standing.health, standing.card
        charge = await self._charge(standing) if standing.is_charged or self._ledger else None
        began = clock.now()
        begun = 0 if health is None else health.begin(began)
        seconds = self._deadline - began
        if card.timeout is not None and card.timeout < seconds:
            seconds = card.timeout
        try:
            reply = await standing.ref.ask(self._request, timeout=seconds)
        except ReflectorError as err:
            used = _NOTHING if charge is None else charge.fail(err)
            if health is not None:
                was_hurried = (
                    isinstance(err, AskTimeoutError) and card.timeout is not None and seconds < card.timeout
                )
                if is_blamed(err) and not was_hurried:
                    health.fail(begun, clock.now(), f"{type(err).__name__}: {err}", pause=pause_after(err))
                else:
                    health.abandon(begun)
            self._fail(err, standing, decision, began, used)
            return None
        except BaseException:
            if charge is not None:
                charge.hold("cancelled")
            if health is not None:
                health.abandon(begun)
            raise
        took = clock.now() - began
        if health is not None:
            health.succeed(begun, took)
        return await self._done(reply, standing, decision, charge, took)

    async def _charge(self, standing: Standing) -> Charge:
        """Set aside what the task is expected to cost there."""
        estimate = self._task.estimate
        ledgers = (standing.credits, self._floor.ledger, self._ledger)
        return await Charge.of(
            [ledger for ledger in ledgers if ledger is not None],
            (self._task.kind, standing.ref.name, standing.account),
            cost_usd=standing.card.expected_cost(estimate),
            tokens=0 if estimate is None else estimate.input_tokens + estimate.output_tokens,
            is_first=not self._tries,
        )

    def _fail(
        self, err: ReflectorError, standing: Standing, decision: Decision, began: float, used: Usage
    ) -> None:
        """Write a try down; raise its error if nobody else may do better."""
        failed = Try(
            provider=standing.ref.name,
            error=type(err).__name__,
            message=str(err),
            seconds=self._floor.clock.now() - began,
            attempts=err.attempts if isinstance(err, WorkerCrashedError) else 1,
            usage=used,
        )
        self._tries = (*self._tries, failed)
        is_late = self._floor.clock.now() >= self._deadline
        tried = {each.provider for each in self._tries}
        if is_late or not is_survivable(err) or not self._floor.has_others(self._task, tried):
            err.decision = self._told(decision)
            raise err
        self._failure = err
        self._request = self._task.to_signal(SOURCE)

    def _told(self, decision: Decision) -> Decision:
        return decision.model_copy(update={"tries": self._tries}) if self._tries else decision

    async def _done(
        self, reply: Signal, standing: Standing, decision: Decision, charge: Charge | None, took: float
    ) -> TaskResult:
        value, usage = reply.data, _NOTHING
        if isinstance(value, TaskOutput):
            value, usage = value.value, value.usage
        if charge is None and usage is not _NOTHING and usage != _NOTHING:
            charge = await self._charge(standing)
        if charge is not None:
            usage = standing.card.priced(usage, self._task.estimate)
            charge.settle(usage, took)
        attempts = (reply.extensions or {}).get("attempts", 1)
        for failed in self._tries:
            usage += failed.usage
            attempts += failed.attempts
        return TaskResult(
            value=value,
            provider=decision.provider,
            decision=self._told(decision),
            usage=usage,
            attempts=attempts,
        )
