"""The event loop and the connections that calls through litellm need, and who ends them.

Both are kept by an asynchronous generator that waits in the caller's event loop. asyncio and trio close such
generators before a loop ends: the one hook that needs no owner above us.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

import anyio
import anyio.from_thread
import anyio.lowlevel

__all__ = ["called_here", "close_with_loop", "is_trio", "run_on_asyncio"]

T = TypeVar("T")

_sessions: anyio.lowlevel.RunVar[AsyncGenerator[None, None]] = anyio.lowlevel.RunVar("reflector_llm_sessions")
_portals: anyio.lowlevel.RunVar[tuple[Any, AsyncGenerator[Any, None]]] = anyio.lowlevel.RunVar(
    "reflector_llm_portal"
)


def is_trio() -> bool:
    """Return whether trio runs this task."""
    return type(_native_token()).__module__.partition(".")[0] == "trio"


async def run_on_asyncio(function: Callable[..., Awaitable[T]], *args: Any) -> T:
    """Return what `function` returns on an asyncio loop in a thread of its own; called under trio.

    The loop is started by the first call and ends with trio's. Cancellation reaches the function: its
    connection is closed, not left to a time limit.
    """
    await anyio.lowlevel.checkpoint_if_cancelled()
    token = _native_token()
    done = anyio.Event()

    def ring(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # trio has ended: nobody waits any more
            token.run_sync_soon(done.set)

    future = (await _portal()).start_task_soon(function, *args)
    future.add_done_callback(ring)
    try:
        await done.wait()
    finally:
        future.cancel()  # does nothing to a call that is done
    result: T = future.result()
    return result


def called_here(function: Callable[[T], None]) -> Callable[[T], None]:
    """Return a function that any thread may call: it lets this event loop, which is trio's, call `function`."""
    token = _native_token()

    def call(argument: T) -> None:
        with contextlib.suppress(RuntimeError):  # trio has ended: nobody looks any more
            token.run_sync_soon(function, argument)

    return call


async def _portal() -> Any:
    kept = _portals.get(None)
    if kept is None:
        keeper = _keep_portal()
        kept = (await anext(keeper), keeper)
        _portals.set(kept)
    return kept[0]


async def _keep_portal() -> AsyncGenerator[Any, None]:
    with anyio.from_thread.start_blocking_portal("asyncio") as portal:
        yield portal


async def close_with_loop(litellm: Any) -> None:
    """See to it that the connections litellm opens on this asyncio loop are closed when the loop ends."""
    if _sessions.get(None) is None:
        cache = litellm.in_memory_llm_clients_cache
        # litellm keeps a loop's HTTP clients under keys that end with a mark of the loop: its id, later a count.
        keeper = _keep_sessions(cache, cache.update_cache_key_with_event_loop(""))
        _sessions.set(keeper)
        await anext(keeper)


async def _keep_sessions(cache: Any, mark: str) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        kept: dict[str, Any] = cache.cache_dict
        for client in [kept.pop(key) for key in list(kept) if key.endswith(mark)]:
            if callable(getattr(client, "close", None)):
                await client.close()


def _native_token() -> Any:
    # anyio wraps the loop's own token since 4.11.
    token = anyio.lowlevel.current_token()
    return getattr(token, "native_token", token)
