"""From the table to agents: who does the tasks, and the card of each."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, assert_never

import anyio
from pydantic import BaseModel

from reflector.agents.agent import is_async_callable
from reflector.agents.ref import AgentRef
from reflector.agents.runtime import Runtime
from reflector.clifford.task import CliffordOperation, CliffordProvider
from reflector.dispatch.engines import EngineName
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.stdio_provider import StdioProvider
from reflector.dispatch.task import Task
from reflector.dispatch.throttle import RateLimits
from reflector.errors import ConfigurationError
from reflector.llm.model import Model, ModelOptions
from reflector.llm.pricing import facts_of
from reflector.tasks.group import TaskGroup
from reflector.tasks.model_provider import MODEL_KINDS, ModelProvider
from reflector.tasks.payloads import PAYLOADS
from reflector.tasks.rules_provider import RULES_KINDS, rules_provider
from reflector.tasks.table import ProviderSpec
from reflector.tasks.wire import write_group
from reflector.usage import Price

__all__ = ["Prepared", "echo", "hired", "import_target", "known_specs", "prepare"]

TRY_TIMEOUT = 300.0
"""Seconds for one task, of a provider that says no other."""

_ALL = tuple(PAYLOADS)


class Prepared(NamedTuple):
    """A provider that can be spawned."""

    name: str
    handler: Any
    accepts: tuple[str, ...]
    card: ProviderCard


async def echo(task: Task, context: Any) -> Any:
    """Return the payload as plain data."""
    payload = task.payload
    return payload.model_dump(mode="json") if isinstance(payload, BaseModel) else payload


async def prepare(spec: ProviderSpec, folder: Path | None = None) -> Prepared:
    """Return what is to be spawned for a provider of the table; a model is asked nothing, but its library loads.

    Args:
        spec: The provider.
        folder: Where modules of targets are looked for first.

    Raises:
        ConfigurationError: If it cannot be: no such function, no such variable of the environment.
    """
    try:
        match spec.kind:
            case "echo":
                return _prepared(spec, echo, _ALL, running=64, quality=0.0)
            case "clifford":
                workers = max(2, os.cpu_count() or 1)
                return _prepared(
                    spec, CliffordProvider, (CliffordOperation.kind,), running=workers, quality=1.0
                )
            case "rules":
                return _prepared(spec, rules_provider, RULES_KINDS, running=2, quality=0.25, engine="thread")
            case "callable":
                return _callable(spec, folder)
            case "stdio":
                return _stdio(spec)
            case "model":
                return await _model(spec)
            case _:
                assert_never(spec.kind)
    except ConfigurationError as err:
        raise ConfigurationError(f"provider {spec.name!r}: {err}") from err


def _prepared(
    spec: ProviderSpec,
    handler: Any,
    accepts: tuple[str, ...],
    *,
    running: int,
    quality: float | None = None,
    engine: EngineName = "inline",
) -> Prepared:
    card = ProviderCard(
        account=spec.account,
        cost_in=spec.cost_in or 0.0,
        cost_out=spec.cost_out or 0.0,
        credits=spec.credits,
        context_window=spec.context_window,
        requests_per_minute=spec.rpm,
        tokens_per_minute=spec.tpm,
        timeout=spec.timeout or TRY_TIMEOUT,
        quality=quality if spec.quality is None else spec.quality,
        running=spec.concurrency or running,
        engine=engine,
    )
    return Prepared(spec.name, handler, spec.accepts or accepts, card)


# --- functions ---


def _callable(spec: ProviderSpec, folder: Path | None) -> Prepared:
    target = spec.target
    function = import_target(target, folder) if isinstance(target, str) else target
    assert function is not None, "a spec without a target is refused"
    engine: EngineName = "inline" if is_async_callable(function) else "thread"
    work = function if _takes_context(function) else lambda task, context: function(task)
    return _prepared(spec, work, _ALL, running=8, engine=engine)


def _takes_context(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some functions written in C do not tell
        return False
    places = [each for each in parameters if each.kind <= each.VAR_POSITIONAL and each.default is each.empty]
    return len(places) > 1 or any(each.kind == each.VAR_POSITIONAL for each in places)


def import_target(name: str, folder: Path | None = None) -> Callable[..., Any]:
    """Return the function that `module:function` names.

    Args:
        name: The function.
        folder: Where its module is looked for first; put on `sys.path`. None: nowhere else.

    Raises:
        ConfigurationError: If it cannot be imported, or is no function.
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ConfigurationError(f"module:function is expected; got {name!r}")
    if folder is not None:
        place = str(folder.resolve())
        sys.path[:] = [place, *(each for each in sys.path if each != place)]
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as err:
        raise ConfigurationError(f"{name} cannot be imported: {type(err).__name__}: {err}") from err
    if not callable(found):
        raise ConfigurationError(f"{name} is no function but {type(found).__name__}")
    return found


# --- programs ---


