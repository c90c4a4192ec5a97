"""The form of an answer as a JSON schema, for models that can be held to one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

__all__ = ["answer_format", "answer_schema"]


def answer_format() -> dict[str, Any]:
    """Return the schema as the `response_format` of a request, in OpenAI's form and strict.

    The number in its name goes up when the fields change; they are those that the system prompt names.
    """
    return {
        "type": "json_schema",
        "json_schema": {"name": "reflection_1", "strict": True, "schema": answer_schema()},
    }


def answer_schema() -> dict[str, Any]:
    """Return the schema of an answer.

    Strict, as providers want it: every field is required and no other is allowed; one that may be left out may be null.
    """
    text, optional_text = {"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}
    suggestion = _object(
        type=_choice(SuggestionType),
        category=_choice(SuggestionCategory),
        description=text,
        rationale=text,
        priority=_choice(Priority),
        specific_text=optional_text,
        target_section=optional_text,
    )
    return _object(
        analysis=text,
        root_causes={"type": "array", "items": text},
        suggestions={"type": "array", "items": suggestion},
        expected_improvement=text,
    )


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _choice(values: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [value.value for value in values]}
