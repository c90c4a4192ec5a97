"""From code to task groups: what goes to a model together, in which order, and what it will cost."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from reflector._ids import new_id
from reflector._text import one_line
from reflector.clifford.task import CliffordOperation
from reflector.code.chunk import Chunk, Chunks, Items
from reflector.code.grouping import Group, GroupQuality, Strategy, group_chunks
from reflector.code.index import CodeIndex
from reflector.code.references import focused, pagerank, reference_edges
from reflector.dispatch.task import Estimate
from reflector.errors import ConfigurationError, InputError
from reflector.tasks.expectation import affordable, capable, estimate_of, expected_cost, room_for_code
from reflector.tasks.group import GroupOrigin, TaskGroup
from reflector.tasks.payloads import CodeEvolutionTask, CodeReflectionTask, Payload
from reflector.tasks.table import ProviderSpec, read_providers

if TYPE_CHECKING:
    from reflector.clifford.geometry import Projection

__all__ = ["Plan", "PlanOptions", "plan"]

_LINES_SHOWN = 60
_LINE_SHOWN = 160
_IMPORT = re.compile(r"(import|from|use|#include|using|require|package)\b")
_VARIABLE = re.compile(r"(?:const |let |static )?\w+(?:\s*:[^=]+)?\s*=[^=]")
"""Lines at the margin; those of several lines only as they begin."""
_SIGNATURE = re.compile(r"\bdef \w+(\([^()]*(?:\([^()]*\)[^()]*)*\)(?: ->[^:\n]+)?)")

TaskType = Literal["code_reflection", "clifford_operation", "code_evolution"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """How chunks become groups, and what they may cost."""

    strategy: Strategy = "leader"
    """As in `group_chunks`. `references` keeps together what calls each other, in fewer and fuller groups."""
    focus: tuple[str, ...] = ()
    """Paths or qualified names that matter most; empty: what the rest of the code refers to."""
    cost_usd: float | None = None
    """What the whole plan may cost at the cheapest provider, as expected; the groups that matter least are left out."""

    def __post_init__(self) -> None:
        if self.cost_usd is not None and not self.cost_usd >= 0:
            raise ConfigurationError(f"cost_usd is a number of at least 0; got {self.cost_usd!r}.")


class Plan(Items[TaskGroup]):
    """Task groups, those first that matter most, with what was left out and what they are expected to cost."""

    def __init__(
        self,
        groups: Iterable[TaskGroup],
        *,
        left_out: int,
        quality: GroupQuality | None,
        expected_cost: Mapping[str, float | None],
    ) -> None:
        super().__init__(groups)
        self.left_out = left_out
        """Chunks that stand in no group, because of the limit or of the cost."""
        self.quality = quality
        """Of the grouping; None where nothing was grouped."""
        self.expected_cost = dict(expected_cost)
        """USD by provider, if it did everything; None where its prices are not known or it cannot do everything."""

    @property
    def estimate(self) -> Estimate:
        """What all of it takes."""
        known = [group.estimate for group in self if group.estimate is not None]
        return Estimate(
            input_tokens=sum(each.input_tokens for each in known),
            output_tokens=sum(each.output_tokens for each in known),
        )

    def to_text(self) -> str:
        """Return the plan as a page: a line for each chunk below its group, and the sums."""
        lines = []
        for number, group in enumerate(self, 1):
            tokens = f", about {group.estimate.input_tokens} tokens" if group.estimate else ""
            lines.append(f"{number}. {group.task_type} {group.id}: {_what(group.payload)}{tokens}")
            if isinstance(group.payload, CodeReflectionTask):
                lines += [
                    f"     {chunk.id}  {one_line(chunk.name or chunk.text, 80)}"
                    for chunk in group.payload.code_chunks
                ]
        total = self.estimate
        lines.append(
            f"{len(self)} task groups, about {total.input_tokens:,} tokens in and {total.output_tokens:,} out"
        )
        lines += [
            f"  {name}: {'unknown' if cost is None else f'about ${cost:.4g}'}"
            for name, cost in self.expected_cost.items()
        ]
        if self.left_out:
            lines.append(f"left out: {self.left_out} chunks")
        return "\n".join(lines)

    __str__ = to_text

    def __repr__(self) -> str:
        return f"<Plan of {len(self)} task groups, {self.left_out} chunks left out>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_text())}</pre>"


def plan(
    source: CodeIndex | Iterable[Chunk],
    *,
    task_type: TaskType = "code_reflection",
    similarity_threshold: float = 0.7,
    max_tokens: int = 4000,
    limit: int | None = None,
    goal: str = "",
    providers: str | os.PathLike[str] | Iterable[ProviderSpec] | None = None,
    options: PlanOptions | None = None,
) -> Plan:
    """Return task groups for code, those first that matter most: what the rest of the code refers to.

    By default the groups are those of solfunmeme's planner, cut to the budget: the first chunk that is left leads a
    group of all that are left and alike to it. Each code reflection carries its group's position as a multivector.

    Args:
        source: An index, or chunks.
        task_type: `code_reflection`: a task for each group. `code_evolution`: a task for each chunk, to meet the goal.
            `clifford_operation`: a task for each group, which makes its position.
        similarity_threshold: The least cosine to the leader, in [-1, 1]; for the strategy `leader`.
        max_tokens: Of a group's code, estimated. Less where no provider's window holds that.
        limit: Chunks at most, the most important ones. None: all.
        goal: What shall come of it, in words.
        providers: Their table: its prices and windows are planned with.
        options: Strategy, focus, cost.

    Raises:
        InputError: If an argument is out of its range.
        ConfigurationError: If the table cannot be used, or nobody in it does such tasks.
    """
    options = options or PlanOptions()
    _check(task_type, limit, goal)
    specs = capable(read_providers(providers), task_type) if providers is not None else ()
    max_tokens = min(max_tokens, room_for_code(specs, max_tokens))
    everything = _chunks_of(source)
    ranks = pagerank(len(everything), reference_edges(everything), focused(everything, options.focus))
    chosen = _most_important(everything, ranks, limit)
    plan_id = new_id("plan")
    quality: GroupQuality | None = None
    left_over = 0
    if task_type == "code_evolution":
        rank_of = {chunk.id: float(rank) for chunk, rank in zip(everything, ranks, strict=True)}
        groups = _evolutions(chosen, rank_of, max_tokens, goal, _surroundings(everything))
        left_over = len(chosen) - len(groups)
    else:
        grouped = group_chunks(
            chosen,
            strategy=options.strategy,
            max_tokens=max_tokens,
            threshold=similarity_threshold,
            focus=options.focus,
        )
        quality = grouped.quality
        projection = _projection(everything, grouped)
        make = _reflection if task_type == "code_reflection" else _position
        groups = [make(group, projection, goal) for group in grouped]
    kept = affordable(groups, specs, options.cost_usd)
    planned = [group.replace(origin=GroupOrigin(plan=plan_id), estimate=estimate_of(group)) for group in kept]
    return Plan(
        planned,
        left_out=len(everything)
        - len(chosen)
        + left_over
        + sum(_size(group) for group in groups[len(kept) :]),
        quality=quality,
        expected_cost={spec.name: expected_cost(spec, planned) for spec in specs},
    )


# --- chunks ---------------------------------------------------------------------------------------------------


def _check(task_type: str, limit: int | None, goal: str) -> None:
    if task_type not in get_args(TaskType):
        raise InputError(
            f"task_type is 'code_reflection', 'code_evolution' or 'clifford_operation'; got {task_type!r}."
        )
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise InputError(f"limit is a number of at least 1, or None; got {limit!r}.")
    if task_type == "code_evolution" and not goal.strip():
        raise InputError("code_evolution needs a goal: say in words what the change shall do.")


def _chunks_of(source: CodeIndex | Iterable[Chunk]) -> Chunks:
    if isinstance(source, CodeIndex):
        return source.chunks()
    if isinstance(source, Chunks):
        return source
    if isinstance(source, Iterable) and not isinstance(source, str | bytes):
        chunks = list(source)
        if all(isinstance(chunk, Chunk) for chunk in chunks):
            return Chunks(chunks)
    raise InputError(f"a plan is made of a CodeIndex or of its chunks; got {source!r:.80}.")


def _most_important(chunks: Chunks, ranks: Any, limit: int | None) -> Chunks:
    if limit is None or len(chunks) <= limit:
        return chunks
    kept = set(sorted(range(len(chunks)), key=lambda at: (-ranks[at], at))[:limit])
    important = {id(chunk) for at, chunk in enumerate(chunks) if at in kept}
    return chunks.where(lambda chunk: id(chunk) in important)


def _projection(chunks: Chunks, groups: Sequence[Group]) -> Projection | None:
    """Return the map from vectors to positions: fitted to all chunks, so that every plan of an index has the same."""
    from reflector.clifford.geometry import Projection

    if not len(groups):
        return None
    is_known = chunks.vectors is not None and chunks.vectors.shape[1]
    return Projection.fit(chunks.vectors if is_known else [group.vector for group in groups])


# --- task groups ----------------------------------------------------------------------------------------------


def _place(group: Group, projection: Projection | None) -> list[float]:
    return (
        [] if projection is None else [round(each, 6) for each in projection.position(group.vector).tolist()]
    )


def _reflection(group: Group, projection: Projection | None, goal: str) -> TaskGroup:
    blades = {f"e{number}": value for number, value in enumerate(_place(group, projection), 1) if value}
    position = {"signature": [8, 0, 0], "coefficients": blades}
    payload = CodeReflectionTask(code_chunks=group.chunks, multivector=position)
    return TaskGroup(payload=payload, goal=goal, priority=group.rank)


def _position(group: Group, projection: Projection | None, goal: str) -> TaskGroup:
    payload = CliffordOperation(
        operation="create_vector_multivector", vector_values=tuple(_place(group, projection))
    )
    return TaskGroup(payload=payload, goal=goal, priority=group.rank)


def _evolutions(
    chunks: Iterable[Chunk],
    rank_of: Mapping[str, float],
    max_tokens: int,
    goal: str,
    around: Mapping[str, dict[str, Any]],
) -> list[TaskGroup]:
    """Return a task for each chunk; one that is too large is left out, since half a function cannot be changed."""
    groups = [
        TaskGroup(
            payload=CodeEvolutionTask(
                code_snippet=chunk.text,
                path=chunk.path,
                start_line=chunk.start_line,
                context=around[chunk.path],
            ),
            goal=goal,
            priority=rank_of[chunk.id],
        )
        for chunk in chunks
        if chunk.text.strip() and chunk.tokens <= max_tokens
    ]
    return sorted(groups, key=lambda group: -group.priority)


def _surroundings(chunks: Iterable[Chunk]) -> dict[str, dict[str, Any]]:
    """Return what whoever changes a piece of a file should know of the rest: imports, variables, definitions."""
    around: dict[str, dict[str, dict[str, None]]] = {}
    for chunk in chunks:
        known = around.setdefault(chunk.path, {"imports": {}, "variables": {}, "definitions": {}})
        lines = chunk.text.splitlines()
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            goes_on = after.startswith((" ", "\t", ")", "]", "}")) or line.count('"""') % 2
            rest = " …" if goes_on else ""
            if _IMPORT.match(line):
                known["imports"][line + rest] = None
            elif _VARIABLE.match(line):
                known["variables"][one_line(line, _LINE_SHOWN) + rest] = None
        if chunk.name:
            signature = _SIGNATURE.search(chunk.text)
            known["definitions"][chunk.name + (one_line(signature[1], _LINE_SHOWN) if signature else "")] = (
                None
            )
    return {
        path: {name: list(lines)[:_LINES_SHOWN] for name, lines in known.items() if lines}
        for path, known in around.items()
    }


def _size(group: TaskGroup) -> int:
    return len(group.payload.code_chunks) if isinstance(group.payload, CodeReflectionTask) else 1


def _what(payload: Payload) -> str:
    match payload:
        case CodeReflectionTask():
            count = len(payload.code_chunks)
            return f"{count} chunk{'s' * (count != 1)}"
        case CodeEvolutionTask():
            return f"{payload.path or 'a snippet'} from line {payload.start_line}"
        case CliffordOperation():
            return payload.operation
        case _:
            return payload.kind
