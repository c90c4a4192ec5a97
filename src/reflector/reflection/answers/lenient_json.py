"""A decoder for JSON as models write it: what is broken is repaired, and every repair is counted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from reflector.reflection.answers.lenient_frames import (
    AFTER,
    CLOSERS,
    CLOSING,
    KEY,
    VALUE,
    Frame,
    Frames,
    goes_on,
)
from reflector.reflection.answers.lenient_values import BLANK, OPENERS, CutText, StringReader, read_scalar

__all__ = ["CutText", "Document", "decode"]

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


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON value that stands in a text."""

    value: Any
    start: int
    end: int
    """Index of the first character after it."""
    fixes: dict[str, int] = field(default_factory=dict)
    """Name of the repair -> how often; empty for valid JSON."""
    truncated: bool = False
    """Whether the text ended before the document did."""


def decode(text: str, start: int = 0, *, headless: bool = False) -> Document:
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


_SEPARATORS = ",;，；、"
_MOST_JOINED = 1000
"""So many strings are joined with `+` in one answer; joining more would not be linear."""

_COLON = re.compile(rf"[{BLANK}]*(=>|->|:=|[:=：﹕∶]{{1,3}})")
_BARE_KEY = re.compile(r"([^\W\d][\w.\-\\]*(?: [\w.\-\\]+){0,4}|\d+)[\"'”]?[ \t]*(?==>|->|:=|[:=：])(?!:/)")
_CALL = re.compile(r"(?:new )?[A-Za-z_][\w.]*[ \t]*\(")
_KEYWORD_ARGUMENT = re.compile(r"\(\s*(?:[A-Za-z_]\w*\s*=(?!=)|\*\*)")
_STRING_PREFIX = re.compile(r"(?:[rRbBfFuU]{1,2}|[@$])(?=[\"'])")
_REMARK = re.compile(r"\([^()\n]*\)")
_WORDS = re.compile(r"[^\W\d_]+ \w[^,;{}\[\]\"\n]*\n")
"""A line of words; between objects it is a remark."""
_GARBAGE = re.compile(r"[^,，;}\]\n\"]+")


