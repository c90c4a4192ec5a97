"""`reflector apply`: patches that `reflector dispatch` brought, shown, and written when asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import anyio
import typer
from pydantic import ValidationError

from reflector._json import loads
from reflector.cli.output import MODEL_FAILED, print_document
from reflector.errors import CodeError, InputError
from reflector.tasks.patch import Patch

__all__ = ["apply_command"]


def apply_command(
    source: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="What `reflector dispatch` printed.")
    ] = "-",
    root: Annotated[str, typer.Option(metavar="FOLDER", help="Where the paths begin.")] = ".",
    write: Annotated[
        bool, typer.Option("--write", help="Write the changes; otherwise they are only shown.")
    ] = False,
    test: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Keep each change only if this passes with it; tried in a copy."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds for that command.")] = 300.0,
    memory_mb: Annotated[int, typer.Option(min=1, help="Megabytes for each of its processes.")] = 2048,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON line for each patch.")] = False,
) -> None:
    """Show the patches of code evolution as diffs; write them with --write, if --test passes."""
    from reflector.cli.pages import print_notice

    failed = count = 0
    for name, patch in _patches(source):
        count += 1
        record: dict[str, Any] = {"id": name, "path": patch.path, "diff": patch.diff, "parses": patch.parses}
        try:
            if write and not patch.is_empty:
                if test is None:
                    patch.apply(root)
                else:
                    anyio.run(partial(patch.apply_if, root, test, timeout=timeout, memory_mb=memory_mb))
            record |= {"written": write and not patch.is_empty, "error": None}
        except CodeError as err:
            failed += 1
            record |= {"written": False, "error": {"type": type(err).__name__, "message": str(err)}}
            print_notice(f"{name}: {err}")
        if as_json:
            print_document(record)
        else:
            sys.stdout.write(patch.diff or f"{name}: no change\n")
    if not count:
        print_notice("there is no patch in it; tasks of kind code_evolution bring them")
    if count and failed == count:
        raise typer.Exit(MODEL_FAILED)


def _patches(source: str) -> Iterator[tuple[str, Patch]]:
    """Yield the patch of each completed result, with the id of its task."""
    try:
        content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as err:
        raise InputError(f"{source!r} cannot be read: {err.strerror or err}.") from err
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            document = loads(line)
            result = document.get("result")
            patch = result.get("patch") if isinstance(result, dict) else None
            if patch is not None:
                yield str(document.get("id", number)), Patch.model_validate(patch)
        except (ValueError, AttributeError, ValidationError) as err:
            raise InputError(
                f"line {number}: expected a result of `reflector dispatch`; got {line[:60].decode(errors='replace')!r}."
            ) from err
