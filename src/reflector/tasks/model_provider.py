"""The provider that asks a model about code and prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from reflector._ids import new_id
from reflector._json import dumps
from reflector.agents.agent import Agent
from reflector.agents.context import Context
from reflector.dispatch.dispatching import execute
from reflector.dispatch.task import Limits, Task, TaskOutput
from reflector.errors import InputError, UnparsableReflectionError
from reflector.llm.messages import Message, ModelReply, ModelRequest
from reflector.llm.model import Model
from reflector.llm.model_agent import model_agent
from reflector.llm.replies import read_reply
from reflector.reflecting.reflector import Reflector, ReflectorOptions
from reflector.reflection.answer_schema import answer_format
from reflector.signals.signal import Signal
from reflector.tasks.code_answers import read_code_evolution, read_code_reflection
from reflector.tasks.code_prompt import evolution_messages, reflection_messages
from reflector.tasks.payloads import CodeEvolutionTask, CodeReflectionTask, PromptReflectionTask, payload_of
from reflector.usage import Usage

__all__ = ["MODEL_KINDS", "ModelProvider", "reflect_on_runs"]

MODEL_KINDS = (PromptReflectionTask.kind, CodeReflectionTask.kind, CodeEvolutionTask.kind)
"""The kinds of task that a model can do."""

_GRACE = 5.0
"""Seconds that the request to the model waits longer than the client: the more exact error arrives first."""


class ModelProvider(Agent):
    """Does tasks about prompts and code by asking a model, which is an agent of its own beside it.

    ```python
    model = rf.Model("openai/gpt-5")
    await runtime.spawn(partial(ModelProvider, model), name="gpt", accepts=MODEL_KINDS, card=model.card)
    ```

    Values are a `Reflection`, a `CodeReflection` or a `CodeEvolution`; the usage is that of the model's answers. An
    answer that cannot be read is asked for again, as often as the options allow.
    """

    def __init__(self, model: Model, options: ReflectorOptions | None = None) -> None:
        self._model = model
        self._options = options or ReflectorOptions(tries=2)
        self._reflector = Reflector(model, options=self._options)
        self._limits = Limits()

    async def on_start(self, context: Context) -> None:
        name = new_id(f"{context.ref.name}.model")
        await context.runtime.spawn(
            model_agent(self._model), name=name, accepts=["model"], card=self._model.card
        )
        self._limits = Limits(providers=(name,))

    async def receive(self, signal: Signal, context: Context) -> TaskOutput:
        task = Task.from_signal(signal)
        payload, goal = payload_of(task), str(task.metadata.get("goal", ""))
        if isinstance(payload, CodeReflectionTask):
            chunks = payload.code_chunks
            return await self._ask(
                reflection_messages(payload, goal),
                lambda reply: read_code_reflection(reply.content, chunks, finish_reason=reply.finish_reason),
                answer_format(),
            )
        if isinstance(payload, CodeEvolutionTask):
            snippet = payload
            return await self._ask(
                evolution_messages(payload, goal),
                lambda reply: read_code_evolution(reply.content, snippet, is_truncated=reply.is_truncated),
                None,
            )
        if isinstance(payload, PromptReflectionTask):
            return await reflect_on_runs(self._reflector, payload)
        raise InputError(f"a model does tasks of kind {', '.join(MODEL_KINDS)}; got {task.kind!r}.")

    async def _ask(
        self,
        messages: Sequence[Message],
        read: Callable[[ModelReply], Any],
        response_format: dict[str, Any] | None,
    ) -> TaskOutput:
        await self._model.warmup()  # loading its library is not time that the model takes
        usage = Usage()
        for tried in range(self._options.tries):
            reply = await self._reply(messages, response_format, tried)
            usage += reply.usage
            try:
                return TaskOutput(value=read(reply), usage=usage)
            except UnparsableReflectionError as err:
                err.usage, unreadable = usage, err
        raise unreadable

    async def _reply(
        self, messages: Sequence[Message], response_format: dict[str, Any] | None, tried: int
    ) -> ModelReply:
        options = self._options
        request = ModelRequest(
            messages=tuple(messages),
            model=self._model.name,
            temperature=options.temperature_for((), tried),
            max_tokens=options.max_tokens,
            response_format=response_format,
            seed=options.seed,
            extra=dict(options.extra),
            sample=tried,
            role="code",
            timeout=options.timeout,
        )
        task = Task(kind="model", payload=request.model_dump(mode="json"), limits=self._limits)
        result = await execute(task, timeout=options.timeout + _GRACE)
        return read_reply(result.value, model=self._model.name)


async def reflect_on_runs(reflector: Reflector, task: PromptReflectionTask) -> TaskOutput:
    """Return what a Reflector says about the runs of a task, which are documents and never names of files."""
    documents = [run.encode() if isinstance(run, str) else dumps(run) for run in task.runs]
    reflection = await reflector.reflect(
        documents, prompt=task.prompt, task=task.task, verbosity=task.verbosity, focus_areas=task.focus_areas
    )
    return TaskOutput(value=reflection, usage=reflection.usage)
