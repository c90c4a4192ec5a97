"""What task groups take and cost, as far as that is known before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from reflector._text import estimate_tokens
from reflector.dispatch.task import Estimate
from reflector.errors import ConfigurationError
from reflector.llm.messages import Message
from reflector.tasks.code_prompt import evolution_messages, reflection_messages
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import CodeEvolutionTask, CodeReflectionTask
from reflector.tasks.table import ProviderSpec

__all__ = ["affordable", "capable", "estimate_of", "expected_cost", "room_for_code"]

_REFLECTION_TOKENS = 1200
"""Of an answer about a group of chunks, roughly: three to five suggestions with their code."""
_FORM_TOKENS = 900
"""Of a question without the code, at most."""
_NUMBERED = 1.5
"""How much longer code becomes by the numbers of its lines, at most."""


def estimate_of(group: TaskGroup) -> Estimate:
    """Return what a task group takes: its question as it will be asked, and a guess of the answer."""
    match group.payload:
        case CodeReflectionTask() as payload:
            return Estimate(
                input_tokens=_tokens(reflection_messages(payload, group.goal)),
                output_tokens=_REFLECTION_TOKENS,
            )
        case CodeEvolutionTask() as payload:
            return Estimate(
                input_tokens=_tokens(evolution_messages(payload, group.goal)),
                output_tokens=math.ceil(estimate_tokens(payload.code_snippet) * 1.2) + 200,
            )
        case _:
            return Estimate()


def capable(specs: Sequence[ProviderSpec], kind: str) -> tuple[ProviderSpec, ...]:
    """Return those that do tasks of a kind.

    Raises:
        ConfigurationError: If nobody does.
    """
    able = tuple(spec for spec in specs if kind in spec.kinds)
    if not able:
        raise ConfigurationError(
            f"no provider of the table does tasks of kind {kind!r}; there are "
            + ", ".join(f"{spec.name} ({', '.join(spec.kinds)})" for spec in specs)
        )
    return able


def room_for_code(specs: Sequence[ProviderSpec], max_tokens: int) -> int:
    """Return the most tokens of code that some provider's window holds, with the question and the answer."""
    windows = [spec.context_window for spec in specs]
    if not windows or None in windows:
        return max_tokens
    largest = max(window for window in windows if window is not None)
    room = int((largest - _FORM_TOKENS - _REFLECTION_TOKENS) / _NUMBERED)
    if room < 1:
        raise ConfigurationError(
            f"the largest context window of the table has {largest} tokens; a question and its answer need about "
            f"{_FORM_TOKENS + _REFLECTION_TOKENS} besides the code."
        )
    return room


def _cost(spec: ProviderSpec, group: TaskGroup) -> float | None:
    estimate = group.estimate or estimate_of(group)
    if spec.kind == "model" and (spec.cost_in is None or spec.cost_out is None):
        return None
    if (
        spec.context_window is not None
        and estimate.input_tokens + estimate.output_tokens > spec.context_window
    ):
        return None
    return estimate.input_tokens * (spec.cost_in or 0.0) + estimate.output_tokens * (spec.cost_out or 0.0)


def expected_cost(spec: ProviderSpec, groups: Iterable[TaskGroup]) -> float | None:
    """Return the USD that a provider would take for groups; None if it has no known prices or cannot do them all."""
    total = 0.0
    for group in groups:
        if (cost := _cost(spec, group)) is None:
            return None
        total += cost
    return total


def affordable(
    groups: list[TaskGroup], specs: Sequence[ProviderSpec], cost_usd: float | None
) -> list[TaskGroup]:
    """Return the first groups that can be paid, each at its cheapest provider; what has no known price is free here."""
    if cost_usd is None:
        return groups
    left = cost_usd
    for at, group in enumerate(groups):
        left -= min((cost for spec in specs if (cost := _cost(spec, group)) is not None), default=0.0)
        if left < -1e-12:
            return groups[:at]
    return groups


def _tokens(messages: Sequence[Message]) -> int:
    return sum(estimate_tokens(message.content) for message in messages)
