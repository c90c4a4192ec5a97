"""How freely the next answer may be chosen: more so after one that was weak or the same again."""

from __future__ import annotations

from collections.abc import Iterable

from reflector.reflection.models import Confidence, ParsedReflection

__all__ = ["temperature_after"]

_STEP = 0.2


def temperature_after(
    said: Iterable[ParsedReflection], *, base: float, highest: float, tried: int = 0
) -> float:
    """Return the temperature of the next question, in [base, highest].

    It rises by 0.2 with each answer that was not confident, or that said what one before had said, and falls back to
    `base` with a good one.

    Args:
        said: The reflections of the conversation so far.
        base: The temperature of the first question.
        highest: Where rising ends.
        tried: How many answers since then held no reflection at all; each raises it too.

    >>> weak = ParsedReflection(analysis="It guessed.", confidence=Confidence.LOW)
    >>> temperature_after([weak], base=0.3, highest=1.0), temperature_after([], base=0.3, highest=0.6, tried=9)
    (0.5, 0.6)
    """
    temperature, known = base, set[str]()
    for reflection in said:
        is_weak = reflection.confidence is Confidence.LOW or reflection.id in known
        known.add(reflection.id)
        temperature = _raised(temperature, highest) if is_weak else base
    for _ in range(tried):
        temperature = _raised(temperature, highest)
    return temperature


def _raised(temperature: float, highest: float) -> float:
    return min(round(temperature + _STEP, 9), highest)
