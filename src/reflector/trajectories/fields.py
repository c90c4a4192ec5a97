"""Careful readers of values that somebody else wrote: each gives the wanted type, or says that it is not there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from reflector._clock import aware
from reflector._json import JSONValue, dumps
from reflector._text import replace_surrogates
from reflector.usage import Usage

__all__ = [
    "MAX_DEPTH", "as_count", "as_list", "as_mapping", "as_number", "as_text", "as_time", "first_of", "keys",
    "names_of_tools", "settle", "text_of", "usage_of",
]  # fmt: skip

MAX_DEPTH = 200
"""Levels of nesting that a record may have. Real logs stay below 30."""


def settle(value: JSONValue, *, max_depth: int = MAX_DEPTH) -> JSONValue:
    """Return `value` when it is safe to work on: not too deep, and free of lone surrogates (they become U+FFFD).

    Raises:
        ValueError: If it is nested deeper than `max_depth`.
    """
    level: list[Any] = [value]
    is_broken = False
    for _ in range(max_depth):
        below: list[Any] = []
        for node in level:
            if isinstance(node, str):
                is_broken = is_broken or _has_surrogates(node)
            elif isinstance(node, dict):
                below.extend(node)
                below.extend(node.values())
            elif isinstance(node, list):
                below.extend(node)
        if not below:
            return _without_surrogates(value) if is_broken else value
        level = below
    raise ValueError(f"it is nested deeper than {max_depth} levels")


def _has_surrogates(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _without_surrogates(value: JSONValue) -> JSONValue:
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def text_of(value: JSONValue) -> str:
    """Return a text for any value: itself, nothing for None, JSON for the rest."""
    if isinstance(value, str):
        return value
    return "" if value is None else dumps(value).decode()


def as_text(value: JSONValue) -> str | None:
    """Return the text if it is one and says anything; a number becomes its digits."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return text_of(value)
    return None


def as_number(value: JSONValue) -> float | None:
    """Return a finite number, also from its digits in a text; never from a bool."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_count(value: JSONValue) -> int | None:
    """Return a number of things: a whole number from 0 on, of a size that a record can mean."""
    number = as_number(value)
    return int(number) if number is not None and 0 <= number < 2**53 else None


def as_time(value: JSONValue) -> datetime | None:
    """Return a moment with its zone, from ISO text or seconds (milliseconds, nanoseconds) since 1970."""
    number = as_number(value)
    try:
        if number is not None:
            while number > 1e11:  # the year 5138 in seconds: it counts something smaller
                number /= 1000
            return datetime.fromtimestamp(number, UTC) if number > 0 else None
        if isinstance(value, str):
            return aware(datetime.fromisoformat(value))
    except (ValueError, OverflowError, OSError):
        pass
    return None


def as_mapping(value: JSONValue) -> dict[str, Any]:
    """Return the object, or an empty one when it is something else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return dict(value) if isinstance(value, Mapping) else {}


def as_list(value: JSONValue) -> list[Any]:
    """Return the list, or an empty one when it is something else."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, tuple) else []


def keys(names: str) -> tuple[str, ...]:
    """Return the keys of a list written as text."""
    return tuple(names.split())


def first_of(record: Mapping[str, JSONValue], *keys: str) -> JSONValue:
    """Return the first value among `keys` that is there and not empty."""
    for key in keys:
        value = record.get(key)
        if value is not None and value != "" and value != [] and value != {}:
            return value
    return None


def usage_of(value: JSONValue, *, calls: int = 0, cost_usd: float | None = None) -> Usage | None:
    """Return the usage of an OpenAI, Anthropic or inspect_ai usage object, or None when it says nothing."""
    record = as_mapping(value)
    details = as_mapping(first_of(record, "prompt_tokens_details", "input_tokens_details"))
    thinking = as_mapping(first_of(record, "completion_tokens_details", "output_tokens_details"))
    usage = Usage(
        input_tokens=as_count(first_of(record, "prompt_tokens", "input_tokens")),
        output_tokens=as_count(first_of(record, "completion_tokens", "output_tokens")),
        cached_tokens=as_count(
            first_of(details, "cached_tokens")
            if details
            else first_of(record, "cache_read_input_tokens", "input_tokens_cache_read", "cached_tokens")
        ),
        reasoning_tokens=as_count(first_of(thinking, "reasoning_tokens") or record.get("reasoning_tokens")),
        calls=calls,
        cost_usd=cost_usd
        if cost_usd is not None
        else as_number(first_of(record, "cost", "cost_usd", "total_cost")),
    )
    return None if usage == Usage() else usage


def names_of_tools(value: JSONValue) -> tuple[str, ...] | None:
    """Return the names in a list of tool definitions, each once, or None when it is not such a list."""
    if not isinstance(value, list):
        return None
    names: dict[str, None] = {}
    for tool in value:
        definition = as_mapping(tool)
        function = as_mapping(definition.get("function"))
        name = as_text(tool) or as_text(definition.get("name")) or as_text(function.get("name"))
        if name:
            names[name] = None
    return tuple(names) if names or not value else None
