"""The runtime: the place where agents live. `async with Runtime()` makes it the one that calls inside join."""

from __future__ import annotations

import contextvars
import inspect
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from operator import attrgetter
from types import TracebackType
from typing import Any

import anyio

from reflector._clock import Clock, SystemClock
from reflector.agents._wake import one_shots
from reflector.agents.agent import Agent, Card, is_async_callable
from reflector.agents.cell import Cell, VisitedCell
from reflector.agents.context import Host
from reflector.agents.dead_letters import DeadLetters
from reflector.agents.exchange import Exchange, SignalLog, Subscriber
from reflector.agents.groups import is_copy, only_error
from reflector.agents.mailbox import MailboxOptions
from reflector.agents.middleware import Middleware
from reflector.agents.ref import DEFAULT_TIMEOUT, DRAIN_TIMEOUT, AgentRef
from reflector.agents.schedule import Tick
from reflector.agents.statistics import Statistics
from reflector.agents.subscriptions import AgentSubscriber, CallSubscriber, Subscription
from reflector.agents.supervision import Supervision, Supervisor
from reflector.agents.timers import Timer, Timers
from reflector.agents.workers import Workers
from reflector.errors import AgentStoppedError, ConfigurationError, DuplicateAgentError, RuntimeClosedError
from reflector.signals.router import Predicate
from reflector.signals.signal import Signal

__all__ = ["CURRENT_RUNTIME", "Runtime"]

CURRENT_RUNTIME: ContextVar[Runtime | None] = ContextVar("reflector_runtime", default=None)
"""The runtime that calls join; set by `async with Runtime()`."""

_SUPERVISION = Supervision()
_SUBSCRIBER_MAILBOX = MailboxOptions(capacity=1024)
_options = lru_cache(64)(MailboxOptions)


