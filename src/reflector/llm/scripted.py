"""A model that answers what it is told to: for tests, examples and replays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import anyio.lowlevel

from reflector._text import estimate_tokens, shorten
from reflector.errors import ConfigurationError, LLMError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.replies import read_reply
from reflector.usage import Usage

__all__ = ["ScriptedClient"]


class ScriptedClient:
    """Answers from a script and records what it was asked.

    Args:
        replies: Either a list, used up in order, of texts, other replies that `read_reply`
            understands, and exceptions to raise; or a function from `ModelRequest` to one of these
            (sync or async), asked every time.
        name: The model's name.

    Attributes:
        requests: Every request, in order of arrival.

    Replies without a usage get one from a rough count of the texts, so that sums can be tested.

    >>> import anyio
    >>> client = ScriptedClient(["Hello."])
    >>> anyio.run(client.complete, ModelRequest.from_text("Greet me.")).content
    'Hello.'
    """

    def __init__(
        self, replies: Iterable[Any] | Callable[[ModelRequest], Any], *, name: str = "scripted"
    ) -> None:
        if isinstance(replies, str | bytes | dict) or not (
            callable(replies) or isinstance(replies, Iterable)
        ):
            raise ConfigurationError(
                "a script is a list of replies or a function from a request to a reply; "
                f"got {shorten(repr(replies), 80)}."
            )
        self.name = name
        self.requests: list[ModelRequest] = []
        self._function = replies if callable(replies) else None
        self._replies = () if callable(replies) else tuple(replies)

    def __repr__(self) -> str:
        return f"ScriptedClient(name={self.name!r}, requests={len(self.requests)})"

    @property
    def remaining(self) -> int | None:
        """Replies that were not asked for yet, or None when a function answers."""
        return None if self._function else max(0, len(self._replies) - len(self.requests))

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Return the next reply of the script, or raise the exception that stands there.

        Raises:
            LLMError: If the script has run out.
        """
        self.requests.append(request)
        index = len(self.requests) - 1
        await anyio.lowlevel.checkpoint()
        answer = self._function(request) if self._function else self._at(index)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, BaseException) or (
            isinstance(answer, type) and issubclass(answer, BaseException)
        ):
            raise answer
        return _with_usage(read_reply(answer, model=self.name), request)

    def _at(self, index: int) -> Any:
        if index >= len(self._replies):
            raise LLMError(
                f"the script of {self.name!r} holds {len(self._replies)} replies and this is request "
                f"{index + 1}; add a reply, or give a function to answer every request.",
                model=self.name,
            )
        return self._replies[index]


def _with_usage(reply: ModelReply, request: ModelRequest) -> ModelReply:
    if reply.usage.input_tokens is not None or reply.usage.output_tokens is not None:
        return reply
    usage = Usage(
        input_tokens=sum(estimate_tokens(message.content) for message in request.messages),
        output_tokens=estimate_tokens(reply.content),
        calls=1,
    )
    return reply.model_copy(update={"usage": usage})
