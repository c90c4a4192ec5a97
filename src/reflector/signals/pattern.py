"""Patterns over signal types: the one matcher for routes, subscriptions, filters and journal queries."""

from __future__ import annotations

import itertools

from reflector.errors import InvalidPatternError

__all__ = ["Pattern"]


class Pattern:
    """Segments separated by dots: `*` stands for exactly one, `**` for zero or more, all others for themselves.

    >>> pattern = Pattern("reflector.**.requested")
    >>> pattern.matches("reflector.model.requested"), pattern.matches("reflector.requested")
    (True, True)
    >>> Pattern("demo.*").matches("demo.ping.completed")
    False
    """

    __slots__ = ("_segments", "is_literal", "specificity", "text")

    def __init__(self, text: str) -> None:
        """Parse a pattern.

        Raises:
            InvalidPatternError: If it is empty, has an empty segment, a `*` inside a segment, or `**` twice in a row.
        """
        self.text = text
        self._segments = _parse(text)
        self.is_literal = "*" not in text
        """Whether it matches one type only: its own text."""
        deep, single = self._segments.count("**"), self._segments.count("*")
        self.specificity = (len(self._segments) - deep - single, -deep, single)
        """Sorts patterns that match the same type: more literal segments first, then fewer `**`, then more `*`."""

    def matches(self, signal_type: str) -> bool:
        """Return whether a signal type fits. Time grows with the product of both lengths at most."""
        if self.is_literal:
            return signal_type == self.text
        return self.text == "**" or _matches(self._segments, signal_type.split("."))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"


def _parse(text: str) -> tuple[str, ...]:
    segments = tuple(text.split(".")) if isinstance(text, str) else ("",)
    if "" in segments:
        raise InvalidPatternError(f"a pattern is made of non-empty segments separated by dots; got {text!r}")
    for segment in segments:
        if "*" in segment and segment not in {"*", "**"}:
            raise InvalidPatternError(
                f"a wildcard is a whole segment, `*` or `**`; got {segment!r} in {text!r}"
            )
    if any(pair == ("**", "**") for pair in itertools.pairwise(segments)):
        raise InvalidPatternError(f"`**` twice in a row means the same as once; got {text!r}")
    return segments


def _matches(pattern: tuple[str, ...], segments: list[str]) -> bool:
    """Walk both; after a mismatch let the last `**` seen swallow one segment more and go on from there."""
    at, here, last_deep, resume = 0, 0, -1, 0
    while here < len(segments):
        expected = pattern[at] if at < len(pattern) else None
        if expected == "**":
            last_deep, resume = at, here
            at += 1
        elif expected is not None and expected in ("*", segments[here]):
            at, here = at + 1, here + 1
        elif last_deep >= 0:
            resume += 1
            at, here = last_deep + 1, resume
        else:
            return False
    return all(segment == "**" for segment in pattern[at:])
