"""Where a signal stands in a trace (W3C Trace Context), and the signal being handled right now."""

from __future__ import annotations

import os
import random
import re
import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from reflector.signals.signal import Signal

__all__ = [
    "CURRENT_SIGNAL",
    "SpanMaker",
    "TraceContext",
    "current_signal",
    "new_trace",
    "parse_traceparent",
    "span_maker",
]

CURRENT_SIGNAL: ContextVar[Signal | None] = ContextVar("reflector_current_signal", default=None)
"""Set around every handler; child tasks inherit it."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

# Ids only have to differ, and this is ten times cheaper than asking the system for each.
_random = random.Random(os.urandom(16))
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(16)))
_bits = _random.getrandbits


class TraceContext:
    """One span of one trace. Numbers instead of text: most of them are never written down."""

    __slots__ = ("flags", "span_id", "state", "trace_id")

    def __init__(self, trace_id: int, span_id: int, flags: int = 1, state: str | None = None) -> None:
        self.trace_id = trace_id
        self.span_id = span_id
        self.flags = flags
        self.state = state

    def child(self) -> TraceContext:
        """Return a new span of the same trace."""
        return TraceContext(self.trace_id, _bits(64) or 1, self.flags, self.state)

    @property
    def traceparent(self) -> str:
        """The header's text, version 00."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{self.flags:02x}"

    def __repr__(self) -> str:
        return f"TraceContext({self.traceparent!r})"


def new_trace() -> TraceContext:
    """Return the first span of a new trace."""
    return TraceContext(_bits(128) or 1, _bits(64) or 1)


def parse_traceparent(text: str, state: str | None = None) -> TraceContext | None:
    """Return the span that a `traceparent` names, or None if it is malformed: the standard says to start anew then.

    Source: W3C Trace Context, 3.2. Later versions may append fields; version ff and all-zero ids are invalid.
    """
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceContext(int(trace_id, 16), int(span_id, 16), int(flags, 16), state)


def current_signal() -> Signal | None:
    """Return the signal that the running handler was given, or None outside of handlers."""
    return CURRENT_SIGNAL.get()


class SpanMaker(Protocol):
    """Shows the work of handlers to whatever the application uses for tracing."""

    def span(self, signal: Signal, agent: str) -> AbstractContextManager[Any]:
        """Open a span for the handling of a signal, as a child of the span that sent it."""
        ...

    def current(self) -> TraceContext | None:
        """Return the application's current span, or None."""
        ...


def span_maker() -> SpanMaker | None:
    """Return OpenTelemetry's spans if the application has set it up, else None. The one door to it.

    Nothing is imported that the application has not imported before.
    """
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    return _OpenTelemetry(trace)


class _OpenTelemetry:
    def __init__(self, api: Any) -> None:
        self._api = api
        self._tracer = api.get_tracer("reflector")

    def span(self, signal: Signal, agent: str) -> AbstractContextManager[Any]:
        api, parent = self._api, None
        if signal.trace is not None:
            sender = api.SpanContext(
                signal.trace.trace_id,
                signal.trace.span_id,
                is_remote=True,
                trace_flags=api.TraceFlags(signal.trace.flags),
            )
            parent = api.set_span_in_context(api.NonRecordingSpan(sender))
        attributes = {
            "reflector.agent": agent,
            "cloudevents.event_id": signal.id,
            "cloudevents.event_type": signal.type,
        }
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            f"handle {signal.type}", context=parent, kind=api.SpanKind.CONSUMER, attributes=attributes
        )
        return span

    def current(self) -> TraceContext | None:
        span = self._api.get_current_span().get_span_context()
        return TraceContext(span.trace_id, span.span_id, int(span.trace_flags)) if span.is_valid else None
