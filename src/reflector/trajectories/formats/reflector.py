"""Our own format: what `Trajectory.to_json` writes."""

from __future__ import annotations

from reflector._json import JSONValue
from reflector.trajectories.formats.format import Format, Sample
from reflector.trajectories.trajectory import SCHEMA, Trajectory

__all__ = ["REFLECTOR"]


def _recognizes(sample: Sample) -> float:
    return 1.0 if isinstance(sample.value, dict) and sample.value.get("schema") == SCHEMA else 0.0


def _read(record: JSONValue, default_id: str) -> Trajectory:
    return Trajectory.from_dict(record)


REFLECTOR = Format(name="reflector", extensions=(".json", ".jsonl"), recognizes=_recognizes, read=_read)
