"""The 31 behaviours of the origin's prompt builder, one test each."""

from __future__ import annotations

from typing import Any

import pytest

from reflector.reflection.models import ParsedReflection, ReflectionRequest
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.trajectories.analysis import ComparativeAnalysis, Difference, TrajectoryAnalysis
from reflector.trajectories.analyzer import AnalysisConfig, analyze
from reflector.trajectories.trajectory import Trajectory

BUILDER = PromptBuilder()
PROMPT = "Solve the task in small steps."


def failed_run() -> Trajectory:
    """Return the origin's failure scenario: a thought, a failed action, what came back."""
    return (
        Trajectory.new(id="failed")
        .add_step("reasoning", "Attempting the task in one go")
        .add_step("action", "run the query", is_error=True, error="execution_error")
        .add_step("observation", "the query was refused")
        .complete("failure")
    )


def passed_run() -> Trajectory:
    return (
        Trajectory.new(id="passed")
        .add_step("reasoning", "First I look at the table and its columns")
        .add_step("action", "describe the table")
        .add_step("observation", "three columns")
        .add_step("reasoning", "Therefore the query needs the second column, which holds the dates")
        .complete("success")
    )


def request(analysis: TrajectoryAnalysis | None = None, **fields: Any) -> ReflectionRequest:
    fields.setdefault("original_prompt", PROMPT)
    return ReflectionRequest(trajectory_analysis=analysis or analyze(failed_run()), **fields)


def prompt(
    analysis: TrajectoryAnalysis | None = None, builder: PromptBuilder = BUILDER, **fields: Any
) -> str:
    return builder.build_reflection_prompt(request(analysis, **fields))


def compared() -> TrajectoryAnalysis:
    return analyze(failed_run()).replace(
        comparison=ComparativeAnalysis(
            successful_id="passed",
            failed_id="failed",
            differences=(
                Difference(
                    aspect="tool_usage", successful_value=2, failed_value=1, description="one call less"
                ),
            ),
            success_advantages=("looked at the columns first",),
            failure_disadvantages=("Failed trajectory: guessed the columns",),
            key_insights=("reading the schema pays",),
        )
    )


# --- the system prompt -----------------------------------------------------------------------------------


def test_01_system_prompt_is_a_text_of_some_length() -> None:
    assert len(BUILDER.build_system_prompt()) > 100


def test_02_system_prompt_names_json_and_its_top_level_keys() -> None:
    text = BUILDER.build_system_prompt()
    for word in ("JSON", "analysis", "root_causes", "suggestions", "expected_improvement"):
        assert word in text


def test_03_system_prompt_names_the_fields_of_a_suggestion() -> None:
    text = BUILDER.build_system_prompt()
    for word in ("type", "category", "description", "rationale", "priority"):
        assert f'"{word}"' in text


def test_04_system_prompt_names_the_types() -> None:
    assert "add|modify|remove|restructure" in BUILDER.build_system_prompt()


def test_05_system_prompt_names_the_categories() -> None:
    assert "clarity|constraint|example|structure|reasoning" in BUILDER.build_system_prompt()


# --- the reflection prompt -------------------------------------------------------------------------------


def test_06_an_analysis_of_a_failure_gives_a_prompt() -> None:
    assert len(prompt()) > 200


def test_07_the_original_prompt_stands_under_its_heading() -> None:
    text = prompt()
    assert PROMPT in text.split("Original Prompt Being Evaluated", 1)[1]


def test_08_the_given_task_is_in_it() -> None:
    assert "Query a database" in prompt(task_description="Query a database")


def test_09_the_outcome_is_named() -> None:
    assert "❌ Failure" in prompt().split("Execution Outcome", 1)[1]


def test_10_failure_points_are_counted() -> None:
    assert "Failure Points (1 detected)" in prompt()


def test_11_reasoning_issues_have_their_heading() -> None:
    assert "Reasoning Issues" in prompt()


