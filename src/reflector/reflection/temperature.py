"""How freely the next answer may be chosen: more so after one that was weak or the same again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reflector.errors import ConfigurationError
from reflector.reflection.models import Confidence, ParsedReflection

__all__ = ["TemperatureRange", "next_temperature", "temperature_after"]


@dataclass(frozen=True, slots=True)
class TemperatureRange:
    """Where a temperature begins, how it rises, and where that ends."""

    base: float = 0.3
    """As in Jido's GEPA."""
    step: float = 0.2
    highest: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.base <= self.highest < float("inf") and self.step >= 0):
            raise ConfigurationError(f"temperatures are 0 <= base <= highest and step >= 0; got {self!r}.")


def next_temperature(
    current: float | None,
    bounds: TemperatureRange,
    *,
    confidence: Confidence | None = None,
    is_repeated: bool = False,
) -> float:
    """Return the temperature of the next question, within the bounds.

    Args:
        current: That of the last one; None before the first.
        bounds: Base, step and highest.
        confidence: Of the last reflection; None if its answer could not be used at all.
        is_repeated: Whether it said what one before had said.

    >>> bounds = TemperatureRange(base=0.3, step=0.25, highest=1.0)
    >>> next_temperature(0.3, bounds, confidence=Confidence.LOW)
    0.55
    >>> next_temperature(0.9, bounds, confidence=Confidence.HIGH, is_repeated=True)
    1.0
    >>> next_temperature(0.9, bounds, confidence=Confidence.MEDIUM)
    0.3
    """
    if current is None or (confidence in (Confidence.HIGH, Confidence.MEDIUM) and not is_repeated):
        return bounds.base
    return min(max(round(current + bounds.step, 9), bounds.base), bounds.highest)


def temperature_after(said: Iterable[ParsedReflection], bounds: TemperatureRange) -> float:
    """Return the temperature of the next turn of a conversation in which this was said so far."""
    temperature = next_temperature(None, bounds)
    known: set[str] = set()
    for reflection in said:
        is_repeated = reflection.id in known
        known.add(reflection.id)
        temperature = next_temperature(
            temperature, bounds, confidence=reflection.confidence, is_repeated=is_repeated
        )
    return temperature
