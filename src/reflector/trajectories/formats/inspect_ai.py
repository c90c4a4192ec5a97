"""Logs of inspect_ai: `.eval` archives and `.json` files, one trajectory for every sample and epoch."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

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
    keys,
    names_of_tools,
    text_of,
    usage_of,
)
from reflector.trajectories.formats.format import ArchiveLayout, Format, Record, Sample
from reflector.trajectories.step import Outcome, RecordedScore, Step
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["INSPECT_AI"]

_CONTEXT = ("header.json", "_journal/start.json")
_LOG_FIELDS = ("version", "status", "eval", "plan", "error", "results", "stats")
_SAMPLE_FIELDS = keys(
    "id epoch uuid input target messages output scores score metadata model_usage error limit total_time choices"
)

_ATTACHMENT = re.compile(r"attachment://([0-9a-fA-F]{8,64})")
# Of a message: ids and the log's own notes, which `raw` keeps.
_UNTOLD = frozenset({"id", "source", "model", "view"})


def _recognizes(sample: Sample) -> float:
    value = as_mapping(sample.value)
    is_log = isinstance(value.get("eval"), dict) and ("samples" in value or "version" in value)
    return float(is_log or not set(_CONTEXT).isdisjoint(sample.members))


def _records(document: JSONValue) -> Iterable[Record]:
    log = as_mapping(document)
    samples = as_list(log.get("samples"))
    if not samples:
        problem = as_text(as_mapping(log.get("error")).get("message"))
        why = (
            f"; its own error: {one_line(problem)}" if problem else ": was it written with log_samples=False?"
        )
        raise ValueError(f"the log holds no samples{why}")
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


# --- what was said ---------------------------------------------------------------------------------------


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
            messages = _asked_and_said(as_list(event.get("input")) or _pooled(event, sample), event)
            if messages:
                return list(_resolved(messages, texts))
    value = _resolved(sample.get("input"), texts)
    asked = value if is_messages(value) else [{"role": "user", "content": value}] if as_text(value) else []
    return list(_resolved(_asked_and_said(asked, sample), texts))


def _asked_and_said(asked: list[Any], event: dict[str, Any]) -> list[Any]:
    said = as_mapping(_choice_of(event).get("message"))
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


def _choice_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the first choice in the output of a model call or a sample."""
    return as_mapping(next(iter(as_list(as_mapping(event.get("output")).get("choices"))), None))


def _read_messages(messages: list[Any], sample: dict[str, Any], events: list[dict[str, Any]]) -> list[Step]:
    """Return the steps of a sample's messages, with what its events say of each."""
    answers = sum(as_mapping(message).get("role") == "assistant" for message in messages)
    calls = {text_of(event.get("id")): event for event in events if event.get("event") == "tool"}
    models = [event for event in events if event.get("event") == "model" and _choice_of(event)]
    by_id = {text_of(as_mapping(_choice_of(event).get("message")).get("id")): event for event in models}
    by_id.pop("", None)
    # Where they name no message, their order tells, if there is exactly one for every answer.
    in_order = models if len(models) == answers else [{}] * answers
    last = _choice_of(sample)
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


def _model_extras(event: dict[str, Any], last: dict[str, Any]) -> Extras:
    return Extras(
        finish_reason=finish_reason_of(_choice_of(event)) or finish_reason_of(last),
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
    if isinstance(value, list):
        value = dict(enumerate(value))
    parts = value if isinstance(value, dict) else {"": value}
    why = as_text(fields.get("explanation"))
    named = ((f"{name}.{key}" if key != "" else name, _plain(part)) for key, part in parts.items())
    return [RecordedScore(name=each, value=part, explanation=why) for each, part in named]


def _plain(value: JSONValue) -> float | bool | str | None:
    if isinstance(value, bool | str):
        return value
    return as_number(value) if isinstance(value, int | float) else None


def _feedback(sample: dict[str, Any], output: dict[str, Any]) -> tuple[str, ...]:
    """Return what scorers explained; many scorers only repeat the answer there, which says nothing new."""
    message = as_mapping(_choice_of({"output": output}).get("message"))
    answers = [output.get("completion"), message.get("content")]
    said: dict[str, None] = {}
    for fields in map(as_mapping, as_mapping(sample.get("scores")).values()):
        explanation = as_text(fields.get("explanation"))
        repeated = [text_of(each).strip().lower() for each in (*answers, fields.get("answer"))]
        if explanation and explanation.strip().lower() not in repeated:
            said[explanation] = None
    return tuple(said)


def _limit_of(sample: dict[str, Any], events: list[dict[str, Any]]) -> str | None:
    recorded = (event for event in reversed(events) if event.get("event") == "sample_limit")
    limit = as_mapping(sample.get("limit")) or next(recorded, {})
    kind, value = as_text(limit.get("type")), as_text(limit.get("limit"))
    name = kind and (limit_of(kind) or kind)
    return f"{name}={value}" if name and value else name


def _error_of(sample: dict[str, Any], header: dict[str, Any]) -> str | None:
    error = sample.get("error")
    message = as_text(as_mapping(error).get("message")) or as_text(error)
    if message is None and not sample.get("scores") and header.get("status") == "error":
        message = as_text(as_mapping(header.get("error")).get("message"))
    return message or as_text(as_mapping(sample.get("output")).get("error"))


def _outcome(scores: tuple[RecordedScore, ...], error: str | None, limit: str | None) -> Outcome:
    judged = combined_outcome(score_outcome(score.value) for score in scores)
    if judged is not Outcome.UNKNOWN or not (error or limit):
        return judged
    if error:
        return error_outcome(error)
    return Outcome.TIMEOUT if str(limit).startswith("time") else Outcome.PARTIAL


def _usage(sample: dict[str, Any], events: list[dict[str, Any]]) -> Usage | None:
    spent = (usage_of(model) or Usage() for model in as_mapping(sample.get("model_usage")).values())
    calls = sum(event.get("event") == "model" for event in events)
    total = sum(spent, Usage()).model_copy(update={"calls": calls})
    return None if total == Usage() else total


INSPECT_AI = Format(
    name="inspect_ai",
    extensions=(".eval", ".json"),
    recognizes=_recognizes,
    records=_records,
    read=_read,
    archive=ArchiveLayout(context=_CONTEXT, records="samples/*.json", key="samples"),
)
