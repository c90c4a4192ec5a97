"""The address of an agent."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Sized
from typing import Any, Protocol

from reflector.signals.signal import Signal

__all__ = ["DEFAULT_TIMEOUT", "DRAIN_TIMEOUT", "Addressee", "AgentRef", "Post"]

DEFAULT_TIMEOUT = 30.0
"""Seconds that an asker waits when it does not say how long."""

DRAIN_TIMEOUT = 5.0
"""Seconds that a stopping agent gets for what is in its mailbox."""


class Post(Protocol):
    """What takes signals to agents."""

    def tell(self, cell: Any, signal: Signal) -> Coroutine[Any, Any, None]: ...

    def tell_nowait(self, cell: Any, signal: Signal) -> None: ...

    def ask(self, cell: Any, signal: Signal, seconds: float) -> Coroutine[Any, Any, Signal]: ...


class Addressee(Protocol):
    """The agent behind a ref."""

    @property
    def name(self) -> str: ...

    @property
    def is_alive(self) -> bool: ...

    @property
    def mailbox(self) -> Sized: ...

    @property
    def concurrency(self) -> int: ...

    @property
    def accepts(self) -> Iterable[str]: ...

    @property
    def card(self) -> Any: ...

    @property
    def exchange(self) -> Post: ...

    async def stop(self, drain: float) -> None: ...


class AgentRef:
    """Send signals to one agent. Refs stay valid across restarts.

    `tell` and `ask` are to be awaited; they hand on the coroutine of the exchange, which saves one per signal.
    """

    __slots__ = ("cell",)

    def __init__(self, cell: Addressee) -> None:
        self.cell = cell

    @property
    def name(self) -> str:
        return self.cell.name

    @property
    def is_alive(self) -> bool:
        """Whether it still takes signals."""
        return self.cell.is_alive

    @property
    def queued(self) -> int:
        """How many signals wait in its mailbox."""
        return len(self.cell.mailbox)

    @property
    def concurrency(self) -> int:
        """How many signals it handles at once."""
        return self.cell.concurrency

    @property
    def accepts(self) -> Iterable[str]:
        """The kinds of task it takes, as given to `spawn`."""
        return self.cell.accepts

    @property
    def card(self) -> Any:
        """What it costs and can take, as given to `spawn`."""
        return self.cell.card

    def tell(self, signal: Signal) -> Coroutine[Any, Any, None]:
        """Put a signal into the agent's mailbox, waiting for room if its policy is `block`.

        Once this returns, the signal will be handled or end in the dead letters. Cancelled while it waits for room,
        it is a dead letter. There is no other wait: to give other tasks a turn is the mailbox's limit's business.

        Raises:
            AgentStoppedError: If the agent has stopped, or stops while this waits for room.
            MailboxFullError: If it is full and its policy is `fail`, or it is the caller's own and full.
        """
        return self.cell.exchange.tell(self.cell, signal)

    def tell_nowait(self, signal: Signal) -> None:
        """Like `tell`, but never wait: full is MailboxFullError with policy `block` too. Middleware is not asked."""
        self.cell.exchange.tell_nowait(self.cell, signal)

    def ask(self, signal: Signal, *, timeout: float = DEFAULT_TIMEOUT) -> Coroutine[Any, Any, Signal]:
        """Send a request and return the reply; its `data` is what the handler returned.

        Args:
            signal: The request. It is sent as a copy that carries the deadline.
            timeout: Seconds, waiting for room in the mailbox included. Inside a handler the deadline of the signal
                being handled applies as well.

        Raises:
            AskTimeoutError: If no answer came in time; a request that no handler has started then never will be.
            AgentStoppedError: If the agent has stopped, or stops before it answers.
            MailboxFullError: If the mailbox refused or dropped it.
            ReflectorError: What the handler raised; any other error arrives as the cause of a HandlerError.
        """
        return self.cell.exchange.ask(self.cell, signal, timeout)

    async def stop(self, *, drain: float = DRAIN_TIMEOUT) -> None:
        """Stop the agent, children first: it takes nothing new, finishes its mailbox, and is gone.

        What is left after `drain` seconds is cancelled: askers get AgentStoppedError, the rest are dead letters. The
        agent's parent and siblings go on. Called from the agent's own handler this returns at once.
        """
        await self.cell.stop(drain)

    def __repr__(self) -> str:
        return f"AgentRef({self.name!r})"
