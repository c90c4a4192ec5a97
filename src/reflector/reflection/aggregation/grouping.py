"""Suggestions that say the same, found without comparing each with each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil

from reflector.reflection.aggregation.likeness import DEFAULT_LIKENESS, Likeness, Wording

__all__ = ["Grouping"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Suggestions by key, and which of them are one: the connected parts of the relation "says the same".

    The parts depend only on the set of suggestions, not on their order, and not on how many at a time they came.

    Guarantee: no pair that says the same is missed. Two texts that share enough words share one of their rarer ones
    (prefix filtering), and an index of those words finds the pairs that are compared. Time grows nearly linearly for
    texts of a natural vocabulary, and with the square only if all suggestions consist of the same few words.
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
        self._half = share / 2
        self._uses = Counter(chain.from_iterable(wording.stems for wording in wordings))
        self._holders: defaultdict[tuple[object, str], list[str]] = defaultdict(list)
        self._entries: dict[str, tuple[frozenset[str], int, int]] = {}

    def enter(self, key: str, wording: Wording) -> None:
        """Let later calls of `like` find `wording`."""
        for place in self._places(wording):
            self._holders[place].append(key)
        self._entries[key] = wording.stems, len(wording.stems), self._needed(len(wording.stems)) - 1

    def like(self, wording: Wording) -> list[str]:
        """Return the keys whose words have at least the Dice coefficient asked for with those of `wording`."""
        lists = (self._holders.get(place, ()) for place in self._places(wording))
        own, size, found = wording.stems, len(wording.stems), []
        half, entries, rest = self._half, self._entries, self._needed(size) - 1
        for key, count in Counter(chain.from_iterable(lists)).items():
            stems, their_size, their_rest = entries[key]
            least = half * (size + their_size)
            # Shared words that were not counted are among the `rest` usual words of one of the two.
            if count + (rest if rest > their_rest else their_rest) >= least and len(own & stems) >= least:
                found.append(key)
        return found

    def _places(self, wording: Wording) -> list[tuple[object, str]]:
        """Return the rarer words: all but one less than must be shared. In one order, two such lists overlap."""
        stems = sorted(wording.stems, key=lambda stem: (self._uses[stem], stem))
        return [(wording.mark, stem) for stem in stems[: len(stems) - self._needed(len(stems)) + 1]]

    def _needed(self, size: int) -> int:
        # 2·shared ≥ share·(a + b) and b ≥ shared: shared ≥ half/(1 - half)·a.
        return max(1, ceil(self._half / (1 - self._half) * size - 1e-9))


def _leader(leaders: dict[str, str], key: str) -> str:
    while (leader := leaders[key]) != key:
        leaders[key] = leaders[leader]
        key = leader
    return key
