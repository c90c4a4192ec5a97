"""The simulated models behind a real server on loopback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reflector.errors import LLMBadRequestError
from reflector.llm.messages import Message, ModelRequest
from reflector.simulation.models import SimulatedModel
from reflector.testing.answers import Answer, bad_request, rate_limited, reply, reset, server_error
from reflector.testing.loopback import LoopbackRequest

__all__ = ["answer_over_http"]


def answer_over_http(task: SimulatedModel, reflection: SimulatedModel) -> Callable[[LoopbackRequest], Answer]:
    """Return the script of a `LoopbackServer`: a model whose name holds `reflect` is the reflection model."""

    def answer(request: LoopbackRequest) -> Answer:
        model = reflection if "reflect" in str(request.body.get("model", "")) else task
        try:
            question = _read(request)
        except LLMBadRequestError as err:
            return bad_request(str(err))
        served = model.serve(question)
        answers = {
            "rate_limited": rate_limited(model.faults.retry_after),
            "server_error": server_error(),
            "reset": reset(),
        }
        if served.fault is not None:
            return answers[served.fault].after(served.delay)
        read = served.usage.input_tokens or 0
        done = reply(served.content, finish_reason=served.finish_reason, model=model.name, input_tokens=read)
        return done.after(served.delay)

    return answer


def _read(request: LoopbackRequest) -> ModelRequest:
    messages = [
        Message(role=message.get("role", "user"), content=_text(message.get("content")))
        for message in request.messages
    ]
    limit = request.body.get("max_tokens") or request.body.get("max_completion_tokens")
    return ModelRequest(messages=tuple(messages), max_tokens=limit if isinstance(limit, int) else None)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""