class _Decoder:
    """Goes through a text once; every method moves `pos` forward or closes a container."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.size = len(text)
        self.pos = 0
        self.fixes: Counter[str] = Counter()
        self.frames = Frames(self.fixes)
        self.strings = StringReader(text, self.fixes)

    def run(self, start: int, headless: bool) -> Document:
        self.pos = start
        self.open_root(headless)
        stack, text, size = self.frames.stack, self.text, self.size
        truncated = False
        while stack:
            self.pos = skip_blanks(self.text, self.pos, self.fixes)
            if self.pos >= size:
                truncated = not headless or len(stack) > 1
                self.fixes["missing_end"] += 1
                break
            frame = stack[-1]
            character = text[self.pos]
            if character in CLOSING:
                self.close(frame, CLOSING[character])
            elif frame.state == AFTER:
                self.after(frame, character)
            elif character in _SEPARATORS:
                self.fixes["extra_comma"] += 1
                self.pos += 1
            elif frame.state == KEY:
                self.read_key(frame, character)
            else:
                self.read_value(frame, character)
        while stack:
            self.frames.pop()
        return Document(self.frames.root, start, self.pos, self.fixes, truncated)

    def open_root(self, headless: bool) -> None:
        if headless:
            self.fixes["missing_start"] += 1
            self.frames.push(Frame({}, "}"))
        elif self.text[self.pos : self.pos + 1] in tuple(CLOSERS):
            self.push(self.text[self.pos])
        elif call := _CALL.match(self.text, self.pos):
            self.push_call(call.end())
        else:
            self.pos = min(self.pos + 1, self.size)

    # --- brackets ----------------------------------------------------------------------------------------

    def push(self, bracket: str) -> None:
        self.pos += 1
        if bracket not in "{[":
            self.fixes["tuple" if bracket == "(" else "wide_bracket"] += 1
        closer = CLOSERS[bracket]
        self.frames.push(Frame({} if closer == "}" else [], closer))

    def push_call(self, end: int) -> None:
        """Open the arguments of a call: an object if they are named."""
        self.fixes["call"] += 1
        self.pos = end
        self.frames.push(Frame({} if _KEYWORD_ARGUMENT.match(self.text, end - 1) else [], ")"))

    def close(self, frame: Frame, closer: str) -> None:
        """Close what `closer` closes: the innermost container, or one further out whose inner ones lack theirs."""
        if frame.closer != closer:
            in_list = type(frame.items) is list and goes_on(frame, self.text, self.pos + 1)
            if (closer == "}" and in_list) or not self.frames.reach(closer):
                self.fixes["extra_closer"] += 1
                self.pos += 1
                return
        self.pos += 1
        root = self.frames.stack[0]
        if len(self.frames.stack) == 1 and goes_on(root, self.text, self.pos):
            self.fixes["extra_closer"] += 1
            root.state, root.key = AFTER, None
        else:
            self.frames.pop()

    # --- between values ----------------------------------------------------------------------------------

    def after(self, frame: Frame, character: str) -> None:
        """Go on after a value: a comma, a missing comma, or something that does not belong here."""
        if character in _SEPARATORS:
            self.separate(frame, character)
        elif character == "(" and (remark := _REMARK.match(self.text, self.pos)):
            self.fixes["skipped_text"] += 1
            self.pos = remark.end()
        elif type(frame.items) is list:
            self.after_item(frame, character)
        elif character == "+" and self.concatenate(frame):
            return
        elif character in OPENERS or character in CLOSERS or _BARE_KEY.match(self.text, self.pos):
            self.fixes["missing_comma"] += 1
            frame.state = KEY
        else:
            self.skip_garbage()

    def after_item(self, frame: Frame, character: str) -> None:
        """Go on after an item of a list; it may have been the first half of a string, or a key."""
        if (character == "+" or (frame.closer == ")" and character in OPENERS)) and self.concatenate(frame):
            return
        if _COLON.match(self.text, self.pos):
            key = str(frame.items[-1]) if frame.items else ""
            if owner := self.frames.claim_key(frame):
                self.expect_value(owner, key)
                return
        if character in OPENERS or character in CLOSERS:
            self.fixes["missing_comma"] += 1
            frame.state = VALUE
        else:
            self.skip_garbage()

    def separate(self, frame: Frame, separator: str) -> None:
        self.pos += 1
        frame.state = VALUE if type(frame.items) is list else KEY
        if separator != ",":
            self.fixes["semicolon" if separator == ";" else "wide_comma"] += 1
        self.pos = skip_blanks(self.text, self.pos, self.fixes)
        if self.text[self.pos : self.pos + 1] in ("}", "]", ")"):
            self.fixes["trailing_comma"] += 1

    def concatenate(self, frame: Frame) -> bool:
        """Join the string that follows to the last one; return whether there is one."""
        position = self.pos
        if self.text[position] == "+":
            position = skip_blanks(self.text, position + 1, self.fixes)
        key, last = frame.last()
        if self.text[position : position + 1] not in OPENERS or not isinstance(last, str):
            return False
        if self.fixes.get("concatenation", 0) >= _MOST_JOINED:
            return False
        self.fixes["concatenation"] += 1
        self.pos = position
        value = self.read_string(in_list=type(frame.items) is list)
        frame.items[key] = CutText(last + value) if isinstance(value, CutText) else last + value
        return True

    def skip_garbage(self) -> None:
        """Skip what cannot be read, up to the next comma, bracket, quote or line."""
        self.fixes["skipped_text"] += 1
        garbage = _GARBAGE.match(self.text, self.pos)
        self.pos = garbage.end() if garbage else self.pos + 1

    # --- keys --------------------------------------------------------------------------------------------

    def read_key(self, frame: Frame, character: str) -> None:
        if character in OPENERS:
            self.read_quoted_key(frame)
        elif character in CLOSERS:
            if self.frames.make_room(frame):
                self.pos += 1
        elif bare := _BARE_KEY.match(self.text, self.pos):
            self.fixes["unquoted_key"] += 1
            self.pos = bare.end()
            self.expect_value(frame, bare[1])
        else:
            self.skip_garbage()

    def read_quoted_key(self, frame: Frame) -> None:
        key = self.read_string(as_key=True)
        if isinstance(key, CutText):
            return
        self.pos = skip_blanks(self.text, self.pos, self.fixes)
        following = self.text[self.pos : self.pos + 1]
        if following in OPENERS and _COLON.match(self.text, self.pos + 1):
            self.fixes["extra_quote"] += 1
            self.pos += 1
        elif following in (",", "]", "}"):
            self.keep_without_value(frame, key, following)
            return
        if following:
            self.expect_value(frame, str(key))

    def keep_without_value(self, frame: Frame, text: str, following: str) -> None:
        """Store a text that no value follows: an item of a set, of a list without brackets, or a lone key."""
        name, last = frame.last()
        frame.state = AFTER
        if name is None:
            self.fixes["set"] += 1
            frame.items = [text]
        elif following != "}" and type(last) is list:
            self.fixes["missing_bracket"] += 1
            last.append(text)
        else:
            self.fixes["missing_value"] += 1
            frame.items.setdefault(text, None)

    def expect_value(self, frame: Frame, key: str) -> None:
        frame.key = key
        frame.state = VALUE
        if colon := _COLON.match(self.text, self.pos):
            if colon[1] != ":":
                self.fixes["unusual_colon"] += 1
            self.pos = colon.end()
        else:
            self.fixes["missing_colon"] += 1
        self.pos = skip_blanks(self.text, self.pos, self.fixes)
        if self.text[self.pos : self.pos + 1] in (",", "}", "]"):
            self.fixes["missing_value"] += 1
            frame.store(None)

    # --- values ------------------------------------------------------------------------------------------

    def read_value(self, frame: Frame, character: str) -> None:
        in_list = type(frame.items) is list
        if character in OPENERS:
            frame.store(self.read_string(in_list=in_list))
        elif character in CLOSERS:
            self.push(character)
        elif prefix := _STRING_PREFIX.match(self.text, self.pos):
            self.fixes["string_prefix"] += 1
            self.pos = prefix.end()
        elif call := _CALL.match(self.text, self.pos):
            self.push_call(call.end())
        elif in_list and frame.items and type(frame.items[-1]) is dict and _WORDS.match(self.text, self.pos):
            self.skip_garbage()
        else:
            value, self.pos = read_scalar(self.text, self.pos, self.fixes, in_list=in_list)
            frame.store(value)

    def read_string(self, *, in_list: bool = False, as_key: bool = False) -> str:
        value = self.strings.read(self.pos, in_list=in_list, as_key=as_key)
        self.pos = self.strings.end
        return value
