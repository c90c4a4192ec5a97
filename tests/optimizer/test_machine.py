"""The optimizer as a state machine, driven by hand: a toy world in which a prompt is a set of rules."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.optimizer.acceptance import OrEqualAcceptance, PairedAcceptance, StrictAcceptance
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluations import Evaluations
from reflector.optimizer.machine import Machine
from reflector.optimizer.selection import BestSelector, EpsilonGreedySelector, ParetoSelector
from reflector.optimizer.work import Change, Proposed, Reflect, RunRows

RULES = 6
ROWS = {"train": 10, "val": 8, "test": 4}


def rules_of(row: int, split: str) -> set[int]:
    rng = random.Random(f"{split}:{row}")
    return set(rng.sample(range(RULES), 2))


def evaluate(candidate: Candidate, split: str, row: int) -> tuple[float, str]:
    needed = rules_of(row, split)
    missing = [rule for rule in sorted(needed) if f"rule {rule}" not in candidate.text]
    return 1 - len(missing) / len(needed), " ".join(f"rule {rule}" for rule in missing)


def evaluated(order: RunRows, *rows: int) -> Evaluations:
    found = Evaluations()
    for row in rows:
        found.score[row], found.feedback[row] = evaluate(order.candidate, order.split, row)
    return found


def all_rows(order: RunRows, score: float) -> Evaluations:
    return Evaluations(dict.fromkeys(order.rows, score))


def reflect(order: Reflect) -> Proposed:
    """Add a rule that some run missed; now and then one that helps nobody, or nothing."""
    rng = random.Random(f"reflect:{order.proposal}")
    if rng.random() < 0.2:
        return Proposed(reason="nothing to say")
    missed = [rule for each in order.evaluations for rule in each.feedback.split("rule ") if rule.strip()]
    rules = {
        rng.choice(missed) if missed and rng.random() < 0.8 else "of thumb" for _ in range(rng.randint(1, 3))
    }
    end = len(order.candidate.text)
    changes = [
        Change(
            "prompt", end, end, f"rule {rule.strip()}\n", f"add rule {rule.strip()}", order.rows[:2],
            ("rule",) if rng.random() < 0.5 else (),
        )
        for rule in sorted(rules)
    ]  # fmt: skip
    return Proposed(tuple(changes))


def drive(
    machine: Machine, order: random.Random | None = None, before: Sequence[Any] = ()
) -> list[tuple[int, Any]]:
    """Answer every order, in the order it came or in a random one; return the reports in the order they were given."""
    waiting, reports = [*before, *machine.orders()], []
    while waiting:
        chosen = waiting.pop(order.randrange(len(waiting)) if order else 0)
        if isinstance(chosen, RunRows):
            answer: Any = evaluated(chosen, *chosen.rows)
            machine.report_rows(chosen.id, answer)
        else:
            answer = reflect(chosen)
            machine.report_reflection(chosen.id, answer)
        reports.append((chosen.id, answer))
        waiting += machine.orders()
    assert machine.is_done
    return reports


def picture(machine: Machine) -> Any:
    """Everything that matters of a machine's state."""
    pool = machine.pool
    ended = [
        each for each in machine.history if each.ending != "dropped"
    ]  # how far those came matters to nobody
    history = [(each.number, each.ending, each.before, each.after, each.rows) for each in ended]
    return (
        [candidate.to_dict() for candidate in pool.candidates], pool.scores, pool.best, pool.survivors(), history,
        machine.stop_reason,
    )  # fmt: skip


configs = st.builds(
    OptimizerConfig,
    concurrency=st.integers(1, 12),
    minibatch_size=st.none() | st.integers(1, 10),
    depth=st.integers(1, 5),
    pace=st.sampled_from([0, 0.5, 3]),
    seed=st.integers(0, 50),
    proposals_in_flight=st.none() | st.integers(1, 6),
    selector=st.sampled_from([ParetoSelector(), BestSelector(), EpsilonGreedySelector(0.3)]),
    acceptance=st.sampled_from([StrictAcceptance(), OrEqualAcceptance(), PairedAcceptance()]),
    validation=st.sampled_from(["full", "racing"]),
    merges=st.integers(0, 5),
    patience=st.none() | st.integers(1, 30),
)
limits = st.integers(60, 300)


