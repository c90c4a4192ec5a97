"""The signal being handled right now, and the spans that an application's tracing sees of it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Protocol

from reflector.signals.signal import Signal
from reflector.signals.traceparent import Trace

__all__ = ["CURRENT_SIGNAL", "SpanMaker", "span_maker"]

CURRENT_SIGNAL: ContextVar[Signal | None] = ContextVar("reflector_current_signal", default=None)
"""Set around every handler; child tasks inherit it."""


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
