"""What each document of an answer contributes, and which of them is the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from reflector.reflection.answers.mapping import Field, assign, text_of, texts_of, values_of
from reflector.reflection.answers.names import GROUP_ITEMS, REFLECTION_FIELDS, normal_key
from reflector.reflection.answers.reading import Log, Reading
from reflector.reflection.answers.shapes import (
    REFLECTION_PARTS,
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
from reflector.reflection.answers.suggestions import WHOLE_PROMPT, read_suggestions

__all__ = ["Part", "Search", "align", "choose", "is_filled"]

_DEPTH = 12
_MOST_OBJECTS = 50_000
_LONG_TEXT = 30
_STATUS_KEYS = frozenset({"code", "status", "status_code", "statusCode"})
_ERROR_KEYS = frozenset({"error", "errors", "errormessage", "detail", "fault", "exception"})


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
        names = ("analysis", "root_causes")
        analysed = [self.fields[name] for name in names if is_filled(self.fields.get(name))]
        named = any(strength < 2 for _, strength in analysed)
        return 8 * has_suggestions + 4 * bool(self.items) + 2 * bool(analysed) + named + 2 * self.complete


def is_filled(found: Field | None) -> bool:
    return found is not None and found[0] not in ("", [], {})


def choose(parts: list[Part]) -> Part:
    """Return the part that is the answer, completed by others that have what it lacks and lack what it has.

    A draft and its final version both have suggestions: the better one is taken alone, the later one on a tie.
    """
    best = max(parts, key=lambda part: (part.quality, part.document))
    has_suggestions = is_filled(best.fields.get("suggestions"))
    fields = dict(best.fields)
    items: list[Any] = []
    for part in parts:
        if not (has_suggestions and is_filled(part.fields.get("suggestions"))):
            fields |= {name: found for name, found in part.fields.items() if not is_filled(fields.get(name))}
        if not has_suggestions:
            items += part.items
    return replace(best, fields=fields, items=tuple({repr(item): item for item in items}.values()))


def align(part: Part, log: Log) -> Reading:
    """Return what a part says."""
    fields = {name: found[0] for name, found in part.fields.items()}
    analysis, causes = fields.get("analysis"), fields.get("root_causes")
    if isinstance(analysis, dict) and len(analysis) > 1 and "root_causes" not in fields:
        causes = values_of(analysis, REFLECTION_FIELDS).get("root_causes")
        analysis = {key: item for key, item in analysis.items() if causes is None or item is not causes}
    suggestions = read_suggestions(fields.get("suggestions"), log) + read_suggestions(list(part.items), log)
    if not suggestions and "improved_prompt" in fields and not log.strict:
        suggestions = read_suggestions([WHOLE_PROMPT | {"specific_text": fields["improved_prompt"]}], log)
    stated = fields.get("confidence")
    return Reading(
        analysis=text_of(analysis),
        root_causes=tuple(texts_of(causes)),
        suggestions=tuple(suggestions),
        expected_improvement=text_of(fields.get("expected_improvement")),
        stated_confidence=stated if isinstance(stated, int | float) else text_of(stated)[:200] or None,
    )


@dataclass(slots=True)
class Search:
    """The search for a reflection through the envelopes of one answer."""

    log: Log
    objects: int = 0
    refusal: str | None = None
    error: Any = None
    is_echo: bool = False
    texts: list[str] = field(default_factory=list)
    """Long texts inside envelopes: perhaps the answer itself."""

    def find_part(self, value: Any, *, complete: bool, document: int) -> Part | None:
        """Return what a document contributes to the reflection, None if nothing."""
        parts = list(self._parts(value, _DEPTH))
        if not parts:
            return None
        found = parts[0] if len(parts) == 1 else _unite(parts)
        return Part(found.fields, found.items, complete, document)

    def _parts(self, value: Any, depth: int) -> Iterable[Part]:
        self.objects += 1
        if depth < 0 or self.objects > _MOST_OBJECTS:
            return ()
        if isinstance(value, str):
            return self._in_text(value, depth)
        if isinstance(value, list):
            return self._in_list(value, depth)
        return self._in_object(value, depth) if isinstance(value, dict) and value else ()

    def _in_text(self, text: str, depth: int) -> Iterable[Part]:
        decoded = self.log.decode(text) if "{" in text or text.lstrip()[:1] == "[" else None
        if decoded is not None and not isinstance(decoded, str):
            yield from self._parts(decoded, depth - 1)
        elif len(text) > _LONG_TEXT:
            self.texts.append(text)

    def _in_list(self, value: list[Any], depth: int) -> Iterable[Part]:
        if any(is_item(item) and not is_reflection(item) for item in value):
            yield Part({}, tuple(item for item in value if not is_reflection(item)))
            value = [item for item in value if is_reflection(item)]
        elif value and (all(map(is_group, value)) or all(map(is_sentence, value))):
            yield Part({}, tuple(value))
            return
        for item in value:
            yield from self._parts(item, depth - 1)

    def _in_object(self, value: dict[str, Any], depth: int) -> Iterable[Part]:
        if is_schema(value):
            self.is_echo = True
            properties = value.get("properties")
            if isinstance(properties, dict) and not all(isinstance(it, dict) for it in properties.values()):
                yield from self._parts(properties, depth - 1)
            return
        value = tagged(value) or value
        if self._note_failure(value):
            return
        fields = assign(value, REFLECTION_FIELDS)
        is_envelope = is_message(value)
        if not is_envelope and not is_analysed(fields) and is_item(value):
            yield Part({}, (value,))
            return
        fields = with_hidden_suggestions(value, fields)
        if is_filled(fields.get("suggestions")) and is_usable(fields):
            is_alone = len(fields) == 1 and is_item(fields["suggestions"][0])
            yield Part({}, (fields["suggestions"][0],)) if is_alone else Part(fields)
            return
        nested = list(self._nested(value, fields, depth)) if depth else []
        if "suggestions" in fields and not is_usable(fields):
            del fields["suggestions"]
        is_named = any(strength < 2 for _, strength in fields.values())
        if not is_envelope and any(name in fields for name in REFLECTION_PARTS) and (is_named or not nested):
            yield Part(fields)
        yield from nested

    def _nested(self, value: dict[str, Any], fields: dict[str, Field], depth: int) -> Iterable[Part]:
        """Yield the parts inside the members that may be envelopes: all but the texts of known fields."""
        known = {id(found[0]) for name, found in fields.items() if not _may_be_envelope(name, found[0])}
        for key, member in value.items():
            normal = normal_key(key)
            is_list = len(value) > 1 and normal not in GROUP_ITEMS and are_texts(member)
            if id(member) not in known and normal not in _ERROR_KEYS and not is_list:
                yield from self._parts(member, depth - 1)

    def _note_failure(self, value: dict[str, Any]) -> bool:
        """Note an error or a refusal that an object reports; return whether that is all it says."""
        for key, item in value.items():
            normal = normal_key(key)
            if normal == "refusal" and isinstance(item, str) and item.strip():
                self.refusal = item
            elif normal in _ERROR_KEYS and item and not isinstance(item, bool):
                self.error = item
        is_status = "message" in value and not _STATUS_KEYS.isdisjoint(value) and "description" not in value
        if is_status or "error" in (value.get("object"), value.get("type")):
            self.error = value.get("message") or value
            return not any(isinstance(item, dict | list) for item in value.values())
        return False


def _may_be_envelope(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return "{" in value and name != "improved_prompt"
    return name == "analysis" and isinstance(value, dict)


def _unite(parts: list[Part]) -> Part:
    """Return one part for those of one document: first words win, suggestions are put one after the other."""
    fields: dict[str, Field] = {}
    every: dict[str, list[Any]] = {"suggestions": [], "root_causes": [], "analysis": []}
    for part in parts:
        for name, found in part.fields.items():
            fields.setdefault(name, found)
            if name in every:
                every[name].append(found[0])
    if len(every["suggestions"]) > 1:
        fields["suggestions"] = (every["suggestions"], 0)
    if every["root_causes"]:
        fields["root_causes"] = (list(dict.fromkeys(texts_of(every["root_causes"]))), 0)
    if every["analysis"]:
        said = dict.fromkeys(filter(None, map(text_of, every["analysis"])))
        fields["analysis"] = ("\n".join(said), 0)
    return Part(fields, tuple(item for part in parts for item in part.items))
