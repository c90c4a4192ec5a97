"""How sure we are of a reflection: score, level, whether to ask again, and what it must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reflector.errors import InvalidReflectionError
from reflector.reflection.models import Confidence, ParsedReflection, Priority, Suggestion

__all__ = [
    "DEFAULT_CONFIDENCE",
    "ConfidenceConfig",
    "generic_suggestions",
    "is_unclear",
    "level_of",
    "needs_clarification",
    "score_confidence",
    "score_parts",
    "suggestion_scores",
    "validate_reflection",
]


@dataclass(frozen=True, slots=True)
class ConfidenceConfig:
    """Constants of the confidence formula. The defaults are the origin's."""

    count_weight: float = 0.30
    enough_suggestions: int = 5
    """So many suggestions earn the whole weight of the count."""
    specific_weight: float = 0.25
    high_priority_weight: float = 0.20
    long_analysis: float = 0.15
    short_analysis: float = 0.05
    long_analysis_chars: int = 50
    """An analysis with more characters than this counts as long."""
    cause_weight: float = 0.10
    enough_causes: int = 3
    high: float = 0.75
    medium: float = 0.45
    few_causes: int = 2
    """Fewer root causes than this ask for clarification."""
    generic_share: float = 0.6
    """A larger share of generic suggestions asks for clarification."""
    generic_words: int = 5
    """A description with fewer words than this is generic."""
    truncated_factor: float = 0.75
    """What is left of the score when the answer was cut off: half an answer must not look like a whole one."""


DEFAULT_CONFIDENCE = ConfidenceConfig()


def score_parts(
    analysis: str,
    root_causes: Sequence[str],
    suggestions: Sequence[Suggestion],
    *,
    truncated: bool = False,
    config: ConfidenceConfig = DEFAULT_CONFIDENCE,
) -> float:
    """Return the score, in [0, 1], of a reflection that is not put together yet."""
    count = len(suggestions)
    specific = high = 0
    for suggestion in suggestions:
        specific += suggestion.specific_text is not None
        high += suggestion.priority is Priority.HIGH
    score = (
        config.count_weight * min(count / config.enough_suggestions, 1.0)
        + config.specific_weight * specific / (count or 1)
        + config.high_priority_weight * high / (count or 1)
        + (config.long_analysis if len(analysis) > config.long_analysis_chars else config.short_analysis)
        + config.cause_weight * min(len(root_causes) / config.enough_causes, 1.0)
    )
    if truncated:
        score *= config.truncated_factor
    # Rounded, so that a sum that is 0.75 on paper reaches the level of 0.75.
    return min(max(round(score, 9), 0.0), 1.0)


def score_confidence(parsed: ParsedReflection, *, config: ConfidenceConfig = DEFAULT_CONFIDENCE) -> float:
    """Return how sure we are of `parsed`, in [0, 1].

    More suggestions, exact texts, high priorities, a long analysis and several root causes raise it; an
    answer that was cut off (`metadata["truncated"]`) lowers it.
    """
    return score_parts(
        parsed.analysis,
        parsed.root_causes,
        parsed.suggestions,
        truncated=bool(parsed.metadata.get("truncated")),
        config=config,
    )


def suggestion_scores(
    parsed: ParsedReflection, *, config: ConfidenceConfig = DEFAULT_CONFIDENCE
) -> tuple[float, ...]:
    """Return the score of each suggestion, in [0, 1]: that of a reflection whose suggestions were all like it.

    Their mean is the score of the reflection. They measure form, as it does, not success.
    """
    count, truncated = len(parsed.suggestions), bool(parsed.metadata.get("truncated"))
    return tuple(
        score_parts(parsed.analysis, parsed.root_causes, (each,) * count, truncated=truncated, config=config)
        for each in parsed.suggestions
    )


def level_of(score: float, *, config: ConfidenceConfig = DEFAULT_CONFIDENCE) -> Confidence:
    """Return the level of a score: high from 0.75, medium from 0.45, else low."""
    if score >= config.high:
        return Confidence.HIGH
    return Confidence.MEDIUM if score >= config.medium else Confidence.LOW


def needs_clarification(parsed: ParsedReflection, *, config: ConfidenceConfig = DEFAULT_CONFIDENCE) -> bool:
    """Return whether a follow-up question would help.

    That is so if confidence is low, if fewer than two root causes are named, or if most suggestions are
    generic: described in under five words, or without an exact text.
    """
    return is_unclear(parsed.confidence, parsed.root_causes, parsed.suggestions, config=config)


def is_unclear(
    level: Confidence,
    root_causes: Sequence[str],
    suggestions: Sequence[Suggestion],
    *,
    config: ConfidenceConfig = DEFAULT_CONFIDENCE,
) -> bool:
    """Return whether a reflection that is not put together yet needs clarification."""
    if level is Confidence.LOW or len(root_causes) < config.few_causes:
        return True
    generic = sum(_is_generic(suggestion, config.generic_words) for suggestion in suggestions)
    return generic / max(len(suggestions), 1) > config.generic_share


def generic_suggestions(
    parsed: ParsedReflection, *, config: ConfidenceConfig = DEFAULT_CONFIDENCE
) -> tuple[Suggestion, ...]:
    """Return the suggestions without an exact text, or described in too few words."""
    return tuple(each for each in parsed.suggestions if _is_generic(each, config.generic_words))


def _is_generic(suggestion: Suggestion, words: int) -> bool:
    return suggestion.specific_text is None or len(suggestion.description.split(maxsplit=words)) < words


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
