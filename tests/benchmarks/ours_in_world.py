"""Our optimizer in a simulated world."""

from __future__ import annotations

from typing import Any

import reflector as rf
from reflector.llm.client import LLMClient
from reflector.llm.model import as_model
from reflector.simulation import SimulatedModel, World

__all__ = ["run_ours"]


async def run_ours(
    world: World,
    task: SimulatedModel,
    reflection: SimulatedModel,
    *,
    budget: rf.Budget,
    does_retry: bool = False,
    **options: Any,
) -> rf.OptimizationResult:
    """Return what `optimize` makes of the world's seed prompt: with its defaults, but for `options`."""
    asked: LLMClient = as_model(task) if does_retry else task

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        run = await world.rollout(candidate.text, example, asked)
        usage = None if does_retry else run.usage  # what goes through a Model is counted there
        return rf.Rollout(run, run.trajectory(), usage=usage)

    async def score(example: Any, run: Any) -> rf.Score:  # no thread: virtual time would not wait for it
        return rf.Score(run.score, run.feedback)

    return await rf.optimize(
        world.seed_prompt,
        rf.Examples(train=world.examples.train, val=world.examples.val),
        rollout=rollout,
        score=score,
        reflector=rf.Reflector(reflection),
        budget=budget,
        config=rf.OptimizerConfig(**options),
    )
