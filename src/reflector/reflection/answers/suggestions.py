"""One suggestion from what an answer says of it, in JSON or in words."""

from __future__ import annotations

import re
from typing import Any

from reflector._text import one_line
from reflector.reflection.answers.inference import infer_category, infer_type
from reflector.reflection.answers.items import expand, flattened
from reflector.reflection.answers.kinds import MATCH, MEMBERS, Kinds
from reflector.reflection.answers.lenient_json import CutText
from reflector.reflection.answers.mapping import LIST_MARKER, optional_text, text_of, values_of
from reflector.reflection.answers.names import SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.reading import Log
from reflector.reflection.models import Priority, Suggestion

__all__ = ["WHOLE_PROMPT", "describe_change", "make_suggestion", "read_suggestions"]

WHOLE_PROMPT = {
    "type": "restructure",
    "category": "structure",
    "description": "Replace the prompt with the revised one",
}
"""What is said of the new prompt itself, where it is offered."""
_ORIGIN_SENTENCE = {"type": "modify", "category": "clarity", "rationale": "Extracted from text response"}
_CUT = "cut off at the end of the answer"
_PLACEHOLDER = re.compile(
    r"\s*(?:<[^<>]{1,120}>|\.{3}|…|\[[^\[\]]{1,120}\]|\{[^{}]{1,120}\}|string|str|text)\s*\Z"
)
_NEW_TEXT = frozenset({"after", "new", "to", "replacement", "proposed", "text"})


def read_suggestions(value: Any, log: Log) -> list[Suggestion]:
    """Return the suggestions in `value`, in order; what cannot be one is noted in `log`, with the reason."""
    if not value:
        return []
    read = (_read_item(item, kinds, log) for item, kinds in expand(value, {}, log))
    return [suggestion for suggestion in read if suggestion is not None]


def _read_item(item: Any, kinds: Kinds, log: Log) -> Suggestion | None:
    """Return one suggestion, or None after a note in `log` why it is none."""
    if isinstance(item, str):
        if isinstance(item, CutText) or not LIST_MARKER.sub("", item).strip():
            log.drop(_CUT if isinstance(item, CutText) else "no text", item)
            return None
        origin = _ORIGIN_SENTENCE if log.strict else {}
        item, kinds = {"description": LIST_MARKER.sub("", item), **origin, **kinds}, {}
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
    return make_suggestion(fields, kinds, log, item)


def make_suggestion(
    fields: dict[str, Any], kinds: Kinds, log: Log, item: dict[str, Any]
) -> Suggestion | None:
    """Return the suggestion that `fields` say, or None after a note in `log` why they say none.

    Args:
        fields: Field -> what is said, in whatever words.
        kinds: Type, category and priority that a group or tag gives it.
        log: Keeps what is dropped and inferred; when it is strict, nothing is inferred.
        item: All that is said, under the names that the answer gives.
    """
    description = _description(fields, log)
    if description is None:
        is_cut = any(isinstance(value, CutText) for value in item.values())
        log.drop(_CUT if is_cut else "no description", item)
        return None
    found = {name: _kind(name, fields, kinds, item, log.strict) for name in MEMBERS}
    if log.strict and (unknown := _unknown(fields, found)):
        log.drop(unknown, item)
        return None
    if found["type"] is None or found["category"] is None:
        _infer(found, fields, description, log)
    if found["priority"] is None:
        log.inferred["priority"] += 1
        found["priority"] = Priority.MEDIUM
    return Suggestion(
        **found,
        description=description,
        rationale=text_of(fields.get("rationale")),
        specific_text=_specific_text(fields.get("specific_text"), log),
        target_section=optional_text(fields.get("target_section")),
    )


def _is_placeholder(fields: dict[str, Any]) -> bool:
    kind, said = fields.get("type"), fields.get("description")
    if isinstance(kind, str) and "|" in kind:
        return sum(MATCH["type"](word) is not None for word in kind.split("|")) > 2
    return isinstance(said, str) and _PLACEHOLDER.match(said) is not None


def _description(fields: dict[str, Any], log: Log) -> str | None:
    """Return the description, or what stands for it; None if there is nothing, or it was cut off."""
    found = fields.get("description")
    if isinstance(found, CutText):
        return None
    text = text_of(found)
    if text.strip() or (log.strict and found is not None):
        return text
    if log.strict:
        return ""
    kind = fields.get("type")
    if isinstance(kind, str) and len(kind.split()) > 2:
        return kind
    old, new = (text_of(fields.get(name)) for name in ("target_section", "specific_text"))
    said = (fields.get(name) for name in ("specific_text", "rationale"))
    stated = next(filter(None, (optional_text(text) for text in said if isinstance(text, str))), None)
    if old and new:
        stated = describe_change(old, new)
    if stated:
        log.inferred["description"] += 1
    return stated


def describe_change(old: str, new: str) -> str:
    """Return a description for a change that only shows its two texts."""
    return f"Replace “{one_line(old, 80)}” with “{one_line(new, 120)}”"


def _kind(name: str, fields: dict[str, Any], kinds: Kinds, item: dict[str, Any], strict: bool) -> Any:
    """Return the member that a field says, else what the group says, else a member's very name under an unknown key."""
    members, match = MEMBERS[name], MATCH[name]
    value = fields[name] if name in fields else kinds.get(name)
    if isinstance(value, str) and (member := members.get(value)):
        return member
    if strict:
        return members.get(value.strip().casefold()) if isinstance(value, str) else None
    if value is None:
        return next((members[word] for word in item.values() if type(word) is str and word in members), None)
    if isinstance(value, CutText):
        begun = value.casefold() or None
        return next((member for word, member in members.items() if begun and word.startswith(begun)), None)
    if isinstance(value, list):
        return next(filter(None, map(match, value)), None)
    return match(text_of(value) if isinstance(value, dict) else value) or match(kinds.get(name))


def _unknown(fields: dict[str, Any], found: dict[str, Any]) -> str:
    """Return why a suggestion is refused when nothing may be inferred; a missing priority is medium."""
    for name, member in found.items():
        if member is None and name in fields:
            return f"unknown {name} {one_line(text_of(fields[name]), 40)!r}"
        if member is None and name != "priority":
            return f"no {name}"
    return ""


def _infer(found: dict[str, Any], fields: dict[str, Any], description: str, log: Log) -> None:
    """Find type and category: a word under the wrong one of the two keys is moved, the rest is read out of the text."""
    said = fields.get("type")
    if (
        found["category"] is None
        and said != found["type"]
        and ("category" not in fields or not found["type"])
    ):
        found["category"] = MATCH["category"](said)
    found["type"] = found["type"] or MATCH["type"](fields.get("category"))
    if found["type"] is None:
        log.inferred["type"] += 1
        found["type"] = infer_type(description)
    if found["category"] is None:
        log.inferred["category"] += 1
        found["category"] = infer_category(f"{description}\n{text_of(fields.get('specific_text'))}")


def _specific_text(value: Any, log: Log) -> str | None:
    """Return the exact text. Half a text must never be put into a prompt: one that was cut off is dropped."""
    if isinstance(value, CutText):
        log.drop("specific text cut off at the end of the answer", str(value))
        return None
    if isinstance(value, dict):
        value = next((item for key, item in value.items() if normal_key(key) in _NEW_TEXT), value)
    return optional_text(value)
