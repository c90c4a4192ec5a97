"""The model that is asked: one client with its limits, its retries, its budget and its ledger."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import UnionType
from typing import get_args

from reflector._clock import Clock, SystemClock
from reflector._text import shorten
from reflector.dispatch.ledger import Ledger, active_ledgers
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.store import AnswerStore
from reflector.dispatch.throttle import RateLimits, Throttle
from reflector.errors import ConfigurationError, LLMBadRequestError, LLMError
from reflector.llm.calls import Call, Calls
from reflector.llm.client import LLMClient, ModelFunction, as_client, warm_up
from reflector.llm.failures import failure_of
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.paid_answers import answer_once
from reflector.llm.pricing import facts_of
from reflector.llm.retry import Retrier, RetryPolicy
from reflector.llm.secrets import keys_of
from reflector.llm.wording import show_value
from reflector.usage import Budget, Price

__all__ = ["Model", "ModelOptions", "as_model"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """How a model is asked, and what it may cost."""

    limits: RateLimits = field(default_factory=RateLimits)
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    """Instead of the price that litellm knows."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    timeout: float = 600.0
    """Seconds for a call that names none, waiting and retries included."""

    def __post_init__(self) -> None:
        if not (isinstance(self.timeout, int | float) and self.timeout > 0):
            raise ConfigurationError(f"timeout must be above 0 seconds; got {self.timeout!r}.")
        _check("limits", self.limits, RateLimits)
        _check("budget", self.budget, Budget)
        _check("price", self.price, Price | None)
        _check("retry", self.retry, RetryPolicy)


