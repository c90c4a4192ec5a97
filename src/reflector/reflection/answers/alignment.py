"""From the fields a document names to those of a reflection."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reflector._text import one_line
from reflector.reflection.answers.mapping import LIST_MARKER, optional_text, text_of, texts_of, values_of
from reflector.reflection.answers.names import REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.inference import infer_category, infer_type
from reflector.reflection.answers.lenient_json import CutText
from reflector.reflection.models import (
    ParsedReflection,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)
from reflector.reflection.answers.parts import Part
from reflector.reflection.answers.log import Log
from reflector.reflection.answers.items import Kinds, expand, flattened
from reflector.reflection.answers.vocabulary import match_category, match_priority, match_type

__all__ = ["align", "read_suggestions"]

_DEPTH = 8
_MEMBERS: dict[str, dict[str, Any]] = {
    "type": {str(member): member for member in SuggestionType},
    "category": {str(member): member for member in SuggestionCategory},
    "priority": {str(member): member for member in Priority},
}
_MATCH: dict[str, Callable[[object], Any]] = {
    "type": match_type,
    "category": match_category,
    "priority": match_priority,
}
_ORIGIN_RATIONALE = "Extracted from text response"
_PLACEHOLDER = re.compile(
    r"\s*(?:<[^<>]{1,120}>|\.{3}|…|\[[^\[\]]{1,120}\]|\{[^{}]{1,120}\}|string|str|text)\s*\Z"
)


def read_suggestions(value: Any, log: Log) -> list[Suggestion]:
    """Return the suggestions in `value`, in order; what cannot be one is noted in `log`, with the reason."""
    if not value:
        return []
    read = (read_suggestion(item, kinds, log) for item, kinds in expand(value, {}, log, _DEPTH))
    return [suggestion for suggestion in read if suggestion is not None]


def read_suggestion(item: Any, kinds: Kinds, log: Log) -> Suggestion | None:
    """Return one suggestion, or None after a note in `log` why it is none."""
    if isinstance(item, str):
        return _from_sentence(item, kinds, log)
    if not isinstance(item, dict):
        log.drop("not a suggestion", item)
        return None
    fields = values_of(item, SUGGESTION_FIELDS)
    described = fields.get("description")
    if described is None or type(described) is dict:
        fields = values_of(flattened(item), SUGGESTION_FIELDS)
    if _is_placeholder(fields):
        log.placeholders += 1
        log.drop("repeats the form of the answer", item)
        return None
    description = _description(fields, log)
    if description is None:
        cut = any(isinstance(value, CutText) for value in item.values())
        log.drop("cut off at the end of the answer" if cut else "no description", item)
        return None
    type_ = _kind("type", fields, kinds, item, log)
    category = _kind("category", fields, kinds, item, log)
    priority = _kind("priority", fields, kinds, item, log)
    unknown = _unknown(fields, type=type_, category=category, priority=priority) if log.strict else ""
    if unknown:
        log.drop(unknown, item)
        return None
    if type_ is None or category is None:
        type_, category = _inferred(type_, category, fields, description, log)
    if priority is None:
        log.infer("priority")
    return Suggestion(
        type=type_,
        category=category,
        description=description,
        rationale=text_of(fields.get("rationale")),
        priority=priority or Priority.MEDIUM,
        specific_text=_specific_text(fields.get("specific_text"), log),
        target_section=optional_text(fields.get("target_section")),
    )


def _unknown(fields: dict[str, Any], **kinds: Any) -> str:
    """Return why a suggestion is refused when nothing may be inferred; a missing priority is medium."""
    for name, member in kinds.items():
        if member is None and name in fields:
            return f"unknown {name} {one_line(text_of(fields[name]), 40)!r}"
        if member is None and name != "priority":
            return f"no {name}"
    return ""


def _description(fields: dict[str, Any], log: Log) -> str | None:
    """Return the description, or what stands for it; None if there is nothing, or it was cut off."""
    found = fields.get("description")
    if isinstance(found, CutText):
        return None
    text = text_of(found)
    if text.strip() or (log.strict and found is not None):
        return text
    kind = fields.get("type")
    if isinstance(kind, str) and len(kind.split()) > 2:
        return kind
    old, new = (text_of(fields.get(name)) for name in ("target_section", "specific_text"))
    if old and new and not log.strict:
        log.infer("description")
        return f"Replace “{one_line(old, 80)}” with “{one_line(new, 120)}”"
    for name in ("specific_text", "rationale"):
        if isinstance(fields.get(name), str) and (stated := optional_text(fields.get(name))):
            log.infer("description")
            return stated
    return "" if log.strict else None


def _is_placeholder(fields: dict[str, Any]) -> bool:
    kind, said = fields.get("type"), fields.get("description")
    if isinstance(kind, str) and "|" in kind:
        return len([word for word in kind.split("|") if match_type(word)]) > 2
    return isinstance(said, str) and _PLACEHOLDER.match(said) is not None


def _kind(name: str, fields: dict[str, Any], kinds: Kinds, item: dict[str, Any], log: Log) -> Any:
    """Return the member that a field says, else what the group says, else a member's very name under an unknown key."""
    members = _MEMBERS[name]
    value = fields.get(name, kinds.get(name))
    if type(value) is str and value in members:
        return members[value]
    match = _MATCH[name]
    if log.strict:
        return members.get(value.strip().casefold()) if isinstance(value, str) else None
    if value is None:
        said = (word for word in item.values() if isinstance(word, str))
        return next((members[word] for word in said if word in members), None)
    if isinstance(value, CutText):
        return next(
            (member for word, member in members.items() if value and word.startswith(value.casefold())), None
        )
    if isinstance(value, list):
        return next((member for member in map(match, value) if member), None)
    found = match(text_of(value) if isinstance(value, dict) else value)
    return found or match(kinds.get(name))


