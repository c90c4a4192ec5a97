"""Comparing texts by their words, without case, markup, quotes and white space."""

from __future__ import annotations

import re
from collections import Counter

from reflector.trajectories.findings.wording import words_of

__all__ = ["TOKEN", "UNIFY", "contains", "folded", "name_words", "rules_of", "says_the_same", "stems_of"]

TOKEN = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\w\s*`\"'“”‘’«»„‚´#>]")
"""A word, or a sign that is no markup and no quote."""
UNIFY = str.maketrans({"–": "-", "—": "-", "‑": "-", "…": "."})
_NUMBERS = words_of("zero one two three four five six seven eight nine ten eleven twelve")
_DENYING = words_of("not no never cannot t dont nor neither")
_AFFIRMING = words_of(
    "always do does did don doesn won isn aren must should shall will may can you please be to"
)
_DECISIVE = _DENYING | _NUMBERS | words_of("don can won isn aren without avoid only unless except")
_ORDERING = words_of("before after until then unless when if than over instead first last")
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


def stems_of(text: str) -> frozenset[str]:
    """Return the words of a text without their endings."""
    return frozenset(map(_stem, name_words(text[:_LOOKED_AT])))


def says_the_same(a: str, b: str) -> bool:
    """Whether two instructions differ only in wording.

    They have the same numbers and the same negation, and nearly the same words but for their endings; where one tells
    an order or a condition, the words come in the same order.
    """
    if abs(len(a) - len(b)) > 0.3 * max(len(a), len(b), 20):
        return False
    first, second = ([_stem(word) for word in name_words(text[:_LOOKED_AT])] for text in (a, b))
    if not first or not second:
        return folded(a) == folded(b)
    shared = [word for word in first if word in second]
    if 2 * len(shared) < 0.9 * (len(first) + len(second)):
        return False
    if any(word.isdigit() or word in _DECISIVE for word in {*first} ^ {*second}):
        return False
    if not _ORDERING.isdisjoint(first) and shared != [word for word in second if word in first]:
        return False
    return 2 * (Counter(first) & Counter(second)).total() >= 0.9 * (len(first) + len(second))


def _stem(word: str) -> str:
    if word in _DECISIVE or word in _ORDERING:
        return word
    for ending in ("ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n")
_LIMIT = re.compile(
    r"\b(at most|at least|exactly|up to|no more than|no fewer than|fewer than|less than|more than|within|maximum of"
    rf"|minimum of|in) (\d+|{'|'.join(sorted(_NUMBERS))})\b",
    re.IGNORECASE,
)


def rules_of(text: str) -> dict[tuple[str, ...], tuple[bool, tuple[str, ...]]]:
    """Return the rules of a text by their words: whether each denies, and the limits it sets.

    "Never name the price." and "Always name the price." have the same words and differ in the first;
    "at most 3 words" and "at most 5 words" in the second.
    """
    rules: dict[tuple[str, ...], tuple[bool, tuple[str, ...]]] = {}
    for sentence in _SENTENCE_END.split(text[:_LOOKED_AT]):
        limits = tuple(number.lower() for _, number in _LIMIT.findall(sentence))
        words = name_words(_LIMIT.sub(r"\1", sentence) if limits else sentence)
        rest = tuple(word for word in words if word not in _DENYING and word not in _AFFIRMING)
        if len(rest) >= 2:
            rules[rest] = sum(word in _DENYING for word in words) % 2 == 1, limits
    return rules
