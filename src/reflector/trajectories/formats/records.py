"""Simple records: what went in, what came out, how good it was. From JSON, JSON lines and tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reflector._json import JSONValue
from reflector.trajectories.chat import ChatReader
from reflector.trajectories.evidence import error_of, feedback_of, outcome_of, scores_of
from reflector.trajectories.fields import as_list, as_text, first_of, keys, text_of
from reflector.trajectories.formats.format import Format, Record, Sample
from reflector.trajectories.formats.openai_chat import run_id
from reflector.trajectories.trajectory import Trajectory

__all__ = ["RECORDS"]

_PROMPT = ("system_prompt", "system", "system_message", "instructions", "prompt")
_INPUT = keys("input inputs question query user_input user instruction problem prompt")
_OUTPUT = keys(
    "output outputs response completion prediction predicted generated_outputs generated_output generation "
    "model_output actual_output actual reply answer result"
)
_EXPECTED = keys(
    "expected expected_output expected_answer reference reference_answer target gold ground_truth label ideal"
)
_JUDGED = keys("score scores reward rating correct passed success feedback critique outcome")


def _column(key: JSONValue) -> str:
    """The name of a column in lower case and underscores."""
    return text_of(key).strip().lower().replace(" ", "_").replace("-", "_")


def _recognizes(sample: Sample) -> float:
    value = sample.value
    first = value[0] if isinstance(value, list) and value else value
    if not isinstance(first, dict):
        return 0.0
    columns = set(map(_column, first))
    has_input, has_output, is_judged = (
        not columns.isdisjoint(names) for names in (_INPUT, _OUTPUT, (*_JUDGED, *_EXPECTED))
    )
    if not has_input and not has_output:
        return 0.0
    heads = (item for part in first.values() for item in as_list(part)[:1])
    if any(isinstance(head, dict) and "type" in head for head in heads):
        return 0.1  # lists of typed items are a protocol of somebody's, not plain input and output
    return (0.0, 0.3, 0.5, 0.6)[has_input + has_output + is_judged] + (0.1 if sample.is_table else 0.0)


def _records(document: JSONValue) -> Iterable[Record]:
    if isinstance(document, list):
        return (Record(number, item) for number, item in enumerate(document, 1))
    return [Record(None, document)]


def _read(record: JSONValue, default_id: str) -> Trajectory:
    if not isinstance(record, dict):
        raise ValueError(f"expected an object with input and output, got {type(record).__name__}")
    named = ((_column(key), value) for key, value in record.items())
    fields: dict[str, Any] = {key: value for key, value in named if value is not None and value != ""}
    asked_key = next((key for key in _INPUT if key in fields), None)
    said_key = next((key for key in _OUTPUT if key in fields and key != asked_key), None)
    if asked_key is None and said_key is None:
        raise ValueError(
            f"it has neither an input nor an output; its fields are [{', '.join(list(fields)[:12])}]"
        )
    prompt_key = next((key for key in _PROMPT if key in fields and key != asked_key), None)
    scores, error = scores_of(fields), error_of(fields)
    said = {"system": prompt_key, "user": asked_key, "assistant": said_key}
    reader = ChatReader()
    for role, key in said.items():
        if key is not None:
            reader.add({"role": role, "content": text_of(fields[key])}, 0)
    rest = {key: value for key, value in fields.items() if key not in said.values()}
    # `answer` beside another output is the one that was wanted.
    expected = first_of(fields, *_EXPECTED, *(["answer"] if said_key != "answer" else []))
    return Trajectory(
        id=run_id(fields) or default_id,
        steps=tuple(reader.steps),
        outcome=outcome_of(fields, scores, error),
        scores=scores,
        feedback=feedback_of(fields),
        prompt=text_of(fields[prompt_key]) if prompt_key else None,
        task=as_text(first_of(fields, "task", "task_description")),
        error=error,
        model=as_text(fields.get("model")),
        format=RECORDS.name,
        metadata=rest if expected is None else rest | {"expected": expected},
        raw=record,
    )


RECORDS = Format(
    name="records",
    extensions=(".csv", ".tsv", ".jsonl", ".json"),
    recognizes=_recognizes,
    records=_records,
    read=_read,
)
