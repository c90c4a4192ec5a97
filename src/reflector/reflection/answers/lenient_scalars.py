"""Values without quotation marks as models write them: literals of several languages, numbers, bare words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from reflector.reflection.answers.lenient_strings import BLANK, CutText

__all__ = ["read_scalar"]

_END = rf"(?=[{BLANK},;}}\])，；]|//|/\*|\Z)"
_LITERAL = re.compile(rf"(true|false|null|none|nil|undefined|nan|[-+]?inf(?:inity)?){_END}", re.IGNORECASE)
_NUMBER = re.compile(rf"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?{_END}")
_MOST_DIGITS = 4000
"""Python refuses to read integers with more digits than about this."""
_ENUM_REPR = re.compile(r"<([A-Za-z_][\w.]*)(?:: [^<>\n]{0,80})?>(?=[\s,;}\])])")
_WORD_PART = re.compile(r"[^,，;}\]\n]+")
_NEXT_PAIR = re.compile(
    rf"[,;，；][{BLANK}]*(?:[\"'“”„‘’«「『`]?[\w][\w .\-]{{0,60}}[\"'“”‘’»」』`]?[ \t]*(?:=>|[:=：])"
    r"|[}\]{\[]|//|/\*|#|\Z|\n)"
)
_INVISIBLE = " \t\r\n\u00a0\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"


def read_scalar(text: str, start: int, fixes: Counter[str], *, in_list: bool) -> tuple[Any, int]:
    """Return the value that begins at `start`, which is no quotation mark and no bracket, and the index behind it."""
    if literal := _LITERAL.match(text, start):
        if literal[1] not in ("true", "false", "null"):
            fixes["literal"] += 1
        return {"true": True, "false": False}.get(literal[1].casefold()), literal.end()
    number = _NUMBER.match(text, start)
    if number and len(number[0]) < _MOST_DIGITS:
        return _number(number[0], fixes), number.end()
    if representation := _ENUM_REPR.match(text, start):
        fixes["enum_repr"] += 1
        return representation[1], representation.end()
    fixes["unquoted_value"] += 1
    end = _end_of_words(text, start, in_list)
    words = text[start:end].strip(_INVISIBLE).rstrip("\"'”")
    return CutText(words) if end >= len(text) else words, max(end, start + 1)


def _number(text: str, fixes: Counter[str]) -> int | float:
    plain = text.replace("_", "")
    if plain != text or plain[0] in "+." or plain[-1] == ".":
        fixes["number"] += 1
    try:
        return int(plain)
    except ValueError:
        return float(plain)


def _end_of_words(text: str, position: int, in_list: bool) -> int:
    """Return where a text without marks ends: at the end of the line, a bracket, the comma before the next member."""
    while True:
        part = _WORD_PART.match(text, position)
        position = part.end() if part else position
        stop = text[position : position + 1]
        if not stop or stop in "}]\n" or in_list or _NEXT_PAIR.match(text, position):
            return position
        position += 1
