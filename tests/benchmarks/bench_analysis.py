"""Analysis of short and long runs: how long it takes, and whether time grows as the run does.

Run it with `python tests/benchmarks/bench_analysis.py`.
"""

from __future__ import annotations

import time

from reflector.trajectories.analyzer import analyze
from reflector.trajectories.step import Outcome, Step, StepKind
from reflector.trajectories.trajectory import Trajectory

_OUTPUT = "".join(
    f"line {number}: value = compute(index, {number * 7}) # not an error\n" for number in range(240)
)
_FAILED = "Traceback (most recent call last):\n  File \"run.py\", line 3\nKeyError: 'total'\n"


def long_run(steps: int) -> Trajectory:
    """Return a failed run of so many steps, about 5 KB each: reasoning, calls, results, now and then a failure."""
    made = [
        Step(kind=StepKind.SYSTEM, content="Use the `shell` tool. When done, call `submit`."),
        Step(kind=StepKind.USER, content="Make the tests pass."),
    ]
    turn = 0
    while len(made) < steps:
        failed = turn % 7 == 3
        made += [
            Step(
                kind=StepKind.REASONING,
                content=f"Attempt {turn}: I look at part {turn}. {_OUTPUT[:1500]}",
                turn=turn,
            ),
            Step(
                kind=StepKind.TOOL_CALL,
                name="shell",
                arguments={"command": f"python check.py --part {turn}"},
                turn=turn,
            ),
            Step(
                kind=StepKind.TOOL_RESULT,
                name="shell",
                content=f"part {turn}\n{_FAILED if failed else _OUTPUT}",
            ),
        ]
        turn += 1
    return Trajectory(
        id=f"long-{steps}", steps=tuple(made[:steps]), outcome=Outcome.FAILURE, prompt=made[0].content
    )


def best_of(run: Trajectory, rounds: int) -> float:
    """Return the seconds of the fastest of some analyses."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        analyze(run)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print time for 50 and 10,000 steps, and how time grows when a run doubles."""
    times = {steps: best_of(long_run(steps), rounds) for steps, rounds in ((50, 20), (5_000, 3), (10_000, 3))}
    size = sum(len(step.content) for step in long_run(10_000).steps) / 1e6
    print(f"analysis of     50 steps           {times[50] * 1e3:9.2f} ms")
    print(f"analysis of 10,000 steps ({size:4.1f} MB) {times[10_000] * 1e3:9.1f} ms")
    print(f"growth from 5,000 to 10,000 steps  {times[10_000] / times[5_000]:9.2f} x")


if __name__ == "__main__":
    main()
