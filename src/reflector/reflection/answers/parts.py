"""What each document of an answer contributes, and which of them is the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from reflector.reflection.answers.mapping import Field, assign, text_of, texts_of
from reflector.reflection.answers.names import GROUP_ITEMS, REFLECTION_FIELDS, normal_key
from reflector.reflection.answers.shapes import (
    are_texts,
    is_analysed,
    is_group,
    is_item,
    is_message,
    is_reflection,
    is_schema,
    is_sentence,
    is_usable,
    tagged,
    with_hidden_suggestions,
)
from reflector.reflection.answers.log import Log
from reflector.reflection.answers.items import is_suggestion

__all__ = ["Part", "Search", "choose", "find_part", "is_filled"]


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
    def has_suggestions(self) -> bool:
        """Whether there is something where suggestions belong."""
        return bool(self.items) or any(
            is_filled(self.fields.get(name)) for name in ("suggestions", "improved_prompt")
        )

    @property
    def quality(self) -> int:
        """How much of a reflection it is; the document with the most is the answer, the later one on a tie."""
        has_suggestions = is_filled(self.fields.get("suggestions"))
        analysed = [
            self.fields[name] for name in ("analysis", "root_causes") if is_filled(self.fields.get(name))
        ]
        named = any(strength < 2 for _, strength in analysed)
        return 8 * has_suggestions + 4 * bool(self.items) + 2 * bool(analysed) + named + 2 * self.complete


def is_filled(found: Field | None) -> bool:
    return found is not None and found[0] not in ("", [], {})


def unite(parts: list[Part]) -> Part:
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
                causes += texts_of(found[0])
            elif name == "analysis":
                analyses.append(text_of(found[0]))
            else:
                fields.setdefault(name, found)
        items += part.items
    if suggestions:
        fields["suggestions"] = (suggestions[0] if len(suggestions) == 1 else suggestions, 0)
    if causes:
        fields["root_causes"] = (list(dict.fromkeys(causes)), 0)
    if analyses:
        fields["analysis"] = ("\n".join(dict.fromkeys(filter(None, analyses))), 0)
    return Part(fields, tuple(items))


def choose(parts: list[Part]) -> Part:
    """Return the part that is the answer, completed by others that have what it lacks and lack what it has.

    A draft and its final version both have suggestions: the better one is taken alone, the later one on a tie.
    """
    best = max(parts, key=lambda part: (part.quality, part.document))
    has_suggestions = is_filled(best.fields.get("suggestions"))
    fields = dict(best.fields)
    items: list[Any] = []
    for part in parts:
        if part is best or has_suggestions is False or not is_filled(part.fields.get("suggestions")):
            for name, found in part.fields.items():
                if not is_filled(fields.get(name)):
                    fields[name] = found
        if not has_suggestions:
            items += part.items
    return replace(best, fields=fields, items=tuple({repr(item): item for item in items}.values()))


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
    if objects and any(is_item(item) and not is_reflection(item) for item in objects):
        loose = [item for item in value if not (isinstance(item, dict) and is_reflection(item))]
        yield Part({}, tuple(loose))
        value = [item for item in value if isinstance(item, dict) and is_reflection(item)]
    elif objects and all(is_group(item) for item in objects):
        yield Part({}, tuple(value))
        return
    elif not objects and value and all(isinstance(item, str) for item in value):
        if all(is_sentence(item) for item in value):
            yield Part({}, tuple(value))
        else:
            for item in value:
                yield from _parts(item, search, depth - 1)
        return
    for item in value:
        yield from _parts(item, search, depth - 1)


def _parts_of_object(value: dict[str, Any], search: Search, depth: int) -> Iterable[Part]:
    if is_schema(value):
        search.is_echo = True
        properties = value.get("properties")
        if isinstance(properties, dict) and not all(isinstance(item, dict) for item in properties.values()):
            yield from _parts(properties, search, depth - 1)
        return
    value = tagged(value) or value
    if _note_failure(value, search):
        return
    fields = assign(value, REFLECTION_FIELDS)
    envelope = is_message(value)
    if "suggestions" not in fields and not envelope and is_item(value) and not is_analysed(fields):
        yield Part({}, (value,))
        return
    fields = with_hidden_suggestions(value, fields)
    suggestions = fields["suggestions"][0] if "suggestions" in fields else None
    if len(fields) == 1 and isinstance(suggestions, dict) and is_suggestion(suggestions):
        yield Part({}, (suggestions,))
        return
    if is_filled(fields.get("suggestions")) and is_usable(fields):
        yield Part(fields)
        return
    nested = [] if depth == 0 else list(_nested(value, fields, search, depth))
    if not is_analysed(fields) and any(part.items for part in nested) and not envelope:
        fields = {**_by_content(value, fields), **fields}
    if suggestions is not None and not is_usable(fields):
        del fields["suggestions"]
    is_named = any(strength < 2 for _, strength in fields.values())
    if not envelope and not fields.keys().isdisjoint(_CORE) and (is_named or not nested):
        yield Part(fields)
    yield from nested


_CORE = ("analysis", "root_causes", "suggestions", "expected_improvement", "improved_prompt")


def _by_content(value: dict[str, Any], known: dict[str, Field]) -> dict[str, Field]:
    """Return the analysis and root causes beside suggestions, under names we don't know: a text, a list of texts."""
    fields: dict[str, Field] = {}
    taken = {id(found[0]) for found in known.values()}
    for member in value.values():
        if id(member) in taken:
            continue
        if isinstance(member, str) and len(member) > _LONG_ANALYSIS and " " in member:
            fields.setdefault("analysis", (member, 1))
        elif are_texts(member) and all(is_sentence(text) for text in member):
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
            or (are_texts(member) and len(value) > 1 and normal not in GROUP_ITEMS)
        ):
            continue
        if isinstance(member, dict | list | str):
            yield from _parts(member, search, depth - 1)


def _may_be_envelope(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return "{" in value and name != "improved_prompt"
    return name == "analysis" and isinstance(value, dict)


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
    if "message" in value and not _STATUS_KEYS.isdisjoint(value) and "description" not in value:
        search.error = value["message"]
        return not any(isinstance(item, dict | list) for item in value.values())
    return False


_STATUS_KEYS = {"code", "status", "status_code", "statusCode"}
