"""A failed run beside a successful one."""

from __future__ import annotations

from reflector.trajectories.analysis import Severity
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.comparison import compare
from reflector.trajectories.step import Step, StepKind
from reflector.trajectories.trajectory import Trajectory

_ASK = Step(kind=StepKind.USER, content="Where is my parcel? I lost the number.")
_HELLO = Step(kind=StepKind.MESSAGE, content="Let me see what I can do about your parcel.", turn=0)


def _call(name: str, turn: int, **arguments: object) -> tuple[Step, Step]:
    return (
        Step(kind=StepKind.TOOL_CALL, name=name, arguments=arguments, turn=turn),
        Step(kind=StepKind.TOOL_RESULT, name=name, content="ok"),
    )


def _failed(**fields: object) -> Trajectory:
    steps = (
        _ASK,
        _HELLO,
        _ASK,
        Step(kind=StepKind.MESSAGE, content="I need the tracking code first.", turn=1),
    )
    return Trajectory.new("bad", steps=steps, outcome="failure", **fields)


def _passed(**fields: object) -> Trajectory:
    hello = Step(kind=StepKind.MESSAGE, content="I see what I can do about your parcel.", turn=0)
    steps = (_ASK, hello, _ASK, *_call("find_parcel", 1, owner="Ann"), *_call("track", 2, id=7))
    return Trajectory.new("good", steps=steps, outcome="success", **fields)


def test_the_runs_part_at_the_first_decision_that_differs() -> None:
    comparison = compare(_failed(), _passed())
    assert comparison.divergence_index == 3
    fork = comparison.differences[0]
    assert (fork.aspect, fork.failed_step_indices) == ("divergence", (3,))
    assert "“I need the tracking code first.”" in fork.description
    assert "`find_parcel`" in fork.description
    assert (comparison.failed_id, comparison.successful_id) == ("bad", "good")


def test_tools_of_one_run_only_are_named() -> None:
    comparison = compare(_failed(), _passed())
    names = next(
        d for d in comparison.differences if d.aspect == "tool_usage" and isinstance(d.successful_value, list)
    )
    assert (names.successful_value, names.failed_value) == (["find_parcel", "track"], [])
    assert any("`find_parcel` and `track`" in insight for insight in comparison.key_insights)


def test_insights_point_in_the_direction_of_the_numbers() -> None:
    thoughts = tuple(
        Step(kind=StepKind.REASONING, content=f"Thought {i} about the matter at hand.") for i in range(3)
    )
    busy = Trajectory.new("busy", steps=(*_failed().steps, *thoughts, *_call("track", 3)))
    insights = compare(busy, Trajectory.new("calm", steps=_failed().steps)).key_insights
    assert "The successful run needed fewer tool calls." in insights
    assert "The successful run needed fewer reasoning steps." in insights
    assert not any("relied more" in insight for insight in insights)


def test_durations_count_when_they_are_a_fifth_and_a_second_apart() -> None:
    def aspects(failed_ms: float, passed_ms: float) -> list[str]:
        comparison = compare(_failed(duration_ms=failed_ms), _passed(duration_ms=passed_ms))
        return [difference.aspect for difference in comparison.differences]

    assert "duration" in aspects(5000, 6500)
    assert "duration" not in aspects(5000, 5900)
    assert "duration" not in aspects(100, 900)


def test_step_count_is_of_medium_and_tool_usage_of_high_significance() -> None:
    found = {d.aspect: d.significance for d in compare(_failed(), _passed()).differences}
    assert (found["step_count"], found["tool_usage"]) == (Severity.MEDIUM, Severity.HIGH)


def test_failures_that_only_the_failed_run_has_are_its_disadvantages() -> None:
    error = Step(kind=StepKind.TOOL_RESULT, name="pay", content="Error: card declined")
    calls = [Step(kind=StepKind.TOOL_CALL, name="pay", arguments={"card": 1}), error] * 3
    comparison = compare(Trajectory.new("bad", steps=tuple(calls), outcome="failure"), _passed())
    assert any("card declined" in text for text in comparison.failure_disadvantages)
    assert any(
        text.startswith("Only the failed run failed again and again") for text in comparison.key_insights
    )


def test_a_run_that_stops_early_parts_at_its_last_decision() -> None:
    short = Trajectory.new("short", steps=_passed().steps[:5])
    comparison = compare(short, _passed())
    assert comparison.divergence_index == 3
    assert "stopped there" in comparison.differences[0].description


def test_equal_runs_do_not_part() -> None:
    comparison = compare(_passed(), _passed())
    assert comparison.divergence_index is None
    assert comparison.differences == ()


def test_analyses_are_accepted_as_well_as_runs() -> None:
    assert compare(analyze(_failed()), analyze(_passed())) == compare(_failed(), _passed())


def test_each_sentence_stands_in_one_group_beside_the_list_of_differences() -> None:
    error = Step(kind=StepKind.TOOL_RESULT, name="pay", content="Error: card declined")
    calls = [Step(kind=StepKind.TOOL_CALL, name="pay", arguments={"card": 1}), error] * 3
    comparison = compare(Trajectory.new("bad", steps=tuple(calls), outcome="failure"), _passed())
    groups = (*comparison.success_advantages, *comparison.failure_disadvantages, *comparison.key_insights)
    assert len(set(groups)) == len(groups)
    assert not any(text in other for text in groups for other in groups if text != other)
