"""W3C Trace Context: where a signal stands in a trace."""

from __future__ import annotations

import os
import random
import re

__all__ = ["Trace", "child_span", "format_traceparent", "new_trace", "parse_traceparent"]

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FLAGS = tuple(f"{flags:02x}" for flags in range(256))

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


def format_traceparent(trace: Trace) -> str:
    """Return the header's text, version 00."""
    return f"00-{trace[0].to_bytes(16).hex()}-{trace[1].to_bytes(8).hex()}-{_FLAGS[trace[2]]}"


def parse_traceparent(text: str, state: str | None = None) -> Trace | None:
    """Return the span that a `traceparent` names, or None if it is malformed: the standard says to start anew then.

    Source: W3C Trace Context, 3.2. Later versions may append fields; version ff and all-zero ids are invalid.
    """
    found = _TRACEPARENT.fullmatch(text)
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    trace, span = int(trace_id, 16), int(span_id, 16)
    if version == "ff" or (version == "00" and more) or not trace or not span:
        return None
    return (trace, span, int(flags, 16), state)
