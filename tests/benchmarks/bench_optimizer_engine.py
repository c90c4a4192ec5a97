"""What the engine of an optimizer takes, beside gepa's: an evaluator that takes no time, every child kept.

    python tests/benchmarks/bench_optimizer_engine.py --candidates 300
    python tests/benchmarks/bench_optimizer_engine.py --kills 20

20 components of 1 kB, 300 validation rows, scores that are drawn. Ours writes every fact to a journal on disk; gepa
runs without a folder. "machine" is our state machine alone: what a commit takes with so many candidates in the pool.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import anyio

import reflector as rf
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.machine import Machine
from reflector.optimizer.work import Change, Proposed, RunRows

COMPONENTS = {f"part-{number}": f"Text {number}. " * 100 for number in range(20)}
ROWS = 300


class Everything:
    """Accepts every child."""

    def judge(self, parent: Sequence[float], child: Sequence[float], has_more: bool) -> Any:
        return "accepted"


def options(**more: Any) -> rf.OptimizerConfig:
    return rf.OptimizerConfig(
        minibatch_size=3, depth=1, pace=0, proposals_in_flight=1, acceptance=Everything(), validation="full", merges=0,
        perfect_score=2.0, **more,
    )  # fmt: skip


async def ours(candidates: int) -> float:
    """Return the seconds of a run, its reflections included."""
    numbers = count()

    def model(messages: list[dict[str, str]]) -> str:
        number = next(numbers)
        suggestion = {
            "type": "add", "category": "constraint", "priority": "high", "description": f"Add line {number}",
            "rationale": "a run broke it", "specific_text": f"Line {number} holds.",
        }  # fmt: skip
        return json.dumps(
            {
                "analysis": "A line is missing.",
                "root_causes": ["A line is missing."],
                "suggestions": [suggestion],
            }
        )

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        return rf.Rollout("", score=random.random())

    rows = [{"input": str(number)} for number in range(2 * ROWS)]
    with tempfile.TemporaryDirectory() as folder:
        optimizer = rf.Optimizer(
            COMPONENTS,
            rf.Examples(train=rows[:ROWS], val=rows[ROWS:]),
            rollout=rollout,
            reflector=rf.Reflector(model),
            budget=rf.Budget(rollouts=ROWS + candidates * (ROWS + 6)),
            config=options(store=Path(folder) / "run.db"),
        )
        async with optimizer:
            started = time.perf_counter()
            result = await optimizer.run()
            took = time.perf_counter() - started
    assert len(result.candidates) > candidates
    return took


def gepa(candidates: int) -> float:
    """Return the seconds of the same with gepa."""
    import gepa as package
    from gepa.core.adapter import EvaluationBatch

    class Adapter:
        numbers = count()

        def evaluate(
            self, batch: Sequence[Any], candidate: Mapping[str, str], capture_traces: bool = False
        ) -> Any:
            scores = [random.random() for _ in batch]
            return EvaluationBatch([""] * len(batch), scores, list(batch) if capture_traces else None)

        def make_reflective_dataset(self, candidate: Any, batch: Any, components: Sequence[str]) -> Any:
            return {component: [{"Inputs": ""}] for component in components}

        def propose_new_texts(
            self, candidate: Mapping[str, str], dataset: Any, components: Sequence[str]
        ) -> Any:
            return {name: f"{candidate[name]} Line {next(self.numbers)} holds." for name in components}

    class Accept:
        def should_accept(self, proposal: Any, state: Any) -> bool:
            return True

    rows = [{"input": str(number)} for number in range(2 * ROWS)]
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        package.optimize(
            COMPONENTS, rows[:ROWS], rows[ROWS:], adapter=Adapter(), acceptance_criterion=Accept(), seed=0,
            max_metric_calls=ROWS + candidates * (ROWS + 6), perfect_score=2.0,
        )  # fmt: skip
    return time.perf_counter() - started


def machine(candidates: int) -> tuple[float, float]:
    """Return the milliseconds of a commit, the mean and that of the last tenth."""
    machine = Machine(
        Candidate(COMPONENTS),
        options(),
        {"train": ROWS, "val": ROWS, "test": 0},
        ROWS + candidates * (ROWS + 6),
    )
    rng, took = random.Random(0), []
    waiting = machine.orders()
    while waiting:
        order = waiting.pop()
        started = time.perf_counter()
        if isinstance(order, RunRows):
            evaluations = [Evaluation(rng.random()) for _ in order.rows]
            started = time.perf_counter()
            machine.report_rows(order.id, evaluations)
        else:
            change = Change(order.components[0], 0, 0, f"Line {order.id} holds. ", f"add line {order.id}")
            machine.report_reflection(order.id, Proposed((change,)))
        took.append((len(machine.pool), time.perf_counter() - started))
        waiting += machine.orders()
    size = len(machine.pool)
    late = [seconds for pool, seconds in took if pool > 0.9 * size]
    return sum(seconds for _, seconds in took) / size * 1e3, sum(late) / (0.1 * size) * 1e3


def kills(number: int) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "optimizer"))
    from killing import kill_and_resume

    with tempfile.TemporaryDirectory() as folder:
        whole = kill_and_resume(Path(folder) / "whole.db", 0, random.Random(0))
        killed = kill_and_resume(Path(folder) / "killed.db", number, random.Random(1))
    repeated = (
        killed.recorded.total() - len(killed.recorded) + killed.reflected.total() - len(killed.reflected)
    )
    same = "the same" if killed.best == whole.best else "ANOTHER"
    print(
        f"{killed.kills} kills: {repeated} recorded calls repeated, {same} final candidate; "
        f"{killed.requests} requests against {whole.requests} without a kill"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--candidates", type=int, default=60)
    parser.add_argument("--kills", type=int, default=0)
    args = parser.parse_args()
    if args.kills:
        kills(args.kills)
        return
    mean, late = machine(args.candidates)
    print(f"machine: {mean:.2f} ms for each candidate, {late:.2f} ms at the end")
    own = anyio.run(ours, args.candidates)
    print(
        f"ours:    {own:.2f} s, {own / args.candidates * 1e3:.1f} ms for each candidate, with journal",
        flush=True,
    )
    theirs = gepa(args.candidates)
    print(f"gepa:    {theirs:.2f} s, {theirs / args.candidates * 1e3:.1f} ms for each candidate")
    print(f"ratio:   {theirs / own:.1f}")


if __name__ == "__main__":
    main()
