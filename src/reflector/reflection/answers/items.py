"""Where suggestions stand in JSON of any shape: lists, groups, objects by name, rows, columns, lines of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from reflector.reflection.answers.mapping import assign, split_lines
from reflector.reflection.answers.names import GROUP_ITEMS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.lenient_json import CutText
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType
from reflector.reflection.answers.log import Log
from reflector.reflection.answers.vocabulary import match_category, match_priority, match_type

__all__ = ["Kinds", "expand", "flattened", "is_suggestion", "kinds_of_key"]

Kinds = dict[str, Any]
"""Type, category or priority that a group gives to its members."""

_NAMES = {
    "type": frozenset(SuggestionType),
    "category": frozenset(SuggestionCategory),
    "priority": frozenset(Priority),
}


def expand(value: Any, kinds: Kinds, log: Log, depth: int) -> Iterator[tuple[Any, Kinds]]:
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
    elif isinstance(value, dict):
        if is_suggestion(value):
            yield from ((item, kinds) for item in _columns(value))
        else:
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
    if depth == 0:
        log.drop("nested too deeply", value)
        return
    members = next(
        (key for key, item in value.items() if normal_key(key) in GROUP_ITEMS and _holds_items(item)), None
    )
    if members is not None:
        said = {name: found[0] for name, found in assign(value, SUGGESTION_FIELDS).items() if name in _KINDS}
        said.update({name: text for name, text in kinds_of_name(value).items() if name not in said})
        yield from expand(value[members], {**kinds, **said}, log, depth)
        return
    if row := _row([item for item in value.values() if not isinstance(item, bool | int | float)]):
        yield row, kinds
        return
    if _is_remainder(value):
        yield value, kinds
        return
    for key, item in value.items():
        inner = {**kinds, **kinds_of_key(key)}
        if isinstance(item, str) and item.strip():
            yield _sentence(key, item, bool(inner), log), inner
        elif isinstance(item, dict) and len(key.split()) > 2 and _is_body(item):
            yield {"description": key, **item}, kinds
        elif isinstance(item, dict | list):
            yield from expand(item, inner, log, depth)
        elif item is not None and not isinstance(item, bool | int | float):
            log.drop("not a suggestion", {key: item})


_KINDS = ("type", "category", "priority")


def kinds_of_name(group: dict[str, Any]) -> Kinds:
    """Return the kinds that the name of a group says, as in `{"name": "High priority", "items": […]}`."""
    for key, value in group.items():
        if normal_key(key) in ("name", "title", "group", "heading", "label") and isinstance(value, str):
            return kinds_of_key(value)
    return {}


def _holds_items(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _is_remainder(value: dict[str, Any]) -> bool:
    """Return whether an object is a suggestion without its text: nothing in it, or only its kinds."""
    if any(isinstance(item, dict | list) and item for item in value.values()):
        return False
    fields = assign(value, SUGGESTION_FIELDS)
    return any(name in fields for name in _KINDS) or not any(
        isinstance(item, str) and item for item in value.values()
    )


def _is_body(value: dict[str, Any]) -> bool:
    """Return whether an object is a suggestion whose text stands elsewhere."""
    fields = assign(value, SUGGESTION_FIELDS)
    return "description" not in fields and any(
        name in fields for name in ("type", "category", "priority", "rationale", "specific_text")
    )


def _sentence(key: str, text: str, is_group: bool, log: Log) -> Any:
    """Return what a key with a text means: the suggestion and its reason, or a label and the suggestion."""
    words = len(key.split())
    if not is_group and words >= _SENTENCE_WORDS:
        return {
            "description": key,
            "priority" if match_priority(text) and len(text) < 12 else "rationale": text,
        }
    decoded = log.decode(text) if text.lstrip()[:1] in ("{", "[") else None
    return decoded if isinstance(decoded, dict) else text


_SENTENCE_WORDS = 4
_NOISE_WORDS = """
    suggestions suggestion priority priorities recommendations recommendation items item changes change level list
    prompt improvements improvement category type types to of the impact prioridad priorität priorité prioridade
    приоритет"""
_NOISE = frozenset(_NOISE_WORDS.split())


_MATCHES: tuple[tuple[str, Callable[[object], Any]], ...] = (
    ("priority", match_priority),
    ("type", match_type),
    ("category", match_category),
)


_NO_GROUP = ("rationale", "target_section")


def kinds_of_key(key: str) -> Kinds:
    """Return the type, category or priority that a group's key names: `high_priority_suggestions`, `Additions`."""
    if len(key) > 60 or any(SUGGESTION_FIELDS.strength(key, field) in (0, 1) for field in _NO_GROUP):
        return {}
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", key) if word]
    rest = " ".join(word for word in words if word.casefold() not in _NOISE) or key
    if len(rest.split()) > 2 or (len(rest) < 2 and rest.isascii()):
        return {}
    for name, match in _MATCHES:
        found = match(rest) if not rest.isdigit() else None
        if found is not None:
            return {name: str(found)}
    return {}


