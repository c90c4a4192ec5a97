"""Comparing texts by their words, without case, markup, quotes and white space."""

from __future__ import annotations

import re
from collections import Counter

from reflector.trajectories.findings.wording import words_of

__all__ = ["TOKEN", "UNIFY", "contains", "folded", "name_words", "says_the_same"]

TOKEN = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\w\s*`\"'“”‘’«»„‚´#>]")
"""A word, or a sign that is no markup and no quote."""
UNIFY = str.maketrans({"–": "-", "—": "-", "‑": "-", "…": "."})
_NEGATIONS = words_of(
    "not no never don dont cannot can t won isn aren without avoid nor neither only unless except"
)
_LOOKED_AT = 4_000


def folded(text: str) -> list[str]:
    """Return the words and signs of `text` without case, markup, quotes and white space."""
    return TOKEN.findall(text.translate(UNIFY).lower())


def name_words(name: str) -> list[str]:
    """Return the words of a section's name."""
    return [token for token in folded(name.replace("_", " ")) if token[0].isalnum()]


def contains(text: str, part: str) -> bool:
    """Whether the words of `part` stand in `text` in the same order, one behind the other."""
    words = name_words(part[:_LOOKED_AT])
    return bool(words) and f" {' '.join(words)} " in f" {' '.join(name_words(text[:_LOOKED_AT]))} "


def says_the_same(a: str, b: str) -> bool:
    """Whether two instructions differ only in wording: same numbers, same negation, nearly the same words."""
    if abs(len(a) - len(b)) > 0.3 * max(len(a), len(b), 20):
        return False
    first, second = Counter(name_words(a[:_LOOKED_AT])), Counter(name_words(b[:_LOOKED_AT]))
    if not first or not second:
        return folded(a) == folded(b)
    if any(word.isdigit() or word in _NEGATIONS for word in first.keys() ^ second.keys()):
        return False
    return 2 * (first & second).total() >= 0.9 * (first.total() + second.total())
