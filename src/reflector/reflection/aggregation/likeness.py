"""When two suggestions say the same. The one door to rapidfuzz."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from reflector._json import Value
from reflector._text import replace_surrogates
from reflector.reflection.models import Suggestion, SuggestionCategory, SuggestionType
from reflector.trajectories.findings.wording import words_of

__all__ = [
    "DEFAULT_LIKENESS",
    "Likeness",
    "Wording",
    "cause_as_suggestion",
    "digest_of",
    "likeness",
    "stems_of",
    "word_form",
]

_LOOKED_AT = 4_000
"""Characters of a text that are compared; digests are taken of the whole text."""
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)?")
"""A word; of scripts that put no blanks between words, one character."""
_STEP = re.compile(r"\b(?:step|turn|run|message|call)s?\s+(?:\d+(?:\s*(?:,|and|to|-|–)\s*)?)+")
_STEM = 5
_FREQUENT = words_of(
    "a an and are as at be by for from has have if in into is it its of on or our so that the their them then there "
    "these they this those to was were when which will with you your"
)
_NEGATIONS = words_of("not no never without avoid neither nor cannot forbid stop")


class Likeness(Value):
    """When two suggestions count as one.

    Their total likeness is `type_and_category` (half for each that is equal) + `description` and `rationale` (times
    the likeness of these texts) + `section` (if equal; none equals none).

    Source:
        Weights and threshold of the deduplicator of Jido's GEPA. It had no lower bound for the description: with a
        likeness of texts that deserves its name, an equal type and category and average texts would be enough.
    """

    threshold: float = 0.7
    type_and_category: float = 0.40
    description: float = 0.40
    rationale: float = 0.15
    section: float = 0.05
    min_description: float = 0.7
    """Descriptions less alike than this are two suggestions, whatever else is equal."""
    min_shared_words: float = 0.5
    """So are those that share less than this of their words (Dice coefficient of the word stems)."""
    min_text: float = 0.5
    """So are those that both give an exact text, if these are less alike than this."""


DEFAULT_LIKENESS = Likeness()


@dataclass(frozen=True, slots=True)
class Wording:
    """A suggestion in the form in which it is compared."""

    suggestion: Suggestion
    words: str
    stems: frozenset[str]
    rationale: str
    text: str
    text_mark: tuple[bool, tuple[str, ...]]
    mark: tuple[bool, bool, tuple[str, ...]]
    """Removal or not, negated or not, the numbers in it: where these differ, nothing else matters."""

    @classmethod
    def of(cls, suggestion: Suggestion) -> Wording:
        """Return the form in which `suggestion` is compared."""
        said = suggestion.description if suggestion.description.strip() else suggestion.specific_text or ""
        text = suggestion.specific_text or ""
        return cls(
            suggestion,
            word_form(said),
            stems_of(said),
            word_form(suggestion.rationale),
            word_form(text),
            _mark(text),
            (suggestion.type is SuggestionType.REMOVE, *_mark(said)),
        )

    def says_the_same(self, other: Wording, config: Likeness = DEFAULT_LIKENESS) -> bool:
        """Return whether the two are one suggestion in other words. Symmetric; not transitive."""
        if self.mark != other.mark:
            return False
        shared = len(self.stems & other.stems)
        if not shared or 2 * shared < config.min_shared_words * (len(self.stems) + len(other.stems)):
            return False
        described = likeness(self.words, other.words)
        if described < config.min_description or not self._texts_agree(other, config):
            return False
        first, second = self.suggestion, other.suggestion
        equal = ((first.type is second.type) + (first.category is second.category)) / 2
        total = config.type_and_category * equal + config.description * described
        total += config.section * (_folded(first.target_section) == _folded(second.target_section))
        if total >= config.threshold:
            return True
        return total + config.rationale * likeness(self.rationale, other.rationale) >= config.threshold

    def _texts_agree(self, other: Wording, config: Likeness) -> bool:
        if not self.text or not other.text or self.text == other.text:
            return True
        return self.text_mark == other.text_mark and likeness(self.text, other.text) >= config.min_text


def cause_as_suggestion(cause: str) -> Suggestion:
    """Return a cause in the form in which texts are compared: like the description of a suggestion."""
    return Suggestion(
        type=SuggestionType.MODIFY, category=SuggestionCategory.CLARITY, description=cause, rationale=""
    )


def likeness(first: str, second: str) -> float:
    """Return how alike two texts in their word form are, in [0, 1]: 1 if equal, 0 if one is empty.

    It is the normalised Indel similarity (twice the longest common subsequence by the sum of the lengths). Unrelated
    sentences of English have 0.35 on average, and hardly ever more than 0.65.
    """
    if first == second:
        return 1.0
    if not first or not second:
        return 0.0
    from rapidfuzz.distance import Indel

    return Indel.normalized_similarity(first, second)


def word_form(text: str) -> str:
    """Return the words of `text` that carry meaning, lower-cased and in alphabetical order."""
    return " ".join(sorted(_words(text)))


def stems_of(text: str) -> frozenset[str]:
    """Return the beginnings of the words of `text`: `verify` and `verifies` have the same."""
    return frozenset((word[:-1] if word.endswith("s") else word)[:_STEM] for word in _words(text))


def digest_of(suggestion: Suggestion) -> str:
    """Return the key of a suggestion, taken of everything that is compared: the same in every process.

    Case, punctuation, white space and priority do not matter.
    """
    texts = (
        suggestion.description,
        suggestion.specific_text,
        suggestion.target_section,
        suggestion.rationale,
    )
    said = "\0".join((suggestion.type, suggestion.category, *map(_folded, texts)))
    return hashlib.sha256(replace_surrogates(said).encode()).hexdigest()[:16]


def _folded(text: str | None) -> str:
    words = _WORD.findall((text or "").lower())
    return " ".join(words) if words else (text or "").strip()


def _words(text: str) -> list[str]:
    words = _WORD.findall(text[:_LOOKED_AT].lower())
    return [word for word in words if word not in _FREQUENT] or words


def _mark(text: str) -> tuple[bool, tuple[str, ...]]:
    """Return whether a text is negated, and its numbers, without those of steps."""
    words = _WORD.findall(_STEP.sub(" ", text[:_LOOKED_AT].lower()))
    negated = any(word in _NEGATIONS or word.endswith(("n't", "n’t")) for word in words)
    return negated, tuple(sorted(word for word in words if word[0].isdigit()))
