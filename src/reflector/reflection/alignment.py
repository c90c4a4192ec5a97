"""From the fields a document names to those of a reflection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reflector.reflection.field_mapping import Field, assign, text_of, texts_of
from reflector.reflection.field_names import REFLECTION_FIELDS
from reflector.reflection.models import Suggestion
from reflector.reflection.parts import Part
from reflector.reflection.reading_log import Log
from reflector.reflection.suggestion_alignment import read_suggestions

__all__ = ["Aligned", "align"]


@dataclass(frozen=True, slots=True)
class Aligned:
    """A reflection as the documents say it."""

    analysis: str
    root_causes: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    expected_improvement: str
    stated_confidence: Any = None

    @property
    def says_something(self) -> bool:
        """Whether any of its fields is filled."""
        return bool(self.suggestions or self.analysis or self.root_causes or self.expected_improvement)


def align(part: Part, log: Log) -> Aligned:
    """Return the reflection that a part says."""
    fields = part.fields
    raw = fields["suggestions"][0] if "suggestions" in fields else None
    analysis, lifted = _analysis(fields)
    causes = fields["root_causes"][0] if "root_causes" in fields else lifted
    suggestions = read_suggestions(raw, log) + read_suggestions(list(part.items), log)
    if not suggestions and "improved_prompt" in fields and not log.strict:
        suggestions = read_suggestions([_whole_prompt(fields["improved_prompt"][0])], log)
    expected = fields["expected_improvement"][0] if "expected_improvement" in fields else ""
    stated = fields["confidence"][0] if "confidence" in fields else None
    return Aligned(
        analysis=analysis,
        root_causes=tuple(texts_of(causes)),
        suggestions=tuple(suggestions),
        expected_improvement=text_of(expected),
        stated_confidence=stated if isinstance(stated, int | float) else text_of(stated)[:200] or None,
    )


def _whole_prompt(text: Any) -> dict[str, Any]:
    """Return the suggestion to put a new prompt in the place of the old one."""
    return {
        "type": "restructure",
        "category": "structure",
        "description": "Replace the prompt with the revised one",
        "specific_text": text,
    }


def _analysis(fields: dict[str, Field]) -> tuple[str, Any]:
    """Return the analysis as text, and root causes that stand inside it."""
    found = fields.get("analysis")
    if found is None:
        return "", None
    value = found[0]
    if isinstance(value, dict):
        inner = assign(value, REFLECTION_FIELDS)
        if "root_causes" in inner and "root_causes" not in fields and len(value) > 1:
            rest = {key: item for key, item in value.items() if item is not inner["root_causes"][0]}
            return text_of(rest), inner["root_causes"][0]
    return text_of(value), None
