"""Providers over standard input and output: one document in and out, or a session of JSON lines with ids."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio

from reflector._json import loads
from reflector.cli.output import print_document
from reflector.errors import InputError, ReflectorError

__all__ = ["MAX_DOCUMENT", "serve"]

MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes of one request."""
_CHUNK = 1 << 18

Answer = Callable[[Any], Awaitable[dict[str, Any]]]
Failure = Callable[[ReflectorError], dict[str, Any]]


async def serve(answer: Answer, failure: Failure, *, session: bool) -> None:
    """Answer what comes on standard input, one after the other, on standard output; errors are answers too.

    Args:
        answer: Makes the answer to a document.
        failure: Makes the answer when that, or reading the document, failed.
        session: Each line is a request, an object whose `id` comes back with its answer, until the input ends. Without
            it all of the input is one request.
    """
    if not session:
        content = bytearray()
        async for chunk in _chunks():
            content += chunk[: MAX_DOCUMENT + 1 - len(content)]
        print_document(await _answered(bytes(content), answer, failure))
        return
    async for line in _lines():
        if line.strip():
            print_document(await _answered(line, answer, failure, has_id=True))


async def _lines() -> AsyncIterator[bytes]:
    """Yield the lines; of one that is too long only so much that it can be seen."""
    parts: list[bytes] = []
    length = 0
    async for chunk in _chunks():
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield b"".join([*parts, end[: MAX_DOCUMENT + 1 - length]])
            parts, length = [], 0
        if rest and length <= MAX_DOCUMENT:
            parts.append(rest)
            length += len(rest)
    yield b"".join(parts)


async def _chunks() -> AsyncIterator[bytes]:
    """Yield what comes on standard input, without a thread that would outlive an interruption."""
    if sys.stdin is None or sys.stdin.closed:
        return
    while True:
        # Files are always ready, and event loops refuse them.
        with contextlib.suppress(OSError, NotImplementedError):
            await anyio.wait_readable(sys.stdin.fileno())
        chunk = os.read(sys.stdin.fileno(), _CHUNK)
        if not chunk:
            return
        yield chunk


async def _answered(
    content: bytes, answer: Answer, failure: Failure, *, has_id: bool = False
) -> dict[str, Any]:
    name: dict[str, Any] = {"id": None} if has_id else {}
    try:
        document = _parsed(content)
        if has_id and isinstance(document, dict) and "id" in document:
            name["id"] = document.pop("id")
        return name | await answer(document)
    except ReflectorError as err:
        return name | failure(err)


def _parsed(content: bytes) -> Any:
    if len(content) > MAX_DOCUMENT:
        raise InputError(f"a request has at most {MAX_DOCUMENT:,} bytes")
    if not content.strip():
        raise InputError("the request is empty; expected a JSON document")
    try:
        return loads(content)
    except ValueError as err:
        raise InputError(f"the request is not JSON: {err}") from None
