"""Our optimizer against gepa and a naive loop in simulated worlds: gains at equal rollouts and at equal dollars.

    python tests/benchmarks/bench_optimizer.py --seeds 10
    python tests/benchmarks/bench_optimizer.py --part dollars --dollars 0.06 --dollars 0.12 --dollars 0.25
    python tests/benchmarks/bench_optimizer.py --part variants --part faults --part slots
    python tests/benchmarks/bench_optimizer.py --part rollouts --first-seed 20

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

PARTS = ("rollouts", "dollars", "variants", "faults", "slots")
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
    scenarios: Iterable[str], seeds: range, dollars: float | None, run: Callable[..., Iterator[Measured]]
) -> None:
    limit = f"{ROLLOUTS} rollouts" if dollars is None else f"${dollars:.2f}"
    print(f"\nnormalised gain with {limit}, {_named(seeds)}")
    print(f"{'scenario':12}" + "".join(f"{name:^29}" for name in METHODS) + f"{'ours minus the better':^30}")
    for scenario in scenarios:
        jobs = [(scenario, seed, method, dollars) for method in METHODS for seed in seeds]
        found = list(run(_job, jobs))
        parts = {name: found[at * len(seeds) : (at + 1) * len(seeds)] for at, name in enumerate(METHODS)}
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


def _named(seeds: range) -> str:
    return f"seeds {seeds.start} to {seeds.stop - 1}"


VARIANTS: dict[str, dict[str, object]] = {
    "default": {},
    "minibatch of 3": {"minibatch_size": 3},
    "rewrite": {"proposer": "rewrite"},
    "rewrite, minibatch of 3": {"proposer": "rewrite", "minibatch_size": 3},
}


async def measure_variant(scenario: str, seed: int, name: str) -> Measured:
    world = World(scenario, seed)
    task, reflection = world.task_model(), world.reflection_model()
    budget = rf.Budget(rollouts=ROLLOUTS)
    result = await run_ours(world, task, reflection, budget=budget, seed=seed, **VARIANTS[name])
    return world.gain(result.best.text), spent(task, reflection), result.rollouts


def _variant(arguments: tuple[str, int, str]) -> Measured:
    return anyio.run(measure_variant, *arguments)


def compare_variants(scenarios: Iterable[str], seeds: range, run: Callable[..., Iterator[Measured]]) -> None:
    print(f"\nours with other options, {ROLLOUTS} rollouts, {_named(seeds)}; difference to the default")
    for scenario in scenarios:
        jobs = [(scenario, seed, name) for name in VARIANTS for seed in seeds]
        found = list(run(_variant, jobs))
        default = [gain for gain, _, _ in found[: len(seeds)]]
        for at, name in enumerate(VARIANTS):
            part = found[at * len(seeds) : (at + 1) * len(seeds)]
            gains, money = [each[0] for each in part], statistics.fmean(each[1] for each in part)
            low, high = interval([gain - usual for gain, usual in zip(gains, default, strict=True)])
            lead = statistics.fmean(gains) - statistics.fmean(default)
            print(
                f"{scenario:12} {name:24} {statistics.fmean(gains):5.2f} ${money:.2f}  "
                f"{lead:+5.2f} [{low:+5.2f} {high:+5.2f}]",
                flush=True,
            )


async def with_faults(scenario: str, seed: int, has_faults: bool) -> float:
    faults = Faults(rate_limited=0.05, malformed=0.2, retry_after=0.01) if has_faults else None
    world = World(scenario, seed, faults=faults)
    task, reflection = world.task_model(), world.reflection_model()
    budget = rf.Budget(rollouts=ROLLOUTS)
    result = await run_ours(world, task, reflection, budget=budget, seed=seed, does_retry=True)
    return world.gain(result.best.text)


def _faulty(arguments: tuple[str, int, bool]) -> float:
    return anyio.run(with_faults, *arguments)


def compare_faults(scenarios: Iterable[str], seeds: range, run: Callable[..., Iterator[float]]) -> None:
    print(f"\nours without and with 5 % of 429 and 20 % malformed answers, {_named(seeds)}")
    lost: list[float] = []
    for scenario in scenarios:
        jobs = [(scenario, seed, has_faults) for has_faults in (False, True) for seed in seeds]
        found = list(run(_faulty, jobs))
        before, after = found[: len(seeds)], found[len(seeds) :]
        differences = [late - early for early, late in zip(before, after, strict=True)]
        lost += differences
        print(
            f"{scenario:12} {statistics.fmean(before):5.2f} {statistics.fmean(after):5.2f} {_lost(differences)}",
            flush=True,
        )
    print(f"{'all':12} {'':11} {_lost(lost)}", flush=True)


def _lost(differences: Sequence[float]) -> str:
    low, high = interval(differences)
    return f"{statistics.fmean(differences):+.3f} [{low:+.3f} {high:+.3f}]"


async def use_of_slots(seed: int, slots: int, options: dict[str, object]) -> tuple[float, float, float]:
    """Return the share of the slots that was in use, the virtual seconds, and the gain."""
    clock = SelfMovingClock()
    latency = Latency(tail=0.05, tail_factor=10.0)
    world = World("mixed", seed, latency=latency, clock=clock, sizes=(120, 40, 0))
    task, reflection = world.task_model(), world.reflection_model()
    async with clock.running(), rf.Runtime(clock=clock):
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
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--part", action="append", choices=PARTS)
    parser.add_argument("--dollars", action="append", type=float)
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args(arguments)
    scenarios = args.scenario or list(SCENARIOS)
    parts = args.part or PARTS
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    with ProcessPoolExecutor(args.processes) as pool:
        run = partial(pool.map)
        if "rollouts" in parts:
            compare(scenarios, seeds, None, run)
        if "dollars" in parts:
            for dollars in args.dollars or (0.06, 0.12, 0.25):
                compare(scenarios, seeds, dollars, run)
        if "variants" in parts:
            compare_variants(scenarios, seeds, run)
        if "faults" in parts:
            compare_faults(scenarios, seeds, run)
    if "slots" in parts:
        compare_slots(min(3, args.seeds))


if __name__ == "__main__":
    main()
