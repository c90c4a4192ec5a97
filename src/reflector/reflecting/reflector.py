"""The Reflector: the agent that answers `reflector.reflection.requested`."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from reflector._ids import new_id
from reflector._text import shorten
from reflector.agents.ambient import ambient_runtime
from reflector.agents.context import Context
from reflector.agents.portal import run_sync
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.ledger import Ledger, active_ledgers
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task
from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.errors import ConfigurationError, InputError, NoModelWarning, UnsupportedReplyError
from reflector.llm.client import LLMClient, ModelFunction, warm_up
from reflector.llm.messages import MODEL_REQUESTED, Message, ModelReply, ModelRequest
from reflector.llm.model_agent import model_agent
from reflector.llm.replies import read_reply
from reflector.llm.selection import RULES, resolve_model
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.runs import Runs, build_request, read_runs
from reflector.reflection.models import ParsedReflection, ReflectionRequest, Verbosity
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.rules import reflect_by_rules
from reflector.reflection.suggestion_parser import parse_reflection
from reflector.signals.signal import Signal
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["REFLECTION_REQUESTED", "Reflector", "ReflectorOptions"]

REFLECTION_REQUESTED = "reflector.reflection.requested"
"""Type of the signal whose data is a `ReflectionRequest` and whose answer carries a `Reflection`."""

_CARD = ProviderCard()

_GRACE = 5.0
"""Seconds that the request to the model waits longer than the client, and the request to the Reflector again: the more
exact error arrives first."""

_LONG = 2_000
"""Steps or runs from which on the analysis goes to a worker thread."""

_NO_MODEL = (
    "no model is configured (model= or --model, or REFLECTOR_MODEL in the environment): "
    "the rules answer, not a language model. the model 'rules' says so without this warning."
)


@dataclass(frozen=True, slots=True)
class ReflectorOptions:
    """How a Reflector asks."""

    temperature: float | None = 0.3
    """As in Jido's GEPA."""
    max_tokens: int | None = 8_000
    """Upper limit of the answer; a model's own reasoning counts."""
    timeout: float = 120.0
    """Seconds for the model's answer, retries included."""
    strict: bool = False
    """Take exact JSON with known enum values only."""

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ConfigurationError(f"timeout is a positive number of seconds; got {self.timeout!r}.")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigurationError(
                f"max_tokens is at least 1, or None for no limit; got {self.max_tokens!r}."
            )
        if self.temperature is not None and not self.temperature >= 0:
            raise ConfigurationError(f"temperature is at least 0, or None; got {self.temperature!r}.")


