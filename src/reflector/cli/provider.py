"""`reflector provider`: this library's providers for programs in any language, over standard input and output."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, NoReturn

import anyio
import typer

from reflector.agents.runtime import Runtime
from reflector.cli.output import BaseUrl, ModelName
from reflector.clifford.request import CliffordOperationResponse
from reflector.clifford.task import read_operation
from reflector.dispatch.dispatching import execute
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.stdio_serving import RUNNING, answer_of, failure_of, serve
from reflector.dispatch.task import Limits, TaskOutput
from reflector.tasks.group import TaskGroup
from reflector.tasks.wire import TAGS, group_of, write_group

__all__ = ["provider_app"]

provider_app = typer.Typer(
    help="Do tasks that come as JSON on standard input; answer on standard output.", no_args_is_help=True
)

Session = Annotated[bool, typer.Option("--session", help="Read JSON lines with ids until the input ends.")]


# --- echo ----------------------------------------------------------------------------------------------------


@provider_app.command("echo")
def echo_command(session: Session = False) -> None:
    """Answer with the task, as it was understood: {"CodeReflection": {…}}, a task group of solfunmeme's, or ours."""
    if session:
        anyio.run(partial(serve, _echo_in_session, failure_of, session=True))
    else:
        anyio.run(partial(serve, _echo, _raise, session=False, indent=True))


async def _echo(document: Any) -> dict[str, Any]:
    """Return the task in the form in which it came, with its defaults filled in."""
    group = _group_of(document)
    if not isinstance(document.get("payload"), Mapping):
        return write_group(group, "origin_payload")
    return write_group(group, "origin" if TAGS.keys() & document["payload"] else "own")


async def _echo_in_session(document: Any) -> dict[str, Any]:
    return answer_of(await _echo(document))


def _raise(error: Exception) -> NoReturn:
    raise error


def _group_of(document: Any) -> TaskGroup:
    """Return the task group of a request. Ids are of any type; beside a bare payload they mean nothing."""
    if isinstance(document, dict):
        id = document.pop("id", None)
        if "payload" in document and id not in (None, ""):
            document["id"] = str(id)
    return group_of(document)


# --- Clifford ------------------------------------------------------------------------------------------------


@provider_app.command("clifford")
def clifford_command(session: Session = False) -> None:
    """Do Clifford operations: {"CliffordOperation": {"operation": …}} in, signature and coefficients out."""

    async def main() -> None:
        async with Runtime():
            await serve(_clifford, _clifford_failure, session=session)

    anyio.run(main)


async def _clifford(document: Any) -> dict[str, Any]:
    if isinstance(document, dict):
        document.pop("id", None)
    result = await execute(read_operation(document))
    response: CliffordOperationResponse = result.value
    return response.to_document()


def _clifford_failure(err: Exception) -> dict[str, Any]:
    return CliffordOperationResponse(error=str(err)).to_document()


# --- reflections and changes of code -------------------------------------------------------------------------


@provider_app.command("reflect")
def reflect_command(model: ModelName = None, base_url: BaseUrl = None, session: Session = False) -> None:
    """Reflect on code and on runs, and change code: task groups in, {"value": …, "usage": …} out."""

    async def main() -> None:
        async with Runtime() as runtime:
            await _spawn_reflecting(runtime, model, base_url)
            await serve(_reflect, failure_of, session=session)

    anyio.run(main)


async def _spawn_reflecting(runtime: Runtime, name: str | None, base_url: str | None) -> None:
    from reflector.llm.selection import resolve_model
    from reflector.tasks.model_provider import MODEL_KINDS, ModelProvider
    from reflector.tasks.rules_provider import RULES_KINDS, rules_provider

    choice = resolve_model(name, base_url=base_url)
    if choice.client is not None:
        card = ProviderCard(running=RUNNING)
        await runtime.spawn(partial(ModelProvider, choice.client), accepts=MODEL_KINDS, card=card)
        return
    if choice.warned:
        print("reflector: no model is configured; rules answer. Name one with --model.", file=sys.stderr)
    await runtime.spawn(rules_provider, accepts=RULES_KINDS, card=ProviderCard())


async def _reflect(document: Any) -> dict[str, Any]:
    # Whom it may cost how much was the business of whoever sent it.
    group = _group_of(document).replace(limits=Limits())
    result = await execute(group.to_task())
    return answer_of(TaskOutput(value=result.value, usage=result.usage))
