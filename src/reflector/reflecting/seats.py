"""A Reflector and its model as agents of a runtime, for as long as one call takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from types import TracebackType

import anyio

from reflector._ids import new_id
from reflector.agents.context import Context
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.dispatch.ledger import active_ledgers
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task
from reflector.llm.client import warm_up
from reflector.llm.messages import MODEL_REQUESTED
from reflector.llm.model import Model
from reflector.llm.model_agent import model_agent
from reflector.reflecting.reflection import Reflection
from reflector.signals.signal import Signal

__all__ = ["Seats", "is_model_served"]

_CARD = ProviderCard()
_NAME, _MODEL = "reflector", "reflector.model"
"""Of the agents, unless others in the runtime have these names."""
_QUESTION = Signal(MODEL_REQUESTED, "/reflector")
"""Only looked at, to find out who would be asked."""


class Seats:
    """Has a Reflector and its model in a runtime for the length of a block.

    They are visited by whoever asks them, which takes no task, and stopped at the end; also when the call is
    cancelled: a question that nobody waits for any more must not be paid.
    """

    def __init__(
        self,
        runtime: Runtime,
        reflection: Callable[[Task, Context], Awaitable[Reflection]],
        model: Model | None,
    ) -> None:
        self._runtime = runtime
        self._reflection = reflection
        self._asked = model
        self._agents: list[AgentRef] = []
        self.reflector = self.model = Limits()
        """What leads a task to the Reflector, and to its model."""

    async def __aenter__(self) -> Seats:
        model, runtime = self._asked, self._runtime
        if model is not None and not runtime.handles(_QUESTION):
            # Loading a client's library takes seconds; that must not count as time the model takes.
            await warm_up(model)
        is_free = runtime.find(_NAME) is runtime.find(_MODEL) is None
        name = _NAME if is_free else new_id(_NAME)
        self.reflector, self.model = _only(name), _only(f"{name}.model")
        await self._seat(name, "reflection", self._reflection, _CARD)
        if model is not None:
            # An agent may not see the context of who asks it, so the ledgers of this one are handed over.
            model = model.charged_to(*active_ledgers())
            await self._seat(f"{name}.model", "model", model_agent(model), model.card)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._stop()
        finally:
            if self._agents:
                with anyio.CancelScope(shield=True):
                    await self._stop()

    async def _seat(
        self, name: str, kind: str, work: Callable[[Task, Context], object], card: ProviderCard
    ) -> None:
        self._agents.append(
            await self._runtime.spawn(work, name=name, accepts=(kind,), card=card, is_visited=True)
        )

    async def _stop(self) -> None:
        while self._agents:
            await self._agents[-1].stop(drain=0.0)
            self._agents.pop()


def is_model_served(runtime: Runtime) -> bool:
    """Return whether somebody in a runtime answers questions to a model."""
    return runtime.handles(_QUESTION) or bool(runtime.providers("model"))


@lru_cache(64)
def _only(name: str) -> Limits:
    """Return the limits that lead a task to one agent."""
    return Limits(providers=(name,))
