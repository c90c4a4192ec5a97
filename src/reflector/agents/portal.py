"""Calling async functions from synchronous code, also where an event loop runs already (a notebook).

One event loop in a thread of its own serves the whole process. It starts with the first call and ends with the process.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import wait
from contextlib import AbstractContextManager
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from reflector.errors import AgentError

__all__ = ["run_sync"]

T = TypeVar("T")

_SIGNAL_CHECK = 0.2
"""Seconds: Ctrl-C that reaches another thread does not end the main thread's wait; it is seen when that one wakes."""


def run_sync(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Return what an async function returns, called from synchronous code.

    The function sees the caller's context variables, but not the caller's runtime: that one belongs to another thread.
    Interrupted (Ctrl-C), the function is cancelled.

    Raises:
        AgentError: If called from the portal's own thread, which would wait for itself.
    """
    portal, thread = _SHARED.open()
    if thread == threading.get_ident():
        raise AgentError(
            "a *_sync function was called from async code that a *_sync function runs; await its async twin"
        )
    future = portal.start_task_soon(function, *args)
    try:
        while not wait([future], timeout=_SIGNAL_CHECK).done:
            pass
        return future.result()
    except BaseException:
        future.cancel()
        raise


class _SharedPortal:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as after a fork: the thread did not come along."""
        self._lock = threading.Lock()
        self._manager: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._thread = 0

    def open(self) -> tuple[BlockingPortal, int]:
        """Return the portal, started if need be, and the id of its thread."""
        with self._lock:
            if self._portal is None:
                self._manager = start_blocking_portal()
                self._portal = self._manager.__enter__()
                self._thread = self._portal.call(threading.get_ident)
            return self._portal, self._thread

    def close(self) -> None:
        """End the loop and its thread, cancelling what still runs."""
        with self._lock:
            manager, self._manager, self._portal = self._manager, None, None
        if manager is not None:
            manager.__exit__(None, None, None)


_SHARED = _SharedPortal()
atexit.register(_SHARED.close)
os.register_at_fork(after_in_child=_SHARED.reset)
