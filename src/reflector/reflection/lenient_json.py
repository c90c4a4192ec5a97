"""A decoder for JSON as models write it: what is broken is repaired, and every repair is counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from reflector.reflection.lenient_strings import OPENERS, CutText, StringReader

__all__ = ["CutText", "Decoded", "decode"]

MAX_DEPTH = 64
"""Brackets deeper than this are skipped: no reflection is nested so deeply, hostile input is."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one document holds."""

    value: Any
    end: int
    """Index of the first character after the document."""
    fixes: dict[str, int]
    """Name of the repair -> how often; empty for valid JSON."""
    truncated: bool
    """Whether the text ended before the document did."""


def decode(text: str, start: int = 0, *, headless: bool = False) -> Decoded:
    """Return the document that begins at `start`, repaired where it is broken. Never raises.

    One forward pass on an explicit stack; linear in the length of the text. A string that the end of the text
    cuts off comes back as `CutText`.

    Args:
        text: Any text.
        start: Index of the opening bracket, or of the name of a call such as `Reflection(analysis="…")`.
        headless: The opening brace is missing: the text begins with the first key.

    >>> decode("{'analysis': None, // nothing\\n suggestions: ['a', 'b',]").value
    {'analysis': None, 'suggestions': ['a', 'b']}
    """
    return _Decoder(text).run(start, headless)


class _Frame:
    """A container that is still open."""

    __slots__ = ("closer", "items", "key", "state")

    def __init__(self, items: Any, closer: str) -> None:
        self.items: Any = items
        self.closer = closer
        self.key: str | None = None
        self.state = _VALUE if type(items) is list else _KEY


_KEY, _VALUE, _AFTER = 0, 1, 2
_CLOSERS = {"{": "}", "[": "]", "(": ")", "｛": "}", "［": "]", "【": "]"}
_CLOSING = {"}": "}", "]": "]", ")": ")", "｝": "}", "］": "]", "】": "]"}
_SEPARATORS = ",;，；、"
_UNUSUAL_BRACKETS = "([｛［【"

_BLANK = "\\s\ufeff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\x00"
_SPACE = re.compile(f"[{_BLANK}]*")
_LINE = re.compile(r"[^\n]*")
_COLON = re.compile(rf"[{_BLANK}]*(=>|->|:=|[:=：﹕∶])")
_BARE_KEY = re.compile(r"([^\W\d][\w.\-\\]*(?: [\w.\-\\]+){0,4})[ \t]*(?==>|->|:=|[:=：])(?!:/)")
_CALL = re.compile(r"(?:new )?[A-Za-z_][\w.]*[ \t]*\(")
_KEYWORD_ARGUMENT = re.compile(r"\(\s*(?:[A-Za-z_]\w*\s*=(?!=)|\*\*)")
_LITERAL = re.compile(
    rf"(true|false|null|none|nil|undefined|nan|[-+]?inf(?:inity)?)(?=[{_BLANK},;}}\])，；]|//|/\*|\Z)", re.IGNORECASE
)
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?=[\s\u200b,;}\])，；]|//|/\*|\Z)")
_ENUM_REPR = re.compile(r"<([A-Za-z_][\w.]*)(?:: [^<>\n]{0,80})?>(?=[\s,;}\])])")
_WORD_PART = re.compile(r"[^,，;}\]\n]+")
_NEXT_PAIR = re.compile(
    rf"[,;，；][{_BLANK}]*(?:[\"'“”„‘’«「『`]?[\w][\w .\-]{{0,60}}[\"'“”‘’»」』`]?[ \t]*(?:=>|[:=：])|[}}\]{{\[]|//|/\*|#|\Z|\n)"
)
_GARBAGE = re.compile(r"[^,，;}\]\n\"]+")
_INVISIBLE = " \t\r\n\u00a0\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"
_SCALARS = {"true": True, "false": False}
_MOST_DIGITS = 4000
"""Python refuses to read integers with more digits than about this."""


