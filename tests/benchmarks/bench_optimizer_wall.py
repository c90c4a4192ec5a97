"""How long it takes to get as far as gepa does, and how many of the slots are in use on the way.

    python tests/benchmarks/bench_optimizer_wall.py --seeds 10
    python tests/benchmarks/bench_optimizer_wall.py --scenario mixed --rollouts 1200 --sizes 120 40 0

All in virtual time: calls take the simulated world's latency with 5 % of them ten times as long; the programs take
none. gepa runs with one proposal at a time and with eight (`IndependentSampling`), whose calls go out together; the
better of both is what counts. "as gepa" is the time until a candidate is kept that is as accurate as gepa's last one;
a method that never gets there has the whole time of its run, marked with >. "in use" is the share of the slots in which
rollouts run, on the average over the run.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from gepa_in_world import run_gepa
from naive_loop import ask_for_lines, naive_loop
from ours_in_world import run_ours

import reflector as rf
from reflector.simulation import SCENARIOS, Latency, SelfMovingClock, World


@dataclass
class Course:
    """When a method had what."""

    reached: list[tuple[float, float]] = field(default_factory=list)
    """Seconds, and the gain of what was kept then."""
    seconds: float = 0.0
    in_use: float = 0.0
    rollouts: int = 0

    @property
    def gain(self) -> float:
        return max((gain for _, gain in self.reached), default=0.0)

    def until(self, gain: float) -> tuple[float, bool]:
        """Return when a gain was reached, or how long the run took without."""
        times = [seconds for seconds, reached in self.reached if reached >= gain - 1e-9]
        return (min(times), True) if times else (self.seconds, False)


@dataclass(frozen=True)
class Setting:
    scenario: str
    rollouts: int
    slots: int
    sizes: tuple[int, int, int]
    options: dict[str, Any]

    def world(self, seed: int, clock: SelfMovingClock) -> World:
        latency = Latency(tail=0.05, tail_factor=10.0)
        return World(self.scenario, seed, latency=latency, clock=clock, sizes=self.sizes)


async def ours(setting: Setting, seed: int) -> Course:
    clock, course = SelfMovingClock(), Course()
    world = setting.world(seed, clock)
    task = world.task_model()

    def committed(signal: rf.Signal) -> None:
        made = signal.data["candidate"]
        if made is not None:
            course.reached.append((clock.now(), world.gain(made["components"]["prompt"])))

    async with clock.running(), rf.Runtime(clock=clock) as runtime:
        runtime.subscribe("reflector.optimizer.committed", committed)
        result = await run_ours(
            world,
            task,
            world.reflection_model(),
            budget=rf.Budget(rollouts=setting.rollouts),
            seed=seed,
            concurrency=setting.slots,
            **setting.options,
        )
        course.seconds, course.rollouts = clock.now(), result.rollouts
    course.in_use = task.meter.busy / setting.slots / course.seconds
    return course


async def naive(setting: Setting, seed: int) -> Course:
    clock, course = SelfMovingClock(), Course()
    world = setting.world(seed, clock)
    task = world.task_model()
    async with clock.running():
        outcome = await naive_loop(
            world,
            task,
            ask_for_lines(world.reflection_model()),
            rollouts=setting.rollouts,
            concurrency=setting.slots,
            on_best=lambda prompt: course.reached.append((clock.now(), world.gain(prompt))),
        )
        course.seconds, course.rollouts = clock.now(), outcome.rollouts
    course.in_use = task.meter.busy / setting.slots / course.seconds
    return course


async def gepa(setting: Setting, seed: int, proposals: int) -> Course:
    course = Course()
    world = setting.world(seed, SelfMovingClock())
    task = world.task_model()

    def kept(seconds: float, prompt: str) -> None:
        course.seconds = seconds
        course.reached.append((seconds, world.gain(prompt)))

    outcome = run_gepa(
        world,
        task,
        world.reflection_model(),
        rollouts=setting.rollouts,
        seed=seed,
        slots=setting.slots,
        proposals=proposals,
        on_candidate=kept,
    )
    course.rollouts = outcome.rollouts
    course.in_use = task.meter.busy / setting.slots / course.seconds
    return course


METHODS = {
    "ours": ours,
    "naive": naive,
    "gepa 1": partial(gepa, proposals=1),
    "gepa 8": partial(gepa, proposals=8),
}


def _job(setting: Setting, seed: int) -> dict[str, Course]:
    return {name: anyio.run(run, setting, seed) for name, run in METHODS.items()}


def compare(setting: Setting, courses: Sequence[dict[str, Course]]) -> None:
    mean = statistics.fmean
    times: dict[str, list[tuple[float, bool]]] = {name: [] for name in METHODS}
    for each in courses:
        best = max(("gepa 1", "gepa 8"), key=lambda name: (each[name].gain, -each[name].seconds))
        for name, course in each.items():
            times[name].append(course.until(each[best].gain))
    for name in METHODS:
        rows = [each[name] for each in courses]
        got = sum(is_there for _, is_there in times[name])
        mark = " " if got == len(rows) else ">"
        print(
            f"{setting.scenario:12} {name:8} as gepa {mark}{mean(time for time, _ in times[name]):6.2f} s "
            f"({got:2} of {len(rows)})   whole run {mean(row.seconds for row in rows):6.2f} s   "
            f"in use {mean(row.in_use for row in rows):4.2f}   rollouts {mean(row.rollouts for row in rows):6.0f}   "
            f"gain {mean(row.gain for row in rows):5.2f}",
            flush=True,
        )
    own = mean(time for time, _ in times["ours"])
    ratios = [f"{mean(time for time, _ in times[name]) / own:.1f} of {name}" for name in list(METHODS)[1:]]
    print(f"{'':12} times as fast: {', '.join(ratios)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--scenario", action="append", choices=list(SCENARIOS))
    parser.add_argument("--rollouts", type=int, default=400)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--sizes", type=int, nargs=3, default=(40, 40, 0))
    parser.add_argument("--option", action="append", default=[], help="of ours, as name=value")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    options = {name: int(value) for name, _, value in (each.partition("=") for each in args.option)}
    with ProcessPoolExecutor(args.processes) as pool:
        for scenario in args.scenario or SCENARIOS:
            setting = Setting(scenario, args.rollouts, args.slots, tuple(args.sizes), options)
            compare(setting, list(pool.map(partial(_job, setting), range(args.seeds))))


if __name__ == "__main__":
    main()
