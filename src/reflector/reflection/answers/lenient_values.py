"""Values as models write them: strings with any marks, bare words, numbers, literals of several languages."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

__all__ = ["BLANK", "OPENERS", "CutText", "StringReader", "holds_latex", "read_scalar"]

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


class CutText(str):
    """A string that the end of the text cuts off."""

    __slots__ = ()


_MARKS = """
    ""  ''  “”“"  ””“"  „”“"  ‟”"  ‘’'  ’’'  «»  »«  「」  『』  ``  ＂＂
"""
OPENERS = {marks[0]: marks[1:] for marks in _MARKS.split()}
"""Mark that opens a string -> marks that may close it."""

_BODIES = {mark: re.compile(rf"[^\\{re.escape(mark + closers)}]*") for mark, closers in OPENERS.items()}

BLANK = "\\s\ufeff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\x00"
_Q = "\"'“”„‟‘’«»「」『』`＂"
_KEY_TEXT = rf"(?:[^{_Q}\n\\]|\\u[\da-fA-F]{{4}}|\\.){{1,60}}+"
_QUOTED_KEY = rf"[{_Q}](?:{_KEY_TEXT}[{_Q}][{BLANK}]*(?:=>|[:=：])|[\w\-]{{1,40}}[ \t]*:[ \t]*[{_Q}\[{{])"
_BARE_KEY = r"[^\W\d][\w.\-]{0,40}[ \t]*(?:=>|[:=：])"
_CUT_KEY = rf"[{_Q}][^{_Q}\n]{{0,60}}[{_Q}]?\s*\Z"
_HALF_QUOTED_KEY = r"[^\W\d][\w.\-]{0,40}[\"'”][ \t]*[:：]"
_END = r"[}\])｝］]"
_COMMENT = r"//|/\*|\#|<!--"
_AFTER_END = rf"{_END}(?:\s|[{BLANK}]*(?:[,;，；}}\])｝］{{\[<+]|\Z|```|~~~|{_COMMENT}))"


def _after_value(members: str) -> re.Pattern[str]:
    """Return what may follow the closing mark of a value, when `members` may follow the comma."""
    return re.compile(
        rf"[{BLANK}]*(?:[,;，；、][{BLANK},]*(?:{members}|{_END}|{_COMMENT}|\.\.\.|…|\Z)"
        rf"|{_AFTER_END}|\Z|{_COMMENT}|\+[{BLANK}]*[{_Q}]|```"
        rf"|\([^()\n]{{1,60}}\)[{BLANK}]*[,}}\]]|\n[ \t]*(?:\.\.\.|…))"
    )


_AFTER_KEY = re.compile(rf"[{BLANK}]*(?:=>|->|[:=：﹕∶]|[,}}\]]|[{_Q}\[{{]|null|true|false|None|-?\d|\Z)")
_AFTER_MEMBER = _after_value(rf"{_QUOTED_KEY}|{_CUT_KEY}|{_HALF_QUOTED_KEY}|{_BARE_KEY}|[{{]")
_NEXT_MEMBER = re.compile(
    rf"[{BLANK}]*(?:{_QUOTED_KEY}[{BLANK}]*[{_Q}\[{{\dtfnTFN\-]|\n[{BLANK}]*{_BARE_KEY})"
    r"|\s+[a-z_]{1,40}=[\[\"'({A-Z\d]"
)
_ITEM = rf"[{_Q}\[{{(]|-?\d|true|false|null|None"
_AFTER_ITEM = _after_value(
    rf"(?![{_Q}][^{_Q},\n]{{1,60}}[{_Q}],?[ \t]+(?!true|false|null|None)[^\W\d_])(?:{_ITEM}|[A-Z]\w+\()"
)
_NEXT_ITEM = re.compile(
    rf"[{BLANK}]*(?:\n[{BLANK}]*[{_Q}{{\[]|[:：][{BLANK}]*(?:[{_Q}\[{{\d\-]|null|true|false|None|True|False)|[{_Q}][^{_Q}\n]{{1,300}}[{_Q}][{BLANK}]*[,\])])"
)
_KNOWN_KEY_BELOW = re.compile(
    r"[ \t]*,?[ \t]*\n\s*[\"'“](?:analysis|root_causes|suggestions|expected_improvement|type|category|description"
    r"|rationale|priority|specific_text|target_section)[\"'”]\s*:"
)
_KEY_HERE = re.compile(rf"[{_Q}][\w .\-]{{1,60}}[{_Q}][{BLANK}]*[:：][{BLANK}]*([{_Q}\[{{]|[\dtfnTFN\-])")
_KEY_TOKEN = re.compile(rf"[{_Q}]([\w .\-]{{1,60}})[{_Q}](?=[{BLANK}]*[:=：])")
_UNCLOSED_KEY = re.compile(r"([\w .\-]{1,60}?)[ \t]*[:=][ \t]*(?:\Z|[\[{]|null|None|true|false|-?\d)")
_LOST_BEFORE = re.compile(r"\s*[}\]](?:[\s,]*[}\]\[{])*[\s,]*\Z")
_LOST_MARK = re.compile(r"\s*\n\s*[}\]][}\]\s]*\Z")
_CONTROL = re.compile(r"[\x00-\x1f]")
_TAIL = 200


class StringReader:
    """Reads one string after the other from a text, forward only."""

    def __init__(self, text: str, fixes: Counter[str]) -> None:
        self.text = text
        self.fixes = fixes
        self.end = 0
        """Where the last string ended: the index behind its closing mark."""

    def read(self, start: int, *, as_key: bool = False, in_list: bool = False) -> str:
        """Return the string whose opening mark stands at `start`; `end` then tells where it ended.

        A mark inside closes the string only if what follows could follow a string there.
        """
        text, mark = self.text, self.text[start]
        if text[start + 1 : start + 3] == mark * 2 and mark in "\"'`":
            return self.read_triple(start, mark * 3)
        if mark != '"':
            self.fixes["quotes"] += 1
        if as_key and (token := _KEY_TOKEN.match(text, start)):
            self.end = token.end()
            return token[1]
        parts: list[str] = []
        marks_inside = 0
        position = start + 1
        pasted = _PastedJson(position)
        while True:
            stop = _BODIES[mark].match(text, position).end()  # type: ignore[union-attr]  # it matches anything
            if stop > position:
                parts.append(text[position:stop])
            if stop >= len(text):
                return self.cut_off(start, parts)
            if text[stop] == "\\":
                said, position = read_escape(text, stop, self.fixes)
                parts.append(said)
            elif self.closes(stop, as_key, in_list, pasted):
                self.end = stop + 1
                break
            elif self.ended_before(start, stop, parts, as_key, pasted):
                break
            else:
                parts.append(text[stop])
                self.fixes["inner_quote"] += 1
                marks_inside += 1
                position = stop + 1
        if marks_inside == 1 and len(parts) == 2 and mark in parts and not as_key:
            parts.remove(mark)  # one mark too many, before or behind
        if _CONTROL.search(text, start, self.end):
            self.fixes["raw_control"] += 1
        return "".join(parts)

    def closes(self, stop: int, as_key: bool, in_list: bool, pasted: _PastedJson) -> bool:
        """Return whether the mark at `stop` ends the string."""
        if as_key:
            return _AFTER_KEY.match(self.text, stop + 1) is not None
        if pasted.holds(self.text, stop) and not _KNOWN_KEY_BELOW.match(self.text, stop + 1):
            return False
        after, following = (_AFTER_ITEM, _NEXT_ITEM) if in_list else (_AFTER_MEMBER, _NEXT_MEMBER)
        return (after.match(self.text, stop + 1) or following.match(self.text, stop + 1)) is not None

    def ended_before(
        self, start: int, stop: int, parts: list[str], as_key: bool, pasted: _PastedJson
    ) -> bool:
        """Return whether the string lost its closing mark and the one at `stop` already opens the next member."""
        if as_key:
            if len(parts) == 1 and (key := _UNCLOSED_KEY.match(parts[0])):
                self.fixes["missing_quote"] += 1
                parts[0] = key[1]
                self.end = start + 1 + key.end(1)
                return True
            return False
        member = _KEY_HERE.match(self.text, stop)
        if member is None or pasted.balance > 0:
            return False
        before = self.text[max(start + 1, stop - _TAIL) : stop]
        closers = _LOST_BEFORE.search(before)
        kept = before[: closers.start()] if closers else before.rstrip()
        if not closers:
            is_below = "\n" in before[len(kept) :] or (kept[-1:] == "," and member[1] in _Q + "[{")
            if not is_below or not kept or kept[-1] in "{[(:":
                return False
        self.fixes["missing_quote"] += 1
        self.end = stop - (len(before) - len(kept)) if closers else stop
        joined = "".join(parts)
        parts[:] = [joined[: len(joined) - (len(before) - len(kept))].removesuffix(",").rstrip()]
        return True

    def cut_off(self, start: int, parts: list[str]) -> str:
        """Return the string that the end of the text cuts off, or that only lost its closing mark before it."""
        value = "".join(parts)
        before_fence = value.rstrip().rstrip("`~").rstrip(" \t")
        body = before_fence.rstrip() if before_fence.endswith("\n") else value
        limit = len(self.text) - (len(value) - len(body))
        if lost := _LOST_MARK.search(self.text, max(start + 1, limit - _TAIL), limit):
            self.fixes["missing_quote"] += 1
            self.end = lost.start()
            return body[: len(body) - (limit - self.end)]
        self.fixes["unclosed_string"] += 1
        self.end = len(self.text)
        return CutText(body)

    def read_triple(self, start: int, marks: str) -> str:
        """Return a string between tripled marks, or the empty string if two of them are all there is."""
        self.fixes["triple_quotes"] += 1
        end = self.text.find(marks, start + 3)
        if end < 0:
            self.end = len(self.text)
            return CutText(self.text[start + 3 :])
        self.end = end + 3
        return self.text[start + 3 : end]


class _PastedJson:
    """The brackets of JSON that was pasted into a string without escapes."""

    __slots__ = ("balance", "counted", "is_found")

    def __init__(self, start: int) -> None:
        self.counted = start
        self.balance = 0
        self.is_found = False

    def holds(self, text: str, stop: int) -> bool:
        """Return whether the mark at `stop` stands inside such brackets."""
        if text[stop - 1] in "{[ \n":
            before = text[max(self.counted, stop - 40) : stop].rstrip()
            self.is_found = self.is_found or before[-1:] in ("{", "[")
        if self.is_found:
            since = text[self.counted : stop]
            self.balance += since.count("{") + since.count("[") - since.count("}") - since.count("]")
            self.counted = stop
        return self.balance > 0


_SCALAR_END = rf"(?=[{BLANK},;}}\])，；]|//|/\*|\Z)"
_LITERAL = re.compile(
    rf"(true|false|null|none|nil|undefined|nan|[-+]?inf(?:inity)?){_SCALAR_END}", re.IGNORECASE
)
_NUMBER = re.compile(rf"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?{_SCALAR_END}")
_MOST_DIGITS = 4000
"""Python refuses to read integers with more digits than about this."""
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
