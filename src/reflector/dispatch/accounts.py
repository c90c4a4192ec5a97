"""What was used, by role, model and provider: the lines of a ledger."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from pydantic import Field

from reflector._json import Value
from reflector._text import as_seconds, columns
from reflector.usage import Usage

__all__ = ["Account", "Latencies", "LedgerLine", "table_of"]

_NOTHING = Usage()
_GROWTH = math.log(1.05)
"""Neighbouring classes of latency are 5 % apart: an hour and a microsecond are 450 classes apart."""


class Latencies:
    """How long calls took, in a few hundred counters however many there were.

    >>> latencies = Latencies()
    >>> for number in range(1, 1001):
    ...     latencies.add(number / 1000)
    >>> round(latencies.quantile(0.5), 1), round(latencies.quantile(0.95), 1)
    (0.5, 0.9)
    """

    def __init__(self) -> None:
        self._classes: defaultdict[int, int] = defaultdict(int)
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._classes[math.floor(math.log(max(seconds, 1e-6)) / _GROWTH)] += 1
        self.longest = max(self.longest, seconds)

    def merge(self, other: Latencies) -> None:
        """Count all of another."""
        for number, count in other._classes.items():
            self._classes[number] += count
        self.longest = max(self.longest, other.longest)

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which that share of all calls was over, 2.5 % more or less; None without any."""
        left = math.ceil(share * sum(self._classes.values()))
        for number in sorted(self._classes):
            left -= self._classes[number]
            if left <= 0:
                return min(self.longest, math.exp((number + 0.5) * _GROWTH))
        return None


class LedgerLine(Value):
    """What one role used of one model. None is a figure that nobody knows; it is not zero."""

    role: str
    """`task`, `reflection`, `judge` or whatever the request said."""
    model: str
    provider: str
    calls: int = 0
    """Questions, however many requests each took."""
    hits: int = 0
    """Questions answered from a store, for nothing; they are no calls."""
    attempts: int = 0
    """Requests that were sent."""
    failures: dict[str, int] = Field(default_factory=dict)
    """Requests that failed, by the class of the error; `cancelled` for those that the caller gave up."""
    usage: Usage = Usage()
    """Tokens, requests and dollars that are known."""
    unpriced: int = 0
    """Answers whose price is not known."""
    unreported: int = 0
    """Answers whose tokens the provider did not say."""
    uncertain: int = 0
    """Requests that broke off and may have to be paid all the same."""
    uncertain_usd: float = 0.0
    """What they cost at most, as far as prices are known. The budget counts it."""
    latency_p50: float | None = None
    """Seconds from a request to its answer: half of the answers took no longer."""
    latency_p95: float | None = None
    latency_max: float | None = None

    @property
    def retries(self) -> int:
        """Requests beyond the first one of each call."""
        return self.attempts - self.calls


class Account:
    """A line that is being written."""

    __slots__ = (
        "calls", "cost", "failures", "hits", "key", "latencies", "tokens", "uncertain", "uncertain_cost", "unpriced",
        "unreported",
    )  # fmt: skip

    def __init__(self, key: tuple[str, str, str]) -> None:
        self.key = key
        self.calls = self.hits = self.unpriced = self.unreported = self.uncertain = self.uncertain_cost = 0
        self.cost: int | None = None
        self.failures: defaultdict[str, int] = defaultdict(int)
        self.latencies = Latencies()
        self.tokens = _NOTHING

    def add(
        self,
        usage: Usage,
        cost: int | None,
        seconds: float | None,
        failure: Exception | str | None,
        *,
        is_first: bool,
    ) -> None:
        """Count one request: its cost in the ledger's unit, or None where it is not known."""
        self.calls += is_first
        self.tokens = usage if self.tokens is _NOTHING else self.tokens + usage
        if cost is not None:
            self.cost = (self.cost or 0) + cost
        self.unpriced += cost is None and (failure is None or usage.total_tokens is not None)
        if failure is not None:
            self.failures[failure if isinstance(failure, str) else type(failure).__name__] += 1
            return
        self.unreported += usage.total_tokens is None
        if seconds is not None:
            self.latencies.add(seconds)

    def merge(self, other: Account) -> None:
        """Add another one."""
        for name in ("calls", "hits", "unpriced", "unreported", "uncertain", "uncertain_cost"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.cost is not None:
            self.cost = (self.cost or 0) + other.cost
        for name, count in other.failures.items():
            self.failures[name] += count
        self.latencies.merge(other.latencies)
        self.tokens += other.tokens

    def line(self, unit: float) -> LedgerLine:
        """Return it as a value; `unit` of its cost are a dollar."""
        role, model, provider = self.key
        cost = None if self.cost is None else self.cost / unit
        return LedgerLine(
            role=role,
            model=model,
            provider=provider,
            calls=self.calls,
            hits=self.hits,
            attempts=self.tokens.calls,
            failures=dict(sorted(self.failures.items())),
            usage=self.tokens.replace(cost_usd=cost),
            unpriced=self.unpriced,
            unreported=self.unreported,
            uncertain=self.uncertain,
            uncertain_usd=self.uncertain_cost / unit,
            latency_p50=self.latencies.quantile(0.5),
            latency_p95=self.latencies.quantile(0.95),
            latency_max=self.latencies.longest or None,
        )


_COLUMNS = (
    "role", "model", "provider", "calls", "hits", "sent", "failed", "input", "cached", "output", "reasoning", "USD",
    "p50 s", "p95 s",
)  # fmt: skip


def table_of(lines: Sequence[LedgerLine], names: Sequence[str] = _COLUMNS[:3]) -> str:
    """Return lines as a table in plain text; `?` is a figure that nobody knows."""
    return columns([(*names, *_COLUMNS[3:]), *(_cells(line) for line in lines)], left=3)


def _cells(line: LedgerLine) -> tuple[str, ...]:
    usage = line.usage
    counts = (usage.input_tokens, usage.cached_tokens, usage.output_tokens, usage.reasoning_tokens)
    return (
        line.role,
        line.model,
        line.provider,
        f"{line.calls:,}",
        f"{line.hits:,}",
        f"{line.attempts:,}",
        f"{sum(line.failures.values()):,}",
        *("?" if count is None else f"{count:,}" for count in counts),
        _dollars(line),
        *("?" if each is None else as_seconds(each) for each in (line.latency_p50, line.latency_p95)),
    )


def _dollars(line: LedgerLine) -> str:
    known = line.usage.cost_usd
    if known is None:
        shown = "?" if line.unpriced or line.uncertain else "0"
    else:
        shown = f"{known:.4f}" + (f" + {line.unpriced:,} ?" if line.unpriced else "")
    return shown + (f" (+ {line.uncertain_usd:.4f} at most)" if line.uncertain_usd else "")
