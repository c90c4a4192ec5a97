"""Calling async functions from synchronous code, also where an event loop runs already (a notebook).

One event loop in a thread of its own serves the whole process. It starts with the first call and ends with the process;
should it end before, the next call starts another one. Only inside a runtime is it left alone: what is called there
joins that runtime, so it has to run where that runtime does.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import Generic, TypeVar

import anyio
import anyio.from_thread
from anyio.from_thread import BlockingPortal

from reflector.agents.ambient import current_runtime
from reflector.agents.runtime import CURRENT_RUNTIME, Runtime
from reflector.errors import AgentError

__all__ = ["run_sync"]

T = TypeVar("T")

_SIGNAL_CHECK = 0.2
"""Seconds: Ctrl-C that reaches another thread does not end the main thread's wait; it is seen when that one wakes."""


def run_sync(function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Return what an async function returns, called from synchronous code.

    The function sees the caller's context variables. Called in a worker thread (`anyio.to_thread.run_sync`) of an open
    runtime, it runs in that runtime's event loop and joins the runtime; otherwise in an event loop that all calls of
    the process share, beside one that may be running here. Interrupted (Ctrl-C), the function is cancelled.

    Raises:
        AgentError: If the call would go around an open runtime: from the thread of its event loop, which would wait for
            itself, or from a thread that has no way back to it. If it comes from the shared event loop's own thread.
            If that loop ends before the function, by a KeyboardInterrupt or SystemExit in another call.
    """
    runtime = CURRENT_RUNTIME.get()
    if runtime is not None and runtime.is_entered:
        return _run_in(runtime, function, *args)
    loop, future = _start(function, *args)
    try:
        while not wait([future], timeout=_SIGNAL_CHECK).done and loop.is_alive:
            pass
        return _result(future)
    except BaseException:
        future.cancel()
        raise


def _run_in(runtime: Runtime, function: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run a function in the event loop of the runtime that is open around the caller."""
    if runtime.is_open:
        raise AgentError(
            "a *_sync function was called from async code inside a Runtime, which it cannot join from there; "
            "await its async twin"
        )
    if not _is_worker_of(runtime):
        raise AgentError(
            "a *_sync function was called inside a Runtime from a thread that cannot reach it; "
            "call it with anyio.to_thread.run_sync, or await its async twin"
        )
    return anyio.from_thread.run(_call, function, args)


async def _call(function: Callable[..., Awaitable[T]], args: tuple[object, ...]) -> T:
    return await function(*args)


def _is_worker_of(runtime: Runtime) -> bool:
    """Return whether the running thread works for the event loop of a runtime."""
    try:
        return anyio.from_thread.run_sync(current_runtime) is runtime
    except RuntimeError:
        return False


def _start(function: Callable[..., Awaitable[T]], *args: object) -> tuple[_Loop, Future[_Outcome[T]]]:
    """Start a function in the shared event loop; in another one if that ends at this very moment."""
    loop = _SHARED.open()
    if loop.thread is threading.current_thread():
        raise AgentError(
            "a *_sync function was called from async code that a *_sync function runs; await its async twin"
        )
    try:
        return loop, loop.start(function, *args)
    except RuntimeError:
        loop = _SHARED.open(instead_of=loop)
        return loop, loop.start(function, *args)


def _result(future: Future[_Outcome[T]]) -> T:
    try:
        outcome = future.result(timeout=0)
    except (CancelledError, TimeoutError) as err:
        if future.done() and not future.cancelled():
            raise
        raise AgentError(
            "a *_sync call was cut short: the event loop that such calls share was ended by another call's "
            "KeyboardInterrupt or SystemExit, or the function cancelled itself; call it again"
        ) from err
    if outcome.error is not None:
        raise outcome.error
    return outcome.value


class _Outcome(Generic[T]):
    """What a function returned, or an error that must not reach the event loop, since it would end it."""

    __slots__ = ("error", "value")

    value: T

    def __init__(self) -> None:
        self.error: BaseException | None = None


async def _outcome(function: Callable[..., Awaitable[T]], *args: object) -> _Outcome[T]:
    outcome = _Outcome[T]()
    try:
        outcome.value = await function(*args)
    except (Exception, anyio.get_cancelled_exc_class()):
        raise
    except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt and SystemExit are the caller's: raised there
        outcome.error = error
    return outcome


class _Loop:
    """An event loop in a thread of its own, from the start until something ends it.

    Made by hand rather than with `anyio.from_thread.start_blocking_portal`: to drop that one in a forked process,
    where its thread does not exist, is to wait for it forever.
    """

    def __init__(self) -> None:
        self._portal: BlockingPortal | None = None
        self._error: BaseException | None = None
        self._is_ready = threading.Event()
        self.thread = threading.Thread(target=self._run, name="reflector-sync", daemon=True)
        self.thread.start()
        self._is_ready.wait()

    @property
    def is_alive(self) -> bool:
        return self.thread.is_alive()

    def start(self, function: Callable[..., Awaitable[T]], *args: object) -> Future[_Outcome[T]]:
        """Start a function.

        Raises:
            RuntimeError: If the loop has ended.
            AgentError: If it could not even begin.
        """
        if self._portal is None:
            raise AgentError(
                f"the event loop of the *_sync functions does not start: {self._error!r}"
            ) from self._error
        return self._portal.start_task_soon(_outcome, function, *args)

    def close(self) -> None:
        """End the loop and its thread, cancelling what still runs."""
        if self._portal is not None and self.is_alive:
            with suppress(RuntimeError):  # it has ended by itself meanwhile
                self._portal.call(self._portal.stop, True)
            self.thread.join()

    def _run(self) -> None:
        try:
            anyio.run(self._serve)
        except BaseException as error:  # noqa: BLE001 - the end of the thread: whoever raised it has it, or `start` tells
            self._error = error
        finally:
            self._is_ready.set()

    async def _serve(self) -> None:
        async with BlockingPortal() as portal:
            self._portal = portal
            self._is_ready.set()
            await portal.sleep_until_stopped()


class _SharedLoop:
    """The loop that the whole process uses, as long as it lives."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, as after a fork: the thread did not come along."""
        self._lock = threading.Lock()
        self._loop: _Loop | None = None

    def open(self, *, instead_of: _Loop | None = None) -> _Loop:
        """Return the loop; another one if it has ended or is the one that does not do."""
        with self._lock:
            if self._loop is None or self._loop is instead_of or not self._loop.is_alive:
                self._loop = _Loop()
            return self._loop

    def close(self) -> None:
        """End it."""
        loop = self._loop
        self.reset()
        if loop is not None:
            loop.close()


_SHARED = _SharedLoop()
atexit.register(_SHARED.close)
os.register_at_fork(after_in_child=_SHARED.reset)
