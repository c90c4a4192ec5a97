"""The analysis that stands in words around JSON which has none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from reflector.reflection.field_names import REFLECTION_FIELDS
from reflector.reflection.lenient_json import Document
from reflector.reflection.text_fallback import TextReading

__all__ = ["analysis_around"]


def analysis_around(
    text: str, documents: list[Document], read: Callable[[str], TextReading]
) -> dict[str, Any]:
    """Return analysis and root causes from the words around the JSON, if a heading, label or tag names them."""
    around = _around(text, documents)
    if not any(_names_analysis(label[1]) for label in _LABEL.finditer(around)):
        return {}
    reading = read(around)
    said = {"analysis": reading.analysis, "root_causes": list(reading.root_causes)}
    return {name: value for name, value in said.items() if value}


def _around(text: str, documents: list[Document]) -> str:
    """Return the text without its JSON."""
    pieces, position = [], 0
    for document in documents:
        pieces.append(text[position : document.start])
        position = document.end
    around = "\n".join([*pieces, text[position:]])
    return _TOOL_TAG.sub("\n", _PARAMETER.sub(r"\n## \1\n", around))


def _names_analysis(label: str) -> bool:
    return any(REFLECTION_FIELDS.strength(label, name) in (0, 1) for name in ("analysis", "root_causes"))


_LABEL = re.compile(
    r"^[ \t>#*_<\[]*(?:parameter(?:=| name=)\W?)?([^\W\d][\w \-]{2,40}?)\W{0,6}[:：>*\]\n]", re.MULTILINE
)
_PARAMETER = re.compile(r"<parameter(?:=| name=)[\"']?(\w{1,60})[\"']?\s*>")
_TOOL_TAG = re.compile(r"</?(?:parameter|function|invoke|tool_call|function_calls?)\b[^<>]{0,80}>")
