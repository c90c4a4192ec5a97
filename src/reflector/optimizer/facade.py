"""Optimizing in one call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from reflector.agents.portal import run_sync
from reflector.llm.client import LLMClient
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.examples import Examples
from reflector.optimizer.following import ShowProgress
from reflector.optimizer.loop import Optimizer
from reflector.optimizer.result import OptimizationResult
from reflector.optimizer.running import RolloutFunction, ScoreFunction
from reflector.reflecting.reflector import Reflector
from reflector.usage import Budget

__all__ = ["optimize", "optimize_sync"]


async def optimize(
    seed: str | dict[str, str],
    rows: Sequence[Any] | Examples,
    *,
    rollout: RolloutFunction | str | LLMClient,
    score: ScoreFunction | str | None = None,
    reflector: Reflector | str | LLMClient | None = None,
    budget: Budget | None = None,
    config: OptimizerConfig | None = None,
    progress: bool | ShowProgress = False,
) -> OptimizationResult:
    """Return the best prompt that reflecting on runs leads to: `Optimizer(...).run()` in one call.

    Args: as of `Optimizer`, and
        progress: True shows where the run stands: a table in a notebook, a line in a terminal. A function gets a
            `Progress` twice a second instead.

    Cancelled, it stops at once; with `config.store`, the same call goes on there.

    Raises:
        ConfigurationError: If something given cannot be used.
        RunBrokenError: If rollouts or reflections failed too often in a row.
        LLMError: If no further call can succeed: a refused key, an unknown model.
    """
    optimizer = Optimizer(
        seed, rows, rollout=rollout, score=score, reflector=reflector, budget=budget, config=config
    )
    async with optimizer:
        if progress:
            optimizer.follow(None if progress is True else progress)
        return await optimizer.run()


def optimize_sync(
    seed: str | dict[str, str],
    rows: Sequence[Any] | Examples,
    *,
    rollout: RolloutFunction | str | LLMClient,
    score: ScoreFunction | str | None = None,
    reflector: Reflector | str | LLMClient | None = None,
    budget: Budget | None = None,
    config: OptimizerConfig | None = None,
    progress: bool | ShowProgress = False,
) -> OptimizationResult:
    """Return what `optimize` returns, for code that does not await. Works beside a running event loop too."""
    call = partial(
        optimize, seed, rows, rollout=rollout, score=score, reflector=reflector, budget=budget, config=config,
        progress=progress,
    )  # fmt: skip
    return run_sync(call)
