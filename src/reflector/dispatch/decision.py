"""Who gets a task, and why: the market."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._json import Value
from reflector.errors import NoProviderError, ProviderBusyError

__all__ = ["Candidate", "Decision", "choose"]


class Candidate(Value):
    """What the market knows of one provider at the moment of a decision."""

    provider: str
    price_usd: float = 0.0
    latency: float | None = None
    running: int = 0
    waiting: int = 0
    is_full: bool = False
    """Whether as many run and wait as its card allows."""
    lets_wait: bool = True
    """Whether one more may wait for room when it is full."""
    refusal: str | None = None
    """Why it was not considered; None when it was."""


class Decision(Value):
    """Which provider gets a task."""

    provider: str
    reason: str
    candidates: tuple[Candidate, ...] = ()
    """All that accept the kind, in the order they were spawned. Empty when an agent handles the request itself."""


def choose(
    kind: str,
    candidates: Sequence[Candidate],
    *,
    cost_limit: float | None = None,
    time_left: float | None = None,
) -> Decision:
    """Return the cheapest capable provider, the reason, and what was said about each.

    Those with room come before those without; of equal price, the one where fewer wait, then the quicker, then
    the one that runs less, then the one spawned first.

    Args:
        kind: Of the task.
        candidates: Those that accept the kind, in the order they were spawned.
        cost_limit: USD that the task may cost.
        time_left: Seconds until its deadline.

    Raises:
        ProviderBusyError: If room is all that is missing.
        NoProviderError: If nobody is capable for other reasons.
    """
    judged = tuple(
        candidate.replace(refusal=refusal)
        if (refusal := _refusal(candidate, cost_limit, time_left)) is not None
        else candidate
        for candidate in candidates
    )
    capable = sorted((candidate for candidate in judged if candidate.refusal is None), key=_rank)
    if not capable:
        raise _nobody(kind, judged)
    best = capable[0]
    return Decision(provider=best.provider, reason=_reason(best, capable[1:]), candidates=judged)


def _refusal(candidate: Candidate, cost_limit: float | None, time_left: float | None) -> str | None:
    if cost_limit is not None and candidate.price_usd > cost_limit:
        return f"asks ${candidate.price_usd:g} a task; the limit is ${cost_limit:g}"
    if time_left is not None and candidate.latency is not None and candidate.latency > time_left:
        return f"takes about {candidate.latency:g} s; {max(0.0, time_left):.3g} s are left"
    if candidate.is_full and not candidate.lets_wait:
        return _full(candidate)
    return None


def _full(candidate: Candidate) -> str:
    return f"is full: {candidate.running} running, {candidate.waiting} waiting"


def _rank(candidate: Candidate) -> tuple[bool, float, int, float, int]:
    return (
        candidate.is_full,
        candidate.price_usd,
        candidate.waiting,
        candidate.latency or 0.0,
        candidate.running,
    )


def _reason(best: Candidate, others: Sequence[Candidate]) -> str:
    price = f"${best.price_usd:g} a task"
    if not others:
        reason = f"the only capable provider, {price}"
    elif all(best.price_usd < other.price_usd for other in others):
        reason = f"the cheapest of {len(others) + 1} capable providers, {price}"
    elif all(best.price_usd <= other.price_usd for other in others):
        reason = f"as cheap as any of {len(others) + 1} capable providers, {price}, and the first of those to have time"
    else:
        reason = f"the cheapest that is not full, {price}"
    return f"{reason}; it {_full(best)}, so the task waits" if best.is_full else reason


def _nobody(kind: str, judged: tuple[Candidate, ...]) -> NoProviderError:
    reasons = "; ".join(f"{candidate.provider} {candidate.refusal}" for candidate in judged)
    decision = Decision(provider="", reason="nobody is capable", candidates=judged)
    message = f"no provider takes this task of kind {kind!r} now: {reasons}"
    is_room_missing = any(candidate.refusal == _full(candidate) for candidate in judged)
    error = ProviderBusyError if is_room_missing else NoProviderError
    return error(message, decision=decision)
