"""From JSON of any shape to the fields of a reflection: envelopes, other names, several documents, echoes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from reflector.reflection.field_mapping import Field, assign, text_of, texts_of
from reflector.reflection.field_names import REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.models import Suggestion
from reflector.reflection.suggestion_alignment import Log, is_suggestion, kinds_of_key, read_suggestions

__all__ = ["Aligned", "Part", "Search", "align", "choose", "find_part"]

_DEPTH = 12
_MOST_OBJECTS = 50_000


@dataclass(frozen=True, slots=True)
class Part:
    """What one document contributes, before its suggestions are read."""

    fields: dict[str, Field]
    """Field of the reflection -> raw value."""
    items: tuple[Any, ...] = ()
    """Suggestions that stand alone, without a reflection around them."""
    complete: bool = True
    document: int = 0

    @property
    def quality(self) -> int:
        """How much of a reflection it is; the document with the most is the answer, the later one on a tie."""
        has_suggestions = _is_filled(self.fields.get("suggestions"))
        analysed = [self.fields[name] for name in ("analysis", "root_causes") if _is_filled(self.fields.get(name))]
        named = any(strength < 2 for _, strength in analysed)
        return 8 * has_suggestions + 4 * bool(self.items) + 2 * bool(analysed) + named + 2 * self.complete


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


@dataclass(frozen=True, slots=True)
class Aligned:
    """A reflection as the documents say it."""

    analysis: str
    root_causes: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    expected_improvement: str
    stated_confidence: Any
    is_weak: bool
    """It has no suggestions, and perhaps is only an example in an answer that is a text."""


def align(part: Part, log: Log) -> Aligned:
    """Return the reflection that a part says."""
    fields = part.fields
    raw = fields["suggestions"][0] if "suggestions" in fields else None
    analysis, lifted = _analysis(fields)
    causes = fields["root_causes"][0] if "root_causes" in fields else lifted
    suggestions = read_suggestions(raw, log) if raw is not None else []
    if part.items:
        suggestions += read_suggestions(list(part.items), log)
    expected = fields["expected_improvement"][0] if "expected_improvement" in fields else ""
    stated = fields["confidence"][0] if "confidence" in fields else None
    return Aligned(
        analysis=analysis,
        root_causes=_causes(causes),
        suggestions=tuple(suggestions),
        expected_improvement=expected if type(expected) is str else text_of(expected),
        stated_confidence=stated if isinstance(stated, int | float) else text_of(stated)[:200] if stated else None,
        is_weak=raw is None and not part.items,
    )


def _causes(value: Any) -> tuple[str, ...]:
    if type(value) is list and all(type(item) is str and item for item in value):
        return tuple(value)
    return tuple(texts_of(value))


def _analysis(fields: dict[str, Field]) -> tuple[str, Any]:
    """Return the analysis as text, and root causes that stand inside it."""
    found = fields.get("analysis")
    if found is None:
        return "", None
    value = found[0]
    if type(value) is str:
        return value, None
    if isinstance(value, dict):
        inner = assign(value, REFLECTION_FIELDS)
        if "root_causes" in inner and "root_causes" not in fields and len(value) > 1:
            rest = {key: item for key, item in value.items() if item is not inner["root_causes"][0]}
            return text_of(rest), inner["root_causes"][0]
    return text_of(value), None


# --- looking for parts -----------------------------------------------------------------------------------


def find_part(value: Any, search: Search, *, complete: bool, document: int) -> Part | None:
    """Return what a document contributes to the reflection, None if nothing."""
    parts = list(_parts(value, search, _DEPTH))
    if not parts:
        return None
    joined = parts[0] if len(parts) == 1 else _united(parts)
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
    if "suggestions" in fields and fields["suggestions"][1] < 2 and isinstance(fields["suggestions"][0], list | dict):
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
    if "suggestions" not in fields and _analyses(value) and is_suggestion(value) and _has_exact_suggestion(value):
        fields = {**fields, "suggestions": ([_without(value, fields)], 1)}
    if len(fields) == 1 and "suggestions" in fields and _is_single(fields["suggestions"][0]):
        yield Part({}, (fields["suggestions"][0],))
        return
    if _is_filled(fields.get("suggestions")) and _is_usable(fields["suggestions"]):
        yield Part(fields)
        return
    nested = [] if depth == 0 else list(_nested(value, fields, search, depth))
    has_core = any(name in fields for name in ("analysis", "root_causes", "suggestions", "expected_improvement"))
    if has_core and not is_message:
        fields = {name: found for name, found in fields.items() if name != "suggestions" or _is_usable(found)}
        if nested and not any(strength < 2 for _, strength in fields.values()):
            yield from nested
            return
        yield Part(fields)
    yield from nested


def _nested(value: dict[str, Any], fields: dict[str, Field], search: Search, depth: int) -> Iterable[Part]:
    """Yield the parts inside the members that may be envelopes: all but the texts of known fields."""
    known = {id(found[0]) for name, found in fields.items() if not _may_be_envelope(name, found[0])}
    for key, member in value.items():
        if isinstance(member, dict | list | str) and id(member) not in known and normal_key(key) not in _ERROR_KEYS:
            yield from _parts(member, search, depth - 1)


def _may_be_envelope(name: str, value: Any) -> bool:
    return (isinstance(value, str) and "{" in value) or (name == "analysis" and isinstance(value, dict))


_MESSAGE_KEYS = frozenset({"role", "arguments", "tool_calls", "function_call", "finish_reason", "choices", "actionInput", "action_input"})
_MESSAGE_TYPES = frozenset({"text", "output_text", "message", "function", "tool_use", "tool_call", "function_call", "thinking", "reasoning"})


def _is_message(value: dict[str, Any]) -> bool:
    """Return whether it is an envelope of a chat or tool protocol, whose words only look like our fields."""
    kind = value.get("type")
    return not _MESSAGE_KEYS.isdisjoint(value) or (
        isinstance(kind, str) and kind in _MESSAGE_TYPES and "description" not in value
    )


_PAYLOADS = ("content", "data", "value", "text", "payload", "body", "item", "message")


def _tagged(value: dict[str, Any]) -> dict[str, Any] | None:
    """Return `{"analysis": …}` for `{"type": "analysis", "content": …}`."""
    tag = next((value[key] for key in ("type", "kind", "field", "key", "name") if isinstance(value.get(key), str)), None)
    if tag is None or len(value) > 4:
        return None
    payload = next((value[key] for key in _PAYLOADS if key in value), None)
    named = any(REFLECTION_FIELDS.strength(tag, name) in (0, 1) for name in ("analysis", "root_causes", "suggestions", "expected_improvement"))
    return {tag: payload} if named and payload is not None else None


def _has_exact_suggestion(value: dict[str, Any]) -> bool:
    fields = assign(value, SUGGESTION_FIELDS)
    return "description" in fields and fields["description"][1] < 2 and ("type" in fields or "category" in fields)


def _is_single(value: Any) -> bool:
    return isinstance(value, dict) and is_suggestion(value)


def _without(value: dict[str, Any], fields: dict[str, Field]) -> dict[str, Any]:
    taken = {id(found[0]) for name, found in fields.items() if name in ("analysis", "root_causes")}
    return {key: item for key, item in value.items() if id(item) not in taken}


def _is_usable(found: Field) -> bool:
    """Return whether a value can hold suggestions: weak names such as `steps` must hold more than a number."""
    value, strength = found
    if isinstance(value, bool | int | float):
        return False
    return strength != 2 or isinstance(value, list | dict)


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
    if "message" in value and len(value) <= 4 and not _STATUS_KEYS.isdisjoint(value) and "description" not in value:
        search.error = value["message"]
        return True
    return False


_STATUS_KEYS = {"code", "status", "status_code", "statusCode"}


# --- several parts -----------------------------------------------------------------------------------------


def _is_filled(found: Field | None) -> bool:
    return found is not None and found[0] not in ("", [], {})


def _united(parts: list[Part]) -> Part:
    """Return one part for those of one document: first words win, suggestions are put one after the other."""
    fields: dict[str, Field] = {}
    suggestions: list[Any] = []
    causes: list[str] = []
    analyses: list[str] = []
    items: list[Any] = []
    for part in parts:
        for name, found in part.fields.items():
            if name == "suggestions":
                suggestions.append(found[0])
            elif name == "root_causes":
                causes += [cause for cause in texts_of(found[0]) if cause not in causes]
            elif name == "analysis":
                analyses += [text for text in [text_of(found[0])] if text and text not in analyses]
            else:
                fields.setdefault(name, found)
        items += part.items
    if suggestions:
        fields["suggestions"] = (suggestions[0] if len(suggestions) == 1 else suggestions, 0)
    if causes:
        fields["root_causes"] = (causes, 0)
    if analyses:
        fields["analysis"] = ("\n".join(analyses), 0)
    return Part(fields, tuple(items))


def choose(parts: list[Part]) -> Part:
    """Return the part that is the answer, completed by others that have what it lacks and lack what it has.

    A draft and its final version both have suggestions: the better one is taken alone, the later one on a tie.
    """
    best = max(parts, key=lambda part: (part.quality, part.document))
    has_suggestions = _is_filled(best.fields.get("suggestions"))
    fields = dict(best.fields)
    items: list[Any] = []
    for part in parts:
        if part is best or has_suggestions is False or not _is_filled(part.fields.get("suggestions")):
            for name, found in part.fields.items():
                if not _is_filled(fields.get(name)):
                    fields[name] = found
        if not has_suggestions:
            items += [item for item in part.items if item not in items]
    if not has_suggestions and not items:
        return replace(best, fields=fields)
    return replace(best, fields=fields, items=tuple(items))
