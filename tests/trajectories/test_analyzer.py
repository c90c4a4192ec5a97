"""What an analysis holds as a whole; the single checks have tests of their own."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.errors import InputError
from reflector.trajectories.analysis import (
    AnalysisConfig,
    FailureCategory,
    Quality,
    QualityConfig,
    Severity,
    SuccessIndicatorType,
)
from reflector.trajectories.analyzer import FINDING_RULES, analyze
from reflector.trajectories.comparison import compare
from reflector.trajectories.step import Outcome, Step, StepKind
from reflector.trajectories.trajectory import Trajectory

_KINDS = list(StepKind)


def _run(*steps: Step, **fields: object) -> Trajectory:
    return Trajectory.new("run", steps=steps, **fields)


def _good_run(**fields: object) -> Trajectory:
    return _run(
        Step(
            kind=StepKind.REASONING,
            content="The table holds one row for each order, and each order has a date.",
        ),
        Step(kind=StepKind.TOOL_CALL, name="sql", arguments={"query": "select count(*) from orders"}),
        Step(kind=StepKind.TOOL_RESULT, name="sql", content="12"),
        Step(
            kind=StepKind.REASONING,
            content="The count is twelve, which fits the twelve files that were loaded before.",
        ),
        outcome=Outcome.SUCCESS,
        **fields,
    )


def test_a_flagged_action_of_a_failed_run_is_one_tool_failure() -> None:
    run = _run(
        Step(kind=StepKind.REASONING, content="I attempt the task with the action that fits it best."),
        Step(kind=StepKind("action"), content="execute", is_error=True, error="execution_error"),
        Step(kind=StepKind("observation"), content="nothing came back"),
        outcome=Outcome.FAILURE,
    )
    points = analyze(run).failure_points
    assert [(point.category, point.severity) for point in points] == [
        (FailureCategory.TOOL_FAILURE, Severity.MEDIUM)
    ]
    assert points[0].step_indices == (1,)
    assert points[0].evidence == "execute"


def test_a_timed_out_run_is_a_timeout_even_without_an_error() -> None:
    point = analyze(
        _run(Step(kind=StepKind.REASONING, content="Still working on the first part."), outcome="timeout")
    )
    assert [p.category for p in point.failure_points] == [FailureCategory.TIMEOUT]
    assert point.failure_points[0].severity is Severity.HIGH


def test_a_partial_run_is_incomplete() -> None:
    points = analyze(
        _run(Step(kind=StepKind.MESSAGE, content="Half of it is done."), outcome="partial")
    ).failure_points
    assert [(p.category, p.severity) for p in points] == [(FailureCategory.INCOMPLETE, Severity.HIGH)]


def test_an_error_that_is_a_category_gives_that_category_and_another_one_stays_within_the_enumeration() -> (
    None
):
    named = analyze(_run(outcome="error", error="state_error")).failure_points[0]
    other = analyze(_run(outcome="error", error="agent_crashed")).failure_points[0]
    assert (named.category, named.severity) == (FailureCategory.STATE_ERROR, Severity.CRITICAL)
    assert other.category is FailureCategory.ERROR
    assert "agent_crashed" in other.description


def test_a_failed_run_without_any_sign_still_has_a_failure_point() -> None:
    points = analyze(_run(Step(kind=StepKind.MESSAGE, content="Paris."), outcome="failure")).failure_points
    assert [(p.category, p.evidence, p.step_indices) for p in points] == [
        (FailureCategory.UNKNOWN, "Paris.", (0,))
    ]


def test_an_unknown_outcome_keeps_severities_and_a_success_softens_them() -> None:
    steps = (
        Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": "make"}),
        Step(
            kind=StepKind.TOOL_RESULT,
            name="sh",
            content="make: *** [all] Error 2",
            is_error=True,
            error="returncode=2",
        ),
        Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": "make -B"}),
        Step(kind=StepKind.TOOL_RESULT, name="sh", content="built"),
    )
    unknown, passed = analyze(_run(*steps)), analyze(_run(*steps, outcome="success"))
    assert [p.severity for p in unknown.failure_points] == [Severity.MEDIUM]
    assert [p.severity for p in passed.failure_points] == [Severity.LOW]
    assert SuccessIndicatorType.EFFECTIVE_RECOVERY in [s.type for s in passed.success_indicators]


def test_a_clean_fast_run_is_excellent() -> None:
    analysis = analyze(_good_run(duration_ms=900.0))
    assert analysis.overall_quality is Quality.EXCELLENT
    assert analysis.quality_score == 30 + 10 + 10 * 3
    assert {s.type for s in analysis.success_indicators} == {
        SuccessIndicatorType.EFFICIENT_PATH,
        SuccessIndicatorType.CLEAR_REASONING,
        SuccessIndicatorType.PROPER_TOOL_USE,
    }


def test_constants_can_be_overridden() -> None:
    config = AnalysisConfig(
        quality=QualityConfig(outcome_bonus=0, success_bonus=1), include_success_patterns=True
    )
    assert analyze(_good_run(), config=config).quality_score == 2


def test_reasoning_and_success_patterns_can_be_left_out() -> None:
    config = AnalysisConfig(include_reasoning_analysis=False, include_success_patterns=False)
    analysis = analyze(_run(Step(kind=StepKind.REASONING, content="So."), outcome="success"), config=config)
    assert analysis.reasoning_issues == ()
    assert analysis.success_indicators == ()


def test_a_plan_that_is_followed_is_a_good_decomposition() -> None:
    plan = "1. Read the configuration file.\n2. Change the port it listens on.\n3. Restart the service and check it."
    calls = [Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": f"part {i}"}) for i in range(3)]
    analysis = analyze(_run(Step(kind=StepKind.MESSAGE, content=plan), *calls, outcome="success"))
    found = [s for s in analysis.success_indicators if s.type is SuccessIndicatorType.GOOD_DECOMPOSITION]
    assert [(s.step_indices, s.evidence) for s in found] == [((0,), "1. Read the configuration file.")]


def test_counts_and_the_run_itself_are_at_hand() -> None:
    run = _good_run(metadata={"split": "dev"})
    analysis = analyze(run)
    assert (analysis.trajectory_id, analysis.step_count, analysis.turn_count, analysis.tool_call_count) == (
        "run",
        4,
        2,
        1,
    )
    assert analysis.trajectory is run
    assert analysis.metadata == {"split": "dev"}


def test_findings_come_gravest_first() -> None:
    run = _run(
        Step(kind=StepKind.TOOL_CALL, name="sh", arguments={"command": "grep x y"}),
        Step(kind=StepKind.TOOL_RESULT, name="sh", content="", is_error=True, error="returncode=1"),
        Step(kind=StepKind.ERROR, content="ConnectionError: the model server is gone"),
        outcome="error",
    )
    assert [p.severity for p in analyze(run).failure_points] == [Severity.CRITICAL, Severity.LOW]


def test_the_reference_names_exactly_the_rules_that_exist() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "findings.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \| .+ \|$", page, re.MULTILINE)
    assert rows == [(rule.name, rule.category, rule.severity) for rule in FINDING_RULES]


_TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=200) | st.sampled_from(
    [
        "Error: x",
        "Traceback (most recent call last):\nKeyError: 1",
        "I don't know the id.",
        "Please provide the id?",
        "{",
        "<returncode>1</returncode>",
    ]
)
_STEP = st.builds(
    Step,
    kind=st.sampled_from(_KINDS),
    content=_TEXT,
    name=st.none() | st.sampled_from(["python", "bash", "search"]),
    arguments=st.none()
    | _TEXT
    | st.dictionaries(st.sampled_from(["command", "code", "path"]), _TEXT, max_size=2),
    call_id=st.none() | st.sampled_from(["a", "b"]),
    is_error=st.booleans(),
    error=st.none() | st.sampled_from(["timeout", "returncode=1", "parsing"]),
    finish_reason=st.none() | st.sampled_from(["stop", "length"]),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_STEP, max_size=12), outcome=st.sampled_from(list(Outcome)), prompt=st.none() | _TEXT)
def test_any_run_can_be_analysed_and_its_findings_quote_it(
    steps: list[Step], outcome: Outcome, prompt: str | None
) -> None:
    analysis = analyze(_run(*steps, outcome=outcome, prompt=prompt))
    for point in analysis.failure_points:
        assert point.rule
        assert all(0 <= index < len(steps) for index in point.step_indices)
        assert list(point.step_indices) == sorted(point.step_indices)
        assert (
            not point.evidence
            or not point.step_indices
            or any(_holds(steps[i], point.evidence) for i in point.step_indices)
        )


def _holds(step: Step, evidence: str) -> bool:
    arguments = step.arguments if isinstance(step.arguments, dict) else {"": step.arguments or ""}
    texts = [step.content, step.name or "tool", step.error or "", *map(str, arguments.values())]
    return any(evidence in text for text in texts)


@pytest.mark.slow
def test_analysis_grows_linearly_with_the_run() -> None:
    """Doubling the steps must not quadruple the time; the limit leaves room for a busy machine."""

    def timed(turns: int) -> float:
        steps = []
        for turn in range(turns):
            steps += [
                Step(kind=StepKind.USER, content="I don't have the number, sorry."),
                Step(
                    kind=StepKind.MESSAGE,
                    content=f"Please provide the number {turn} of the order.",
                    turn=turn,
                ),
                Step(
                    kind=StepKind.TOOL_CALL, name="python", arguments={"code": f"x{turn} = {turn}"}, turn=turn
                ),
                Step(kind=StepKind.TOOL_RESULT, name="python", content="NameError: name 'q' is not defined"),
            ]
        run = _run(*steps, outcome="failure")
        start = time.perf_counter()
        analyze(run)
        return time.perf_counter() - start

    timed(20)
    assert min(timed(240) for _ in range(2)) < 12 * min(timed(60) for _ in range(3)) + 0.02


@pytest.mark.parametrize("value", ["run.json", [{"role": "user", "content": "hi"}], None], ids=repr)
def test_what_is_not_a_run_is_an_error_that_says_how_to_get_one(value: Any) -> None:
    with pytest.raises(InputError, match=r"rf\.load_trajectories"):
        analyze(value)
    with pytest.raises(InputError, match="expected a Trajectory or a TrajectoryAnalysis"):
        compare(Trajectory.new(id="a"), value)
