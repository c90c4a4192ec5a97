"""Steps back to OpenAI chat messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reflector._json import JSONValue, dumps
from reflector.trajectories.fields import as_mapping
from reflector.trajectories.step import Step, StepKind

__all__ = ["messages_from_steps"]


def messages_from_steps(steps: Sequence[Step], originals: Sequence[JSONValue] = ()) -> list[dict[str, Any]]:
    """Return the steps as OpenAI chat messages.

    Args:
        steps: In their order. Scores have no place in a conversation and are left out.
        originals: The messages that the steps' `source_index` counts: they are given back as they were.
    """
    messages: list[dict[str, Any]] = []
    group: list[Step] = []
    for step in steps:
        if group and not _belongs(step, group[-1], len(originals)):
            messages.extend(_rendered(group, originals))
            group = []
        group.append(step)
    return messages + _rendered(group, originals) if group else messages


def _belongs(step: Step, last: Step, originals: int) -> bool:
    """Return whether two neighbouring steps are of one message."""
    index = step.source_index
    if index is not None and index < originals:
        return index == last.source_index
    if last.source_index is not None and last.source_index < originals:
        return False
    return step.kind.is_model and last.kind.is_model and step.turn == last.turn and step.turn is not None


def _rendered(group: Sequence[Step], originals: Sequence[JSONValue]) -> list[dict[str, Any]]:
    index = group[0].source_index
    if index is not None and index < len(originals):
        return [dict(as_mapping(originals[index]))]
    if group[0].kind.is_model:
        return [_assistant_message(group)]
    return [_message_of(step) for step in group if step.kind is not StepKind.SCORE]


def _assistant_message(steps: Sequence[Step]) -> dict[str, Any]:
    texts = [step.content for step in steps if step.kind is StepKind.MESSAGE]
    thoughts = [step.content for step in steps if step.kind is StepKind.REASONING]
    calls = [_tool_call(step) for step in steps if step.kind is StepKind.TOOL_CALL]
    message: dict[str, Any] = {"role": "assistant", "content": "\n".join(texts) if texts else None}
    if thoughts:
        message["reasoning_content"] = "\n".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    return message


def _tool_call(step: Step) -> dict[str, Any]:
    arguments = step.arguments if isinstance(step.arguments, str) else dumps(step.arguments or {}).decode()
    function = {"name": step.name or "", "arguments": arguments}
    return {"id": step.call_id or "", "type": "function", "function": function}


def _message_of(step: Step) -> dict[str, Any]:
    match step.kind:
        case StepKind.SYSTEM:
            return {"role": "system", "content": step.content}
        case StepKind.TOOL_RESULT:
            return {"role": "tool", "tool_call_id": step.call_id or "", "content": step.content}
        case _:
            return {"role": "user", "content": step.content or step.error or ""}
