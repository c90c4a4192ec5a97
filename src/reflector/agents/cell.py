"""One living agent: its mailbox, its handler, its state of life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable
from contextvars import ContextVar
from typing import Any, Final, Protocol

import anyio
import anyio.lowlevel

from reflector._clock import Clock
from reflector._logging import get_logger
from reflector.agents._wake import OneShot, Outcome, is_stray_cancellation
from reflector.agents.agent import Agent
from reflector.agents.context import Context, Host
from reflector.agents.dead_letters import DeadLetters, Reason
from reflector.agents.mailbox import Item, Mailbox, MailboxOptions
from reflector.agents.ref import DRAIN_TIMEOUT, AgentRef, Post
from reflector.agents.replies import completed, typed_error
from reflector.agents.statistics import Waits
from reflector.agents.supervision import Child, Ground, Supervision, Supervisor
from reflector.agents.timers import Timers
from reflector.agents.workers import Workers
from reflector.errors import AgentStoppedError, HandlerError, MailboxFullError, NoHandlerError, ReflectorError
from reflector.signals.router import Route
from reflector.signals.signal import Signal
from reflector.signals.trace import CURRENT_SIGNAL, SpanMaker

__all__ = ["CURRENT_CELL", "Cell", "VisitedCell"]

CURRENT_CELL: ContextVar[Cell | None] = ContextVar("reflector_current_cell", default=None)
"""The agent whose handler is running."""

_LOG = get_logger(__name__)
_BUDGET = 64
"""Signals that a worker, or all visits, handle before other tasks get a turn."""

RUNNING: Final = "running"
SUSPENDED: Final = "suspended"
STOPPING: Final = "stopping"
STOPPED: Final = "stopped"


class Surroundings(Post, Protocol):
    """The exchange, as an agent sees it."""

    failures: int
    is_observed: bool

    @property
    def clock(self) -> Clock: ...

    @property
    def one_shot(self) -> Callable[[], OneShot]: ...

    @property
    def waits(self) -> Waits: ...

    @property
    def spans(self) -> SpanMaker | None: ...

    @property
    def dead_letters(self) -> DeadLetters: ...

    def observe(self, signal: Signal) -> None: ...

    def observe_failure(self, request: Signal, error: ReflectorError, source: str) -> None: ...

    def dead_letter(
        self, signal: Signal, reason: Reason, agent: str | None = None, error: BaseException | None = None
    ) -> None: ...


class Home(Host, Ground, Protocol):
    """The runtime, as an agent sees it."""

    @property
    def exchange(self) -> Surroundings: ...

    @property
    def workers(self) -> Workers: ...

    @property
    def timers(self) -> Timers: ...

    @property
    def is_current(self) -> bool: ...

    def withdraw(self, cell: Any) -> None: ...

    def forget(self, cell: Any) -> None: ...


class Cell:
    """What the runtime knows about an agent. Users hold an `AgentRef` to it.

    Life: running → suspended (waits for its restart) → running … → stopping (takes nothing new) → stopped.
    An idle agent has no task; a worker of the runtime comes when a signal does.
    """

    __slots__ = (
        "_idle_waiters",
        "_ref",
        "_stop_waiters",
        "accepts",
        "active",
        "agent",
        "card",
        "children",
        "concurrency",
        "exchange",
        "factory",
        "handler",
        "is_async",
        "mailbox",
        "name",
        "routes",
        "runtime",
        "source",
        "state",
        "supervisor",
    )

    def __init__(
        self, runtime: Home, name: str, supervisor: Supervisor, mailbox: MailboxOptions, concurrency: int
    ) -> None:
        self.runtime = runtime
        self.exchange = runtime.exchange
        self.name = name
        self.source = f"/agents/{name}"
        self.supervisor = supervisor
        self.mailbox = Mailbox(mailbox)
        self.concurrency = concurrency
        self._ref: AgentRef | None = None
        self.state = RUNNING
        self.active = 0
        """Workers that are with it, or on their way."""
        self.handler: Callable[[Signal, Context], Any] = _not_started
        self.is_async = True
        self.factory: Callable[[], Agent] | None = None
        self.agent: Agent | None = None
        self.children: Supervisor | None = None
        self.routes: tuple[Route[Cell], ...] = ()
        self.accepts: Iterable[str] = ()
        self.card: Any = None
        # A one-shot for each who waits: who is cancelled on asyncio cancels what it awaits, its own and nobody else's.
        self._idle_waiters: tuple[OneShot, ...] = ()
        self._stop_waiters: tuple[OneShot, ...] | None = None

    @property
    def ref(self) -> AgentRef:
        """Its address, the same one as long as it lives."""
        if self._ref is None:
            self._ref = AgentRef(self)
        return self._ref

    @property
    def is_alive(self) -> bool:
        return self.state in (RUNNING, SUSPENDED)

    @property
    def is_suspended(self) -> bool:
        return self.state == SUSPENDED

    def own_supervisor(self) -> Supervisor:
        """Return the supervisor of this agent's children."""
        if self.children is None:
            self.children = Supervisor(self.runtime, Supervision(), parent=self.supervisor, owner=self)
        return self.children

    # --- taking signals in -------------------------------------------------------------------------------

    def put(self, item: Item) -> bool:
        """Take in an item; False means the mailbox is full and the sender has to wait."""
        if self.state is not RUNNING and not self.is_alive:
            raise AgentStoppedError(f"agent {self.name!r} has stopped; it cannot take {item[0].type!r}")
        if not self.mailbox.offer(item):
            match self.mailbox.options.policy:
                case "block":
                    return False
                case "fail":
                    raise self.full()
                case _:
                    self._give_up(self.mailbox.displace(item), self.full(), "mailbox_full")
        if self.active < self.concurrency and self.state is RUNNING:
            self.active += 1
            self.runtime.workers.serve(self)
        return True

    def put_system(self, signal: Signal) -> None:
        """Take in a signal that goes ahead of the mailbox."""
        if self.is_alive:
            self.mailbox.offer_system((signal, None, self.exchange.clock.now()))
            self._wake()
        else:
            self.exchange.dead_letter(signal, "agent_stopped", self.name)

    def _wake(self) -> None:
        """Send a worker for each item that waits, as far as there are free places."""
        if self.state is RUNNING or self.state is STOPPING:
            for _ in range(min(self.concurrency - self.active, len(self.mailbox))):
                self.active += 1
                self.runtime.workers.serve(self)

    def full(self) -> MailboxFullError:
        """Return the error that says so."""
        options = self.mailbox.options
        return MailboxFullError(
            f"the mailbox of {self.name!r} is full: {options.capacity} signals wait (policy {options.policy})"
        )

    # --- handling ----------------------------------------------------------------------------------------

    def visit(self, signal: Signal, now: float) -> Visit | None:
        """Return what handles a request in the task that awaits it; None if a worker has to."""
        return None

    async def serve(self, visit: Item | None = None) -> None:
        """Handle what is in the mailbox until it is empty or the agent's state forbids it; or only a visit.

        All in one function: a coroutine for each step would cost more than the step.
        """
        CURRENT_CELL.set(self)
        exchange, mailbox, budget = self.exchange, self.mailbox, _BUDGET
        try:
            while (self.state is RUNNING or self.state is STOPPING) and (
                item := visit or mailbox.take()
            ) is not None:
                signal, asker, entered = item
                exchange.waits.add(exchange.clock.now() - entered)
                if (asker.done() if asker is not None else signal.deadline is not None) and self._is_void(
                    item
                ):
                    continue
                CURRENT_SIGNAL.set(signal)
                try:
                    result = self.handler(signal, Context(self, signal))
                    if self.is_async or isinstance(result, Awaitable):
                        result = await result
                    if asker is not None:
                        self._answer(asker, completed(signal, result, self.source))
                except Exception as error:  # noqa: BLE001 - the border to user code: typed in `_fail`
                    self._fail(item, error)
                except (BaseExceptionGroup, anyio.get_cancelled_exc_class()) as error:
                    self._interrupted(item, error)
                if visit is not None:
                    return
                budget -= 1
                if not budget:
                    await anyio.lowlevel.checkpoint()
                    budget = _BUDGET
        finally:
            CURRENT_SIGNAL.set(None)
            self.release()

    def release(self) -> None:
        """One worker less: it has left, or will not come."""
        self.active -= 1
        if not self.active:
            waiters, self._idle_waiters = self._idle_waiters, ()
            _wake_all(waiters)

    def _is_void(self, item: Item) -> bool:
        """Return whether nobody waits for it any more; account for it then."""
        signal, asker, _ = item
        if asker is not None:
            if asker.cancelled():
                self.exchange.dead_letter(signal, "abandoned", self.name)
            return True
        is_expired = signal.deadline is not None and signal.deadline <= self.exchange.clock.now()
        if is_expired:
            self.exchange.dead_letter(signal, "expired", self.name)
        return is_expired

    def _interrupted(self, item: Item, error: BaseException) -> None:
        """A handler was cancelled: by us, which goes on, or by awaiting what somebody else cancelled.

        On trio a group may say so, and hold the errors of tasks that failed meanwhile: these count then.
        """
        if isinstance(error, BaseExceptionGroup):
            _, failures = error.split(anyio.get_cancelled_exc_class())
            if isinstance(failures, ExceptionGroup):
                self._fail(item, failures)
                return
        elif is_stray_cancellation():
            self._fail(item, HandlerError(f"{self.name!r} awaited something that was cancelled: {error!r}"))
            return
        if self.state in (RUNNING, STOPPING):  # else it was us: `interrupt` and `_cut` set the state before
            if isinstance(item[1], Visit):
                item[1].cancel()  # it was the asker, whose task this is
            else:
                self.exchange.dead_letters.is_breaking_off = True
        self._give_up(item, AgentStoppedError(f"agent {self.name!r} was stopped"), "agent_stopped")
        raise error

    def _answer(self, asker: OneShot, reply: Signal) -> None:
        if self.exchange.is_observed:
            self.exchange.observe(reply)
        if not asker.done():
            asker.set_result(reply)

    def _fail(self, item: Item, error: Exception) -> None:
        """Tell whoever waits, else the dead letters, and let the supervisor decide what becomes of the agent."""
        self.exchange.failures += 1
        known = typed_error(error, self.name)
        self._give_up(item, known, "no_handler" if self._has_no_method(item[0], error) else "handler_error")
        is_crash = self.agent is not None and not isinstance(error, ReflectorError)
        decision = self.supervisor.options.decide(error, "restart" if is_crash else "resume")
        self.supervisor.failed(self, error, decision)

    def _has_no_method(self, signal: Signal, error: Exception) -> bool:
        """Return whether that is the error. It may also be that of somebody whom the handler asked."""
        if self.agent is None or not isinstance(error, NoHandlerError):
            return False
        return self.agent._methods.find(signal) is None

    def _give_up(self, item: Item, error: ReflectorError, reason: Reason) -> None:
        """Account for an item that is not handled to its end: an error to its asker, else a dead letter."""
        signal, asker, _ = item
        if asker is None:
            self.exchange.dead_letter(signal, reason, self.name, error)
        elif not asker.done():
            self.exchange.observe_failure(signal, error, self.source)
            asker.set_result(error)
        elif asker.cancelled():
            # That an agent stops, this one or one that it asks, is what comes of cancelling an asker.
            reason = "abandoned" if isinstance(error, AgentStoppedError) else reason
            self.exchange.dead_letter(signal, reason, self.name, error)

    # --- life --------------------------------------------------------------------------------------------

    def use_handler(self, handler: Callable[[Signal, Context], Any], *, is_async: bool) -> None:
        """Handle signals with this from now on, in a span where the application traces."""
        spans = self.exchange.spans
        self.is_async = is_async or spans is not None
        self.handler = handler if spans is None else _in_span(spans, self.name, handler)

    async def start(self) -> None:
        """Make the agent's state, if it has any, and let it get ready."""
        if self.factory is not None:
            self.agent = self.factory()
            self.use_handler(self.agent.receive, is_async=True)
            await self.agent.on_start(Context(self, None))

    def suspend(self) -> None:
        """Handle nothing more until `restart`; signals wait in the mailbox."""
        if self.state == RUNNING:
            self.state = SUSPENDED

    async def interrupt(self) -> None:
        """Suspend, and cancel what is being handled; one that stops goes on stopping."""
        if not self.is_alive:
            return
        self.suspend()
        self.runtime.workers.cancel(self)
        await self._until_idle()

    async def restart(self) -> None:
        """Begin anew with fresh state and the same mailbox. Children are stopped: `on_start` spawns them again.

        A stop cancels the start and waits for the end of this.
        """
        await self._until_idle()
        self.active += 1
        try:
            if self.children is not None:
                await self.children.stop(0.0)
            await self._on_stop()
            if self.state == SUSPENDED:
                with self.runtime.workers.serving(self):
                    await self.start()
        finally:
            self.release()
        if self.state == SUSPENDED:
            self.state = RUNNING
            self._wake()

    async def stop(self, drain: float) -> None:
        """See `AgentRef.stop`."""
        self.begin_stop(drain)
        if self._stop_waiters is not None and not self._is_inside():
            waiter = self.exchange.one_shot()
            self._stop_waiters = (*self._stop_waiters, waiter)
            await waiter

    def begin_stop(self, drain: float) -> None:
        """Take nothing new, and be gone within `drain` seconds plus what cancelled handlers need to clean up."""
        if self.state == STOPPED:
            return
        runtime = self.runtime
        was_suspended = self.state == SUSPENDED
        if self.state != STOPPING:
            self.state = STOPPING
            runtime.withdraw(self)
            if not (self.active or len(self.mailbox) or self.children or self._has_on_stop):
                self._gone()
                return
            self._stop_waiters = ()
            self.mailbox.dismiss_line()
            runtime.start(self._finish, drain)
        if drain <= 0 or was_suspended:
            self._cut()
        else:
            runtime.timers.at(runtime.clock.now() + drain, self._cut)

    def flush(self) -> None:
        """Account for everything that is still in the mailbox."""
        for item in self.mailbox.drain():
            stopped = AgentStoppedError(f"agent {self.name!r} stopped before it came to {item[0].type!r}")
            self._give_up(item, stopped, "agent_stopped")

    def _cut(self) -> None:
        """The time to stop is over."""
        if self.state == STOPPING:
            self.state = STOPPED
            self.flush()
            self.runtime.workers.cancel(self)

    async def _finish(self, drain: float) -> None:
        # Shielded, because it has to end whatever else is being cancelled; bounded by `_cut`.
        with anyio.CancelScope(shield=True):
            try:
                if self.children is not None:
                    await self.children.stop(drain)
                await self._until_idle()
                await self._on_stop()
            finally:
                self._gone()

    def _gone(self) -> None:
        self.state = STOPPED
        self.flush()
        self._ref, self.routes = None, ()  # no circles: what its handler holds is freed with it
        self.supervisor.remove(self)
        self.runtime.forget(self)
        waiters, self._stop_waiters = self._stop_waiters, None
        _wake_all(waiters or ())

    @property
    def _has_on_stop(self) -> bool:
        return self.agent is not None and type(self.agent).on_stop is not Agent.on_stop

    async def _on_stop(self) -> None:
        agent, self.agent = self.agent, None
        if agent is None:
            return
        try:
            with anyio.move_on_after(DRAIN_TIMEOUT) as scope:
                await agent.on_stop(Context(self, None))
            if scope.cancelled_caught:
                _LOG.error("on_stop took too long", agent=self.name, seconds=DRAIN_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - the border to user code: the agent stops all the same
            _LOG.error("on_stop failed", agent=self.name, error=repr(error))

    async def _until_idle(self) -> None:
        while self.active:
            waiter = self.exchange.one_shot()
            self._idle_waiters = (*self._idle_waiters, waiter)
            await waiter

    def _is_inside(self) -> bool:
        """Return whether the running task handles a signal of this agent or of one of its descendants."""
        cell: Child | None = CURRENT_CELL.get()
        while cell is not None and cell is not self:
            cell = cell.supervisor.agent
        return cell is self


class VisitedCell(Cell):
    """An agent that handles what it is asked in the task of who asks, if it has time at once.

    Who asks from within another runtime gets a worker: the handler has to join its own.
    """

    __slots__ = ()

    def visit(self, signal: Signal, now: float) -> Visit | None:
        is_ready = self.active < self.concurrency and self.state is RUNNING and self.runtime.is_current
        return Visit(self, signal, now) if is_ready else None


class Visit(Outcome):
    """A request that is handled in the task of who asks, which awaits this: no task has to be started for it.

    Cancelling that task cancels the handling; so does the end of the time, which is told as the result None.
    """

    __slots__ = ("_entered", "_signal", "cell", "scope")

    def __init__(self, cell: Cell, signal: Signal, entered: float) -> None:
        # Without `super`, here and below, as in `TrioOneShot`.
        self._is_set = self._is_cancelled = False
        self._result = None
        self.cell = cell
        self.scope = anyio.CancelScope()
        self._signal = signal
        self._entered = entered

    def set_result(self, result: Any, /) -> None:
        self._is_set = True
        self._result = result
        if result is None:
            self.scope.cancel()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._handled().__await__()

    async def _handled(self) -> Any:
        cell, workers = self.cell, self.cell.runtime.workers
        asking, handled = CURRENT_CELL.get(), CURRENT_SIGNAL.get()
        cell.active += 1
        workers.all.add(self)
        try:
            with self.scope:
                await cell.serve((self._signal, self, self._entered))
        finally:
            workers.all.discard(self)
            CURRENT_CELL.set(asking)
            CURRENT_SIGNAL.set(handled)
            cell._wake()
        workers.visits += 1
        if workers.visits % _BUDGET == 0:
            await anyio.lowlevel.checkpoint()
        return self.result()


def _not_started(signal: Signal, context: Context) -> Any:
    raise AgentStoppedError("the agent has not started")


def _wake_all(waiters: Iterable[OneShot]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)


def _in_span(
    spans: SpanMaker, agent: str, handler: Callable[[Signal, Context], Any]
) -> Callable[[Signal, Context], Any]:
    async def handle(signal: Signal, context: Context) -> Any:
        with spans.span(signal, agent):
            result = handler(signal, context)
            return await result if isinstance(result, Awaitable) else result

    return handle
