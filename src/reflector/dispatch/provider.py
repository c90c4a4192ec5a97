"""The card of a provider, and the agent that runs its work on an engine."""

from __future__ import annotations

import functools
import inspect
from typing import Annotated, Any, Literal, assert_never

from pydantic import Field

from reflector._json import Value
from reflector.agents.agent import Agent, Card
from reflector.agents.context import Context
from reflector.dispatch.engines import Engine, EngineName, InlineEngine, ThreadEngine, Work
from reflector.dispatch.process_engine import ProcessEngine
from reflector.dispatch.task import Estimate, Task
from reflector.errors import ConfigurationError, HandlerError, ReflectorError
from reflector.signals.signal import Signal
from reflector.usage import Usage

__all__ = ["EngineProvider", "ProviderCard", "open_engine"]

_Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class ProviderCard(Value, Card):
    """What a provider costs and can take.

    ```python
    await runtime.spawn(square, name="square", accepts=["demo"], card=ProviderCard(running=4, price_usd=0.001))
    ```
    """

    price_usd: _Amount = 0.0
    """For one task."""
    cost_in: _Amount = 0.0
    """USD for one input token."""
    cost_out: _Amount = 0.0
    """USD for one output token."""
    account: str | None = None
    """Who pays: a line of the market's ledger, and the credits that all providers of this account share."""
    credits: _Amount | None = None
    """USD that the account has when the runtime first hears of it; a task that may cost more than is left goes
    elsewhere."""
    latency: _Amount | None = None
    """Seconds that a task takes, roughly; tasks with less time left go elsewhere."""
    timeout: _Seconds | None = None
    """Seconds that one task may take here; then the next provider is asked."""
    quality: float | None = Field(default=None, ge=0, le=1)
    """How good its work is, 1 being the best."""
    context_window: _Count | None = None
    """Tokens that a task may have, its output included."""
    requests_per_minute: _Count | None = None
    tokens_per_minute: _Count | None = None
    max_failures: _Count | None = 5
    """So many failures in a row, and it is left alone for `pause` seconds; then a single task tries it. None: never."""
    pause: _Seconds = 30.0
    running: int = Field(default=1, ge=1)
    """How many tasks run at once."""
    queued: int = Field(default=1000, ge=0)
    """How many tasks may wait before it counts as full, and others are preferred."""
    when_full: Literal["block", "fail"] = "block"
    """If everybody is full: `block` lets the caller wait for room here, `fail` refuses at once."""
    engine: EngineName = "inline"
    """Where the work runs. `thread` and `process`: the context it gets cannot send signals."""

    @property
    def is_priced(self) -> bool:
        """Whether a task may cost something."""
        return bool(self.price_usd or self.cost_in or self.cost_out)

    def expected_cost(self, estimate: Estimate | None) -> float:
        """Return the USD that a task will cost, as far as its tokens are known."""
        if estimate is None:
            return self.price_usd
        return self.price_usd + estimate.input_tokens * self.cost_in + estimate.output_tokens * self.cost_out

    def priced(self, usage: Usage, estimate: Estimate | None) -> Usage:
        """Return what a task used with its cost: as reported, else by its tokens, else as expected."""
        if usage.cost_usd is not None:
            return usage
        if usage.total_tokens is None:
            cost = self.expected_cost(estimate)
        elif self.is_priced:
            tokens_in, tokens_out = usage.input_tokens or 0, usage.output_tokens or 0
            cost = self.price_usd + tokens_in * self.cost_in + tokens_out * self.cost_out
        else:
            return usage
        return usage.model_copy(update={"cost_usd": cost})

    def bind(self, handler: Any) -> Any:
        """Return what `Runtime.spawn` shall start instead of the handler: an agent that runs it on the engine.

        Raises:
            ConfigurationError: If an `Agent` class, whose state lives in the event loop, should run elsewhere.
        """
        if isinstance(handler, Agent):
            return handler  # an instance: `spawn` says what to do instead
        made = handler.func if isinstance(handler, functools.partial) else handler
        if not (isinstance(made, type) and issubclass(made, Agent)):
            if self.engine == "inline":
                return functools.partial(_perform, handler)
            return functools.partial(EngineProvider, handler, self)
        if self.engine != "inline":
            raise ConfigurationError(
                f"{made.__name__} is an Agent class; those run inline. For engine={self.engine!r} spawn a function"
            )
        return handler


async def _perform(work: Work, signal: Signal, context: Context) -> Any:
    """Do a task where its signal is handled."""
    result = work(Task.from_signal(signal), context)
    return await result if inspect.isawaitable(result) else result


class EngineProvider(Agent):
    """Runs the work of a provider on an engine of its own, whose workers live as long as the agent."""

    def __init__(self, work: Work, card: ProviderCard) -> None:
        self._work = work
        self._card = card
        self._engine = open_engine(card.engine, card.running)

    async def receive(self, signal: Signal, context: Context) -> Any:
        try:
            ran = await self._engine.run(self._work, Task.from_signal(signal), context)
        except ReflectorError:
            raise
        except (
            Exception
        ) as err:  # the border to the user's work; an error of it is an answer, not a crash of ours
            raise HandlerError(f"agent {context.ref.name!r} failed: {type(err).__name__}: {err}") from err
        if ran.attempts == 1:
            return ran.value
        reply = signal.reply(ran.value, source=f"/agents/{context.ref.name}")
        reply.extensions = {"attempts": ran.attempts}
        return reply

    async def on_stop(self, context: Context) -> None:
        await self._engine.close()


def open_engine(name: EngineName, workers: int) -> Engine:
    """Return a new engine."""
    match name:
        case "inline":
            return InlineEngine()
        case "thread":
            return ThreadEngine(workers)
        case "process":
            return ProcessEngine(workers)
        case _:
            assert_never(name)
