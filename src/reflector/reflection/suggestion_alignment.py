"""From what stands where suggestions belong to suggestions: lists, groups, objects, rows and plain sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from reflector._json import dumps
from reflector._text import one_line
from reflector.reflection.field_mapping import (
    LIST_MARKER,
    Field,
    assign,
    optional_text,
    split_lines,
    text_of,
)
from reflector.reflection.field_names import GROUP_ITEMS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.inference import infer_category, infer_type
from reflector.reflection.lenient_json import CutText
from reflector.reflection.models import (
    DroppedItem,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)
from reflector.reflection.vocabulary import match_category, match_priority, match_type

__all__ = ["Log", "is_suggestion", "kinds_of_key", "read_suggestions"]

_DEPTH = 8
_TYPES = {str(member): member for member in SuggestionType}
_CATEGORIES = {str(member): member for member in SuggestionCategory}
_PRIORITIES = {str(member): member for member in Priority}
_ORIGIN_RATIONALE = "Extracted from text response"
_PLACEHOLDER = re.compile(r"\s*(?:<[^<>]{1,120}>|\.{3}|…|\[[^\[\]]{1,120}\]|\{[^{}]{1,120}\}|string|str|text)\s*\Z")
_CHOICES = re.compile(r"\w+(?:\s*(?:\||/|,| or )\s*\w+){2,}")

Kinds = dict[str, Any]
"""Type, category or priority that a group gives to its members."""


@dataclass(slots=True)
class Log:
    """What happened while one answer was read."""

    strict: bool = False
    decode: Callable[[str], Any] = lambda text: None
    """Returns the JSON value that a string holds, or None."""
    dropped: list[DroppedItem] = field(default_factory=list)
    inferred: dict[str, int] = field(default_factory=dict)
    placeholders: int = 0
    """Suggestions that only repeat the form they were asked in."""

    def drop(self, reason: str, item: Any) -> None:
        """Note that `item` could not be used."""
        self.dropped.append(DroppedItem(reason=reason, item=_shown(item)))

    def infer(self, name: str) -> None:
        """Note that a field was not said, or not in a known word."""
        self.inferred[name] = self.inferred.get(name, 0) + 1


def _shown(item: Any) -> str:
    if isinstance(item, str):
        return one_line(item)
    try:
        return one_line(dumps(item).decode())
    except (TypeError, ValueError, RecursionError):
        return type(item).__name__


def read_suggestions(value: Any, log: Log) -> list[Suggestion]:
    """Return the suggestions in `value`, in order; what cannot be one is noted in `log`, with the reason."""
    read = (read_suggestion(item, kinds, log) for item, kinds in expand(value, {}, log, _DEPTH))
    return [suggestion for suggestion in read if suggestion is not None]


# --- finding the items -------------------------------------------------------------------------------------


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
            if isinstance(item, list | str):
                yield from expand(item, kinds, log, depth - 1)
            elif isinstance(item, dict) and not is_suggestion(item):
                yield from _expand_object(item, kinds, log, depth - 1)
            else:
                yield item, kinds
    elif isinstance(value, dict):
        if is_suggestion(value):
            yield from ((item, kinds) for item in _columns(value))
        else:
            yield from _expand_object(value, kinds, log, depth - 1)
    elif value is not None:
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
    members = next((key for key, item in value.items() if normal_key(key) in GROUP_ITEMS and _holds_items(item)), None)
    if members is not None:
        said = {name: found[0] for name, found in assign(value, SUGGESTION_FIELDS).items() if name in _KINDS}
        said.update({name: text for name, text in kinds_of_name(value).items() if name not in said})
        yield from expand(value[members], {**kinds, **said}, log, depth)
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
    return any(name in fields for name in _KINDS) or not any(isinstance(item, str) and item for item in value.values())


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
        return {"description": key, "priority" if match_priority(text) and len(text) < 12 else "rationale": text}
    decoded = log.decode(text) if text.lstrip()[:1] in ("{", "[") else None
    return decoded if isinstance(decoded, dict) else text


_SENTENCE_WORDS = 4
_NOISE = frozenset(
    """suggestions suggestion priority priorities recommendations recommendation items item changes change level list
    prompt improvements improvement category type types to of the impact prioridad priorität priorité prioridade
    приоритет""".split()
)


def kinds_of_key(key: str) -> Kinds:
    """Return the type, category or priority that a group's key names: `high_priority_suggestions`, `Additions`."""
    if len(key) > 60:
        return {}
    words = [word for word in re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", key) if word]
    rest = " ".join(word for word in words if word.casefold() not in _NOISE) or key
    if len(rest.split()) > 2 or (len(rest) < 2 and rest.isascii()):
        return {}
    if "priorit" in key.casefold() or "impact" in key.casefold() or "优先" in key:
        priority = match_priority(rest)
        return {"priority": str(priority)} if priority else {}
    for name, match in (("priority", match_priority), ("type", match_type), ("category", match_category)):
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
    if described is not None and _is_text(described[0]) and (len(fields) > 1 or len(members) == 1 or described[1] < 2):
        return True
    has_text = any(_is_text(fields[name][0]) for name in ("specific_text", "rationale") if name in fields)
    return has_text and any(name in fields and not isinstance(fields[name][0], dict) for name in _KINDS)


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
        {key: item[line] if isinstance(item, list) else item for key, item in members.items()} for line in range(size)
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
    for name, members in (("type", _TYPES), ("category", _CATEGORIES), ("priority", _PRIORITIES)):
        if name not in taken and word in members:
            return name
    return None


# --- reading one ---------------------------------------------------------------------------------------------


def read_suggestion(item: Any, kinds: Kinds, log: Log) -> Suggestion | None:
    """Return one suggestion, or None after a note in `log` why it is none."""
    if isinstance(item, str):
        return _from_sentence(item, kinds, log)
    if not isinstance(item, dict):
        log.drop("not a suggestion", item)
        return None
    fields = assign(item, SUGGESTION_FIELDS)
    if _is_placeholder(fields):
        log.placeholders += 1
        log.drop("repeats the form of the answer", item)
        return None
    description = _description(fields, log)
    if description is None:
        return _without_description(item, fields, log)
    texts = description if "specific_text" not in fields else f"{description}\n{text_of(fields['specific_text'][0])}"
    type_ = _kind("type", fields, kinds, _TYPES, match_type, log)
    category = _kind("category", fields, kinds, _CATEGORIES, match_category, log)
    if log.strict and (type_ is None or category is None):
        name = "type" if type_ is None else "category"
        said = fields[name][0] if name in fields else None
        log.drop(f"unknown {name} {one_line(text_of(said), 40)!r}" if said is not None else f"no {name}", item)
        return None
    if type_ is None or category is None:
        type_, category = _inferred(type_, category, fields, texts, log)
    priority = _kind("priority", fields, kinds, _PRIORITIES, match_priority, log)
    if priority is None and log.strict and "priority" in fields:
        log.drop(f"unknown priority {one_line(text_of(fields['priority'][0]), 40)!r}", item)
        return None
    rationale = fields["rationale"][0] if "rationale" in fields else ""
    if priority is None:
        priority, rationale = _priority_of(rationale, fields, log)
    return Suggestion(
        type=type_,
        category=category,
        description=description,
        rationale=rationale if type(rationale) is str else text_of(rationale),
        priority=priority,
        specific_text=_specific_text(fields.get("specific_text"), log),
        target_section=optional_text(fields["target_section"][0]) if "target_section" in fields else None,
    )


def _description(fields: dict[str, Field], log: Log) -> str | None:
    """Return the description, or what stands for it; None if there is nothing, or it was cut off."""
    found = fields.get("description")
    if found is not None:
        if isinstance(found[0], CutText):
            return None
        text = found[0] if type(found[0]) is str else text_of(found[0])
        if text.strip() or log.strict:
            return text
    kind = fields.get("type")
    if kind is not None and isinstance(kind[0], str) and len(kind[0].split()) > 2:
        return str(kind[0])
    for name in ("specific_text", "rationale"):
        if name in fields and type(fields[name][0]) is str and optional_text(fields[name][0]):
            log.infer("description")
            return str(fields[name][0])
    return "" if log.strict else None


def _without_description(item: dict[str, Any], fields: dict[str, Field], log: Log) -> None:
    cut = any(isinstance(value, CutText) for value in item.values())
    log.drop("cut off at the end of the answer" if cut else "no description", item)


def _is_placeholder(fields: dict[str, Field]) -> bool:
    kind = fields.get("type")
    if kind is not None and type(kind[0]) is str and "|" in kind[0]:
        return len([word for word in kind[0].split("|") if match_type(word)]) > 2
    described = fields.get("description")
    if described is None or type(described[0]) is not str or len(described[0]) > 140:
        return False
    return _PLACEHOLDER.match(described[0]) is not None


def _kind(name: str, fields: dict[str, Field], kinds: Kinds, members: Any, match: Any, log: Log) -> Any:
    """Return the member that a field says, else what the group says, else None."""
    found = fields.get(name)
    if found is None:
        return members.get(kinds[name]) or match(kinds[name]) if name in kinds else None
    value = found[0]
    if type(value) is str and (exact := members.get(value)):
        return exact
    if log.strict:
        return members.get(value.strip().casefold()) if isinstance(value, str) else None
    if isinstance(value, CutText):
        return next((member for word, member in members.items() if value and word.startswith(value.casefold())), None)
    if isinstance(value, list):
        return next((member for member in map(match, value) if member), None)
    if isinstance(value, dict):
        return match(text_of(value))
    return match(value) or (match(kinds[name]) if name in kinds else None)


def _inferred(
    type_: SuggestionType | None,
    category: SuggestionCategory | None,
    fields: dict[str, Field],
    text: str,
    log: Log,
) -> tuple[SuggestionType, SuggestionCategory]:
    """Return both kinds; a word under the wrong one of the two keys is moved, the rest is inferred from the text."""
    if category is None and type_ is None and "type" in fields:
        category = match_category(fields["type"][0])
    if type_ is None and category is None and "category" in fields:
        type_ = match_type(fields["category"][0])
    if category is None and "type" in fields and "category" not in fields and type_ is not None:
        category = match_category(fields["type"][0])
    if type_ is None:
        log.infer("type")
        type_ = infer_type(text)
    if category is None:
        log.infer("category")
        category = infer_category(text)
    return type_, category


def _priority_of(rationale: Any, fields: dict[str, Field], log: Log) -> tuple[Priority, Any]:
    """Return medium and the rationale, unless what seemed to be the rationale is a priority: `"impact": "high"`."""
    weak = "rationale" in fields and fields["rationale"][1] == 2
    if weak and isinstance(rationale, str) and len(rationale) < 12 and (found := match_priority(rationale)):
        return found, ""
    log.infer("priority")
    return Priority.MEDIUM, rationale


def _specific_text(found: Field | None, log: Log) -> str | None:
    """Return the exact text. Half a text must never be put into a prompt: one that was cut off is dropped."""
    if found is None:
        return None
    value = found[0]
    if isinstance(value, CutText):
        log.drop("specific text cut off at the end of the answer", str(value))
        return None
    if isinstance(value, dict):
        inner = {key: item for key, item in value.items() if normal_key(key) in _NEW_TEXT}
        if inner:
            return optional_text(next(iter(inner.values())))
    return optional_text(value)


_NEW_TEXT = frozenset({"after", "new", "to", "replacement", "proposed", "text"})


def _from_sentence(text: str, kinds: Kinds, log: Log) -> Suggestion | None:
    sentence = LIST_MARKER.sub("", text)
    if isinstance(text, CutText) or not sentence.strip() or _PLACEHOLDER.match(sentence):
        log.drop("cut off at the end of the answer" if isinstance(text, CutText) else "no text", text)
        return None
    type_, category, priority = (
        match(kinds[name]) if name in kinds else None
        for name, match in (("type", match_type), ("category", match_category), ("priority", match_priority))
    )
    if log.strict:
        type_, category = type_ or SuggestionType.MODIFY, category or SuggestionCategory.CLARITY
    for name, said in (("type", type_), ("category", category), ("priority", priority)):
        if said is None:
            log.infer(name)
    return Suggestion(
        type=type_ or infer_type(sentence),
        category=category or infer_category(sentence),
        description=sentence,
        rationale=_ORIGIN_RATIONALE if log.strict else "",
        priority=priority or Priority.MEDIUM,
    )