class Runtime:
    """Agents, and the signals between them, until the end of the `async with` block.

    Inside the block it is ambient: whatever asks for the current runtime, here or in a child task, gets this one. At
    the end agents finish what is in their mailboxes, within `drain` seconds; after an error they are cancelled at once.
    An error that escalates to the top is raised out of the block. No error ever leaves wrapped in a group of one.
    """

    def __init__(
        self,
        *,
        middleware: Sequence[Middleware] = (),
        journal: SignalLog | None = None,
        supervision: Supervision | None = None,
        clock: Clock | None = None,
        drain: float = DRAIN_TIMEOUT,
        middleware_timeout: float = 5.0,
    ) -> None:
        """Prepare a runtime; nothing happens before `async with`.

        Args:
            middleware: Goes around every delivery, first one outermost.
            journal: Gets every signal that passes.
            supervision: How agents that nobody else looks after are treated when they fail.
            clock: Where it gets the time from.
            drain: Seconds that agents get at the end for what is in their mailboxes.
            middleware_timeout: Seconds that one middleware may take itself, waiting for the rest not counted.
        """
        self.clock = clock or SystemClock()
        self.drain = drain
        self.restarts = 0
        self._middleware = tuple(middleware)
        self._middleware_timeout = middleware_timeout
        self._journal = journal
        # Nothing in here points back at the runtime as long as it is not open: a private one that is over is freed at
        # once, with all that lived in it, and the garbage collector has nothing to look for.
        self._root = Supervisor(weakref.proxy(self), supervision or _SUPERVISION)
        self._cells: dict[str, Cell] = {}
        self._providers: dict[Cell, None] = {}
        self._subscribed: dict[Cell, list[Subscription]] = {}
        self._crash: Exception | None = None
        self._is_open = self._was_entered = False
        self.services: dict[Any, Any] = {}
        """Where rooms above keep what they have one of for each runtime."""
        self.read_task: Callable[[Signal], Any] = attrgetter("data")
        """What a plain function that accepts tasks is called with; dispatch sets it to read the task of a signal."""

    # --- life --------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Runtime:
        if self._was_entered:
            raise RuntimeClosedError("a runtime can be entered once; make another one")
        self._was_entered = True
        self._thread = threading.get_ident()
        self._outer = CURRENT_RUNTIME.get()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        CURRENT_RUNTIME.set(self)
        # Workers start in this context, not in that of whoever happens to send the first signal.
        self._context = contextvars.copy_context()
        one_shot = one_shots()
        me = weakref.proxy(self)
        self.timers = Timers(self.clock, lambda *call: me.start(*call))
        self.workers = Workers(lambda *call: me.start(*call), one_shot)
        self.exchange = Exchange(
            self.clock, self.timers, one_shot, self._middleware, self._journal, self._middleware_timeout
        )
        self._is_open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        CURRENT_RUNTIME.set(self._outer)
        end = await self._drain_agents() if error is None and self._root.cells else error
        try:
            self.dead_letters.is_breaking_off |= end is not None
            self._close()
            suppressed = await self._group.__aexit__(type(end) if end else None, end, trace)
        except BaseExceptionGroup as group:
            failure = only_error(group)
            if failure is error or is_copy(failure, error):
                return False
            raise failure from failure.__cause__
        finally:
            self._is_open = False
            for cell in tuple(self._cells.values()):
                cell.flush()
            self._context = contextvars.Context()
            self.services.clear()
        if self._crash is not None:
            raise self._crash
        if end is not None and error is None and not suppressed:
            raise end
        return bool(suppressed)

    async def _drain_agents(self) -> BaseException | None:
        """Let agents finish. Return what broke in, such as a cancellation: the task group has to end on it."""
        try:
            await self._root.stop(self.drain)
        except BaseException as interruption:  # noqa: BLE001 - raised again when the task group has ended
            return interruption
        return None

    def _close(self) -> None:
        for cell in reversed(tuple(self._cells.values())):
            cell.begin_stop(0.0)
        self.workers.close()
        self.timers.close()
        self.exchange.close()

    def crash(self, error: Exception) -> None:
        """Cancel everything and raise `error` out of the `async with` block."""
        self._crash = self._crash or error
        self.dead_letters.is_breaking_off = True
        self._group.cancel_scope.cancel()

    def start(self, function: Any, *args: Any) -> None:
        """Start a task that lives as long as the runtime at most."""
        self._context.copy().run(self._group.start_soon, function, *args)

    @property
    def is_open(self) -> bool:
        """Whether it can be used from the running thread."""
        return self._is_open and self._thread == threading.get_ident()

    @property
    def is_current(self) -> bool:
        """Whether calls in the running task join it."""
        return CURRENT_RUNTIME.get() is self

    @property
    def is_entered(self) -> bool:
        """Whether its block is being run, in whatever thread."""
        return self._is_open

    # --- agents ------------------------------------------------------------------------------------------

    async def spawn(
        self,
        handler: Any,
        *,
        name: str | None = None,
        handles: str | Iterable[str] | None = None,
        priority: int = 0,
        when: Predicate | None = None,
        mailbox: int | MailboxOptions = 64,
        concurrency: int | None = None,
        supervision: Supervision | None = None,
        supervisor: Supervisor | None = None,
        accepts: Iterable[str] = (),
        card: Any = None,
        is_visited: bool = False,
    ) -> AgentRef:
        """Start an agent and return its address.

        Args:
            handler: A function of signal and context, sync or async; or a subclass of `Agent`, or a
                `functools.partial` of one.
            name: Unique in the runtime; by default made from the handler's.
            handles: Patterns of the requests that are routed to it; by default those of an `Agent`'s methods.
            priority: Among agents that handle the same request the highest goes first, then the more specific
                pattern, then the earlier one. Fallbacks use -100.
            when: Looks at a request; False leaves it to the next agent.
            mailbox: How many signals may wait, or that and the policy for one more.
            concurrency: How many signals it handles at once; by default what the card says, else one.
            supervision: How this agent is treated when it fails, if not as its supervisor treats the others.
            supervisor: Who looks after it, made by `supervisor`; by default the runtime.
            accepts: Kinds of task that it takes; a plain function is then called with the task instead of the signal.
            card: What it costs and can take, for the market, and where its work runs.
            is_visited: Whether it handles what it is asked in the task of who asks, if it has time at once. That
                saves a task; but cancelling the ask, or the end of its time, cancels the handling, and the ask ends
                when that has ended.

        Raises:
            DuplicateAgentError: If an agent of that name lives.
            RuntimeClosedError: If the runtime is not open.
            AgentStoppedError: If somebody stopped it before it had started.
            Exception: Whatever `on_start` raises.
        """
        work, running = handler, 1
        if isinstance(card, Card):
            work, running = card.bind(handler), card.running
        cell = self._new_cell(
            handler,
            name,
            mailbox,
            running if concurrency is None else concurrency,
            self._supervisor_for(supervision, supervisor),
            VisitedCell if is_visited else Cell,
        )
        cell.accepts, cell.card = tuple(accepts), card
        patterns = _patterns(work, handles)
        _attach(cell, work)
        self._cells[cell.name] = cell
        cell.supervisor.add(cell)
        try:
            await cell.start()
            if not cell.is_alive:
                raise AgentStoppedError(f"agent {cell.name!r} was stopped while it started")
            routes = self.exchange.routes
            cell.routes = tuple(
                routes.add(pattern, cell, priority=priority, when=when) for pattern in patterns
            )
        except BaseException:
            cell.begin_stop(0.0)
            raise
        if cell.accepts:
            self._providers[cell] = None
        return cell.ref

    def supervisor(self, options: Supervision) -> Supervisor:
        """Return a new supervisor for agents that belong together; pass it to `spawn`."""
        return Supervisor(self, options, parent=self._root)

    def find(self, name: str) -> AgentRef | None:
        """Return the agent of that name, or None."""
        cell = self._cells.get(name)
        return None if cell is None else cell.ref

    def handles(self, signal: Signal) -> bool:
        """Return whether some agent would be asked if this signal were a request."""
        return self.exchange.routes.find(signal) is not None

    def route(self, signal: Signal) -> AgentRef | None:
        """Return the agent that a request would be routed to, or None."""
        cell = self.exchange.routes.find(signal)
        return None if cell is None else cell.ref

    def providers(self, kind: str | None = None) -> list[AgentRef]:
        """Return the agents that accept a kind of task, or any with None, in the order they were spawned."""
        return [cell.ref for cell in self._providers if kind is None or kind in cell.accepts]

    def _supervisor_for(self, options: Supervision | None, above: Supervisor | None) -> Supervisor:
        above = above or self._root
        return above if options is None else Supervisor(self, options, parent=above)

    def _new_cell(
        self,
        handler: Any,
        name: str | None,
        mailbox: int | MailboxOptions,
        concurrency: int,
        supervisor: Supervisor,
        kind: type[Cell] = Cell,
    ) -> Cell:
        self._check_open()
        if name is None:
            name = self._free_name(handler)
        elif name in self._cells:
            raise DuplicateAgentError(
                f"an agent named {name!r} lives already; choose another name or stop it"
            )
        if concurrency < 1:
            raise ConfigurationError(f"concurrency is at least 1; got {concurrency!r}")
        options = _options(mailbox) if isinstance(mailbox, int) else mailbox
        return kind(self, name, supervisor, options, concurrency)

    def _free_name(self, handler: Any) -> str:
        base = getattr(getattr(handler, "func", handler), "__name__", type(handler).__name__).strip("<>")
        name, number = base, len(self._cells)
        while name in self._cells:
            name, number = f"{base}-{number + 1}", number + 1
        return name

    def withdraw(self, cell: Cell) -> None:
        """Send nothing new to an agent that stops."""
        self.exchange.routes.remove(*cell.routes)
        self._providers.pop(cell, None)
        for subscription in self._subscribed.pop(cell, ()):
            subscription.cancel()

    def forget(self, cell: Cell) -> None:
        """Let the name of a stopped agent be used again."""
        if self._cells.get(cell.name) is cell:
            del self._cells[cell.name]

    # --- signals -----------------------------------------------------------------------------------------

    def request(self, signal: Signal, *, timeout: float = DEFAULT_TIMEOUT) -> Coroutine[Any, Any, Signal]:
        """Send a request to the one agent that handles its type, and return the reply.

        Raises:
            NoHandlerError: At once, if nobody does; the request is a dead letter then.
            AskTimeoutError, AgentStoppedError, MailboxFullError, ReflectorError: As `AgentRef.ask`.
        """
        self._check_open()
        return self.exchange.ask(None, signal, timeout)

    async def publish(self, signal: Signal) -> int:
        """Hand a fact to everybody who subscribed, waiting for room in their mailboxes; return how many got it."""
        self._check_open()
        return await self.exchange.publish(signal)

    def subscribe(self, pattern: str, subscriber: Any) -> Subscription:
        """Let somebody see every signal that is published and every request, reply and dead letter, if it matches.

        Args:
            pattern: Such as `reflector.**`.
            subscriber: An agent's address; or a function of a signal. A plain function is called on the spot, by
                whoever sends: keep it quick. An async one becomes an agent that takes one signal at a time; when it
                falls 1,024 behind, publishers wait and what merely passes by goes to the dead letters.
        """
        self._check_open()
        cell = self._subscribing_cell(subscriber)
        target: Subscriber = (
            CallSubscriber(self.exchange, subscriber)
            if cell is None
            else AgentSubscriber(self.exchange, cell)
        )
        route = self.exchange.subscribe(pattern, target)
        subscription = Subscription(pattern, lambda: self.exchange.unsubscribe(route))
        if cell is not None:
            self._subscribed.setdefault(cell, []).append(subscription)
        return subscription

    def _subscribing_cell(self, subscriber: Any) -> Cell | None:
        if isinstance(subscriber, AgentRef):
            return _cell_of(subscriber)
        if not is_async_callable(subscriber):
            return None
        cell = self._new_cell(subscriber, None, _SUBSCRIBER_MAILBOX, 1, self._root)
        takes_context = len(inspect.signature(subscriber).parameters) > 1
        call = subscriber if takes_context else lambda signal, context: subscriber(signal)
        cell.use_handler(call, is_async=True)
        self._cells[cell.name] = cell
        self._root.add(cell)
        return cell

    def announce(self, signal: Signal) -> None:
        """Show a fact to everybody who subscribed, without waiting: whoever has no room for it misses it."""
        self._check_open()
        self.exchange.announce(signal)

    def is_awaited(self, signal_type: str) -> bool:
        """Return whether somebody subscribed to exactly this type: facts that cost something are made for those."""
        return self.exchange.is_awaited(signal_type)

    def use(self, middleware: Middleware) -> None:
        """Put a middleware around every delivery from now on, inside those that are there."""
        self.exchange.use(middleware)

    def schedule(self, signal: Signal, *, to: AgentRef, after: float, every: float | None = None) -> Timer:
        """Tell an agent a signal later, ahead of its mailbox.

        Args:
            signal: Told as it is; each repetition gets an id and a time of its own.
            to: Whom. When it has stopped, the signal is a dead letter and repetition ends.
            after: Seconds from now.
            every: Seconds between repetitions. One that comes while the last still waits is left out.
        """
        self._check_open()
        return Tick(self.timers, self.clock, signal, _cell_of(to), every).start(after)

    # --- figures -----------------------------------------------------------------------------------------

    @property
    def dead_letters(self) -> DeadLetters:
        """What went nowhere, and why."""
        return self.exchange.dead_letters

    def statistics(self) -> Statistics:
        """Return the figures of this moment."""
        cells, exchange = self._cells.values(), self.exchange
        return Statistics(
            agents=len(cells),
            running=self.workers.running,
            queued=sum(len(cell.mailbox) for cell in cells),
            blocked=sum(cell.mailbox.blocked for cell in cells),
            waiting_asks=exchange.waiting_asks,
            timers=len(self.timers) + exchange.is_timed,
            taken=exchange.waits.count,
            failures=exchange.failures,
            restarts=self.restarts,
            dead_letters=exchange.dead_letters.total,
            mean_wait=exchange.waits.total / max(1, exchange.waits.count),
            longest_wait=exchange.waits.longest,
        )

    def _check_open(self) -> None:
        if not self._is_open:
            raise RuntimeClosedError(
                "the runtime is not open; use it inside `async with Runtime() as runtime:`"
            )


