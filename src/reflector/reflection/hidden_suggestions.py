"""Suggestions that stand under another name: in groups by priority, as remedies of causes, as the object itself."""

from __future__ import annotations

from typing import Any

from reflector.reflection.field_mapping import TEXT_KEYS, Field, assign, text_of
from reflector.reflection.field_names import SUGGESTION_FIELDS, normal_key
from reflector.reflection.part_shapes import is_analysed
from reflector.reflection.suggestion_items import is_suggestion, kinds_of_key

__all__ = ["with_hidden_suggestions"]


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
