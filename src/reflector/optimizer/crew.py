"""Rollouts as tasks on the dispatcher."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reflector._ids import new_id
from reflector._text import shorten
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import perform
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.task import Limits, Task
from reflector.errors import AskTimeoutError, OptimizationError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.running import Runner, as_rollout

__all__ = ["Crew"]

_LATER = 1.0
"""Seconds: the runner's own limit comes first, since it keeps what was done until then."""


class Crew:
    """A runner as the provider of the rollouts of one run: there may be several in a runtime."""

    def __init__(self, runner: Runner, *, timeout: float) -> None:
        self._runner = runner
        self._timeout = timeout
        self._limits = Limits()

    async def join(self, runtime: Runtime, concurrency: int) -> None:
        """Become an agent of a runtime that does so many tasks at once."""
        name = new_id("rollouts")
        card = ProviderCard(running=concurrency)
        self._agent = await runtime.spawn(
            self._runner, name=name, accepts=["rollout"], card=card, is_visited=True
        )
        self._limits = Limits(providers=(name,))
        self._runner.now = runtime.clock.now

    async def leave(self) -> None:
        """Be an agent no more; what is still running is cancelled."""
        await self._agent.stop(drain=0.0)

    async def roll_out(
        self, candidate: Candidate, rows: Sequence[int], examples: Sequence[Any]
    ) -> Evaluations:
        """Return what came of a candidate on some rows, given with their examples, or on the first ones of them.

        Raises:
            BudgetExceededError: If the run's budget does not allow it, or a call in it.
            LLMError: If it is one that no further call can survive.
            OptimizationError: If an agent that took the task over answered something else.
        """
        self._runner.candidates[candidate.key] = candidate
        payload = {
            "candidate": candidate.key,
            "components": candidate.components,
            "rows": rows,
            "examples": examples,
        }
        task = Task(kind="rollout", payload=payload, limits=self._limits)
        seconds = self._timeout * len(examples) + _LATER
        try:
            result = await perform(task, seconds=seconds)
        except AskTimeoutError:
            found = Evaluations()
            for row in rows:
                self._runner.fail(found, row, f"no answer within {seconds:g} s")
            return found
        values = result.value
        if isinstance(values, Evaluations):
            return values
        if not isinstance(values, list) or not 0 < len(values) <= len(examples):
            raise OptimizationError(
                f"{result.provider} did a task of {len(examples)} rollouts; a list with what came of them is "
                f"expected, got {shorten(repr(values), 80)}."
            )
        found = Evaluations()
        for row, example, value in zip(rows, examples, values, strict=False):
            await self._runner.judge(found, row, example, as_rollout(value))
        return found
