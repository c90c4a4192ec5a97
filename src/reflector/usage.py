"""What calls to models used: tokens, calls and money."""

from __future__ import annotations

from typing import TypeVar

from reflector._json import Value

__all__ = ["Usage"]

N = TypeVar("N", int, float)


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
