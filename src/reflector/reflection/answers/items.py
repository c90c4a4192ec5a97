"""Where suggestions stand in JSON of any shape: lists, groups, objects by name, rows, lines of a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reflector.reflection.answers.kinds import KINDS, MEMBERS, Kinds, kinds_of_title
from reflector.reflection.answers.lenient_json import CutText
from reflector.reflection.answers.mapping import assign, split_lines, values_of
from reflector.reflection.answers.names import GROUP_ITEMS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.reading import Log

__all__ = ["expand", "flattened", "is_suggestion", "kinds_of_key"]

_DEPTH = 8
_LONGEST_KEY = 60
_OF_GROUPS = frozenset({"suggestions", "items", "recommendations"})
_LABEL_WORDS = 2
"""A key with more words than this is what is suggested."""


def expand(value: Any, kinds: Kinds, log: Log, depth: int = _DEPTH) -> Iterator[tuple[Any, Kinds]]:
    """Yield each item with what its group says of it."""
    if depth == 0:
        log.drop("nested too deeply", value)
    elif isinstance(value, str):
        yield from _expand_text(value, kinds, log, depth)
    elif isinstance(value, list):
        if row := _row(value):
            yield row, kinds
            return
        for item in value:
            if isinstance(item, dict) and is_suggestion(item):
                yield item, kinds
            else:
                yield from expand(item, kinds, log, depth - 1)
    elif isinstance(value, dict) and not is_suggestion(value):
        yield from _expand_object(value, kinds, log, depth - 1)
    else:
        yield value, kinds


def _expand_text(text: str, kinds: Kinds, log: Log, depth: int) -> Iterator[tuple[Any, Kinds]]:
    decoded = log.decode(text) if text.lstrip()[:1] in ("{", "[", "`") else None
    if isinstance(decoded, dict | list):
        yield from expand(decoded, kinds, log, depth - 1)
        return
    for line in split_lines(text):
        yield (CutText(line) if isinstance(text, CutText) else line), kinds


def _expand_object(value: dict[str, Any], kinds: Kinds, log: Log, depth: int) -> Iterator[tuple[Any, Kinds]]:
    """Yield the items of an object that is no suggestion: a group with members, or a group for each key."""
    members = next((item for key, item in value.items() if _are_members(key, item)), None)
    if members is not None:
        fields = values_of(value, SUGGESTION_FIELDS)
        said = {name: found for name, found in fields.items() if name in KINDS}
        name = fields.get("description")
        named = kinds_of_title(name) if isinstance(name, str) else {}
        yield from expand(members, kinds | named | said, log, depth)
    elif row := _row([item for item in value.values() if not isinstance(item, bool | int | float)]):
        yield row, kinds
    elif _is_remainder(value):
        yield value, kinds
    else:
        for key, item in value.items():
            inner = kinds | kinds_of_key(key)
            is_said = len(key.split()) > _LABEL_WORDS and inner == kinds
            if is_said and isinstance(item, str) and item.strip():
                yield {"description": key, "rationale": item}, kinds
            elif is_said and isinstance(item, dict) and "description" not in assign(item, SUGGESTION_FIELDS):
                yield {"description": key, **item}, kinds
            elif isinstance(item, str | dict | list) and item:
                yield from expand(item, inner, log, depth)


def _are_members(key: str, item: Any) -> bool:
    return isinstance(item, dict | list) and bool(item) and normal_key(key) in GROUP_ITEMS


def _is_remainder(value: dict[str, Any]) -> bool:
    """Return whether an object is a suggestion without its text: nothing in it, or only its kinds."""
    if any(isinstance(item, dict | list) and item for item in value.values()):
        return False
    named = not assign(value, SUGGESTION_FIELDS).keys().isdisjoint(KINDS)
    return named or not any(isinstance(item, str) and item for item in value.values())


def kinds_of_key(key: str) -> Kinds:
    """Return the type, category or priority that a group's key names: `high_priority_suggestions`, `Additions`."""
    is_field = any(
        SUGGESTION_FIELDS.strength(key, field) in (0, 1) for field in ("rationale", "target_section")
    )
    return {} if is_field or len(key) > _LONGEST_KEY else kinds_of_title(key)


def is_suggestion(members: dict[str, Any]) -> bool:
    """Return whether an object describes one suggestion itself, and is no group of several."""
    if "description" in members and isinstance(members["description"], str):
        return _OF_GROUPS.isdisjoint(members)
    if any(_are_members(key, item) for key, item in members.items()):
        return False
    fields = assign(members, SUGGESTION_FIELDS)
    described = fields.get("description")
    if (
        described is not None
        and _is_text(described[0])
        and (len(fields) > 1 or len(members) == 1 or described[1] < 2)
    ):
        return True
    texts = [name for name in ("specific_text", "rationale", "target_section") if name in fields]
    if not any(_is_text(fields[name][0]) for name in texts):
        flat = flattened(members)
        return flat is not members and is_suggestion(flat)
    is_pair = "specific_text" in texts and "target_section" in texts  # old and new text
    return is_pair or any(name in fields and not isinstance(fields[name][0], dict) for name in KINDS)


def flattened(members: dict[str, Any]) -> dict[str, Any]:
    """Return a suggestion with what stands in an object inside it: `{"type": …, "details": {"text": …}}`."""
    inner = [(key, value) for key, value in members.items() if isinstance(value, dict) and value]
    if len(inner) != 1 or len(members) == 1:
        return members
    key, value = inner[0]
    outer = {name: item for name, item in members.items() if name != key}
    own = assign({key: ""}, SUGGESTION_FIELDS).keys() - {"description"}
    is_group = key.isdigit() or normal_key(key) in GROUP_ITEMS or kinds_of_key(key)
    if own or is_group or assign(outer, SUGGESTION_FIELDS).keys().isdisjoint(("description", *KINDS)):
        return members
    return {**outer, **value} if "description" in assign(value, SUGGESTION_FIELDS) else members


def _is_text(value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
    )


def _row(value: list[Any]) -> dict[str, Any] | None:
    """Return the suggestion that a row such as `["add", "clarity", "Say which unit", "…", "high"]` means."""
    if not 3 <= len(value) <= 8 or not all(isinstance(item, str) or item is None for item in value):
        return None
    row: dict[str, Any] = {}
    texts: list[str] = []
    for cell in filter(None, value):
        word = cell.strip().casefold()
        kind = next((name for name in KINDS if name not in row and word in MEMBERS[name]), None)
        if kind:
            row[kind] = cell
        else:
            texts.append(cell)
    if len(row) < 2 or not texts:
        return None
    row.update(zip(("description", "rationale", "specific_text", "target_section"), texts, strict=False))
    return row
