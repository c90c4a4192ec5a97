"""What means nothing between the values of a document: blanks, comments, dots that stand for more."""

from __future__ import annotations

import re
from collections import Counter

from reflector.reflection.lenient_strings import BLANK

__all__ = ["skip_blanks"]

_SKIPPED = "/#<.…"
"""Characters with which a comment or an omission begins."""
_SPACE = re.compile(f"[{BLANK}]*")
_LINE = re.compile(r"[^\n]*")
_DOTS = re.compile(r"\.\.[.…]*|…[.…]*")


def skip_blanks(text: str, position: int, fixes: Counter[str]) -> int:
    """Return the index of the next character that means something."""
    while True:
        position = _SPACE.match(text, position).end()  # type: ignore[union-attr]  # it matches anything
        two = text[position : position + 2]
        if two[:1] not in _SKIPPED:
            return position
        if two == "//" or two[:1] == "#":
            position = _LINE.match(text, position).end()  # type: ignore[union-attr]  # it matches anything
            fixes["comment"] += 1
        elif two == "/*" or (two == "<!" and text.startswith("<!--", position)):
            closer = "*/" if two == "/*" else "-->"
            end = text.find(closer, position + 2)
            position = len(text) if end < 0 else end + len(closer)
            fixes["comment"] += 1
        elif dots := _DOTS.match(text, position):
            position = dots.end()
            fixes["ellipsis"] += 1
        else:
            return position