def machine_of(config: OptimizerConfig, limit: int | None = 300, rows: dict[str, int] = ROWS) -> Machine:
    return Machine(Candidate({"prompt": "Answer.\n"}), config, rows, limit)


@given(configs, limits, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_every_run_ends_within_its_rollouts_and_runs_nothing_twice(
    config: OptimizerConfig, limit: int, order: random.Random
) -> None:
    machine = machine_of(config, limit)
    ran: Counter[Any] = Counter()
    waiting = machine.orders()
    while waiting:
        chosen = waiting.pop(order.randrange(len(waiting)))
        if isinstance(chosen, RunRows):
            ran.update((chosen.candidate.key, chosen.split, row) for row in chosen.rows)
            machine.report_rows(chosen.id, evaluated(chosen, *chosen.rows))
        else:
            machine.report_reflection(chosen.id, reflect(chosen))
        waiting += machine.orders()
    assert machine.is_done
    assert machine.stop_reason is not None
    assert ran.total() == machine.rollouts <= limit
    assert not ran or max(ran.values()) == 1
    assert machine.in_flight == 0


@given(configs, limits, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_same_reports_in_the_same_order_give_the_same_state(
    config: OptimizerConfig, limit: int, order: random.Random
) -> None:
    first = machine_of(config, limit)
    reports = drive(first, order)
    again = machine_of(config, limit)
    for order_id, answer in reports:
        if isinstance(answer, Evaluations):
            again.report_rows(order_id, answer)
        else:
            again.report_reflection(order_id, answer)
    assert picture(again) == picture(first)


@given(configs, limits, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_rows_may_be_reported_some_at_a_time(
    config: OptimizerConfig, limit: int, order: random.Random
) -> None:
    strict = OptimizerConfig(
        **{name: getattr(config, name) for name in config.__slots__} | {"order": "strict"}
    )
    machine, whole = machine_of(config, limit), machine_of(strict, limit)
    pieces = machine_of(strict, limit)
    drive(whole)
    for each in (machine, pieces):
        waiting: list[Any] = each.orders()
        while waiting:
            chosen = waiting.pop(order.randrange(len(waiting)))
            if isinstance(chosen, RunRows):
                first, rest = chosen.rows[:1], chosen.rows[1:]
                each.report_rows(chosen.id, evaluated(chosen, *first))
                waiting += [replace(chosen, rows=rest)] if rest else []
            else:
                each.report_reflection(chosen.id, reflect(chosen))
            assert {left.id for left in each.open_orders} >= {left.id for left in waiting}
            waiting += each.orders()
        assert each.is_done
        assert each.rollouts <= limit
    assert picture(pieces) == picture(whole)


@given(configs, limits, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_in_strict_order_it_does_not_matter_what_finishes_first(
    config: OptimizerConfig, limit: int, order: random.Random
) -> None:
    strict = OptimizerConfig(
        **{name: getattr(config, name) for name in config.__slots__} | {"order": "strict"}
    )
    first, other = machine_of(strict, limit), machine_of(strict, limit)
    drive(first)
    drive(other, order)
    assert picture(other) == picture(first)


def test_all_rules_are_found_and_the_run_ends_when_nothing_can_be_better() -> None:
    machine = machine_of(OptimizerConfig(seed=1), limit=None)
    drive(machine)
    best = machine.pool.candidates[machine.pool.best]
    assert machine.pool.means[machine.pool.best] == 1.0
    assert machine.stop_reason == "score"
    needed = set().union(*(rules_of(row, "val") for row in range(8)))
    assert all(f"rule {rule}" in best.text for rule in needed)


@pytest.mark.parametrize("order", ["completion", "strict"])
def test_a_seed_that_is_perfect_on_its_training_rows_ends_the_run(order: Any) -> None:
    machine = machine_of(OptimizerConfig(order=order), limit=None)
    waiting = machine.orders()
    while waiting:
        chosen = waiting.pop(0)
        assert isinstance(chosen, RunRows)
        machine.report_rows(chosen.id, all_rows(chosen, float(chosen.split == "train")))
        waiting += machine.orders()
    assert machine.stop_reason == "perfect"
    assert machine.reflections == 0


def test_a_run_does_not_end_for_proposals_that_repeat_what_is_being_tried() -> None:
    config = OptimizerConfig(proposals_in_flight=6, minibatch_size=1, concurrency=6)
    machine = Machine(Candidate({"prompt": "Answer.\n"}), config, {"train": 1, "val": 1, "test": 0}, 300)
    waiting, held, reflections = list(machine.orders()), list[RunRows](), 0
    while waiting or held:
        order = waiting.pop(0) if waiting else held.pop(0)  # a child's rows take longest
        if isinstance(order, Reflect):
            reflections += 1
            change = Change("prompt", 8, 8, "rule\n", "add the rule", order.rows)
            machine.report_reflection(order.id, Proposed((change,)))
        elif waiting and "rule" in order.candidate.text:
            held.append(order)
        else:
            machine.report_rows(order.id, all_rows(order, float("rule" in order.candidate.text)))
        waiting += machine.orders()
    assert (machine.stop_reason, machine.pool.means[machine.pool.best]) == ("score", 1.0)
    assert reflections < 20


@pytest.mark.parametrize("order", ["completion", "strict"])
def test_the_rest_of_a_budget_goes_to_a_smaller_minibatch(order: Any) -> None:
    config = OptimizerConfig(minibatch_size=10, pace=0, depth=1, order=order, proposals_in_flight=1, merges=0)
    # The seed's validation, a minibatch, and what five rows of another one take: parent, child, validation.
    machine = machine_of(config, 8 + 10 + 2 * 5 + 8, {"train": 100, "val": 8, "test": 0})
    waiting, minibatches = list(machine.orders()), []
    while waiting:
        chosen = waiting.pop(0)
        if isinstance(chosen, Reflect):
            machine.report_reflection(chosen.id, Proposed(reason="nothing to say"))
        else:
            if chosen.split == "train":
                minibatches.append(len(chosen.rows))
            machine.report_rows(chosen.id, evaluated(chosen, *chosen.rows))
        waiting += machine.orders()
    assert (minibatches, machine.stop_reason) == ([10, 5], "budget")


def test_failures_in_a_row_end_the_run() -> None:
    machine = machine_of(OptimizerConfig(failures_in_a_row=5, concurrency=1), limit=None)
    for chosen in machine.orders():
        assert isinstance(chosen, RunRows)
        found = all_rows(chosen, 0.0)
        found.error.update(dict.fromkeys(chosen.rows, "boom"))
        machine.report_rows(chosen.id, found)
    assert machine.stop_reason == "failures"
    assert machine.orders() == []


def test_reflections_that_fail_in_a_row_end_the_run_and_cost_no_rollouts_of_children() -> None:
    machine = machine_of(OptimizerConfig(failures_in_a_row=3), limit=None)
    waiting = machine.orders()
    while waiting:
        chosen = waiting.pop(0)
        if isinstance(chosen, RunRows):
            assert chosen.purpose in ("seed", "parent")
            machine.report_rows(chosen.id, all_rows(chosen, 0.5))
        else:
            machine.report_reflection(chosen.id, Proposed(reason="down", is_error=True))
        waiting += machine.orders()
    assert machine.stop_reason == "failed_reflections"


def test_a_reflection_sees_known_runs_beside_the_minibatch_and_what_was_rejected() -> None:
    machine = machine_of(OptimizerConfig(concurrency=1, minibatch_size=2, merges=0, pace=0), limit=200)
    seen: list[Reflect] = []
    waiting = machine.orders()
    while waiting:
        chosen = waiting.pop(0)
        if isinstance(chosen, RunRows):
            score = 0.0 if chosen.purpose == "child" else 0.5
            machine.report_rows(chosen.id, all_rows(chosen, score))
        else:
            seen.append(chosen)
            what = f"change {chosen.proposal}"
            machine.report_reflection(chosen.id, Proposed((Change("prompt", 0, 0, what, what),)))
        waiting += machine.orders()
    assert [len(each.rows) for each in seen[:3]] == [2, 4, 6]
    assert [each.what for each in seen[2].rejected] == ["change 0", "change 1"]


def test_small_minibatches_are_gathered_until_a_reflection_is_worth_it_and_before_a_validation() -> None:
    machine = machine_of(
        OptimizerConfig(minibatch_size=2, runs_per_reflection=5, depth=1, proposals_in_flight=1), limit=400
    )
    purposes: list[str] = []
    waiting = machine.orders()
    while waiting and "validation" not in purposes:
        chosen = waiting.pop(0)
        if isinstance(chosen, RunRows):
            purposes.append(chosen.purpose)
            machine.report_rows(chosen.id, evaluated(chosen, *chosen.rows))
        else:
            purposes.append(f"reflect on {len(chosen.rows)}")
            rules = {rule for each in chosen.evaluations for rule in each.feedback.split("rule ") if rule}
            end = len(chosen.candidate.text)
            changes = [Change("prompt", end, end, f"rule {rule.strip()}\n") for rule in sorted(rules)[:1]]
            machine.report_reflection(chosen.id, Proposed(tuple(changes)))
        waiting += machine.orders()
    assert purposes[:6] == ["parent", "seed", "further", "further", "reflect on 6", "child"]
    assert purposes[-1] == "validation"
    assert purposes.count("further") >= 4


@pytest.mark.parametrize("order", ["completion", "strict"])
def test_the_first_trial_is_validated_before_its_slowest_row_has_come(order: Any) -> None:
    options = {"minibatch_size": 10, "runs_per_reflection": 2, "pace": 0, "proposals_in_flight": 1}
    machine = machine_of(OptimizerConfig(order=order, **options), limit=400)
    waits = order == "strict"

    def run(asked: RunRows, rows: Sequence[int]) -> list[Any]:
        machine.report_rows(asked.id, evaluated(asked, *rows))
        return machine.orders()

    parent, seed = machine.orders()
    assert isinstance(parent, RunRows)
    assert isinstance(seed, RunRows)
    assert (parent.purpose, seed.purpose) == ("parent", "seed")
    run(seed, seed.rows)
    reflections = run(parent, parent.rows[:9])
    assert bool(reflections) is not waits
    reflections += run(parent, parent.rows[9:])
    (reflection,) = reflections
    end = len(reflection.candidate.text)
    changes = tuple(Change("prompt", end, end, f"rule {rule}\n", f"add {rule}") for rule in range(RULES - 1))
    machine.report_reflection(reflection.id, Proposed(changes))
    (trial,) = machine.orders()
    early = run(trial, trial.rows[:-1])
    if waits:
        assert not early
        return
    assert early[0].purpose == "validation"
    assert early[0].proposal != trial.proposal
    assert early[0].candidate.key == trial.candidate.key
    drive(machine, before=[*early, *run(trial, trial.rows[-1:])])
    first, *others = [each for each in machine.pool.candidates if each.number]
    assert first.key == trial.candidate.key
    assert all(each.parents != (0,) for each in others), "what came of the same proposal descends from it"


def test_what_came_of_an_early_trial_descends_from_it_only_once_that_is_committed() -> None:
    options: dict[str, Any] = {
        "minibatch_size": 10,
        "runs_per_reflection": 2,
        "pace": 0,
        "proposals_in_flight": 1,
    }
    machine = machine_of(OptimizerConfig(**options), limit=400)
    waiting = machine.orders()
    while (
        waiting
    ):  # the proposal comes to its end before its trial does, and the seed's validation after both
        waiting.sort(key=lambda each: (each.proposal is None, each.proposal or 0))
        chosen = waiting.pop(0)
        if isinstance(chosen, RunRows):
            for rows in filter(None, (chosen.rows[:-1], chosen.rows[-1:])):
                machine.report_rows(chosen.id, evaluated(chosen, *rows))
        else:
            machine.report_reflection(chosen.id, reflect(chosen))
        waiting += machine.orders()
    assert any(each.early for each in machine.history)
    for each in machine.pool.candidates[1:]:
        assert all(0 <= parent < each.number for parent in each.parents)


def test_few_proposals_are_in_flight_where_there_are_few_generations() -> None:
    config = OptimizerConfig(concurrency=12, minibatch_size=3)
    assert [config.in_flight(3, limit, 40) for limit in (400, 2_000, 10_000, float("inf"))] == [1, 2, 4, 4]
    assert OptimizerConfig(proposals_in_flight=5).in_flight(3, 400, 40) == 5
