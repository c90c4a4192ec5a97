"""What a handler is given beside the signal."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from reflector.agents.ref import DEFAULT_TIMEOUT, AgentRef
from reflector.signals.signal import Signal

if TYPE_CHECKING:
    from reflector.agents.cell import Cell
    from reflector.agents.runtime import Runtime
    from reflector.agents.timers import Timer

__all__ = ["Context"]


class Context:
    """The handler's way to the rest of the system. Nested asks never outlast the request that is being handled."""

    __slots__ = ("_cell", "signal")

    def __init__(self, cell: Cell, signal: Signal | None) -> None:
        self._cell = cell
        self.signal = signal
        """The signal being handled; None in `on_start` and `on_stop`."""

    @property
    def runtime(self) -> Runtime:
        return self._cell.runtime

    @property
    def ref(self) -> AgentRef:
        """This agent."""
        return self._cell.ref

    @property
    def deadline(self) -> float | None:
        """When the asker stops waiting, on the runtime's clock; None when nobody waits."""
        return None if self.signal is None else self.signal.deadline

    def remaining(self) -> float | None:
        """Return the seconds until the deadline, at least 0; None without a deadline."""
        deadline = self.deadline
        return None if deadline is None else max(0.0, deadline - self.runtime.clock.now())

    def request(self, signal: Signal, *, timeout: float = DEFAULT_TIMEOUT) -> Coroutine[Any, Any, Signal]:
        """See `Runtime.request`."""
        return self.runtime.request(signal, timeout=timeout)

    def publish(self, signal: Signal) -> Coroutine[Any, Any, int]:
        """See `Runtime.publish`."""
        return self.runtime.publish(signal)

    def ask(
        self, ref: AgentRef, signal: Signal, *, timeout: float = DEFAULT_TIMEOUT
    ) -> Coroutine[Any, Any, Signal]:
        """See `AgentRef.ask`."""
        return ref.ask(signal, timeout=timeout)

    def tell(self, ref: AgentRef, signal: Signal) -> Coroutine[Any, Any, None]:
        """See `AgentRef.tell`."""
        return ref.tell(signal)

    async def spawn(self, handler: Any, **options: Any) -> AgentRef:
        """Spawn a child: it stops with this agent, and its failures escalate to it. Options as in `Runtime.spawn`."""
        return await self.runtime.spawn(handler, supervisor=self._cell.own_supervisor(), **options)

    def schedule(self, signal: Signal, *, after: float, every: float | None = None) -> Timer:
        """Tell this agent a signal later, ahead of its mailbox; see `Runtime.schedule`."""
        return self.runtime.schedule(signal, to=self.ref, after=after, every=every)
