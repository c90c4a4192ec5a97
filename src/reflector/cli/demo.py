"""`reflector demo`: reflect on a bundled failed run, then optimize in a small simulated world. No key, no network."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from reflector.cli.driving import drive
from reflector.cli.output import Json, print_document
from reflector.cli.reflect import document, run_conversation
from reflector.errors import OptimizationError
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluation import Rollout, Score
from reflector.optimizer.examples import Examples
from reflector.optimizer.loop import Optimizer
from reflector.optimizer.result import OptimizationResult
from reflector.reflecting.reflector import Reflector
from reflector.trajectories.loading import load_trajectories
from reflector.usage import Budget

__all__ = ["DemoRun", "demo_command", "optimize_demo", "print_demo"]

_ROLLOUTS = 400
_LATENCY = 0.05
"""Seconds that a simulated call takes where somebody watches, so that there is something to see."""


@dataclass(frozen=True, slots=True)
class DemoRun:
    """An optimization in the simulated world, with how good its prompts are, exactly."""

    result: OptimizationResult
    accuracy: dict[str, float]
    """Of the prompt before and after, and of the best there is."""

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return self.result.summary() | {"accuracy": self.accuracy}


def demo_command(as_json: Json = False) -> None:
    """Reflect on a failed run that comes with the package, then optimize in a simulated world: no key, no network."""
    run = list(load_trajectories(files("reflector.cli").joinpath("demo_run.json").read_bytes()))
    conversation, _ = run_conversation(Reflector("rules"), run, 1, quiet=as_json)
    (reflection,) = conversation.reflections
    if as_json:
        print_document(document(reflection) | {"optimization": optimize_demo(quiet=True).document()})
        return
    from reflector.cli.pages import print_notice, print_reflection

    print_reflection(reflection)
    print_notice("\nThis was a bundled run, reflected on by rules. Now an optimization in a simulated world:")
    print_demo(optimize_demo(quiet=False))
    print_notice(
        "With models: reflector reflect YOUR_RUN --model openai/gpt-5; reflector optimize CONFIG.toml"
    )


def optimize_demo(*, quiet: bool) -> DemoRun:
    """Optimize in a small simulated world, in seconds, and return the result with the exact accuracies."""
    from reflector.simulation import Latency, World

    is_watched = not quiet and sys.stderr is not None and sys.stderr.isatty()
    latency = Latency(median=_LATENCY) if is_watched else None
    world = World("mixed", seed=0, sizes=(40, 40, 0), latency=latency)
    task = world.task_model()

    async def rollout(candidate: Candidate, example: Any) -> Rollout:
        run = await world.rollout(candidate, example, task)
        return Rollout(run.output, run.trajectory(), score=Score(run.score, run.feedback))

    ended = drive(
        Optimizer(
            world.seed_prompt,
            Examples(train=world.examples.train, val=world.examples.val),
            rollout=rollout,
            reflector=world.reflection_model(),
            budget=Budget(rollouts=_ROLLOUTS),
            config=OptimizerConfig(seed=0),
        ),
        quiet=quiet,
    )
    if ended.is_interrupted:
        raise KeyboardInterrupt
    if ended.result is None:
        raise ended.error or OptimizationError("the demo brought no result.")
    prompts = {"before": world.seed_prompt, "after": ended.result.best, "the best there is": world.oracle}
    return DemoRun(ended.result, {name: world.accuracy(prompt) for name, prompt in prompts.items()})


def print_demo(run: DemoRun) -> None:
    """Print the result of a demo, and the table of before and after."""
    from reflector.cli.run_pages import print_result, print_worlds

    print_result(run.result)
    print_worlds(run.result, run.accuracy)
