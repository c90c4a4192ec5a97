"""Logs of inspect_ai: `.eval` archives and `.json` files, one trajectory for every sample and epoch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.trajectories.chat import ChatReader, Extras, failure_of, finish_reason_of, system_prompt
from reflector.trajectories.conversation import is_messages
from reflector.trajectories.evidence import combined_outcome, error_outcome, limit_of, score_outcome
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
from reflector.trajectories.formats.format import ArchiveLayout, Format, Record, Sample
from reflector.trajectories.step import Outcome, RecordedScore
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["INSPECT_AI"]

_ATTACHMENT = re.compile(r"attachment://([0-9a-fA-F]{8,64})")
_LOG_FIELDS = ("version", "status", "eval", "plan", "error", "results", "stats")


def _recognizes(sample: Sample) -> float:
    if any(member in ("header.json", "_journal/start.json") for member in sample.members):
        return 1.0
    value = as_mapping(sample.value)
    if isinstance(value.get("eval"), dict) and ("samples" in value or "version" in value):
        return 1.0
    return 0.0


def _records(document: JSONValue) -> Iterable[Record]:
    log = as_mapping(document)
    samples = as_list(log.get("samples"))
    if not samples:
        problem = as_text(as_mapping(log.get("error")).get("message"))
        raise ValueError(
            f"the log holds no samples; its own error: {one_line(problem)}"
            if problem
            else "the log holds no samples: was it written with log_samples=False?"
        )
    header = {key: log[key] for key in _LOG_FIELDS if key in log}
    for number, sample in enumerate(samples, 1):
        fields = as_mapping(sample)
        name = f"{text_of(fields.get('id', number))}/{text_of(fields.get('epoch', 1))}"
        yield Record(name, {"header": header, "sample": sample})


def _read(record: JSONValue, default_id: str) -> Trajectory:
    header = as_mapping(as_mapping(record).get("header"))
    original = as_mapping(record).get("sample")
    if not isinstance(original, dict):
        raise ValueError(f"expected a sample object, got {type(original).__name__}")
    texts = as_mapping(original.get("attachments"))
    sample = _resolved({key: original.get(key) for key in _SAMPLE_FIELDS if key in original}, texts)
    events = [as_mapping(event) for event in as_list(original.get("events"))]
    messages = as_list(sample.get("messages")) or _messages_of(original, events, texts)
    steps = _read_messages(messages, sample, events)
    task = as_mapping(header.get("eval"))
    output = as_mapping(sample.get("output"))
    scores = _scores_of(sample)
    limit = _limit_of(sample, events)
    error = _error_of(sample, header)
    times = [time for time in (as_time(event.get("timestamp")) for event in events[:1] + events[-1:]) if time]
    seconds = as_number(sample.get("total_time"))
    if seconds is None and len(times) == 2:
        seconds = (times[1] - times[0]).total_seconds()
    return Trajectory(
        id=as_text(sample.get("uuid")) or default_id,
        steps=tuple(steps),
        outcome=_outcome(scores, error, limit),
        scores=scores,
        feedback=_feedback(sample, output),
        prompt=system_prompt(steps),
        tools=_tools_of(events),
        error=error,
        limit=limit,
        model=as_text(task.get("model")) or as_text(output.get("model")),
        agent=as_text(task.get("task")),
        usage=_usage(sample, events),
        started_at=times[0] if times else None,
        duration_ms=seconds * 1000 if seconds is not None else None,
        format=INSPECT_AI.name,
        metadata={key: sample[key] for key in ("id", "epoch", "target", "metadata") if key in sample}
        | {key: task[key] for key in ("task", "run_id", "eval_id", "created") if key in task},
        raw=original,
    )


_SAMPLE_FIELDS = frozenset(
    {
        "id",
        "epoch",
        "uuid",
        "input",
        "target",
        "messages",
        "output",
        "scores",
        "score",
        "metadata",
        "model_usage",
    }
    | {"error", "limit", "total_time", "choices"}
)


# --- messages and events ---------------------------------------------------------------------------------


def _resolved(value: JSONValue, texts: dict[str, Any]) -> Any:
    """Return `value` with every reference to an attachment replaced by its text."""
    if isinstance(value, str):
        if "attachment://" not in value or not texts:
            return value
        return _ATTACHMENT.sub(lambda match: text_of(texts.get(match.group(1), match.group(0))), value)
    if isinstance(value, list):
        return [_resolved(item, texts) for item in value]
    if isinstance(value, dict):
        return {key: _resolved(item, texts) for key, item in value.items()}
    return value


def _messages_of(sample: dict[str, Any], events: list[dict[str, Any]], texts: dict[str, Any]) -> list[Any]:
    """Return the messages of a sample that has none of its own: what the last model call saw and said."""
    for event in reversed(events):
        if event.get("event") == "model":
            asked = as_list(event.get("input")) or _pooled(event, sample)
            said = as_mapping(_choice(event).get("message"))
            messages = _resolved([*asked, *([said] if said else [])], texts)
            if messages:
                return list(messages)
    value = _resolved(sample.get("input"), texts)
    asked = value if is_messages(value) else [{"role": "user", "content": value}] if as_text(value) else []
    reply = as_mapping(_choice(sample).get("message"))
    return [*asked, *([_resolved(reply, texts)] if reply else [])]


def _pooled(event: dict[str, Any], sample: dict[str, Any]) -> list[Any]:
    """Return the input of a model call that refers to ranges of a pool of messages."""
    pool = as_list(as_mapping(sample.get("events_data")).get("messages"))
    asked: list[Any] = []
    for reference in as_list(event.get("input_refs")):
        bounds = [as_count(bound) for bound in as_list(reference)]
        if len(bounds) == 2 and bounds[0] is not None and bounds[1] is not None:
            asked.extend(pool[bounds[0] : bounds[1]])
    return asked


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    return as_mapping(next(iter(as_list(as_mapping(event.get("output")).get("choices"))), None))


class _Events(NamedTuple):
    """What the events say about messages: by the message's id, and by the call's id."""

    calls: dict[str, dict[str, Any]]
    answers: dict[str, dict[str, Any]]
    in_order: list[dict[str, Any]]
    """Model events in their order, if there is exactly one for every answer; else none."""


def _index_events(events: list[dict[str, Any]], answers: int) -> _Events:
    tools = {text_of(event.get("id")): event for event in events if event.get("event") == "tool"}
    models = [event for event in events if event.get("event") == "model" and _choice(event)]
    named = {text_of(as_mapping(_choice(event).get("message")).get("id")): event for event in models}
    named.pop("", None)
    return _Events(tools, named, models if len(models) == answers else [])


def _read_messages(messages: list[Any], sample: dict[str, Any], events: list[dict[str, Any]]) -> list[Any]:
    answers = sum(as_mapping(message).get("role") == "assistant" for message in messages)
    index_of = _index_events(events, answers)
    last = _choice(sample)
    reader = ChatReader()
    for index, item in enumerate(messages):
        message = as_mapping(item)
        extras = Extras()
        if message.get("role") == "assistant":
            number = reader.turn + 1
            event = index_of.answers.get(text_of(message.get("id"))) or (
                index_of.in_order[number] if index_of.in_order else {}
            )
            extras = _model_extras(event, last if number == answers - 1 else {})
        elif message.get("role") == "tool":
            extras = _tool_extras(index_of.calls.get(text_of(message.get("tool_call_id")), {}))
        reader.add({key: value for key, value in message.items() if key not in _UNTOLD}, index, extras)
    return reader.steps


# Of a message: ids and the log's own notes, which `raw` keeps.
_UNTOLD = frozenset({"id", "source", "model", "view"})


def _model_extras(event: dict[str, Any], last: dict[str, Any]) -> Extras:
    return Extras(
        finish_reason=finish_reason_of(_choice(event)) or finish_reason_of(last),
        usage=usage_of(as_mapping(event.get("output")).get("usage"), calls=1),
        started_at=as_time(event.get("timestamp")),
        duration_ms=_duration(event),
    )


def _tool_extras(event: dict[str, Any]) -> Extras:
    is_error, error, _ = failure_of(event)
    return Extras(
        started_at=as_time(event.get("timestamp")),
        duration_ms=_duration(event),
        is_error=is_error,
        error=error,
    )


def _duration(event: dict[str, Any]) -> float | None:
    seconds = as_number(first_of(event, "working_time")) or as_number(
        as_mapping(event.get("output")).get("time")
    )
    if seconds is None:
        begin, end = as_time(event.get("timestamp")), as_time(event.get("completed"))
        seconds = (end - begin).total_seconds() if begin and end else None
    return seconds * 1000 if seconds is not None and seconds >= 0 else None


def _tools_of(events: list[dict[str, Any]]) -> tuple[str, ...] | None:
    """Return the tools that any model call was offered, or None when no call is recorded."""
    names: dict[str, None] = {}
    offered = [names_of_tools(event.get("tools")) for event in events if event.get("event") == "model"]
    for tools in offered:
        names.update(dict.fromkeys(tools or ()))
    return tuple(names) if any(tools is not None for tools in offered) else None


# --- how it went -----------------------------------------------------------------------------------------


def _scores_of(sample: dict[str, Any]) -> tuple[RecordedScore, ...]:
    scores = as_mapping(sample.get("scores")) or ({"score": sample["score"]} if sample.get("score") else {})
    return tuple(score for name, value in scores.items() for score in _score(text_of(name), value))


def _score(name: str, score: JSONValue) -> list[RecordedScore]:
    fields = as_mapping(score)
    value = fields.get("value") if fields else score
    explanation = as_text(fields.get("explanation"))
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else [("", value)]
    )
    return [
        RecordedScore(
            name=f"{name}.{key}" if key != "" else name, value=_plain(part), explanation=explanation
        )
        for key, part in parts
    ]


def _plain(value: JSONValue) -> float | bool | str | None:
    if isinstance(value, bool | str):
        return value
    return as_number(value) if isinstance(value, int | float) else None


def _feedback(sample: dict[str, Any], output: dict[str, Any]) -> tuple[str, ...]:
    """Return what scorers explained; many scorers only repeat the answer there, which says nothing new."""
    said: dict[str, None] = {}
    answers = {text_of(output.get("completion")).strip().lower()}
    answers.add(
        text_of(as_mapping(_choice({"output": output}).get("message")).get("content")).strip().lower()
    )
    for score in as_mapping(sample.get("scores")).values():
        fields = as_mapping(score)
        explanation = as_text(fields.get("explanation"))
        repeated = answers | {text_of(fields.get("answer")).strip().lower()}
        if explanation and explanation.strip().lower() not in repeated:
            said[explanation] = None
    return tuple(said)


def _limit_of(sample: dict[str, Any], events: list[dict[str, Any]]) -> str | None:
    limit = as_mapping(sample.get("limit")) or next(
        (event for event in reversed(events) if event.get("event") == "sample_limit"), {}
    )
    kind = as_text(limit.get("type"))
    if kind is None:
        return None
    value = as_text(limit.get("limit"))
    name = limit_of(kind) or kind
    return f"{name}={value}" if value else name


def _error_of(sample: dict[str, Any], header: dict[str, Any]) -> str | None:
    error = sample.get("error")
    message = as_text(as_mapping(error).get("message")) or as_text(error)
    if message is None and not sample.get("scores") and header.get("status") == "error":
        message = as_text(as_mapping(header.get("error")).get("message"))
    return message or as_text(as_mapping(sample.get("output")).get("error"))


def _outcome(scores: tuple[RecordedScore, ...], error: str | None, limit: str | None) -> Outcome:
    judged = combined_outcome(score_outcome(score.value) for score in scores)
    if judged is not Outcome.UNKNOWN:
        return judged
    if error:
        return error_outcome(error)
    if limit:
        return Outcome.TIMEOUT if limit.startswith("time") else Outcome.PARTIAL
    return Outcome.UNKNOWN


def _usage(sample: dict[str, Any], events: list[dict[str, Any]]) -> Usage | None:
    total = Usage()
    for model in as_mapping(sample.get("model_usage")).values():
        total += usage_of(model) or Usage()
    calls = sum(event.get("event") == "model" for event in events)
    total = total.model_copy(update={"calls": calls})
    return None if total == Usage() else total


INSPECT_AI = Format(
    name="inspect_ai",
    extensions=(".eval", ".json"),
    recognizes=_recognizes,
    records=_records,
    read=_read,
    archive=ArchiveLayout(
        context=("header.json", "_journal/start.json"), records="samples/*.json", key="samples"
    ),
)
