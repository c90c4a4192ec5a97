"""`reflector dispatch`: the task groups of a plan to the providers of a table, one line of JSON for each result."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Annotated

import anyio
import typer

from reflector._json import dumps, loads_exactly
from reflector._text import clean, one_line
from reflector.cli.output import MODEL_FAILED, print_line
from reflector.dispatch.choosing import PolicyName
from reflector.dispatch.ledger import Ledger
from reflector.errors import InputError, InvalidGroupError
from reflector.tasks.code_results import CodeReflection, CodeSuggestion
from reflector.tasks.executing import GroupResults, execute_all
from reflector.tasks.group import TaskGroup
from reflector.tasks.merging import Ensemble, FailurePolicy, Merge, MergeName
from reflector.tasks.reducing import model_reduction
from reflector.tasks.results import GroupResult, TaskFailure
from reflector.tasks.wire import GroupReader

__all__ = ["dispatch_command"]

_CHUNK = 1 << 18


def dispatch_command(
    providers: Annotated[str, typer.Option(metavar="FILE.toml", help="The table of providers.")],
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Task groups; - is standard input.")] = "-",
    policy: Annotated[
        PolicyName, typer.Option(help="Who of the capable providers gets a task.")
    ] = "expected_cost",
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Tasks under way. Default: as many as the providers run.")
    ] = None,
    ensemble: Annotated[
        int, typer.Option(min=1, metavar="N", help="Give each task to N providers and merge their answers.")
    ] = 1,
    merge: Annotated[MergeName, typer.Option(help="How their answers become one.")] = "union",
    merge_model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="A model that puts them together instead.")
    ] = None,
    on_failure: Annotated[
        FailurePolicy, typer.Option(help="How many of several answers, or parts, have to be there.")
    ] = "all",
    as_json: Annotated[
        bool, typer.Option("--json", help="Lines of JSON on a terminal too; elsewhere they are.")
    ] = False,
) -> None:
    """Do the task groups of a plan. Results are printed as they come; what they cost is said on stderr."""
    if merge_model is not None and ensemble == 1:
        raise typer.BadParameter(
            "--merge-model puts several answers together; ask for them with --ensemble N"
        )
    how: Merge = merge if merge_model is None else model_reduction(merge_model)
    run = _Run(as_json=as_json or not sys.stdout.isatty())
    results = partial(
        execute_all,
        providers=providers,
        policy=policy,
        concurrency=concurrency,
        on_failure=on_failure,
        ensemble=Ensemble(size=ensemble, merge=how) if ensemble > 1 else None,
        ledger=run.ledger,
    )
    try:
        anyio.run(run.main, file, results)
    except BaseException:
        if run.total:
            run.tell()
        raise
    run.tell()
    if run.errors and len(run.errors) == run.total:
        raise run.errors[0]
    if run.failed and run.failed == run.total:
        raise typer.Exit(MODEL_FAILED)


class _Run:
    """What was done so far."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.ledger = Ledger(names=("kind", "provider", "account"))
        self.total = self.failed = 0
        self.errors: list[InvalidGroupError] = []

    async def main(self, file: str, execute: Callable[[AsyncIterator[TaskGroup]], GroupResults]) -> None:
        async with execute(self._groups(file)) as results:
            async for result in results:
                self._print(result)

    async def _groups(self, file: str) -> AsyncIterator[TaskGroup]:
        """Yield the groups of a file as they come; what is none is a result that failed."""
        reader = GroupReader()
        async for data in _chunks(file):
            for item in reader.feed(data) if data else reader.close():
                if isinstance(item, TaskGroup):
                    yield item
                else:
                    self.errors.append(item)
                    error = TaskFailure(type=type(item).__name__, message=item.reason)
                    self._print(
                        GroupResult(id=f"line {item.line}", task_type="", status="failed", error=error)
                    )

    def _print(self, result: GroupResult) -> None:
        self.total += 1
        self.failed += result.status == "failed"
        print_line(result.to_line() if self.as_json else _told(result).encode())

    def tell(self) -> None:
        """Say on stderr what was done and what it cost."""
        done = f"{self.total - self.failed} of {self.total} tasks done"
        table = clean(self.ledger.table()) if self.ledger.lines() else ""
        print(f"{done}\n{table}".rstrip(), file=sys.stderr)


async def _chunks(file: str) -> AsyncIterator[bytes]:
    """Yield what a file holds, then nothing, once; a pipe is waited for without a thread that would outlive Ctrl-C."""
    try:
        source = 0 if file == "-" else os.open(file, os.O_RDONLY)
        try:
            while True:
                # Files are always ready, and event loops refuse them.
                with contextlib.suppress(OSError, NotImplementedError):
                    await anyio.wait_readable(source)
                data = os.read(source, _CHUNK)
                yield data
                if not data:
                    return
        finally:
            if source:
                os.close(source)
    except (OSError, ValueError) as err:
        raise InputError(f"{file!r} cannot be read: {getattr(err, 'strerror', None) or err}") from err


def _told(result: GroupResult) -> str:
    """Return a result for people: a line, and one for each suggestion about code."""
    shown, suggestions = loads_exactly(result.to_line()), tuple[CodeSuggestion, ...]()
    said = dumps(shown["result"]).decode()
    if shown["error"]:
        said = f"{shown['error']['type']}: {shown['error']['message']}"
    elif isinstance(result.value, CodeReflection):
        said, suggestions = result.value.analysis, result.value.suggestions
    head = f"{result.id}  {result.provider or 'nobody'}  ${result.cost_usd:.4g}  {said}"
    lines = [head, *(f"{each.place}: [{each.priority}] {each.description}" for each in suggestions)]
    return "\n  ".join(one_line(clean(line), 400) for line in lines)
