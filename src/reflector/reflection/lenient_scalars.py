"""Values without quotation marks as models write them: literals of several languages, numbers, bare words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from reflector.reflection.lenient_strings import BLANK, CutText

__all__ = ["ScalarReader"]

_END = rf"(?=[{BLANK},;}}\])，；]|//|/\*|\Z)"
_LITERAL = re.compile(rf"(true|false|null|none|nil|undefined|nan|[-+]?inf(?:inity)?){_END}", re.IGNORECASE)
_SCALARS = {"true": True, "false": False}
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


class ScalarReader:
    """Reads one value after the other from a text, forward only."""

    def __init__(self, text: str, fixes: Counter[str]) -> None:
        self.text = text
        self.fixes = fixes
        self.end = 0
        """The index behind the last value."""

    def read(self, start: int, *, in_list: bool) -> Any:
        """Return the value that begins at `start`, which is no quotation mark and no bracket."""
        if literal := _LITERAL.match(self.text, start):
            self.end = literal.end()
            if literal[1] not in ("true", "false", "null"):
                self.fixes["literal"] += 1
            return _SCALARS.get(literal[1].casefold())
        number = _NUMBER.match(self.text, start)
        if number and len(number[0]) < _MOST_DIGITS:
            self.end = number.end()
            return self.number(number[0])
        if representation := _ENUM_REPR.match(self.text, start):
            self.fixes["enum_repr"] += 1
            self.end = representation.end()
            return representation[1]
        return self.words(start, in_list)

    def number(self, text: str) -> int | float:
        """Return the number that `text` writes."""
        if text.isascii() and (text.isdigit() or (text[0] == "-" and text[1:].isdigit())):
            return int(text)
        plain = text.replace("_", "")
        if plain != text or plain[0] in "+." or plain[-1] == ".":
            self.fixes["number"] += 1
        try:
            return int(plain)
        except ValueError:
            return float(plain)

    def words(self, start: int, in_list: bool) -> str:
        """Return a text without marks: to the end of the line, a bracket, or the comma before the next member."""
        text, position = self.text, start
        while True:
            part = _WORD_PART.match(text, position)
            position = part.end() if part else position
            stop = text[position : position + 1]
            if not stop or stop in "}]\n" or in_list or _NEXT_PAIR.match(text, position):
                break
            position += 1
        self.fixes["unquoted_value"] += 1
        self.end = position if position > start else position + 1
        words = text[start:position].strip(_INVISIBLE).rstrip("\"'”")
        return CutText(words) if position >= len(text) else words
