"""JSON in and out, and the base of every value that crosses a border. The one door to orjson."""

from __future__ import annotations

import json
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict

from reflector._text import replace_surrogates

__all__ = ["JSONValue", "Value", "dumps", "loads"]

JSONValue = Any
"""A value that JSON can hold: None, bool, int, float, str, list or dict of these."""


class Value(BaseModel):
    """An immutable, validated value. Derived values are made with `replace`, never by assignment."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def replace(self, **changes: Any) -> Any:
        """Return a validated copy with some fields changed."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | changes))


def _default(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def dumps(value: Any, *, indent: bool = False, sort_keys: bool = False) -> bytes:
    """Return `value` as UTF-8 JSON.

    NaN and infinities become null; lone surrogates become U+FFFD; integers of any size are kept.

    Raises:
        TypeError: If something in it has no JSON form.
    """
    options = orjson.OPT_NON_STR_KEYS
    options |= orjson.OPT_INDENT_2 if indent else 0
    options |= orjson.OPT_SORT_KEYS if sort_keys else 0
    try:
        return orjson.dumps(value, default=_default, option=options)
    except TypeError:
        # orjson knows neither lone surrogates nor integers above 64 bits; the standard library does.
        text = json.dumps(value, default=_default, ensure_ascii=False, indent=2 if indent else None, sort_keys=sort_keys)
        return replace_surrogates(text).encode()


def loads(data: bytes | str) -> Any:
    """Return the value of a JSON document; NaN, infinities and integers of any size are accepted.

    Raises:
        ValueError: If it is not JSON, or nested too deeply.
    """
    try:
        return orjson.loads(data)
    except ValueError as strict:
        try:
            return json.loads(data)
        except RecursionError:
            raise ValueError("JSON is nested too deeply") from None
        except UnicodeDecodeError:
            raise strict from None
