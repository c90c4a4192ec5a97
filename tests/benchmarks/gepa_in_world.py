"""The package gepa in a simulated world, with its default settings and the whole run in its records."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from naive_loop import Outcome, show_run

from reflector.llm.messages import ModelRequest
from reflector.simulation import Example, Run, SimulatedModel, World

__all__ = ["run_gepa"]


class _Adapter:
    propose_new_texts = None

    def __init__(self, world: World, task: SimulatedModel) -> None:
        self.world, self.task, self.rollouts = world, task, 0

    def evaluate(
        self, batch: Sequence[Example], candidate: Mapping[str, str], capture_traces: bool = False
    ) -> Any:
        from gepa.core.adapter import EvaluationBatch

        runs = []
        for example in batch:
            request = ModelRequest.from_text(example.input, system=candidate["prompt"])
            runs.append(self.world.finish(candidate["prompt"], example, self.task.serve(request).content))
        self.rollouts += len(runs)
        return EvaluationBatch(
            outputs=[run.output for run in runs],
            scores=[run.score for run in runs],
            trajectories=runs if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: Mapping[str, str], batch: Any, components: Sequence[str]
    ) -> dict[str, list[dict[str, str]]]:
        return {component: [_record(run) for run in batch.trajectories] for component in components}


def _record(run: Run) -> dict[str, str]:
    said = show_run(run).split("\nscore: ")[0]
    return {"Inputs": run.example.input, "Generated Outputs": said, "Feedback": run.feedback}


def run_gepa(
    world: World,
    task: SimulatedModel,
    reflection: SimulatedModel,
    *,
    rollouts: int = 400,
    seed: int = 0,
    is_over: Callable[[], bool] | None = None,
) -> Outcome:
    """Return what `gepa.optimize` makes of the world's seed prompt."""
    import gepa

    adapter, asked = _Adapter(world, task), 0

    def reflect(prompt: Any) -> str:
        nonlocal asked
        asked += 1
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        return reflection.serve(ModelRequest.from_messages(messages)).content

    with contextlib.redirect_stdout(io.StringIO()):
        result = gepa.optimize(
            {"prompt": world.seed_prompt},
            list(world.examples.train),
            list(world.examples.val),
            adapter=adapter,
            reflection_lm=reflect,
            max_metric_calls=rollouts,
            seed=seed,
            stop_callbacks=None if is_over is None else [lambda state: is_over()],
        )
    return Outcome(result.best_candidate["prompt"], adapter.rollouts, asked)
