"""Which key of an object is which field, and what a value says as text."""

from __future__ import annotations

import re
from typing import Any

from reflector.reflection.answers.names import NUMBERED, FieldNames, normal_key

__all__ = [
    "LIST_MARKER",
    "TEXT_KEYS",
    "Field",
    "assign",
    "optional_text",
    "split_lines",
    "text_of",
    "texts_of",
    "values_of",
]

Field = tuple[Any, int]
"""A value, and how surely its key names the field (see `FieldNames.strength`)."""

_MOST_KEYS = 200
_DEPTH = 4
TEXT_KEYS = frozenset(
    {"text", "content", "value", "description", "summary", "statement", "message"}
    | {"cause", "rootcause", "name", "title", "detail"}
)
_LONGEST_NOTHING = 16
_NOTHING = frozenset(
    {"null", "none", "n/a", "na", "nil", "undefined", "-", "--", "—", "not applicable", "(none)"}
)


def assign(members: dict[str, Any], names: FieldNames) -> dict[str, Field]:
    """Return field -> value for the keys of `members` that name one. Each key serves one field, the surest first.

    Null counts as absent. Keys that differ only by a number at their end (`suggestion_1`) give one list.
    """
    found: dict[str, Field] = {}
    left = members.copy()
    keys = tuple(members)
    for field, key, strength in names.plan(keys if len(keys) <= _MOST_KEYS else keys[:_MOST_KEYS]):
        value = left.get(key)
        if value is None:
            continue
        if field not in found:
            found[field] = (value, strength) if strength != NUMBERED else ([value], strength)
        elif strength == NUMBERED == found[field][1]:
            found[field][0].append(value)
        else:
            continue
        del left[key]
    return found


def values_of(members: dict[str, Any], names: FieldNames) -> dict[str, Any]:
    """Return field -> value for the keys of `members` that name one, however surely."""
    return {field: value for field, (value, _) in assign(members, names).items()}


def text_of(value: Any, joiner: str = " ", depth: int = _DEPTH) -> str:
    """Return what a value says: a list is joined, an object gives its text or its members line by line."""
    if isinstance(value, str):
        return str(value)
    if value is None or depth == 0:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return joiner.join(part for part in (text_of(item, joiner, depth - 1) for item in value) if part)
    if isinstance(value, dict):
        return _object_text(value, joiner, depth)
    return _number_text(value)


def _number_text(value: Any) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    try:
        return str(value)
    except ValueError:
        return ""  # an integer with more digits than Python writes


def _object_text(value: dict[str, Any], joiner: str, depth: int) -> str:
    for key, member in value.items():
        if isinstance(member, str) and member and (len(value) == 1 or normal_key(key) in TEXT_KEYS):
            return str(member)
    lines = ((key, text_of(member, joiner, depth - 1)) for key, member in value.items())
    return "\n".join(f"{key}: {text}" for key, text in lines if text)


def optional_text(value: Any, joiner: str = "\n") -> str | None:
    """Return the text of an optional field; None for null, nothing, and words that stand for nothing."""
    if value is None:
        return None
    if type(value) is str and len(value) > _LONGEST_NOTHING and value[0] > " ":
        return value
    text = text_of(value, joiner)
    return None if not text.strip() or text.strip().casefold() in _NOTHING else text


def texts_of(value: Any, depth: int = _DEPTH) -> list[str]:
    """Return the texts of a list of texts in any form: a list, an object, lines with list markers, one text."""
    if isinstance(value, str):
        return split_lines(value)
    if value is None or depth == 0:
        return []
    if isinstance(value, list):
        return [text for item in value for text in _item_texts(item, depth)]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item, depth - 1)]
    return [text_of(value)]


def _item_texts(item: Any, depth: int) -> list[str]:
    if isinstance(item, list):
        return texts_of(item, depth - 1)
    if isinstance(item, str):
        return [LIST_MARKER.sub("", item)] if item.strip() else []
    text = text_of(item, depth=depth - 1)
    return [text] if text else []


LIST_MARKER = re.compile(r"^\s*(?:[-*•‣▪◦●–]|\(?\d{1,3}[.)、:]|\(?[a-zA-Z][.)])\s+")


def split_lines(text: str) -> list[str]:
    """Return the items of a text that is a list, one item a line; else the text alone."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and sum(LIST_MARKER.match(line) is not None for line in lines) == len(lines):
        return [LIST_MARKER.sub("", line).strip() for line in lines]
    return [text] if text.strip() else []
