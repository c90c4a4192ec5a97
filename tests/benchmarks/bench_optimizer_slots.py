"""How many slots a run keeps in use when some calls take ten times as long: scheduling alone, nothing is learned.

    python tests/benchmarks/bench_optimizer_slots.py --seeds 5

Every call, a rollout or a reflection, takes 20 ms, and 5 % of them 200 ms, in virtual time; the programs take none. 16
slots, 40 validation rows, 640 rollouts, minibatches of 3; a child is better than its parent with a chance of 30 %, and
only then validated. Ours proposes as gepa does, one reflection for each minibatch and child (`depth=1, pace=0`), with
so many proposals in flight; "strict" is the same in strict order. gepa runs with one proposal at a time and with eight
(`IndependentSampling`), whose calls go out together. "in use" is the share of the slots that rollouts take, on the
average over the run, then the same with reflections.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import json
import random
import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import anyio
from gepa_in_world import Slots

import reflector as rf
from reflector.simulation import SelfMovingClock

SLOTS, ROWS, ROLLOUTS = 16, 40, 640
SECONDS, TAIL, FACTOR, BETTER = 0.02, 0.05, 10, 0.3
TEXT = "Level 0 of text 0."


class Chance:
    """How long calls take, and how good texts are."""

    def __init__(self, seed: int) -> None:
        self._latencies, self._texts = random.Random(f"latency:{seed}"), random.Random(f"text:{seed}")
        self._numbers = itertools.count(1)

    def seconds(self) -> float:
        return SECONDS * (FACTOR if self._latencies.random() < TAIL else 1)

    def child(self, parent: str) -> str:
        """Return a text that is a level better, or worse."""
        level = level_of(parent) + (1 if self._texts.random() < BETTER else -1)
        return f"Level {level} of text {next(self._numbers)}."


def level_of(text: str) -> int:
    found = re.search(r"Level (-?\d+) of text", text)
    assert found is not None
    return int(found[1])


def score(text: str) -> float:
    return 0.5 + level_of(text) / 1000


@dataclass(frozen=True)
class Outcome:
    rollouts: float
    reflections: float
    seconds: float
    candidates: float
    busy: float
    """Seconds of rollouts."""
    reflecting: float

    @property
    def row(self) -> str:
        rolled = self.busy / self.seconds / SLOTS
        return (
            f"in use {rolled:4.2f} / {rolled + self.reflecting / self.seconds / SLOTS:4.2f}   "
            f"{self.seconds:5.2f} s   rollouts {self.rollouts:4.0f}   reflections {self.reflections:4.0f}   "
            f"candidates {self.candidates:4.1f}"
        )


async def ours(seed: int, **options: Any) -> Outcome:
    clock, chance = SelfMovingClock(), Chance(seed)
    spent = {"rollouts": 0.0, "reflections": 0.0}

    async def call(kind: str) -> None:
        seconds = chance.seconds()
        spent[kind] += seconds
        await clock.sleep_until(clock.now() + seconds)

    async def rollout(candidate: rf.Candidate, example: Any) -> rf.Rollout:
        await call("rollouts")
        return rf.Rollout("", score=score(candidate.text))

    async def model(messages: Sequence[Mapping[str, str]]) -> str:
        await call("reflections")
        old = next(iter(re.findall(r"Level -?\d+ of text \d+\.", messages[-1]["content"])))
        suggestion = {
            "type": "modify", "category": "clarity", "priority": "high", "description": "Another level",
            "rationale": "the runs fail", "target_text": old, "specific_text": chance.child(old),
        }  # fmt: skip
        return json.dumps(
            {"analysis": "The level is wrong.", "root_causes": ["the level"], "suggestions": [suggestion]}
        )

    async with clock.running(), rf.Runtime(clock=clock):
        result = await rf.optimize(
            TEXT,
            examples(),
            rollout=rollout,
            reflector=rf.Reflector(model),
            budget=rf.Budget(rollouts=ROLLOUTS),
            config=rf.OptimizerConfig(concurrency=SLOTS, seed=seed, minibatch_size=3, **options),
        )
        seconds = clock.now()
    return Outcome(
        result.rollouts,
        result.reflections,
        seconds,
        len(result.candidates),
        spent["rollouts"],
        spent["reflections"],
    )


def examples() -> rf.Examples:
    rows = [{"input": str(number)} for number in range(2 * ROWS)]
    return rf.Examples(train=rows[:ROWS], val=rows[ROWS:])


def gepa(seed: int, proposals: int) -> Outcome:
    import gepa as package
    from gepa.core.adapter import EvaluationBatch
    from gepa.strategies.proposal_sampling import IndependentSampling

    timeline, chance = Slots(SLOTS), Chance(seed)
    spent = {"rollouts": 0.0, "reflections": 0.0}
    numbers = {"rollouts": 0, "reflections": 0}

    def calls(kind: str, number: int) -> None:
        delays = [chance.seconds() for _ in range(number)]
        numbers[kind] += number
        spent[kind] += sum(delays)
        timeline.run(delays)

    class Adapter:
        propose_new_texts = None

        def batch_evaluate(self, items: Sequence[tuple[Mapping[str, str], Sequence[Any]]]) -> list[Any]:
            calls("rollouts", sum(len(batch) for _, batch in items))
            return [self.scores(batch, candidate) for candidate, batch in items]

        def evaluate(
            self, batch: Sequence[Any], candidate: Mapping[str, str], capture_traces: bool = False
        ) -> Any:
            calls("rollouts", len(batch))
            return self.scores(batch, candidate)

        def scores(self, batch: Sequence[Any], candidate: Mapping[str, str]) -> Any:
            return EvaluationBatch([""] * len(batch), [score(candidate["prompt"])] * len(batch), list(batch))

        def make_reflective_dataset(self, candidate: Any, batch: Any, components: Sequence[str]) -> Any:
            return {component: [{"Inputs": ""}] for component in components}

    class Asked:
        def __call__(self, prompt: Any) -> str:
            return self.batch_complete([[{"role": "user", "content": prompt}]])[0]

        def batch_complete(self, prompts: Sequence[Any]) -> list[str]:
            calls("reflections", len(prompts))
            olds = [re.findall(r"Level -?\d+ of text \d+\.", each[-1]["content"])[0] for each in prompts]
            return [f"```\n{chance.child(old)}\n```" for old in olds]

    with contextlib.redirect_stdout(io.StringIO()):
        result = package.optimize(
            {"prompt": TEXT},
            examples().train,
            examples().val,
            adapter=Adapter(),
            reflection_lm=Asked(),
            max_metric_calls=ROLLOUTS,
            seed=seed,
            sampling_strategy=None if proposals == 1 else IndependentSampling(proposals),
        )
    return Outcome(
        numbers["rollouts"], numbers["reflections"], timeline.now, len(result.candidates), spent["rollouts"],
        spent["reflections"],
    )  # fmt: skip


def show(name: str, found: Sequence[Outcome]) -> None:
    means = (
        statistics.fmean(getattr(each, field) for each in found)
        for field in [each.name for each in fields(Outcome)]
    )
    print(f"{name:20} {Outcome(*means).row}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    as_gepa: dict[str, Any] = {"depth": 1, "pace": 0}
    for in_flight in (1, 2, 4, 8, 16):
        run = partial(ours, proposals_in_flight=in_flight, **as_gepa)
        show(f"ours {in_flight:2}", [anyio.run(run, seed) for seed in seeds])
    strict = partial(ours, proposals_in_flight=8, order="strict", **as_gepa)
    show("ours  8, strict", [anyio.run(strict, seed) for seed in seeds])
    for proposals in (1, 8):
        show(f"gepa {proposals:2}", [gepa(seed, proposals) for seed in seeds])


if __name__ == "__main__":
    main()
