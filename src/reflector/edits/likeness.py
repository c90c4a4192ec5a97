"""Comparing texts by their words: without case and markup, and by what they mean."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

__all__ = ["Gist", "content_words", "folded", "name_words", "says_the_same"]

_TOKEN = re.compile(r"[^\W_]+(?:_+[^\W_]+)*|[^\w\s]")

_MARKUP = frozenset("*`_\"'“”‘’«»„‚´#>")

_UNIFY = str.maketrans({"–": "-", "—": "-", "‑": "-", "…": "."})

_STOP_WORDS = frozenset({
    "a", "an", "the", "and", "or", "of", "to", "in", "on", "at", "for", "with", "by", "as", "is", "are",
    "be", "it", "its", "this", "that", "these", "those", "from", "your", "you", "their", "they", "them",
    "will", "would", "can", "could", "may", "might", "should", "must", "shall", "do", "does", "any",
    "all", "each", "every", "when", "if", "then", "than", "so", "into", "about", "which", "who", "what",
    "how", "where", "there", "have", "has", "had", "been", "being", "i", "we", "our", "us", "not", "no",
    "never", "always", "only", "please", "make", "sure", "ensure", "also", "just", "very", "such",
    "other", "more", "most", "own", "same",
})  # fmt: skip

_NEGATIONS = frozenset({
    "not", "no", "never", "don't", "dont", "cannot", "can't", "won't", "without", "avoid", "nor",
    "neither", "don", "can", "won", "isn", "aren",
})  # fmt: skip

_MAX_QUERY = 20_000


def folded(text: str) -> list[str]:
    """Return the words and signs of `text` without case, markup, quotes and white space."""
    tokens = _TOKEN.findall(text.translate(_UNIFY).lower())
    return [token for token in tokens if token not in _MARKUP]


def name_words(name: str) -> list[str]:
    """Return the words of a section's name."""
    return [token for token in folded(name.replace("_", " ").replace("/", " ")) if token[0].isalnum()]


def content_words(text: str) -> set[str]:
    """Return the words that carry the meaning of `text`, crudely reduced to their stems."""
    return {
        _stem(word) for word in folded(text[:_MAX_QUERY]) if word[0].isalnum() and word not in _STOP_WORDS
    }


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ies", "ied", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@dataclass(frozen=True, slots=True)
class Gist:
    """What two texts are compared by."""

    tokens: list[str]
    words: Counter[str]
    meaning: set[str]

    @classmethod
    def of(cls, text: str) -> Gist:
        tokens = folded(text[:_MAX_QUERY])
        return cls(tokens, Counter(token for token in tokens if token[0].isalnum()), content_words(text))

    def agrees_with(self, other: Gist) -> bool:
        """Whether both differ only in wording: same numbers, same negation, nearly the same words."""
        if not self.words or not other.words:
            return self.tokens == other.tokens
        if any(word.isdigit() or word in _NEGATIONS for word in self.words.keys() ^ other.words.keys()):
            return False
        total = self.words.total() + other.words.total()
        if 2 * (self.words & other.words).total() >= 0.9 * total:
            return True
        shared = len(self.meaning & other.meaning)
        return shared >= 3 and 2 * shared >= 0.92 * (len(self.meaning) + len(other.meaning))


def says_the_same(a: str, b: str) -> bool:
    """Whether two instructions differ only in wording."""
    return Gist.of(a).agrees_with(Gist.of(b))
