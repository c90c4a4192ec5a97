"""Where the messages are in a record that somebody's program wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reflector._json import JSONValue
from reflector.trajectories.fields import keys

__all__ = ["MESSAGE_KEYS", "conversation_of", "is_message", "is_messages"]

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
