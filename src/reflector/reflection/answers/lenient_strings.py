"""Strings as models write them: any quotation mark, none at the end, marks inside, raw lines, bad escapes."""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["BLANK", "OPENERS", "CutText", "StringReader", "holds_latex"]

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


OPENERS = {
    '"': '"',
    "'": "'",
    "“": '”“"',
    "”": '”"',
    "„": '”“"',
    "‟": '”"',
    "‘": "’'",
    "’": "’'",
    "«": "»",
    "»": "«",
    "「": "」",
    "『": "』",
    "`": "`",
    "＂": "＂",
}
"""Mark that opens a string -> marks that may close it."""

_BODIES = {mark: re.compile(rf"[^\\{re.escape(mark + closers)}]*") for mark, closers in OPENERS.items()}
_MIXED_BODY = re.compile(r"[^\\\"“”]*")
_STRAY_BODY = re.compile(r"[^\\\"']*")

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
_AFTER_ITEM_APOSTROPHE = _after_value(rf"{_ITEM}|[A-Z]\w+\(")
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
_FENCE_AFTER = re.compile(r"\s*\n[ \t]*(?:`{3,}|~{3,})\s*\Z")
_SINGLE_END = re.compile(r"'\s*[:,}\])]")
_MOST_SLIPS = 50
_SLIP_RANGE = 2000
_CONTROL = re.compile(r"[\x00-\x1f]")
_TAIL = 200


