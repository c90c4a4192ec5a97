"""What the engine of an optimizer takes, beside gepa's: an evaluator that takes no time, every child kept.

    python tests/benchmarks/bench_optimizer_engine.py --candidates 300
    python tests/benchmarks/bench_optimizer_engine.py --kills 20

20 components of 1 kB, 300 validation rows, scores that are drawn; seconds of CPU, of all threads. In both engines a
function of one line proposes the new text, so that it is the engines that are compared; "with its Reflector" is ours
with everything that a reflection does besides asking a model. Ours writes every fact to a journal on disk; gepa runs
without keeping anything, and with a folder (`run_dir`), which is its way to be resumed. "floor" awaits the evaluator as
often and does nothing else: what is over it is the engine. The least of three runs of ours and of the floor counts, and
the only one of gepa's. "machine" is our state machine alone: what a commit takes with so many candidates.
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
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import anyio

import reflector as rf
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.machine import Machine
from reflector.optimizer.work import Change, Proposed, Reflect, RunRows

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


class OneLine:
    """Proposes a line, in the place of a Reflector."""

    def __init__(self) -> None:
        self.numbers = count()

    async def propose(self, order: Reflect) -> tuple[Proposed, rf.Usage]:
        number = next(self.numbers)
        change = Change(order.components[0], 0, 0, f"Line {number} holds. ", f"add line {number}")
        return Proposed((change,)), rf.Usage()


async def rollout(candidate: Any, example: Any) -> rf.Rollout:
    return rf.Rollout("", score=random.random())


async def floor(candidates: int) -> float:
    """Return the seconds of the rollouts alone."""
    started = time.process_time()
    for _ in range(ROWS + candidates * (ROWS + 6)):
        await rollout(None, None)
    return time.process_time() - started


async def ours(candidates: int, *, does_reflect: bool = False) -> float:
    """Return the seconds of a run."""
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
        if not does_reflect:
            optimizer._proposer = OneLine()  # type: ignore[assignment]
        started = time.process_time()
        async with optimizer:
            result = await optimizer.run()
        took = time.process_time() - started
    assert len(result.candidates) > candidates
    return took


def gepa(candidates: int, folder: str | None = None) -> float:
    """Return the seconds of the same with gepa, in a folder or without keeping anything."""
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
    started = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        package.optimize(
            COMPONENTS, rows[:ROWS], rows[ROWS:], adapter=Adapter(), acceptance_criterion=Accept(), seed=0,
            max_metric_calls=ROWS + candidates * (ROWS + 6), perfect_score=2.0, run_dir=folder,
        )  # fmt: skip
    return time.process_time() - started


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
        started = time.thread_time()
        if isinstance(order, RunRows):
            found = Evaluations({row: rng.random() for row in order.rows})
            started = time.thread_time()
            machine.report_rows(order.id, found)
        else:
            change = Change(order.components[0], 0, 0, f"Line {order.id} holds. ", f"add line {order.id}")
            machine.report_reflection(order.id, Proposed((change,)))
        took.append((len(machine.pool), time.thread_time() - started))
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
    print(f"machine: {mean:.2f} ms for each candidate, {late:.2f} ms at the end", flush=True)
    anyio.run(ours, 2)  # what is loaded at first use
    bare = min(anyio.run(floor, args.candidates) for _ in range(3))
    own = min(anyio.run(ours, args.candidates) for _ in range(3))
    reflecting = anyio.run(partial(ours, does_reflect=True), args.candidates)
    alone = gepa(args.candidates)
    with tempfile.TemporaryDirectory() as folder:
        kept = gepa(args.candidates, folder)
    print(f"floor {bare:.3f} s {'':30} seconds  times ours   over the floor  times ours")
    for name, took in (
        ("ours, with journal", own),
        ("ours, with its Reflector", reflecting),
        ("gepa, nothing kept", alone),
        ("gepa, with run_dir", kept),
    ):
        over = took - bare
        print(f"{name:42}{took:8.3f} {took / own:11.1f} {over:16.3f} {over / (own - bare):11.1f}")


if __name__ == "__main__":
    main()
