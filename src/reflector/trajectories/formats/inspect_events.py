"""What a sample of inspect_ai holds: its messages, its attachments, and the events that tell more about both."""

from __future__ import annotations

import re
from typing import Any

from reflector._json import JSONValue
from reflector.trajectories.chat import ChatReader, Extras, failure_of, finish_reason_of
from reflector.trajectories.conversation import is_messages
from reflector.trajectories.fields import (
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
    as_time,
    first_of,
    names_of_tools,
    text_of,
    usage_of,
)
from reflector.trajectories.step import Step

__all__ = ["choice_of", "messages_of", "read_messages", "resolved", "tools_of"]

_ATTACHMENT = re.compile(r"attachment://([0-9a-fA-F]{8,64})")


def resolved(value: JSONValue, texts: dict[str, Any]) -> Any:
    """Return `value` with every reference to an attachment replaced by its text."""
    if isinstance(value, str):
        if "attachment://" not in value or not texts:
            return value
        return _ATTACHMENT.sub(lambda match: text_of(texts.get(match.group(1), match.group(0))), value)
    if isinstance(value, list):
        return [resolved(item, texts) for item in value]
    if isinstance(value, dict):
        return {key: resolved(item, texts) for key, item in value.items()}
    return value


def messages_of(sample: dict[str, Any], events: list[dict[str, Any]], texts: dict[str, Any]) -> list[Any]:
    """Return the messages of a sample that has none of its own: what the last model call saw and said."""
    for event in reversed(events):
        if event.get("event") == "model":
            messages = _asked_and_said(as_list(event.get("input")) or _pooled(event, sample), event)
            if messages:
                return list(resolved(messages, texts))
    value = resolved(sample.get("input"), texts)
    asked = value if is_messages(value) else [{"role": "user", "content": value}] if as_text(value) else []
    return list(resolved(_asked_and_said(asked, sample), texts))


def _asked_and_said(asked: list[Any], event: dict[str, Any]) -> list[Any]:
    said = as_mapping(choice_of(event).get("message"))
    return [*asked, said] if said else asked


def _pooled(event: dict[str, Any], sample: dict[str, Any]) -> list[Any]:
    """Return the input of a model call that refers to ranges of a pool of messages."""
    pool = as_list(as_mapping(sample.get("events_data")).get("messages"))
    asked: list[Any] = []
    for reference in as_list(event.get("input_refs")):
        bounds = [as_count(bound) for bound in as_list(reference)]
        if len(bounds) == 2 and bounds[0] is not None and bounds[1] is not None:
            asked.extend(pool[bounds[0] : bounds[1]])
    return asked


def choice_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice in the output of a model call or a sample."""
    return as_mapping(next(iter(as_list(as_mapping(event.get("output")).get("choices"))), None))


def read_messages(messages: list[Any], sample: dict[str, Any], events: list[dict[str, Any]]) -> list[Step]:
    """Return the steps of a sample's messages, with what its events say of each."""
    answers = sum(as_mapping(message).get("role") == "assistant" for message in messages)
    calls = {text_of(event.get("id")): event for event in events if event.get("event") == "tool"}
    models = [event for event in events if event.get("event") == "model" and choice_of(event)]
    by_id = {text_of(as_mapping(choice_of(event).get("message")).get("id")): event for event in models}
    by_id.pop("", None)
    # Where they name no message, their order tells, if there is exactly one for every answer.
    in_order = models if len(models) == answers else [{}] * answers
    last = choice_of(sample)
    reader = ChatReader()
    for index, item in enumerate(messages):
        message = as_mapping(item)
        extras = Extras()
        if message.get("role") == "assistant":
            number = reader.turn + 1
            event = by_id.get(text_of(message.get("id"))) or in_order[number]
            extras = _model_extras(event, last if number == answers - 1 else {})
        elif message.get("role") == "tool":
            extras = _tool_extras(calls.get(text_of(message.get("tool_call_id")), {}))
        reader.add({key: value for key, value in message.items() if key not in _UNTOLD}, index, extras)
    return reader.steps


# Of a message: ids and the log's own notes, which `raw` keeps.
_UNTOLD = frozenset({"id", "source", "model", "view"})


def _model_extras(event: dict[str, Any], last: dict[str, Any]) -> Extras:
    return Extras(
        finish_reason=finish_reason_of(choice_of(event)) or finish_reason_of(last),
        usage=usage_of(as_mapping(event.get("output")).get("usage"), calls=1),
        started_at=as_time(event.get("timestamp")),
        duration_ms=_duration(event),
    )


def _tool_extras(event: dict[str, Any]) -> Extras:
    is_error, error, _ = failure_of(event)
    began, took = as_time(event.get("timestamp")), _duration(event)
    return Extras(started_at=began, duration_ms=took, is_error=is_error, error=error)


def _duration(event: dict[str, Any]) -> float | None:
    stated = first_of(event, "working_time") or as_mapping(event.get("output")).get("time")
    seconds = as_number(stated)
    if seconds is None:
        begin, end = as_time(event.get("timestamp")), as_time(event.get("completed"))
        seconds = (end - begin).total_seconds() if begin and end else None
    return seconds * 1000 if seconds is not None and seconds >= 0 else None


def tools_of(events: list[dict[str, Any]]) -> tuple[str, ...] | None:
    """Return the tools that any model call was offered, or None when no call is recorded."""
    names: dict[str, None] = {}
    offered = [names_of_tools(event.get("tools")) for event in events if event.get("event") == "model"]
    for tools in offered:
        names.update(dict.fromkeys(tools or ()))
    return tuple(names) if any(tools is not None for tools in offered) else None
