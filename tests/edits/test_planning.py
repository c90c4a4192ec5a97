"""Laws of every plan, and hostile input."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.edits.diffing import apply_changes, changes_of
from reflector.edits.edit import ConflictStrategy, EditConfig
from reflector.edits.plan import EditPlan
from reflector.edits.planning import plan_edits
from reflector.errors import ConfigurationError, InputError, InvalidEditError
from reflector.reflection.models import (
    ParsedReflection,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)

PIECES = [
    "# Title",
    "## Rules",
    "<rules>",
    "</rules>",
    "- first item is here",
    "- second: do it well",
    "  - nested item",
    "1. one",
    "2. two",
    "",
    "   ",
    "\t",
    "Be kind. Be brief. Never lie!",
    "Use {name} and {{other}} here.",
    "```",
    "code()",
    "**Bold**",
    "Label:",
    "Question: {question}",
    "Answer:",
    "a\u2028b",
    "日本語。テスト",
    "😀 emoji",
    "\ud800 lone",
    "===",
    "(.*)+[a-z]{2}\\d",
    "İstanbul I ı",
    "'quoted' \"double\"",
    "Always check the date.",
    "Never check the date.",
    "trailing  ",
]
LINES = st.lists(st.sampled_from(PIECES), max_size=10)
PROMPTS = st.builds(
    lambda lines, newline: newline.join(lines), LINES, st.sampled_from(["\n", "\r\n", "\n\n", "\r"])
)
DESCRIPTIONS = st.sampled_from(
    [
        "",
        "Move 'Be brief.' to the top",
        'Replace "Be kind." with "Be stern."',
        "Remove the whole section",
        "step 2",
        "Rewrite the whole prompt",
        "Remove the redundant sentence about dates",
        "Add a rule that it must rhyme",
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, tuple[Suggestion, ...], EditConfig]:
    prompt = draw(PROMPTS)
    start = draw(st.integers(0, max(0, len(prompt) - 1)))
    cut = prompt[start : start + draw(st.integers(1, 40))] or None
    texts = st.none() | st.sampled_from(PIECES) | st.just(cut) | st.builds("\n".join, LINES)
    suggestions = st.builds(
        Suggestion,
        type=st.sampled_from(SuggestionType),
        category=st.sampled_from(SuggestionCategory),
        description=DESCRIPTIONS,
        rationale=st.just(""),
        priority=st.sampled_from(Priority),
        specific_text=texts,
        target_section=texts,
    )
    config = EditConfig(
        conflict_strategy=draw(st.sampled_from(ConflictStrategy)), max_edits=draw(st.sampled_from([10, 2]))
    )
    return prompt, tuple(draw(st.lists(suggestions, max_size=5))), config


def make(prompt: str, suggestions: tuple[Suggestion, ...], config: EditConfig) -> EditPlan:
    return plan_edits(ParsedReflection(analysis="", suggestions=suggestions), prompt, config=config)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(cases())
def test_every_suggestion_is_accounted_for_and_the_rest_stays_untouched(case):
    prompt, suggestions, config = case
    planned = make(prompt, suggestions, config)
    assert sorted(e.suggestion_index for e in planned.edits) == list(range(len(suggestions)))
    assert all(e.reason for e in planned.edits)
    assert len(planned.applied) <= config.max_edits
    improved, at, at_new = planned.apply(), 0, 0
    for change in changes_of(prompt, planned.edits):
        kept = prompt[at : change.start]
        assert improved[at_new : at_new + len(kept)] == kept
        at, at_new = change.end, at_new + len(kept) + len(change.text)
    assert improved[at_new:] == prompt[at:]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(cases())
def test_a_plan_is_pure_and_its_diff_is_its_change(case):
    prompt, suggestions, config = case
    planned = make(prompt, suggestions, config)
    assert planned == make(prompt, suggestions, config)
    assert planned.apply() == planned.apply() == patched(prompt, planned)
    assert (planned.diff() == "") == (planned.apply() == prompt)


def patched(prompt: str, planned: EditPlan) -> str:
    """Return `prompt` with the hunks of the diff applied by line numbers alone."""
    old = [line + "\n" for line in prompt.split("\n")]
    old[-1] = old[-1][:-1]
    old = old if old[-1] else old[:-1]
    new: list[str] = []
    at = 0
    before = ""
    for line in planned.diff().split("\n")[2:]:
        if match := re.match(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@", line):
            start, count, new_start, new_count = map(int, match.groups())
            first = start - 1 if count else start
            new, at = new + old[at:first], first
            assert len(new) == (new_start - 1 if new_count else new_start)
        elif line[:1] in (" ", "-"):
            assert old[at].removesuffix("\n") == line[1:]
            at += 1
        if line[:1] in (" ", "+"):
            new.append(line[1:] + "\n")
        elif line[:1] == "\\" and new and before[:1] != "-":
            new[-1] = new[-1][:-1]
        before = line
    return "".join(new + old[at:])


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(cases())
def test_placeholders_survive_every_plan(case):
    prompt, suggestions, config = case
    planned = make(prompt, suggestions, config)
    improved = planned.apply()
    assert all(placeholder in improved for placeholder in planned.structure.placeholders)


@given(PROMPTS)
def test_an_empty_plan_returns_the_prompt_itself(prompt):
    planned = make(prompt, (), EditConfig())
    assert planned.apply() is planned.original_prompt
    assert planned.apply() == prompt
    assert planned.diff() == ""


@pytest.mark.parametrize("prompt", [None, 3, b"bytes", ["a"]])
def test_a_prompt_that_is_no_string_is_refused(prompt):
    with pytest.raises(InvalidEditError, match="a prompt is a string"):
        plan_edits(ParsedReflection(analysis=""), prompt)


def test_an_edit_of_another_prompt_is_refused(suggest, plan):
    planned = plan("Be kind.", suggest("modify", "Be stern.", "Be kind."))
    with pytest.raises(InvalidEditError, match="Plan the edits again"):
        apply_changes("Be cruel.", changes_of("Be cruel.", planned.edits))


def test_overlapping_edits_are_refused(suggest, plan):
    (edit,) = plan("Be kind.", suggest("modify", "Be stern.", "Be kind.")).edits
    with pytest.raises(InvalidEditError, match="same characters"):
        changes_of("Be kind.", [edit, edit.replace(id="edit_2")])


def test_limits_drop_the_weakest_and_say_so(suggest, plan):
    adds = [
        suggest("add", f"Rule number {n} is here.", priority=p)
        for n, p in enumerate(["low", "high", "medium"])
    ]
    planned = plan("Base.", *adds, max_edits=1)
    assert [e.suggestion_index for e in planned.applied] == [1]
    assert all("more than 1" in e.reason for e in planned.rejected)
    planned = plan("Base.", *adds, min_impact=0.8)
    assert [e.suggestion_index for e in planned.applied] == [1]
    assert "below the minimum" in planned.rejected[-1].reason


def test_counts_are_right(suggest, plan):
    planned = plan(
        "Be kind. Be brief.",
        suggest("modify", "Be very kind.", "Be kind.", priority="high"),
        suggest("modify", "Be rarely kind.", "Be kind.", priority="low"),
        suggest("add", "Be on time.", priority="low", category="structure"),
        suggest("remove", "Sing."),
    )
    assert (planned.total_edits, planned.high_impact_edits, planned.conflicts_resolved) == (2, 1, 1)
    assert len(planned.edits) == 4


def test_the_command_line_form_names_the_suggestion(suggest, plan):
    (row,) = plan("Base.", suggest("add", "Never guess.", description="Stop guessing")).to_rows()
    assert {
        "operation": "insert",
        "text": "Never guess.",
        "suggestion": "Stop guessing",
        "status": "applied",
    }.items() <= row.items()
    assert row["reason"]


@pytest.mark.slow
def test_a_large_prompt_with_fifty_suggestions_is_planned_quickly(suggest, plan):
    lines = [
        f"- Rule {n} says that clerk {n % 97} weighs parcel {n * 7} on scale {n % 13}." for n in range(3_300)
    ]
    prompt = "# Rules\n\n" + "\n".join(lines)
    assert len(prompt) > 190_000
    kinds = ["add", "modify", "remove"]
    wishes = [
        suggest(kinds[n % 3], lines[n * 11][2:] + " Twice.", description=f"wish {n}") for n in range(50)
    ]
    began = time.perf_counter()
    planned = plan(prompt, *wishes)
    assert time.perf_counter() - began < 3
    assert len(planned.edits) == 50


HOSTILE = [
    "x" * 300_000,
    "a b. " * 60_000,
    "\n" * 50_000,
    "<a>\n" * 20_000,
    "{a" * 50_000,
    "```\n" * 20_001,
    "…" * 50_000,
    "'" * 50_000,
]


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:6]))
def test_hostile_text_is_answered_in_bounded_time(suggest, plan, text):
    kinds = ["add", "modify", "remove", "restructure"]
    wishes = [
        suggest(kind, given, where, description=text)
        for kind in kinds
        for given in (text, None)
        for where in (text, None)
    ]
    began = time.perf_counter()
    for prompt in (text, "Be kind.\n\n- a\n- b\n"):
        planned = plan(prompt, *wishes)
        planned.diff()
        assert len(planned.edits) == len(wishes)
    assert time.perf_counter() - began < 20


def test_suggestions_beyond_the_limit_are_reported(suggest, plan):
    planned = plan("Base.", *[suggest("remove", f"gone {n}") for n in range(301)])
    assert len(planned.edits) == 301
    assert "first 300" in planned.edits[-1].reason


def test_a_config_of_another_type_is_refused() -> None:
    with pytest.raises(rf.InvalidEditError, match="config is an EditConfig"):
        rf.plan_edits(rf.ParsedReflection(analysis=""), "x", config={"max_edits": 1})  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "senseless", [{"max_edits": -1}, {"conflict_strategy": "loudest"}, {"most_edits": 3}]
)
def test_senseless_options_are_a_configuration_error(senseless: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(senseless))):
        EditConfig(**senseless)


def test_a_suggestion_that_lacks_something_says_what() -> None:
    with pytest.raises(InputError, match="category: "):
        Suggestion(type="add", category="loud", description="", rationale="")  # type: ignore[arg-type]  # on purpose