def test_12_success_indicators_are_shown_when_there_are_some() -> None:
    partial = analyze(passed_run().with_outcome("partial"))
    heading = "Success Indicators to Preserve" in prompt(partial)
    assert heading == bool(partial.success_indicators)


def test_13_success_indicators_can_be_left_out() -> None:
    analysis = analyze(passed_run())
    assert analysis.success_indicators
    assert "Success Indicators to Preserve" in prompt(analysis)
    assert "Success Indicators to Preserve" not in prompt(
        analysis, PromptBuilder(include_success_patterns=False)
    )


def test_14_a_comparison_gets_its_section() -> None:
    section = prompt(compared()).split("Comparative Analysis", 1)[1]
    for words in (
        "looked at the columns first",
        "guessed the columns",
        "reading the schema pays",
        "tool_usage: one call less (medium)",
    ):
        assert words in section


def test_15_the_comparison_can_be_left_out() -> None:
    assert "Comparative Analysis" not in prompt(compared(), PromptBuilder(include_comparative=False))


def test_16_the_task_section_asks_for_causes_and_changes() -> None:
    section = prompt().split("## Your Task", 1)[1]
    assert "root causes" in section
    assert "specific changes" in section


def test_17_focus_areas_are_listed() -> None:
    assert "**Focus Areas:** clarity, reasoning" in prompt(focus_areas=("clarity", "reasoning"))


def test_18_without_focus_areas_there_is_no_line_for_them() -> None:
    assert "Focus Areas" not in prompt()


def test_19_the_requirements_ask_for_three_to_seven_suggestions_as_json() -> None:
    section = prompt().split("## Response Requirements", 1)[1]
    assert "3-7 specific" in section
    assert "JSON structure" in section


def test_20_the_requirements_ask_for_what_can_be_done() -> None:
    section = prompt().split("## Response Requirements", 1)[1]
    for word in ("actionable", "concrete", "implementable"):
        assert word in section


# --- the follow-up prompt --------------------------------------------------------------------------------

PREVIOUS = ParsedReflection(analysis="The prompt hides the schema.")


def follow_up(**fields: Any) -> str:
    return BUILDER.build_follow_up_prompt(request(**fields), PREVIOUS, "What caused step 1?")


def test_21_a_follow_up_holds_the_question_and_the_previous_analysis() -> None:
    text = follow_up()
    assert "Continuing Reflection" in text
    assert "What caused step 1?" in text
    assert "The prompt hides the schema." in text


def test_22_a_follow_up_reminds_of_the_prompt() -> None:
    assert PROMPT in follow_up()


def test_23_a_follow_up_reminds_of_the_task() -> None:
    assert "Query a database" in follow_up(task_description="Query a database")


def test_24_a_follow_up_asks_for_the_same_json() -> None:
    assert "JSON format" in follow_up()


# --- verbosity and edges ---------------------------------------------------------------------------------


def test_25_brief_shows_the_failure_points() -> None:
    assert "Failure Points" in prompt(verbosity="brief")


def test_26_normal_shows_the_analysis() -> None:
    assert "Trajectory Analysis" in prompt(verbosity="normal")


def test_27_detailed_is_a_prompt_too() -> None:
    assert len(prompt(verbosity="detailed")) > 100


def test_28_a_successful_run_still_has_the_heading() -> None:
    assert "Failure Points" in prompt(analyze(passed_run()))


def test_29_without_reasoning_analysis_the_heading_stays() -> None:
    analysis = analyze(failed_run(), config=AnalysisConfig(include_reasoning_analysis=False))
    assert "Reasoning Issues (0 found)" in prompt(analysis)


@pytest.mark.parametrize("task", [None, ""])
def test_30_without_a_task_there_is_a_general_one(task: str | None) -> None:
    assert "General reasoning task" in prompt(task_description=task)


def test_31_empty_metadata_works() -> None:
    analysis = analyze(failed_run())
    assert prompt(analysis, metadata={}) == prompt(analysis)
