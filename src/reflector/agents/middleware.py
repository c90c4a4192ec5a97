"""Functions around every delivery."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from reflector.errors import MiddlewareError, ReflectorError
from reflector.signals.signal import Signal

__all__ = ["Forward", "Middleware", "wrap"]

Forward = Callable[[Signal], Awaitable[Any]]
"""Delivers a signal. Gives the reply of a request, the number of receivers of what was published, else None."""

Middleware = Callable[[Signal, Forward], Awaitable[Any]]
"""`async def middleware(signal, forward): return await forward(signal)`, and whatever else it likes to do.

It may pass another signal on, answer a request itself by returning a signal, or swallow the signal by returning None:
then the asker gets a MiddlewareError.
"""


def wrap(middleware: Middleware, forward: Forward, time_limit: float) -> Forward:
    """Return a delivery that goes through a middleware first."""
    return functools.partial(_guarded, middleware, forward, time_limit)


async def _guarded(middleware: Middleware, forward: Forward, time_limit: float, signal: Signal) -> Any:
    """Run one middleware. The limit is on its own time: the clock stands still while it waits for the rest."""
    scope = anyio.CancelScope(deadline=anyio.current_time() + time_limit)

    async def forward_untimed(inner: Signal) -> Any:
        left = scope.deadline - anyio.current_time()
        scope.deadline = float("inf")
        try:
            return await forward(inner)
        finally:
            scope.deadline = anyio.current_time() + left

    name = getattr(middleware, "__qualname__", repr(middleware))
    with scope:
        try:
            return await middleware(signal, forward_untimed)
        except ReflectorError:
            raise
        except Exception as err:
            raise MiddlewareError(f"middleware {name} failed on {signal.type!r}: {err!r}") from err
    raise MiddlewareError(f"middleware {name} took longer than {time_limit} s on {signal.type!r}")
