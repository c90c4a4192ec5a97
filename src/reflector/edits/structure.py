"""What a prompt looks like as a whole: sections, placeholders, habits."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import Field

from reflector._json import Value
from reflector.edits.lines import LineKind
from reflector.edits.passages import Passages
from reflector.edits.sections import Section, SectionKind

__all__ = ["Complexity", "PromptStructure", "analyze_structure"]


class Complexity(StrEnum):
    """How much a prompt holds."""

    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"


class PromptStructure(Value):
    """What a prompt looks like."""

    length: int
    sections: tuple[Section, ...] = ()
    has_examples: bool = False
    has_constraints: bool = False
    has_cot_trigger: bool = False
    complexity: Complexity = Complexity.MODERATE
    patterns: dict[str, bool] = Field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    """`{name}`, `{{name}}`, `{% … %}`, `${name}`, `$name`, `%(name)s` and `<tag>`, in order, each once."""
    newline: str = "\n"


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(alternatives) + r")(?!\w)", re.IGNORECASE)


_COT = _words(
    "step[ -]by[ -]step", "think through", "reason about", "let['’]s think", "work through",
    "break (?:it )?down", "analy[sz]e", "consider",
)  # fmt: skip

_CONSTRAINTS = _words(
    "must", "should", "required", "ensure", "make sure", "don['’]t", "do not", "avoid", "always", "never"
)

_EXAMPLES = re.compile(
    r"(?<!\w)(?:for example\b|e\.g\.|such as\b|like this\b|examples?:|instance:)", re.IGNORECASE
)

_IMPERATIVES = _words("solve", "calculate", "determine", "find")
_SENTENCE_END = re.compile(r"[.!?]+")


def analyze_structure(prompt: str) -> PromptStructure:
    """Return the sections, placeholders and habits of `prompt`.

    Headings inside code fences and inside example elements don't count. A prompt without any mark has
    one section named "main".

    Source:
        Facts and thresholds of Jido's GEPA structure analyzer, matched at word boundaries.
    """
    size, seen = len(prompt), Passages(prompt)
    sections, lines = seen.sections, seen.lines
    markers = [line.marker.strip() for line in lines if line.marker]
    return PromptStructure(
        length=size,
        sections=tuple(sections) or (Section("main", SectionKind.WHOLE, 0, 0, 0, size, size, size),),
        has_examples=_EXAMPLES.search(prompt) is not None,
        has_constraints=_CONSTRAINTS.search(prompt) is not None,
        has_cot_trigger=_COT.search(prompt) is not None,
        complexity=_complexity(prompt, len(sections)),
        patterns={
            "has_numbered_list": any(marker.strip("(.)").isdigit() for marker in markers),
            "has_bullet_list": any(not marker.strip("(.)").isalnum() for marker in markers),
            "has_code_fence": any(line.kind is LineKind.FENCE for line in lines),
            "has_cot_trigger": _COT.search(prompt) is not None,
            "has_imperative": _IMPERATIVES.search(prompt) is not None,
            "has_question": "?" in prompt,
            "multiline": len(lines) > 1,
        },
        placeholders=tuple(dict.fromkeys(each.text for each in seen.template.found)),
        newline=seen.newline,
    )


def _complexity(prompt: str, section_count: int) -> Complexity:
    sentences = sum(1 for part in _SENTENCE_END.split(prompt) if part.strip())
    if len(prompt) < 100 and sentences <= 2:
        return Complexity.SIMPLE
    if len(prompt) > 500 or sentences > 10 or section_count > 1:
        return Complexity.COMPLEX
    return Complexity.MODERATE
