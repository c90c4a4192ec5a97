"""The package gepa in a simulated world, with its default settings and the whole run in its records."""

from __future__ import annotations

import contextlib
import heapq
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from naive_loop import Outcome, show_run

from reflector.llm.messages import ModelRequest
from reflector.simulation import Example, Run, SimulatedModel, World

__all__ = ["Slots", "run_gepa"]


class Slots:
    """Virtual time of a program that hands out calls together and waits for all of them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.now = 0.0

    def run(self, delays: Iterable[float]) -> None:
        """Let calls of so many seconds run, as soon as a slot is free each."""
        ends = [self.now] * self.number
        for delay in delays:
            end = heapq.heappop(ends) + delay
            heapq.heappush(ends, end)
        self.now = max(ends)


class _Adapter:
    propose_new_texts = None

    def __init__(self, world: World, task: SimulatedModel, slots: Slots) -> None:
        self.world, self.task, self.slots, self.rollouts = world, task, slots, 0

    def batch_evaluate(self, items: Sequence[tuple[Mapping[str, str], Sequence[Example]]]) -> list[Any]:
        now, delays, found = self.slots.now, [], []
        for candidate, batch in items:
            found.append(self.evaluate(batch, candidate, capture_traces=True))
            delays += self.delays
            self.slots.now = now
        self.slots.run(delays)
        return found

    def evaluate(
        self, batch: Sequence[Example], candidate: Mapping[str, str], capture_traces: bool = False
    ) -> Any:
        from gepa.core.adapter import EvaluationBatch

        runs: list[Run] = []
        self.delays: list[float] = []
        for example in batch:
            request = ModelRequest.from_text(example.input, system=candidate["prompt"])
            served = self.task.serve(request)
            self.delays.append(served.delay)
            runs.append(self.world.finish(candidate["prompt"], example, served.content))
        self.slots.run(self.delays)
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
    slots: int = 1,
    proposals: int = 1,
    on_candidate: Callable[[float, str], None] | None = None,
) -> Outcome:
    """Return what `gepa.optimize` makes of the world's seed prompt.

    Args:
        world: Where.
        task: Its task model.
        reflection: Its reflection model.
        rollouts: At most.
        seed: Of gepa.
        is_over: Whether to stop, asked before each iteration.
        slots: Calls at once, in virtual time.
        proposals: In each iteration: they are run, reflected on and run again together.
        on_candidate: Told the seconds, and the text, of each new candidate.
    """
    import gepa
    from gepa.strategies.proposal_sampling import IndependentSampling

    timeline = Slots(slots)
    adapter = _Adapter(world, task, timeline)

    class Asked:
        number = known = 0

        def __call__(self, prompt: Any) -> str:
            messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
            return self.batch_complete([messages])[0]

        def batch_complete(self, prompts: Sequence[Any]) -> list[str]:
            served = [reflection.serve(ModelRequest.from_messages(messages)) for messages in prompts]
            self.number += len(served)
            timeline.run(each.delay for each in served)
            return [each.content for each in served]

    reflect = Asked()

    def stop(state: Any) -> bool:
        for candidate in state.program_candidates[reflect.known :]:
            reflect.known += 1
            if on_candidate is not None:
                on_candidate(timeline.now, candidate["prompt"])
        return is_over is not None and is_over()

    with contextlib.redirect_stdout(io.StringIO()):
        result = gepa.optimize(
            {"prompt": world.seed_prompt},
            list(world.examples.train),
            list(world.examples.val),
            adapter=adapter,
            reflection_lm=reflect,
            max_metric_calls=rollouts,
            seed=seed,
            stop_callbacks=[stop],
            sampling_strategy=None if proposals == 1 else IndependentSampling(proposals),
        )
    return Outcome(result.best_candidate["prompt"], adapter.rollouts, reflect.number)
