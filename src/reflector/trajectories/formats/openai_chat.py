"""OpenAI chat messages: a list, an object around a list, or one message for every line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reflector._json import JSONValue
from reflector.trajectories.chat import read_messages, system_prompt
from reflector.trajectories.conversation import MESSAGE_KEYS, conversation_of, is_message, is_messages
from reflector.trajectories.evidence import error_of, feedback_of, limit_reached, outcome_of, scores_of
from reflector.trajectories.fields import (
    as_mapping,
    as_number,
    as_text,
    first_of,
    keys,
    names_of_tools,
    usage_of,
)
from reflector.trajectories.formats.format import Format, Record, Sample
from reflector.trajectories.parts import content_text
from reflector.trajectories.trajectory import Trajectory

__all__ = ["OPENAI_CHAT", "run_id"]

_ID_KEYS = keys("id trajectory_id run_id rollout_id conversation_id session_id trace_id uuid")
_EXIT_KEYS = ("exit_status", "termination_reason", "exit_reason", "end_reason", "stop_reason")
_JUDGED_IN = ("evaluation", "eval", "result", "reward_info", "info", "metadata", "extra")
_UNDERSTOOD = frozenset({*_ID_KEYS, "tools", "functions", "model", "usage"})


def _recognizes(sample: Sample) -> float:
    value = sample.value
    if is_messages(value):
        return 0.9
    if is_message(value):
        return 0.7
    if isinstance(value, list):
        head = [item for item in value[:5] if conversation_of(item)]
        return 0.75 if head and len(head) * 2 >= len(value[:5]) else 0.0
    if isinstance(value, dict):
        if conversation_of(value):
            return 0.8
        return 0.4 if any(isinstance(value.get(key), list) for key in MESSAGE_KEYS[:2]) else 0.0
    return 0.0


def _records(document: JSONValue) -> Iterable[Record]:
    is_one = not isinstance(document, list) or is_messages(document)
    if is_one or not any(map(conversation_of, document[:50])):
        return [Record(None, document)]
    return (Record(number, item) for number, item in enumerate(document, 1))


def _read(record: JSONValue, default_id: str) -> Trajectory:
    messages = [record] if is_message(record) else conversation_of(record)
    if not messages:
        raise ValueError("it holds no messages: expected a list of objects with `role` and `content`")
    steps = read_messages(messages)
    fields = as_mapping(record)
    info = as_mapping(fields.get("info"))
    judged = _judged(fields)
    scores, error = scores_of(judged), error_of(fields)
    response = as_mapping(fields.get("response"))
    exit_status = as_text(first_of(fields, *_EXIT_KEYS))
    limit = limit_reached(exit_status)
    rest = {key: value for key, value in fields.items() if key not in _UNDERSTOOD and not _is_said(value)}
    return Trajectory(
        id=run_id(fields) or default_id,
        steps=steps,
        outcome=outcome_of(fields, scores, error, limit),
        scores=scores,
        feedback=feedback_of(judged),
        prompt=system_prompt(steps) or as_text(content_text(fields.get("system"))),
        task=_task_of(fields) or _task_of(info),
        tools=names_of_tools(
            first_of(fields, "tools", "functions") or as_mapping(fields.get("request")).get("tools")
        ),
        error=error,
        exit_status=exit_status,
        limit=limit,
        model=as_text(first_of(fields, "model", "model_name")) or as_text(response.get("model")),
        agent=as_text(first_of(fields, "agent", "agent_name")),
        usage=usage_of(first_of(fields, "usage") or response.get("usage")),
        duration_ms=as_number(fields.get("duration_ms")),
        format=OPENAI_CHAT.name,
        metadata=rest if not is_message(record) else {},
        raw=record,
    )


def _judged(record: dict[str, Any]) -> dict[str, Any]:
    """Return the object that holds the scores: the record itself, or what it keeps them in."""
    for judged in (record, *(as_mapping(record.get(key)) for key in _JUDGED_IN)):
        if scores_of(judged):
            return judged
    return record


def run_id(record: dict[str, Any]) -> str | None:
    """Return the record's own id of the run; ids of tasks and examples are not, for they repeat."""
    return as_text(first_of(record, *_ID_KEYS))


def _is_said(value: JSONValue) -> bool:
    return is_messages(value) or is_message(value) or bool(conversation_of(value)) or value is None


def _task_of(record: dict[str, Any]) -> str | None:
    task = record.get("task")
    details = as_mapping(task)
    return as_text(first_of(details, "instruction", "description", "goal", "prompt", "text")) or (
        task if isinstance(task, str) and task.strip() else as_text(record.get("task_description"))
    )


OPENAI_CHAT = Format(
    name="openai_chat",
    extensions=(".json", ".jsonl"),
    recognizes=_recognizes,
    records=_records,
    read=_read,
    gathers=is_message,
)
