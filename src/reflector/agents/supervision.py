"""What happens when a handler raises: who restarts what, how often, and who hears of it next."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import anyio

from reflector._clock import Clock
from reflector._logging import get_logger
from reflector.agents.ref import AgentRef
from reflector.errors import ConfigurationError

__all__ = ["Backoff", "Decision", "Supervision", "Supervisor"]

Decision = Literal["resume", "restart", "stop", "escalate"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]

_LOG = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a restart: doubled each time within the window, plus a random part of it."""

    first: float = 0.1
    most: float = 30.0
    jitter: float = 0.1
    """The largest random part, as a share of the wait."""

    def seconds(self, restarts: int, chance: Callable[[], float] = random.random) -> float:
        """Return the wait before restart number `restarts` (from 1)."""
        wait = min(self.most, self.first * 2.0 ** min(restarts - 1, 64))
        return wait * (1 + self.jitter * chance())


@dataclass(frozen=True, slots=True)
class Supervision:
    """How a supervisor treats its children.

    Without a word in `decisions`, an error of this library is an answer like any other (`resume`), and so is any error
    of a plain function, which has no state to lose; any other error of an `Agent` restarts it.
    """

    strategy: Strategy = "one_for_one"
    """Who is restarted: the failed child, all children, or it and those spawned after it."""
    max_restarts: int = 3
    within: float = 5.0
    """More than `max_restarts` in this many seconds: all children stop and the error goes to the next supervisor."""
    backoff: Backoff = field(default_factory=Backoff)
    decisions: tuple[tuple[type[Exception], Decision], ...] = ()
    """Error class and decision; the first that fits counts."""

    def __post_init__(self) -> None:
        if self.strategy not in {"one_for_one", "one_for_all", "rest_for_one"}:
            raise ConfigurationError(
                f"a strategy is one_for_one, one_for_all or rest_for_one; got {self.strategy!r}"
            )

    def decide(self, error: Exception, default: Decision) -> Decision:
        """Return what to do about an error of a child."""
        return next((decision for kind, decision in self.decisions if isinstance(error, kind)), default)


class Ground(Protocol):
    """What a supervisor stands on: the runtime."""

    restarts: int

    @property
    def clock(self) -> Clock: ...

    def start(self, function: Any, *args: Any) -> None: ...

    def crash(self, error: Exception) -> None: ...

    @property
    def spawn(self) -> Callable[..., Coroutine[Any, Any, AgentRef]]: ...


class Child(Protocol):
    """What a supervisor looks after: an agent."""

    @property
    def name(self) -> str: ...

    @property
    def supervisor(self) -> Supervisor: ...

    @property
    def is_alive(self) -> bool: ...

    @property
    def is_suspended(self) -> bool: ...

    def suspend(self) -> None: ...

    async def interrupt(self) -> None: ...

    async def restart(self) -> None: ...

    async def stop(self, drain: float) -> None: ...

    def begin_stop(self, drain: float) -> None: ...


