"""A prompt as a template: its placeholders, and how literal signs are written beside them."""

from __future__ import annotations

import re
import string
from functools import cached_property
from typing import NamedTuple

__all__ = ["Placeholder", "Template"]


class Placeholder(NamedTuple):
    """A placeholder or tag as it is written, the syntax it belongs to, and what it names."""

    text: str
    kind: str
    name: str


_PLACEHOLDER = re.compile(
    r"(?P<double>\$?\{\{\{?\s*[^\W\d][\w .|\-\[\]]{0,80}?\s*\}?\}\})"  # {{ name | filter }}
    r"|(?P<block>\{%[^%\r\n]{1,200}%\})"
    r"|(?P<dollar>\$\{[^\W\d]\w{0,80}\}|(?<![\w$\\])\$[a-z_]\w{1,80}(?![\w$]))"
    r"|(?P<single>\$?\{[^\W\d][\w.\-\[\]]{0,80}(?:![rsa])?(?::[^{}\s]{0,12})?\})"  # {name:>8}
    r"|(?P<percent>%\([^\W\d]\w{0,80}\)[-+#0-9.]{0,8}[a-zA-Z])"
    r"|(?P<tag></?[A-Za-z][\w.:-]{0,60}>)"
)
_SIGN = re.compile(r"[{$<]|%\(")
_NAME = re.compile(r"[^\W\d]\w*")
_FORMAT_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\w+\])*")


class Template:
    """The placeholders and tags of a prompt, and what fills them in as far as it shows."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        # With a price or a formula in it, a text is no `string.Template`, and `$x` no placeholder.
        self._has_dollars = "$" in prompt and string.Template(prompt).is_valid()
        self.found: list[Placeholder] = self.find(prompt)

    def find(self, text: str) -> list[Placeholder]:
        """Return the placeholders and tags of `text`, in order."""
        if not _SIGN.search(text):
            return []
        found = [
            Placeholder(match[0], match.lastgroup or "", _name(match[0]))
            for match in _PLACEHOLDER.finditer(text)
        ]
        return (
            found
            if self._has_dollars
            else [each for each in found if each.text[:1] != "$" or "{" in each.text]
        )

    @cached_property
    def _is_format(self) -> bool:
        """Whether `str.format` fills the prompt in: it can read it, and finds names only."""
        is_one = any(each.kind == "single" and each.text[0] == "{" for each in self.found)
        return is_one and _holds_names_only(self._prompt)

    @cached_property
    def _is_percent(self) -> bool:
        """Whether the `%` operator fills the prompt in."""
        is_one = any(each.kind == "percent" for each in self.found)
        return is_one and "%" not in _PLACEHOLDER.sub("", self._prompt).replace("%%", "")

    def escaped(self, text: str) -> str:
        """Return `text` with literal braces (or per cent signs) doubled, if `str.format` (or `%`) reads the prompt.

        Placeholders stay, and so does a text that has its braces doubled already.

        >>> Template("Greet {name}.").escaped('Answer {"ok": true}.')
        'Answer {{"ok": true}}.'
        """
        if not self.found:
            return text
        if self._is_format and ("{" in text or "}" in text) and not _holds_names_only(text):
            return _doubled(text, "{}", "single")
        if self._is_percent and "%" in text:
            return _doubled(text.replace("%%", "%"), "%", "percent")
        return text


def _name(text: str) -> str:
    name = _NAME.search(text)
    return name[0] if name else text


def _holds_names_only(text: str) -> bool:
    """Whether `str.format` can read a text and would fill in nothing but names."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return False
    return all(map(_FORMAT_NAME.fullmatch, names))


def _doubled(text: str, signs: str, kind: str) -> str:
    """Return `text` with its signs doubled, except in placeholders of a kind."""
    double = {ord(sign): sign * 2 for sign in signs}
    pieces: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.lastgroup == kind:
            pieces += (text[at : match.start()].translate(double), match[0])
            at = match.end()
    return "".join((*pieces, text[at:].translate(double)))
