"""What a handler is given beside the signal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from reflector._clock import Clock
from reflector.agents.dead_letters import DeadLetters
from reflector.agents.ref import DEFAULT_TIMEOUT, AgentRef
from reflector.agents.statistics import Statistics
from reflector.agents.timers import Timer
from reflector.signals.signal import Signal

__all__ = ["Context", "Host"]


class Host(Protocol):
    """The runtime, as a handler sees it; `Runtime` says what each does."""

    @property
    def clock(self) -> Clock: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    @property
    def read_task(self) -> Callable[[Signal], Any]: ...

    @property
    def services(self) -> dict[Any, Any]: ...

    def request(self, signal: Signal, *, timeout: float = ...) -> Coroutine[Any, Any, Signal]: ...

    def publish(self, signal: Signal) -> Coroutine[Any, Any, int]: ...

    @property
    def spawn(self) -> Callable[..., Coroutine[Any, Any, AgentRef]]: ...

    def start(self, function: Any, *args: Any) -> None: ...

    def announce(self, signal: Signal) -> None: ...

    def is_awaited(self, signal_type: str) -> bool: ...

    def subscribe(self, pattern: str, subscriber: Any) -> Any: ...

    def schedule(
        self, signal: Signal, *, to: AgentRef, after: float, every: float | None = None
    ) -> Timer: ...

    def find(self, name: str) -> AgentRef | None: ...

    def handles(self, signal: Signal) -> bool: ...

    def providers(self, kind: str | None = None) -> list[AgentRef]: ...

    def statistics(self) -> Statistics: ...


class Hosted(Protocol):
    """The agent that handles."""

    @property
    def runtime(self) -> Host: ...

    @property
    def ref(self) -> AgentRef: ...

    def own_supervisor(self) -> Any: ...


class Context:
    """The handler's way to the rest of the system. Nested asks never outlast the request that is being handled."""

    __slots__ = ("_cell", "signal")

    def __init__(self, cell: Hosted, signal: Signal | None) -> None:
        self._cell = cell
        self.signal = signal
        """The signal being handled; None in `on_start` and `on_stop`."""

    @property
    def runtime(self) -> Host:
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
