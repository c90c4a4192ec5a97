"""The Reflector: the agent that answers `reflector.reflection.requested`."""

from __future__ import annotations

import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from reflector._json import JSONValue
from reflector._text import shorten
from reflector.agents.ambient import ambient_runtime
from reflector.agents.context import Context
from reflector.agents.portal import run_sync
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import perform
from reflector.dispatch.ledger import Ledger
from reflector.dispatch.store import AnswerStore
from reflector.dispatch.task import Limits, Task
from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.errors import (
    ConfigurationError,
    InputError,
    NoModelWarning,
    ReflectorError,
    UnsupportedReplyError,
)
from reflector.llm.client import LLMClient, ModelFunction
from reflector.llm.messages import Message, ModelReply, ModelRequest
from reflector.llm.model import Model
from reflector.llm.redaction import Redactor
from reflector.llm.replies import read_reply
from reflector.llm.secrets import keys_of_environment
from reflector.llm.selection import RULES, resolve_model
from reflector.reflecting.conversation import Conversation
from reflector.reflecting.outcomes import features_of, trial_of
from reflector.reflecting.reading import read_runs_by_model, rounds_of
from reflector.reflecting.redacting import Hiding
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.runs import Runs, build_request, read_runs, seen_runs
from reflector.reflecting.seats import Seats, is_model_served
from reflector.reflecting.selecting import Scoring, TurnPolicy, Until, check_until, select_best, stop_reason
from reflector.reflection.follow_up import FollowUp
from reflector.reflection.many_runs import split_request
from reflector.reflection.memory import ReflectionMemory, drop_repeats
from reflector.reflection.models import ParsedReflection, ReflectionRequest, Verbosity
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.rules import reflect_by_rules
from reflector.reflection.temperature import temperature_after
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["REFLECTION_REQUESTED", "Reflector", "ReflectorOptions"]

REFLECTION_REQUESTED = "reflector.reflection.requested"
"""Type of the signal whose data is a `ReflectionRequest` and whose answer carries a `Reflection`."""

_ANYBODY = Limits()
_GRACE = 5.0
"""Seconds that the request to the model waits longer than the client, and the request to the Reflector again: the more
exact error arrives first."""

_CACHE_BYTES = 64_000_000
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
    tries: int = 1
    """So often the model is asked at most when its answer holds no reflection; each time more freely."""
    highest_temperature: float = 1.0
    """After an answer that held no reflection, and in a conversation after one that was not confident or said the same
    again, the temperature rises up to this; after a confident one it is back at `temperature`."""
    seed: int | None = None
    extra: Mapping[str, JSONValue] = field(default_factory=dict)
    """Further parameters of the model, passed on as they are."""
    cache: bool = True
    """A model that is given by its name is asked an identical question once, as long as the Reflector lives; another
    `sample` is another question. A `Model` brings its own store."""

    def __post_init__(self) -> None:
        if not self.timeout > 0:
            raise ConfigurationError(f"timeout is a positive number of seconds; got {self.timeout!r}.")
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigurationError(
                f"max_tokens is at least 1, or None for no limit; got {self.max_tokens!r}."
            )
        if self.temperature is not None and not 0 <= self.temperature < math.inf:
            raise ConfigurationError(f"temperature is at least 0, or None; got {self.temperature!r}.")
        if not 0 <= self.highest_temperature < math.inf:
            raise ConfigurationError(f"highest_temperature is at least 0; got {self.highest_temperature!r}.")
        if not isinstance(self.tries, int) or self.tries < 1:
            raise ConfigurationError(f"tries is a number of at least 1; got {self.tries!r}.")

    def temperature_for(self, said: Iterable[ParsedReflection], tried: int) -> float | None:
        """Return the temperature of a question, after what was said before and so many answers without a reflection."""
        if self.temperature is None:
            return None
        highest = max(self.temperature, self.highest_temperature)
        return temperature_after(said, base=self.temperature, highest=highest, tried=tried)


