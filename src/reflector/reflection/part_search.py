"""The way through envelopes, tool calls and encoded strings to the objects that are a reflection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from reflector.reflection.field_mapping import Field, assign
from reflector.reflection.field_names import GROUP_ITEMS, REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.parts import Part, is_filled, unite
from reflector.reflection.reading_log import Log
from reflector.reflection.suggestion_items import is_suggestion, kinds_of_key

__all__ = ["Search", "find_part"]

_DEPTH = 12
_MOST_OBJECTS = 50_000


@dataclass(slots=True)
class Search:
    """What was met on the way through the documents."""

    log: Log
    is_echo: bool = False
    error: Any = None
    refusal: Any = None
    objects: int = 0
    texts: list[str] = field(default_factory=list)
    """Long texts inside envelopes: perhaps the answer itself."""


def find_part(value: Any, search: Search, *, complete: bool, document: int) -> Part | None:
    """Return what a document contributes to the reflection, None if nothing."""
    parts = list(_parts(value, search, _DEPTH))
    if not parts:
        return None
    joined = parts[0] if len(parts) == 1 else unite(parts)
    return replace(joined, complete=complete, document=document)


def _parts(value: Any, search: Search, depth: int) -> Iterable[Part]:
    search.objects += 1
    if depth < 0 or search.objects > _MOST_OBJECTS:
        return
    if isinstance(value, str):
        yield from _parts_of_text(value, search, depth)
    elif isinstance(value, list):
        yield from _parts_of_list(value, search, depth)
    elif isinstance(value, dict) and value:
        yield from _parts_of_object(value, search, depth)


def _parts_of_text(text: str, search: Search, depth: int) -> Iterable[Part]:
    if "{" in text or text.lstrip()[:1] == "[":
        decoded = search.log.decode(text)
        if decoded is not None and not isinstance(decoded, str):
            yield from _parts(decoded, search, depth - 1)
            return
    if len(text) > _LONG_TEXT:
        search.texts.append(text)


_LONG_TEXT = 30


def _parts_of_list(value: list[Any], search: Search, depth: int) -> Iterable[Part]:
    objects = [item for item in value if isinstance(item, dict)]
    if objects and any(_is_item(item) and not _is_reflection(item) for item in objects):
        loose = [item for item in value if not (isinstance(item, dict) and _is_reflection(item))]
        yield Part({}, tuple(loose))
        value = [item for item in value if isinstance(item, dict) and _is_reflection(item)]
    elif objects and all(_is_group(item) for item in objects):
        yield Part({}, tuple(value))
        return
    elif not objects and value and all(isinstance(item, str) for item in value):
        if all(_is_sentence(item) for item in value):
            yield Part({}, tuple(value))
        else:
            for item in value:
                yield from _parts(item, search, depth - 1)
        return
    for item in value:
        yield from _parts(item, search, depth - 1)


def _is_sentence(text: str) -> bool:
    return len(text) > 12 and " " in text.strip() and text.lstrip()[0] not in "{["


def _is_item(item: dict[str, Any]) -> bool:
    """Return whether an object can only be a suggestion, wherever it stands."""
    return is_suggestion(item) and _names_kind(item) and not _is_message(item) and _tagged(item) is None


def _names_kind(item: dict[str, Any]) -> bool:
    fields = assign(item, SUGGESTION_FIELDS)
    return any(name in fields for name in ("type", "category", "priority", "rationale", "specific_text")) or (
        "description" in fields and fields["description"][1] < 2
    )


def _is_reflection(members: dict[str, Any]) -> bool:
    fields = assign(members, REFLECTION_FIELDS)
    if (
        "suggestions" in fields
        and fields["suggestions"][1] < 2
        and isinstance(fields["suggestions"][0], list | dict)
    ):
        return True
    return any(fields[name][1] < 2 for name in ("analysis", "root_causes") if name in fields) and not (
        is_suggestion(members) and _names_kind(members)
    )


def _is_group(item: dict[str, Any]) -> bool:
    """Return whether an object gives a priority or category to the suggestions it holds."""
    fields = assign(item, SUGGESTION_FIELDS)
    holds = any(isinstance(member, list) and member for member in item.values())
    return holds and not _analyses(item) and any(name in fields for name in ("type", "category", "priority"))


def _analyses(item: dict[str, Any]) -> bool:
    fields = assign(item, REFLECTION_FIELDS)
    return any(name in fields and fields[name][1] < 2 for name in ("analysis", "root_causes"))


def _parts_of_object(value: dict[str, Any], search: Search, depth: int) -> Iterable[Part]:
    if _is_schema(value):
        search.is_echo = True
        properties = value.get("properties")
        if isinstance(properties, dict) and not all(isinstance(item, dict) for item in properties.values()):
            yield from _parts(properties, search, depth - 1)
        return
    if tagged := _tagged(value):
        value = tagged
    if _note_failure(value, search):
        return
    fields = assign(value, REFLECTION_FIELDS)
    is_message = _is_message(value)
    if "suggestions" not in fields and not is_message and _is_item(value) and not _analyses(value):
        yield Part({}, (value,))
        return
    groups = _groups(value, fields) if fields.get("suggestions", ("", 2))[1] == 2 else {}
    if groups:
        fields = {**fields, "suggestions": (groups, 1)}
    if (
        "suggestions" not in fields
        and _analyses(value)
        and is_suggestion(value)
        and _has_exact_suggestion(value)
    ):
        fields = {**fields, "suggestions": ([_without(value, fields)], 1)}
    if len(fields) == 1 and "suggestions" in fields and _is_single(fields["suggestions"][0]):
        yield Part({}, (fields["suggestions"][0],))
        return
    if is_filled(fields.get("suggestions")) and _is_usable(fields):
        yield Part(fields)
        return
    nested = [] if depth == 0 else list(_nested(value, fields, search, depth))
    if not _analyses(value) and any(part.items for part in nested) and not is_message:
        fields = {**_by_content(value, fields), **fields}
    if "suggestions" in fields and not _is_usable(fields):
        del fields["suggestions"]
    if not is_message and not fields.keys().isdisjoint(_CORE):
        if nested and not any(strength < 2 for _, strength in fields.values()):
            yield from nested
            return
        yield Part(fields)
    yield from nested


_CORE = ("analysis", "root_causes", "suggestions", "expected_improvement")


def _by_content(value: dict[str, Any], known: dict[str, Field]) -> dict[str, Field]:
    """Return the analysis and root causes beside suggestions, under names we don't know: a text, a list of texts."""
    fields: dict[str, Field] = {}
    taken = {id(found[0]) for found in known.values()}
    for member in value.values():
        if id(member) in taken:
            continue
        if isinstance(member, str) and len(member) > _LONG_ANALYSIS and " " in member:
            fields.setdefault("analysis", (member, 1))
        elif _are_texts(member) and all(_is_sentence(text) for text in member):
            fields.setdefault("root_causes", (member, 1))
    return fields


