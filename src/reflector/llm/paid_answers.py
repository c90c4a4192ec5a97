"""Answers of models as a view of the store: the same question to the same model is paid once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from reflector.dispatch.store import AnswerStore, fingerprint_of
from reflector.errors import LLMError, StoreDamagedError
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.usage import Usage

__all__ = ["answer_once", "request_fingerprint"]

_NOT_ASKED = frozenset({"model", "timeout", "role"})
"""Fields of a request that change nothing about its answer."""

_FREE = Usage(input_tokens=0, output_tokens=0, calls=0, cost_usd=0.0)


def request_fingerprint(client: Any, request: ModelRequest) -> str:
    """Return the fingerprint of a question to a client: its name, its server, and all that is asked.

    A client is known by its `name`, and by its `base_url` if it has one; a plain function by its name alone.
    """
    server = urlsplit(str(getattr(client, "base_url", None) or ""))
    asked = {
        "model": client.name,
        "server": f"{server.hostname or ''}:{server.port or ''}{server.path.rstrip('/')}",
        **request.model_dump(mode="json", exclude=set(_NOT_ASKED)),
    }
    if request.model not in (None, client.name):
        asked["model_in_mind"] = request.model
    return fingerprint_of("model", asked)


async def answer_once(
    store: AnswerStore, client: Any, request: ModelRequest, ask: Callable[[], Awaitable[ModelReply]]
) -> ModelReply:
    """Return the stored answer, marked `cached` and free, else what `ask` returns, which is kept.

    Raises:
        NotStoredError: If the store only replays and does not hold it.
        StoreDamagedError: If what it holds is no answer of a model.
        LLMError: What `ask` raises, here or for somebody else who asked the same at the same time and pays for it.
    """
    is_ours = False

    async def compute() -> Any:
        nonlocal is_ours
        is_ours = True
        return (await ask()).model_dump(mode="json")

    try:
        stored = await store.once(request_fingerprint(client, request), compute)
    except LLMError as err:
        if not is_ours:
            err.usage, err.was_sent = _FREE, False
        raise
    try:
        reply = ModelReply.model_validate(stored.value)
    except ValidationError as err:
        reason = err.errors()[0]["msg"]
        raise StoreDamagedError(f"{store!r} holds what is no answer of a model: {reason}") from err
    return reply.model_copy(update={"usage": _FREE, "cached": True}) if stored.is_hit else reply