class StringReader:
    """Reads one string after the other from a text, forward only."""

    def __init__(self, text: str, fixes: Counter[str]) -> None:
        self.text = text
        self.size = len(text)
        self.fixes = fixes
        self.end = 0
        """Where the last string ended: the index behind its closing mark."""
        self.mixed = "”" in text
        self.slips = 0
        self.usual = ""
        """The mark of the first string: in a text with straight double marks, a single one may be a slip."""

    def read(self, start: int, *, as_key: bool = False, in_list: bool = False) -> str:
        """Return the string whose opening mark stands at `start`; `end` then tells where it ended.

        A mark inside closes the string only if what follows could follow a string there.
        """
        text, size, mark = self.text, self.size, self.text[start]
        if text[start + 1 : start + 3] == mark * 2 and mark in "\"'`":
            return self.read_triple(start, mark * 3)
        if mark != '"':
            self.fixes["quotes"] += 1
        if as_key and (token := _KEY_TOKEN.match(text, start)):
            self.usual = self.usual or mark
            self.end = token.end()
            return token[1]
        self.usual = self.usual or mark
        body = _MIXED_BODY if mark == '"' and self.mixed else _BODIES[mark]
        if mark == "'" and self.usual == '"' and self.is_slip(start):
            body = _STRAY_BODY
        parts: list[str] = []
        marks_inside = 0
        position = start + 1
        self.inner = _Inner(start + 1)
        while True:
            stop = body.match(text, position).end()  # type: ignore[union-attr]  # it matches anything
            if stop > position:
                parts.append(text[position:stop])
            if stop >= size:
                return self.cut_off(start, parts)
            if text[stop] == "\\":
                said, position = read_escape(text, stop, self.fixes)
                parts.append(said)
                continue
            if self.closes(stop, mark, as_key, in_list):
                self.end = stop + 1
                break
            if self.ended_before(start, stop, parts, as_key):
                break
            parts.append(text[stop])
            self.fixes["inner_quote"] += 1
            marks_inside += 1
            position = stop + 1
        value = parts[0] if len(parts) == 1 else "".join(parts)
        if marks_inside == 1 and len(parts) == 2 and mark in parts and not as_key:
            value = "".join(part for part in parts if part != mark)  # one mark too many, before or behind
        if _CONTROL.search(text, start, self.end):
            self.fixes["raw_control"] += 1
        return value

    def is_slip(self, start: int) -> bool:
        """Return whether a single mark among double ones is never closed by one of its kind."""
        self.slips += 1
        return self.slips < _MOST_SLIPS and not _SINGLE_END.search(self.text, start + 1, start + _SLIP_RANGE)

    def closes(self, stop: int, mark: str, as_key: bool, in_list: bool) -> bool:
        """Return whether the mark at `stop` ends the string."""
        text = self.text
        if as_key:
            return _AFTER_KEY.match(text, stop + 1) is not None
        if self.inner.embeds_json(text, stop) and not _KNOWN_KEY_BELOW.match(text, stop + 1):
            return False
        if in_list:
            after = _AFTER_ITEM_APOSTROPHE if mark in "'‘’" else _AFTER_ITEM
            return (after.match(text, stop + 1) or _NEXT_ITEM.match(text, stop + 1)) is not None
        return (_AFTER_MEMBER.match(text, stop + 1) or _NEXT_MEMBER.match(text, stop + 1)) is not None

    def ended_before(self, start: int, stop: int, parts: list[str], as_key: bool) -> bool:
        """Return whether the string lost its closing mark and the one at `stop` already opens the next member."""
        text = self.text
        if as_key:
            if len(parts) == 1 and (key := _UNCLOSED_KEY.match(parts[0])):
                self.fixes["missing_quote"] += 1
                parts[0] = key[1]
                self.end = start + 1 + key.end(1)
                return True
            return False
        member = _KEY_HERE.match(text, stop)
        if member is None or self.inner.balance > 0:
            return False
        before = text[max(start + 1, stop - _TAIL) : stop]
        if closers := _LOST_BEFORE.search(before):
            self.fixes["missing_quote"] += 1
            self.end = stop - (len(before) - closers.start())
            joined = "".join(parts)
            parts[:] = [joined[: len(joined) - (stop - self.end)]]
            return True
        kept = before.rstrip()
        below = "\n" in before[len(kept) :]
        if not kept or kept[-1] in "{[(:" or not (below or (kept[-1] == "," and member[1] in _Q + "[{")):
            return False
        self.fixes["missing_quote"] += 1
        joined = "".join(parts).rstrip()
        if joined.endswith(","):
            joined = joined[:-1].rstrip()
        parts[:] = [joined]
        self.end = stop
        return True

    def cut_off(self, start: int, parts: list[str]) -> str:
        """Return the string that the end of the text cuts off, or that only lost its closing mark before it."""
        text, limit = self.text, self.size
        value = "".join(parts)
        if fence := _FENCE_AFTER.search(text, max(start + 1, limit - _TAIL)):
            limit = fence.start()
        lost = _LOST_MARK.search(text, max(start + 1, limit - _TAIL), limit)
        self.end = lost.start() if lost else limit
        value = value[: len(value) - (self.size - self.end)]
        if lost:
            self.fixes["missing_quote"] += 1
            return value
        self.fixes["unclosed_string"] += 1
        self.end = self.size
        return CutText(value)

    def read_triple(self, start: int, marks: str) -> str:
        """Return a string between tripled marks, or the empty string if two of them are all there is."""
        self.fixes["triple_quotes"] += 1
        end = self.text.find(marks, start + 3)
        if end < 0:
            self.end = self.size
            return CutText(self.text[start + 3 :])
        self.end = end + 3
        return self.text[start + 3 : end]


class _Inner:
    """What the string holds so far that looks like strings of its own."""

    __slots__ = ("balance", "counted", "embeds")

    def __init__(self, start: int) -> None:
        self.counted = start
        self.balance = 0
        self.embeds = False

    def embeds_json(self, text: str, stop: int) -> bool:
        """Return whether the mark at `stop` stands inside braces of JSON that was pasted without escapes."""
        if (
            not self.embeds
            and text[stop - 1] in "{[ \n"
            and text[max(self.counted, stop - 40) : stop].rstrip()[-1:] in ("{", "[")
        ):
            self.embeds = True
        if not self.embeds:
            return False
        self.balance += text.count("{", self.counted, stop) - text.count("}", self.counted, stop)
        self.balance += text.count("[", self.counted, stop) - text.count("]", self.counted, stop)
        self.counted = stop
        return self.balance > 0
