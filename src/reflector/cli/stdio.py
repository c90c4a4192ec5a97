"""Providers over standard input and output: one document in and out, or a session of JSON lines with ids."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread

from reflector._json import loads
from reflector.cli.output import print_document
from reflector.errors import InputError, ReflectorError

__all__ = ["MAX_DOCUMENT", "serve"]

MAX_DOCUMENT = 256 * 1024 * 1024
"""Bytes of one request."""

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
        content = await _read(lambda: sys.stdin.buffer.read(MAX_DOCUMENT + 1))
        print_document(await _answered(content, answer, failure))
        return
    while line := await _read(lambda: sys.stdin.buffer.readline(MAX_DOCUMENT + 1)):
        if line.strip():
            print_document(await _answered(line, answer, failure, has_id=True))
        while len(line) > MAX_DOCUMENT and not line.endswith(b"\n"):
            line = await _read(lambda: sys.stdin.buffer.readline(MAX_DOCUMENT + 1))


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


async def _read(read: Callable[[], bytes]) -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        return b""
    return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)
