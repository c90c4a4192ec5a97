"""How sure we are of a reflection: score, level, whether to ask again, and what it must hold.

The constants are the origin's, but for the factor of an answer that was cut off.
"""

from __future__ import annotations

from collections.abc import Sequence

from reflector.errors import InvalidReflectionError
from reflector.reflection.models import Confidence, ParsedReflection, Priority, Suggestion

__all__ = [
    "FEW_CAUSES",
    "GENERIC_SHARE",
    "generic_share",
    "generic_suggestions",
    "level_of",
    "needs_clarification",
    "rescored",
    "score_confidence",
    "suggestion_scores",
    "validate_reflection",
]

_COUNT, _SPECIFIC, _HIGH_PRIORITY, _CAUSES = 0.30, 0.25, 0.20, 0.10
_ENOUGH_SUGGESTIONS, _ENOUGH_CAUSES = 5, 3
"""So many earn the whole weight of their count."""
_LONG_ANALYSIS, _SHORT_ANALYSIS, _LONG = 0.15, 0.05, 50
_TRUNCATED = 0.75
"""What is left of the score when the answer was cut off: half an answer must not look like a whole one."""
_HIGH, _MEDIUM = 0.75, 0.45
FEW_CAUSES = 2
"""Fewer root causes than this ask for clarification."""
GENERIC_SHARE = 0.6
"""So does a larger share of generic suggestions."""
_GENERIC_WORDS = 5
"""A description with fewer words than this is generic."""


def score_confidence(parsed: ParsedReflection) -> float:
    """Return how sure we are of `parsed`, in [0, 1].

    More suggestions, exact texts, high priorities, a long analysis and several root causes raise it; an
    answer that was cut off (`metadata["truncated"]`) lowers it.
    """
    return _score(parsed, parsed.suggestions)


def _score(parsed: ParsedReflection, suggestions: Sequence[Suggestion]) -> float:
    count = len(suggestions)
    specific = sum(each.specific_text is not None for each in suggestions)
    high = sum(each.priority is Priority.HIGH for each in suggestions)
    score = (
        _COUNT * min(count / _ENOUGH_SUGGESTIONS, 1.0)
        + _SPECIFIC * specific / (count or 1)
        + _HIGH_PRIORITY * high / (count or 1)
        + (_LONG_ANALYSIS if len(parsed.analysis) > _LONG else _SHORT_ANALYSIS)
        + _CAUSES * min(len(parsed.root_causes) / _ENOUGH_CAUSES, 1.0)
    )
    if parsed.metadata.get("truncated"):
        score *= _TRUNCATED
    # Rounded, so that a sum that is 0.75 on paper reaches the level of 0.75.
    return min(max(round(score, 9), 0.0), 1.0)


def suggestion_scores(parsed: ParsedReflection) -> tuple[float, ...]:
    """Return the score of each suggestion, in [0, 1]: that of a reflection whose suggestions were all like it.

    Their mean is the score of the reflection. They measure form, as it does, not success.
    """
    return tuple(_score(parsed, (each,) * len(parsed.suggestions)) for each in parsed.suggestions)


def level_of(score: float) -> Confidence:
    """Return the level of a score: high from 0.75, medium from 0.45, else low."""
    if score >= _HIGH:
        return Confidence.HIGH
    return Confidence.MEDIUM if score >= _MEDIUM else Confidence.LOW


def needs_clarification(parsed: ParsedReflection) -> bool:
    """Return whether a follow-up question would help.

    That is so if confidence is low, if fewer than two root causes are named, or if most suggestions are
    generic: described in under five words, or without an exact text.
    """
    return _is_unclear(parsed, parsed.confidence)


def _is_unclear(parsed: ParsedReflection, level: Confidence) -> bool:
    few = level is Confidence.LOW or len(parsed.root_causes) < FEW_CAUSES
    return few or generic_share(parsed) > GENERIC_SHARE


def generic_share(parsed: ParsedReflection) -> float:
    """Return the share of generic suggestions, 0 if there are none at all."""
    return len(generic_suggestions(parsed)) / max(len(parsed.suggestions), 1)


def generic_suggestions(parsed: ParsedReflection) -> tuple[Suggestion, ...]:
    """Return the suggestions without an exact text, or described in too few words."""
    return tuple(
        each
        for each in parsed.suggestions
        if each.specific_text is None or len(each.description.split(maxsplit=_GENERIC_WORDS)) < _GENERIC_WORDS
    )


def rescored(parsed: ParsedReflection) -> ParsedReflection:
    """Return a reflection with the confidence that follows from its parts."""
    score = score_confidence(parsed)
    level = level_of(score)
    unclear = _is_unclear(parsed, level)
    return parsed.model_copy(
        update={"confidence_score": score, "confidence": level, "needs_clarification": unclear}
    )


def validate_reflection(parsed: ParsedReflection) -> ParsedReflection:
    """Return `parsed` unchanged if it holds an analysis and only complete suggestions.

    Raises:
        InvalidReflectionError: With `reason` `missing_analysis`, `no_suggestions` or `invalid_suggestions`
            (one has no description or no rationale); the first that holds.
    """
    if not parsed.analysis:
        raise InvalidReflectionError(
            "the reflection has no analysis; ask the model again.", reason="missing_analysis"
        )
    if not parsed.suggestions:
        raise InvalidReflectionError(
            f"the reflection has no suggestion ({len(parsed.dropped)} dropped, see `dropped`).",
            reason="no_suggestions",
        )
    for number, suggestion in enumerate(parsed.suggestions, 1):
        if not suggestion.description or not suggestion.rationale:
            lacking = "rationale" if suggestion.description else "description"
            raise InvalidReflectionError(
                f"suggestion {number} of {len(parsed.suggestions)} has no {lacking}.",
                reason="invalid_suggestions",
            )
    return parsed
