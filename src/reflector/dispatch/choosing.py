"""The market's choice: who could do a task, and who of them does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, get_args

from reflector._text import as_seconds
from reflector.dispatch.decision import Candidate, Decision
from reflector.errors import ConfigurationError, NoProviderError, ProviderBusyError

__all__ = ["Policy", "check_policy", "choose"]

PolicyName = Literal["expected_cost", "price_sum", "latency", "quality", "weighted"]

Policy = PolicyName | Callable[[Candidate], float]
"""Who of the capable providers gets a task: a name, or a function; whoever it gives the lowest number is chosen.

- `expected_cost`: the cheapest, by price and by the tokens that the task is expected to take.
- `price_sum`: the lowest sum of the prices of an input and an output token, then the most requests per minute, then
  the one spawned first: solfunmeme's rule. It alone does not look at who has room.
- `latency`: the quickest, as measured, else as its card says.
- `quality`: the best, then the cheapest.
- `weighted`: the lowest sum of cost and latency, each as a share of the highest, and of what it lacks in quality; a
  figure that nobody knows counts as a half.
"""


def check_policy(policy: Policy) -> None:
    """Check that there is such a policy.

    Raises:
        ConfigurationError: If there is none.
    """
    _rule(policy)


def choose(
    kind: str,
    candidates: Sequence[Candidate],
    *,
    cost_limit: float | None = None,
    time_left: float | None = None,
    tokens: int = 0,
    policy: Policy = "expected_cost",
) -> Decision:
    """Return the provider that is best under a policy, the reason, and what was said about each.

    Those with room come before those without; those that are equally good are ordered by what they are expected to
    cost, then by their quality (0.5 where nobody says), by how many wait, how quick they are and how much they run,
    then as they were spawned.

    Args:
        kind: Of the task.
        candidates: Those that accept the kind, in the order they were spawned.
        cost_limit: USD that the task may cost.
        time_left: Seconds until its deadline.
        tokens: That it is expected to take, its output included.
        policy: Who of the capable ones.

    Raises:
        ProviderBusyError: If somebody may be capable later.
        NoProviderError: If nobody is capable for other reasons.
        ConfigurationError: If there is no such policy, or it gives no number.
    """
    judged = tuple([_judged(candidate, cost_limit, time_left, tokens) for candidate in candidates])
    capable = [candidate for candidate in judged if candidate.refusal is None]
    if not capable:
        raise _nobody(kind, judged)
    best, reason = _best(capable, policy)
    if not best.has_room:
        reason += f"; it {_full(best)}, so the task waits"
    return Decision(provider=best.provider, reason=reason, candidates=judged)


# --- hard filters ---


def _judged(
    candidate: Candidate, cost_limit: float | None, time_left: float | None, tokens: int
) -> Candidate:
    if candidate.refusal is not None:
        return candidate
    refusal = _refusal(candidate, cost_limit, time_left, tokens)
    return candidate if refusal is None else candidate.model_copy(update=refusal._asdict())


class _Refusal(NamedTuple):
    refusal: str
    is_refused_for_now: bool = False
    retry_after: float | None = None


def _refusal(
    candidate: Candidate, cost_limit: float | None, time_left: float | None, tokens: int
) -> _Refusal | None:
    cost, left = candidate.expected_cost, candidate.credits
    if cost_limit is not None and cost > cost_limit:
        return _Refusal(f"asks ${cost:g} a task; the limit is ${cost_limit:g}")
    if candidate.context_window is not None and tokens > candidate.context_window:
        return _Refusal(f"takes {candidate.context_window:,} tokens; the task has about {tokens:,}")
    if left is not None and (left <= 0 or left < cost):
        return _Refusal(f"has credits of ${left:g} left; the task costs about ${cost:g}")
    if time_left is not None and candidate.latency is not None and candidate.latency > time_left:
        return _Refusal(f"takes about {candidate.latency:g} s; {as_seconds(max(0.0, time_left))} s are left")
    if candidate.health_wait:
        return _Refusal(_resting(candidate), True, candidate.health_wait)
    if not candidate.has_room and not candidate.lets_wait:
        return _Refusal(_full(candidate), True, candidate.rate_wait or candidate.latency)
    wait = max(candidate.wait, candidate.rate_wait)
    lacking = 0.0 if time_left is None else wait + (candidate.latency or 0.0) - time_left
    if wait and lacking > 0:
        reason = (
            f"has no room for another {as_seconds(wait)} s, and {as_seconds(time_left or 0.0)} s are left"
        )
        return _Refusal(reason, True, lacking)
    return None


def _resting(candidate: Candidate) -> str:
    is_tried = candidate.health == "half_open"
    until = (
        "while a single task tries it" if is_tried else f"for another {as_seconds(candidate.health_wait)} s"
    )
    return f"is left alone {until} after {candidate.failures} failures in a row; the last: {candidate.last_failure}"


def _full(candidate: Candidate) -> str:
    if candidate.is_full:
        return f"is full: {candidate.running} running, {candidate.waiting} waiting"
    if candidate.rate_wait:
        return f"is at its limit per minute for another {as_seconds(candidate.rate_wait)} s"
    return f"has set ${candidate.credits_set_aside:g} of its credits aside for tasks under way"


def _nobody(kind: str, judged: tuple[Candidate, ...]) -> NoProviderError:
    reasons = "; ".join(f"{candidate.provider} {candidate.refusal}" for candidate in judged)
    decision = Decision(provider="", reason="nobody is capable", candidates=judged)
    message = f"no provider takes this task of kind {kind!r} now: {reasons}"
    for_now = [candidate for candidate in judged if candidate.is_refused_for_now]
    if not for_now:
        return NoProviderError(message, decision=decision)
    known = [candidate.retry_after for candidate in for_now if candidate.retry_after is not None]
    return ProviderBusyError(message, decision=decision, retry_after=min(known, default=None))


# --- policies ---


class _Rule(NamedTuple):
    """What a policy prefers: the lowest figures."""

    figures: Callable[[Candidate], tuple[float, ...]]
    best: str
    alike: str
    worth: Callable[[Candidate], str]
    looks_at_room: bool = True


def _cost(candidate: Candidate) -> str:
    return f"${candidate.expected_cost:g} a task"


def _latency(candidate: Candidate) -> float | None:
    return candidate.latency if candidate.measured_latency is None else candidate.measured_latency


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


_RULES = {
    "expected_cost": _Rule(lambda each: (each.expected_cost,), "cheapest", "as cheap", _cost),
    "price_sum": _Rule(
        lambda each: (each.cost_in + each.cost_out, -_or(each.requests_per_minute, math.inf)),
        "first by token prices and requests per minute",
        "as good by token prices and requests per minute",
        lambda each: f"${each.cost_in + each.cost_out:g} for a token in and one out",
        looks_at_room=False,
    ),
    "latency": _Rule(
        lambda each: (_or(_latency(each), math.inf),),
        "quickest",
        "as quick",
        lambda each: f"about {as_seconds(_or(_latency(each), math.nan))} s a task",
    ),
    "quality": _Rule(
        lambda each: (-_or(each.quality, -1.0),),
        "best",
        "as good",
        lambda each: f"of quality {_or(each.quality, math.nan):g}",
    ),
    "weighted": _Rule(lambda each: (), "best by cost, latency and quality", "as good", _cost),
}


def _best(capable: Sequence[Candidate], policy: Policy) -> tuple[Candidate, str]:
    rule = _rule(policy)
    if len(capable) == 1:
        return capable[0], f"the only capable provider, {rule.worth(capable[0])}"
    figures = _weighted(capable) if policy == "weighted" else [rule.figures(each) for each in capable]
    room = [rule.looks_at_room and not each.has_room for each in capable]
    keys = list(zip(room, figures, strict=True))
    at = min(range(len(capable)), key=lambda at: (keys[at], _tie(capable[at]) if rule.looks_at_room else ()))
    best, worth = capable[at], rule.worth(capable[at])
    others = [figure for place, figure in enumerate(figures) if place != at]
    if all(figures[at] < other for other in others):
        return best, f"the {rule.best} of {len(capable)} capable providers, {worth}"
    if all(figures[at] <= other for other in others):
        alike = [each for each, figure in zip(capable, figures, strict=True) if figure == figures[at]]
        first = "the first of those to have time" if rule.looks_at_room else "spawned first"
        if rule.looks_at_room and min(map(_quality, alike)) < _quality(best):
            first = "the best of those"
        return best, f"{rule.alike} as any of {len(capable)} capable providers, {worth}, and {first}"
    return best, f"the {rule.best} that is not full, {worth}"


def _tie(candidate: Candidate) -> tuple[float, ...]:
    busy = (candidate.waiting, candidate.latency or 0.0, candidate.running)
    return candidate.expected_cost, -_quality(candidate), *busy


def _quality(candidate: Candidate) -> float:
    return _or(candidate.quality, 0.5)


def _rule(policy: Policy) -> _Rule:
    if isinstance(policy, str) and policy in _RULES:
        return _RULES[policy]
    if not callable(policy):
        raise ConfigurationError(
            f"a policy is one of {', '.join(get_args(PolicyName))}, or a function of a Candidate; got {policy!r}"
        )
    name = getattr(policy, "__name__", "policy")

    def figures(candidate: Candidate) -> tuple[float]:
        try:
            given: Any = policy(candidate)
        except Exception as err:
            raise ConfigurationError(f"the policy {name} raised {type(err).__name__}: {err}") from err
        if not isinstance(given, int | float) or math.isnan(given):
            raise ConfigurationError(f"a policy returns a number; {name} returned {given!r}")
        return (given,)

    return _Rule(figures, f"first by {name}", f"as good by {name}", _cost)


def _weighted(capable: Sequence[Candidate]) -> list[tuple[float, ...]]:
    dearest = max(each.expected_cost for each in capable)
    slowest = max((known for each in capable if (known := _latency(each)) is not None), default=0.0)
    return [
        (
            (each.expected_cost / dearest if dearest else 0.0)
            + (0.5 if (known := _latency(each)) is None else known / slowest if slowest else 0.0)
            + (1 - _or(each.quality, 0.5)),
        )
        for each in capable
    ]