def _cell_of(ref: AgentRef) -> Cell:
    assert isinstance(ref.cell, Cell)
    return ref.cell


def _patterns(handler: Any, handles: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the patterns of requests for a handler."""
    if isinstance(handles, str):
        return (handles,)
    if handles is not None:
        return tuple(handles)
    agent_class = getattr(handler, "func", handler)
    return agent_class.patterns() if isinstance(agent_class, type) and issubclass(agent_class, Agent) else ()


def _attach(cell: Cell, handler: Any) -> None:
    """Give an agent its handler."""
    made = getattr(handler, "func", handler)
    if isinstance(made, type) and issubclass(made, Agent):
        cell.factory = handler
    elif isinstance(handler, Agent):
        raise ConfigurationError(
            f"spawn the class {type(handler).__name__} (or functools.partial of it), not an instance: "
            "a restart has to make a fresh one"
        )
    elif not callable(handler):
        raise ConfigurationError(
            f"a handler is a function of (signal, context) or an Agent class; got {handler!r}"
        )
    else:
        # What a card has bound reads its task itself.
        is_bare = cell.accepts and not isinstance(cell.card, Card)
        call = _with_task(cell.runtime, handler) if is_bare else handler
        cell.use_handler(call, is_async=is_async_callable(handler))


def _with_task(runtime: Host, function: Any) -> Any:
    """Return a handler that calls a function with the task that a signal carries."""
    return lambda signal, context: function(runtime.read_task(signal), context)
