"""Words: patterns, the sentences of a text and the words that carry its meaning; counts and lists for descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "at_steps", "content_words", "count_times", "listed", "one_of", "passage_around", "sentence_with", "sentences",
    "similarity", "straight", "words_in_order", "words_of",
]  # fmt: skip

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list written as text."""
    return frozenset(text.split())


_STOP = words_of(
    "a an and are as at be been but by can could did do does for from had has have i if in into is it its let's me my "
    "of on or our please so that the their them then there these they this those to up was we were what when which "
    "will with would you your i'm i'll it's just now also"
)


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
    return (part.strip() for part in _SENTENCE_END.split(text) if len(part) > 2)


def sentence_with(pattern: re.Pattern[str], text: str) -> str | None:
    """Return the first sentence or line of a text that holds the pattern, verbatim, or None."""
    return next((part for part in sentences(text) if pattern.search(straight(part))), None)


def passage_around(text: str, match: re.Match[str], limit: int = 240) -> str:
    """Return the sentence around a match on one line, without the marker of a list item.

    Of a sentence that holds the match beyond the limit it is what begins with the match.
    """
    start = max(text.rfind(". ", 0, match.start()) + 1, text.rfind("\n", 0, match.start()) + 1)
    if match.end() - start > limit:
        start = match.start()
    ends = [end for end in (text.find(". ", match.end()), text.find("\n", match.end())) if end >= 0]
    passage = text[start : min(ends, default=len(text)) + 1]
    return " ".join(passage.split()).lstrip("-*# ")[:limit]


def count_times(number: int) -> str:
    """`once`, `twice`, `5 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def at_steps(indices: Sequence[int], *, most: int = 12) -> str:
    """`step 4`, `steps 4 and 9`, `steps 4, 9, 11 and 20 more`."""
    return f"step{'s' if len(indices) > 1 else ''} {listed(map(str, indices), most=most)}"


def listed(words: Iterable[str], *, most: int = 6) -> str:
    """`a`, `a and b`, `a, b and c`; beyond `most` the rest is counted."""
    names = list(words)
    shown = names if len(names) <= most else [*names[:most], f"{len(names) - most} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def words_in_order(text: str, limit: int = 2000) -> list[str]:
    """Return the words of a text that carry its meaning, lower-cased, each once, in their order."""
    words = (word.lower() for word in _WORD.findall(straight(text[:limit])))
    return list(dict.fromkeys(word for word in words if word not in _STOP))


def content_words(text: str, limit: int = 2000) -> frozenset[str]:
    """Return the words of a text that carry its meaning, lower-cased."""
    return frozenset(words_in_order(text, limit))


def similarity(first: frozenset[str], second: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words; 0 if both are empty."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0
