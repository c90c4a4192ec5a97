"""The wording of the prompts: whole prompts as golden files, and templates of one's own.

`REFLECTOR_UPDATE_GOLDEN=1 pytest tests/reflection/test_prompt_templates.py` writes the files anew. A changed default
needs a new version.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.reflection.joining import join_groups
from reflector.reflection.models import Exchange, ParsedReflection, Provenance, ReflectionRequest
from reflector.reflection.templates import DEFAULT_TEMPLATES, fill
from reflector.trajectories.analysis import FailurePoint, TrajectoryAnalysis
from reflector.trajectories.trajectory import Step, Trajectory

GOLDEN = Path(__file__).with_name("golden")
PROMPT = "Water the plants.\n\n## Rules\n\n- Be gentle.\n"
VERSIONS = {
    "reflector-2": "e30f37fd7a2852e0",
    "reflector-3": "11e899f6c96ff00b",
    "reflector-4": "b970870ea612b780",
}


def analysis(number: int, outcome: str = "failure") -> TrajectoryAnalysis:
    steps = (
        Step(kind="user", content=f"Water bed {number}."),
        Step(kind="tool_call", name="pump", arguments={"bed": number}),
        Step(kind="tool_result", name="pump", content="Error: the valve is closed", is_error=True),
        Step(kind="message", content="Done."),
    )
    failed = FailurePoint(
        category="tool_failure",
        description="The tool `pump` failed at step 2.",
        severity="high",
        rule="tool_error",
        step_indices=(2,),
        evidence="Error: the valve is closed",
    )
    return TrajectoryAnalysis(
        trajectory_id=f"bed-{number}",
        outcome=outcome,
        step_count=4,
        turn_count=2,
        tool_call_count=1,
        overall_quality="poor",
        failure_points=(failed,) if outcome == "failure" else (),
        trajectory=Trajectory(
            id=f"bed-{number}",
            steps=steps
            if outcome == "failure"
            else (steps[0], Step(kind="message", content="The valve is open.")),
            outcome=outcome,
            feedback=("The bed is dry.",) if outcome == "failure" else (),
        ),
    )


def request(failed: int = 1, passed: int = 0, **options: Any) -> ReflectionRequest:
    runs = [*map(analysis, range(1, failed + 1))]
    runs += [analysis(number, "success") for number in range(91, 91 + passed)]
    return ReflectionRequest(
        trajectory_analysis=runs[0], other_analyses=tuple(runs[1:]), original_prompt=PROMPT, **options
    )


ANSWERED = ParsedReflection(
    analysis="The prompt does not say that the valve has to be opened.",
    root_causes=("Nothing says how the pump works.",),
    suggestions=(
        rf.Suggestion(
            type="add",
            category="constraint",
            description="Say that the valve has to be open",
            rationale="Step 2 shows a closed valve",
            specific_text="- Open the valve first.",
        ),
    ),
    provenance=Provenance(cause_runs=((1, 2, 3),), suggestion_runs=((1, 2),)),
)


def chat(asked: ReflectionRequest) -> str:
    messages = rf.PromptBuilder().build_messages(asked)
    return "\n\n".join(f"<<< {each.role} >>>\n{each.content}" for each in messages[1:])


PROMPTS = {
    "system": lambda: rf.PromptBuilder().build_system_prompt(),
    "one_run": lambda: chat(request(focus_areas=("clarity",))),
    "many_runs": lambda: chat(request(5, 1)),
    "third_turn": lambda: chat(
        request(
            history=(
                Exchange(answer=ANSWERED),
                Exchange(answer=ANSWERED, question="Where is the valve named?"),
            ),
            question="What happened at step 2?",
        )
    ),
    "reduction": lambda: rf.PromptBuilder().build_reduction_prompt(request(5), join_groups([ANSWERED]), 2),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_the_prompt_is_the_golden_one(name: str) -> None:
    path = GOLDEN / f"{name}.md"
    text = PROMPTS[name]() + "\n"
    if os.environ.get("REFLECTOR_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_a_changed_wording_has_a_new_version() -> None:
    """If this fails, count the version up in `templates.py` and enter it here."""
    texts = [getattr(DEFAULT_TEMPLATES, field.name) for field in fields(DEFAULT_TEMPLATES)]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    assert VERSIONS[DEFAULT_TEMPLATES.version] == digest


def test_templates_of_ones_own_have_a_version_of_their_own() -> None:
    terse = rf.PromptTemplates(reflection="$context\n$findings\n$evidence\nWhat now?")
    other = rf.PromptTemplates(reflection="$context\n$findings\n$evidence\nAnd now?")
    assert terse.version.startswith("custom-")
    assert len({terse.version, other.version, DEFAULT_TEMPLATES.version}) == 3
    builder = rf.PromptBuilder(templates=terse)
    assert builder.build_reflection_prompt(request()).endswith("\nWhat now?")
    assert builder.version == terse.version

    class Mine(rf.PromptBuilder):
        pass

    assert Mine().version == f"Mine:{DEFAULT_TEMPLATES.version}"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"reflection": "$context $findings"}, r"'reflection' needs \$evidence"),
        ({"reflection": "$context $findings $evidence $price"}, r"knows .*\$context.*; got \$price"),
        ({"follow_up": "Go on."}, r"'follow_up' needs \$question"),
        ({"reduction": "$context $causes"}, r"'reduction' needs \$suggestions"),
        ({"system": "It costs $5."}, r"write `\$\$`"),
        ({"system": 3}, "must be a text; got int"),
    ],
    ids=repr,
)
def test_a_template_that_cannot_work_is_refused_at_once(texts: Any, message: str) -> None:
    with pytest.raises(rf.InvalidTemplateError, match=message):
        rf.PromptTemplates(**texts)


@given(st.text(max_size=60), st.text(st.sampled_from("$a{}\n "), max_size=40))
def test_what_is_filled_in_stays_as_it_is(one: str, other: str) -> None:
    assert fill("<$a|${b}|$$>", {"a": one, "b": other}) == f"<{one}|{other}|$>"


# --- the window --------------------------------------------------------------------------------------------


def tokens(asked: ReflectionRequest, window: int) -> int:
    messages = rf.PromptBuilder(window=window).build_messages(asked)
    return sum(len(each.content.encode()) // 4 for each in messages)


LONG = analysis(1).replace(
    trajectory=Trajectory(
        id="long",
        steps=tuple(Step(kind="tool_result", content=f"line {n} " + "word " * 400) for n in range(60)),
    )
)


@pytest.mark.parametrize("window", [3_500, 5_000, 8_000])
def test_a_request_fits_its_window_and_keeps_prompt_and_last_answer(window: int) -> None:
    history = tuple(
        Exchange(answer=ANSWERED.replace(analysis=f"answer {number} " + "word " * 500), question="Why?")
        for number in range(4)
    )
    asked = request(history=history, question="What now?").replace(trajectory_analysis=LONG)
    messages = rf.PromptBuilder(window=window).build_messages(asked)
    assert tokens(asked, window) <= window
    assert PROMPT.strip() in messages[1].content
    assert messages[-2].content.count("word") == 500
    assert "What now?" in messages[-1].content


def test_a_window_that_is_too_small_shortens_neither_prompt_nor_last_answer() -> None:
    asked = request(history=(Exchange(answer=ANSWERED),), question="Why?")
    messages = rf.PromptBuilder(window=10).build_messages(asked)
    assert PROMPT.strip() in messages[1].content
    assert "## Evidence" not in messages[1].content
    assert ANSWERED.suggestions[0].specific_text in messages[2].content  # type: ignore[operator]


@pytest.mark.parametrize("window", [0, -1, "many", 2.5], ids=repr)
def test_a_window_is_a_positive_number(window: Any) -> None:
    with pytest.raises(rf.ConfigurationError, match="window"):
        rf.PromptBuilder(window=window)


# --- evidence of many runs ---------------------------------------------------------------------------------


def test_a_failure_of_many_runs_is_counted_and_named_once() -> None:
    text = rf.PromptBuilder().build_reflection_prompt(request(12))
    assert "[in 12 of 12 runs: runs 1-12 step 2]" in text
    assert text.count("Error: the valve is closed\n") == 1
    assert "matters ten times as much as in one" in text


def test_of_many_runs_the_first_is_told_as_a_whole() -> None:
    text = rf.PromptBuilder().build_reflection_prompt(request(5))
    assert "**Run 1 step 3, message**" in text
    assert "**Run 4 step 2, tool result pump" in text
    assert "**Run 4 step 3, message**" not in text
    assert "**run 4**, ❌ Failure (Overall Quality: poor): Run: `bed-4`" in text


def test_a_line_that_stands_out_survives_in_a_long_log_that_no_finding_quotes() -> None:
    log = [f"12:00:{number:02} DEBUG all is well" for number in range(60)] * 3
    text = "\n".join([*log[:90], "error 422: refused, only F-7 is accepted", *log[90:]])
    run = TrajectoryAnalysis(
        trajectory_id="r",
        outcome="failure",
        trajectory=Trajectory(id="r", steps=(Step(kind="tool_result", content=text),)),
    )
    asked = ReflectionRequest(trajectory_analysis=run, original_prompt=PROMPT)
    assert "only F-7 is accepted" in rf.PromptBuilder().build_reflection_prompt(asked)
