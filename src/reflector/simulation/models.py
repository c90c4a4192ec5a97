"""The simulated models as clients: answers, usage, prices, latency and faults, in process and for a server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio.lowlevel

from reflector._clock import Clock, SystemClock
from reflector._text import estimate_tokens
from reflector.errors import EmptyAnswerError, LLMConnectionError, LLMError, LLMServerError, RateLimitedError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.simulation.draws import digest, uniform
from reflector.simulation.weather import Faults, Latency, malformed
from reflector.usage import Usage

__all__ = ["REFLECTION_PRICE", "TASK_PRICE", "Meter", "Served", "SimulatedModel"]

TASK_PRICE = (0.15, 0.60)
"""Dollars for a million tokens of input and of output."""
REFLECTION_PRICE = (1.25, 10.0)

Answering = Callable[[ModelRequest, int], tuple[str, str]]
"""From a request and the number of times it was put before, to the answer and a name for the draws of its call."""


@dataclass(slots=True)
class Meter:
    """What a model was asked so far."""

    usage: Usage = field(default_factory=lambda: Usage(input_tokens=0, output_tokens=0, cost_usd=0.0))
    """Of all calls that were answered."""
    failed: int = 0
    """Calls that ended with a fault."""
    in_flight: int = 0
    most_in_flight: int = 0
    busy: float = 0.0
    """Seconds of service, summed over all calls."""


@dataclass(frozen=True, slots=True)
class Served:
    """What a model does with one request."""

    content: str
    finish_reason: str
    usage: Usage
    delay: float
    fault: str | None = None


class SimulatedModel:
    """One model of a world, as an `LLMClient`.

    What it answers depends on the request alone; latency and faults also on how often the same request came before,
    never on the order of different ones.

    Attributes:
        meter: Calls, tokens, dollars and seconds so far, those of a server included.
        faults: What goes wrong with its calls.
    """

    def __init__(
        self,
        name: str,
        answer: Answering,
        *,
        price: tuple[float, float],
        latency: Latency | None = None,
        faults: Faults | None = None,
        clock: Clock | None = None,
        repeats: bool = True,
    ) -> None:
        self.name = name
        self.meter = Meter()
        self._answer = answer
        self._price = price
        self._latency = latency
        self.faults = faults or Faults()
        self._clock = clock or SystemClock()
        self._repeats = repeats
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"SimulatedModel({self.name!r}, calls={self.meter.usage.calls})"

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the answer, after the model's latency.

        Raises:
            LLMError: If a fault was drawn for this call.
        """
        served = self.serve(request)
        self._count(1)
        try:
            if served.delay:
                await self._clock.sleep_until(self._clock.now() + served.delay)
            else:
                await anyio.lowlevel.checkpoint()
        finally:
            self._count(-1)
        if served.fault is not None:
            raise self._error(served.fault)
        if not served.content:
            raise EmptyAnswerError(f"{self.name} answered with an empty text.", model=self.name)
        return ModelReply(
            content=served.content, model=self.name, finish_reason=served.finish_reason, usage=served.usage
        )

    def serve(self, request: ModelRequest) -> Served:
        """Return what becomes of a request, and count it. Safe to call from several threads."""
        key = digest(self.name, *(f"{each.role}:{each.content}" for each in request.messages))
        with self._lock:
            attempt = self._seen[key] = self._seen.get(key, -1) + 1
        content, essence = self._answer(request, 0 if self._repeats else attempt)
        names = (self.name, essence, attempt)
        finish_reason = "stop"
        if self.faults.malformed and uniform(*names, "malformed") < self.faults.malformed:
            content, finish_reason = malformed(content, *names)
        if request.max_tokens is not None and estimate_tokens(content) > request.max_tokens:
            content, finish_reason = content[: request.max_tokens * 4], "length"
        fault = self.faults.draw(*names)
        usage = self._usage(request, "" if fault else content)
        delay = self._latency.draw(usage.output_tokens or 0, *names) if self._latency else 0.0
        with self._lock:
            self.meter.busy += delay
            if fault:
                self.meter.failed += 1
            else:
                self.meter.usage += usage
        return Served(content, finish_reason, usage, delay, fault)

    def _usage(self, request: ModelRequest, content: str) -> Usage:
        read = sum(estimate_tokens(message.content) for message in request.messages)
        written = estimate_tokens(content)
        cost = (read * self._price[0] + written * self._price[1]) / 1e6
        return Usage(input_tokens=read, output_tokens=written, calls=1, cost_usd=cost)

    def _count(self, change: int) -> None:
        with self._lock:
            self.meter.in_flight += change
            self.meter.most_in_flight = max(self.meter.most_in_flight, self.meter.in_flight)

    def _error(self, fault: str) -> LLMError:
        message = f"{self.name} could not answer: {fault} was drawn for this call."
        if fault == "rate_limited":
            return RateLimitedError(message, model=self.name, retry_after=self.faults.retry_after)
        kind = LLMServerError if fault == "server_error" else LLMConnectionError
        return kind(message, model=self.name)
