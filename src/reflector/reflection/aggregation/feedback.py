"""Feedback of many runs: a value that grows by one reflection, or by another feedback, at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from math import isfinite
from typing import Any

from pydantic import Field

from reflector._clock import aware
from reflector._json import Document
from reflector._text import shorten
from reflector.errors import InputError
from reflector.reflection.aggregation.likeness import Wording, digest_of
from reflector.reflection.aggregation.merging import Grouping
from reflector.reflection.aggregation.patterns import (
    FailurePattern,
    SuggestionPattern,
    failure_patterns,
    suggestion_patterns,
)
from reflector.reflection.aggregation.weighting import (
    AggregationConfig,
    CollectedSuggestion,
    FeedbackSource,
    WeightedSuggestion,
    weigh,
)
from reflector.reflection.models import Origin, ParsedReflection, Suggestion

__all__ = ["Feedback", "aggregate"]


class Feedback(Document):
    """What many runs say about a prompt.

    A set of sources and a set of suggestions with the sources that said them; everything else follows from these. So
    it does not matter in which order reflections are added, nor whether one by one, all at once, or in parts that are
    merged: the same reflections give the same feedback, byte for byte. A source that is added twice counts once.
    """

    config: AggregationConfig = AggregationConfig()
    sources: dict[str, FeedbackSource] = Field(default_factory=dict)
    """By name: the id of the run, or `#3` for the third of those that have none."""
    collected: dict[str, CollectedSuggestion] = Field(default_factory=dict)
    """By key: the suggestions before those that say the same are joined."""

    def add(
        self,
        reflection: ParsedReflection | Suggestion,
        *,
        source: str | None = None,
        at: datetime | None = None,
        impacts: Mapping[int, float] | None = None,
    ) -> Feedback:
        """Return this feedback and one more reflection. Only its own suggestions are compared with the others.

        Args:
            reflection: A reflection, or a single suggestion.
            source: The run it is about; None takes the run that the reflection names, else numbers it.
            at: When it was made; None takes the time of the run, if the reflection knows it.
            impacts: Position of a suggestion -> impact of the edit that followed from it, in [0, 1]; None takes those
                of the reflection's own edits.

        Raises:
            InputError: If it is neither, or an impact is no number in [0, 1].
        """
        return self._with([(reflection, source, at, impacts)])

    def merge(self, other: Feedback) -> Feedback:
        """Return both feedbacks as one. Commutative, associative and idempotent.

        Raises:
            InputError: If they are configured differently, or both hold sources without a name of their own, which
                cannot be told apart.
        """
        if not isinstance(other, Feedback):
            raise InputError(f"expected a Feedback to merge with; got {type(other).__name__}.")
        if self.config != other.config:
            raise InputError("feedback can only be merged with feedback of the same config.")
        both = sorted(name for name in self.sources.keys() & other.sources.keys() if name.startswith("#"))
        if both and self != other:
            raise InputError(
                f"both feedbacks hold sources without a name ({', '.join(both[:3])}…); say which runs they are "
                "with source= or sources= before they are merged."
            )
        return self._joined(other.sources, other.collected)

    def _with(self, items: Iterable[tuple[Any, str | None, datetime | None, Any]]) -> Feedback:
        sources: dict[str, FeedbackSource] = {}
        collected: dict[str, CollectedSuggestion] = {}
        unnamed = sum(name.startswith("#") for name in self.sources)
        for item, name, at, impacts in items:
            reflection = _reflection(item)
            origin = reflection.origin() if name is None else Origin()
            if name is None and not origin.sources:
                unnamed += 1
                name = f"#{unnamed}"
            names = origin.sources if name is None else (name,)
            for each, source in _sources(reflection, names, origin, at).items():
                _put(sources, each, source)
            known = _checked(reflection.origin().impacts if impacts is None else impacts)
            for index, suggestion in enumerate(reflection.suggestions):
                said_by = dict.fromkeys(_at(origin.suggestion_sources, index, names), known.get(index))
                said = CollectedSuggestion(suggestion=suggestion, sources=said_by)
                _put(collected, digest_of(suggestion), said)
        return self._joined(sources, collected)

    def _joined(
        self, sources: Mapping[str, FeedbackSource], collected: Mapping[str, CollectedSuggestion]
    ) -> Feedback:
        joined = type(self)(
            config=self.config,
            sources=_union(self.sources, sources),
            collected=_union(self.collected, collected),
        )
        if "_grouping" in self.__dict__:
            joined.__dict__["_grouping"] = self._grouping.extended(_wordings(collected))
        return joined

    @cached_property
    def _grouping(self) -> Grouping:
        return Grouping.of(_wordings(self.collected), self.config.likeness)

    @cached_property
    def suggestions(self) -> tuple[WeightedSuggestion, ...]:
        """The suggestions, each once, the heaviest first; recency is seen from the latest source."""
        return self.weighted()

    def weighted(self, *, now: datetime | None = None) -> tuple[WeightedSuggestion, ...]:
        """Return the suggestions, each once, the heaviest first, with their recency as of `now`."""
        times = [each.last_seen for each in self.sources.values() if each.last_seen is not None]
        now = max(times, default=None) if now is None else aware(now)
        weighted = [
            weigh({key: self.collected[key] for key in group}, self.sources, now=now, config=self.config)
            for group in self._grouping.groups()
        ]
        return tuple(sorted(weighted, key=lambda each: (-each.weight, each.wordings)))

    @cached_property
    def failure_patterns(self) -> tuple[FailurePattern, ...]:
        """The root causes that recur more often than chance explains, the most frequent first."""
        return failure_patterns(self.sources, self.suggestions, self.config)

    @cached_property
    def suggestion_patterns(self) -> tuple[SuggestionPattern, ...]:
        """The themes of suggestions that recur, those with the highest impact first."""
        return suggestion_patterns(self.suggestions, len(self.sources), self.config)

    @property
    def total(self) -> int:
        """How many sources there are."""
        return len(self.sources)

    @property
    def deduplication_rate(self) -> float:
        """The share of mentions that said again what another one said."""
        mentions = sum(len(each.sources) for each in self.collected.values())
        return 1 - len(self.suggestions) / mentions if mentions else 0.0

    @property
    def pattern_coverage(self) -> float:
        """The share of sources with at least one of the failure patterns."""
        covered = {name for pattern in self.failure_patterns for name in pattern.sources}
        return len(covered) / len(self.sources) if self.sources else 0.0


def aggregate(
    reflections: Iterable[ParsedReflection | Suggestion],
    *,
    sources: Sequence[str] | None = None,
    impacts: Sequence[Mapping[int, float]] | None = None,
    config: AggregationConfig | None = None,
) -> Feedback:
    """Return what many reflections say together: suggestions by weight, with their sources, and what recurs.

    The same as adding them one by one to an empty `Feedback`.

    Args:
        reflections: Reflections of single runs, or suggestions, each of which counts as a run of its own.
        sources: The run behind each; None takes what the reflections know. The same run counts once.
        impacts: For each reflection, position of a suggestion -> impact of its edit; None takes what they know.
        config: Weights and thresholds.

    Raises:
        InputError: If something is no reflection, or the lists differ in length.
    """
    if isinstance(reflections, ParsedReflection | Suggestion | str | Mapping):
        raise InputError(f"expected a list of reflections; got a single {type(reflections).__name__}.")
    items = list(reflections)
    for name, values in (("sources", sources), ("impacts", impacts)):
        if values is not None and len(values) != len(items):
            raise InputError(
                f"{name} holds {len(values)} entries for {len(items)} reflections; give one for each."
            )
    names: Sequence[str | None] = [None] * len(items) if sources is None else sources
    known: Sequence[Mapping[int, float] | None] = [None] * len(items) if impacts is None else impacts
    return Feedback(config=config or AggregationConfig())._with(
        (item, name, None, numbers) for item, name, numbers in zip(items, names, known, strict=True)
    )


def _reflection(item: Any) -> ParsedReflection:
    if isinstance(item, ParsedReflection):
        return item
    if isinstance(item, Suggestion):
        return ParsedReflection(analysis="", suggestions=(item,))
    raise InputError(
        f"expected a reflection or a suggestion; got {type(item).__name__} {shorten(repr(item), 80)}."
    )


def _sources(
    reflection: ParsedReflection, names: Sequence[str], origin: Origin, at: datetime | None
) -> dict[str, FeedbackSource]:
    moment = at or origin.at
    seen = None if moment is None else aware(moment)
    causes: dict[str, set[str]] = {name: set() for name in names}
    for index, cause in enumerate(reflection.root_causes):
        if cause.strip():
            for name in _at(origin.cause_sources, index, names):
                causes[name].add(cause)
    return {
        name: FeedbackSource(
            confidence=reflection.confidence, root_causes=tuple(sorted(said)), first_seen=seen, last_seen=seen
        )
        for name, said in causes.items()
    }


def _at(known: Sequence[Sequence[str]], index: int, names: Sequence[str]) -> Sequence[str]:
    """Return the runs that a part rests on; where that is not known, the one that the reflection is mainly about."""
    said_by = [name for name in known[index] if name in names] if index < len(known) else ()
    return said_by or names[:1]


def _checked(impacts: Mapping[int, float]) -> Mapping[int, float]:
    for index, impact in impacts.items():
        if not (isinstance(impact, int | float) and isfinite(impact) and 0 <= impact <= 1):
            raise InputError(f"an impact is a number in [0, 1]; that of suggestion {index} is {impact!r}.")
    return impacts


def _put(into: dict[str, Any], key: str, value: Any) -> None:
    into[key] = into[key].joined(value) if key in into else value


def _union(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    united = dict(one)
    for key, value in two.items():
        _put(united, key, value)
    return united


def _wordings(collected: Mapping[str, CollectedSuggestion]) -> dict[str, Wording]:
    return {key: Wording.of(each.suggestion) for key, each in collected.items()}
