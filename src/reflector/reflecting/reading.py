"""Having a model read the runs: at once, or in groups whose reflections are joined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import anyio

from reflector._json import JSONValue
from reflector.errors import ReflectionError, ReflectorError, UnparsableReflectionError
from reflector.llm.messages import Message, ModelReply
from reflector.reflection.joining import join_groups
from reflector.reflection.many_runs import count_runs, split_request, trace_back
from reflector.reflection.models import ParsedReflection, ReflectionRequest
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.suggestion_parser import parse_reflection
from reflector.usage import Usage

__all__ = ["AT_ONCE", "Reading", "read_runs_by_model", "rounds_of"]

AT_ONCE = 8
"""So many groups of runs are read at once."""

Ask = Callable[[Sequence[Message], int], Awaitable[tuple[ModelReply, str]]]
"""Asks the model, given how often that was done before; returns its reply and the name of who gave it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model said about the runs, and what that took."""

    parsed: ParsedReflection
    model: str
    usage: Usage
    cached: bool
    """Whether every answer was paid before."""


def rounds_of(groups: int) -> int:
    """Return how often the time of one answer passes until all groups are read and joined."""
    return 1 if groups == 1 else -(-groups // AT_ONCE) + 1


async def read_runs_by_model(
    request: ReflectionRequest, builder: PromptBuilder, ask: Ask, *, strict: bool = False, tries: int = 1
) -> Reading:
    """Return what the model says about the runs of a request.

    Runs that do not fit the builder's window are read in groups; what is found is merged, and the model makes one
    reflection of it. A group whose answer holds no reflection is left out; if the last answer holds none, the merged
    reflections are the result. `metadata` says both. Every call counts in the usage.

    Args:
        request: What is asked.
        builder: Writes the prompts.
        ask: Asks the model.
        strict: Take exact JSON only.
        tries: How often it is asked at most, when an answer holds no reflection.

    Raises:
        UnparsableReflectionError: If no answer holds a reflection.
        LLMError: If the model could not be asked; the other groups are cancelled.
    """

    async def read(messages: Sequence[Message]) -> ParsedReflection:
        for tried in range(tries):
            reply, provider = await ask(messages, tried)
            replies.append((reply, provider))
            try:
                return parse_reflection(reply.content, strict=strict, finish_reason=reply.finish_reason)
            except UnparsableReflectionError:
                if tried == tries - 1:
                    raise
        raise AssertionError("there is at least one try")

    replies: list[tuple[ModelReply, str]] = []
    groups = split_request(request, builder)
    if len(groups) == 1:
        parsed = count_runs(await read(builder.build_messages(groups[0])), groups[0])
    else:
        parsed = await _reduce(request, groups, builder, read)
    last, provider = replies[-1]
    usage = reduce(Usage.__add__, (reply.usage for reply, _ in replies))
    return Reading(parsed, last.model or provider, usage, all(reply.cached for reply, _ in replies))


Read = Callable[[Sequence[Message]], Awaitable[ParsedReflection]]


async def _reduce(
    request: ReflectionRequest, groups: Sequence[ReflectionRequest], builder: PromptBuilder, read: Read
) -> ParsedReflection:
    """Return one reflection of those on the groups."""
    parts, unread = await _read_all(groups, builder, read)
    notes: dict[str, JSONValue] = {"groups": len(groups)} | ({"unread_groups": len(unread)} if unread else {})
    joined = join_groups(parts)
    if len(parts) == 1:
        return _noted(joined, notes)
    system, _ = builder.build_messages(groups[0])
    question = Message(role="user", content=builder.build_reduction_prompt(request, joined, len(groups)))
    try:
        reduced = await read((system, question))
    except ReflectionError as err:
        return _noted(joined, notes | {"not_reduced": str(err)})
    return _noted(trace_back(reduced, joined, len(request.failed)), notes)


async def _read_all(
    groups: Sequence[ReflectionRequest], builder: PromptBuilder, read: Read
) -> tuple[list[ParsedReflection], list[ReflectionError]]:
    """Return the reflections on all groups, in their order, and why some have none."""
    parts: dict[int, ParsedReflection] = {}
    unread: list[ReflectionError] = []
    failures: list[ReflectorError] = []
    room = anyio.CapacityLimiter(AT_ONCE)

    async def work(number: int, group: ReflectionRequest) -> None:
        async with room:
            try:
                parts[number] = count_runs(await read(builder.build_messages(group)), group)
            except ReflectionError as err:
                unread.append(err)
            except ReflectorError as err:
                failures.append(err)
                tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for number, group in enumerate(groups):
            tasks.start_soon(work, number, group)
    if failures or not parts:
        raise (failures or unread)[0]
    return [parts[number] for number in sorted(parts)], unread


def _noted(parsed: ParsedReflection, notes: dict[str, JSONValue]) -> ParsedReflection:
    noted: ParsedReflection = parsed.replace(metadata=parsed.metadata | notes)
    return noted