_LONG_ANALYSIS = 40


def _nested(value: dict[str, Any], fields: dict[str, Field], search: Search, depth: int) -> Iterable[Part]:
    """Yield the parts inside the members that may be envelopes: all but the texts of known fields."""
    known = {id(found[0]) for name, found in fields.items() if not _may_be_envelope(name, found[0])}
    for key, member in value.items():
        normal = normal_key(key)
        if (
            id(member) in known
            or normal in _ERROR_KEYS
            or (_are_texts(member) and len(value) > 1 and normal not in GROUP_ITEMS)
        ):
            continue
        if isinstance(member, dict | list | str):
            yield from _parts(member, search, depth - 1)


def _are_texts(value: Any) -> bool:
    """Return whether a list holds sentences: under a name we don't know they are no suggestions (`strengths`)."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and "{" not in item for item in value)
    )


def _may_be_envelope(name: str, value: Any) -> bool:
    return (isinstance(value, str) and "{" in value) or (name == "analysis" and isinstance(value, dict))


_MESSAGE_KEYS = frozenset(
    {
        "role",
        "arguments",
        "tool_calls",
        "function_call",
        "finish_reason",
        "choices",
        "actionInput",
        "action_input",
    }
)
_MESSAGE_TYPES = frozenset(
    {
        "text",
        "output_text",
        "message",
        "function",
        "tool_use",
        "tool_call",
        "function_call",
        "thinking",
        "reasoning",
    }
)


def _is_message(value: dict[str, Any]) -> bool:
    """Return whether it is an envelope of a chat or tool protocol, whose words only look like our fields."""
    kind = value.get("type")
    return not _MESSAGE_KEYS.isdisjoint(value) or (
        isinstance(kind, str) and kind in _MESSAGE_TYPES and "description" not in value
    )


_PAYLOADS = ("content", "data", "value", "text", "payload", "body", "item", "message")


def _tagged(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return `{"analysis": …}` for `{"type": "analysis", "content": …}`."""
    tag = next(
        (value[key] for key in ("type", "kind", "field", "key", "name") if isinstance(value.get(key), str)),
        None,
    )
    if tag is None or len(value) > 4:
        return None
    payload = next((value[key] for key in _PAYLOADS if key in value), None)
    named = any(
        REFLECTION_FIELDS.strength(tag, name) in (0, 1)
        for name in ("analysis", "root_causes", "suggestions", "expected_improvement")
    )
    return {tag: payload} if named and payload is not None else None


