"""Which runtime a call joins."""

from __future__ import annotations

from types import TracebackType

from reflector.agents.runtime import CURRENT_RUNTIME, Runtime

__all__ = ["ambient_runtime", "current_runtime"]


class ambient_runtime:  # noqa: N801  reads as a function: `async with ambient_runtime() as runtime`
    """Join the current runtime; without one, open a private one and close it at the end."""

    __slots__ = ("_private",)

    async def __aenter__(self) -> Runtime:
        self._private: Runtime | None = None
        runtime = current_runtime()
        if runtime is None:
            runtime = self._private = Runtime()
            await runtime.__aenter__()
        return runtime

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self._private is not None and await self._private.__aexit__(kind, error, trace)


def current_runtime() -> Runtime | None:
    """Return the runtime whose block we are in, or None: in another thread, for instance, it cannot be used."""
    runtime = CURRENT_RUNTIME.get()
    return runtime if runtime is not None and runtime.is_open else None