def _inferred(
    type_: SuggestionType | None,
    category: SuggestionCategory | None,
    fields: dict[str, Any],
    description: str,
    log: Log,
) -> tuple[SuggestionType, SuggestionCategory]:
    """Return both kinds; a word under the wrong one of the two keys is moved, the rest is inferred from the text."""
    said = fields.get("type")
    if category is None and said != type_ and ("category" not in fields or type_ is None):
        category = match_category(said)
    type_ = type_ or match_type(fields.get("category"))
    if type_ is None:
        log.infer("type")
        type_ = infer_type(description)
    if category is None:
        log.infer("category")
        category = infer_category(f"{description}\n{text_of(fields.get('specific_text'))}")
    return type_, category


def _specific_text(value: Any, log: Log) -> str | None:
    """Return the exact text. Half a text must never be put into a prompt: one that was cut off is dropped."""
    if isinstance(value, CutText):
        log.drop("specific text cut off at the end of the answer", str(value))
        return None
    if isinstance(value, dict):
        value = next((item for key, item in value.items() if normal_key(key) in _NEW_TEXT), value)
    return optional_text(value)


_NEW_TEXT = frozenset({"after", "new", "to", "replacement", "proposed", "text"})


def _from_sentence(text: str, kinds: Kinds, log: Log) -> Suggestion | None:
    sentence = LIST_MARKER.sub("", text)
    if isinstance(text, CutText) or not sentence.strip():
        log.drop("cut off at the end of the answer" if isinstance(text, CutText) else "no text", text)
        return None
    origin = {"type": "modify", "category": "clarity", "rationale": _ORIGIN_RATIONALE} if log.strict else {}
    return read_suggestion({"description": sentence, **origin, **kinds}, {}, log)


def align(part: Part, log: Log) -> ParsedReflection:
    """Return the reflection that a part says, not scored yet."""
    fields = {name: found[0] for name, found in part.fields.items()}
    analysis, lifted = _analysis(fields)
    causes = fields.get("root_causes") if "root_causes" in fields else lifted
    suggestions = read_suggestions(fields.get("suggestions"), log)
    suggestions += read_suggestions(list(part.items), log)
    if not suggestions and "improved_prompt" in fields and not log.strict:
        suggestions = read_suggestions([_whole_prompt(fields.get("improved_prompt"))], log)
    stated = fields.get("confidence")
    if not isinstance(stated, int | float):
        stated = text_of(stated)[:200] or None
    return ParsedReflection(
        analysis=analysis,
        root_causes=tuple(texts_of(causes)),
        suggestions=tuple(suggestions),
        expected_improvement=text_of(fields.get("expected_improvement")),
        metadata={} if stated is None else {"stated_confidence": stated},
    )


def _whole_prompt(text: Any) -> dict[str, Any]:
    """Return the suggestion to put a new prompt in the place of the old one."""
    return {
        "type": "restructure",
        "category": "structure",
        "description": "Replace the prompt with the revised one",
        "specific_text": text,
    }


def _analysis(fields: dict[str, Any]) -> tuple[str, Any]:
    """Return the analysis as text, and root causes that stand inside it."""
    value = fields.get("analysis")
    if isinstance(value, dict):
        inner = values_of(value, REFLECTION_FIELDS)
        if "root_causes" in inner and "root_causes" not in fields and len(value) > 1:
            rest = {key: item for key, item in value.items() if item is not inner["root_causes"]}
            return text_of(rest), inner["root_causes"]
    return text_of(value), None
