"""Feedback over many runs, calibrated confidence and memory: how fast, how true, how useful.

Run it as a script: `python tests/benchmarks/bench_feedback.py [aggregation|calibration|memory ...]`. Times are of one
process; on a busy machine look at the ratios. The other two parts are seeded: the same figures everywhere.
"""

from __future__ import annotations

import itertools
import json
import math
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import partial

import anyio

from reflector.reflecting.reflector import Reflector
from reflector.reflection.aggregation.feedback import Feedback, aggregate
from reflector.reflection.aggregation.likeness import Wording
from reflector.reflection.calibration import (
    Calibration,
    SuggestionFeatures,
    SuggestionOutcome,
    brier_score,
    expected_calibration_error,
)
from reflector.reflection.models import (
    ParsedReflection,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)
from reflector.trajectories.trajectory import Trajectory

# --- aggregation -----------------------------------------------------------------------------------------


def vocabulary(rng: random.Random, size: int = 3_000) -> tuple[list[str], list[float]]:
    """Return made-up words, and weights by Zipf's law."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(rng.choices(letters, k=rng.randint(4, 9))) for _ in range(size)]
    return words, list(itertools.accumulate(1 / (rank + 2) for rank in range(size)))


def reflections(runs: int, *, seed: int = 0, each: int = 10) -> list[ParsedReflection]:
    """Return reflections whose suggestions and causes are ideas that recur, in other words each time."""
    rng = random.Random(seed)
    words, weights = vocabulary(rng)

    def sentence(low: int, high: int) -> list[str]:
        return rng.choices(words, cum_weights=weights, k=rng.randint(low, high))

    ideas = [
        (rng.choice([*SuggestionType]), rng.choice([*SuggestionCategory]), sentence(6, 16))
        for _ in range(runs * each // 3)
    ]

    def reworded(idea: list[str]) -> str:
        said = list(idea)
        said[rng.randrange(len(said))] = rng.choice(words)
        rng.shuffle(said)
        return " ".join(said)

    def suggestion() -> Suggestion:
        kind, category, idea = rng.choice(ideas)
        return Suggestion(
            type=kind, category=category, description=reworded(idea), rationale=" ".join(sentence(8, 16))
        )

    return [
        ParsedReflection(
            analysis="…",
            root_causes=tuple(reworded(rng.choice(ideas)[2]) for _ in range(2)),
            suggestions=tuple(suggestion() for _ in range(each)),
        )
        for _ in range(runs)
    ]


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def read(feedback: Feedback) -> None:
    """Have everything computed that a feedback says."""
    _ = feedback.suggestions, feedback.failure_patterns, feedback.suggestion_patterns


def each_with_each(items: Sequence[Suggestion], alike: Callable[[Suggestion, Suggestion], object]) -> None:
    """Compare every pair: what the origin did, several times over."""
    for one, two in itertools.combinations(items, 2):
        alike(one, two)


def bench_aggregation() -> None:
    """Print the time of 10,000 suggestions, its growth, one more run, and the naive way on a part."""
    print("aggregation (10 suggestions and 2 causes a run)")
    print(f"{'runs':>6}{'suggestions':>13}{'distinct':>10}{'s':>8}{'us each':>9}")
    for runs in (125, 250, 500, 1_000):
        items = reflections(runs)
        feedback = aggregate(items)
        seconds = timed(lambda items=items: read(aggregate(items)))
        count = len(feedback.suggestions)
        print(f"{runs:>6}{runs * 10:>13}{count:>10}{seconds:>8.2f}{seconds / runs * 1e5:>9.0f}")
    one_more = timed(lambda: feedback.add(items[0], source="one more").suggestions)
    print(f"one more run to {runs:,}: {one_more:.2f} s, {seconds / one_more:.0f} times less than all of them")
    part = [said for item in items[:60] for said in item.suggestions]
    ours = timed(lambda: read(aggregate(items[:60])))
    pairs = timed(lambda: each_with_each(part, lambda a, b: Wording.of(a).says_the_same(Wording.of(b))))
    peer = timed(
        lambda: each_with_each(
            part[:200], lambda a, b: SequenceMatcher(None, a.description, b.description).ratio()
        )
    )
    peer *= (len(part) / 200) ** 2
    print(
        f"{len(part)} suggestions: ours {ours:.2f} s; each with each {pairs:.1f} s (x{pairs / ours:.0f}), "
        f"with difflib about {peer:.0f} s (x{peer / ours:.0f})\n"
    )


# --- calibration -----------------------------------------------------------------------------------------


def outcomes(count: int, *, seed: int, world: int) -> list[SuggestionOutcome]:
    """Return suggestions and what became of them, in a world where kinds of suggestions differ in their success.

    What decides is partly what a suggestion looks like, partly something nobody sees. Two or three are tried together
    now and then; then they share their result, as they do in life.
    """
    effects = random.Random(world)
    by_type = {kind: effects.gauss(0, 0.8) for kind in SuggestionType}
    by_category = {category: effects.gauss(0, 0.8) for category in SuggestionCategory}
    specific, placed, base = effects.uniform(0, 1.2), effects.uniform(0, 1.5), effects.uniform(-1.6, 0.4)
    rng = random.Random(seed)
    found: list[SuggestionOutcome] = []
    while len(found) < count:
        tried = []
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            features = SuggestionFeatures(
                type=rng.choice([*SuggestionType]),
                category=rng.choice([*SuggestionCategory]),
                priority=rng.choice([*Priority]),
                score=min(1.0, max(0.0, rng.gauss(0.6, 0.2))),
                is_specific=rng.random() < 0.6,
                is_placed=rng.random() < 0.7,
                words=rng.randint(3, 30),
            )
            worth = base + by_type[features.type] + by_category[features.category]
            worth += specific * features.is_specific + placed * bool(features.is_placed) + rng.gauss(0, 0.7)
            tried.append((features, worth))
        chance = 1 / (1 + math.exp(-statistics.mean(worth for _, worth in tried)))
        improved = rng.random() < chance
        trial = f"{seed}-{len(found)}"
        found += [SuggestionOutcome(features=each, improved=improved, trial=trial) for each, _ in tried]
    return found[:count]


def bench_calibration(seeds: int = 20, learned: int = 300, tested: int = 2_000) -> None:
    """Print errors of the learned probability and of the formula on outcomes that were not learned from."""
    print(f"calibration: {learned} outcomes learned, {tested:,} others tested, {seeds} seeded worlds")
    figures: dict[str, list[float]] = {}
    for seed in range(seeds):
        model = Calibration().add(outcomes(learned, seed=seed, world=seed))
        fresh = outcomes(tested, seed=seed + 10_000, world=seed)
        results = [each.improved for each in fresh]
        predictions = {
            "learned": [model.probability(each.features).value for each in fresh],
            "formula": [each.features.score for each in fresh],
            "base rate": [statistics.mean(each.improved for each in model.outcomes)] * tested,
        }
        for name, predicted in predictions.items():
            figures.setdefault(f"ECE {name}", []).append(expected_calibration_error(predicted, results))
            figures.setdefault(f"Brier {name}", []).append(brier_score(predicted, results))
        figures.setdefault("ECE formula - learned", []).append(
            figures["ECE formula"][-1] - figures["ECE learned"][-1]
        )
        figures.setdefault("Brier formula - learned", []).append(
            figures["Brier formula"][-1] - figures["Brier learned"][-1]
        )
        figures.setdefault("Brier base rate - learned", []).append(
            figures["Brier base rate"][-1] - figures["Brier learned"][-1]
        )
        figures.setdefault("ECE by its own report", []).append(model.report().ece)
    print_figures(figures)


def print_figures(figures: dict[str, list[float]]) -> None:
    """Print mean, 95 % confidence interval of the mean, and worst of each figure."""
    print(f"{'figure':<28}{'mean':>8}{'95 % interval':>20}{'min':>8}{'max':>8}")
    for name, values in sorted(figures.items()):
        mean, half = statistics.mean(values), 2.1 * statistics.stdev(values) / len(values) ** 0.5
        interval = f"{mean - half:.3f} … {mean + half:.3f}"
        print(f"{name:<28}{mean:>8.3f}{interval:>20}{min(values):>8.3f}{max(values):>8.3f}")
    print()


# --- memory ----------------------------------------------------------------------------------------------

_REMEDIES = [
    "State the unit of every amount.", "Convert all amounts to one currency.", "Name the source of each figure.",
    "Check every total by adding again.", "Ask when the year is missing.", "Round only at the very end.",
    "Show the formula before the result.", "Write dates as year, month, day.", "List what is unknown first.",
    "Keep the order of the question.", "Refuse to guess missing prices.", "Separate tax from the net price.",
]  # fmt: skip
_VERBS = ("Add the rule", "Put in an instruction", "Include a line that says")


def answer(rng: random.Random) -> str:
    """Return what a model without a memory of its own says: two remedies at random, in words at random."""
    suggestions = [
        {
            "type": "add", "category": "constraint", "priority": "high",
            "description": f"{rng.choice(_VERBS)}: {remedy}", "rationale": "Step 1 shows it.", "specific_text": remedy,
        }
        for remedy in rng.sample(_REMEDIES, 2)
    ]  # fmt: skip
    return json.dumps(
        {
            "analysis": "The answer is wrong.",
            "root_causes": ["A rule is missing."],
            "suggestions": suggestions,
        }
    )


async def search(seed: int, *, remembers: bool, rounds: int = 30) -> tuple[int, int]:
    """Return how many prompts were measured until two needed rules are found, and how many of their edits were tried
    before and had failed."""
    rng = random.Random(seed)
    needed = set(rng.sample(_REMEDIES, 2))
    reflector = Reflector(lambda messages: answer(rng))
    prompt, failed, repeats, measured = "Answer questions about prices.", set[str](), 0, 0
    for _ in range(rounds):
        run = Trajectory.from_openai_messages(
            [{"role": "user", "content": "How much?"}, {"role": "assistant", "content": "12"}], id="run"
        ).with_outcome("failure", feedback="wrong")
        reflection = await reflector.reflect(run, prompt=prompt)
        if not reflection.plan.applied:
            continue
        measured += 1
        tried = {each.specific_text for each in reflection.suggestions if each.specific_text}
        repeats += len(tried & failed)
        gained = sum(rule in reflection.improved_prompt and rule not in prompt for rule in needed)
        if remembers:
            reflector.record_outcome(reflection, accepted=gained > 0, score_delta=gained / 2)
        if gained:
            prompt = reflection.improved_prompt
        else:
            failed |= tried
        if all(rule in prompt for rule in needed):
            break
    return measured, repeats


def bench_memory(seeds: int = 30) -> None:
    """Print how much is measured, and how much of it again, with and without the memory; the model never heeds it."""
    print(
        f"memory: two of {len(_REMEDIES)} rules are needed, two are suggested at random each time, {seeds} seeds"
    )
    figures: dict[str, list[float]] = {}
    for seed in range(seeds):
        found = {
            name: anyio.run(partial(search, seed, remembers=remembers))
            for name, remembers in (("with", True), ("without", False))
        }
        for number, what in enumerate(("prompts measured", "failed edits again")):
            for name in found:
                figures.setdefault(f"{what}, {name}", []).append(found[name][number])
            figures.setdefault(f"{what}, saved", []).append(found["without"][number] - found["with"][number])
    print_figures(figures)


PARTS = {"aggregation": bench_aggregation, "calibration": bench_calibration, "memory": bench_memory}


def main() -> None:
    """Run the parts named on the command line, or all."""
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
