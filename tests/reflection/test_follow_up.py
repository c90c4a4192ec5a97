"""The next question follows from what was weak, and names a step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.reflection.follow_up import Weakness, choose_question, weaknesses
from reflector.reflection.models import ParsedReflection, ReflectionRequest
from reflector.reflection.references import name_places, named_items, named_runs, named_steps
from reflector.trajectories.analysis import FailurePoint, TrajectoryAnalysis
from reflector.trajectories.trajectory import Step, Trajectory

CAUSES = ("The tables are not named in the prompt", "A failed query is not handled by it")


def analysis(*failures: tuple[str, int], id: str = "r") -> TrajectoryAnalysis:
    points = tuple(
        FailurePoint(
            category=category, description=f"{category} happened", rule=category, step_indices=(step,)
        )
        for category, step in failures
    )
    steps = tuple(Step(kind="tool_result", name="query", content=f"result {number}") for number in range(10))
    return TrajectoryAnalysis(
        trajectory_id=id, outcome="failure", failure_points=points, trajectory=Trajectory(id=id, steps=steps)
    )


def request(*analyses: TrajectoryAnalysis) -> ReflectionRequest:
    first, *others = analyses or (analysis(("tool_failure", 3)),)
    return ReflectionRequest(trajectory_analysis=first, other_analyses=tuple(others), original_prompt="p")


def suggestion(
    text: str | None = "- Use stock.", rationale: str = "Step 3 shows it", **fields: Any
) -> rf.Suggestion:
    return rf.Suggestion(
        type="add",
        category="clarity",
        description="Name the tables of the database",
        rationale=rationale,
        specific_text=text,
        **fields,
    )


def parsed(*suggestions: rf.Suggestion, causes: tuple[str, ...] = CAUSES) -> ParsedReflection:
    return ParsedReflection(analysis="It guessed.", root_causes=causes, suggestions=suggestions)


@pytest.mark.parametrize(
    ("said", "asked", "weakness", "words"),
    [
        (parsed(suggestion(None)), request(), Weakness.GENERIC, ["“Name the tables of the", "exact text"]),
        (parsed(suggestion(), causes=("Clarity", "Rules")), request(), Weakness.VAGUE, ["chain of events"]),
        (
            parsed(suggestion()),
            request(analysis(("tool_failure", 3), ("timeout", 7))),
            Weakness.SEVERAL,
            ["tool_failure at step 3", "timeout at step 7", "highest impact", "explains step 7"],
        ),
        (parsed(suggestion(rationale="It helps")), request(), Weakness.UNSUPPORTED, ["withdraw", "words of"]),
        (parsed(suggestion()), request(), Weakness.ALTERNATIVES, ["other explanation"]),
    ],
    ids=lambda value: value if isinstance(value, Weakness) else "",
)  # fmt: skip
def test_the_question_is_about_what_was_weak_and_names_the_step(
    said: ParsedReflection, asked: ReflectionRequest, weakness: Weakness, words: list[str]
) -> None:
    question = choose_question(said, asked)
    assert question.weakness is weakness
    assert question.step is not None
    assert (None, question.step[1]) in named_steps(question.question)
    for word in words:
        assert word in question.question


def test_a_generic_suggestion_is_asked_about_at_the_step_that_it_names() -> None:
    question = choose_question(parsed(suggestion(None, "Step 5 went wrong")), request())
    assert question.step == (1, 5)
    beyond = choose_question(parsed(suggestion(None, "Step 99 went wrong")), request())
    assert beyond.step == (1, 3)


def test_of_several_runs_the_question_names_the_run() -> None:
    asked = request(analysis(("tool_failure", 3)), analysis(("timeout", 6), id="s"))
    question = choose_question(parsed(suggestion(rationale="Run 1 step 3 shows it")), asked)
    assert question.step == (2, 6)
    assert "step 6 of run 2 (tool result query: “result 6”)" in question.question


def test_what_was_asked_is_not_asked_again() -> None:
    asked = request(analysis(("tool_failure", 3), ("tool_failure", 8)))
    said = parsed(suggestion(None), causes=())
    first = choose_question(said, asked)
    second = choose_question(said, asked, asked=[first])
    third = choose_question(said, asked, asked=[first, second])
    assert [each.weakness for each in (first, second, third)] == ["generic", "vague", "alternatives"]
    assert len({each.step for each in (first, second, third)}) > 1


def test_a_strong_answer_has_no_weakness_and_a_run_without_steps_still_a_question() -> None:
    assert weaknesses(parsed(suggestion()), request()) == ()
    bare = ReflectionRequest(trajectory_analysis=TrajectoryAnalysis(trajectory_id="x"), original_prompt="p")
    question = choose_question(parsed(), bare)
    assert question.step is None
    assert "the run as a whole" in question.question


@settings(max_examples=20)
@given(
    st.lists(
        st.builds(suggestion, st.none() | st.text(max_size=9), st.text("step 3run,-", max_size=20)),
        max_size=4,
    ),
    st.lists(st.text(max_size=20), max_size=3),
)
def test_there_is_always_a_question_and_always_the_same(said: list[rf.Suggestion], causes: list[str]) -> None:
    answer = parsed(*said, causes=tuple(causes))
    asked = request(analysis(("tool_failure", 3), ("timeout", 7)))
    assert choose_question(answer, asked) == choose_question(answer, asked)
    assert choose_question(answer, asked).question.strip()


# --- references --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("(runs 1, 4 and 7-9)", (1, 4, 7, 8, 9)),
        ("Run 3 step 5; run 4, step 2.", (3, 4)),
        ("in 10 of 12 runs", ()),
        ("every run", tuple(range(1, 13))),
        ("all 12 failed runs", tuple(range(1, 13))),
        ("passing run 2 does", ()),
        ("run 99", ()),
        ("runs 9-7", (7, 9)),
        ("runs 1–3, 5 & 6", (1, 2, 3, 5, 6)),
        ("The agent runs 3 times", (3,)),  # words alone cannot tell
    ],
)
def test_the_runs_that_a_text_names(text: str, runs: tuple[int, ...]) -> None:
    assert named_runs(text, range(1, 13)) == runs


@given(st.sets(st.integers(1, 60), min_size=1))
def test_places_are_named_so_that_they_can_be_read_again(numbers: set[int]) -> None:
    named = name_places([(f"run {number}", "step 3") for number in sorted(numbers)])
    assert named_runs(named, range(1, 61)) == tuple(sorted(numbers))


@given(st.text("runs step 0123456789,-– andtoSC#of%\n", max_size=200))
def test_reading_references_never_fails(text: str) -> None:
    assert set(named_runs(text, range(5))) <= set(range(5))
    assert all(step >= 0 for _, step in named_steps(text))
    assert len(set(named_items(text, "S"))) == len(named_items(text, "S"))


@pytest.mark.parametrize(
    "text",
    ["run 1, " * 9_000, "run 1" + " " * 60_000 + "x", "step 1 of" + "\n" * 60_000, "(run " * 12_000],
    ids=len,
)
def test_a_huge_text_of_references_is_read_in_linear_time(text: str) -> None:
    assert set(named_runs(text, range(5))) <= {1}
    assert set(named_steps(text)) <= {(None, 1)}
