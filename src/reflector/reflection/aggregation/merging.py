"""Several lists of suggestions as one, each suggestion said once and with where it came from."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._json import Value
from reflector.reflection.aggregation.grouping import Grouping
from reflector.reflection.aggregation.likeness import DEFAULT_LIKENESS, Likeness, Wording, digest_of
from reflector.reflection.models import Priority, Suggestion

__all__ = ["MergedSuggestion", "fullest", "merge_suggestions"]

_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}


class MergedSuggestion(Value):
    """One suggestion and every place that said it."""

    suggestion: Suggestion
    """The fullest wording: high priority first, then one with an exact text."""
    parts: tuple[int, ...]
    """Indices of the lists that said it, ascending."""
    places: tuple[tuple[int, int], ...]
    """Part and position of each wording, in the order given."""

    @property
    def count(self) -> int:
        """How many lists said it."""
        return len(self.parts)


def merge_suggestions(
    parts: Sequence[Sequence[Suggestion]], *, config: Likeness = DEFAULT_LIKENESS
) -> tuple[MergedSuggestion, ...]:
    """Return the suggestions of several lists, each once: those that most lists say first, then as they came.

    Two that say the same in other words are one; those that differ in a number or a negation, or of which one removes
    what the other adds, are not. Merging what was merged changes nothing more. Nothing is lost: every position of the
    input is among the `places` of exactly one result.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    wordings: dict[str, Wording] = {}
    for part, suggestions in enumerate(parts):
        for index, suggestion in enumerate(suggestions):
            key = digest_of(suggestion)
            places.setdefault(key, []).append((part, index))
            wordings.setdefault(key, Wording.of(suggestion))
    merged = [
        _merged(parts, sorted(place for key in group for place in places[key]))
        for group in Grouping.of(wordings, config).groups()
    ]
    return tuple(sorted(merged, key=lambda each: (-each.count, each.places[0])))


def _merged(parts: Sequence[Sequence[Suggestion]], places: list[tuple[int, int]]) -> MergedSuggestion:
    said = [parts[part][index] for part, index in places]
    return MergedSuggestion(
        suggestion=min(said, key=fullest),
        parts=tuple(dict.fromkeys(part for part, _ in places)),
        places=tuple(places),
    )


def fullest(suggestion: Suggestion) -> tuple[int, bool]:
    """Return a key that is smallest for the fullest wording: high priority, then an exact text."""
    return _RANK[suggestion.priority], not suggestion.specific_text
