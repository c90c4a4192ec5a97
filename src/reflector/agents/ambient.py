"""Which runtime a call joins."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext

from reflector.agents.runtime import CURRENT_RUNTIME, Runtime

__all__ = ["ambient_runtime", "current_runtime"]


def ambient_runtime() -> AbstractAsyncContextManager[Runtime, bool | None]:
    """Join the current runtime for a block; without one, open a private one, which ends with the block."""
    runtime = current_runtime()
    return Runtime() if runtime is None else nullcontext(runtime)


def current_runtime() -> Runtime | None:
    """Return the runtime whose block we are in, or None: in another thread, for instance, it cannot be used."""
    runtime = CURRENT_RUNTIME.get()
    return runtime if runtime is not None and runtime.is_open else None
