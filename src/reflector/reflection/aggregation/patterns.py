"""What recurs over the runs: causes of failure, and themes of suggestions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import exp, fsum, lgamma, log

from reflector._json import Value
from reflector._text import one_line
from reflector.reflection.aggregation.likeness import Wording, cause_as_suggestion, digest_of, stems_of
from reflector.reflection.aggregation.merging import Grouping
from reflector.reflection.aggregation.weighting import AggregationConfig, FeedbackSource, WeightedSuggestion
from reflector.reflection.models import Confidence, Suggestion, SuggestionCategory

__all__ = [
    "FailurePattern",
    "PatternType",
    "SuggestionPattern",
    "adjusted",
    "binomial_tail",
    "failure_patterns",
    "level_of_p",
    "suggestion_patterns",
]


def binomial_tail(seen: int, total: int, rate: float) -> float:
    """Return the probability of `seen` or more successes in `total` trials of probability `rate`.

    >>> round(binomial_tail(4, 10, 0.1), 4)
    0.0128
    """
    if seen <= 0 or rate >= 1.0:
        return 1.0
    if rate <= 0.0 or seen > total:
        return 0.0

    def log_choose(count: int) -> float:
        return lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)

    terms = (
        exp(log_choose(count) + count * log(rate) + (total - count) * log(1 - rate))
        for count in range(seen, total + 1)
    )
    return min(1.0, fsum(terms))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for their number: the expected share of false findings up to each.

    Source:
        Benjamini and Hochberg (1995), Controlling the false discovery rate.

    >>> adjusted([0.01, 0.04, 0.03, 0.5])
    [0.04, 0.05333333333333334, 0.05333333333333334, 0.5]
    """
    count, least = len(p_values), 1.0
    found = [1.0] * count
    for rank, index in enumerate(sorted(range(count), key=lambda each: -p_values[each])):
        least = min(least, p_values[index] * count / (count - rank))
        found[index] = least
    return found


def level_of_p(p_value: float) -> Confidence:
    """Return high below 0.01, medium below 0.05, else low."""
    if p_value < 0.01:
        return Confidence.HIGH
    return Confidence.MEDIUM if p_value < 0.05 else Confidence.LOW


_FIXES = 3
_FIX_OVERLAP = 0.3
_THEME_WORDS = 3


class PatternType(StrEnum):
    """What kind of failure recurs."""

    REASONING_ERROR = "reasoning_error"
    TOOL_FAILURE = "tool_failure"
    CONSTRAINT_VIOLATION = "constraint_violation"
    CLARITY_ISSUE = "clarity_issue"
    EXAMPLE_MISSING = "example_missing"
    STRUCTURE_PROBLEM = "structure_problem"


_CUES = {
    PatternType.REASONING_ERROR: ("reasoning", "logic", "think", "step"),
    PatternType.TOOL_FAILURE: ("tool", "function", "call", "api"),
    PatternType.CONSTRAINT_VIOLATION: ("constraint", "requirement", "must", "should"),
    PatternType.CLARITY_ISSUE: ("unclear", "confus", "ambig", "vague"),
    PatternType.EXAMPLE_MISSING: ("example", "demonstration", "sample"),
    PatternType.STRUCTURE_PROBLEM: ("structure", "format", "organiz"),
}


class FailurePattern(Value):
    """A cause that several runs share."""

    type: PatternType
    description: str
    """Its most usual wording."""
    frequency: float
    """The share of the sources that name it, each counted once."""
    p_value: float
    """The probability of so many sources if the cause turned up at the base rate, corrected for the causes tested."""
    confidence: Confidence
    sources: tuple[str, ...]
    root_causes: tuple[str, ...]
    """All wordings."""
    suggested_fixes: tuple[Suggestion, ...] = ()
    """The heaviest suggestions that speak of the same, at most three."""


class SuggestionPattern(Value):
    """A theme that several suggestions share: the same category and the same first words."""

    category: SuggestionCategory
    theme: str
    frequency: float
    confidence: Confidence
    suggestions: tuple[str, ...]
    """Keys of their wordings."""
    combined_rationale: str
    aggregate_impact: float