def is_suggestion(members: dict[str, Any]) -> bool:
    """Return whether an object describes one suggestion itself, and is no group of several."""
    if "description" in members and isinstance(members["description"], str):
        return not any(key in members for key in ("suggestions", "items", "recommendations"))
    if any(normal_key(key) in GROUP_ITEMS and _holds_items(item) for key, item in members.items()):
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
    return is_pair or any(name in fields and not isinstance(fields[name][0], dict) for name in _KINDS)


def flattened(members: dict[str, Any]) -> dict[str, Any]:
    """Return a suggestion with what stands in an object inside it: `{"type": …, "details": {"text": …}}`."""
    inner = [(key, value) for key, value in members.items() if isinstance(value, dict) and value]
    if len(inner) != 1 or len(members) == 1:
        return members
    key, value = inner[0]
    outer = {name: item for name, item in members.items() if name != key}
    own = assign({key: ""}, SUGGESTION_FIELDS).keys() - {"description"}
    is_group = key.isdigit() or normal_key(key) in GROUP_ITEMS or kinds_of_key(key)
    if own or is_group or assign(outer, SUGGESTION_FIELDS).keys().isdisjoint(("description", *_KINDS)):
        return members
    return {**outer, **value} if "description" in assign(value, SUGGESTION_FIELDS) else members


def _is_text(value: Any) -> bool:
    return (isinstance(value, str) and bool(value.strip())) or (
        isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
    )


def _columns(members: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one object, or one for each line of a table that is written by columns."""
    lists = [item for item in members.values() if isinstance(item, list)]
    size = len(lists[0]) if len(lists) >= 2 else 0
    described = assign(members, SUGGESTION_FIELDS).get("description") if size else None
    if described is None or not isinstance(described[0], list) or any(len(item) != size for item in lists):
        return [members]
    return [
        {key: item[line] if isinstance(item, list) else item for key, item in members.items()}
        for line in range(size)
    ]


def _row(value: list[Any]) -> dict[str, Any] | None:
    """Return the suggestion that a row such as `["add", "clarity", "Say which unit", "…", "high"]` means."""
    if not 3 <= len(value) <= 8 or not all(isinstance(item, str) or item is None for item in value):
        return None
    row: dict[str, Any] = {}
    texts: list[str] = []
    for cell in value:
        kind = _cell_kind(cell, row) if cell else None
        if kind:
            row[kind] = cell
        elif cell:
            texts.append(cell)
    if len(row) < 2 or not texts:
        return None
    row.update(zip(("description", "rationale", "specific_text", "target_section"), texts, strict=False))
    return row


def _cell_kind(cell: str, taken: dict[str, Any]) -> str | None:
    word = cell.strip().casefold()
    for name, words in _NAMES.items():
        if name not in taken and word in words:
            return name
    return None
