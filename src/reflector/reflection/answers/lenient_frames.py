"""The brackets that are open while lenient JSON is read, and what becomes of those that do not match."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

__all__ = ["AFTER", "CLOSERS", "CLOSING", "KEY", "MAX_DEPTH", "VALUE", "Frame", "Frames", "goes_on"]

MAX_DEPTH = 64
"""Brackets deeper than this are skipped: no reflection is nested so deeply, hostile input is."""
CLOSERS = {"{": "}", "[": "]", "(": ")", "｛": "}", "［": "]", "【": "]"}
CLOSING = {"}": "}", "]": "]", ")": ")", "｝": "}", "］": "]", "】": "]"}

KEY, VALUE, AFTER = 0, 1, 2
"""What is expected next in a container."""


class Frame:
    """A container that is still open."""

    __slots__ = ("closer", "items", "key", "state")

    def __init__(self, items: Any, closer: str) -> None:
        self.items: Any = items
        self.closer = closer
        self.key: str | None = None
        self.state = VALUE if type(items) is list else KEY

    def store(self, value: Any) -> None:
        """Put a value where the next one belongs."""
        self.state = AFTER
        if type(self.items) is list:
            self.items.append(value)
        elif self.key is not None:
            self.items[self.key] = value
            self.key = None

    def last(self) -> tuple[Any, Any]:
        """Return the key and the value stored last, or two times None."""
        if type(self.items) is dict:
            key = next(reversed(self.items), None)
            return key, None if key is None else self.items[key]
        return (len(self.items) - 1, self.items[-1]) if self.items else (None, None)


_NEXT_MEMBER = re.compile(r"\s*,\s*[\"“'][\w \-]{1,60}[\"”']\s*:")
_NEXT_OBJECT = re.compile(r"\s*,\s*\{\s*[\"“']")


def goes_on(frame: Frame, text: str, position: int) -> bool:
    """Return whether a container continues after a bracket that seems to end it."""
    if type(frame.items) is dict:
        return frame.closer == "}" and _NEXT_MEMBER.match(text, position) is not None
    return frame.closer == "]" and _NEXT_OBJECT.match(text, position) is not None


class Frames:
    """The open containers, the outermost first."""

    def __init__(self, fixes: Counter[str]) -> None:
        self.stack: list[Frame] = []
        self.root: Any = None
        self.fixes = fixes

    def push(self, frame: Frame) -> None:
        """Open a container; one that lies too deep is ignored."""
        if len(self.stack) < MAX_DEPTH:
            self.stack.append(frame)
        else:
            self.fixes["too_deep"] += 1

    def pop(self) -> None:
        """Close the innermost container and hand its value to the one around it."""
        frame = self.stack.pop()
        value = frame.items
        if frame.closer == ")" and type(value) is list and len(value) == 1 and frame.state != VALUE:
            value = value[0]  # parentheses around one value
        if frame.key is not None:
            value.setdefault(frame.key, None)
        if self.stack:
            self.stack[-1].store(value)
        else:
            self.root = value

    def reach(self, closer: str) -> bool:
        """Close what lacks its bracket inside the container that `closer` closes; return whether there is one."""
        if all(frame.closer != closer for frame in self.stack):
            return False
        while self.stack[-1].closer != closer:
            self.fixes["missing_closer"] += 1
            self.pop()
        return True

    def make_room(self, frame: Frame) -> bool:
        """Prepare for an object that stands where a key should; return whether its brace is one too many.

        It is a sibling of the object before it, whose brace is missing; or a member of the list before it, which
        was closed too early or never opened; or the object's own brace was doubled.
        """
        outer = self.stack[-2] if len(self.stack) > 1 else None
        in_list = outer is not None and type(outer.items) is list
        key, last = frame.last()
        if type(last) is list and last and type(last[-1]) is dict:
            self.fixes["extra_closer"] += 1
            self.reopen(frame, key, last)
        elif type(last) is dict and last and not in_list:
            self.fixes["missing_bracket"] += 1
            self.reopen(frame, key, [last])
        elif frame.items and in_list:
            self.fixes["missing_closer"] += 1
            self.pop()
            self.stack[-1].state = VALUE
        elif frame.items:
            self.fixes["missing_key"] += 1
            frame.key = f"_{len(frame.items)}"
            frame.state = VALUE
        else:
            self.fixes["double_brace"] += 1
            return True
        return False

    def reopen(self, frame: Frame, key: Any, items: list[Any]) -> None:
        """Go on with a list that is a value of `frame`."""
        frame.key = key
        self.push(again := Frame(items, "]"))
        again.state = VALUE

    def claim_key(self, frame: Frame) -> Frame | None:
        """Take the last text of a list back because it is a key; return the object it belongs to, None if none."""
        if not frame.items or not isinstance(frame.items[-1], str):
            return None
        key = frame.items[-1]
        before = frame.items[-2] if len(frame.items) > 1 else {key: None}
        if type(before) is dict and key in before:
            self.fixes["missing_brace"] += 1
            frame.items.pop()
            self.push(Frame({}, "}"))
        elif len(self.stack) > 1 and type(self.stack[-2].items) is dict:
            self.fixes["missing_closer"] += 1
            frame.items.pop()
            frame.state = AFTER
            self.pop()
        else:
            return None
        return self.stack[-1] if type(self.stack[-1].items) is dict else None