class Supervisor:
    """Looks after agents that were spawned under it, in their order.

    Restarts are made by one task, one after the other, so that two failures at once cannot undo each other.
    """

    __slots__ = (
        "_failures",
        "_pause",
        "_restarts",
        "_waiting",
        "cells",
        "is_busy",
        "options",
        "owner",
        "parent",
        "runtime",
    )

    def __init__(
        self,
        runtime: Ground,
        options: Supervision,
        *,
        parent: Supervisor | None = None,
        owner: Child | None = None,
    ) -> None:
        self.runtime = runtime
        self.options = options
        self.parent = parent
        """Whom failures escalate to; None: out of the runtime."""
        self.owner = owner
        """The agent whose children these are, if it is one's; then failures escalate to that agent."""
        self.cells: dict[Child, None] = {}
        """Those that stop with it: its children, and those of supervisors below that no agent owns."""
        self.is_busy = False
        self._failures: deque[tuple[Child, Exception]] = deque()
        self._restarts: deque[float] = deque()
        self._pause: anyio.CancelScope | None = None
        """The wait before a restart; nobody has to be restarted when all have stopped."""

    @property
    def agent(self) -> Child | None:
        """The agent that these are descendants of; None below the runtime itself."""
        return self.owner if self.owner is not None or self.parent is None else self.parent.agent

    def add(self, cell: Child) -> None:
        """Look after an agent."""
        self.cells[cell] = None
        if self.owner is None and self.parent is not None:
            self.parent.add(cell)

    def remove(self, cell: Child) -> None:
        """Look after an agent no more: it has stopped."""
        self.cells.pop(cell, None)
        if self._pause is not None and not self.cells:
            self._pause.cancel()
        if self.owner is None and self.parent is not None:
            self.parent.remove(cell)

    def failed(self, cell: Child, error: Exception, decision: Decision) -> None:
        """Act on a child's failure. Returns at once; the rest happens in a task of the runtime."""
        match decision:
            case "resume":
                return
            case "stop":
                cell.begin_stop(0.0)
            case "escalate":
                cell.suspend()
                self.runtime.start(self.escalate, error)
            case "restart":
                cell.suspend()
                self._failures.append((cell, error))
                if not self.is_busy:
                    self.is_busy = True
                    self.runtime.start(self._restart_all)

    async def _restart_all(self) -> None:
        try:
            while self._failures:
                await self._restart(*self._failures.popleft())
        finally:
            self.is_busy = False

    async def _restart(self, failed: Child, error: Exception) -> None:
        if not failed.is_suspended:
            return
        now = self.runtime.clock.now()
        self._restarts.append(now)
        while self._restarts[0] <= now - self.options.within:
            self._restarts.popleft()
        if len(self._restarts) > self.options.max_restarts:
            await self.escalate(error)
            return
        victims = self._victims(failed)
        for cell in victims:
            await cell.interrupt()
        with anyio.CancelScope() as self._pause:
            await self.runtime.clock.sleep_until(now + self.options.backoff.seconds(len(self._restarts)))
        for cell in victims:
            await self._revive(cell, error)

    async def _revive(self, cell: Child, error: Exception) -> None:
        """Restart one child; if it fails to start, that is a failure like any other."""
        if not cell.is_suspended:
            return
        try:
            await cell.restart()
        except Exception as failure:  # noqa: BLE001 - the border to user code: typed and handed on by the supervisor
            self._failures.append((cell, failure))
            return
        self.runtime.restarts += 1
        _LOG.warning("agent restarted", agent=cell.name, error=repr(error))

    def _victims(self, failed: Child) -> list[Child]:
        cells = [cell for cell in self.cells if cell.is_alive and cell.supervisor is self]
        match self.options.strategy:
            case "one_for_one":
                return [failed]
            case "one_for_all":
                return cells
            case "rest_for_one":
                return cells[cells.index(failed) :] if failed in cells else []

    async def escalate(self, error: Exception) -> None:
        """Stop all children and hand the error on: to the owner, to the parent, or out of the runtime."""
        _LOG.error("supervisor gave up", error=repr(error), children=[cell.name for cell in self.cells])
        if self.owner is None and self.parent is None:
            self.runtime.crash(error)
            return
        await self.stop(0.0)
        if self.owner is not None:
            above = self.owner.supervisor
            above.failed(self.owner, error, above.options.decide(error, "restart"))
        elif self.parent is not None:
            await self.parent.escalate(error)

    async def spawn(self, handler: Any, **options: Any) -> AgentRef:
        """Spawn an agent that this looks after; options as in `Runtime.spawn`."""
        return await self.runtime.spawn(handler, supervisor=self, **options)

    async def stop(self, drain: float) -> None:
        """Stop all children, latest first; they share the time. Cancelled, the rest is stopped without waiting."""
        clock = self.runtime.clock
        deadline = clock.now() + drain
        try:
            for cell in reversed(tuple(self.cells)):
                await cell.stop(max(0.0, deadline - clock.now()))
        except BaseException:
            for cell in reversed(tuple(self.cells)):
                cell.begin_stop(0.0)
            raise
