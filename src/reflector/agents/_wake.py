"""Waking a waiting task with a value, ringing at a time, starting a task of its own: as asyncio and trio do it.

The one module of the library that knows either: with an `anyio.Event` an ask would take about twice as long.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import math
import sys
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Protocol, TypeVar

import anyio
import anyio.lowlevel

from reflector._clock import Clock, SystemClock

__all__ = [
    "Alarm",
    "Bell",
    "OneShot",
    "Outcome",
    "alarm_for",
    "is_stray_cancellation",
    "one_shots",
    "start_task",
]

T = TypeVar("T")


class OneShot(Protocol):
    """A value that one task waits for and another sets, once. `asyncio.Future` is one."""

    def set_result(self, result: Any, /) -> None: ...

    def done(self) -> bool:
        """Return whether it is set or given up."""
        ...

    def cancel(self) -> bool:
        """Give it up: nobody waits any more."""
        ...

    def cancelled(self) -> bool: ...

    def result(self) -> Any: ...

    def __await__(self) -> Generator[Any, None, Any]: ...


class Outcome:
    """What a one-shot holds; how it is waited for is up to its subclass."""

    __slots__ = ("_is_cancelled", "_is_set", "_result")

    def __init__(self) -> None:
        self._is_set = self._is_cancelled = False
        self._result: Any = None

    def set_result(self, result: Any, /) -> None:
        self._is_set = True
        self._result = result

    def done(self) -> bool:
        return self._is_set or self._is_cancelled

    def cancel(self) -> bool:
        self._is_cancelled = not self._is_set
        return self._is_cancelled

    def cancelled(self) -> bool:
        return self._is_cancelled

    def result(self) -> Any:
        return self._result


class TrioOneShot(Outcome):
    """A one-shot for trio: one task rescheduled, where an event would keep a set of them."""

    __slots__ = ("_task",)

    def __init__(self) -> None:  # without the call of `super`, as below: an ask takes two of these calls
        self._is_set = self._is_cancelled = False
        self._result = self._task = None

    def set_result(self, result: Any, /) -> None:
        self._is_set = True
        self._result = result
        if self._task is not None:
            self._task, task = None, self._task
            _trio().reschedule(task)

    def __await__(self) -> Generator[Any, None, Any]:
        if not self._is_set:
            trio = _trio()
            self._task = trio.current_task()
            yield from trio.wait_task_rescheduled(self._abort).__await__()
        return self._result

    def _abort(self, raise_cancel: Any) -> Any:
        self._task = None
        return _trio().Abort.SUCCEEDED


def one_shots() -> Callable[[], OneShot]:
    """Return what makes one-shots for the event loop that is running."""
    return asyncio.get_running_loop().create_future if _on_asyncio() else TrioOneShot


def is_stray_cancellation() -> bool:
    """Return whether the cancellation being handled is nobody's: the running task itself was not cancelled.

    On asyncio, awaiting a future or task that someone else cancelled raises `CancelledError` too.
    """
    if anyio.current_effective_deadline() == -math.inf or not _on_asyncio():
        return False
    task = asyncio.current_task()
    return task is not None and not task.cancelling()


def _on_asyncio() -> bool:
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


_TASKS: set[asyncio.Task[None]] = set()


def start_task(function: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Start a task that belongs to no block: for what an object owns that may be dropped at any time.

    An async iterator cannot hold an anyio task group open between two values: whoever closes it may be another task.
    The task gets a copy of the context; it ends with the event loop at the latest. The function raises nothing.
    """
    if _on_asyncio():
        task = asyncio.get_running_loop().create_task(function())
        _TASKS.add(task)
        task.add_done_callback(_TASKS.discard)
        return
    _trio().spawn_system_task(function, context=contextvars.copy_context())


class Bell:
    """An event for one task that any thread may set, also one with another event loop."""

    __slots__ = ("_event", "_loop", "is_set")

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._loop = _running_loop()
        self.is_set = False

    def set(self) -> bool:
        """Wake the task; return False if its event loop has ended."""
        self.is_set = True
        if _running_loop() is self._loop:
            self._event.set()
            return True
        soon = getattr(self._loop, "call_soon_threadsafe", None) or self._loop.run_sync_soon
        with contextlib.suppress(RuntimeError):  # asyncio's and trio's word for a loop that has ended
            soon(self._event.set)
            return True
        return False

    async def wait(self) -> None:
        """Return once it is set."""
        await self._event.wait()


def _trio() -> Any:
    """Return what trio is waited and rescheduled with; where this is asked, it is running."""
    return sys.modules["trio.lowlevel"]


def _running_loop() -> Any:
    """Return the event loop of this thread as its own library knows it; None without one."""
    try:
        token = anyio.lowlevel.current_token()
    except RuntimeError:
        return None
    return getattr(token, "native_token", token)  # anyio wraps it since 4.11


class Alarm(Protocol):
    """Calls a function at the time it was last set to."""

    def set(self, when: float) -> None: ...

    def close(self) -> None: ...


def alarm_for(clock: Clock, ring: Callable[[], None], start: Callable[..., None]) -> Alarm:
    """Return an alarm on a clock; `start` starts a task where the event loop has no timers of its own."""
    if isinstance(clock, SystemClock):
        return _LoopAlarm(clock, ring) if _on_asyncio() else _TrioAlarm(clock, ring)
    return _TaskAlarm(clock, ring, start)


class _LoopAlarm:
    """An alarm on asyncio's own timers: no task."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def set(self, when: float) -> None:
        self.close()
        self._handle = self._loop.call_later(max(0.0, when - self._clock.now()), self._ring)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


class _TrioAlarm:
    """An alarm on trio's clock: a task of trio's own, so that nobody waits for it, whose time can be moved."""

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._scope: anyio.CancelScope | None = None

    def set(self, when: float) -> None:
        deadline = anyio.current_time() + when - self._clock.now()
        if self._scope is None:
            self._scope = anyio.CancelScope(deadline=deadline)
            _trio().spawn_system_task(self._sleep, self._scope)
        else:
            self._scope.deadline = deadline

    def close(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None

    async def _sleep(self, scope: anyio.CancelScope) -> None:
        with scope:
            await anyio.sleep_forever()
        if self._scope is scope:
            self._scope = None
            self._ring()


class _TaskAlarm:
    """An alarm that sleeps in a task, on any clock; the task lives while the alarm is set."""

    def __init__(self, clock: Clock, ring: Callable[[], None], start: Callable[..., None]) -> None:
        self._clock = clock
        self._ring = ring
        self._start = start
        self._scope: anyio.CancelScope | None = None

    def set(self, when: float) -> None:
        self.close()
        self._scope = anyio.CancelScope()
        self._start(self._sleep, self._scope, when)

    def close(self) -> None:
        if self._scope is not None:
            self._scope.cancel()
            self._scope = None

    async def _sleep(self, scope: anyio.CancelScope, when: float) -> None:
        with scope:
            await self._clock.sleep_until(when)
            if self._scope is scope:
                self._scope = None
                self._ring()