class Model:
    """A model with everything that its callers share: rate limits, retries, a budget, and a ledger of what it cost.

    ```python
    model = rf.Model("openai/gpt-5", options=rf.ModelOptions(budget=rf.Budget(cost_usd=2)))
    reply = await model.complete(rf.ModelRequest.from_text("Hello?", max_tokens=100))
    print(model.ledger)
    ```

    It is an `LLMClient` itself, and may be shared by any number of Reflectors, runs, threads and event loops. Each
    request waits for its turn, has the most that it can cost set aside, is sent once, and is written down; a failure
    that may pass is tried again as the retry policy says. A call that is cancelled or broken off may have to be paid:
    its upper bound counts as spent, and the ledger shows how much that is. After an error that no call can survive
    (key, quota, unknown model) those that still wait fail with it, unsent; later calls try anew.

    Args:
        model: A model's name as litellm writes it, an `LLMClient`, or a function from messages to text.
        base_url: Where an OpenAI-compatible server listens; for a model given by name.
        api_key: Its key; None takes the variable that the provider defines.
        options: Limits, budget, price, retries and time.
        store: Where answers are kept that are paid once; None pays every time.
        clock: Where the time comes from.

    Attributes:
        client: What is asked: one request for each of its calls.
        ledger: What was spent, of the budget in the options.

    Raises:
        ConfigurationError: If the model is none of these, or a setting cannot be one.
    """

    def __init__(
        self,
        model: str | LLMClient | ModelFunction,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        options: ModelOptions | None = None,
        store: AnswerStore | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check("options", options, ModelOptions | None)
        _check("store", store, AnswerStore | None)
        self.options = options or _DEFAULTS
        self.store = store
        self.client = _client_of(model, base_url, api_key, self.options.timeout)
        clock = clock or SystemClock()

        self.ledger = Ledger(self.options.budget, clock=clock)
        self._charged: tuple[Ledger, ...] = ()
        self._calls = Calls(
            self.client,
            self.options.price,
            Throttle(self.options.limits, clock),
            Retrier(self.options.retry, sleep=partial(_sleep, clock), clock=clock.now),
            clock,
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.client.name

    @property
    def price(self) -> Price | None:
        """What its tokens cost, as far as that is known: a model given by name knows once it is warmed up."""
        return self.options.price or facts_of(self.client).price

    @property
    def card(self) -> ProviderCard:
        """Return the card for an agent that answers with this model: what it can take are the model's limits."""
        return _card(self.options.limits.concurrency)

    @property
    def concurrency(self) -> int:
        """How many requests may be under way now: less than the limit after the provider said "too many"."""
        return self._calls.throttle.concurrency

    def __repr__(self) -> str:
        return f"Model({show_value(self.client)})"

    def keys(self) -> tuple[str, ...]:
        """Return the keys that this process uses: the client's own, and those of the environment."""
        return keys_of(self.client)

    def charged_to(self, *ledgers: Ledger) -> Model:
        """Return the same model, with the same limits and ledger, whose calls these ledgers pay as well."""
        if not ledgers:
            return self
        view = copy.copy(self)
        view._charged = tuple(dict.fromkeys((*self._charged, *ledgers)))
        return view

    async def warmup(self) -> None:
        """Let the client load what its first call needs: seconds for litellm, once per process. Not for a replay.

        Raises:
            LLMError: If it cannot.
        """
        if self.store is not None and self.store.mode == "replay":
            return None
        try:
            return await warm_up(self.client)
        except Exception as err:  # the border to other people's clients, as for their answers
            failure, cause = failure_of(err, model=self.name, keys=self.keys())
            if failure is err:
                raise
        raise failure from cause

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the model's answer; what the client loads for its first call does not count as time.

        Raises:
            BudgetExceededError: If it might cost more than is left. Nothing was sent for it, or nothing further.
            NotStoredError: If its store only replays and does not hold the answer.
            LLMError: As the subclass that says what happened, after the retries that it is worth. `usage` says what
                was used up.
        """
        if not isinstance(request, ModelRequest):
            came = shorten(show_value(request), 80)
            raise LLMBadRequestError(
                f"a request is a ModelRequest, such as ModelRequest.from_text(text); got {came}.",
                model=self.name,
            )
        if self.store is None:
            return await self._ask(request)
        reply = await answer_once(self.store, self.client, request, partial(self._ask, request))
        if reply.cached:
            key = (request.role, self.name, facts_of(self.client).provider)
            for ledger in self._ledgers():
                ledger.count_hit(key)
        return reply

    def _ledgers(self) -> tuple[Ledger, ...]:
        return tuple(dict.fromkeys((self.ledger, *self._charged, *active_ledgers())))

    async def _ask(self, request: ModelRequest) -> ModelReply:
        """Answer a request for which the model has to be asked."""
        if hasattr(self.client, "warmup"):
            await self.warmup()
        call = Call(self._calls, request, self._ledgers(), self.options.timeout)
        try:
            reply = await call.run()
        except LLMError as err:
            err.usage = call.used
            raise
        return reply


@lru_cache(64)
def _card(running: int) -> ProviderCard:
    return ProviderCard(running=running)


async def _sleep(clock: Clock, seconds: float) -> None:
    await clock.sleep_until(clock.now() + seconds)


def as_model(model: str | LLMClient | ModelFunction) -> Model:
    """Return a `Model` as it is, and one with the default options for anything else."""
    return model if isinstance(model, Model) else Model(model)


def _check(name: str, value: object, kind: type | UnionType) -> None:
    if not isinstance(value, kind):
        wanted = (
            kind.__name__ if isinstance(kind, type) else " | ".join(each.__name__ for each in get_args(kind))
        )
        raise ConfigurationError(
            f"{name} is of type {wanted.removesuffix(' | NoneType')}; got {shorten(show_value(value), 80)}."
        )


def _client_of(
    model: str | LLMClient | ModelFunction, base_url: str | None, api_key: str | None, seconds: float
) -> LLMClient:
    if isinstance(model, str):
        if model.strip().casefold() == "rules":
            raise ConfigurationError("'rules' is no model that can be asked; give it to a Reflector instead.")
        return LiteLLMClient(model, base_url=base_url, api_key=api_key, timeout=seconds)
    if base_url or api_key:
        raise ConfigurationError(
            f"base_url and api_key belong to a model given by name; this one is {type(model).__name__} already, "
            "so give them to it instead."
        )
    if isinstance(model, Model):
        raise ConfigurationError("this is a Model already; use it as it is, or its charged_to().")
    return as_client(model)


_DEFAULTS = ModelOptions()
