"""Which candidate the next proposal starts from, and which of its components it changes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reflector.optimizer.pool import Pool

__all__ = ["BestSelector", "EpsilonGreedySelector", "ParetoSelector", "Selector", "choose_components"]


class Selector(Protocol):
    """Chooses a parent."""

    def select(self, pool: Pool, rng: random.Random) -> int:
        """Return the number of a candidate of the pool; the same for the same pool and random state."""
        ...


@dataclass(frozen=True, slots=True)
class ParetoSelector:
    """One that is best somewhere and needed there, the more often the more columns it leads.

    Source:
        GEPA (arXiv:2507.19457), Algorithm 2.
    """

    def select(self, pool: Pool, rng: random.Random) -> int:
        survivors = pool.survivors()
        return rng.choices(survivors, pool.frontier.shares(survivors))[0]


@dataclass(frozen=True, slots=True)
class BestSelector:
    """The one with the highest mean."""

    def select(self, pool: Pool, rng: random.Random) -> int:
        return pool.best


@dataclass(frozen=True, slots=True)
class EpsilonGreedySelector:
    """The one with the highest mean, and now and then any."""

    epsilon: float = 0.1

    def select(self, pool: Pool, rng: random.Random) -> int:
        return rng.randrange(len(pool)) if rng.random() < self.epsilon else pool.best


def choose_components(names: Sequence[str], turn: int, strategy: str) -> tuple[str, ...]:
    """Return the components that a proposal changes: the next in turn, or all.

    Args:
        names: All component names, in the order of the seed.
        turn: How many proposals came before.
        strategy: `round_robin` or `all`.
    """
    return tuple(names) if strategy == "all" else (names[turn % len(names)],)