def _has_exact_suggestion(value: dict[str, Any]) -> bool:
    fields = assign(value, SUGGESTION_FIELDS)
    return (
        "description" in fields
        and fields["description"][1] < 2
        and ("type" in fields or "category" in fields)
    )


def _is_single(value: Any) -> bool:
    return isinstance(value, dict) and is_suggestion(value)


def _without(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    taken = {id(found[0]) for name, found in fields.items() if name in ("analysis", "root_causes")}
    return {key: item for key, item in value.items() if id(item) not in taken}


def _is_usable(fields: dict[str, Field]) -> bool:
    """Return whether what is called suggestions can be some; a weak name such as `steps` needs company or objects."""
    value, strength = fields["suggestions"]
    if isinstance(value, bool | int | float):
        return False
    return strength != 2 or (isinstance(value, list | dict) and (len(fields) > 1 or _are_items(value)))


def _are_items(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else value
    return bool(items) and all(isinstance(item, dict) and _is_item(item) for item in items)


def _groups(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    """Return the members that are groups of suggestions: `{"high_priority": […], "low_priority": […]}`."""
    taken = {id(found[0]) for found in fields.values() if found[1] < 2}
    groups = {}
    strong = 0
    for key, item in value.items():
        if isinstance(item, list | dict) and item and id(item) not in taken:
            kinds = kinds_of_key(key)
            if kinds:
                groups[key] = item
                strong += "category" not in kinds
    return groups if strong or len(groups) > 1 else {}


def _is_schema(value: dict[str, Any]) -> bool:
    if "$schema" in value or ("properties" in value and isinstance(value["properties"], dict)):
        return value.get("type") == "object" or "$schema" in value or "required" in value
    return False


_ERROR_KEYS = frozenset({"error", "errors", "errormessage", "detail", "fault", "exception"})


def _note_failure(value: dict[str, Any], search: Search) -> bool:
    """Note an error or a refusal that an object reports; return whether that is all it says."""
    for key, item in value.items():
        normal = normal_key(key)
        if normal == "refusal" and isinstance(item, str) and item.strip():
            search.refusal = item
        elif normal in _ERROR_KEYS and item and not isinstance(item, bool):
            search.error = item
    if "error" in (value.get("object"), value.get("type"), value.get("status")):
        search.error = value.get("message") or value
        return "suggestions" not in value and "data" not in value
    if (
        "message" in value
        and len(value) <= 4
        and not _STATUS_KEYS.isdisjoint(value)
        and "description" not in value
    ):
        search.error = value["message"]
        return True
    return False


_STATUS_KEYS = {"code", "status", "status_code", "statusCode"}
