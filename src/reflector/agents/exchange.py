"""The ways a signal takes: to one agent, to whoever handles it, to all who subscribed, or to the dead letters."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from reflector._clock import Clock
from reflector._logging import get_logger
from reflector.agents._wake import Alarm, OneShot
from reflector.agents.cell import CURRENT_CELL, Cell
from reflector.agents.dead_letters import DEAD_LETTER, DeadLetter, DeadLetters, Reason, fact
from reflector.agents.mailbox import Item
from reflector.agents.middleware import Forward, Middleware, wrap
from reflector.agents.replies import failed
from reflector.agents.statistics import Waits
from reflector.agents.timers import Timers
from reflector.errors import (
    AgentStoppedError,
    AskTimeoutError,
    MiddlewareError,
    NoHandlerError,
    ReflectorError,
)
from reflector.signals.payloads import REGISTERED, validate_data
from reflector.signals.router import Route, Router
from reflector.signals.signal import Signal
from reflector.signals.trace import CURRENT_SIGNAL, span_maker
from reflector.signals.traceparent import child_span, new_trace

__all__ = ["Exchange", "SignalLog", "Subscriber"]

_LOG = get_logger(__name__)


class SignalLog(Protocol):
    """Keeps every signal that passes. The journals of `reflector.signals` are such."""

    def append(self, signal: Signal, /) -> object:
        """Take a signal in at once, without waiting; called in the order in which signals pass."""
        ...


class Subscriber(Protocol):
    """The receiving end of a subscription."""

    async def deliver(self, signal: Signal) -> bool:
        """Hand over what was published, waiting for room; return whether it was received."""
        ...

    def notify(self, signal: Signal, addressee: Cell | None) -> None:
        """Show a request or reply that passes by. Never waits and never raises; the addressee has it already."""
        ...


class Exchange:
    """Takes signals in, stamps and checks them once, and hands them on."""

    def __init__(
        self,
        clock: Clock,
        timers: Timers,
        one_shot: Callable[[], OneShot],
        middleware: Sequence[Middleware],
        journal: SignalLog | None,
        time_limit: float,
    ) -> None:
        self.clock = clock
        self.one_shot = one_shot
        self.spans = span_maker()
        self.routes: Router[Cell] = Router()
        self.dead_letters = DeadLetters()
        self.waits = Waits()
        self.failures = 0
        self.is_observed = journal is not None
        """Whether anybody wants to see what passes: nobody does most of the time, and then it costs nothing."""
        self._timers = timers
        self._journal = journal
        self._subscribers: Router[Subscriber] = Router()
        self._middleware = tuple(middleware)
        self._time_limit = time_limit
        self._asks: dict[OneShot, float] = {}
        self._next_expiry = math.inf
        self._alarm: Alarm | None = None

    # --- asking ------------------------------------------------------------------------------------------

    def ask(self, cell: Cell | None, signal: Signal, seconds: float) -> Coroutine[Any, Any, Signal]:
        """Ask an agent, or with None the one that the routes say. The time begins now."""
        request = self._enter_request(signal, seconds)
        return self._ask_through(cell, request) if self._middleware else self._ask(cell, request)

    async def _ask_through(self, cell: Cell | None, request: Signal) -> Signal:
        reply = await self._through(request, functools.partial(self._ask_by, request.deadline, cell))
        if not isinstance(reply, Signal):
            error = MiddlewareError(
                f"a middleware swallowed {request.type!r}: it returned {reply!r} instead of a reply"
            )
            self.observe_failure(request, error, "/middleware")
            raise error
        return reply

    async def _ask_by(self, deadline: float | None, cell: Cell | None, request: Signal) -> Signal:
        """Ask what came out of the middleware, which may be another signal, by the time of what went in."""
        if request.deadline != deadline:
            request = request.copy()
            request.deadline = deadline
            self._stamp(request, CURRENT_SIGNAL.get())
        return await self._ask(cell, request)

    async def _ask(self, cell: Cell | None, request: Signal) -> Signal:
        cell = cell or self._route(request)
        if self.is_observed:
            self.observe(request, cell)
        now, place = self.clock.now(), None
        if request.deadline is not None and request.deadline <= now:
            raise self._timed_out(cell, request)
        asker: OneShot | None = cell.visit(request, now)
        if asker is None:
            item = (request, asker := self.one_shot(), now)
            place = None if cell.put(item) else cell.mailbox.wait_in_line(item, None)
        self._expect(asker, request)
        try:
            outcome = await asker
        except BaseException:
            asker.cancel()
            if place is not None and not place.is_accepted:
                cell.mailbox.leave_line(place)
                self.dead_letter(request, "abandoned", cell.name)
            elif not asker.cancelled() and not isinstance(asker.result(), Signal):
                self.dead_letter(request, "abandoned", cell.name, asker.result())
            raise
        finally:
            del self._asks[asker]
        if outcome is None:
            if place is not None:
                cell.mailbox.leave_line(place)
            outcome = self._timed_out(cell, request)
        if isinstance(outcome, ReflectorError):
            raise outcome
        reply: Signal = outcome
        return reply

    def _timed_out(self, cell: Cell, request: Signal) -> AskTimeoutError:
        error = AskTimeoutError(f"agent {cell.name!r} did not answer {request.type!r} in time")
        self.observe_failure(request, error, cell.source)
        return error

    def _route(self, request: Signal) -> Cell:
        cell = self.routes.find(request)
        if cell is None:
            error = NoHandlerError(
                f"no agent handles {request.type!r}; spawn one with handles={request.type!r} in this runtime"
            )
            if self.is_observed:
                self.observe(request)
            self.dead_letter(request, "no_handler", None, error)
            raise error
        return cell

    def _expect(self, asker: OneShot, request: Signal) -> None:
        """See to it that an asker is told when its time is over: one alarm for all, at the earliest deadline."""
        deadline = math.inf if request.deadline is None else request.deadline
        self._asks[asker] = deadline
        if deadline < self._next_expiry:
            if self._alarm is None:
                self._alarm = self._timers.alarm(self._expire)
            self._next_expiry = deadline
            self._alarm.set(deadline)

    def _expire(self) -> None:
        now = self.clock.now()
        self._next_expiry = math.inf
        for asker, deadline in self._asks.items():
            if deadline <= now:
                if not asker.done():
                    asker.set_result(None)
            elif deadline < self._next_expiry:
                self._next_expiry = deadline
        if self._alarm is not None and self._next_expiry < math.inf:
            self._alarm.set(self._next_expiry)

    def close(self) -> None:
        """Let no further time be over."""
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    # --- telling -----------------------------------------------------------------------------------------

    async def tell(self, cell: Cell, signal: Signal) -> None:
        """Put a signal into an agent's mailbox; see `AgentRef.tell`."""
        self._enter(signal)
        if self._middleware:
            await self._through(signal, functools.partial(self._tell, cell))
            return
        if self._journal is not None:
            self._journal.append(signal)
        item = (signal, None, self.clock.now())
        if not cell.put(item):
            await self._wait_for_room(cell, item)

    async def _tell(self, cell: Cell, signal: Signal) -> None:
        if self._journal is not None:
            self._journal.append(signal)
        await self.put(cell, signal)

    def tell_nowait(self, cell: Cell, signal: Signal) -> None:
        """See `AgentRef.tell_nowait`."""
        self._enter(signal)
        if self._journal is not None:
            self._journal.append(signal)
        self.put_nowait(cell, signal)

    async def put(self, cell: Cell, signal: Signal) -> None:
        """Put a signal into a mailbox, waiting for room if need be."""
        item = (signal, None, self.clock.now())
        if not cell.put(item):
            await self._wait_for_room(cell, item)

    def put_nowait(self, cell: Cell, signal: Signal) -> None:
        """Put a signal into a mailbox that has room."""
        if not cell.put((signal, None, self.clock.now())):
            raise cell.full()

    async def _wait_for_room(self, cell: Cell, item: Item) -> None:
        if CURRENT_CELL.get() is cell:  # all its workers may stand here, and nobody else makes room
            raise cell.full()
        room = self.one_shot()
        place = cell.mailbox.wait_in_line(item, room)
        handled = CURRENT_SIGNAL.get()
        limit = None
        if handled is not None and handled.deadline is not None:
            limit = self._timers.at(handled.deadline, functools.partial(_give_up, room))
        try:
            await room
        except BaseException:
            room.cancel()
            cell.mailbox.leave_line(place)
            if not place.is_accepted:
                self.dead_letter(item[0], "abandoned", cell.name)
            raise
        finally:
            if limit is not None:
                limit.cancel()
        if not place.is_accepted:
            cell.mailbox.leave_line(place)
            if cell.is_alive:
                raise cell.full()
            raise AgentStoppedError(f"agent {cell.name!r} stopped before it had room for {item[0].type!r}")

    # --- publishing and observing ------------------------------------------------------------------------

    async def publish(self, signal: Signal) -> int:
        """Hand a fact to everybody who subscribed; see `Runtime.publish`."""
        self._enter(signal)
        if self._middleware:
            received = await self._through(signal, self._publish)
            return received if isinstance(received, int) else 0
        return await self._publish(signal)

    async def _publish(self, signal: Signal) -> int:
        if self._journal is not None:
            self._journal.append(signal)
        received = 0
        for subscriber in self._subscribers.select(signal):
            received += await subscriber.deliver(signal)
        return received

    def announce(self, signal: Signal) -> None:
        """Show a fact to those who subscribed, without waiting; see `Runtime.announce`."""
        self._enter(signal)
        self.observe(signal)

    def is_awaited(self, signal_type: str) -> bool:
        """Return whether somebody subscribed to exactly this type."""
        return any(route.pattern.text == signal_type for route in self._subscribers.candidates(signal_type))

    def observe(self, signal: Signal, addressee: Cell | None = None) -> None:
        """Show a request, a reply or a dead letter to the journal and to those who subscribed."""
        if self._journal is not None:
            self._journal.append(signal)
        for subscriber in self._subscribers.select(signal):
            subscriber.notify(signal, addressee)

    def observe_failure(self, request: Signal, error: ReflectorError, source: str) -> None:
        """Show the reply that says that a request failed; the asker itself gets the error."""
        if self.is_observed:
            self._report(failed(request, error, source))

    def dead_letter(
        self, signal: Signal, reason: Reason, agent: str | None = None, error: BaseException | None = None
    ) -> None:
        """Keep a signal that went nowhere, and let it be known."""
        letter = DeadLetter(signal, reason, agent, error)
        self.dead_letters.add(letter)
        if self.is_observed and signal.type != DEAD_LETTER:
            self._report(fact(letter))

    def _report(self, signal: Signal) -> None:
        """Show what became of a signal. Whoever has to be told of it comes next, even if the journal fails."""
        try:
            self.observe(signal)
        except Exception as error:  # noqa: BLE001 - the border to user code: a log never stops what it observes
            _LOG.error("journal failed", signal=signal.type, error=repr(error))

    def subscribe(self, pattern: str, subscriber: Subscriber) -> Route[Subscriber]:
        """Let a subscriber see what matches."""
        route = self._subscribers.add(pattern, subscriber)
        self.is_observed = True
        return route

    def unsubscribe(self, route: Route[Subscriber]) -> None:
        self._subscribers.remove(route)
        self.is_observed = self._journal is not None or len(self._subscribers) > 0

    def use(self, middleware: Middleware) -> None:
        """Put a middleware around every delivery from now on, inside those that are there."""
        self._middleware = (*self._middleware, middleware)

    @property
    def is_timed(self) -> bool:
        """Whether an alarm is set for a deadline of asks."""
        return self._next_expiry < math.inf

    @property
    def waiting_asks(self) -> int:
        return len(self._asks)

    # --- the entrance ------------------------------------------------------------------------------------

    def _enter(self, signal: Signal) -> None:
        """Fill in what a signal does not say about where it stands, and check its data."""
        parent = CURRENT_SIGNAL.get()
        if parent is not None or self.spans is not None or (self.is_observed and signal.trace is None):
            self._stamp(signal, parent)
        if signal.type in REGISTERED:
            signal.data = validate_data(signal.type, signal.data)

    def _enter_request(self, signal: Signal, seconds: float) -> Signal:
        """Return a copy of a request with its deadline: the earliest of its own, the asker's and the time-out."""
        request = signal.copy()
        parent = CURRENT_SIGNAL.get()
        deadline = self.clock.now() + seconds
        if request.deadline is not None and request.deadline < deadline:
            deadline = request.deadline
        if parent is not None and parent.deadline is not None and parent.deadline < deadline:
            deadline = parent.deadline
        request.deadline = deadline
        if parent is not None or self.spans is not None:
            self._stamp(request, parent)
        elif request.trace is None:
            request.trace = new_trace()
        if request.type in REGISTERED:
            request.data = validate_data(request.type, request.data)
        return request

    def _stamp(self, signal: Signal, parent: Signal | None) -> None:
        """Set cause, conversation and trace where they are unset: those of the signal being handled, or a new trace.

        A told signal that nobody observes gets its trace from whatever is the first to continue it.
        """
        if parent is not None and signal.causationid is None and parent.id != signal.id:
            signal.causationid = parent.id
            signal.correlationid = signal.correlationid or parent.correlationid or parent.id
        if signal.trace is not None:
            return
        if self.spans is not None:
            signal.trace = self.spans.current()
        elif parent is not None:
            if parent.trace is None:
                parent.trace = new_trace()
            signal.trace = child_span(parent.trace)
        if signal.trace is None:
            signal.trace = new_trace()

    async def _through(self, signal: Signal, forward: Forward) -> Any:
        for middleware in reversed(self._middleware):
            forward = wrap(middleware, forward, self._time_limit)
        return await forward(signal)


def _give_up(room: OneShot) -> None:
    if not room.done():
        room.set_result(None)
