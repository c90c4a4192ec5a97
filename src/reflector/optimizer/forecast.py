"""What a run will take, said before its first call."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reflector._text import estimate_tokens
from reflector.optimizer.examples import Examples
from reflector.optimizer.running import example_text
from reflector.usage import Budget, Price, Usage

__all__ = ["Forecast", "read_forecast"]

_STEPS = 5
"""Reflections that a proposal takes, about: one for each group of runs, for each step, for each further turn."""
_RACED = 0.5
"""Share of the validation rows that a proposal runs, about: many end before, or lose the race."""
_ANSWER, _QUESTION, _SUGGESTIONS = 300, 4_000, 800
"""Tokens of a task's answer, of the rest of a reflection's question, and of its answer, about."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """About what a run will take. The budget is what it takes at most."""

    calls: int | None
    """Of the models that are known; None if only another limit than rollouts ends the run."""
    rollouts: int | None
    """At most."""
    cost_usd: float | None
    """About; None if a model's price is not known."""
    budget: Budget
    counts_rollouts: bool = True
    """Whether rollouts are calls of a model that is known: what a function of the user's asks is not."""

    def __str__(self) -> str:
        own = "" if self.counts_rollouts else " beside those of the rollouts"
        parts = [
            "calls: nobody can say" if self.calls is None else f"about {self.calls:,} calls{own}",
            "no limit of rollouts" if self.rollouts is None else f"at most {self.rollouts:,} rollouts",
            "dollars not known beforehand" if self.cost_usd is None else f"about ${self.cost_usd:.2f}",
        ]
        if self.budget.cost_usd is not None:
            parts.append(f"never more than ${self.budget.cost_usd:.2f}")
        return ", ".join(parts)


def read_forecast(
    *,
    budget: Budget,
    examples: Examples,
    minibatch: int,
    seed_tokens: int,
    prices: tuple[Price | None, Price | None],
    asks_model: bool,
) -> Forecast:
    """Return what a run will take.

    Args:
        budget: Its end.
        examples: Its rows.
        minibatch: Training rows of a proposal.
        seed_tokens: Of the prompt.
        prices: Of the task's model and of the reflecting one.
        asks_model: Whether a rollout is one call of a model of ours.
    """
    rollouts = budget.rollouts
    if rollouts is None:
        return Forecast(budget.calls, None, None, budget, asks_model)
    left = max(0, rollouts - len(examples.val) - 2 * len(examples.test))
    reflections = _STEPS * math.ceil(left / (2 * minibatch + _RACED * len(examples.val)))
    calls = reflections + (rollouts if asks_model else 0)
    row = sum(estimate_tokens(example_text(each)) for each in examples.train[:50]) // len(examples.train[:50])
    task, reflecting = prices
    spent = [(reflecting, _tokens(reflections, seed_tokens + _QUESTION, _SUGGESTIONS))]
    if asks_model:
        spent.append((task, _tokens(rollouts, seed_tokens + row, _ANSWER)))
    known = [cost for price, usage in spent if price is not None and (cost := price.cost(usage)) is not None]
    cost = sum(known) if len(known) == len(spent) else None
    if budget.calls is not None and budget.calls < calls:
        cost = None if cost is None else cost * budget.calls / calls
        calls = budget.calls
    return Forecast(calls, min(rollouts, calls) if asks_model else rollouts, cost, budget, asks_model)


def _tokens(calls: int, asked: int, answered: int) -> Usage:
    return Usage(input_tokens=calls * asked, output_tokens=calls * answered)
