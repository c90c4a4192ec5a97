"""The formats that can be read, and which of them a file is."""

from __future__ import annotations

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.errors import UnknownFormatError
from reflector.trajectories.fields import as_mapping, text_of
from reflector.trajectories.formats.format import Format, Sample
from reflector.trajectories.formats.inspect_ai import INSPECT_AI
from reflector.trajectories.formats.mini_swe_agent import MINI_SWE_AGENT
from reflector.trajectories.formats.openai_chat import OPENAI_CHAT
from reflector.trajectories.formats.records import RECORDS
from reflector.trajectories.formats.swe_agent import SWE_AGENT
from reflector.trajectories.trajectory import SCHEMA, Trajectory

__all__ = ["FORMATS", "find_format", "recognize"]

REFLECTOR = Format(
    name="reflector",
    extensions=(".json", ".jsonl"),
    recognizes=lambda sample: float(as_mapping(sample.value).get("schema") == SCHEMA),
    read=lambda record, default_id: Trajectory.from_dict(record),
)
"""Our own format: what `Trajectory.to_json` writes."""
FORMATS: tuple[Format, ...] = (REFLECTOR, INSPECT_AI, MINI_SWE_AGENT, SWE_AGENT, OPENAI_CHAT, RECORDS)
"""One more format is one more file, and its line here."""

_SURE_ENOUGH = 0.25
_ENDING_FITS = 0.01


def find_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        UnknownFormatError: If there is none; the message lists them.
    """
    found = next((each for each in FORMATS if each.name == name), None)
    if found is None:
        raise UnknownFormatError(f"there is no format {name!r}; known are: auto, {_names()}", file="format")
    return found


def recognize(sample: Sample, *, file: str | None = None) -> Format:
    """Return the format that fits best; of equals the first in the registry.

    Raises:
        UnknownFormatError: If none fits; the message says what was seen.
    """
    best = max(FORMATS, key=lambda candidate: _confidence(candidate, sample))
    if _confidence(best, sample) >= _SURE_ENOUGH:
        return best
    raise UnknownFormatError(f"no known format: {_seen(sample)}; known formats are {_names()}", file=file)


def _confidence(candidate: Format, sample: Sample) -> float:
    """Return how surely the file is of the format; its ending only decides between equals."""
    by_shape = candidate.recognizes(sample)
    fits = by_shape > 0 and sample.name.lower().endswith(candidate.extensions)
    return by_shape + (_ENDING_FITS if fits else 0)


def _names() -> str:
    return ", ".join(candidate.name for candidate in FORMATS)


def _seen(sample: Sample) -> str:
    if sample.members:
        return f"a zip archive of [{one_line(', '.join(sample.members[:5]))}]"
    if sample.is_table and isinstance(sample.value, dict):
        return f"a table with the columns [{_keys(sample.value)}]"
    return _described(sample.value)


def _described(value: JSONValue) -> str:
    if isinstance(value, dict):
        return f"an object with the keys [{_keys(value)}]" if value else "an empty object"
    if isinstance(value, list):
        return f"a list that begins with {_described(value[0])}" if value else "an empty list"
    return f"{type(value).__name__} {one_line(text_of(value), 40)!r}"


def _keys(value: dict[str, JSONValue]) -> str:
    return one_line(", ".join(map(text_of, list(value)[:12])))
