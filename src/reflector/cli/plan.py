"""`reflector plan`: task groups from code, for `reflector dispatch`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import anyio
import typer

from reflector._json import dumps
from reflector.cli.output import print_document
from reflector.clifford.task import read_operation
from reflector.code.chunk import Chunks
from reflector.code.grouping import Strategy
from reflector.code.index import CodeIndex
from reflector.errors import InputError
from reflector.tasks.expectation import estimate_of
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import CodeEvolutionTask
from reflector.tasks.planning import Plan, PlanOptions, TaskType, plan
from reflector.tasks.providers import known_specs
from reflector.tasks.table import read_providers
from reflector.tasks.wire import write_group

__all__ = ["plan_command"]


_SPARSE, _MANY = 0.25, 10


OutputFormat = Literal["text", "json", "ndjson"]


def plan_command(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH…", help="Folders or files.")] = None,
    task_type: Annotated[TaskType, typer.Option(help="What shall be done.")] = "code_reflection",
    index_path: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="An index to plan from; with a PATH it is brought up to date first."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Chunks at most, the most important ones.")] = 100,
    similarity_threshold: Annotated[
        float, typer.Option(min=-1, max=1, help="The least cosine to the chunk that leads a group.")
    ] = 0.7,
    max_tokens: Annotated[int, typer.Option(min=1, help="Of a group's code, estimated.")] = 4000,
    strategy: Annotated[Strategy, typer.Option(help="How chunks are grouped.")] = "leader",
    goal: Annotated[str, typer.Option(help="What shall come of it, in words.")] = "",
    code_snippet: Annotated[
        str | None, typer.Option(metavar="TEXT", help="For code_evolution: the code itself.")
    ] = None,
    operation: Annotated[
        str | None, typer.Option(metavar="NAME", help="For clifford_operation: one task, this operation.")
    ] = None,
    values: Annotated[
        str, typer.Option(metavar="NUMBERS", help="Of that operation, with commas between them.")
    ] = "",
    providers: Annotated[
        str | None,
        typer.Option(
            "--llm-config-path",
            "--providers",
            metavar="FILE",
            help="A table of providers: its prices and windows are planned with.",
        ),
    ] = None,
    cost_usd: Annotated[
        float | None, typer.Option(min=0, help="What the plan may cost, as expected.")
    ] = None,
    output_format: Annotated[
        OutputFormat, typer.Option(help="text: a page; json: an array; ndjson: a task group a line.")
    ] = "text",
) -> None:
    """Make task groups from code, those first that matter most. Nothing is sent to anybody."""
    single = _single(task_type, code_snippet, operation, values, goal)
    if single is not None:
        made = Plan(
            [single.replace(estimate=estimate_of(single))], left_out=0, quality=None, expected_cost={}
        )
    else:
        made = plan(
            _chunks(paths or [], index_path),
            task_type=task_type,
            similarity_threshold=similarity_threshold,
            max_tokens=max_tokens,
            limit=limit,
            goal=goal,
            providers=None if providers is None else anyio.run(known_specs, read_providers(providers)),
            options=PlanOptions(strategy=strategy, cost_usd=cost_usd),
        )
    _print(made, output_format)
    from reflector.cli.pages import print_notice

    if strategy == "leader" and made.quality and made.quality.fill < _SPARSE and len(made) >= _MANY:
        print_notice(
            "most groups are far below --max-tokens; --strategy references makes fewer and fuller ones"
        )
    if made.left_out:
        print_notice(
            f"left out by the limits: the {made.left_out} chunks that matter least (--limit is {limit})"
        )


def _single(
    task_type: TaskType, code_snippet: str | None, operation: str | None, values: str, goal: str
) -> TaskGroup | None:
    """Return the one task that needs no index, if the options ask for such."""
    for name, value, kind in (
        ("--code-snippet", code_snippet, "code_evolution"),
        ("--operation", operation, "clifford_operation"),
    ):
        if value is not None and task_type != kind:
            raise InputError(f"{name} goes with --task-type {kind}; got {task_type}.")
    if code_snippet is not None:
        if not code_snippet.strip():
            raise InputError("--code-snippet is empty.")
        return TaskGroup(payload=CodeEvolutionTask(code_snippet=code_snippet), goal=goal)
    if operation is None:
        if values:
            raise InputError("--values are those of an operation; name it with --operation.")
        return None
    numbers = _numbers(values)
    fields: dict[str, Any] = {"operation": operation, "vector_values": numbers}
    if len(numbers) == 1:
        fields["scalar_value"] = numbers[0]
    return TaskGroup(payload=read_operation(fields), goal=goal)


def _numbers(values: str) -> list[float]:
    try:
        return [float(each) for each in values.replace(",", " ").split()]
    except ValueError:
        raise InputError(f"--values are numbers with commas between them; got {values!r}.") from None


def _chunks(paths: list[str], index_path: str | None) -> Chunks:
    """Return the chunks of all paths, or of an index; paths as they lead there from the current folder."""
    if not paths:
        if index_path is None:
            raise InputError("name a PATH, or an index with --index-path.")
        with CodeIndex.open(index_path) as index:
            return index.chunks()
    if index_path is not None and len(paths) > 1:
        raise InputError("an index holds one tree; name one PATH with --index-path.")
    with tempfile.TemporaryDirectory(prefix="reflector-plan-") as folder:
        parts = []
        for number, path in enumerate(paths):
            store = index_path or Path(folder) / f"{number}.db"
            with CodeIndex.build_sync(path, store=store) as index:
                parts.append(_from_here(path, index.chunks()))
    return parts[0] if len(parts) == 1 else _joined(parts)


def _from_here(path: str, chunks: Chunks) -> Chunks:
    root = path if os.path.isdir(path) else os.path.dirname(path)
    prefix = os.path.normpath(root).replace(os.sep, "/") if root else "."
    if prefix == ".":
        return chunks
    moved = [chunk.model_copy(update={"path": f"{prefix.rstrip('/')}/{chunk.path}"}) for chunk in chunks]
    return Chunks(moved, chunks.vectors)


def _joined(parts: list[Chunks]) -> Chunks:
    import numpy as np

    vectors = [part.vectors for part in parts if part.vectors is not None]
    whole = np.concatenate(vectors) if len(vectors) == len(parts) else None
    return Chunks((chunk for part in parts for chunk in part), whole)


def _print(made: Plan, output_format: OutputFormat) -> None:
    match output_format:
        case "text":
            print(made.to_text())
        case "json":
            sys.stdout.buffer.write(dumps([write_group(group) for group in made], indent=True) + b"\n")
        case "ndjson":
            for group in made:
                print_document(write_group(group))
