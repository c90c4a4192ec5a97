"""One task on its way: to a provider, and to the next one when that fails."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple, Protocol

from reflector._clock import Clock
from reflector._text import shorten
from reflector.agents.runtime import Runtime
from reflector.dispatch.charge import Charge
from reflector.dispatch.choosing import Policy, choose
from reflector.dispatch.decision import Decision, Try
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.standing import Standing, until
from reflector.dispatch.survival import is_survivable
from reflector.dispatch.task import SOURCE, Done, Task, TaskOutput
from reflector.errors import (
    AskTimeoutError,
    DispatchError,
    HandlerError,
    NoProviderError,
    ProviderBusyError,
    RateLimitedError,
    ReflectorError,
)
from reflector.signals.signal import Signal
from reflector.usage import Usage

__all__ = ["Errand", "Floor", "read_reply"]

_NOTHING = Usage()


class Floor(Protocol):
    """The market, as far as one task needs it."""

    clock: Clock
    runtime: Runtime

    @property
    def ledger(self) -> Ledger:
        """Where is written down what providers were paid."""
        ...

    def standings(self, task: Task) -> Sequence[Standing]:
        """Return those who accept the kind and may do the task, in the order they were spawned."""
        ...

    async def default(self, task: Task, request: Signal) -> Sequence[Standing]:
        """Return who does a task for which there is nobody; raise if nobody can."""
        ...

    def has_others(self, task: Task, tried: set[str]) -> bool:
        """Return whether somebody accepts the task who is none of those."""
        ...


class _Choice(NamedTuple):
    """Who gets a task, and what works out why."""

    standing: Standing
    decide: Callable[[], Decision]


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

    async def run(self) -> Done:
        """Return what came of the task, done by the first provider that does not fail in a way others may survive."""
        while True:
            standings = self._floor.standings(self._task)
            if not standings:
                standings = await self._floor.default(self._task, self._request)
            choice = self._choose(standings)
            if isinstance(choice, NoProviderError):
                await self._wait_for_probe(standings, choice)
                continue
            done = await self._visit(choice)
            if done is not None:
                return done

    def _choose(self, standings: Sequence[Standing]) -> _Choice | NoProviderError:
        """Return the choice, or why there is none. Where there is nothing to choose, the reasons can wait."""
        sole = standings[0]
        if len(standings) == 1 and sole.is_sure and not self._tries and self._policy == "expected_cost":
            figures = sole.figures(self._task, self._caller)
            return _Choice(sole, lambda: choose(self._task.kind, [sole.said(figures)]))
        try:
            decision = self._judge(standings)
        except NoProviderError as err:
            return err
        standing = next(each for each in standings if each.ref.name == decision.provider)
        return _Choice(standing, lambda: decision)

    def _judge(self, standings: Sequence[Standing]) -> Decision:
        task, limit, estimate = self._task, self._task.limits.cost_usd, self._task.estimate
        failed = {each.provider: f"was tried: {each.error}" for each in self._tries}
        if limit is not None and failed:
            limit = max(0.0, limit - sum(each.usage.cost_usd or 0.0 for each in self._tries))
        return choose(
            task.kind,
            [each.candidate(task, self._caller, failed.get(each.ref.name)) for each in standings],
            cost_limit=limit,
            time_left=self._deadline - self._floor.clock.now(),
            tokens=0 if estimate is None else estimate.input_tokens + estimate.output_tokens,
            policy=self._policy,
        )

    async def _wait_for_probe(self, standings: Sequence[Standing], refusal: NoProviderError) -> None:
        """Return when there may be another choice; raise why there is none if there is nobody to wait for."""
        if isinstance(refusal, ProviderBusyError) and await self._probe_ended(standings, refusal.decision):
            return
        if self._failure is None:
            raise refusal
        self._failure.decision = self._told(refusal.decision)
        raise self._failure

    async def _probe_ended(self, standings: Sequence[Standing], refused: Decision) -> bool:
        """Wait for the task that tries a provider which was left alone; return False if there is none to wait for."""
        for standing, candidate in zip(standings, refused.candidates, strict=True):
            probe = standing.probe
            if probe is not None and candidate.is_refused_for_now:
                with until(self._floor.runtime, self._deadline):
                    await probe.wait()
                    return True
        return False

    async def _visit(self, choice: _Choice) -> Done | None:
        """Return what came of it there; None if the choice has to be made again."""
        standing = choice.standing
        entry, has_to_wait = None, standing.throttle is not None or not standing.capacity.take()
        if has_to_wait:
            began = self._floor.clock.now()
            try:
                entry = await standing.enter(self._task, self._caller, self._deadline)
            except (AskTimeoutError, RateLimitedError) as err:
                self._fail(err, choice, began, attempts=0)
                return None
        usage: Usage | None = None
        charge = None
        try:
            if has_to_wait and not standing.is_ready(self._task):  # others may have changed that meanwhile
                return None
            began = self._floor.clock.now()
            try:
                if standing.is_charged or self._ledger is not None:
                    charge = await self._charge(standing)
                    began = self._floor.clock.now()
                if began >= self._deadline:
                    raise AskTimeoutError(
                        f"no time was left for the task when provider {standing.ref.name!r} had room"
                    )
            except ReflectorError as err:  # nothing was sent
                if charge is not None:
                    charge.cancel()
                self._fail(err, choice, began, attempts=0)
                return None
            # Money may have been waited for, too.
            if charge is not None and not standing.is_ready(self._task):
                charge.cancel()
                return None
            usage = _NOTHING
            done, usage = await self._ask(choice, charge, began)
        finally:
            standing.leave(entry, usage)
        return done

    async def _ask(self, choice: _Choice, charge: Charge | None, began: float) -> tuple[Done | None, Usage]:
        """Return what came of the task, None if another provider is to do it, and what was used here."""
        standing = choice.standing
        clock, limit = self._floor.clock, standing.card.timeout
        seconds = self._deadline - began if limit is None else min(limit, self._deadline - began)
        begun = standing.begin(began)
        try:
            reply = await standing.ref.ask(self._request, timeout=seconds)
            value, usage = read_reply(reply, standing.ref.name)
        except BaseException as err:
            standing.fail(begun, clock.now(), err, seconds=seconds)
            if not isinstance(err, ReflectorError):
                if charge is not None:
                    charge.hold("cancelled")
                raise
            usage = _NOTHING if charge is None else charge.fail(err)
            attempts = err.attempts if isinstance(err, DispatchError) else 1
            self._fail(err, choice, began, usage, attempts=attempts)
            return None, usage
        took = clock.now() - began
        standing.succeed(begun, took)
        if charge is None and usage is not _NOTHING and usage != _NOTHING:
            charge = await self._charge(standing)
        if charge is not None:
            usage = standing.card.priced(usage, self._task.estimate)
            charge.settle(usage, took)
        attempts, total = (reply.extensions or {}).get("attempts", 1), usage
        for tried in self._tries:
            attempts, total = attempts + tried.attempts, total + tried.usage
        return Done(value, standing.ref.name, total, attempts, lambda: self._told(choice.decide())), usage

    async def _charge(self, standing: Standing) -> Charge:
        """Set aside what the task is expected to cost there; wait where tasks under way may leave enough."""
        purse, estimate = standing.credits, self._task.estimate
        may_wait = purse is not None or self._ledger is not None
        with until(self._floor.runtime, self._deadline) if may_wait else nullcontext():
            return await Charge.of(
                [ledger for ledger in (self._floor.ledger, self._ledger) if ledger is not None],
                (self._task.kind, standing.ref.name, standing.account),
                cost_usd=standing.card.expected_cost(estimate),
                tokens=0 if estimate is None else estimate.input_tokens + estimate.output_tokens,
                is_first=not self._tries,
                purse=purse,
            )
        raise AskTimeoutError("tasks under way left no room in the budget in time")

    def _fail(
        self,
        err: ReflectorError,
        choice: _Choice,
        began: float,
        used: Usage = _NOTHING,
        *,
        attempts: int,
    ) -> None:
        """Write a try down; raise its error if nobody else may do better."""
        failed = Try(
            provider=choice.standing.ref.name,
            error=type(err).__name__,
            message=shorten(str(err), 1000),
            seconds=self._floor.clock.now() - began,
            attempts=attempts,
            usage=used,
        )
        self._tries = (*self._tries, failed)
        is_late = self._floor.clock.now() >= self._deadline
        tried = {each.provider for each in self._tries}
        if is_late or not is_survivable(err) or not self._floor.has_others(self._task, tried):
            err.decision = self._told(choice.decide())
            raise err
        self._failure = err
        self._request = self._task.to_signal(SOURCE)

    def _told(self, decision: Decision) -> Decision:
        return decision.model_copy(update={"tries": self._tries}) if self._tries else decision


def read_reply(reply: Signal, provider: str) -> tuple[Any, Usage]:
    """Return what a provider answered, and what it says it used.

    Raises:
        HandlerError: If it says what cannot be.
    """
    value = reply.data
    if not isinstance(value, TaskOutput):
        return value, _NOTHING
    if value.usage.is_possible:
        return value.value, value.usage
    raise HandlerError(f"agent {provider!r} says of its usage what cannot be: {value.usage!r}")
