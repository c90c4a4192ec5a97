"""The provider of tasks of kind `model`."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from reflector.agents.ambient import current_runtime
from reflector.agents.context import Context
from reflector.dispatch.task import Task
from reflector.errors import RuntimeClosedError
from reflector.llm.client import LLMClient, ModelFunction
from reflector.llm.messages import ModelRequest
from reflector.llm.model import as_model
from reflector.llm.progress import MODEL_PROGRESSED, ModelProgress, Watch, watched
from reflector.signals.signal import Signal

__all__ = ["model_agent", "read_request"]

_PAUSE = 0.1

Provider = Callable[[Task, Context], Awaitable[dict[str, Any]]]


def model_agent(model: LLMClient | ModelFunction) -> Provider:
    """Return the provider that does tasks of kind `model`: their payload is a `ModelRequest`.

    What it returns becomes the data of `reflector.model.completed`: a `ModelReply` as plain data. Limits, retries,
    budget and ledger are those of the `Model`; any other client gets a `Model` with the default options.

    ```python
    model = rf.Model("openai/gpt-5")
    await runtime.spawn(model_agent(model), name="model", accepts=["model"], card=model.card)
    ```
    """
    asked = as_model(model)

    async def ask(task: Task, context: Context) -> dict[str, Any]:
        request = read_request(task.payload)
        runtime = current_runtime()
        if runtime is not None and runtime.is_awaited(MODEL_PROGRESSED):
            with watched(_announcer(context)):
                reply = await asked.complete(request)
        else:
            reply = await asked.complete(request)
        return reply.to_data()

    return ask


def _announcer(context: Context) -> Watch:
    """Return what announces the progress of the call that is being handled: the first piece, then ten a second."""
    asked, clock = context.signal, context.runtime.clock
    assert asked is not None
    due = -math.inf

    def announce(progress: ModelProgress) -> None:
        nonlocal due
        if (now := clock.now()) < due:
            return
        due = now + _PAUSE
        signal = Signal(
            MODEL_PROGRESSED, f"/agents/{context.ref.name}", progress.model_dump(), subject=asked.subject
        )
        signal.causationid, signal.correlationid = asked.id, asked.correlationid or asked.id
        with suppress(
            RuntimeClosedError
        ):  # a piece from trio's other thread may come after the call was cancelled
            context.runtime.announce(signal)

    return announce


def read_request(data: Any) -> ModelRequest:
    """Return the request that a signal carries.

    Raises:
        LLMBadRequestError: If the data is not that of a `ModelRequest`.
    """
    return ModelRequest.model_validate(data)
