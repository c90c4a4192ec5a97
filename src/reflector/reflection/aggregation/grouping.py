"""Suggestions that say the same, found without comparing each with each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from reflector.reflection.aggregation.likeness import DEFAULT_LIKENESS, Likeness, Wording

__all__ = ["Grouping"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """Suggestions by key, and which of them are one: the connected parts of the relation "says the same".

    The parts depend only on the set of suggestions, not on their order, and not on how many at a time they came.

    Guarantee: no pair that says the same is missed. Only those are compared that share as many words as that takes,
    which a count over an index of words finds. Time grows nearly linearly for texts of a natural vocabulary, and with
    the square only if all suggestions consist of the same few words.
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
        index = _Index(self.config.min_shared_words)
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
    """Which suggestions hold a word; those of another mark do not count."""

    def __init__(self, share: float) -> None:
        self._half = share / 2 - 1e-9
        self._keys: list[str] = []
        self._sizes: list[int] = []
        self._holders: defaultdict[tuple[object, str], list[int]] = defaultdict(list)

    def enter(self, key: str, wording: Wording) -> None:
        for stem in wording.stems:
            self._holders[wording.mark, stem].append(len(self._keys))
        self._keys.append(key)
        self._sizes.append(len(wording.stems))

    def like(self, wording: Wording) -> list[str]:
        """Return the keys whose words have at least the Dice coefficient asked for with those of `wording`."""
        lists = (self._holders.get((wording.mark, stem), ()) for stem in wording.stems)
        counts = Counter(chain.from_iterable(lists))
        least, half, sizes, keys = self._half * len(wording.stems), self._half, self._sizes, self._keys
        return [keys[number] for number, count in counts.items() if count >= least + half * sizes[number]]


def _leader(leaders: dict[str, str], key: str) -> str:
    while (leader := leaders[key]) != key:
        leaders[key] = leaders[leader]
        key = leader
    return key
