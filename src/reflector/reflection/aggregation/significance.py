"""Whether something was seen more often than chance explains."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, fsum, lgamma, log

from reflector.reflection.models import Confidence

__all__ = ["adjusted", "binomial_tail", "level_of_p"]


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
