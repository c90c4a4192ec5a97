"""What calls to models used, what they cost, and what may be spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from reflector._json import Value
from reflector.errors import ConfigurationError

__all__ = ["Budget", "Price", "Usage"]

N = TypeVar("N", int, float)
_MOST = 1e15
"""Of tokens and dollars."""


class Usage(Value):
    """Tokens and cost of one or several model calls. None means the provider did not say: it is not zero."""

    input_tokens: int | None = None
    """Tokens of the requests, cached ones included."""
    output_tokens: int | None = None
    """Tokens of the answers, reasoning included."""
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    calls: int = 0
    """Requests that were really sent."""
    cost_usd: float | None = None

    @property
    def total_tokens(self) -> int | None:
        """Input plus output tokens, or None when neither is known."""
        return _add(self.input_tokens, self.output_tokens)

    @property
    def is_possible(self) -> bool:
        """Whether no figure is below zero, infinite, or more than anybody can use."""
        return all(figure is None or 0 <= figure <= _MOST for figure in vars(self).values())

    def __add__(self, other: Usage) -> Usage:
        """Return the sum. A figure known on one side only counts as it is."""
        return Usage(
            input_tokens=_add(self.input_tokens, other.input_tokens),
            output_tokens=_add(self.output_tokens, other.output_tokens),
            cached_tokens=_add(self.cached_tokens, other.cached_tokens),
            reasoning_tokens=_add(self.reasoning_tokens, other.reasoning_tokens),
            calls=self.calls + other.calls,
            cost_usd=_add(self.cost_usd, other.cost_usd),
        )


def _add(left: N | None, right: N | None) -> N | None:
    if left is None:
        return right
    return left if right is None else left + right


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a model's tokens cost: USD for a million of them.

    >>> Price(input=1.25, output=10).cost(Usage(input_tokens=1000, output_tokens=500))
    0.00625
    """

    input: float
    output: float
    """Reasoning included."""
    cached_input: float | None = None
    """For input tokens that the provider had in its cache; None: as for the others."""

    def __post_init__(self) -> None:
        for name in ("input", "output", "cached_input"):
            _check_amount("a price", name, getattr(self, name), is_optional=name == "cached_input")

    def cost(self, usage: Usage) -> float | None:
        """Return the USD for some tokens, or None when they are not known."""
        if usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cached_tokens or 0, usage.input_tokens) if self.cached_input is not None else 0
        dear = (usage.input_tokens - cached) * self.input + usage.output_tokens * self.output
        return (dear + cached * (self.cached_input or 0.0)) / 1e6

    def ceiling(self, input_tokens: int, output_tokens: float) -> float:
        """Return the USD that a call of so many tokens costs at most; infinite without a limit of the output."""
        per_input = max(self.input, self.cached_input or 0.0)
        return (input_tokens * per_input + (output_tokens * self.output if self.output else 0.0)) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent; None is without a limit."""

    cost_usd: float | None = None
    tokens: int | None = None
    """Input and output together."""
    calls: int | None = None
    """Requests to models, retries included."""
    rollouts: int | None = None
    seconds: float | None = None
    """From the first thing that is spent; then nothing new begins."""

    def __post_init__(self) -> None:
        for name in ("cost_usd", "seconds"):
            _check_amount("a budget", name, getattr(self, name), is_optional=True)
        for name in ("tokens", "calls", "rollouts"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
                raise ConfigurationError(f"a budget's {name} is a whole number >= 0 or None; got {value!r}.")


def _check_amount(what: str, name: str, value: object, *, is_optional: bool) -> None:
    if value is None and is_optional:
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and 0 <= value < float("inf")):  # type: ignore[operator]  # it is a number
        raise ConfigurationError(
            f"{what}'s {name} is a number >= 0{' or None' * is_optional}; got {value!r}."
        )
