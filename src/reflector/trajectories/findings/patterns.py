"""Patterns made of alternatives, one to a line, so that they can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["one_of", "sentence_around", "sentences", "straight"]

_SENTENCE = re.compile(r"[^.!?\n]{3,600}[.!?\n]?")


def one_of(*alternatives: str, flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Return a pattern that matches any of the alternatives; without regard to case unless told otherwise.

    None of them may repeat a repetition: the text they read is hostile, and time must stay linear.
    """
    return re.compile("|".join(alternatives), flags)


def straight(text: str) -> str:
    """Return the text with straight apostrophes; every character keeps its place."""
    return text.replace("\u2019", "'")


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences and lines of a text, verbatim."""
    return (match.group(0) for match in _SENTENCE.finditer(text))


def sentence_around(text: str, match: re.Match[str]) -> str:
    """Return the sentence around a match, as it stands in the text, without the marker of a list item."""
    start = max(text.rfind(". ", 0, match.start()) + 2, text.rfind("\n", 0, match.start()) + 1)
    start = 0 if start == 1 else start
    ends = [end for end in (text.find(". ", match.end()), text.find("\n", match.end())) if end >= 0]
    end = min(ends) if ends else len(text)
    return text[start : end + (1 if text[end : end + 1] == "." else 0)].strip().lstrip("-*# ")
