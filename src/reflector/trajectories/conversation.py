"""Where the messages are in a record that somebody's program wrote; and steps back to messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reflector._json import JSONValue, dumps
from reflector.trajectories.fields import as_mapping, keys
from reflector.trajectories.step import Step, StepKind

__all__ = ["MESSAGE_KEYS", "conversation_of", "is_message", "is_messages", "messages_from_steps"]

MESSAGE_KEYS = keys("messages traj trajectory conversation conversations history chat prompt input inputs")
_REPLY_KEYS = ("completion", "response", "output", "outputs", "choices", "choice", "reply")


def is_message(value: JSONValue) -> bool:
    """Return whether `value` has the shape of a chat message: an object with a role and something said."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("role"), str)
        and not value.keys().isdisjoint(("content", "tool_calls", "function_call", "parts"))
    )


def is_messages(value: JSONValue) -> bool:
    """Return whether `value` is a list that begins like a conversation.

    Most of its first items must be messages, not all: a broken one is to be named, not to hide what it is part of.
    """
    return isinstance(value, list) and sum(map(is_message, value[:5])) * 2 > len(value[:5])


def conversation_of(record: JSONValue) -> list[Any]:
    """Return the messages of a record of OpenAI's shape in their order, or an empty list.

    Understood are a list of messages; an object with a list under one of the usual names; and a prompt
    beside its completion, as request logs and rollouts keep them.
    """
    if is_messages(record):
        return list(record)
    if not isinstance(record, dict):
        return []
    sources = [record, record.get("request"), record.get("inputs"), record.get("input")]
    for source in sources:
        if isinstance(source, dict):
            asked = next((source[key] for key in MESSAGE_KEYS if is_messages(source.get(key))), None)
            if asked is not None:
                return [*asked, *_reply_of(record)]
    return []


def _reply_of(record: dict[str, Any]) -> list[Any]:
    """Return the messages of the reply that stands beside a prompt."""
    for key in _REPLY_KEYS:
        reply = record.get(key)
        found = _messages_in(reply)
        if found:
            return found
        if isinstance(reply, str) and reply.strip() and "messages" not in record:
            return [{"role": "assistant", "content": reply}]
    return []


def _messages_in(reply: JSONValue) -> list[Any]:
    """Return the messages of a completion: a message, a list of them, a choice, or an answer of the API."""
    if is_message(reply):
        return [reply]
    if isinstance(reply, dict):
        if is_message(reply.get("message")):
            finish = {"finish_reason": reply["finish_reason"]} if reply.get("finish_reason") else {}
            return [finish | reply["message"]]
        return _messages_in(reply.get("choices") or reply.get("messages"))
    if is_messages(reply):
        return list(reply)
    # Of several choices the first is the one that went on.
    return _messages_in(reply[0]) if isinstance(reply, list) and reply and isinstance(reply[0], dict) else []


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