_BUILDER, _OPTIONS, _EDITS = PromptBuilder(), ReflectorOptions(), EditConfig()
_REDACTOR = Redactor(keys=False, emails=False)


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
        memory: What was tried before, fed by `record_outcome`; several Reflectors may share one. None: its own.
        redact: What is replaced by placeholders in runs, prompt and task before anything is sent: a `Redactor`, or a
            function from text to text. Keys that this process uses are replaced in any case. Placeholders of what
            stands in the prompt are put back in the result; others stay.

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
        memory: ReflectionMemory | None = None,
        redact: Redactor | Callable[[str], str] | None = None,
    ) -> None:
        choice = resolve_model(model, base_url=base_url, api_key=api_key)
        self._client = choice.client
        self._is_unconfigured = choice.warned
        self._builder = prompt_builder or _BUILDER
        self._options = options or _OPTIONS
        self._edits = edits or _EDITS
        if self._client is not None and self._options.cache and (model is None or isinstance(model, str)):
            self._client.store = AnswerStore(max_bytes=_CACHE_BYTES)
        self.memory = ReflectionMemory() if memory is None else memory
        """What was tried, and what became of it: shown to the model, never suggested twice."""
        self._redactor = _redactor(redact)
        self.model: str = choice.name
        """The name of the model that is asked; `rules` for none."""

    @property
    def client(self) -> Model | None:
        """The model that is asked; None for the rules."""
        return self._client

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
        sample: int = 0,
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
            sample: Which of several answers to the same question; matters where the model has a store.

        Raises:
            InputError: If the runs cannot be read, there is no prompt, or an option is not one of its values.
            LLMError: If the model could not be asked.
            UnparsableReflectionError: If its answer holds no reflection.
            AskTimeoutError: If nobody answered within the time.
        """
        hiding = self._hiding()
        request = await self._read(
            hiding,
            runs,
            prompt=prompt,
            task_description=_task(task),
            verbosity=_verbosity(verbosity),
            focus_areas=_focus_areas(focus_areas),
        )
        return await self._perform(hiding, self.memory.recall(request), sample)

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

    def record_outcome(
        self,
        reflection: Reflection,
        *,
        accepted: bool,
        score_delta: float | None = None,
        suggestions: Collection[int] | None = None,
    ) -> None:
        """Remember what became of a reflection's improved prompt.

        The next reflections on that prompt, or on one that came from it, know what was rejected; and the confidence
        of all later suggestions is learned from it.

        Args:
            reflection: What `reflect` returned.
            accepted: Whether the improved prompt was kept.
            score_delta: How much the score changed, if it was measured; a suggestion is taken to have helped if it
                rose, whether or not it was enough to be kept.
            suggestions: Positions of the suggestions that were tried; None takes those whose edits are made.

        Raises:
            InputError: If it is no reflection, or `score_delta` no finite number.
        """
        self.memory.record(
            trial_of(reflection, accepted=accepted, score_delta=score_delta, suggestions=suggestions)
        )

    def build_requests(
        self,
        runs: Runs,
        *,
        prompt: str | None = None,
        task: str | None = None,
        verbosity: Verbosity | str = Verbosity.NORMAL,
        focus_areas: Iterable[str] = (),
    ) -> tuple[ModelRequest, ...]:
        """Return exactly what `reflect` would send to the model, without sending it.

        That is one request; or one for each group of runs if they do not fit the prompt builder's window. In that case
        `reflect` sends one more, which joins the answers.

        Raises:
            InputError: As `reflect` does.
        """
        hiding = self._hiding()
        request = _build(
            hiding,
            runs,
            prompt=prompt,
            task_description=_task(task),
            verbosity=_verbosity(verbosity),
            focus_areas=_focus_areas(focus_areas),
        )
        sent, _ = hiding.request(self.memory.recall(request))
        groups = split_request(sent, self._builder)
        return tuple(self._question(self._builder.build_messages(group)) for group in groups)

    # --- conversations ------------------------------------------------------------------------------------

    async def start_conversation(
        self,
        runs: Runs,
        *,
        prompt: str | None = None,
        task: str | None = None,
        max_turns: int = 3,
        verbosity: Verbosity | str = Verbosity.NORMAL,
        focus_areas: Iterable[str] = (),
    ) -> Conversation:
        """Return a conversation about the runs, with its first turn: what `reflect` returns.

        Args:
            runs: As for `reflect`, like all further arguments.
            max_turns: How many turns it may have.

        Raises:
            InputError: If `max_turns` is no positive number, and as `reflect` does, with its other errors.
        """
        if not isinstance(max_turns, int) or isinstance(max_turns, bool) or max_turns < 1:
            raise InputError(f"max_turns is a positive number; got {max_turns!r}.")
        hiding = self._hiding()
        request = await self._read(
            hiding,
            runs,
            prompt=prompt,
            task_description=_task(task),
            verbosity=_verbosity(verbosity),
            focus_areas=_focus_areas(focus_areas),
        )
        request = self.memory.recall(request)
        return Conversation(request=request, max_turns=max_turns).with_turn(
            await self._perform(hiding, request)
        )

    async def continue_conversation(
        self, conversation: Conversation, question: str | None = None
    ) -> Conversation:
        """Return the conversation with one more turn.

        Args:
            conversation: The value that an earlier turn returned, in this process or in another one.
            question: What to ask; None asks about what was weak in the last answer.

        Raises:
            ConversationCompletedError: If it is completed.
            MaxTurnsReachedError: If it has had all its turns.
            InputError: If the question is no text. Errors of the model as for `reflect`; the conversation can then be
                continued again.
        """
        if not isinstance(conversation, Conversation):
            raise InputError(f"expected a Conversation; got {type(conversation).__name__}.")
        conversation.check_open()
        asked = conversation.next_question() if question is None else question
        request = conversation.next_request(asked.question if isinstance(asked, FollowUp) else asked)
        return conversation.with_turn(await self._perform(self._hiding(), request), asked)

    async def converse(
        self,
        runs: Runs | Conversation,
        *,
        until: Until = "confident",
        prompt: str | None = None,
        task: str | None = None,
        max_turns: int = 3,
        policy: TurnPolicy | None = None,
    ) -> Conversation:
        """Return a completed conversation that asked on by itself as long as that was worth it.

        It ends when the turns together are confident (or `until` says so), when another turn costs more than it is
        expected to bring, or when turns or money are used up; `metadata["stopped"]` says which. If a turn after the
        first one fails, what was said before is returned, and `stopped` begins with `failed`.

        Args:
            runs: As for `reflect`; or a conversation to go on with, whose own options then hold.
            until: `confident`; `max_turns` to end only at the limits; or a function of the merged reflection.
            prompt: As for `reflect`, like `task`.
            task: What the agent was asked to do.
            max_turns: How many turns it may have.
            policy: What it may cost, and what a turn must bring.

        Raises:
            InputError: If an argument is none of these, and as `start_conversation` does, with its other errors.
        """
        check_until(until)
        if not isinstance(policy, TurnPolicy | None):
            raise InputError(f"policy is a TurnPolicy; got {shorten(repr(policy), 80)}.")
        if isinstance(runs, Conversation):
            conversation = runs
            if conversation.completed:
                conversation.check_open()
        else:
            conversation = await self.start_conversation(runs, prompt=prompt, task=task, max_turns=max_turns)
        while (stopped := stop_reason(conversation, until, policy or TurnPolicy())) is None:
            try:
                conversation = await self.continue_conversation(conversation)
            except ReflectorError as err:
                stopped = f"failed: {type(err).__name__}: {err}"
                break
        noted = conversation.metadata | {"stopped": stopped}
        return conversation.model_copy(update={"completed": True, "metadata": noted})

    @staticmethod
    def select_best_reflection(
        conversation: Conversation, *, scoring: Scoring = "quality"
    ) -> Reflection | None:
        """Return the best reflection of a conversation, None if there is none. See `select_best` for the scorings."""
        return select_best(conversation, scoring)

    def start_conversation_sync(self, runs: Runs, **options: Any) -> Conversation:
        """Return what `start_conversation` returns, for code that does not await."""
        return run_sync(partial(self.start_conversation, runs, **options))

    def continue_conversation_sync(
        self, conversation: Conversation, question: str | None = None
    ) -> Conversation:
        """Return what `continue_conversation` returns, for code that does not await."""
        return run_sync(partial(self.continue_conversation, conversation, question))

    def converse_sync(self, runs: Runs | Conversation, **options: Any) -> Conversation:
        """Return what `converse` returns, for code that does not await."""
        return run_sync(partial(self.converse, runs, **options))

    # --- the task -----------------------------------------------------------------------------------------

    async def _read(self, hiding: Hiding, runs: Runs, **options: Any) -> ReflectionRequest:
        """Return the question that the runs put; files are read in a worker thread, so that the loop stays free."""
        build = partial(_build, hiding, runs, **options)
        return await anyio.to_thread.run_sync(build) if _is_slow(runs) else build()

    def _hiding(self) -> Hiding:
        return Hiding(self._redactor, keys_of_environment() if self._client is None else self._client.keys())

    async def _perform(self, hiding: Hiding, original: ReflectionRequest, sample: int = 0) -> Reflection:
        """Have a task of kind `reflection` done: by this Reflector, or by an agent that handles it itself."""
        request, redaction = hiding.request(original)
        rounds = rounds_of(len(split_request(request, self._builder)))
        limit = rounds * self._options.tries * (self._options.timeout + _GRACE) + _GRACE
        metadata = {"sample": sample} if sample else {}
        async with ambient_runtime() as runtime, self._seats(runtime) as seats:
            task = Task(kind="reflection", payload=request, limits=seats.reflector, metadata=metadata)
            result = await perform(task, seconds=limit)
        if not isinstance(result.value, Reflection):
            raise UnsupportedReplyError(
                f"{result.provider} answered {REFLECTION_REQUESTED} with {type(result.value).__name__}; "
                "expected a Reflection."
            )
        return Hiding.restored(result.value, original, redaction, self._edits)

    def _seats(self, runtime: Runtime) -> Seats:
        """Return what has this Reflector and its model in a runtime for one call."""
        asks_served = self._is_unconfigured and is_model_served(runtime)
        if self._is_unconfigured and not asks_served:
            warnings.warn(_NO_MODEL, NoModelWarning, stacklevel=_callers_level())
        by_rules = self._client is None and not asks_served

        async def reflection(task: Task, context: Context) -> Reflection:
            limits, sample = _ANYBODY if asks_served else seats.model, task.metadata.get("sample", 0)
            return await self._answer(task.payload, limits, by_rules=by_rules, sample=sample)

        seats = Seats(runtime, reflection, self._client)
        return seats

    async def _answer(
        self, request: ReflectionRequest, limits: Limits, *, by_rules: bool, sample: int
    ) -> Reflection:
        """Do a task of kind `reflection`."""
        started = time.perf_counter()
        if by_rules:
            parsed, model, usage, cached = reflect_by_rules(request), RULES, Usage(), False
        else:
            options = self._options
            said = tuple(exchange.answer for exchange in request.history)

            async def ask(messages: Sequence[Message], tried: int) -> tuple[ModelReply, str]:
                question = self._question(messages, said, tried, sample * options.tries + tried)
                return await self._ask_model(question, limits)

            reading = await read_runs_by_model(
                request, self._builder, ask, strict=options.strict, tries=options.tries
            )
            parsed, model, usage = reading.parsed, reading.model, reading.usage
            cached = reading.cached
        parsed = drop_repeats(parsed, request)
        plan = plan_edits(
            parsed,
            request.original_prompt,
            config=self._edits,
            examples=seen_runs(request),
            task=request.task_description,
        )
        features = features_of(parsed, plan)
        if self.memory.is_empty:
            confidence = self.memory.probabilities(features)
        else:
            # The first time, what it is learned with has to be loaded and fitted: not on the event loop.
            confidence = await anyio.to_thread.run_sync(self.memory.probabilities, features)
        return Reflection(
            **vars(parsed),
            run_analysis=request.trajectory_analysis,
            other_analyses=request.other_analyses,
            plan=plan,
            suggestion_confidence=confidence,
            model=model,
            prompt_version="" if by_rules else self._builder.version,
            usage=usage,
            cached=cached,
            duration_ms=(time.perf_counter() - started) * 1e3,
        )

    async def ask(self, messages: Sequence[Message], *, is_json: bool = True) -> ModelReply | None:
        """Return what the model answers to messages; None if there is no model and the rules would answer.

        What is hidden from the model stands in the answer again, as far as it stood in the messages.
        """
        sent, redaction = self._hiding().messages(messages)
        answer_format: dict[str, JSONValue] | None = {"type": "json_object"} if is_json else None
        question = self._question(sent).replace(response_format=answer_format)
        reply: ModelReply | None = None
        async with ambient_runtime() as runtime, self._seats(runtime) as seats:
            if self._client is not None:
                reply, _ = await self._ask_model(question, seats.model)
            elif self._is_unconfigured and is_model_served(runtime):
                reply, _ = await self._ask_model(question, _ANYBODY)
        if reply is None:
            return None
        said = redaction.restored(reply.content, within="\n".join(message.content for message in messages))
        return reply.model_copy(update={"content": said})

    def _question(
        self,
        messages: Sequence[Message],
        said: Iterable[ParsedReflection] = (),
        tried: int = 0,
        sample: int = 0,
    ) -> ModelRequest:
        return ModelRequest(
            messages=tuple(messages),
            model=None if self.model == RULES else self.model,
            temperature=self._options.temperature_for(said, tried),
            max_tokens=self._options.max_tokens,
            response_format=self._builder.build_answer_format(),
            seed=self._options.seed,
            extra=dict(self._options.extra),
            sample=sample,
            role="reflection",
            timeout=self._options.timeout,
        )

    async def _ask_model(self, question: ModelRequest, limits: Limits) -> tuple[ModelReply, str]:
        """Return the model's reply, and the name of who gave it."""
        task = Task(kind="model", payload=question.to_data(), limits=limits)
        result = await perform(task, seconds=self._options.timeout + _GRACE)
        is_ours = self._client is not None
        reply = read_reply(result.value, model=self.model if is_ours else None)
        return reply, self.model if is_ours else result.provider


def _build(hiding: Hiding, runs: Runs, *, prompt: str | None, **options: Any) -> ReflectionRequest:
    hidden = hiding.runs(read_runs(runs), prompt, options["task_description"])
    return build_request(hidden, prompt=prompt, **options)


def _redactor(redact: Redactor | Callable[[str], str] | None) -> Redactor:
    if isinstance(redact, Redactor):
        return redact
    return _REDACTOR if redact is None else Redactor(keys=False, emails=False, function=redact)


def _callers_level() -> int:
    """Return the `stacklevel`, for whoever asks, of the line outside of this package that led here."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in ("reflector", "contextlib"):
        frame, level = frame.f_back, level + 1
    return level


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
