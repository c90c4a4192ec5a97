"""Spans of whatever the application traces with; nothing is imported for it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import anyio
import pytest

from reflector.agents.context import Context
from reflector.agents.runtime import Runtime
from reflector.signals.signal import Signal
from reflector.signals.trace import span_maker

pytestmark = pytest.mark.anyio


def test_a_runtime_imports_neither_opentelemetry_nor_structlog() -> None:
    script = """
import sys, anyio
from reflector.agents.runtime import Runtime
from reflector.signals.signal import Signal

async def main():
    async with Runtime() as runtime:
        ref = await runtime.spawn(lambda signal, context: signal.data)
        await ref.ask(Signal("a", "/test", 1))

anyio.run(main)
print([name for name in ("opentelemetry", "structlog", "trio", "numpy") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_a_provider_there_are_no_spans() -> None:
    pytest.importorskip("opentelemetry.trace")
    assert span_maker() is None


async def test_spans_follow_the_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider made of the API's own parts: it numbers spans and remembers whose child each is."""
    api = pytest.importorskip("opentelemetry.trace")
    spans: list[tuple[str, int, int]] = []

    class Tracer(api.Tracer):  # type: ignore[misc, name-defined]  the API is optional
        def start_span(self, name: str, context: Any = None, **options: Any) -> Any:
            parent = api.get_current_span(context).get_span_context()
            made = api.SpanContext(parent.trace_id or 77, len(spans) + 1, False, api.TraceFlags(1))
            spans.append((name, made.span_id, parent.span_id))
            return api.NonRecordingSpan(made)

        def start_as_current_span(self, name: str, context: Any = None, **options: Any) -> Any:
            return api.use_span(self.start_span(name, context))

    class Provider(api.TracerProvider):  # type: ignore[misc, name-defined]  the API is optional
        def get_tracer(self, *names: Any, **options: Any) -> Any:
            return Tracer()

    provider = Provider()
    monkeypatch.setattr(api, "get_tracer_provider", lambda: provider)

    async def outer(signal: Signal, context: Context) -> Any:
        return (await context.request(Signal("inner", "/test"))).data

    async with Runtime() as runtime:
        await runtime.spawn(outer, handles="outer")
        await runtime.spawn(lambda signal, context: signal.traceparent, handles="inner")
        with Tracer().start_as_current_span("application"):
            reply = await runtime.request(Signal("outer", "/test"))
    assert spans == [("application", 1, 0), ("handle outer", 2, 1), ("handle inner", 3, 2)]
    assert reply.data == f"00-{77:032x}-{2:016x}-01"
    await anyio.lowlevel.checkpoint()
