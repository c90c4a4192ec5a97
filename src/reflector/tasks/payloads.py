"""What can be asked of the pipeline: a closed set of payloads, all of them plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, ValidationError, field_validator

from reflector._json import JSONValue, first_unfit
from reflector.clifford.task import CliffordOperation
from reflector.code.chunk import Chunk, ChunkKind
from reflector.dispatch.payload import TaskPayload
from reflector.dispatch.task import Task
from reflector.errors import InputError

__all__ = [
    "PAYLOADS", "CodeEvolutionTask", "CodeReflectionTask", "Payload", "PromptReflectionTask", "RolloutTask",
    "payload_of",
]  # fmt: skip


class PromptReflectionTask(TaskPayload):
    """What did a prompt do wrong in these runs? Its value is a `Reflection`, as plain data."""

    kind: ClassVar[str] = "prompt_reflection"

    runs: tuple[JSONValue, ...] = Field(min_length=1)
    """One document each, in any format that `rf.reflect` reads."""
    prompt: str | None = None
    """None takes the one that the runs carry."""
    task: str | None = None
    verbosity: str = "normal"
    focus_areas: tuple[str, ...] = ()


class CodeReflectionTask(TaskPayload):
    """What is wrong with this code, and what would make it better? Its value is a `CodeReflection`."""

    kind: ClassVar[str] = "code_reflection"

    code_chunks: tuple[Chunk, ...] = Field(min_length=1)
    """A bare text, as solfunmeme has it, becomes a chunk without a path."""
    multivector: JSONValue = None
    """Where the group lies among the others: a descriptor, in any form that `rf.clifford.from_wire` reads."""

    @field_validator("code_chunks", mode="before")
    @classmethod
    def _accept_texts(cls, chunks: Any) -> Any:
        if isinstance(chunks, list | tuple):
            return tuple(_chunk_of(each) if isinstance(each, str) else each for each in chunks)
        return chunks


class CodeEvolutionTask(TaskPayload):
    """Change this code so that the goal is met. Its value is a `CodeEvolution`: the new text and the patch."""

    kind: ClassVar[str] = "code_evolution"

    code_snippet: str = Field(min_length=1)
    context: dict[str, JSONValue] = Field(default_factory=dict)
    """Whatever the one who does it should know; solfunmeme's `meme_token` stands here under that name."""
    path: str = ""
    """Of the file in which the snippet stands, from the root of its tree; empty for code that stands nowhere."""
    start_line: int = Field(default=1, ge=1)
    """Where it begins in that file, counted from 1."""


class RolloutTask(TaskPayload):
    """Run a candidate on an example. Its value is what the run returned."""

    kind: ClassVar[str] = "rollout"

    components: dict[str, str]
    """The candidate's texts by the name of their component."""
    example: JSONValue = None


Payload = PromptReflectionTask | CodeReflectionTask | CodeEvolutionTask | CliffordOperation | RolloutTask

PAYLOADS: Mapping[str, type[Payload]] = {
    payload.kind: payload
    for payload in (
        PromptReflectionTask,
        CodeReflectionTask,
        CodeEvolutionTask,
        CliffordOperation,
        RolloutTask,
    )
}
"""By the kind of task."""


def payload_of(task: Task) -> Payload:
    """Return what a task asks, as a value; it may have crossed a process as plain data.

    Raises:
        InputError: If it is no payload of its kind.
    """
    kind = PAYLOADS.get(task.kind)
    if kind is None:
        raise InputError(f"expected a task of kind {', '.join(PAYLOADS)}; got {task.kind!r}.")
    if isinstance(task.payload, kind):
        return task.payload
    try:
        return kind.model_validate(task.payload)
    except ValidationError as err:
        why = first_unfit(err)
        raise InputError(f"a task of kind {task.kind!r} has a payload that does not fit: {why}.") from None


def _chunk_of(text: str) -> Chunk:
    return Chunk(
        path="",
        language="",
        kind=ChunkKind.LINES,
        start_line=1,
        end_line=max(1, len(text.splitlines())),
        text=text,
        tokens=(len(text.encode()) + 3) // 4,
    )
