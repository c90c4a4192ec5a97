"""Who is told about signals that match a pattern."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reflector.agents.cell import Cell
from reflector.agents.exchange import Exchange
from reflector.errors import AgentStoppedError, HandlerError, MailboxFullError
from reflector.signals.signal import Signal

__all__ = ["AgentSubscriber", "CallSubscriber", "Subscription"]


class CallSubscriber:
    """Calls a plain function on the spot."""

    __slots__ = ("_call", "_exchange")

    def __init__(self, exchange: Exchange, call: Callable[[Signal], Any]) -> None:
        self._exchange = exchange
        self._call = call

    async def deliver(self, signal: Signal) -> bool:
        return self._try(signal)

    def notify(self, signal: Signal, addressee: Cell | None) -> None:
        self._try(signal)

    def _try(self, signal: Signal) -> bool:
        try:
            self._call(signal)
        except Exception as err:  # noqa: BLE001 - the border to user code: it must not break what it observes
            failure = HandlerError(f"subscriber {self._call!r} failed: {err!r}")
            failure.__cause__ = err
            self._exchange.dead_letter(signal, "handler_error", None, failure)
            return False
        return True


class AgentSubscriber:
    """Tells an agent."""

    __slots__ = ("_cell", "_exchange")

    def __init__(self, exchange: Exchange, cell: Cell) -> None:
        self._exchange = exchange
        self._cell = cell

    async def deliver(self, signal: Signal) -> bool:
        try:
            await self._exchange.put(self._cell, signal)
        except (AgentStoppedError, MailboxFullError) as err:
            self._exchange.dead_letter(signal, _reason(err), self._cell.name, err)
            return False
        return True

    def notify(self, signal: Signal, addressee: Cell | None) -> None:
        if self._cell is addressee:
            return
        try:
            self._exchange.put_nowait(self._cell, signal)
        except (AgentStoppedError, MailboxFullError) as err:
            self._exchange.dead_letter(signal, _reason(err), self._cell.name, err)


def _reason(error: AgentStoppedError | MailboxFullError) -> Any:
    return "mailbox_full" if isinstance(error, MailboxFullError) else "agent_stopped"


class Subscription:
    """A subscription in force, until `cancel`."""

    __slots__ = ("_cancel", "pattern")

    def __init__(self, pattern: str, cancel: Callable[[], None]) -> None:
        self.pattern = pattern
        self._cancel = cancel

    def cancel(self) -> None:
        """End it; what was delivered stays delivered. Doing so twice is no error."""
        self._cancel()
