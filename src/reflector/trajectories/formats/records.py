"""Simple records: what went in, what came out, how good it was. From JSON, JSON lines and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reflector._json import JSONValue
from reflector.trajectories.chat import ChatReader
from reflector.trajectories.evidence import error_of, feedback_of, outcome_of, scores_of
from reflector.trajectories.fields import as_list, as_text, first_of, text_of
from reflector.trajectories.formats.format import Format, Record, Sample
from reflector.trajectories.formats.openai_chat import run_id
from reflector.trajectories.trajectory import Trajectory

__all__ = ["RECORDS"]

_PROMPT = ("system_prompt", "system", "system_message", "instructions")
_INPUT = ("input", "inputs", "question", "query", "user_input", "user", "instruction", "problem", "prompt")
_OUTPUT = (
    "output",
    "outputs",
    "response",
    "completion",
    "prediction",
    "predicted",
    "generated_outputs",
    "generated_output",
    "generation",
    "model_output",
    "actual_output",
    "actual",
    "reply",
    "answer",
    "result",
)
_EXPECTED = (
    "expected",
    "expected_output",
    "expected_answer",
    "reference",
    "reference_answer",
    "target",
    "gold",
)
_MORE_EXPECTED = (*_EXPECTED, "ground_truth", "label", "ideal")
_JUDGED = (
    "score",
    "scores",
    "reward",
    "rating",
    "correct",
    "passed",
    "success",
    "feedback",
    "critique",
    "outcome",
)


def _plain(record: Mapping[Any, JSONValue]) -> dict[str, Any]:
    """Return the record with its columns in lower case and underscores, empty cells left out."""
    named = (
        (text_of(key).strip().lower().replace(" ", "_").replace("-", "_"), value)
        for key, value in record.items()
    )
    return {key: value for key, value in named if value is not None and value != ""}


def _recognizes(sample: Sample) -> float:
    value = sample.value
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return 0.0
    columns = {text_of(key).strip().lower().replace(" ", "_").replace("-", "_") for key in first}
    groups = [_INPUT, _OUTPUT, (*_JUDGED, *_MORE_EXPECTED)]
    hits = sum(not columns.isdisjoint(group) for group in groups)
    if columns.isdisjoint(_OUTPUT) and columns.isdisjoint(_INPUT):
        return 0.0
    if any(
        isinstance(item, dict) and "type" in item for part in first.values() for item in as_list(part)[:1]
    ):
        return 0.1  # lists of typed items are a protocol of somebody's, not plain input and output
    return (0.0, 0.3, 0.5, 0.6)[hits] + (0.1 if sample.is_table else 0.0)


def _records(document: JSONValue) -> Iterable[Record]:
    if isinstance(document, list):
        return (Record(number, item) for number, item in enumerate(document, 1))
    return [Record(None, document)]


def _read(record: JSONValue, default_id: str) -> Trajectory:
    if not isinstance(record, dict):
        raise ValueError(f"expected an object with input and output, got {type(record).__name__}")
    fields = _plain(record)
    asked_key = next((key for key in _INPUT if key in fields), None)
    said_key = next((key for key in _OUTPUT if key in fields and key != asked_key), None)
    if asked_key is None and said_key is None:
        raise ValueError(
            f"it has neither an input nor an output; its fields are [{', '.join(list(fields)[:12])}]"
        )
    prompt_key = next((key for key in (*_PROMPT, "prompt") if key in fields and key != asked_key), None)
    scores, error = scores_of(fields), error_of(fields)
    used = {asked_key, said_key, prompt_key}
    return Trajectory(
        id=run_id(fields) or default_id,
        steps=tuple(_steps(fields, prompt_key, asked_key, said_key).steps),
        outcome=outcome_of(fields, scores, error),
        scores=scores,
        feedback=feedback_of(fields),
        prompt=text_of(fields[prompt_key]) if prompt_key else None,
        task=as_text(first_of(fields, "task", "task_description")),
        error=error,
        model=as_text(fields.get("model")),
        format=RECORDS.name,
        metadata={key: value for key, value in fields.items() if key not in used}
        | _expected(fields, said_key),
        raw=record,
    )


def _steps(fields: Mapping[str, Any], prompt: str | None, asked: str | None, said: str | None) -> ChatReader:
    reader = ChatReader()
    for key, role in ((prompt, "system"), (asked, "user"), (said, "assistant")):
        if key is not None:
            content = fields[key]
            reader.add(
                {"role": role, "content": content if isinstance(content, str) else text_of(content)}, 0
            )
    return reader


def _expected(fields: Mapping[str, Any], said: str | None) -> dict[str, Any]:
    """Return the answer that was wanted; `answer` beside another output is one."""
    keys = (*_MORE_EXPECTED, "answer") if said != "answer" else _MORE_EXPECTED
    expected = first_of(fields, *keys)
    return {} if expected is None else {"expected": expected}


RECORDS = Format(
    name="records",
    extensions=(".csv", ".tsv", ".jsonl", ".json"),
    recognizes=_recognizes,
    records=_records,
    read=_read,
)
