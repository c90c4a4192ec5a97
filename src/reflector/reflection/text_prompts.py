"""Blocks and quotes that offer the new prompt itself."""

from __future__ import annotations

import re

from reflector.reflection.headings import Field
from reflector.reflection.models import SuggestionCategory, SuggestionType
from reflector.reflection.text_hints import Hints
from reflector.reflection.text_items import Draft
from reflector.reflection.text_nodes import Node, NodeKind

__all__ = ["PROMPT_LANGUAGES", "is_prompt", "layout", "offered_quotes", "whole_prompt"]


_FEW_WORDS = 5


PROMPT_LANGUAGES = frozenset(
    {"", "text", "txt", "markdown", "md", "prompt", "plaintext", "plain", "system", "none"}
)


_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|function |const |let |var |#include|public |return |"
    r"if \(|for \(|\$ |SELECT |<\?|package |print\(|[{}\]]+[;,]?\s*$|.{0,200}[;{]\s*$|"
    r"\w+\s*=\s*[\w\[({'\"])",
    re.MULTILINE,
)


_OFFERS = re.compile(
    r"\b(?:prompt|instructions?|rewrit\w*|rewrite|revis\w*|version|reword\w*|phras\w*|wording|follows|"
    r"instead)\b|提示词|プロンプト|الموجه|प्रॉम्प्ट|промпт",
    re.IGNORECASE,
)


def offered_quotes(node: Node) -> list[Node]:
    """Return the quotes right below a sentence that offers a new prompt."""
    pairs = zip(node.children, node.children[1:], strict=False)
    return [
        quote
        for above, quote in pairs
        if quote.kind is NodeKind.QUOTE
        and above.kind is NodeKind.PARAGRAPH
        and above.text.rstrip().endswith((":", "："))
        and _OFFERS.search(above.text[-200:])
    ]


def is_prompt(text: str, language: str) -> bool:
    """Return whether a fenced block holds instructions in words and not a program or its output."""
    if language not in PROMPT_LANGUAGES or (len(text.split()) < _FEW_WORDS and text.isascii()):
        return False
    lines = [line for line in text.split("\n")[:200] if line.strip()]
    code = sum(1 for line in lines if _CODE.match(line[:300]))
    return code * 3 < max(len(lines), 1) + 1


def layout(node: Node) -> str:
    """Return the text below a heading with its own headings and bullets put back."""
    parts: list[str] = []
    for child in node.children:
        if child.role is not None:
            continue
        mark = "## " if child.kind is NodeKind.HEADING else "- " if child.kind is NodeKind.ITEM else ""
        parts.append(mark + child.text if child.text else "")
        if child.children:
            parts.append(layout(child))
    return "\n".join(part for part in parts if part)


def whole_prompt(text: str, original: str | None) -> Draft:
    draft = Draft(title="Replace the prompt with the revised one", hints=_WHOLE)
    draft.fields[Field.TEXT] = text
    if original:
        draft.fields[Field.ORIGINAL] = original
    return draft


_WHOLE = Hints(SuggestionType.RESTRUCTURE, SuggestionCategory.STRUCTURE)
