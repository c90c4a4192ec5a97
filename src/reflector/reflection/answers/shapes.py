"""What an object or a list in an answer is: a suggestion, a group, a reflection, a message of a protocol, a schema."""

from __future__ import annotations

from typing import Any

from reflector.reflection.answers.mapping import TEXT_KEYS, Field, assign, text_of
from reflector.reflection.answers.names import REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.items import is_suggestion, kinds_of_key

__all__ = [
    "are_texts",
    "is_analysed",
    "is_group",
    "is_item",
    "is_message",
    "is_reflection",
    "is_schema",
    "is_sentence",
    "is_usable",
    "tagged",
    "with_hidden_suggestions",
]


def is_sentence(text: str) -> bool:
    """Return whether a text says something, and is no word, name or JSON."""
    return len(text) > 12 and " " in text.strip() and text.lstrip()[0] not in "{["


def is_item(item: dict[str, Any]) -> bool:
    """Return whether an object can only be a suggestion, wherever it stands."""
    return is_suggestion(item) and names_kind(item) and not is_message(item) and tagged(item) is None


def names_kind(item: dict[str, Any]) -> bool:
    """Return whether an object has a key that only suggestions have."""
    fields = assign(item, SUGGESTION_FIELDS)
    return any(name in fields for name in ("type", "category", "priority", "rationale", "specific_text")) or (
        "description" in fields and fields["description"][1] < 2
    )


def is_reflection(members: dict[str, Any]) -> bool:
    """Return whether an object is a reflection of its own, and not one of its suggestions."""
    fields = assign(members, REFLECTION_FIELDS)
    value, strength = fields.get("suggestions", (None, 2))
    if strength < 2 and isinstance(value, list | dict):
        return True
    return is_analysed(fields) and not (is_suggestion(members) and names_kind(members))


def is_analysed(fields: dict[str, Field]) -> bool:
    """Return whether a key says surely that it holds an analysis or root causes."""
    return any(fields[name][1] < 2 for name in ("analysis", "root_causes") if name in fields)


def is_group(item: dict[str, Any]) -> bool:
    """Return whether an object gives a priority or category to the suggestions it holds."""
    fields = assign(item, SUGGESTION_FIELDS)
    holds = any(isinstance(member, list) and member for member in item.values())
    is_named = any(name in fields for name in ("type", "category", "priority"))
    return holds and is_named and not is_analysed(assign(item, REFLECTION_FIELDS))


def are_texts(value: Any) -> bool:
    """Return whether a list holds sentences: under a name we don't know they are no suggestions (`strengths`)."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and "{" not in item for item in value)
    )


_MESSAGE_KEYS = frozenset(
    {"role", "arguments", "tool_calls", "function_call", "finish_reason", "choices", "actionInput",
     "action_input"}
)  # fmt: skip
_MESSAGE_TYPES = frozenset(
    {"text", "output_text", "message", "function", "tool_use", "tool_call", "function_call",
     "thinking", "reasoning"}
)  # fmt: skip


def is_message(value: dict[str, Any]) -> bool:
    """Return whether it is an envelope of a chat or tool protocol, whose words only look like our fields."""
    kind = value.get("type")
    return not _MESSAGE_KEYS.isdisjoint(value) or (
        isinstance(kind, str) and kind in _MESSAGE_TYPES and "description" not in value
    )


_PAYLOADS = ("content", "data", "value", "text", "payload", "body", "item", "message")


def tagged(value: dict[str, Any]) -> dict[str, Any] | None:
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


def is_usable(fields: dict[str, Field]) -> bool:
    """Return whether what is called suggestions can be some; a weak name such as `steps` needs company or objects."""
    value, strength = fields["suggestions"]
    if isinstance(value, bool | int | float):
        return False
    return strength != 2 or (isinstance(value, list | dict) and (len(fields) > 1 or _are_items(value)))


def _are_items(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else value
    return bool(items) and all(isinstance(item, dict) and is_item(item) for item in items)


def is_schema(value: dict[str, Any]) -> bool:
    """Return whether an object is a JSON schema."""
    describes = value.get("type") == "object" or "required" in value
    return "$schema" in value or (describes and isinstance(value.get("properties"), dict))


def with_hidden_suggestions(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Field]:
    """Return the fields of an object, with suggestions that stand under another name."""
    if fields.get("suggestions", ("", 2))[1] == 2 and (groups := _groups(value, fields)):
        return {**fields, "suggestions": (groups, 1)}
    if "suggestions" in fields:
        return fields
    if "root_causes" in fields and (remedies := _remedies(fields["root_causes"][0])):
        causes, suggestions = remedies
        return {**fields, "root_causes": (causes, fields["root_causes"][1]), "suggestions": (suggestions, 1)}
    if is_analysed(fields) and is_suggestion(value) and _has_exact_suggestion(value):
        return {**fields, "suggestions": ([_without(value, fields)], 1)}
    return fields


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


_REMEDIES = frozenset(
    {"fix", "howtofix", "solution", "remedy", "change", "whattochange", "action", "mitigation"}
)
_CAUSES = TEXT_KEYS | {"issue", "problem", "rootcause", "weakness", "failure", "finding", "reason"}


def _remedies(causes: Any) -> tuple[list[Any], list[dict[str, Any]]] | None:
    """Return the causes and the suggestions of `[{"issue": …, "fix": …}]`, None if no cause names its remedy."""
    items = list(causes.values()) if isinstance(causes, dict) else causes
    if not isinstance(items, list):
        return None
    said: list[Any] = []
    suggestions: list[dict[str, Any]] = []
    for item in items:
        key = next(filter(_names_remedy, item), None) if isinstance(item, dict) else None
        if key is None or not item[key]:
            said.append(item)
            continue
        cause = next((name for name in item if name != key and normal_key(name) in _CAUSES), "")
        rest = {name: member for name, member in item.items() if name not in (key, cause)}
        remedy = item[key] if isinstance(item[key], dict) else {"description": item[key]}
        reason = {"rationale": text_of(item[cause])} if cause else {}
        said += reason.values()
        suggestions.append({**rest, **reason, **remedy})
    return (said, suggestions) if suggestions else None


def _names_remedy(key: str) -> bool:
    return SUGGESTION_FIELDS.strength(key, "description") == 1 or normal_key(key) in _REMEDIES


def _has_exact_suggestion(value: dict[str, Any]) -> bool:
    fields = assign(value, SUGGESTION_FIELDS)
    return (
        "description" in fields
        and fields["description"][1] < 2
        and ("type" in fields or "category" in fields)
    )


def _without(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    taken = {id(found[0]) for name, found in fields.items() if name in ("analysis", "root_causes")}
    return {key: item for key, item in value.items() if id(item) not in taken}
