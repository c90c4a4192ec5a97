"""Each strategy that a run may be given: what it chooses, and that the options lead to it."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import toy
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.errors import ConfigurationError
from reflector.optimizer.acceptance import OrEqualAcceptance, PairedAcceptance, StrictAcceptance
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.machine import Machine
from reflector.optimizer.merging import find_merge
from reflector.optimizer.minibatches import minibatch
from reflector.optimizer.pool import Pool
from reflector.optimizer.selection import (
    BestSelector,
    EpsilonGreedySelector,
    ParetoSelector,
    choose_components,
)
from reflector.optimizer.work import Change, Proposed, RunRows


def pool_of(*scores: tuple[float, ...], kind: Any = "instance", **objectives: Any) -> Pool:
    pool = Pool(kind)
    for number, each in enumerate(scores):
        named = {name: values[number] for name, values in objectives.items()}
        pool.add(Candidate({"prompt": f"text {number}"}, number, (0,) if number else ()), each, named)
    return pool


# --- selection ---


def test_pareto_selection_draws_what_the_frontier_needs_the_more_often_the_more_it_leads() -> None:
    pool = pool_of((0, 0, 0, 0), (1, 1, 1, 0), (0, 0, 0, 1), (0.5, 0.5, 0.5, 0.5))
    rng = random.Random(1)
    drawn = Counter(ParetoSelector().select(pool, rng) for _ in range(400))
    assert set(drawn) == {1, 2}
    assert 2 < drawn[1] / drawn[2] < 4


def test_the_best_is_the_one_of_the_highest_mean_and_epsilon_greedy_sometimes_another() -> None:
    pool = pool_of((0, 0), (1, 0.5), (0.9, 0.5))
    rng = random.Random(1)
    assert {BestSelector().select(pool, rng) for _ in range(20)} == {1}
    drawn = Counter(EpsilonGreedySelector(0.3).select(pool, rng) for _ in range(600))
    assert set(drawn) == {0, 1, 2}
    assert 0.72 < drawn[1] / 600 < 0.88  # 0.7 + 0.3 / 3


def test_an_objective_frontier_keeps_the_best_of_each_objective() -> None:
    scores = ((0.5, 0.5), (0.6, 0.6), (0.55, 0.55))
    figures = {"brevity": (0.1, 0.2, 0.9), "truth": (0.3, 0.9, 0.2)}
    assert pool_of(*scores, kind="objective", **figures).survivors() == (1, 2)
    assert pool_of(*scores, kind="instance", **figures).survivors() == (1,)
    assert pool_of(*scores, kind="hybrid", **figures).survivors() == (1, 2)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 9))
def test_minibatches_take_every_row_once_in_each_epoch(rows: int, size: int, seed: int) -> None:
    size = min(size, rows)
    taken = [row for number in range(rows) for row in minibatch(number, size, rows, seed)]
    if rows % size == 0:
        epochs = [taken[start : start + rows] for start in range(0, len(taken), rows)]
        assert all(sorted(epoch) == list(range(rows)) for epoch in epochs)
    assert all(len(set(minibatch(number, size, rows, seed))) == size for number in range(5))


def test_components_are_changed_in_turn_or_all() -> None:
    assert [choose_components("abc", turn, "round_robin") for turn in range(4)] == [
        ("a",),
        ("b",),
        ("c",),
        ("a",),
    ]
    assert choose_components("abc", 7, "all") == ("a", "b", "c")


# --- acceptance and validation ---


@pytest.mark.parametrize(
    ("child", "strict", "or_equal", "paired"),
    [
        ((1, 1, 1, 1), "accepted", "accepted", "accepted"),
        ((1, 0, 1, 0), "rejected", "accepted", "undecided"),
        ((0, 0, 1, 0), "rejected", "rejected", "rejected"),
        ((1, 1, 0, 1), "accepted", "accepted", "undecided"),
    ],
)
def test_the_verdict_on_a_child(child: tuple[float, ...], strict: str, or_equal: str, paired: str) -> None:
    parent = (0, 0, 1, 1) if paired != "rejected" else (1, 1, 1, 1)
    assert StrictAcceptance().judge(parent, child, True) == strict
    assert OrEqualAcceptance().judge(parent, child, True) == or_equal
    assert PairedAcceptance().judge(parent, child, True) == paired
    assert PairedAcceptance().judge(parent, child, False) in ("accepted", "rejected")


def played(config: OptimizerConfig, score: Any, limit: int = 200) -> tuple[Machine, Counter[str]]:
    """Let a machine run: every reflection adds its number, and `score` is of text, part and row."""
    machine = Machine(Candidate({"prompt": "Answer."}), config, {"train": 12, "val": 8, "test": 0}, limit)
    purposes: Counter[str] = Counter()
    waiting = machine.orders()
    while waiting:
        chosen = waiting.pop(0)
        if isinstance(chosen, RunRows):
            purposes[chosen.purpose] += len(chosen.rows)
            found = {row: score(chosen.candidate["prompt"], chosen.split, row) for row in chosen.rows}
            machine.report_rows(chosen.id, Evaluations(found))
        else:
            end = len(chosen.candidate["prompt"])
            machine.report_reflection(chosen.id, Proposed((Change("prompt", end, end, f" {chosen.id}"),)))
        waiting += machine.orders()
    return machine, purposes


def mixed(text: str, split: str, row: int) -> float:
    return float(random.Random(f"{text}:{split}:{row}").random() < 0.4)


def test_where_the_paired_verdict_is_undecided_more_examples_are_run() -> None:
    options: dict[str, Any] = {"minibatch_size": 4, "pace": 0, "merges": 0, "concurrency": 4}
    _, with_more = played(OptimizerConfig(acceptance=PairedAcceptance(), **options), mixed)
    _, without = played(OptimizerConfig(**options), mixed)
    assert with_more["more"] > 0
    assert without["more"] == 0


def test_racing_ends_the_validation_of_a_child_that_cannot_win_and_full_does_not() -> None:
    def worse(text: str, split: str, row: int) -> float:
        is_child = text != "Answer."
        return 0.5 + 0.4 * is_child * (1 if split == "train" else -1)

    options: dict[str, Any] = {"minibatch_size": 6, "depth": 1, "pace": 0, "merges": 0}
    raced, short = played(OptimizerConfig(**options), worse, limit=100)
    validated, long = played(OptimizerConfig(validation="full", **options), worse, limit=100)
    assert {each.ending for each in raced.history} >= {"hopeless"}
    assert {each.ending for each in validated.history} >= {"accepted"}
    assert short["validation"] / len(raced.history) < long["validation"] / len(validated.history)
    assert raced.pool.best == validated.pool.best == 0


# --- merging ---


def family(**texts: tuple[str, str, str]) -> Pool:
    """A seed and two children of it, the first the better one; for each component what the three say."""
    pool = Pool()
    for number, scores in enumerate([(0, 0, 0), (1, 1, 0), (0, 0, 1)]):
        components = {name: each[number] for name, each in texts.items()}
        pool.add(Candidate(components, number, (0,) if number else ()), scores)
    return pool


def test_a_merge_takes_what_either_changed_and_of_both_the_edits_or_the_better_version() -> None:
    pool = family(
        system=("Be kind.", "Be kind.", "Be kind. Be brief."),
        tool=("Look up.\n", "Look up.\nTwice.\n", "Look up.\nAsk first.\n"),
    )
    edits = find_merge(pool, set(), random.Random(0))
    components = find_merge(pool, set(), random.Random(0), by_edits=False)
    assert edits is not None
    assert components is not None
    assert (edits.parents, edits.ancestor) == (components.parents, components.ancestor) == ((1, 2), 0)
    assert edits.components == {
        "system": "Be kind. Be brief.",
        "tool": "Look up.\nTwice.\nAsk first.\n",
    }
    assert components.components == {"system": "Be kind. Be brief.", "tool": "Look up.\nTwice.\n"}


def test_nobody_is_merged_with_an_ancestor_or_twice() -> None:
    pool, tried = (
        family(prompt=("Be kind.", "Be kind. Be brief.", "Be kind. Cite a source.")),
        set[frozenset[int]](),
    )
    assert find_merge(pool, tried, random.Random(0)) is not None
    assert find_merge(pool, tried, random.Random(0)) is None
    line = Pool()
    for number, scores in enumerate([(0, 0), (1, 0), (0, 1)]):
        line.add(Candidate({"prompt": f"{number}"}, number, (number - 1,) if number else ()), scores)
    assert find_merge(line, set(), random.Random(0)) is None


@pytest.mark.parametrize("by_edits", [True, False])
def test_a_merge_starts_from_the_nearest_ancestor_whatever_its_score(by_edits: bool) -> None:
    scores = [
        (1, 1, 0, 0),
        (0, 0, 1, 0),
        (1, 1, 1, 0),
        (0, 0, 1, 1),
    ]  # the first child is worse than the seed
    texts = [
        ("Answer the question.", "Be kind."),
        ("Name your sources.", "Be kind."),
        ("Name your sources.", "Be brief."),
        ("Name your sources by title and page.", "Be kind."),
    ]
    pool = Pool()
    for number, (system, tone) in enumerate(texts):
        parents = ((), (0,), (1,), (1,))[number]
        pool.add(Candidate({"system": system, "tone": tone}, number, parents), scores[number])
    merge = find_merge(pool, set(), random.Random(0), by_edits=by_edits)
    assert merge is not None
    assert (merge.parents, merge.ancestor) == ((2, 3), 1)
    assert merge.components == {"system": "Name your sources by title and page.", "tone": "Be brief."}


def test_a_candidate_that_is_worse_than_the_nearest_common_ancestor_is_not_merged() -> None:
    pool, parents = Pool(), ((), (0,), (1,), (1,))
    for number, scores in enumerate([(0, 0, 0, 0), (1, 1, 1, 0), (1, 1, 1, 0.5), (0, 0, 1, 1)]):
        pool.add(Candidate({"prompt": f"{number}"}, number, parents[number]), scores)
    assert pool.survivors() == (2, 3)
    assert find_merge(pool, set(), random.Random(0)) is None


def test_the_screening_of_a_merge_counts_although_it_takes_more_rows_than_a_minibatch() -> None:
    config = OptimizerConfig(minibatch_size=1, concurrency=4, seed=15, pace=0, depth=1)
    machine, purposes = played(config, mixed, limit=115)
    assert purposes["merge"] > 0
    assert machine.rollouts <= 115


# --- stopping ---


def test_a_run_ends_at_a_score_at_a_plateau_or_with_its_budget() -> None:
    def better(text: str, split: str, row: int) -> float:
        return min(0.95, len(text.split()) / 10)

    options: dict[str, Any] = {"minibatch_size": 3, "merges": 0, "concurrency": 1}
    good, _ = played(OptimizerConfig(stop_at=0.4, **options), better, limit=2_000)
    assert (good.stop_reason, good.pool.means[good.pool.best] >= 0.4) == ("score", True)
    flat, _ = played(OptimizerConfig(patience=4, **options), mixed, limit=20_000)
    assert flat.stop_reason == "patience"
    assert len(flat.history) >= 4
    used, _ = played(OptimizerConfig(**options), mixed, limit=100)
    assert used.stop_reason == "budget"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("merging", "all"), ("proposer", "mutate"), ("pace", -1), ("frontier", "cartesian"), ("selector", "best"),
        ("acceptance", "strict"), ("failure_score", None), ("perfect_score", "1"), ("stop_at", math.nan),
        ("rollout_timeout", math.inf), ("store", 5), ("stop_file", b"enough"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is .*; got {re.escape(repr(value))}"):
        OptimizerConfig(**{name: value})


@pytest.mark.anyio
async def test_a_run_ends_with_the_best_so_far_when_its_file_comes_and_goes_on_without_it(
    tmp_path: Path,
) -> None:
    stop, ran = tmp_path / "stop", 0

    async def rollout(candidate: rf.Candidate, example: dict[str, Any]) -> list[int]:
        nonlocal ran
        ran += 1
        if ran == 30:
            stop.touch()
        return await toy.rollout(candidate, example)

    async def run() -> rf.OptimizationResult:
        config = rf.OptimizerConfig(store=tmp_path / "run.db", stop_file=stop, minibatch_size=3)
        return await rf.optimize(
            toy.SEED, toy.ROWS, rollout=rollout, score=toy.score, reflector=rf.Reflector(toy.model),
            budget=rf.Budget(rollouts=100), config=config,
        )  # fmt: skip

    ended = await run()
    assert (ended.stop_reason, ended.best.text) == ("file", toy.SEED)
    assert 30 <= ran < 50
    stop.unlink()
    further = await run()
    assert further.stop_reason != "file"
    assert further.best_score > 0.5
