"""The form of an answer as a JSON schema, for models that can be held to one."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType

__all__ = ["SCHEMA_VERSION", "answer_format", "answer_schema"]

SCHEMA_VERSION = 1
"""Goes up when the fields do; they are those that the system prompt names."""


def answer_format() -> dict[str, Any]:
    """Return the schema as the `response_format` of a request, in OpenAI's form and strict."""
    return {
        "type": "json_schema",
        "json_schema": {"name": f"reflection_{SCHEMA_VERSION}", "strict": True, "schema": answer_schema()},
    }


def answer_schema() -> dict[str, Any]:
    """Return the schema of an answer.

    Strict, as providers want it: every field is required and no other is allowed; one that may be left out may be null.
    """
    suggestion = _object(
        type=_choice(SuggestionType),
        category=_choice(SuggestionCategory),
        description=_text(),
        rationale=_text(),
        priority=_choice(Priority),
        specific_text=_text_or_null(),
        target_section=_text_or_null(),
    )
    return _object(
        analysis=_text(),
        root_causes=_list(_text()),
        suggestions=_list(suggestion),
        expected_improvement=_text(),
    )


def _object(**fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _choice(values: type[StrEnum]) -> dict[str, Any]:
    return {"type": "string", "enum": [value.value for value in values]}


def _text() -> dict[str, Any]:
    return {"type": "string"}


def _text_or_null() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, {"type": "null"}]}