class Reflector:
    """Finds out what a prompt did wrong in a run, and changes it.

    It is a provider of tasks of kind `reflection`, and its model one of kind `model`: `reflect` is a request signal to
    it, and it asks the model by a request signal. An agent that handles `reflector.model.requested` is asked instead
    of the model. It joins the ambient `Runtime`, or opens a private one for the call. One object may serve many
    calls, tasks and event loops.

    Args:
        model: A model's name, `"rules"`, a `Model`, an `LLMClient`, or a function from messages to text. None:
            `REFLECTOR_MODEL` of the environment; without it an agent of the ambient runtime that handles
            `reflector.model.requested`, and without that the rules, with a `NoModelWarning`.
        base_url: Where an OpenAI-compatible server listens.
        api_key: Its key; None takes the variable that the provider defines.
        prompt_builder: Writes the prompts.
        options: Temperature, limits and time.
        edits: How suggestions become edits.

    Raises:
        ConfigurationError: If the model is none of these, or the settings contradict each other.
    """

    def __init__(
        self,
        model: str | LLMClient | ModelFunction | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        prompt_builder: PromptBuilder | None = None,
        options: ReflectorOptions | None = None,
        edits: EditConfig | None = None,
    ) -> None:
        choice = resolve_model(model, base_url=base_url, api_key=api_key)
        self._client = choice.client
        self._is_unconfigured = choice.warned
        self._builder = prompt_builder or PromptBuilder()
        self._options = options or ReflectorOptions()
        self._edits = edits or EditConfig()
        self.model: str = choice.name
        """The name of the model that is asked; `rules` for none."""

    @property
    def ledger(self) -> Ledger | None:
        """What its model was asked for and what that cost; None for the rules."""
        return None if self._client is None else self._client.ledger

    def __repr__(self) -> str:
        return f"Reflector(model={self.model!r})"

    async def reflect(
        self,
        runs: Runs,
        *,
        prompt: str | None = None,
        task: str | None = None,
        verbosity: Verbosity | str = Verbosity.NORMAL,
        focus_areas: Iterable[str] = (),
    ) -> Reflection:
        """Return what the prompt did wrong in the runs, and what to change.

        Args:
            runs: A path, the bytes of a file, chat messages, a `Trajectory`, a `TrajectoryAnalysis`, or a list of
                these. Of several runs, the failed one with the gravest findings is reflected on; the other failed
                ones add evidence, a passing one is what it is compared with. An unknown outcome counts as failed.
            prompt: The prompt that was used; None takes the one in the run's record.
            task: What the agent was asked to do.
            verbosity: How much of the runs the model reads: `brief`, `normal` or `detailed`.
            focus_areas: What to look at first.

        Raises:
            InputError: If the runs cannot be read, there is no prompt, or an option is not one of its values.
            LLMError: If the model could not be asked.
            UnparsableReflectionError: If its answer holds no reflection.
            AskTimeoutError: If nobody answered within the time.
        """
        request = await _request(
            runs,
            prompt=prompt,
            task_description=_task(task),
            verbosity=_verbosity(verbosity),
            focus_areas=_focus_areas(focus_areas),
        )
        limit = self._options.timeout + 2 * _GRACE
        async with ambient_runtime() as runtime, self._seated(runtime) as seat:
            result = await execute(Task(kind="reflection", payload=request, limits=seat), timeout=limit)
        if not isinstance(result.value, Reflection):
            raise UnsupportedReplyError(
                f"{result.provider} answered {REFLECTION_REQUESTED} with {type(result.value).__name__}; "
                "expected a Reflection."
            )
        return result.value

    def reflect_sync(
        self,
        runs: Runs,
        *,
        prompt: str | None = None,
        task: str | None = None,
        verbosity: Verbosity | str = Verbosity.NORMAL,
        focus_areas: Iterable[str] = (),
    ) -> Reflection:
        """Return what `reflect` returns, for code that does not await. Works beside a running event loop too."""
        call = partial(
            self.reflect, runs, prompt=prompt, task=task, verbosity=verbosity, focus_areas=focus_areas
        )
        return run_sync(call)

    @asynccontextmanager
    async def _seated(self, runtime: Runtime) -> AsyncIterator[Limits]:
        """Have this Reflector and its model in a runtime for one call; yield the limits that lead a task to it."""
        question = Signal(MODEL_REQUESTED, "/reflector")
        is_model_served = runtime.handles(question) or bool(runtime.providers("model"))
        asks_served = self._is_unconfigured and is_model_served
        if self._is_unconfigured and not is_model_served:
            warnings.warn(_NO_MODEL, NoModelWarning, stacklevel=2)
        name = new_id("reflector")
        model_limits = None if asks_served else Limits(providers=(f"{name}.model",))

        async def reflection(task: Task, context: Context) -> Reflection:
            return await self._answer(
                task.payload, model_limits, by_rules=self._client is None and not asks_served
            )

        agents = [await runtime.spawn(reflection, name=name, accepts=["reflection"], card=_CARD)]
        if self._client is not None:
            if not runtime.handles(question):
                # Loading a client's library takes seconds; that must not count as time the model takes.
                await warm_up(self._client)
            # An agent's task does not see the context of who asks it, so the ledgers of this one are handed over.
            model = self._client.charged_to(*active_ledgers())
            agents.append(
                await runtime.spawn(
                    model_agent(model), name=f"{name}.model", accepts=["model"], card=model.card
                )
            )
        try:
            yield Limits(providers=(name,))
        finally:
            # Also when the call is cancelled: a question that nobody waits for any more must not be paid.
            with anyio.CancelScope(shield=True):
                for agent in reversed(agents):
                    await agent.stop(drain=0.0)

    async def _answer(
        self, request: ReflectionRequest, model_limits: Limits | None, *, by_rules: bool
    ) -> Reflection:
        """Do a task of kind `reflection`."""
        started = time.perf_counter()
        if by_rules:
            parsed, model, usage, cached = reflect_by_rules(request), RULES, Usage(), False
        else:
            reply, provider = await self._ask_model(request, model_limits)
            parsed = parse_reflection(
                reply.content, strict=self._options.strict, finish_reason=reply.finish_reason
            )
            model, usage = reply.model or (self.model if self._client is not None else provider), reply.usage
            cached = reply.cached
        plan = plan_edits(parsed, request.original_prompt, config=self._edits)
        return Reflection(
            **{name: getattr(parsed, name) for name in ParsedReflection.model_fields},
            run_analysis=request.trajectory_analysis,
            other_analyses=request.other_analyses,
            plan=plan,
            model=model,
            usage=usage,
            cached=cached,
            duration_ms=(time.perf_counter() - started) * 1e3,
        )

    async def _ask_model(self, request: ReflectionRequest, limits: Limits | None) -> tuple[ModelReply, str]:
        question = ModelRequest(
            messages=(
                Message(role="system", content=self._builder.build_system_prompt()),
                Message(role="user", content=self._builder.build_reflection_prompt(request)),
            ),
            model=None if self.model == RULES else self.model,
            temperature=self._options.temperature,
            max_tokens=self._options.max_tokens,
            response_format={"type": "json_object"},
            role="reflection",
            timeout=self._options.timeout,
        )
        task = Task(kind="model", payload=question.model_dump(mode="json"), limits=limits or Limits())
        result = await execute(task, timeout=self._options.timeout + _GRACE)
        return read_reply(
            result.value, model=self.model if self._client is not None else None
        ), result.provider


async def _request(runs: Runs, **options: Any) -> ReflectionRequest:
    """Return the question that the runs put; files are read in a worker thread, so that the loop stays free."""

    def build() -> ReflectionRequest:
        return build_request(read_runs(runs), **options)

    return await anyio.to_thread.run_sync(build) if _is_slow(runs) else build()


def _is_slow(runs: Any) -> bool:
    """Return whether a file has to be read, or a run is so long that its analysis takes noticeable time."""
    if isinstance(runs, str | bytes | bytearray | os.PathLike):
        return True
    if isinstance(runs, Trajectory):
        return len(runs.steps) > _LONG
    return isinstance(runs, list | tuple) and (len(runs) > _LONG or any(_is_slow(run) for run in runs))


def _verbosity(value: Verbosity | str) -> Verbosity:
    try:
        return Verbosity(value)
    except ValueError:
        raise InputError(f"verbosity must be one of {', '.join(Verbosity)}; got {value!r}.") from None


def _focus_areas(value: Iterable[str] | None) -> tuple[str, ...]:
    areas = (value,) if isinstance(value, str) else value or ()
    if isinstance(areas, Iterable):
        given = tuple(areas)
        if all(isinstance(area, str) for area in given):
            return given
    raise InputError(f"focus areas are a list of words such as ['clarity']; got {shorten(repr(value), 80)}.")


def _task(value: str | None) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InputError(f"the task must be a text; got {shorten(repr(value), 80)}.")
    return value