def failure_patterns(
    sources: Mapping[str, FeedbackSource],
    suggestions: Sequence[WeightedSuggestion],
    config: AggregationConfig,
) -> tuple[FailurePattern, ...]:
    """Return the causes that recur, the most frequent first.

    Each cause is tested against the base rate with an exact binomial test; the p-values are corrected for the number
    of causes.
    """
    named: defaultdict[str, Counter[str]] = defaultdict(Counter)
    holders: defaultdict[str, set[str]] = defaultdict(set)
    wordings: dict[str, Wording] = {}
    for name, source in sources.items():
        for cause in source.root_causes:
            wording = cause_as_suggestion(cause)
            key = digest_of(wording)
            named[key][cause] += 1
            holders[key].add(name)
            wordings.setdefault(key, Wording.of(wording))
    groups = Grouping.of(wordings, config.likeness).groups()
    said_by = [sorted(set().union(*(holders[key] for key in group))) for group in groups]
    counts = [len(names) for names in said_by]
    chance = {count: binomial_tail(count, len(sources), config.base_rate) for count in set(counts)}
    tails = adjusted([chance[count] for count in counts])
    patterns = [
        _failure_pattern(sum((named[key] for key in group), Counter()), names, len(sources), tail)
        for group, names, tail in zip(groups, said_by, tails, strict=True)
        if len(names) >= config.min_frequency * len(sources)
        and (not config.require_significance or level_of_p(tail) is not Confidence.LOW)
    ]
    ordered = sorted(patterns, key=lambda pattern: (-pattern.frequency, pattern.description))
    return tuple(
        pattern.replace(suggested_fixes=_fixes(pattern.root_causes, suggestions)) for pattern in ordered
    )


def _failure_pattern(
    wordings: Counter[str], names: Sequence[str], total: int, p_value: float
) -> FailurePattern:
    description = min(wordings, key=lambda each: (-wordings[each], each))
    return FailurePattern(
        type=_type_of(description),
        description=description,
        frequency=len(names) / total,
        p_value=p_value,
        confidence=level_of_p(p_value),
        sources=tuple(names),
        root_causes=tuple(sorted(wordings)),
    )


def _type_of(text: str) -> PatternType:
    said = text.lower()
    return next(
        (kind for kind, cues in _CUES.items() if any(cue in said for cue in cues)),
        PatternType.REASONING_ERROR,
    )


def _fixes(causes: Iterable[str], suggestions: Sequence[WeightedSuggestion]) -> tuple[Suggestion, ...]:
    words = frozenset().union(*map(stems_of, causes))
    found = []
    for each in suggestions:
        own = stems_of(each.suggestion.description)
        if own and len(own & words) >= _FIX_OVERLAP * min(len(own), len(words)):
            found.append(each.suggestion)
            if len(found) == _FIXES:
                break
    return tuple(found)


def suggestion_patterns(
    suggestions: Sequence[WeightedSuggestion], total: int, config: AggregationConfig
) -> tuple[SuggestionPattern, ...]:
    """Return the themes of suggestions that recur, those with the highest impact first."""
    themes: defaultdict[tuple[SuggestionCategory, str], list[WeightedSuggestion]] = defaultdict(list)
    for each in suggestions:
        words = each.suggestion.description[:400].lower().split()[:_THEME_WORDS]
        themes[each.suggestion.category, " ".join(words)].append(each)
    found = []
    for (category, theme), members in themes.items():
        count = len({name for each in members for name in each.sources})
        if count < config.min_frequency * total:
            continue
        rationales = dict.fromkeys(one_line(each.suggestion.rationale, 400) for each in members)
        found.append(
            SuggestionPattern(
                category=category,
                theme=theme,
                frequency=count / total,
                confidence=level_of_p(binomial_tail(count, total, config.base_rate)),
                suggestions=tuple(sorted(key for each in members for key in each.wordings)),
                combined_rationale=" | ".join(filter(None, rationales)),
                aggregate_impact=sum(each.impact_score for each in members) / len(members),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.aggregate_impact, each.category, each.theme)))
