"""A streamed answer of litellm's, put together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio

from reflector.errors import LLMConnectionError
from reflector.llm.progress import ModelProgress, Watch

__all__ = ["gather"]


async def gather(stream: Any, watch: Watch) -> Any:
    """Return what a stream brings in the form of a whole response, telling `watch` of every piece.

    However it ends, the connection is given back or closed.

    Raises:
        LLMConnectionError: If the stream ends before the answer does.
    """
    gathered = _Gathered()
    try:
        async for chunk in stream:
            if gathered.take(chunk):
                watch(gathered.progress())
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await close()
    # litellm ends a stream that broke off as if it were complete; it says here what really came.
    if getattr(stream, "received_finish_reason", gathered.finish_reason) is None:
        raise LLMConnectionError("the connection was closed in the middle of a streamed answer")
    return gathered.response(_reported(stream, gathered.usage))


def _reported(stream: Any, usage: Any) -> Any:
    """Return the usage that the server reported: where it said nothing, litellm guesses with a tokenizer of its own."""
    chunks = getattr(stream, "chunks", None)
    if not isinstance(chunks, list):
        return usage
    reported = (getattr(chunk, "usage", None) for chunk in reversed(chunks))
    return next((each for each in reported if getattr(each, "total_tokens", 0)), None)


class _Gathered:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._content: list[str] = []
        self._thinking: list[str] = []
        self._counts = [0, 0]
        self.usage: Any = None
        self._model: str | None = None

    def take(self, chunk: Any) -> bool:
        """Take a chunk; return whether it brought text."""
        self.usage = getattr(chunk, "usage", None) or self.usage
        self._model = getattr(chunk, "model", None) or self._model
        is_text = False
        for choice in getattr(chunk, "choices", None) or ():
            if getattr(choice, "index", 0):  # of several answers the first one is taken, as without a stream
                continue
            self.finish_reason = getattr(choice, "finish_reason", None) or self.finish_reason
            for at, name in enumerate(("content", "reasoning_content")):
                piece = getattr(choice.delta, name, None)
                if isinstance(piece, str) and piece:
                    (self._content, self._thinking)[at].append(piece)
                    self._counts[at] += len(piece)
                    is_text = True
        return is_text

    def progress(self) -> ModelProgress:
        return ModelProgress(characters=self._counts[0], thinking_characters=self._counts[1])

    def response(self, usage: Any) -> Any:
        message = {"content": "".join(self._content), "reasoning_content": "".join(self._thinking) or None}
        choice = {"message": message, "finish_reason": self.finish_reason}
        return SimpleNamespace(choices=[choice], usage=usage, model=self._model)
