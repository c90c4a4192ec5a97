"""What many runs, groups, further turns, settled conflicts and memory bring, in a simulated world: paired comparisons.

    python tests/benchmarks/bench_reflection.py [--seeds 20]

Each row compares two ways to reflect on the same failed runs of the same world. What counts is the share of the
world's secret rules of one class that the improved prompt states; in the rows of conflicts, the normalised gain (0 is
the seed prompt, 1 the oracle); in that of memory, how many suggestions that had been rejected were bought again. The
difference is the mean over the seeds, with a 95 % bootstrap interval over them.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio

import reflector as rf
from reflector.edits.planning import plan_edits
from reflector.reflection.joining import join_groups
from reflector.simulation import SimulatedModel, Visibility, World

RUNS = 30
STEP = 2
"""Runs that are reflected on at a time, where there are several rounds."""


@dataclass(frozen=True)
class Result:
    """What one way to reflect has found, and what it took."""

    figure: float
    calls: int
    cost_usd: float


Way = Callable[[World, SimulatedModel, list[rf.Trajectory]], Awaitable[str | float]]
"""Returns the improved prompt, or the figure itself."""
GAIN = "gain"
REPEATS = "repeats"


class Unsplit(rf.PromptBuilder):
    """Reads all runs at once, whatever has to be left out for that."""

    def size_of_run(self, request: rf.ReflectionRequest, analysis: rf.TrajectoryAnalysis) -> int:
        return 0


async def each_alone(world: World, model: SimulatedModel, runs: list[rf.Trajectory]) -> str:
    """Reflect on each run by itself, and make all edits together."""
    parts = [await rf.Reflector(model).reflect(run, prompt=world.seed_prompt) for run in runs]
    return plan_edits(join_groups(parts), world.seed_prompt).apply()


async def together(
    world: World, model: SimulatedModel, runs: list[rf.Trajectory], builder: rf.PromptBuilder | None = None
) -> str:
    reflection = await rf.Reflector(model, prompt_builder=builder).reflect(runs, prompt=world.seed_prompt)
    return reflection.improved_prompt


async def in_turns(
    world: World, model: SimulatedModel, runs: list[rf.Trajectory], turns: int, until: str = "max_turns"
) -> str:
    conversation = await rf.Reflector(model).converse(
        runs,
        prompt=world.seed_prompt,
        max_turns=turns,
        until=until,  # type: ignore[arg-type]
    )
    assert conversation.merged is not None
    return conversation.merged.improved_prompt


async def appended(world: World, model: SimulatedModel, runs: list[rf.Trajectory]) -> str:
    """Reflect on pairs of runs, and append whatever is suggested."""
    parts = await _in_pairs(world, model, runs)
    texts = [each.specific_text for part in parts for each in part.suggestions if each.specific_text]
    return "\n".join([world.seed_prompt, *dict.fromkeys(texts)])


async def planned(world: World, model: SimulatedModel, runs: list[rf.Trajectory], asks: bool = False) -> str:
    """Reflect on pairs of runs, and plan all edits together; let the model settle what stays open."""
    parts = await _in_pairs(world, model, runs)
    plan = plan_edits(join_groups(parts), world.seed_prompt)
    if asks:
        plan = await rf.resolve_conflicts(plan, rf.Reflector(model), max_calls=10)
    return plan.apply()


async def _in_pairs(world: World, model: SimulatedModel, runs: list[rf.Trajectory]) -> list[rf.Reflection]:
    reflector = rf.Reflector(model)
    pairs = [runs[at : at + 2] for at in range(0, len(runs), 2)]
    return [await reflector.reflect(pair, prompt=world.seed_prompt) for pair in pairs]


async def bought_again(
    world: World, model: SimulatedModel, runs: list[rf.Trajectory], remembers: bool
) -> float:
    """Reflect on two runs at a time, try each suggestion alone, and count those that had been rejected before."""
    reflector = rf.Reflector(model)
    rejected: set[str] = set()
    repeats = 0
    for start in range(0, len(runs), STEP):
        reflection = await reflector.reflect(runs[start : start + STEP], prompt=world.seed_prompt)
        for number, suggestion in enumerate(reflection.suggestions):
            text = suggestion.specific_text or suggestion.description
            repeats += text in rejected
            before = world.accuracy(world.seed_prompt)
            delta = world.accuracy(f"{world.seed_prompt}\n{text}") - before
            if delta <= 0:
                rejected.add(text)
            if remembers:
                reflector.record_outcome(
                    reflection, accepted=delta > 0, score_delta=delta, suggestions=[number]
                )
    return repeats


async def failed_runs(world: World, count: int) -> list[rf.Trajectory]:
    model = world.task_model()
    runs = [await world.rollout(world.seed_prompt, example, model) for example in world.examples.train]
    return [run.trajectory() for run in runs if run.score < 1][:count]


async def measure(scenario: str, kind: str, count: int, way: Way, seed: int) -> Result:
    world = World(scenario, seed)
    model = world.reflection_model()
    found = await way(world, model, await failed_runs(world, count))
    if isinstance(found, str):
        found = world.gain(found) if kind == GAIN else world.recall(found).get(Visibility(kind), 0.0)
    usage = model.meter.usage
    return Result(found, usage.calls, usage.cost_usd or 0.0)


def interval(differences: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean."""
    draw = random.Random(0)
    means = sorted(statistics.fmean(draw.choices(differences, k=len(differences))) for _ in range(4_000))
    return means[100], means[-101]


