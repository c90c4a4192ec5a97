"""What a model must be able to do for us, and how a plain function becomes one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Protocol, cast, runtime_checkable
from weakref import WeakKeyDictionary

import anyio
import anyio.lowlevel
import anyio.to_thread

from reflector._text import shorten
from reflector.errors import ConfigurationError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.replies import read_reply
from reflector.llm.wording import show_value

__all__ = ["FunctionClient", "LLMClient", "ModelFunction", "as_client", "call_client", "warm_up"]

ModelFunction = Callable[..., Any]
"""From a list of `{"role", "content"}` dicts to a text or anything else `read_reply` understands."""

_ACCEPTED = (
    "a model must be a name such as 'openai/gpt-5', 'rules', an object with `async def complete(request)`, "
    "or a function from messages to text (sync or async)"
)


@runtime_checkable
class LLMClient(Protocol):
    """Answers requests with one model. `reflector.testing.check_llm_client` says whether yours does."""

    @property
    def name(self) -> str:
        """The model's name, for messages and reports."""
        ...

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the model's answer.

        Raises:
            LLMError: Whatever went wrong, as the subclass that says what. Nothing else leaves, apart
                from cancellation, which is passed on at once.
        """
        ...


class FunctionClient:
    """A plain function as a client.

    The function gets the messages, and of the options (`temperature`, `max_tokens`, `seed`,
    `response_format`, `model`, `timeout`, extra ones) those that are set and that it has parameters
    for; `**options` takes all. A synchronous function runs in a worker thread, because most of them
    wait for a network; one that returns an awaitable is awaited on the event loop.

    Args:
        function: From messages to anything that `read_reply` understands.
        name: Shown as the model's name; default is the function's own.
        concurrency: Worker threads at most in each event loop, for synchronous functions.
    """

    def __init__(self, function: ModelFunction, *, name: str | None = None, concurrency: int = 16) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"concurrency is at least 1 worker thread; got {concurrency!r}.")
        self._function = function
        self._name = name or getattr(function, "__name__", None) or type(function).__name__
        self._takes, self._takes_all = _option_names(function)
        self._is_async = _is_async(function)
        self._threads = concurrency

    @property
    def name(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"FunctionClient({self._name})"

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return what the function answers. What it raises leaves as it is."""
        options = self._options_of(request)
        if self._is_async:
            answer = self._function(request.chat(), **options)
        else:
            # In a tuple, because trio refuses to let a coroutine out of a thread.
            (answer,) = await anyio.to_thread.run_sync(
                lambda: (self._function(request.chat(), **options),),
                abandon_on_cancel=True,
                limiter=self._limiter(),
            )
        if inspect.isawaitable(answer):
            answer = await answer
        return read_reply(answer, model=self._name)

    def _limiter(self) -> anyio.CapacityLimiter:
        """Return this event loop's: a limiter works in one loop only, and a client may be shared by several."""
        try:
            limiters = _limiters.get()
        except LookupError:
            _limiters.set(limiters := WeakKeyDictionary())
        if self not in limiters:
            limiters[self] = anyio.CapacityLimiter(self._threads)
        return limiters[self]

    def _options_of(self, request: ModelRequest) -> dict[str, Any]:
        if not self._takes and not self._takes_all:
            return {}
        given = request.options()
        given |= {
            key: getattr(request, key) for key in ("model", "timeout") if getattr(request, key) is not None
        }
        return (
            given if self._takes_all else {key: value for key, value in given.items() if key in self._takes}
        )


_limiters: anyio.lowlevel.RunVar[WeakKeyDictionary[FunctionClient, anyio.CapacityLimiter]] = (
    anyio.lowlevel.RunVar("reflector_function_threads")
)


class _Named:
    """A client that lacks a name, given one; what else it tells of itself it goes on telling."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.name = type(client).__name__
        for told in ("base_url", "facts", "keys", "warmup"):
            if hasattr(client, told):
                setattr(self, told, getattr(client, told))

    async def complete(self, request: ModelRequest) -> ModelReply:
        return await call_client(self._client, request, name=self.name)


def as_client(model: Any, *, name: str | None = None) -> LLMClient:
    """Return a client for an `LLMClient` (as it is) or for a function from messages to text.

    Raises:
        ConfigurationError: If it is neither. Names of models are resolved by `resolve_model`.
    """
    if isinstance(model, type):
        raise ConfigurationError(
            f"{_ACCEPTED}; got the class {model.__name__} itself: create an object of it."
        )
    if callable(getattr(model, "complete", None)):
        is_named = isinstance(getattr(model, "name", None), str)
        return cast("LLMClient", model if is_named else _Named(model))
    is_function = inspect.isroutine(model) or (callable(model) and not is_dataclass(model))
    if not is_function:
        raise ConfigurationError(f"{_ACCEPTED}; got {type(model).__name__} {shorten(show_value(model), 80)}.")
    return FunctionClient(model, name=name)


async def call_client(client: Any, request: ModelRequest, *, name: str | None = None) -> ModelReply:
    """Return the client's answer, understood as `read_reply` does: a client may return plain text too.

    `name` stands for that of a client that has none.
    """
    answer = client.complete(request)
    if inspect.isawaitable(answer):
        answer = await answer
    return read_reply(answer, model=name or getattr(client, "name", None))


async def warm_up(client: Any) -> None:
    """Let a client that has an `async def warmup()` load what its first call needs.

    Do it before a time limit begins: loading litellm takes seconds, once per process.
    """
    warmup = getattr(client, "warmup", None)
    if warmup is not None and inspect.iscoroutinefunction(warmup):
        await warmup()


def _is_async(function: ModelFunction) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _option_names(function: ModelFunction) -> tuple[frozenset[str], bool]:
    """Return the names of the parameters after the first, and whether it takes any keyword.

    Raises:
        ConfigurationError: If the function cannot be called with one positional argument.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C do not tell
        return frozenset(), False
    try:
        inspect.signature(function).bind([])
    except TypeError as err:
        raise ConfigurationError(
            f"a model function is called with one argument, the list of messages; {function!r} cannot be: {err}."
        ) from None
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    first = positional[0].name if positional else None
    by_name = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    return frozenset(by_name - {first}), any(p.kind is p.VAR_KEYWORD for p in parameters)
