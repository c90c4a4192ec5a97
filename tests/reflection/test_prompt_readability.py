"""What fresh readers of prompts stumbled over: false verdicts, things said twice, cuts in the wrong place."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.reflection.evidence import EvidenceBudget, select_evidence
from reflector.reflection.evidence_ranking import rank_steps, step_text
from reflector.reflection.models import ReflectionRequest
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.repeated_lines import RepeatedLines
from reflector.reflection.templates import DEFAULT_TEMPLATES
from reflector.trajectories.analysis import Difference, FailurePoint, TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.comparison import compare
from reflector.trajectories.step import RecordedScore
from reflector.trajectories.trajectory import Step, Trajectory


def build(analysis: TrajectoryAnalysis) -> str:
    request = ReflectionRequest(trajectory_analysis=analysis, original_prompt="Be good.")
    return PromptBuilder().build_reflection_prompt(request)


def run_of(*steps: Step, outcome: str = "failure", **fields: Any) -> TrajectoryAnalysis:
    points = fields.pop("failure_points", ())
    return TrajectoryAnalysis(
        trajectory_id="r",
        outcome=outcome,
        failure_points=points,
        trajectory=Trajectory(id="r", steps=steps, outcome=outcome, **fields),
    )


def point(rule: str, *steps: int, description: str = "", **fields: Any) -> FailurePoint:
    fields = {"category": "logical_error", "severity": "high"} | fields
    return FailurePoint(description=description or rule, rule=rule, step_indices=steps, **fields)


@pytest.mark.parametrize(("outcome", "is_failed"), [("failure", True), ("unknown", False), ("error", False)])
def test_only_a_run_that_the_record_calls_failed_is_called_so(outcome: str, is_failed: bool) -> None:
    text = build(run_of(Step(kind="message", content="Done."), outcome=outcome))
    assert text.startswith(f"# {'Failed ' if is_failed else ''}Prompt Execution Analysis")
    assert ("Overall Quality" in text) is is_failed


def test_nothing_found_is_no_all_clear() -> None:
    text = build(run_of(Step(kind="message", content="Done.")))
    assert "None detected" not in text
    assert "The deciding mistake often is not among them" in text


def test_how_many_suggestions_is_said_in_the_same_words_everywhere() -> None:
    how_many = (
        "- Give 3-7 specific, actionable suggestions; fewer when the evidence supports no more, and none (an empty "
        "list) when the prompt is not to blame."
    )
    for field in dataclasses.fields(DEFAULT_TEMPLATES):
        assert getattr(DEFAULT_TEMPLATES, field.name).count(how_many) == 1
        assert getattr(DEFAULT_TEMPLATES, field.name).count("3-7") == 1


def test_a_task_that_nobody_named_is_what_the_user_asks() -> None:
    text = build(run_of(Step(kind="user", content="Book a table.")))
    assert "Not named; see the request in the run." in text
    assert "General reasoning task" not in text


def test_a_task_that_a_step_says_is_not_printed_twice() -> None:
    issue = "The delta is rounded.\n" + "It should not be. " * 40
    text = build(run_of(Step(kind="user", content=f"Solve this:\n{issue}"), task=issue))
    assert "In full at step 0: `The delta is rounded." in text
    assert text.count("It should not be. " * 40) == 1


def test_findings_at_the_steps_of_a_graver_one_stand_with_it() -> None:
    points = (
        point("tool_error", 1, 2, description="The tool failed.", severity="critical"),
        point("no_answer", 2, description="The run ended."),
        point("other", 0, description="Another thing."),
    )
    text = build(run_of(*[Step(kind="tool_result", content="no")] * 3, failure_points=points))
    assert "Failure Points (3 detected)" in text
    assert (
        "1. 🔴 **logical_error** (critical): The tool failed. [steps 1, 2]\n   - At the same steps: 🟠"
        in text
    )
    assert "\n2. 🟠 **logical_error** (high): Another thing. [step 0]" in text


def test_a_rule_of_the_prompt_that_several_runs_break_counts_together() -> None:
    said = "A rule of the prompt was broken (“one call at a time”): several tools were called in one turn {}."
    runs = [
        run_of(
            *[Step(kind="message", content="I do both")] * 9,
            failure_points=(point("prompt_rule_broken", 3, description=said.format(times), evidence=words),),
        )
        for times, words in (("twice (steps 3 and 8)", "cancel"), ("once (step 3)", "book"))
    ]
    request = ReflectionRequest(trajectory_analysis=runs[0], other_analyses=(runs[1],), original_prompt="p")
    assert "[in 2 of 2 runs:" in PromptBuilder().build_reflection_prompt(request)


def test_a_bare_score_stands_with_the_facts_only() -> None:
    points = (
        point("low_score", description="The result was scored 0 for reward.", category="unknown"),
        point("tool_error", 0, description="The tool failed."),
    )
    step = Step(kind="tool_result", content="no")
    assert "scored 0" not in build(run_of(step, failure_points=points))
    assert "scored 0" in build(run_of(step, failure_points=points[:1]))


CODE = [f"def part_{number}(value): return value + {number}" for number in range(12)]


def test_lines_that_an_earlier_step_shows_are_printed_once() -> None:
    steps = [
        Step(kind="tool_call", name="python", arguments={"code": "\n".join([*CODE, *extra, "run()"])})
        for extra in (["first = 1"], [f"second_{n} = {n} * 40 + 2" for n in range(40)])
    ]
    text = build(run_of(*steps))
    assert text.count(CODE[3]) == 1
    assert text.count(CODE[-1]) == 2, "what is next to new lines stays"
    assert "⟪10 lines as in step 0, from `code: def part_0(value): return value + 0` on⟫" in text
    assert "A line in ⟪⟫ stands for lines" in text
    assert "⟪" not in build(run_of(steps[0]))


def test_every_reference_is_to_a_step_that_is_printed_in_full() -> None:
    steps = [
        Step(kind="tool_call", name="python", arguments={"code": "\n".join([*CODE, f"run({n})"])})
        for n in (1, 2, 2, 3)
    ]
    text = build(run_of(*steps))
    assert text.count("as in step 0 but for these lines") == 2
    assert "the same as step 1" in text


def test_lines_that_a_finding_quotes_are_never_folded() -> None:
    folded = RepeatedLines()
    assert folded.fold("\n".join(CODE), 0) == "\n".join(CODE)
    assert CODE[4] in folded.fold("\n".join(["x", *CODE]), 1, CODE[4])
    assert CODE[4] not in folded.fold("\n".join(["x", *CODE]), 2)


@given(st.lists(st.lists(st.sampled_from(["", " " * 50, "a" * 50, "b" * 60, "c"]), max_size=30), max_size=4))
def test_folded_texts_can_be_told_back(texts: list[list[str]]) -> None:
    folded = RepeatedLines()
    for index, lines in enumerate(texts):
        text = folded.fold("\n".join(lines), index)
        marked = sum(int(line[1:].split()[0]) - 1 for line in text.split("\n") if line.startswith("⟪"))
        assert len(text.split("\n")) + marked == max(1, len(lines))


def test_marks_of_a_cut_are_never_shown_as_a_changed_line() -> None:
    steps = [
        Step(kind="tool_result", name="open", content="\n".join([*CODE, *["x = 1"] * 900, f"last {n}"]))
        for n in range(2)
    ]
    assert "-x" not in build(run_of(*steps))
    assert not re.search(r"^[-+].*characters cut", build(run_of(*steps)), re.MULTILINE)


def test_a_long_file_is_cut_around_what_the_run_edits() -> None:
    body = ["def total(values):", "    result = sum(values) / count", "    return result * factor"]
    lines = [f"{n}: {line}" for n, line in enumerate([*["# nothing"] * 600, *body, *["# nothing"] * 600], 1)]
    edit = Step(kind="tool_call", name="edit", arguments={"text": "\n".join(body)})
    text = build(run_of(Step(kind="tool_result", name="open", content="\n".join(lines)), edit))
    assert "602:     result = sum(values) / count" in text


def test_the_steps_before_the_end_come_before_those_at_the_start() -> None:
    steps = [Step(kind="message", content=f"step number {n} " + "word " * 60) for n in range(40)]
    chosen = select_evidence(
        rank_steps([run_of(*steps)]), EvidenceBudget(tokens=1_000, excerpt_characters=2_000)
    ).excerpts
    assert {each.step_index for each in chosen} >= set(range(32, 40))


def test_an_argument_that_stands_in_the_text_of_its_call_is_not_printed_twice() -> None:
    call = Step(
        kind="tool_call",
        name="edit",
        content="edit 1:1\nvalue = compute()\nend_of_edit",
        arguments={"text": "value = compute()", "lines": "1:1", "path": "src/elsewhere.py"},
    )
    assert step_text(call) == "edit 1:1\nvalue = compute()\nend_of_edit\nlines: 1:1\npath: src/elsewhere.py"


def test_tools_of_the_other_runs_are_named_where_the_record_names_none() -> None:
    talk, call = Step(kind="message", content="No."), Step(kind="tool_call", name="look_up")
    request = ReflectionRequest(
        trajectory_analysis=run_of(talk), other_analyses=(run_of(call),), original_prompt="p"
    )
    text = PromptBuilder().build_reflection_prompt(request)
    assert "not recorded; seen in this run: `none`; in other runs: `look_up`" in text


def test_a_comparison_says_each_thing_once_and_no_timing() -> None:
    passed = Trajectory.new("good", prompt="p").add_step("action", "look it up", name="look_up")
    failed = Trajectory.new("bad", prompt="p").add_step("message", "I cannot do that")
    failed = failed.add_step("message", "No")
    compared = compare(failed.complete("failure"), passed.complete("success"))
    slow = Difference(aspect="duration", successful_value=9, failed_value=1, description="It took more time.")
    compared = compared.replace(
        differences=(*compared.differences, slow),
        success_advantages=(*compared.success_advantages, slow.description),
    )
    request = ReflectionRequest(
        trajectory_analysis=analyze(failed).replace(comparison=compared), original_prompt="p"
    )
    section = PromptBuilder().build_reflection_prompt(request).split("### Comparative Analysis")[1]
    section = section.split("## Evidence")[0]
    assert section.count("the runs go different ways") == 1
    assert "time" not in section
    assert "which the failed run never called" not in section


def test_what_is_left_out_is_named_by_its_calls_and_what_is_empty_is_called_so() -> None:
    calls = [Step(kind="tool_call", name="bash", arguments={"command": f"make part_{n}"}) for n in range(40)]
    first, last = Step(kind="user", content="Build it."), Step(kind="message", content="Built.")
    text = PromptBuilder(evidence_tokens=600).build_reflection_prompt(
        ReflectionRequest(trajectory_analysis=run_of(first, *calls, last), original_prompt="Be good.")
    )
    left_out = re.search(r"\(steps? (\d+)(?: to \d+)? left out; called there: (.*)\)", text)
    assert left_out is not None
    assert left_out.group(2).startswith(f"{left_out.group(1)} `make part_{int(left_out.group(1)) - 1}`")
    assert "(step 2: empty)" in build(run_of(first, calls[0], Step(kind="tool_result", name="bash"), last))


def test_of_a_long_line_of_records_the_one_that_the_run_goes_on_with_is_kept() -> None:
    offers = ", ".join(
        f'{{"flight": "XK{n}", "price": {n * 3}, "note": "{"as usual " * 9}"}}' for n in range(100, 300)
    )
    book = Step(kind="tool_call", name="book", arguments={"flight": "XK217"})
    text = build(run_of(Step(kind="tool_result", name="search", content=f"[{offers}]"), book))
    assert '"flight": "XK217", "price": 651' in text


def test_a_run_that_nobody_has_judged_is_read_without_a_verdict() -> None:
    talk = Step(kind="message", content="Done.")
    assert "Nobody has judged" not in build(run_of(talk))
    assert "Nobody has judged this run:" in build(run_of(talk, outcome="unknown"))
    request = ReflectionRequest(
        trajectory_analysis=run_of(talk),
        other_analyses=(run_of(talk, outcome="unknown"),),
        original_prompt="p",
    )
    assert "Nobody has judged run 2:" in PromptBuilder().build_reflection_prompt(request)


def test_what_a_record_does_not_say_is_not_taken_for_an_answer() -> None:
    prompt, talk = Step(kind="system", content="Be good."), Step(kind="message", content="Done.")
    scores = (RecordedScore(name="match", value="I"),)
    text = build(run_of(prompt, talk, prompt="Be good.", scores=scores))
    assert "Steps: 0, numbered from 0, which is the prompt above" in text
    assert "seen in this run: `none`, which does not mean that there were none" in text
    assert "Score `match`: `I` (incorrect)" in text
    named = run_of(talk, task="Water the plants.")
    request = ReflectionRequest(
        trajectory_analysis=named, other_analyses=(run_of(talk),), original_prompt="p"
    )
    assert "Named with the runs whose record names one" in PromptBuilder().build_reflection_prompt(request)
