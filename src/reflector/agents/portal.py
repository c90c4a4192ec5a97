"""Calling async functions from synchronous code, also where an event loop runs already (a notebook).

One event loop in a thread of its own serves the whole process. It starts with the first call and ends with the process.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import wait
from typing import TypeVar

import anyio
from anyio.from_thread import BlockingPortal

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
    """The portal and its thread.

    Made by hand rather than with `anyio.from_thread.start_blocking_portal`: to drop that one in a forked process,
    where its thread does not exist, is to wait for it forever.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as after a fork: the thread did not come along."""
        self._lock = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> tuple[BlockingPortal, int | None]:
        """Return the portal, started if need be, and the id of its thread."""
        with self._lock:
            if self._portal is None or self._thread is None:
                is_ready = threading.Event()
                self._thread = threading.Thread(
                    target=anyio.run, args=(self._serve, is_ready), name="reflector-sync", daemon=True
                )
                self._thread.start()
                is_ready.wait()
            assert self._portal is not None
            return self._portal, self._thread.ident

    async def _serve(self, is_ready: threading.Event) -> None:
        async with BlockingPortal() as self._portal:
            is_ready.set()
            await self._portal.sleep_until_stopped()

    def close(self) -> None:
        """End the loop and its thread, cancelling what still runs."""
        portal, thread = self._portal, self._thread
        self.reset()
        if portal is not None and thread is not None:
            portal.call(portal.stop, True)
            thread.join()


_SHARED = _SharedPortal()
atexit.register(_SHARED.close)
os.register_at_fork(after_in_child=_SHARED.reset)
