"""Keep a coroutine of litellm's from being lost when its call is cancelled in the first moments."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any

__all__ = ["without_leak"]


@coroutine
def without_leak(call: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Return what `call` returns; cancelled while its first step is under way, nothing of it stays behind.

    litellm builds the coroutine that sends a request in a worker thread and takes it out of a future. A
    task that is cancelled meanwhile cancels that future, and the coroutine that comes out of the thread later is
    "never awaited": a warning at some place that has nothing to do with it. So the future of
    the first step is kept from cancellation, and what comes out of it after one is closed.
    """
    step = partial(call.send, None)
    is_first = True
    while True:
        try:
            waited_for = step()
        except StopIteration as end:
            return end.value
        try:
            if is_first and _is_plain_future(waited_for):
                yield from _kept_from_cancellation(waited_for)
            else:
                yield waited_for
            is_first = is_first and waited_for is None  # a bare yield is only a turn of the loop
            step = partial(call.send, None)
        except BaseException as err:  # noqa: BLE001 - passed on to the call, as `await` does
            step = partial(call.throw, err)


def _is_plain_future(waited_for: Any) -> bool:
    """Return whether it is a future of asyncio's, but no task: a task has to be cancelled with its caller."""
    is_future = getattr(type(waited_for), "_asyncio_future_blocking", None) is not None
    return is_future and not hasattr(waited_for, "get_coro")


def _kept_from_cancellation(future: Any) -> Generator[Any, Any, None]:
    """Wait until `future` is done, however it ends; cancelled, let it go on and close what it brings."""
    turn = future.get_loop().create_future()
    # What `Future.__await__` sets for the task that drives it, which is us here.
    future._asyncio_future_blocking = False
    future.add_done_callback(partial(_wake, turn))
    try:
        yield from turn
    except BaseException:
        future.add_done_callback(_close)
        raise


def _wake(turn: Any, _: Any) -> None:
    if not turn.done():
        turn.set_result(None)


def _close(future: Any) -> None:
    if not future.cancelled() and future.exception() is None and inspect.iscoroutine(future.result()):
        future.result().close()
