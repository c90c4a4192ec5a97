"""The world as a whole: seeds, examples, runs, scores, and what it refuses."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

import reflector as rf
from reflector.errors import ConfigurationError
from reflector.llm.scripted import ScriptedClient
from reflector.simulation import SCENARIOS, Example, Scenario, Visibility, World

PROBE = """
import hashlib, anyio, reflector as rf
from reflector.simulation import World

async def main():
    world = World("mixed", seed="a")
    task = world.task_model()
    runs = [await world.rollout(world.seed_prompt, row, task) for row in world.examples.train[:8]]
    reflector = rf.Reflector(world.reflection_model())
    r = await reflector.reflect([run.trajectory() for run in runs if run.score < 1], prompt=world.seed_prompt)
    said = [repr(world.rules), repr(list(world.examples)), repr(runs), r.improved_prompt]
    print(hashlib.sha256("".join(said).encode()).hexdigest())

anyio.run(main)
"""


@pytest.mark.slow
def test_one_seed_is_one_world_byte_for_byte_in_every_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", PROBE],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    assert len(digests.pop()) > len(hashlib.sha256().hexdigest()) - 1


def test_another_seed_is_another_world() -> None:
    codes = [{rule.code for rule in World("clean", seed).rules} for seed in (0, 1)]
    assert not codes[0] & codes[1]
    assert World("clean", 0).oracle != World("trace-only", 0).oracle


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_scenario_leaves_much_to_learn(name: str) -> None:
    world = World(name, seed=5)
    assert world.accuracy(world.seed_prompt) < 0.35
    assert world.accuracy(world.oracle) > 0.9
    assert world.gain(world.seed_prompt) == 0
    assert world.gain(world.oracle) == 1
    assert set(world.recall(world.oracle).values()) == {1.0}


def test_every_topic_leads_examples_of_each_split() -> None:
    world = World("clean", seed=6, sizes=(36, 18, 18))
    for split in (world.examples.train, world.examples.val, world.examples.test):
        leading = [row.input.split("Topics: ")[1].split(",")[0].split(".")[0] for row in split]
        assert {leading.count(topic) for topic in leading} == {len(split) // 18}
    ids = [row.id for row in world.examples]
    assert len(set(ids)) == len(ids) == 72


@pytest.mark.anyio
async def test_a_run_is_a_trajectory_that_the_analysis_reads() -> None:
    world = World("trace-only", seed=0)
    runs = [await world.rollout(world.seed_prompt, row) for row in world.examples.train]
    assert {run.score for run in runs} == {0.0, 1.0}
    for run in runs:
        trajectory = run.trajectory()
        assert trajectory.prompt == world.seed_prompt
        assert (trajectory.outcome == "success") is (run.score == 1)
        assert trajectory.feedback == (run.feedback,)
        assert trajectory.final_message == run.output
        assert run.usage.calls == 1
    failed = next(run for run in runs if run.score == 0 and "error 422" in str(run.messages))
    assert any("refused" in point.evidence for point in rf.analyze(failed.trajectory()).failure_points)


@pytest.mark.anyio
@pytest.mark.parametrize("wrap", [str, lambda text: {"a": text}, lambda text: SimpleNamespace(text=text)])
async def test_prompts_and_candidates_run_alike(wrap: Any) -> None:
    world = World("clean", seed=0)
    row = world.examples.val[0]
    assert await world.rollout(wrap(world.oracle), row) == await world.rollout(world.oracle, row)
    assert world.accuracy(wrap(world.oracle)) == world.accuracy(world.oracle)


def test_components_are_one_prompt_together() -> None:
    world = World("clean", seed=0)
    head, tail = world.oracle.split("## Rules\n")
    assert world.gain({"head": head, "rules": tail}) == pytest.approx(1)
    assert world.gain({"head": head, "rules": ""}) < 0


@pytest.mark.anyio
async def test_any_model_can_do_the_task() -> None:
    world = World("clean", seed=0)
    row = world.examples.train[0]
    run = await world.rollout("Guess.", row, ScriptedClient(["I cannot say."]))
    assert (run.score, run.output) == (0.0, "I cannot say.")
    right = world.task_model()
    while (run := await world.rollout(world.oracle, row, right)).score < 1:
        row = world.examples.train[1]
    assert world.score(row, run.output).value == 1
    assert world.score(row, run.output.replace("-", "_")).value == 0


@pytest.mark.parametrize("output", ["", "x", ":\n" * 1_000, "refund", "\x00", "a: " * 1_000])
def test_any_answer_is_scored(output: str) -> None:
    world = World("mixed", seed=0)
    for row in world.examples.train[:3]:
        assert world.score(row, output).value == 0
        assert world.finish(world.seed_prompt, row, output).feedback


def test_a_text_that_is_no_ticket_is_answered_too() -> None:
    world = World("clean", seed=0)
    run = anyio.run(world.rollout, world.oracle, Example(id="?", input="Hello."))
    assert run.output == "I see no topic that I could file."


@pytest.mark.anyio
async def test_a_stochastic_world_answers_anew() -> None:
    still, moving = World("clean", seed=0), World("clean", seed=0, stochastic=True)
    answers = []
    for world in (still, moving):
        model, row = world.task_model(), world.examples.train[0]
        answers.append({(await world.rollout(world.seed_prompt, row, model)).output for _ in range(40)})
    assert len(answers[0]) == 1 < len(answers[1])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"scenario": "unknown"}, "a scenario is one of clean"),
        ({"scenario": 3}, "a scenario is one of clean"),
        ({"sizes": (1, 2)}, "three counts"),
        ({"sizes": (1, 2, -1)}, "three counts"),
        ({"scenario": Scenario(name="x", topics={Visibility.TRACE: 99})}, "there are 48 topics"),
    ],
)
def test_senseless_worlds_are_refused(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        World(**arguments)


def test_a_scenario_without_topics_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least one topic"):
        Scenario(name="empty", topics={})


def test_a_senseless_prompt_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="a prompt is a text"):
        World("clean").accuracy(3)
