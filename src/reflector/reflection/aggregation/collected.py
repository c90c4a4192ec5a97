"""What was collected: the sources, and each suggestion with the sources that said it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reflector._json import Value, dumps
from reflector.reflection.aggregation.merging import fullest
from reflector.reflection.models import Confidence, Suggestion

__all__ = ["CollectedSuggestion", "FeedbackSource"]

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
