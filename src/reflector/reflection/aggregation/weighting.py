"""How much a suggestion weighs that several runs brought up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import fsum
from typing import Self

from pydantic import Field, model_validator

from reflector._json import Value, dumps
from reflector.reflection.aggregation.likeness import Likeness
from reflector.reflection.aggregation.merging import fullest
from reflector.reflection.models import Confidence, Suggestion

__all__ = [
    "AggregationConfig",
    "CollectedSuggestion",
    "FeedbackSource",
    "FeedbackWeights",
    "WeightLevel",
    "WeightedSuggestion",
    "weigh",
]

_LEVELS = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


class FeedbackSource(Value):
    """One run, or one reflection whose run is not known."""

    confidence: Confidence = Confidence.MEDIUM
    """Of several reflections on the run, the highest."""
    root_causes: tuple[str, ...] = ()
    """Each once, in alphabetical order."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None

    def joined(self, other: FeedbackSource) -> FeedbackSource:
        """Return both as one. Joining is commutative, associative and idempotent."""
        return FeedbackSource(
            confidence=max(self.confidence, other.confidence, key=_LEVELS.index),
            root_causes=tuple(sorted({*self.root_causes, *other.root_causes})),
            first_seen=min(_known(self.first_seen, other.first_seen), default=None),
            last_seen=max(_known(self.last_seen, other.last_seen), default=None),
        )


class CollectedSuggestion(Value):
    """A suggestion, and who said it."""

    suggestion: Suggestion
    """The fullest wording of those that differ only in what the key leaves out."""
    sources: dict[str, float | None]
    """Name of the source -> impact of the edit that followed from it, in [0, 1]; None where it is not known."""

    def joined(self, other: CollectedSuggestion) -> CollectedSuggestion:
        """Return both as one. Joining is commutative, associative and idempotent."""
        sources = dict(self.sources)
        for name, impact in other.sources.items():
            known = sources.get(name)
            sources[name] = impact if known is None else known if impact is None else max(known, impact)
        said = min(self.suggestion, other.suggestion, key=_order)
        return CollectedSuggestion(suggestion=said, sources=sources)


def _known(*moments: datetime | None) -> Iterable[datetime]:
    return [moment for moment in moments if moment is not None]


def _order(suggestion: Suggestion) -> tuple[int, bool, bytes]:
    return *fullest(suggestion), dumps(suggestion.model_dump(mode="json"), sort_keys=True)


_PROVENANCE = {Confidence.HIGH: 1.0, Confidence.MEDIUM: 0.6, Confidence.LOW: 0.3}
_RECENCY = ((1, 1.0), (24, 0.8), (48, 0.6), (168, 0.4))
"""Seen less than so many hours ago -> score."""
_OLD = 0.2
_UNKNOWN = 0.5


class WeightLevel(StrEnum):
    """A weight as a word: critical from 0.85, high from 0.70, medium from 0.50, else low."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @classmethod
    def of(cls, weight: float) -> WeightLevel:
        """Return the level of a weight."""
        weight = round(weight, 9)
        if weight >= 0.85:
            return cls.CRITICAL
        return cls.HIGH if weight >= 0.70 else cls.MEDIUM if weight >= 0.50 else cls.LOW


class FeedbackWeights(Value):
    """How much each score counts; they are taken relative to their sum.

    Source:
        Weighted aggregator of Jido's GEPA.
    """

    frequency: float = Field(default=0.30, ge=0, allow_inf_nan=False)
    impact: float = Field(default=0.30, ge=0, allow_inf_nan=False)
    provenance: float = Field(default=0.25, ge=0, allow_inf_nan=False)
    recency: float = Field(default=0.15, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if not self.total > 0:
            raise ValueError("at least one weight is positive")
        return self

    @property
    def total(self) -> float:
        """Their sum."""
        return fsum((self.frequency, self.impact, self.provenance, self.recency))


class AggregationConfig(Value):
    """How feedback is put together. The defaults are those of Jido's GEPA."""

    likeness: Likeness = Likeness()
    weights: FeedbackWeights = FeedbackWeights()
    prefer_highest_impact: bool = True
    """Of several wordings, show the one with the highest impact; else the one that most sources used."""
    confidence_weighting: bool = True
    """Off: every score is 0.5 and every level medium."""
    min_frequency: float = Field(default=0.2, ge=0, le=1)
    """Patterns in a smaller share of the sources are not reported."""
    require_significance: bool = True
    """Report only failure patterns that chance does not explain (adjusted p below 0.05)."""
    base_rate: float = Field(default=0.1, gt=0, lt=1)
    """The share of runs in which a cause turns up by chance, for the test of significance."""


class WeightedSuggestion(Value):
    """A suggestion that several sources brought up, in whatever words, and how much it weighs."""

    suggestion: Suggestion
    weight: float = Field(ge=0, le=1)
    level: WeightLevel
    frequency_score: float
    impact_score: float
    recency_score: float
    provenance_score: float
    sources: tuple[str, ...]
    frequency: int
    """How many sources said it."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    wordings: tuple[str, ...] = ()
    """Keys of the suggestions that were taken for this one; its own is among them."""


def weigh(
    members: Mapping[str, CollectedSuggestion],
    sources: Mapping[str, FeedbackSource],
    *,
    now: datetime | None,
    config: AggregationConfig,
) -> WeightedSuggestion:
    """Return what one group of wordings weighs.

    Args:
        members: Key -> wording; at least one.
        sources: All sources there are; the frequency is a share of them.
        now: From when to look back; None if nothing has a time. Without a time a suggestion counts as just seen.
    """
    said_by = sorted({name for member in members.values() for name in member.sources})
    seen = [sources[name] for name in said_by]
    last = max((each.last_seen for each in seen if each.last_seen is not None), default=None)
    scores = {
        "frequency": len(said_by) / len(sources),
        "impact": _mean([impact for member in members.values() for impact in _impacts(member)]),
        "provenance": _mean([_PROVENANCE[each.confidence] for each in seen]),
        "recency": _recency(last, now),
    }
    if not config.confidence_weighting:
        scores = dict.fromkeys(scores, _UNKNOWN)
    weights = config.weights
    weight = fsum(getattr(weights, name) * score for name, score in scores.items()) / weights.total
    return WeightedSuggestion(
        suggestion=_representative(members, config),
        weight=min(max(weight, 0.0), 1.0),
        level=WeightLevel.of(weight),
        **{f"{name}_score": score for name, score in scores.items()},
        sources=tuple(said_by),
        frequency=len(said_by),
        first_seen=min((each.first_seen for each in seen if each.first_seen is not None), default=None),
        last_seen=last,
        wordings=tuple(sorted(members)),
    )


def _impacts(member: CollectedSuggestion) -> list[float]:
    return [impact for impact in member.sources.values() if impact is not None]


def _mean(values: Sequence[float]) -> float:
    # The exactly rounded sum: the order of the values, and so of the runs, does not matter.
    return fsum(values) / len(values) if values else _UNKNOWN


def _recency(last: datetime | None, now: datetime | None) -> float:
    if last is None or now is None:
        return 1.0
    return next((score for hours, score in _RECENCY if now - last < timedelta(hours=hours)), _OLD)


def _representative(members: Mapping[str, CollectedSuggestion], config: AggregationConfig) -> Suggestion:
    def rank(key: str) -> tuple[object, ...]:
        member = members[key]
        impact = -_mean(_impacts(member)) if config.prefer_highest_impact else 0.0
        return impact, -len(member.sources), *fullest(member.suggestion), key

    return members[min(members, key=rank)].suggestion
