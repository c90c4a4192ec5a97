"""`reflector provider`: this library's providers for programs in any language, over standard input and output."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
import typer

from reflector.agents.runtime import Runtime
from reflector.clifford.request import CliffordOperationResponse
from reflector.clifford.task import read_operation
from reflector.dispatch.dispatching import execute
from reflector.dispatch.stdio_serving import serve

__all__ = ["provider_app"]

provider_app = typer.Typer(
    help="Do tasks that come as JSON on standard input; answer on standard output.", no_args_is_help=True
)

Session = Annotated[bool, typer.Option("--session", help="Read JSON lines with ids until the input ends.")]


@provider_app.callback()
def _providers() -> None:
    pass  # with a single command below it typer would drop its name


@provider_app.command("clifford")
def clifford_command(session: Session = False) -> None:
    """Do Clifford operations: {"CliffordOperation": {"operation": …}} in, signature and coefficients out."""

    async def main() -> None:
        async with Runtime():
            await serve(_clifford, _failed, session=session)

    anyio.run(main)


async def _clifford(document: Any) -> dict[str, Any]:
    if isinstance(document, dict):
        document.pop("id", None)
    result = await execute(read_operation(document))
    response: CliffordOperationResponse = result.value
    return response.to_document()


def _failed(err: Exception) -> dict[str, Any]:
    return CliffordOperationResponse(error=str(err)).to_document()
