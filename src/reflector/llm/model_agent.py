"""The provider of tasks of kind `model`: the one place where a client is called."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from reflector.agents.context import Context
from reflector.dispatch.task import Task
from reflector.errors import LLMTimeoutError, ReflectorError
from reflector.llm.client import LLMClient, as_client, call_client, warm_up
from reflector.llm.failures import llm_error
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.secrets import is_clean
from reflector.llm.wording import show_model

__all__ = ["ask_client", "model_agent", "read_request"]

Provider = Callable[[Task, Context], Awaitable[dict[str, Any]]]


def model_agent(
    model: LLMClient | Callable[..., Any], *, clock: Callable[[], float] = time.perf_counter
) -> Provider:
    """Return the provider that does tasks of kind `model`: their payload is a `ModelRequest`.

    What it returns becomes the data of `reflector.model.completed`: a `ModelReply` as plain data.

    ```python
    await runtime.spawn(model_agent(client), name="model", accepts=["model"], card=ProviderCard(running=8))
    ```
    """
    client = as_client(model)

    async def ask(task: Task, context: Context) -> dict[str, Any]:
        reply = await ask_client(client, read_request(task.payload), clock=clock)
        return reply.model_dump(mode="json")

    return ask


def read_request(data: Any) -> ModelRequest:
    """Return the request that a signal carries.

    Raises:
        LLMBadRequestError: If the data is not that of a `ModelRequest`.
    """
    return ModelRequest.model_validate(data)


async def ask_client(
    client: LLMClient, request: ModelRequest, *, clock: Callable[[], float] = time.perf_counter
) -> ModelReply:
    """Return the client's answer, timed, within the request's own time limit.

    A client with `async def warmup()` is warmed up first, outside of that limit: loading a library is
    not the model's time.

    Raises:
        LLMTimeoutError: If the limit passes. The call is cancelled.
        LLMError: Whatever else the client raised, as one of ours and without keys.
    """
    await warm_up(client)
    begun = clock()
    with anyio.move_on_after(request.timeout):
        reply = await _call(client, request)
        if reply.duration_ms is not None:
            return reply
        return reply.model_copy(update={"duration_ms": (clock() - begun) * 1000})
    raise LLMTimeoutError(
        f"{show_model(client.name)} did not answer within {request.timeout:g} s.", model=client.name
    )


async def _call(client: LLMClient, request: ModelRequest) -> ModelReply:
    try:
        return await call_client(client, request)
    except ReflectorError:
        raise
    except Exception as err:  # noqa: BLE001 - the border to other people's clients: everything is re-typed below
        failure, cause = llm_error(err, model=client.name), err if is_clean(err) else None
    # Outside of the handler, so that an original that quotes a key does not hang on as its context.
    raise failure from cause