class _Decoder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        self.pos = 0
        self.fixes: dict[str, int] = {}
        self.truncated = False
        self.stack: list[_Frame] = []
        self.root: Any = None
        self.strings = StringReader(text, self.fixes)

    def fix(self, name: str) -> None:
        self.fixes[name] = self.fixes.get(name, 0) + 1

    # --- the loop ----------------------------------------------------------------------------------------

    def run(self, start: int, headless: bool) -> Decoded:
        self.pos = start
        self.open_root(headless)
        stack, text, size = self.stack, self.text, self.size
        while stack:
            self.skip_space()
            if self.pos >= size:
                self.truncated = not headless or len(stack) > 1
                self.fix("missing_end")
                break
            frame = stack[-1]
            character = text[self.pos]
            if character in _CLOSING:
                self.close(frame, _CLOSING[character])
            elif frame.state == _AFTER:
                self.after(frame, character)
            elif character in _SEPARATORS:
                self.fix("extra_comma")
                self.pos += 1
            elif frame.state == _KEY:
                self.read_key(frame, character)
            else:
                self.read_value(frame, character)
        while stack:
            self.pop()
        return Decoded(self.root, self.pos, self.fixes, self.truncated)

    def open_root(self, headless: bool) -> None:
        if headless:
            self.fix("missing_start")
            self.stack.append(_Frame({}, "}"))
            return
        character = self.text[self.pos : self.pos + 1]
        if character in _CLOSERS and character:
            self.push(character)
        elif call := _CALL.match(self.text, self.pos):
            self.push_call(call.end())
        else:
            self.pos = min(self.pos + 1, self.size)

    def skip_space(self) -> None:
        """Move to the next character that means something; comments and dots that stand for more are skipped."""
        text = self.text
        while True:
            self.pos = _SPACE.match(text, self.pos).end()  # type: ignore[union-attr]  # it matches anything
            two = text[self.pos : self.pos + 2]
            if two == "//" or two[:1] == "#":
                self.pos = _LINE.match(text, self.pos).end()  # type: ignore[union-attr]  # it matches anything
                self.fix("comment")
            elif two == "/*" or (two == "<!" and text.startswith("<!--", self.pos)):
                closer = "*/" if two == "/*" else "-->"
                end = text.find(closer, self.pos + 2)
                self.pos = self.size if end < 0 else end + len(closer)
                self.fix("comment")
            elif two == ".." or two[:1] == "…":
                self.pos += 1
                while text[self.pos : self.pos + 1] in (".", "…"):
                    self.pos += 1
                self.fix("ellipsis")
            else:
                return

    # --- containers --------------------------------------------------------------------------------------

    def push(self, bracket: str) -> None:
        """Open the container whose bracket stands here; one too deep is skipped with its bracket."""
        self.pos += 1
        if bracket in _UNUSUAL_BRACKETS and bracket != "[":
            self.fix("tuple" if bracket == "(" else "wide_bracket")
        if len(self.stack) >= MAX_DEPTH:
            self.fix("too_deep")
            return
        closer = _CLOSERS[bracket]
        self.stack.append(_Frame({} if closer == "}" else [], closer))

    def push_call(self, end: int) -> None:
        named = _KEYWORD_ARGUMENT.match(self.text, end - 1)
        self.fix("call")
        self.pos = end
        if len(self.stack) < MAX_DEPTH:
            self.stack.append(_Frame({} if named else [], ")"))

    def pop(self) -> None:
        """Close the innermost container and hand its value to the one around it."""
        frame = self.stack.pop()
        value = frame.items
        if frame.closer == ")" and type(value) is list and len(value) == 1 and frame.state != _VALUE:
            value = value[0]
        if frame.key is not None:
            frame.items.setdefault(frame.key, None)
        if self.stack:
            self.store(self.stack[-1], value)
        else:
            self.root = value

    def close(self, frame: _Frame, closer: str) -> None:
        """Close what `closer` closes: the innermost container, or one further out whose inner ones lack theirs."""
        if frame.closer != closer:
            belongs_nowhere = closer == "}" and type(frame.items) is list and _CONTINUED_ARRAY.match(self.text, self.pos + 1)
            if belongs_nowhere or all(outer.closer != closer for outer in self.stack):
                self.fix("extra_closer")
                self.pos += 1
                return
            while self.stack[-1].closer != closer:
                self.fix("missing_closer")
                self.pop()
        self.pos += 1
        if len(self.stack) == 1 and self.goes_on():
            self.fix("extra_closer")
            self.stack[0].state = _AFTER
            self.stack[0].key = None
            return
        self.pop()

    def goes_on(self) -> bool:
        """Return whether the document continues after the bracket that seems to end it."""
        frame = self.stack[0]
        if type(frame.items) is dict:
            return frame.closer == "}" and _CONTINUED_OBJECT.match(self.text, self.pos) is not None
        return frame.closer == "]" and _CONTINUED_ARRAY.match(self.text, self.pos) is not None

    def store(self, frame: _Frame, value: Any) -> None:
        frame.state = _AFTER
        if type(frame.items) is list:
            frame.items.append(value)
        elif frame.key is not None:
            frame.items[frame.key] = value
            frame.key = None

    # --- members -----------------------------------------------------------------------------------------

    def after(self, frame: _Frame, character: str) -> None:
        """Go on after a value: a comma, a missing comma, or something that does not belong here."""
        is_list = type(frame.items) is list
        if character in _SEPARATORS:
            self.pos += 1
            frame.state = _VALUE if is_list else _KEY
            if character != ",":
                self.fix("wide_comma" if character != ";" else "semicolon")
            self.skip_space()
            if self.text[self.pos : self.pos + 1] in ("}", "]", ")"):
                self.fix("trailing_comma")
            return
        if character == "(" and (remark := _REMARK.match(self.text, self.pos)):
            self.fix("skipped_text")
            self.pos = remark.end()
            return
        if character == "+" or (frame.closer == ")" and is_list and character in OPENERS):
            if self.concatenate(frame):
                return
        elif is_list and _COLON.match(self.text, self.pos) and self.is_really_a_key(frame):
            return
        if character in OPENERS or character in _CLOSERS or (not is_list and _BARE_KEY.match(self.text, self.pos)):
            self.fix("missing_comma")
            frame.state = _VALUE if is_list else _KEY
            return
        self.skip_garbage()

    def concatenate(self, frame: _Frame) -> bool:
        """Join the string that follows to the last one; return whether there is one."""
        position = self.pos
        if self.text[position] == "+":
            position = _SPACE.match(self.text, position + 1).end()  # type: ignore[union-attr]  # it matches anything
        last = next(reversed(frame.items), None) if type(frame.items) is dict else len(frame.items) - 1
        if self.text[position : position + 1] not in OPENERS or last is None or last == -1:
            return False
        if not isinstance(frame.items[last], str):
            return False
        self.pos = position
        value = self.read_string(in_list=type(frame.items) is list)
        joined = frame.items[last] + value
        frame.items[last] = CutText(joined) if isinstance(value, CutText) else joined
        self.fix("concatenation")
        return True

    def is_really_a_key(self, frame: _Frame) -> bool:
        """Turn the last item of a list into a key: of the object around it, or of the list itself."""
        if not frame.items or not isinstance(frame.items[-1], str):
            return False
        key = frame.items.pop()
        if not frame.items:
            frame.items = {}
            frame.closer = "]"
            self.fix("wrong_bracket")
        elif len(self.stack) > 1 and type(self.stack[-2].items) is dict:
            self.fix("missing_closer")
            frame.state = _AFTER
            self.pop()
            frame = self.stack[-1]
        else:
            frame.items.append(key)
            return False
        self.expect_value(frame, key)
        return True

    def expect_value(self, frame: _Frame, key: str) -> None:
        frame.key = key
        frame.state = _VALUE
        if colon := _COLON.match(self.text, self.pos):
            if colon[1] != ":":
                self.fix("unusual_colon")
            self.pos = colon.end()
        else:
            self.fix("missing_colon")
        self.skip_space()
        if self.text[self.pos : self.pos + 1] in (",", "}", "]"):
            self.fix("missing_value")
            self.store(frame, None)

    def read_key(self, frame: _Frame, character: str) -> None:
        if character in OPENERS:
            self.read_quoted_key(frame)
        elif character in _CLOSERS:
            self.nested_without_key(frame, character)
        elif bare := _BARE_KEY.match(self.text, self.pos):
            self.fix("unquoted_key")
            self.pos = bare.end()
            self.expect_value(frame, bare[1])
        elif character.isdigit() and (digits := _NUMBERED_KEY.match(self.text, self.pos)):
            self.fix("unquoted_key")
            self.pos = digits.end()
            self.expect_value(frame, digits[0])
        else:
            self.skip_garbage()

    def read_quoted_key(self, frame: _Frame) -> None:
        key = self.strings.read(self.pos, as_key=True)
        self.pos = self.strings.end
        if isinstance(key, CutText):
            return
        self.skip_space()
        following = self.text[self.pos : self.pos + 1]
        if _COLON.match(self.text, self.pos) or following in OPENERS or following in ("[", "{"):
            self.expect_value(frame, str(key))
        elif not frame.items and following in (",", "}"):
            self.fix("set")
            frame.items = [key]
            frame.state = _AFTER
        elif following in (",", "}"):
            self.fix("missing_value")
            frame.items.setdefault(key, None)
            frame.state = _AFTER
        elif following:
            self.expect_value(frame, str(key))

    def nested_without_key(self, frame: _Frame, character: str) -> None:
        """Place a container that stands where a key should: a sibling, or a member of the list before it."""
        outer = self.stack[-2] if len(self.stack) > 1 else None
        last = frame.items[next(reversed(frame.items))] if frame.items else None
        if character == "{" and type(last) is list and last and type(last[-1]) is dict:
            self.fix("extra_closer")
            frame.key = next(reversed(frame.items))
            self.stack.append(reopened := _Frame(last, "]"))
            reopened.state = _VALUE
        elif character == "{" and frame.items and outer and type(outer.items) is list:
            self.fix("missing_closer")
            self.pop()
            self.stack[-1].state = _VALUE
        elif character == "{" and not frame.items and self.text[self.pos - 1] == "{":
            self.fix("double_brace")
            self.pos += 1
        elif character == "{" and not frame.items:
            self.fix("wrong_bracket")
            frame.items, frame.state = [], _VALUE
        else:
            self.fix("missing_key")
            frame.key = f"_{len(frame.items)}"
            frame.state = _VALUE

    # --- values ------------------------------------------------------------------------------------------

    def read_value(self, frame: _Frame, character: str) -> None:
        if character in OPENERS:
            self.store(frame, self.read_string(in_list=type(frame.items) is list))
        elif character in _CLOSERS:
            self.push(character)
        elif prefix := _STRING_PREFIX.match(self.text, self.pos):
            self.fix("string_prefix")
            self.pos = prefix.end()
        elif call := _CALL.match(self.text, self.pos):
            self.push_call(call.end())
        else:
            self.store(frame, self.read_scalar(type(frame.items) is list))

    def read_string(self, *, in_list: bool) -> str:
        value = self.strings.read(self.pos, in_list=in_list)
        self.pos = self.strings.end
        return value

    def read_scalar(self, in_list: bool) -> Any:
        if literal := _LITERAL.match(self.text, self.pos):
            return self.read_literal(literal)
        if (number := _NUMBER.match(self.text, self.pos)) and len(number[0]) < _MOST_DIGITS:
            self.pos = number.end()
            return self.read_number(number[0])
        if representation := _ENUM_REPR.match(self.text, self.pos):
            self.fix("enum_repr")
            self.pos = representation.end()
            return representation[1]
        return self.read_words(in_list)

    def read_literal(self, literal: re.Match[str]) -> Any:
        self.pos = literal.end()
        word = literal[1]
        if word not in ("true", "false", "null"):
            self.fix("literal")
        return _SCALARS.get(word.casefold())

    def read_number(self, text: str) -> int | float:
        if text.isascii() and (text.isdigit() or (text[0] == "-" and text[1:].isdigit())):
            return int(text)
        plain = text.replace("_", "")
        if plain != text or plain[0] in "+." or plain[-1] == ".":
            self.fix("number")
        try:
            return int(plain)
        except ValueError:
            return float(plain)

    def read_words(self, in_list: bool) -> str | None:
        """Return a value without quotes: to the end of the line, the bracket, or the comma before the next member."""
        text, start = self.text, self.pos
        while True:
            part = _WORD_PART.match(text, self.pos)
            self.pos = part.end() if part else self.pos
            stop = text[self.pos : self.pos + 1]
            if not stop or stop in "}]\n" or in_list or _NEXT_PAIR.match(text, self.pos):
                break
            self.pos += 1
        words = text[start : self.pos].strip(_INVISIBLE)
        self.fix("unquoted_value")
        if self.pos == start:
            self.pos += 1
        words = words.rstrip("\"'”")
        return CutText(words) if self.pos >= self.size else words

    def skip_garbage(self) -> None:
        """Skip what cannot be read, up to the next comma, bracket, quote or line."""
        self.fix("skipped_text")
        garbage = _GARBAGE.match(self.text, self.pos)
        self.pos = garbage.end() if garbage else self.pos + 1


_REMARK = re.compile(r"\([^()\n]*\)")
_CONTINUED_OBJECT = re.compile(r"\s*,\s*[\"“'][\w \-]{1,60}[\"”']\s*:")
_CONTINUED_ARRAY = re.compile(r"\s*,\s*\{\s*[\"“']")
_STRING_PREFIX = re.compile(r"(?:[rRbBfFuU]{1,2}|[@$])(?=[\"'])")
_NUMBERED_KEY = re.compile(r"\d+(?=\s*[:=])")
