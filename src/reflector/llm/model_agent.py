"""The provider of tasks of kind `model`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from reflector.agents.context import Context
from reflector.dispatch.task import Task
from reflector.llm.client import LLMClient, ModelFunction
from reflector.llm.messages import ModelRequest
from reflector.llm.model import as_model

__all__ = ["model_agent", "read_request"]

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
        reply = await asked.complete(read_request(task.payload))
        return reply.model_dump(mode="json")

    return ask


def read_request(data: Any) -> ModelRequest:
    """Return the request that a signal carries.

    Raises:
        LLMBadRequestError: If the data is not that of a `ModelRequest`.
    """
    return ModelRequest.model_validate(data)