COMPARISONS: list[tuple[str, str, str, int, Way, Way]] = [
    ("30 runs: each alone → together", "frequency", Visibility.FREQUENCY, RUNS, each_alone, together),
    (
        "30 runs, window 4,000: cut → in groups",
        "trace-only",
        Visibility.TRACE,
        RUNS,
        partial(together, builder=Unsplit(window=4_000)),
        partial(together, builder=rf.PromptBuilder(window=4_000)),
    ),
    (
        "6 runs: 1 turn → 3 turns",
        "follow-up",
        Visibility.FOLLOW_UP,
        6,
        partial(in_turns, turns=1),
        partial(in_turns, turns=3),
    ),
    (
        "6 runs: 1 turn → as many as pay, up to 5",
        "follow-up",
        Visibility.FOLLOW_UP,
        6,
        partial(in_turns, turns=1),
        partial(in_turns, turns=5, until="confident"),
    ),
    ("30 runs in pairs: appended → planned", "conflict", GAIN, RUNS, appended, planned),
    (
        "the same: planned → open ones put to the model",
        "conflict",
        GAIN,
        RUNS,
        planned,
        partial(planned, asks=True),
    ),
    (
        "30 runs, two at a time: without → with memory",
        "frequency",
        REPEATS,
        RUNS,
        partial(bought_again, remembers=False),
        partial(bought_again, remembers=True),
    ),
]


async def main(seeds: int) -> None:
    started = time.perf_counter()
    print(
        f"{'comparison':47} {'figure':10} {'before':>7} {'after':>7} {'difference (95 %)':>24}"
        f" {'calls':>11} {'USD':>15}"
    )
    for name, scenario, kind, count, before, after in COMPARISONS:
        old = [await measure(scenario, kind, count, before, seed) for seed in range(seeds)]
        new = [await measure(scenario, kind, count, after, seed) for seed in range(seeds)]
        differences = [b.figure - a.figure for a, b in zip(old, new, strict=True)]
        low, high = interval(differences)

        def mean(results: list[Result], field: str) -> float:
            return statistics.fmean(getattr(each, field) for each in results)

        print(
            f"{name:47} {kind:10} {mean(old, 'figure'):7.3f} {mean(new, 'figure'):7.3f} "
            f"{statistics.fmean(differences):+8.3f} [{low:+.3f}, {high:+.3f}]"
            f" {mean(old, 'calls'):5.1f} {mean(new, 'calls'):5.1f}"
            f" {mean(old, 'cost_usd'):7.4f} {mean(new, 'cost_usd'):7.4f}"
        )
    print(f"{seeds} seeds, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    anyio.run(main, parser.parse_args().seeds)
