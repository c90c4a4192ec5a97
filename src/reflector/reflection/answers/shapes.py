"""What an object in an answer is: a suggestion, a reflection, a message of a protocol, a schema."""

from __future__ import annotations

from typing import Any

from reflector.reflection.answers.items import is_suggestion, kinds_of_key
from reflector.reflection.answers.mapping import TEXT_KEYS, Field, assign, text_of
from reflector.reflection.answers.names import REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key

__all__ = [
    "REFLECTION_PARTS",
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


def is_sentence(value: Any) -> bool:
    """Return whether a value is a text that says something, and no word, name or JSON."""
    is_long = isinstance(value, str) and len(value) > 12
    return is_long and " " in value.strip() and value.lstrip()[0] not in "{["


def are_texts(value: Any) -> bool:
    """Return whether a list holds sentences: under a name we don't know they are no suggestions (`strengths`)."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, str) and "{" not in item for item in value)
    )


REFLECTION_PARTS = ("analysis", "root_causes", "suggestions", "expected_improvement", "improved_prompt")
_OF_SUGGESTIONS = frozenset({"type", "category", "priority", "rationale", "specific_text"})


def is_item(item: Any) -> bool:
    """Return whether a value can only be a suggestion, wherever it stands: it has a key that only suggestions have."""
    if not isinstance(item, dict) or not is_suggestion(item) or is_message(item) or tagged(item):
        return False
    fields = assign(item, SUGGESTION_FIELDS)
    is_described = "description" in fields and fields["description"][1] < 2
    return is_described or not _OF_SUGGESTIONS.isdisjoint(fields)


def is_reflection(value: Any) -> bool:
    """Return whether a value is a reflection of its own, and not one of its suggestions."""
    fields = assign(value, REFLECTION_FIELDS) if isinstance(value, dict) else {}
    found, strength = fields.get("suggestions", (None, 2))
    return (strength < 2 and isinstance(found, list | dict)) or (is_analysed(fields) and not is_item(value))


def is_group(value: Any) -> bool:
    """Return whether a value gives a priority, type or category to the suggestions it holds."""
    if not isinstance(value, dict) or not any(isinstance(item, list) and item for item in value.values()):
        return False
    is_named = not assign(value, SUGGESTION_FIELDS).keys().isdisjoint(("type", "category", "priority"))
    return is_named and not is_analysed(assign(value, REFLECTION_FIELDS))


def is_analysed(fields: dict[str, Field]) -> bool:
    """Return whether a key says surely that it holds an analysis or root causes."""
    return any(fields[name][1] < 2 for name in ("analysis", "root_causes") if name in fields)


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


_TAGS = ("type", "kind", "field", "name")
_PAYLOADS = ("content", "data", "value", "text", "payload")


def tagged(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return `{"analysis": …}` for `{"type": "analysis", "content": …}`."""
    payload = next((value[key] for key in _PAYLOADS if key in value), None)
    tag = next((value[key] for key in _TAGS if isinstance(value.get(key), str)), None)
    if payload is None or tag is None:
        return None
    names_field = any(REFLECTION_FIELDS.strength(tag, name) in (0, 1) for name in REFLECTION_PARTS)
    return {tag: payload} if names_field else None


def is_schema(value: dict[str, Any]) -> bool:
    """Return whether an object is a JSON schema."""
    describes = value.get("type") == "object" or "required" in value
    return "$schema" in value or (describes and isinstance(value.get("properties"), dict))


def is_usable(fields: dict[str, Field]) -> bool:
    """Return whether what is called suggestions can be some; a weak name such as `steps` needs company or objects."""
    value, strength = fields["suggestions"]
    if isinstance(value, bool | int | float):
        return False
    if strength != 2 or not isinstance(value, list | dict):
        return strength != 2
    items = list(value.values()) if isinstance(value, dict) else value
    return len(fields) > 1 or (bool(items) and all(map(is_item, items)))


def with_hidden_suggestions(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Field]:
    """Return the fields of an object, with suggestions that stand under another name."""
    if fields.get("suggestions", ("", 2))[1] == 2 and (groups := _groups(value, fields)):
        return {**fields, "suggestions": (groups, 1)}
    if "suggestions" in fields:
        return fields
    if "root_causes" in fields and (remedies := _remedies(fields["root_causes"][0])):
        causes, suggestions = remedies
        return {**fields, "root_causes": (causes, fields["root_causes"][1]), "suggestions": (suggestions, 1)}
    if is_analysed(fields) and is_item(value) and "description" in assign(value, SUGGESTION_FIELDS):
        taken = {id(fields[name][0]) for name in ("analysis", "root_causes") if name in fields}
        rest = {key: item for key, item in value.items() if id(item) not in taken}
        return {**fields, "suggestions": ([rest], 1)}
    return fields


def _groups(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    """Return the members that are groups of suggestions: `{"high_priority": […], "low_priority": […]}`."""
    taken = {id(found[0]) for found in fields.values() if found[1] < 2}
    groups = {}
    strong = 0
    for key, item in value.items():
        if isinstance(item, list | dict) and item and id(item) not in taken and (kinds := kinds_of_key(key)):
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
