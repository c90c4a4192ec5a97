"""Does the simulated world tell good optimizers from bad ones? `python tests/benchmarks/bench_world.py`.

Normalised gain (0 is the seed prompt, 1 the oracle) of the prompt that each method returns, exact for each prompt, as a
mean over seeds with a bootstrapped 95 % interval: a naive loop, the package gepa (left out when it is not installed),
one reflection of ours on the failed runs, the naive loop with our reflection in it, and a way of asking that knows the
world. `--seeds 10` for tighter intervals, `--scenario mixed` for one scenario, `--method gepa` for one method,
`--classes` for the share of each class of rules that was learned, `--physics recall=0.5` for other constants.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

import anyio
from naive_loop import Outcome, Propose, ask_for_lines, naive_loop, run_rows

import reflector as rf
from reflector.simulation import SCENARIOS, Run, SimulatedModel, World
from reflector.simulation.draws import uniform

Method = Callable[[World, SimulatedModel, SimulatedModel, int], Awaitable[Outcome]]


async def naive(world: World, task: SimulatedModel, reflection: SimulatedModel, rollouts: int) -> Outcome:
    return await naive_loop(world, task, ask_for_lines(reflection), rollouts=rollouts)


async def gepa(world: World, task: SimulatedModel, reflection: SimulatedModel, rollouts: int) -> Outcome:
    from gepa_in_world import run_gepa

    return run_gepa(world, task, reflection, rollouts=rollouts)


async def once(world: World, task: SimulatedModel, reflection: SimulatedModel, rollouts: int) -> Outcome:
    runs = await run_rows(world, world.seed_prompt, world.examples.train, task)
    improved = await _ours(reflection)(world.seed_prompt, [run for run in runs if run.score < 1])
    return Outcome(improved, len(runs), 1)


async def ours_in_loop(
    world: World, task: SimulatedModel, reflection: SimulatedModel, rollouts: int
) -> Outcome:
    return await naive_loop(world, task, _ours(reflection), rollouts=rollouts)


async def by_topic(world: World, task: SimulatedModel, reflection: SimulatedModel, rollouts: int) -> Outcome:
    """Ask about the failed runs of one topic at a time, beside passing ones, and once more where a step is unclear.

    It knows how this world words its feedback and accepts everything unseen: not an optimizer, but a proof that there
    is something to find.
    """
    prompt, spent, reflections = world.seed_prompt, 0, 0
    while spent + len(world.examples.train) <= min(rollouts, 4 * len(world.examples.train)):
        runs = await run_rows(world, prompt, world.examples.train, task)
        spent += len(runs)
        passed = [run for run in runs if run.score == 1]
        topics: dict[str, list[Run]] = {}
        for run in runs:
            for topic in re.findall(r"T-\d+, (\w+)", run.feedback):
                topics.setdefault(topic, []).append(run)
        for topic, failed in topics.items():
            beside = [run for run in passed if topic in run.example.input]
            prompt, turns = await _with_follow_up(reflection, [*failed[:4], *beside[:2]], prompt)
            reflections += turns
    return Outcome(prompt, spent, reflections)


async def _with_follow_up(model: SimulatedModel, runs: Sequence[Run], prompt: str) -> tuple[str, int]:
    first = await rf.Reflector(model).reflect([run.trajectory() for run in runs], prompt=prompt)
    unclear = re.search(r"step (\d+)", " ".join(first.root_causes))
    if unclear is None:
        return first.improved_prompt, 1
    builder = rf.PromptBuilder()
    request = rf.ReflectionRequest(
        trajectory_analysis=first.run_analysis, other_analyses=first.other_analyses, original_prompt=prompt
    )
    question = builder.build_follow_up_prompt(request, first, f"What caused the error in step {unclear[1]}?")
    said = [
        {"role": "system", "content": builder.build_system_prompt()},
        {"role": "user", "content": builder.build_reflection_prompt(request)},
        {"role": "assistant", "content": first.analysis},
        {"role": "user", "content": question},
    ]
    reply = await model.complete(rf.ModelRequest.from_messages(said))
    return rf.plan_edits(rf.parse_reflection(reply.content), first.improved_prompt).apply(), 2


def _ours(model: SimulatedModel) -> Propose:
    reflector = rf.Reflector(model)

    async def propose(prompt: str, runs: Sequence[Run]) -> str:
        reflection = await reflector.reflect([run.trajectory() for run in runs], prompt=prompt)
        return reflection.improved_prompt

    return propose


METHODS: dict[str, Method] = {
    "naive": naive,
    "gepa": gepa,
    "one reflection": once,
    "naive, ours": ours_in_loop,
    "by topic": by_topic,
}


def interval(values: Sequence[float], rounds: int = 2_000) -> tuple[float, float]:
    """Return the bootstrapped 95 % interval of a mean."""
    means = sorted(
        statistics.fmean(values[int(uniform(turn, place) * len(values))] for place in range(len(values)))
        for turn in range(rounds)
    )
    return means[int(rounds * 0.025)], means[int(rounds * 0.975)]


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rollouts", type=int, default=400)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--method", action="append", choices=list(METHODS))
    parser.add_argument("--classes", action="store_true")
    parser.add_argument("--physics", action="append", default=[], metavar="NAME=VALUE")
    args = parser.parse_args()
    changes = {name: float(value) for name, value in (each.split("=") for each in args.physics)}
    methods = {
        name: method
        for name, method in METHODS.items()
        if name in (args.method or METHODS)
        and (name != "gepa" or importlib.util.find_spec("gepa") is not None)
    }
    print(
        f"normalised gain, {args.seeds} seeds, {args.rollouts} rollouts; reflections and dollars of the mean run"
    )
    print(f"{'scenario':12}" + "".join(f"{name:^38}" for name in methods))
    for scenario in args.scenario or SCENARIOS:
        cells = []
        learned: dict[str, list[str]] = {}
        for name, method in methods.items():
            gains, asked, spent = [], [], []
            started = time.perf_counter()
            for seed in range(args.seeds):
                world = World(SCENARIOS[scenario].with_physics(**changes), seed)
                task, reflection = world.task_model(), world.reflection_model()
                outcome = await method(world, task, reflection, args.rollouts)
                gains.append(world.gain(outcome.prompt))
                asked.append(outcome.reflections)
                spent.append((task.meter.usage.cost_usd or 0) + (reflection.meter.usage.cost_usd or 0))
                for kind, share in world.recall(outcome.prompt).items():
                    learned.setdefault(kind, []).append(f"{name} {share:.2f}")
            low, high = interval(gains)
            took = (time.perf_counter() - started) / args.seeds
            cells.append(
                f"{statistics.fmean(gains):5.2f} [{low:4.2f} {high:4.2f}] {statistics.fmean(asked):4.0f}r "
                f"${statistics.fmean(spent):.2f} {took:4.1f}s".center(38)
            )
        print(f"{scenario:12}" + "".join(cells), flush=True)
        if args.classes:
            for kind, shares in learned.items():
                print(f"    {kind:12} " + ", ".join(shares))


if __name__ == "__main__":
    anyio.run(main)
