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
    "Trace",
    "child_span",
    "current_signal",
    "new_trace",
    "parse_traceparent",
    "span_maker",
    "traceparent",
]

CURRENT_SIGNAL: ContextVar[Signal | None] = ContextVar("reflector_current_signal", default=None)
"""Set around every handler; child tasks inherit it."""

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")

# Ids only have to differ, and this is ten times cheaper than asking the system for each.
_random = random.Random(os.urandom(16))
os.register_at_fork(after_in_child=lambda: _random.seed(os.urandom(16)))
_bits = _random.getrandbits


Trace = tuple[int, int, int, str | None]
"""Trace id, span id, flags, tracestate: one span of one trace. Numbers in a plain tuple, because every request makes
two of them and most are never written down."""


def new_trace() -> Trace:
    """Return the first span of a new trace."""
    return (_bits(128) or 1, _bits(64) or 1, 1, None)


def child_span(trace: Trace) -> Trace:
    """Return a new span of the same trace."""
    return (trace[0], _bits(64) or 1, trace[2], trace[3])


def traceparent(trace: Trace) -> str:
    """Return the header's text, version 00."""
    return f"00-{trace[0]:032x}-{trace[1]:016x}-{trace[2]:02x}"


def parse_traceparent(text: str, state: str | None = None) -> Trace | None:
    """Return the span that a `traceparent` names, or None if it is malformed: the standard says to start anew then.

    Source: W3C Trace Context, 3.2. Later versions may append fields; version ff and all-zero ids are invalid.
    """
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return (int(trace_id, 16), int(span_id, 16), int(flags, 16), state)


def current_signal() -> Signal | None:
    """Return the signal that the running handler was given, or None outside of handlers."""
    return CURRENT_SIGNAL.get()


class SpanMaker(Protocol):
    """Shows the work of handlers to whatever the application uses for tracing."""

    def span(self, signal: Signal, agent: str) -> AbstractContextManager[Any]:
        """Open a span for the handling of a signal, as a child of the span that sent it."""
        ...

    def current(self) -> Trace | None:
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
            trace_id, span_id, flags, _ = signal.trace
            sender = api.SpanContext(trace_id, span_id, is_remote=True, trace_flags=api.TraceFlags(flags))
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

    def current(self) -> Trace | None:
        span = self._api.get_current_span().get_span_context()
        return (span.trace_id, span.span_id, int(span.trace_flags), None) if span.is_valid else None