def _stdio(spec: ProviderSpec) -> Prepared:
    assert spec.command is not None, "a spec without a command is refused"

    def encode(task: Task) -> dict[str, Any]:
        return write_group(_group_of(task), spec.wire)

    handler = partial(
        StdioProvider,
        spec.command,
        mode="session" if spec.is_session else "document",
        encode=encode,
        timeout=spec.timeout or TRY_TIMEOUT,
    )
    return _prepared(spec, handler, _ALL, running=4 if spec.is_session else max(2, os.cpu_count() or 1))


def _group_of(task: Task) -> TaskGroup:
    return TaskGroup(
        id=task.id,
        task_type=task.kind,
        goal=str(task.metadata.get("goal", "")),
        payload=task.payload,
        limits=task.limits,
        deadline=task.deadline,
        estimate=task.estimate,
    )


# --- models ---

_MILLION = 1e6


async def _model(spec: ProviderSpec) -> Prepared:
    key = None
    if spec.api_key_env and not (key := os.environ.get(spec.api_key_env)):
        raise ConfigurationError(f"api_key_env: the environment has no variable {spec.api_key_env!r}")
    concurrency = spec.concurrency or RateLimits().concurrency
    options = ModelOptions(limits=RateLimits(concurrency=concurrency), price=_price(spec))
    model: Model = spec.model
    if not isinstance(model, Model):
        model = Model(spec.model, base_url=spec.base_url, api_key=key, options=options)
    await model.warmup()  # now, so that it takes no task's time
    return _prepared(
        _with_facts(spec, model), partial(ModelProvider, model), MODEL_KINDS, running=concurrency
    )


def _with_facts(spec: ProviderSpec, model: Model) -> ProviderSpec:
    """Return a spec with the prices and the window that are known of its model, where it names none."""
    known = model.price
    if known is not None:
        spec = spec.replace(cost_in=known.input / _MILLION, cost_out=known.output / _MILLION)
    if spec.context_window is None:
        spec = spec.replace(context_window=facts_of(model.client).max_input_tokens)
    return spec


async def known_specs(specs: Iterable[ProviderSpec]) -> list[ProviderSpec]:
    """Return specs with the prices and windows that litellm knows, where they leave these open.

    It takes seconds the first time, because litellm loads; no key is needed, and nobody is asked.
    """
    known = []
    for spec in specs:
        is_open = None in (spec.cost_in, spec.cost_out, spec.context_window)
        if spec.kind == "model" and is_open and isinstance(spec.model, str):
            model = Model(spec.model, base_url=spec.base_url, options=ModelOptions(price=_price(spec)))
            await model.warmup()
            spec = _with_facts(spec, model)
        known.append(spec)
    return known


def _price(spec: ProviderSpec) -> Price | None:
    if spec.cost_in is None and spec.cost_out is None:
        return None
    return Price(input=(spec.cost_in or 0.0) * _MILLION, output=(spec.cost_out or 0.0) * _MILLION)


# --- those that live ---


class _Seat:
    """A provider that lives, and how many need it."""

    def __init__(self, spec: ProviderSpec, folder: Path | None, ref: AgentRef) -> None:
        self.spec, self.folder, self.ref, self.users = spec, folder, ref, 0


class _Staff:
    """The providers of one runtime that come from tables, by name."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.seats: dict[str, _Seat] = {}


@asynccontextmanager
async def hired(runtime: Runtime, specs: Sequence[ProviderSpec], folder: Path | None) -> AsyncIterator[None]:
    """Keep the providers of a table alive for the block, in the order of the table; all or none.

    Blocks at the same time have a provider of the same spec in common: its limits and credits, too.

    Raises:
        ConfigurationError: As `prepare`.
        DuplicateAgentError: If an agent of the name lives that is not this provider.
    """
    staff: _Staff = runtime.services.setdefault(_Staff, _Staff())
    async with staff.lock:
        seats = [
            seat
            for spec in specs
            if (seat := staff.seats.get(spec.name)) is not None
            and (seat.spec, seat.folder, seat.ref.is_alive) == (spec, folder, True)
        ]
        shared = [seat.spec.name for seat in seats]
        new = [spec for spec in specs if spec.name not in shared]
        refs = await _spawn_all(runtime, [await prepare(spec, folder) for spec in new])
        seats += [_Seat(spec, folder, ref) for spec, ref in zip(new, refs, strict=True)]
        for seat in seats:
            staff.seats[seat.spec.name] = seat
            seat.users += 1
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            async with staff.lock:
                for seat in seats:
                    seat.users -= 1
                    if not seat.users:
                        await seat.ref.stop(drain=0.0)
                        if staff.seats.get(seat.spec.name) is seat:
                            del staff.seats[seat.spec.name]


async def _spawn_all(runtime: Runtime, prepared: Iterable[Prepared]) -> list[AgentRef]:
    refs: list[AgentRef] = []
    try:
        for each in prepared:
            refs.append(
                await runtime.spawn(each.handler, name=each.name, accepts=each.accepts, card=each.card)
            )
    except BaseException:
        with anyio.CancelScope(shield=True):
            for ref in refs:
                await ref.stop()
        raise
    return refs
