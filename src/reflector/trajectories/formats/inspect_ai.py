"""Logs of inspect_ai: `.eval` archives and `.json` files, one trajectory for every sample and epoch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.trajectories.chat import system_prompt
from reflector.trajectories.evidence import combined_outcome, error_outcome, limit_of, score_outcome
from reflector.trajectories.fields import (
    as_list,
    as_mapping,
    as_number,
    as_text,
    as_time,
    keys,
    text_of,
    usage_of,
)
from reflector.trajectories.formats.format import ArchiveLayout, Format, Record, Sample
from reflector.trajectories.formats.inspect_events import (
    choice_of,
    messages_of,
    read_messages,
    resolved,
    tools_of,
)
from reflector.trajectories.step import Outcome, RecordedScore
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["INSPECT_AI"]

_CONTEXT = ("header.json", "_journal/start.json")
_LOG_FIELDS = ("version", "status", "eval", "plan", "error", "results", "stats")
_SAMPLE_FIELDS = keys(
    "id epoch uuid input target messages output scores score metadata model_usage error limit total_time choices"
)


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
    sample = resolved({key: original.get(key) for key in _SAMPLE_FIELDS if key in original}, texts)
    events = [as_mapping(event) for event in as_list(original.get("events"))]
    messages = as_list(sample.get("messages")) or messages_of(original, events, texts)
    steps = read_messages(messages, sample, events)
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
        tools=tools_of(events),
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
    message = as_mapping(choice_of({"output": output}).get("message"))
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
