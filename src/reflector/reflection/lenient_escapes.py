"""Backslashes in strings as models write them: the escapes of JSON, of other languages, LaTeX, and none at all."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["holds_latex", "read_escape"]

_LATEX = re.compile(
    r"\\(?:[bf][a-zA-Z]|(?:t(?:imes|heta|ext(?:bf|it|tt|rm)?|au|ilde|riangle)|n(?:u|eq|abla|otin)"
    r"|r(?:ho|ight\w{0,5}|angle|floor|ceil))(?![a-zA-Z]))"
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "/": "/"}
_HEX = re.compile(r"\\u([0-9a-fA-F]{4})")
_LOW_HALF = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BYTE = re.compile(r"\\x([0-9a-fA-F]{2})")


def read_escape(text: str, at: int, fixes: Counter[str]) -> tuple[str, int]:
    """Return what the escape at `at` stands for, and the index behind it. A bad one is kept as it is."""
    kind = text[at + 1 : at + 2]
    behind = min(at + 2, len(text))
    if kind == "u" and (code := _HEX.match(text, at)):
        return _unicode_escape(text, at, int(code[1], 16), fixes)
    if kind in "bftnr" and kind and _LATEX.match(text, at):
        fixes["latex"] += 1
        return "\\" + kind, behind
    if kind in _ESCAPES:
        return _ESCAPES[kind], behind
    if kind == "\n":
        fixes["line_continuation"] += 1
        return "", behind
    if not kind:
        return "", behind
    fixes["bad_escape"] += 1
    if kind in ("'", "_", "`"):
        return kind, behind
    if kind == "x" and (code := _BYTE.match(text, at)):
        return chr(int(code[1], 16)), at + 4
    return "\\", at + 1


def _unicode_escape(text: str, at: int, code: int, fixes: Counter[str]) -> tuple[str, int]:
    """Return the character of a `\\uXXXX` escape; half a surrogate pair becomes U+FFFD."""
    if 0xD800 <= code < 0xDC00 and (low := _LOW_HALF.match(text, at + 6)):
        return chr(0x10000 + ((code - 0xD800) << 10) + int(low[1], 16) - 0xDC00), at + 12
    if 0xD800 <= code < 0xE000:
        fixes["lone_surrogate"] += 1
        code = 0xFFFD
    return chr(code), at + 6


def holds_latex(text: str, start: int, end: int) -> bool:
    r"""Return whether escapes in valid JSON were meant as LaTeX: `\frac` begins with the escape of a form feed."""
    return text.find("\\", start, end) >= 0 and _LATEX_ESCAPE.search(text, start, end) is not None


_LATEX_ESCAPE = re.compile(r"(?<!\\)(?:\\\\)*" + _LATEX.pattern)
