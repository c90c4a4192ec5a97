"""Our optimizer against gepa and a naive loop in simulated worlds: gains at equal rollouts and at equal dollars.

    python tests/benchmarks/bench_optimizer.py --seeds 10
    python tests/benchmarks/bench_optimizer.py --part dollars --dollars 0.06 --dollars 0.12 --dollars 0.25
    python tests/benchmarks/bench_optimizer.py --part faults --part slots

A gain is normalised: 0 is the seed prompt, 1 the oracle. Differences are paired by seed, ours minus the better of the
other two in that scenario, with a bootstrapped 95 % interval; losses are printed as they are.
`bench_optimizer_engine.py` measures the engine, and what a kill costs.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import anyio
from bench_world import interval
from gepa_in_world import run_gepa
from naive_loop import ask_for_lines, naive_loop
from ours_in_world import run_ours

import reflector as rf
from reflector.simulation import SCENARIOS, Faults, Latency, SelfMovingClock, SimulatedModel, World

METHODS = ("ours", "naive", "gepa")
ROLLOUTS = 400
_UNLIMITED = 4_000

Measured = tuple[float, float, int]
"""Gain, dollars, rollouts."""


def spent(*models: SimulatedModel) -> float:
    return sum(model.meter.usage.cost_usd or 0.0 for model in models)


async def measure(scenario: str, seed: int, method: str, dollars: float | None) -> Measured:
    """Return what one method reaches in one world, with 400 rollouts or so many dollars."""
    world = World(scenario, seed)
    task, reflection = world.task_model(), world.reflection_model()
    rollouts = ROLLOUTS if dollars is None else _UNLIMITED

    def is_over() -> bool:
        return dollars is not None and spent(task, reflection) >= dollars

    if method == "ours":
        budget = rf.Budget(rollouts=ROLLOUTS) if dollars is None else rf.Budget(cost_usd=dollars)
        result = await run_ours(world, task, reflection, budget=budget, seed=seed)
        prompt, ran = result.best.text, result.rollouts
    elif method == "naive":
        outcome = await naive_loop(world, task, ask_for_lines(reflection), rollouts=rollouts, is_over=is_over)
        prompt, ran = outcome.prompt, outcome.rollouts
    else:
        outcome = run_gepa(world, task, reflection, rollouts=rollouts, seed=seed, is_over=is_over)
        prompt, ran = outcome.prompt, outcome.rollouts
    return world.gain(prompt), spent(task, reflection), ran


def _job(arguments: tuple[str, int, str, float | None]) -> Measured:
    return anyio.run(measure, *arguments)


def compare(
    scenarios: Iterable[str], seeds: int, dollars: float | None, run: Callable[..., Iterator[Measured]]
) -> None:
    limit = f"{ROLLOUTS} rollouts" if dollars is None else f"${dollars:.2f}"
    print(f"\nnormalised gain with {limit}, {seeds} seeds")
    print(f"{'scenario':12}" + "".join(f"{name:^29}" for name in METHODS) + f"{'ours minus the better':^30}")
    for scenario in scenarios:
        jobs = [(scenario, seed, method, dollars) for method in METHODS for seed in range(seeds)]
        found = list(run(_job, jobs))
        parts = {name: found[at * seeds : (at + 1) * seeds] for at, name in enumerate(METHODS)}
        gains = {name: [gain for gain, _, _ in each] for name, each in parts.items()}
        cells = []
        for name, each in parts.items():
            low, high = interval(gains[name])
            cost = statistics.fmean(money for _, money, _ in each)
            cells.append(
                f"{statistics.fmean(gains[name]):5.2f} [{low:4.2f} {high:4.2f}] ${cost:.2f}".center(29)
            )
        better = max(METHODS[1:], key=lambda name: statistics.fmean(gains[name]))
        leads = [ours - theirs for ours, theirs in zip(gains["ours"], gains[better], strict=True)]
        low, high = interval(leads)
        sign = "above" if low > 0 else "below" if high < 0 else "equal"
        cells.append(f"{better:5} {statistics.fmean(leads):+5.2f} [{low:+5.2f} {high:+5.2f}] {sign}")
        print(f"{scenario:12}" + "".join(cells), flush=True)


async def with_faults(scenario: str, seed: int, faults: Faults | None) -> float:
    world = World(scenario, seed, faults=faults)
    task, reflection = world.task_model(), world.reflection_model()
    budget = rf.Budget(rollouts=ROLLOUTS)
    result = await run_ours(world, task, reflection, budget=budget, seed=seed, does_retry=True)
    return world.gain(result.best.text)


def compare_faults(scenarios: Iterable[str], seeds: int) -> None:
    faults = Faults(rate_limited=0.05, malformed=0.2, retry_after=0.01)
    print(f"\nours without and with 5 % of 429 and 20 % malformed answers, {seeds} seeds")
    for scenario in scenarios:
        pairs = [
            (anyio.run(with_faults, scenario, seed, None), anyio.run(with_faults, scenario, seed, faults))
            for seed in range(seeds)
        ]
        before, after = (statistics.fmean(column) for column in zip(*pairs, strict=True))
        low, high = interval([late - early for early, late in pairs])
        print(
            f"{scenario:12} {before:5.2f} {after:5.2f}   {after - before:+.3f} [{low:+.3f} {high:+.3f}]",
            flush=True,
        )


async def use_of_slots(seed: int, slots: int, options: dict[str, object]) -> tuple[float, float, float]:
    """Return the share of the slots that was in use, the virtual seconds, and the gain."""
    clock = SelfMovingClock()
    latency = Latency(tail=0.05, tail_factor=10.0)
    world = World("mixed", seed, latency=latency, clock=clock, sizes=(120, 40, 0))
    task, reflection = world.task_model(), world.reflection_model()
    async with clock.running():
        budget = rf.Budget(rollouts=1_200)
        result = await run_ours(
            world, task, reflection, budget=budget, seed=seed, concurrency=slots, **options
        )
        seconds = clock.now()
    return task.meter.busy / (slots * seconds), seconds, world.gain(result.best.text)


def compare_slots(seeds: int, slots: int = 16) -> None:
    print(
        f"\nshare of {slots} slots in use, 1,200 rollouts in mixed, 5 % of the calls ten times as long, {seeds} seeds"
    )
    for order in ("completion", "strict"):
        for in_flight in (None, 4, 16):
            options = {"order": order, "proposals_in_flight": in_flight}
            if in_flight is not None:
                options["minibatch_size"] = 10
            found = [anyio.run(use_of_slots, seed, slots, options) for seed in range(seeds)]
            share, seconds, gain = (statistics.fmean(column) for column in zip(*found, strict=True))
            what = "default" if in_flight is None else f"minibatch 10, {in_flight} in flight"
            print(f"{order:10} {what:28} {share:5.2f} in use, {seconds:6.1f} s, gain {gain:.2f}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--part", action="append", choices=["rollouts", "dollars", "faults", "slots"])
    parser.add_argument("--dollars", action="append", type=float)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(arguments)
    scenarios = args.scenario or list(SCENARIOS)
    parts = args.part or ["rollouts", "dollars", "faults", "slots"]
    with ProcessPoolExecutor(args.processes) as pool:
        run = partial(pool.map)
        if "rollouts" in parts:
            compare(scenarios, args.seeds, None, run)
        if "dollars" in parts:
            for dollars in args.dollars or (0.06, 0.12, 0.25):
                compare(scenarios, args.seeds, dollars, run)
    if "faults" in parts:
        compare_faults(scenarios, args.seeds)
    if "slots" in parts:
        compare_slots(min(3, args.seeds))


if __name__ == "__main__":
    main()
