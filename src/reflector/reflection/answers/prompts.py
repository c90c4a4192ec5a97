"""Blocks and quotes that offer the new prompt itself."""

from __future__ import annotations

import re

from reflector.reflection.answers.drafts import Draft
from reflector.reflection.answers.headings import Field
from reflector.reflection.answers.lines import Node, NodeKind
from reflector.reflection.answers.suggestions import WHOLE_PROMPT
from reflector.reflection.answers.words import one_of
from reflector.trajectories.findings.wording import words_of

__all__ = ["is_prompt", "offered_prompts", "prompt_in", "whole_prompt"]

_FEW_WORDS = 5
_LANGUAGES = words_of("text txt markdown md prompt plaintext plain system none") | {""}
_CODE = re.compile(
    r"^\s*(?:def |class |import |from \w+ import|function |const |let |var |#include|public |return |if \(|for \("
    r"|\$ |SELECT |<\?|package |print\(|[{}\]]+[;,]?\s*$|.{0,200}[;{]\s*$|\w+\s*=\s*[\w\[({'\"])"
)
_OFFERS = one_of(r"""
    \b(?:prompt|instructions?|rewrit\w*|revis\w*|version|reword\w*|phras\w*|wording|follows|instead)\b
    提示词|プロンプト|الموجه|प्रॉम्प्ट|промпт
""")


def offered_prompts(node: Node) -> list[str]:
    """Return the fenced blocks below `node`, and the quotes right below a sentence that offers a new prompt."""
    above = ["", *(child.text.rstrip() for child in node.children)]
    return [
        child.text
        for child, said in zip(node.children, above, strict=False)
        if child.kind is NodeKind.FENCE
        or (
            child.kind is NodeKind.QUOTE
            and said.endswith((":", "："))
            and _OFFERS.search(said[-200:].lower())
        )
    ]


def is_prompt(text: str, language: str) -> bool:
    """Return whether a fenced block holds instructions in words and not a program or its output."""
    if language not in _LANGUAGES or (len(text.split()) < _FEW_WORDS and text.isascii()):
        return False
    lines = [line for line in text.split("\n")[:200] if line.strip()]
    code = sum(1 for line in lines if _CODE.match(line[:300]))
    return code * 3 < max(len(lines), 1) + 1


def prompt_in(node: Node) -> str:
    """Return the prompt that stands in a section: its blocks, else its quotes, else all of it."""
    for kind in (NodeKind.FENCE, NodeKind.QUOTE):
        if said := "\n\n".join(child.text for child in node.children if child.kind is kind):
            return said.strip()
    return _layout(node).strip()


def _layout(node: Node) -> str:
    """Return the text below a heading with its own headings and bullets put back."""
    marks = {NodeKind.HEADING: "## ", NodeKind.ITEM: "- "}
    parts: list[str] = []
    for child in node.children:
        parts.extend(filter(None, (child.text and marks.get(child.kind, "") + child.text, _layout(child))))
    return "\n".join(parts)


def whole_prompt(text: str) -> Draft:
    """Return the suggestion to put `text` in the place of the whole prompt."""
    return Draft(fields={**WHOLE_PROMPT, Field.TEXT: text})
