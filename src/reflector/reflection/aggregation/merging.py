"""Several lists of suggestions as one, each suggestion said once and with where it came from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil

from reflector._json import Value
from reflector.reflection.aggregation.likeness import DEFAULT_LIKENESS, Likeness, Wording, digest_of
from reflector.reflection.models import Suggestion

__all__ = ["Grouping", "MergedSuggestion", "fullest", "merge_suggestions"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Suggestions by key, and which of them are one: the connected parts of the relation "says the same".

    The parts depend only on the set of suggestions, not on their order, and not on how many at a time they came.

    Guarantee: no pair that says the same is missed. Two texts that share enough words share one of their rarer ones
    (prefix filtering), and an index of those words finds the pairs that are compared. What it costs is the number of
    pairs with a rarer word in common: twice as many suggestions take two to three times as long. Only if all consist
    of the same few words is each compared with each.
    """

    wordings: Mapping[str, Wording]
    leaders: Mapping[str, str]
    """Key -> the smallest key of its group."""
    config: Likeness = DEFAULT_LIKENESS

    @classmethod
    def of(cls, wordings: Mapping[str, Wording], config: Likeness = DEFAULT_LIKENESS) -> Grouping:
        """Return the groups of `wordings`."""
        return cls({}, {}, config).extended(wordings)

    def extended(self, new: Mapping[str, Wording]) -> Grouping:
        """Return the groups of these suggestions and `new` ones; only pairs with a new one are compared."""
        fresh = {key: new[key] for key in sorted(new) if key not in self.wordings}
        if not fresh:
            return self
        wordings = {**self.wordings, **fresh}
        leaders = dict(self.leaders)
        index = _Index(wordings.values(), self.config.min_shared_words)
        for key, wording in self.wordings.items():
            index.enter(key, wording)
        for key, wording in fresh.items():
            leaders[key] = key
            for other in index.like(wording):
                one, two = _leader(leaders, key), _leader(leaders, other)
                if one != two and wording.says_the_same(wordings[other], self.config):
                    leaders[max(one, two)] = min(one, two)
            index.enter(key, wording)
        return Grouping(wordings, {key: _leader(leaders, key) for key in leaders}, self.config)

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the keys of each group, sorted; the groups sorted by their smallest key."""
        found: dict[str, list[str]] = {}
        for key in sorted(self.leaders):
            found.setdefault(self.leaders[key], []).append(key)
        return tuple(tuple(keys) for keys in found.values())


class _Index:
    """Which suggestions hold a word among their rarer ones; those of another mark do not count."""

    def __init__(self, wordings: Iterable[Wording], share: float) -> None:
        uses = Counter(chain.from_iterable(wording.stems for wording in wordings))
        self._ranks = {stem: n for n, stem in enumerate(sorted(uses, key=lambda stem: (uses[stem], stem)))}
        self._half = share / 2
        self._holders: defaultdict[tuple[object, str], list[int]] = defaultdict(list)
        self._entered: list[tuple[str, frozenset[str]]] = []
        self._lasts: list[int] = []
        self._halves: list[float] = []
        self._bounds: list[float] = []

    def enter(self, key: str, wording: Wording) -> None:
        """Let later calls of `like` find `wording`."""
        rare, last = self._rare(wording)
        for stem in rare:
            self._holders[wording.mark, stem].append(len(self._entered))
        self._entered.append((key, wording.stems))
        self._lasts.append(last)
        self._halves.append(self._half * len(wording.stems))
        self._bounds.append(self._half * len(wording.stems) - (len(wording.stems) - len(rare)))

    def like(self, wording: Wording) -> list[str]:
        """Return the keys whose words have at least the Dice coefficient asked for with those of `wording`."""
        rare, last = self._rare(wording)
        counts = Counter(chain.from_iterable(self._holders.get((wording.mark, stem), ()) for stem in rare))
        own, halves, bounds, lasts = wording.stems, self._halves, self._bounds, self._lasts
        half = self._half * len(own)
        bound = half - (len(own) - len(rare))
        # Words that are shared and not counted are usual words of the one whose rare words end first.
        close = [
            n for n, count in counts.items()
            if count >= (bound + halves[n] if last <= lasts[n] else half + bounds[n])
        ]  # fmt: skip
        pairs = ((n, *self._entered[n]) for n in close)
        return [key for n, key, stems in pairs if len(own & stems) >= half + halves[n]]

    def _rare(self, wording: Wording) -> tuple[list[str], int]:
        """Return all but one less of the words than must be shared, the rarest first, and the rank of the last."""
        stems = sorted(wording.stems, key=self._ranks.__getitem__)
        # 2·shared ≥ share·(a + b) and b ≥ shared: shared ≥ half/(1 - half)·a.
        needed = max(1, ceil(self._half / (1 - self._half) * len(stems) - 1e-9))
        rare = stems[: len(stems) - needed + 1]
        return rare, self._ranks[rare[-1]] if rare else -1


def _leader(leaders: dict[str, str], key: str) -> str:
    while (leader := leaders[key]) != key:
        leaders[key] = leaders[leader]
        key = leader
    return key


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
    return suggestion.priority.rank, not suggestion.specific_text
