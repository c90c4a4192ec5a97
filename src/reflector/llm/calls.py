"""One call to a model: its turn, its budget, its requests on the wire, and what is written down of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio.lowlevel

from reflector._clock import Clock
from reflector.dispatch.capacity import current_caller
from reflector.dispatch.ledger import Ledger, Reservation
from reflector.dispatch.throttle import Pass, Throttle
from reflector.errors import LLMConnectionError, LLMError, LLMTimeoutError, RateLimitedError, ReflectorError
from reflector.llm.client import LLMClient, call_client
from reflector.llm.failures import failure_of
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.pricing import ModelFacts, estimate_input, facts_of, input_ceiling, output_ceiling
from reflector.llm.retry import Retrier
from reflector.llm.secrets import keys_of, without_keys
from reflector.llm.wording import show_model
from reflector.usage import Price, Usage

__all__ = ["Call", "Calls"]

_NOTHING, _ONE = Usage(), Usage(calls=1)
_INFINITE = float("inf")


@dataclass(slots=True)
class Calls:
    """What all calls to one model share."""

    client: LLMClient
    price: Price | None
    throttle: Throttle
    retrier: Retrier
    clock: Clock
    begun: int = 0
    fatal: tuple[int, str | None, LLMError] | None = None
    """The last error that no call survives, how many had begun by then, and the model that was asked for."""
    _facts: ModelFacts | None = None

    def facts(self) -> ModelFacts:
        """Return what is known of the model; its client is warm by now."""
        if self._facts is None:
            known = facts_of(self.client)
            if self.price is not None:
                known = ModelFacts(known.provider, self.price, self.price, known.max_output_tokens)
            self._facts = known
        return self._facts

    def priced(self, usage: Usage) -> Usage:
        """Return tokens with their cost: by the given price, else as the client says, else by litellm's map.

        Tokens are those of a request, also where a client does not count it. Of figures that cannot be, none counts.
        """
        if not usage.is_possible:
            return _ONE
        if usage.total_tokens and not usage.calls:
            usage = usage.model_copy(update={"calls": 1})
        price = self.facts().price
        if price is None or (self.price is None and usage.cost_usd is not None):
            return usage
        return usage.model_copy(update={"cost_usd": price.cost(usage)})


class Call:
    """One question, with the requests that it takes.

    Attributes:
        used: What its requests used so far, those included that failed.
    """

    def __init__(
        self, calls: Calls, request: ModelRequest, ledgers: tuple[Ledger, ...], seconds: float
    ) -> None:
        calls.begun += 1
        self.used = _NOTHING
        self._calls = calls
        self._request = request
        self._ledgers = ledgers
        self._number = calls.begun
        self._key = (request.role, calls.client.name, calls.facts().provider)
        self._began = calls.clock.now()
        # One whose time is up (0.0) refuses the call itself, with the better error.
        left = [each for ledger in ledgers if (each := ledger.seconds_left())]
        self._seconds = min(request.timeout or seconds, *left) if left else request.timeout or seconds
        self._deadline = self._began + self._seconds

    async def run(self) -> ModelReply:
        """Return the answer, with what all its requests used."""
        calls = self._calls
        reply, _ = await calls.retrier.call(self._try_mended, timeout=self._seconds, model=calls.client.name)
        duration = reply.duration_ms
        if duration is None:
            duration = (calls.clock.now() - self._began) * 1000
        attempts = max(reply.attempts, self.used.calls)
        return reply.model_copy(update={"usage": self.used, "attempts": attempts, "duration_ms": duration})

    async def _try_mended(self) -> ModelReply:
        """Send it, and at once again whenever the client has learnt of an option that the server does not take."""
        while True:
            try:
                return await self._try()
            except LLMError as err:
                if not err.mended:
                    raise

    async def _try(self) -> ModelReply:
        throttle = self._calls.throttle
        is_limited = throttle.limits.tokens_per_minute is not None
        leave = await throttle.enter(
            None if throttle.is_free else current_caller(),
            input_tokens=estimate_input(self._request) if is_limited else 0,
            max_tokens=output_ceiling(self._request, self._calls.facts()) if is_limited else None,
            deadline=self._deadline,
            patience=self._calls.retrier.policy.longest_retry_after,
        )
        try:
            await (
                anyio.lowlevel.checkpoint_if_cancelled()
            )  # a turn may come in the moment in which the time is up
            self._stop_if_late()
            self._stop_if_fatal()
            reservations = await self._reserve()
        except BaseException:
            throttle.leave(leave, was_sent=False)
            raise
        return await self._send(leave, reservations)

    def _stop_if_late(self) -> None:
        if self._calls.clock.now() >= self._deadline:
            name = self._calls.client.name
            raise LLMTimeoutError(
                f"{show_model(name)} had no turn for it within {self._seconds:g} s.", model=name
            )

    def _stop_if_fatal(self) -> None:
        """Fail as another call did that was asked at the same time, instead of being refused once more."""
        if self._calls.fatal is None:
            return
        latest, model, error = self._calls.fatal
        if self._number <= latest and model == self._request.model:
            kind = next(kind for kind in type(error).__mro__ if kind.__module__ == LLMError.__module__)
            raise kind(f"{error} [not sent: another call had this answer]", model=error.model)

    async def _reserve(self) -> list[Reservation]:
        cost, tokens = self._most()
        reservations: list[Reservation] = []
        try:
            for ledger in self._ledgers:
                reservations.append(await ledger.reserve(self._key, cost_usd=cost, tokens=tokens))
        except BaseException:
            for reservation in reservations:
                reservation.cancel()
            raise
        return reservations

    def _most(self) -> tuple[float | None, float]:
        """Return the most that one request can cost, None if its price is not known, and the tokens it can take.

        Tokens that neither a price nor a budget counts are not looked for, and 0.
        """
        request, facts = self._request, self._calls.facts()
        dearest = facts.dearest
        if dearest is None and all(ledger.budget.tokens is None for ledger in self._ledgers):
            return None, 0
        sent, answered = input_ceiling(request), output_ceiling(request, facts)
        most = _INFINITE if answered is None else answered
        return None if dearest is None else dearest.ceiling(sent, most), sent + most

    async def _send(self, leave: Pass, reservations: list[Reservation]) -> ModelReply:
        calls = self._calls
        is_first = not self.used.calls
        usage = _ONE
        try:
            reply = await _ask(calls.client, self._request)
            usage = calls.priced(reply.usage)
            seconds = calls.clock.now() - leave.began
            for reservation in reservations:
                reservation.settle(usage, seconds=seconds, is_first=is_first)
            calls.throttle.speed_up(usage.output_tokens)
            return reply
        except ReflectorError as err:
            usage = self._write_failure(err, leave, reservations, is_first)
            raise
        except BaseException:  # cancelled on its way: it may have to be paid
            word = "cancelled" if calls.clock.now() < self._deadline else LLMTimeoutError.__name__
            for reservation in reservations:
                reservation.hold(word, is_first=is_first)
            raise
        finally:
            self.used = usage if is_first else self.used + usage
            calls.throttle.leave(leave, tokens=usage.total_tokens)

    def _write_failure(
        self, err: ReflectorError, leave: Pass, reservations: list[Reservation], is_first: bool
    ) -> Usage:
        calls = self._calls
        told: Usage | None = err.usage if isinstance(err, LLMError) else None
        is_broken_off = (
            isinstance(err, LLMTimeoutError | LLMConnectionError) and err.was_sent and told is None
        )
        usage = _ONE if told is None else calls.priced(told)
        for reservation in reservations:
            if is_broken_off:
                reservation.hold(err, is_first=is_first)
            else:
                reservation.settle(usage, failure=err, is_first=is_first)
        if isinstance(err, RateLimitedError):
            calls.throttle.slow_down(leave.began, err.retry_after)
        if isinstance(err, LLMError) and err.fatal:
            calls.fatal = (calls.begun, self._request.model, err)
        return usage


async def _ask(client: Any, request: ModelRequest) -> ModelReply:
    """Return what the client answers to one request.

    Raises:
        LLMError: Whatever the client raised, as one of ours.
        ReflectorError: Of ours, but not about the model: as it is. No key stands in either.
    """
    # Ours does it itself, and knows the key that litellm found as well.
    keys = () if isinstance(client, LiteLLMClient) else keys_of(client)
    try:
        return without_keys(await call_client(client, request), keys)
    except Exception as err:  # the border to other people's clients: everything is re-typed
        failure, cause = failure_of(err, model=client.name, keys=keys)
        if failure is err:
            raise
    # Outside of the handler, so that an original that quotes a key does not hang on as its context.
    raise failure from cause
