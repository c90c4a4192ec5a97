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
    start: int

    def is_cut_at(self, offset: int) -> bool:
        return self.start < offset < self.start + len(self.text)


_PLACEHOLDER = re.compile(
    r"(?P<double>\$?\{\{\{?\s*[^\W\d][\w .|\-\[\]]{0,80}?\s*\}?\}\})"  # {{ name | filter }}
    r"|(?P<block>\{%[^%\r\n]{1,200}%\})"
    r"|(?P<braced>\$\{[^\W\d]\w{0,80}\})"
    r"|(?P<dollar>(?<![\w$\\])\$[a-z_]\w{1,80}(?![\w$]))"
    r"|(?P<single>\$?\{[^\W\d][\w.\-\[\]]{0,80}(?:![rsa])?(?::[^{}\s]{0,12})?\})"  # {name:>8}
    r"|(?P<percent>(?:(?<!%)|(?<=%%))%\([^\W\d]\w{0,80}\)[-+#0-9.]{0,8}[a-zA-Z])"
    r"|(?P<tag></?[A-Za-z][\w.:-]{0,60}>)"
)
_FILLED_WITH = {
    "double": {"double"},
    "single": {"single", "braced"},
    "braced": {"braced", "dollar"},
    "dollar": {"braced", "dollar"},
    "percent": {"percent"},
}
_FORMULA = re.compile(r"\$[^$\n]{1,200}[^\s$(\"']\$")
"""`$x + y$`: in a text with formulas, `$x` is no placeholder."""
_SIGN = re.compile(r"[{$<]|%\(")
_NAME = re.compile(r"[^\W\d]\w*")
_FORMAT_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\w+\])*")


class Template:
    """The placeholders and tags of a prompt, and what fills them in as far as it shows."""

    def __init__(self, prompt: str) -> None:
        self._prompt = prompt
        self._has_dollars = "$" in prompt and not _FORMULA.search(prompt)
        self.found: list[Placeholder] = self.find(prompt)

    def find(self, text: str) -> list[Placeholder]:
        """Return the placeholders and tags of `text`, in order."""
        if not _SIGN.search(text):
            return []
        found = [
            Placeholder(match[0], match.lastgroup or "", _name(match[0]), match.start())
            for match in _PLACEHOLDER.finditer(text)
        ]
        return found if self._has_dollars else [each for each in found if each.kind != "dollar"]

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The syntaxes that are filled in where this prompt is."""
        kinds = {each.kind for each in self.found} - {"tag", "block"}
        return frozenset().union(*(_FILLED_WITH[kind] for kind in kinds))

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

    def fitted(self, text: str, replaced: str = "") -> tuple[str, str]:
        """Return a new text as it is written in this prompt, and a note of what was changed.

        A misspelt placeholder is put right. Where `str.format` (or `%`) reads the prompt, literal braces (or per cent
        signs) are doubled, unless they are already.

        >>> Template("Greet {name}.").fitted('Answer {{Name}} with {"ok": true}.')
        ('Answer {name} with {{"ok": true}}.', '; {{Name}} put right to {name}; literal signs escaped')
        """
        if not self.found:
            return text, ""
        right: dict[str, str] = {}
        own = {each.text: each for each in self.found if each.kind != "tag"}
        found = {each.text: each for each in self.find(text)}
        lost = {each.text for each in self.find(replaced)} - found.keys()
        for wrong, each in found.items():
            if wrong not in own and each.kind != "tag":
                alike = [meant for meant in own if _is_meant(own[meant], each, meant in lost)]
                if len(alike) == 1:
                    right[wrong] = alike[0]
        text = _PLACEHOLDER.sub(lambda match: right.get(match[0], match[0]), text)
        note = "".join(f"; {wrong} put right to {meant}" for wrong, meant in right.items())
        escaped = self._escaped(text)
        return escaped, note if escaped == text else f"{note}; literal signs escaped"

    def _escaped(self, text: str) -> str:
        if self._is_format and ("{" in text or "}" in text) and not _holds_names_only(text):
            return _doubled(text, "{}", ("single", "braced"))
        if self._is_percent and "%" in text:
            return "%%".join(_doubled(part, "%", ("percent",)) for part in text.split("%%"))
        return text


def _is_meant(own: Placeholder, other: Placeholder, is_lost: bool) -> bool:
    """Whether another placeholder is a misspelling: the same but for syntax, case and signs, or part of one lost."""
    first, second = (re.sub(r"[\W_]+", "", each.name).lower() for each in (own, other))
    if first != second:
        return is_lost and min(len(first), len(second)) >= 3 and (first in second or second in first)
    # {price:.2f} and ${price} name the same value; they are no misspellings of {price}.
    return is_lost or own.name != other.name or other.kind not in _FILLED_WITH.get(own.kind, ())


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


def _doubled(text: str, signs: str, kinds: tuple[str, ...]) -> str:
    """Return `text` with its signs doubled, except in placeholders of some kinds."""
    double = {ord(sign): sign * 2 for sign in signs}
    pieces: list[str] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.lastgroup in kinds:
            pieces += (text[at : match.start()].translate(double), match[0])
            at = match.end()
    return "".join((*pieces, text[at:].translate(double)))
