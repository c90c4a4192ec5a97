"""Words for descriptions: counts and step numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["at_steps", "content_words", "count_times", "listed", "similarity", "words_in_order", "words_of"]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list written as text."""
    return frozenset(text.split())


_STOP = words_of(
    "a an and are as at be been but by can could did do does for from had has have i if in into is it its let's me my "
    "of on or our please so that the their them then there these they this those to up was we were what when which "
    "will with would you your i'm i'll it's just now also"
)


def count_times(number: int) -> str:
    """`once`, `twice`, `5 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def at_steps(indices: Sequence[int], *, most: int = 12) -> str:
    """`step 4`, `steps 4 and 9`, `steps 4, 9, 11 and 20 more`."""
    if len(indices) == 1:
        return f"step {indices[0]}"
    if len(indices) > most:
        return f"steps {', '.join(map(str, indices[:most]))} and {len(indices) - most} more"
    return f"steps {', '.join(map(str, indices[:-1]))} and {indices[-1]}"


def listed(words: Iterable[str], *, most: int = 6) -> str:
    """`a`, `a and b`, `a, b and c`; beyond `most` the rest is counted."""
    names = list(words)
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def words_in_order(text: str, limit: int = 2000) -> list[str]:
    """Return the words of a text that carry its meaning, lower-cased, each once, in their order."""
    words = (word.lower() for word in _WORD.findall(text[:limit].replace("\u2019", "'")))
    return list(dict.fromkeys(word for word in words if word not in _STOP))


def content_words(text: str, limit: int = 2000) -> frozenset[str]:
    """Return the words of a text that carry its meaning, lower-cased."""
    return frozenset(words_in_order(text, limit))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words; 0 if both are empty."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0
