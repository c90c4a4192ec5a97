"""What a user writes: a function, or a class with state and one method per kind of signal."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from reflector.agents.context import Context
from reflector.errors import ConfigurationError, NoHandlerError
from reflector.signals.router import Router
from reflector.signals.signal import Signal

__all__ = ["Agent", "Card", "Handler", "handles", "is_async_callable"]

Handler = Callable[[Signal, Context], Any]
"""Takes a signal and a context; what it returns (or what awaiting that gives) becomes the data of the reply."""


class Card:
    """What a provider of tasks costs and can take, as far as `Runtime.spawn` cares; `ProviderCard` says the rest.

    A base class and not a protocol: asking whether something fits a protocol takes longer than spawning an agent.
    """

    running: int
    """How many tasks run at once."""

    def bind(self, handler: Any) -> Any:
        """Return what is to be spawned instead of the handler: where the work runs is the card's business."""
        raise NotImplementedError


F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__reflector_patterns__"


def handles(*patterns: str) -> Callable[[F], F]:
    """Mark a method of an `Agent` as the handler of signals whose type matches one of the patterns."""
    if not patterns:
        raise ConfigurationError("name at least one pattern: @handles('demo.*')")

    def mark(method: F) -> F:
        setattr(method, _MARK, patterns)
        return method

    return mark


class Agent:
    """An agent with state of its own. It handles one signal at a time, so its methods need no locks.

    Spawn the class (or a `functools.partial` of it), not an instance: a restart then makes a fresh one.

    >>> class Counter(Agent):
    ...     count = 0
    ...
    ...     @handles("count.add")
    ...     async def add(self, signal, context):
    ...         self.count += signal.data
    ...         return self.count
    """

    _methods: ClassVar[Router[str]] = Router()
    _patterns: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._methods = Router()
        marked = [
            (pattern, name) for name in _method_names(cls) for pattern in getattr(getattr(cls, name), _MARK)
        ]
        for pattern, name in marked:
            cls._methods.add(pattern, name)
        cls._patterns = tuple(pattern for pattern, _ in marked)

    async def on_start(self, context: Context) -> None:
        """Called before the first signal, and after each restart."""

    async def on_stop(self, context: Context) -> None:
        """Called after the last signal, and before each restart; never longer than the time to stop allows."""

    async def receive(self, signal: Signal, context: Context) -> Any:
        """Hand a signal to the most specific method marked for its type."""
        name = self._methods.find(signal)
        if name is None:
            raise NoHandlerError(
                f"{type(self).__name__} has no method marked with @handles for {signal.type!r}"
            )
        result = getattr(self, name)(signal, context)
        return await result if isinstance(result, Awaitable) else result

    @classmethod
    def patterns(cls) -> tuple[str, ...]:
        """Return every pattern that a method is marked with."""
        return cls._patterns


def _method_names(cls: type) -> list[str]:
    """Return the names of marked methods, bases first, in the order of definition."""
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
    return [
        name
        for name in names
        if inspect.isroutine(getattr(cls, name, None)) and hasattr(getattr(cls, name), _MARK)
    ]


def is_async_callable(target: Any) -> bool:
    """Return whether calling it gives a coroutine, as far as it can be told without calling it."""
    while isinstance(target, functools.partial):
        target = target.func
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(type(target).__call__)
