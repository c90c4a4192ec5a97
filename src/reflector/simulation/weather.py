"""What a network and a real model add: latency, refusals, and answers that are not quite what was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reflector._json import dumps
from reflector.errors import ConfigurationError
from reflector.simulation.draws import normal, pick, uniform

__all__ = ["MALFORMATIONS", "Faults", "Latency", "malformed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long calls take: log-normal, with a few that take much longer."""

    median: float = 0.04
    """Seconds."""
    sigma: float = 0.5
    tail: float = 0.01
    """Share of calls that take `tail_factor` times as long."""
    tail_factor: float = 10.0
    per_output_token: float = 0.0002
    """Seconds more for every token of the answer."""

    def __post_init__(self) -> None:
        figures = (self.median, self.sigma, self.tail, self.tail_factor, self.per_output_token)
        if not all(figure >= 0 for figure in figures):
            raise ConfigurationError(f"the figures of a latency are at least 0; got {self!r}.")

    def draw(self, output_tokens: int, *names: object) -> float:
        """Return the seconds of one call."""
        seconds = self.median * math.exp(self.sigma * normal(*names, "latency"))
        slow = self.tail_factor if uniform(*names, "tail") < self.tail else 1.0
        return seconds * slow + self.per_output_token * output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares of calls that go wrong. They are drawn anew for every attempt, so that trying again can help."""

    rate_limited: float = 0.0
    """429, with the wait in `retry_after`."""
    server_error: float = 0.0
    reset: float = 0.0
    """The connection breaks."""
    malformed: float = 0.0
    """Answers of the reflection model that are cut, wrapped, misquoted or refused."""
    retry_after: float = 0.05

    def __post_init__(self) -> None:
        shares = (self.rate_limited, self.server_error, self.reset, self.malformed)
        if (
            not all(share >= 0 for share in (*shares, self.retry_after))
            or sum(shares[:3]) > 1
            or self.malformed > 1
        ):
            raise ConfigurationError(f"faults are shares of calls, in sum at most 1; got {self!r}.")

    def draw(self, *names: object) -> str | None:
        """Return `rate_limited`, `server_error`, `reset` or None for one call."""
        draw = uniform(*names, "fault")
        for name in ("rate_limited", "server_error", "reset"):
            draw -= getattr(self, name)
            if draw < 0:
                return name
        return None


def _cut(text: str) -> str:
    return text[: max(1, len(text) * 6 // 10)]


MALFORMATIONS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "cut": _cut,
        "unclosed": lambda text: text.rstrip().rstrip("`]}").rstrip() or "{",
        "prose": lambda text: f"Sure! Here is my analysis:\n\n{text}\n\nI hope this helps.",
        "trailing_commas": lambda text: text.replace("\n  ]", ",\n  ]").replace("\n}", ",\n}"),
        "single_quotes": lambda text: text.replace('"', "'"),
        "smart_quotes": lambda text: text.replace('"', "”"),
        "thoughts": lambda text: f"<think>The user wants {{ an answer. Let me see.</think>\n{text}",
        "encoded_twice": lambda text: dumps(text).decode(),
        "refusal": lambda text: "I'm sorry, but I can't help with that request.",
        "empty": lambda text: "",
    }
)
"""Ways in which an answer can be spoiled."""


def malformed(text: str, *names: object) -> tuple[str, str]:
    """Return a text spoiled in one of the ways, and the reason for which the model says that it stopped."""
    way = pick(tuple(MALFORMATIONS), *names, "way")
    return MALFORMATIONS[way](text), "length" if way == "cut" else "stop"
