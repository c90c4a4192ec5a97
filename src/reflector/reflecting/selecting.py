"""Which turn of a conversation said it best, and whether another turn is worth asking for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reflector._text import shorten
from reflector.errors import ConfigurationError, InputError
from reflector.reflecting.conversation import Conversation
from reflector.reflecting.reflection import Reflection
from reflector.reflection.models import Confidence, Priority

__all__ = ["Scoring", "TurnPolicy", "Until", "check_until", "quality_of", "select_best", "stop_reason"]

Scoring = Literal["quality", "origin"]
Until = Literal["confident", "max_turns"] | Callable[[Reflection], bool]

_LEVELS = {Confidence.HIGH: 3, Confidence.MEDIUM: 2, Confidence.LOW: 1}


def quality_of(reflection: Reflection) -> float:
    """Return how good a reflection is, in [0, 1]: quality before volume.

    0.4 · confidence + 0.3 · share of suggestions that became edits of the prompt + 0.3 · share of high priority.
    """
    count = max(len(reflection.suggestions), 1)
    placed = min(len(reflection.plan.applied), count) / count
    high = sum(each.priority is Priority.HIGH for each in reflection.suggestions) / count
    return 0.4 * reflection.confidence_score + 0.3 * placed + 0.3 * high


def select_best(conversation: Conversation, scoring: Scoring = "quality") -> Reflection | None:
    """Return the best reflection of a conversation, of equal ones the earliest; None if there is none.

    Args:
        conversation: The conversation.
        scoring: `quality`: the level of confidence, then `quality_of`. `origin`: 10 · level + 2 · suggestions + 5 ·
            suggestions of high priority, as in Jido's GEPA, where volume may outrank quality.

    Raises:
        InputError: If it is neither.
    """
    if scoring not in ("quality", "origin"):
        raise InputError(f"scoring is 'quality' or 'origin'; got {scoring!r}.")

    def key(reflection: Reflection) -> tuple[int, float]:
        level = _LEVELS[reflection.confidence]
        if scoring == "quality":
            return level, quality_of(reflection)
        high = sum(each.priority is Priority.HIGH for each in reflection.suggestions)
        return 10 * level + 2 * len(reflection.suggestions) + 5 * high, 0.0

    return max(conversation.reflections, key=key, default=None)


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """When `converse` asks on.

    Raises:
        ConfigurationError: If a figure is negative or not a number.
    """

    max_cost_usd: float | None = None
    """What the conversation may cost. A turn is asked for only if it fits, as far as the dearest turn so far tells;
    with an unknown price there is none after the first."""
    value_usd: float = 1.0
    """What a perfect reflection is worth to you instead of a worthless one: a turn is asked for only if its expected
    gain, times this, is more than its price, if that is known."""
    min_gain: float = 0.05
    """A turn that is expected to gain less, in [0, 1], is not asked for at any price."""

    def __post_init__(self) -> None:
        for name in ("max_cost_usd", "value_usd", "min_gain"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value >= 0):
                raise ConfigurationError(f"{name} is a number of at least 0; got {value!r}.")


def check_until(until: Until) -> Until:
    """Return `until` if it says when a conversation may end.

    Raises:
        InputError: If it does not.
    """
    if until in ("confident", "max_turns") or callable(until):
        return until
    raise InputError(
        "until is 'confident', 'max_turns' or a function from a Reflection to a bool; "
        f"got {shorten(repr(until), 80)}."
    )


def stop_reason(conversation: Conversation, until: Until, policy: TurnPolicy) -> str | None:
    """Return why no further turn is asked for, None if one is. Pure, for a conversation with a turn."""
    merged = conversation.merged
    assert merged is not None
    if callable(until):
        if until(merged):
            return "until"
    elif until == "confident" and merged.confidence is Confidence.HIGH and not merged.needs_clarification:
        return "confident"
    if merged.is_from_rules:
        return "rules"
    if conversation.current_turn >= conversation.max_turns:
        return "max_turns"
    costs = [reflection.cost_usd for reflection in conversation.reflections]
    price = None if any(cost is None for cost in costs) else max(cost for cost in costs if cost is not None)
    if policy.max_cost_usd is not None:
        if price is None:
            return "unknown price"
        if (conversation.cost_usd or 0.0) + price > policy.max_cost_usd:
            return "budget"
    gain = expected_gain(conversation)
    if gain < policy.min_gain or (price is not None and gain * policy.value_usd <= price):
        return "not worth its price"
    return None


def expected_gain(conversation: Conversation) -> float:
    """Return how much better another turn may make the result, in [0, 1].

    After the first turn that is what is missing to a perfect reflection; later, what the last turn has brought: the
    share of causes and suggestions that only it said, or the rise in quality if that is more.
    """
    merged = conversation.merged
    assert merged is not None
    if conversation.current_turn == 1:
        return 1.0 - quality_of(merged)
    number = conversation.current_turn
    said = (*merged.provenance.cause_turns, *merged.provenance.suggestion_turns)
    fresh = sum(turns == (number,) for turns in said) / max(len(said), 1)
    before = conversation.model_copy(update={"turns": conversation.turns[:-1]}).merged
    assert before is not None
    return max(fresh, quality_of(merged) - quality_of(before))
