"""Several components, limits of growth, edits that need each other, text copied from examples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.errors import InvalidEditError
from reflector.reflection.models import ParsedReflection

TEXTS = {
    "system": "You are a clerk.\n\n## Rules\n\n- Be kind.\n- Be brief.\n",
    "tool_help": "Use search for facts.\n\n## Errors\n\n- Retry once.\n",
}


def reflect(*suggestions):
    return ParsedReflection(analysis="", suggestions=suggestions)


# --- components -----------------------------------------------------------------------------------------


def test_each_suggestion_goes_to_the_component_it_fits(suggest):
    plans = plan_edits(
        reflect(
            suggest("add", "Sign every letter.", "Rules"),
            suggest("add", "Then say what failed.", "Errors"),
            suggest("modify", "Use search for facts and dates.", "Use search for facts."),
            suggest("add", "Quote the page.", "tool_help"),
            suggest("add", "Log the query.", "tool_help > Errors"),
            suggest("add", "Stop when you are unsure."),
            suggest("remove", "Be kind."),
        ),
        TEXTS,
    )
    assert plans.apply() == {
        "system": "You are a clerk.\n\n## Rules\n\n- Be brief.\n- Sign every letter.\n\nStop when you are unsure.\n",
        "tool_help": "Use search for facts and dates.\n\n## Errors\n\n- Retry once.\n- Then say what failed.\n"
        "- Log the query.\n\nQuote the page.\n",
    }
    assert sorted(edit.suggestion_index for edit in plans.edits) == list(range(7))
    assert {row["component"] for row in plans.to_rows()} == set(TEXTS)


@pytest.mark.parametrize(
    "name", ["tool_help", "Tool help", "the tool_help component", "tool_help prompt", "`tool_help`"]
)
def test_a_component_is_found_however_it_is_named(suggest, name):
    plans = plan_edits(reflect(suggest("add", "Quote the page.", name)), TEXTS)
    assert plans.apply()["system"] == TEXTS["system"]
    assert plans.apply()["tool_help"].endswith("\n\nQuote the page.\n")
    assert plans.edits[0].suggestion.target_section == name


def test_what_stands_in_another_component_is_not_added_to_the_first(suggest):
    plans = plan_edits(reflect(suggest("add", "Use search for facts.")), TEXTS)
    assert plans.apply() == TEXTS
    assert "already present" in plans.rejected[0].reason


def test_what_holds_for_one_plan_is_gathered_for_all(suggest):
    asked = "Say how many red lamps are left in the stock room"
    wishes = [suggest("add", f"{word} name the price.", "Rules") for word in ("Always", "Never")]
    plans = plan_edits(reflect(*wishes, suggest("add", asked, "tool_help")), TEXTS, examples=[asked])
    assert [edit.id for edit in plans.applied] == ["edit_1", "edit_3"]
    assert [edit.id for edit in plans.rejected] == ["edit_2"]
    assert plans.open_conflicts[0].edits == ("edit_1", "edit_2")
    assert plans.copied[0].edit == "edit_3"


def test_the_diff_names_the_component(suggest):
    diff = plan_edits(reflect(suggest("add", "Quote the page.", "tool_help")), TEXTS).diff()
    assert diff.startswith("--- tool_help\n+++ improved tool_help\n")


def test_suggestions_beyond_the_limit_are_reported_once(suggest):
    plans = plan_edits(reflect(*[suggest("remove", f"gone {n}") for n in range(302)]), TEXTS)
    assert len(plans.edits) == 302


@pytest.mark.parametrize(
    ("texts", "told"),
    [({}, "at least one component"), ({"a": 3}, "a prompt is a string"), ({3: "a"}, "name of a component")],
)
def test_components_that_are_no_texts_are_refused(texts, told):
    with pytest.raises(InvalidEditError, match=told):
        plan_edits(reflect(), texts)


# --- growth ---------------------------------------------------------------------------------------------


def test_the_weakest_additions_are_left_out_of_a_growth_limit(suggest, plan):
    adds = [
        suggest("add", f"Rule {word} is that you say {word} aloud.", priority=priority)
        for word, priority in (("ant", "low"), ("bee", "high"), ("cow", "medium"))
    ]
    planned = plan("Base.", *adds, max_growth_chars=80)
    assert [edit.suggestion_index for edit in planned.applied] == [1, 2]
    assert "characters longer" in planned.rejected[0].reason
    assert len(planned.apply()) <= len("Base.") + 80


def test_what_is_removed_makes_room(suggest, plan):
    prompt = "Be brief. The long sentence about the weather may go.\n"
    wishes = (
        suggest("remove", "The long sentence about the weather may go."),
        suggest("add", "Never guess dates."),
    )
    assert plan(prompt, *wishes, max_growth_ratio=0.0).total_edits == 2
    assert plan(prompt, wishes[1], max_growth_ratio=0.0).total_edits == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text("abc d.\n-#", min_size=5, max_size=60), max_size=6),
    st.integers(0, 150),
    st.floats(0, 2),
)
def test_growth_never_goes_beyond_its_limit(texts, chars, ratio):
    suggestions = [
        rf.Suggestion(
            type="add",
            category="clarity",
            description="",
            rationale="",
            specific_text=text,
            target_section=name,
        )
        for text, name in zip(texts, [None, "Rules", "abc", None, "Rules", None], strict=False)
    ]
    prompt = "Base rule.\n\n## Rules\n\n- abc\n"
    config = EditConfig(max_growth_chars=chars, max_growth_ratio=ratio)
    improved = plan_edits(reflect(*suggestions), prompt, config=config).apply()
    assert len(improved) - len(prompt) <= min(chars, ratio * len(prompt))


# --- near duplicates ------------------------------------------------------------------------------------


def test_items_that_the_prompt_has_already_are_left_out_of_a_list(suggest, plan):
    planned = plan(
        "Rules:\n- Be kind.\n- Be brief.\n", suggest("add", "- be kind\n- Never guess dates.", "Rules")
    )
    assert planned.apply() == "Rules:\n- Be kind.\n- Be brief.\n- Never guess dates.\n"
    assert "1 of its 2 lines" in planned.edits[0].reason


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("Always check the dates before you answer.", "Always check the date before answering.", True),
        ("Check every date in the letter.", "Check every dates in the letter.", True),
        ("Ask the customer before you book.", "Book before you ask the customer.", False),
        (
            "Give at most three reasons for the choice you made today.",
            "Give at most four reasons for the choice you made today.",
            False,
        ),
    ],
)
def test_near_duplicates_differ_in_endings_only(suggest, plan, old, new, is_same):
    assert (plan(old, suggest("add", new)).total_edits == 0) == is_same


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Never guess a date.",
                "- Sign letters.\n- Date letters.",
                "## Checks\n\nReread it.",
                'Answer {"a": 1}.',
            ]
        ),
        max_size=4,
        unique=True,
    ),
    st.sampled_from(["", "Be kind.", "## Rules\n\n- Be kind.\n", "Greet {name}."]),
)
def test_additions_made_twice_change_nothing_the_second_time(texts, prompt):
    suggestions = [
        rf.Suggestion(
            type="add",
            category="clarity",
            description="",
            rationale="",
            specific_text=text,
            target_section="Rules",
        )
        for text in texts
    ]
    once = plan_edits(reflect(*suggestions), prompt).apply()
    assert plan_edits(reflect(*suggestions), once).apply() == once


# --- edits that need each other -------------------------------------------------------------------------


def test_an_addition_to_a_section_of_another_edit_stands_behind_it(suggest, plan):
    planned = plan(
        "Base.",
        suggest("add", "Name the carrier.", "Shipping", priority="high"),
        suggest("add", "## Shipping\n\n- Weigh first.", priority="low"),
        suggest("add", "## Billing\n\nSend it."),
    )
    assert planned.apply() == (
        "Base.\n\n## Billing\n\nSend it.\n\n## Shipping\n\n- Weigh first.\n- Name the carrier."
    )
    dependent = next(edit for edit in planned.edits if edit.id == "edit_1")
    assert dependent.depends_on == "edit_2"
    assert "edit_2 brings" in dependent.reason


def test_an_addition_to_a_section_that_a_rewrite_brings_stands_behind_it(suggest, plan):
    new = "You sort letters by weight.\n\n## Shipping\n\nWeigh first."
    planned = plan(
        "You sort letters by size.",
        suggest("restructure", new, "the whole prompt", priority="high"),
        suggest("add", "Name the carrier.", "Shipping"),
    )
    assert planned.apply() == f"{new}\n\nName the carrier."


def test_edits_may_need_each_other_in_a_chain(suggest, plan):
    planned = plan(
        "Base.",
        suggest("add", "Name the carrier.", "Parcels"),
        suggest("add", "### Parcels\n\nWeigh first.", "Shipping"),
        suggest("add", "## Shipping\n\nBe exact."),
    )
    assert planned.apply() == (
        "Base.\n\n## Shipping\n\nBe exact.\n\n### Parcels\n\nWeigh first.\n\nName the carrier."
    )


def test_what_stands_behind_a_merged_edit_is_made(suggest, plan):
    planned = plan(
        "Answer politely now.",
        suggest("modify", "Answer well.\n\n## Tone", "Answer politely now."),
        suggest("modify", "Answer fast.\n\n## Speed", "Answer politely now."),
        suggest("add", "Count the seconds.", "Speed"),
        conflict_strategy="merge",
    )
    assert planned.apply() == "Answer well.\n\n## Tone\nAnswer fast.\n\n## Speed\n\nCount the seconds."


def test_what_needs_an_edit_that_fails_is_not_made_and_says_why(suggest, plan):
    planned = plan(
        "Greet {name}.",
        suggest("add", "Name the carrier.", "Shipping"),
        suggest("add", "## Shipping\n\nWeigh {parcel} first."),
    )
    assert planned.apply() == "Greet {name}.\n\nName the carrier."  # the section was never there to depend on
    planned = plan(
        "Base.",
        suggest("add", "Name the carrier of each parcel.", "Shipping", priority="high"),
        suggest("add", "## Shipping\n\nWeigh first.", priority="low"),
        min_impact=0.75,
    )
    assert planned.apply() == "Base."
    reasons = {edit.id: edit.reason for edit in planned.edits}
    assert reasons["edit_1"] == f"needs the text of edit_2, which is not made: {reasons['edit_2']}"


# --- text copied from examples --------------------------------------------------------------------------

ASKED = "Tell me how many red lamps are left in the stock room of Horsens today"


@pytest.mark.parametrize(
    "example",
    [
        ASKED,
        {"input": {"question": ASKED}},
        [ASKED.upper()],
        rf.Trajectory.from_openai_messages([{"role": "user", "content": ASKED}]),
    ],
    ids=["text", "data", "list", "run"],
)
def test_text_of_an_example_is_reported(suggest, example):
    suggestion = suggest("add", "If asked how many red lamps are left in the stock room, answer 4.")
    planned = plan_edits(reflect(suggestion), "Base.", examples=["Nothing.", example])
    (copied,) = planned.copied
    assert (copied.edit, copied.example, copied.words) == ("edit_1", 1, 10)
    assert copied.text == "how many red lamps are left in the stock room"
    assert planned.total_edits == 1


def test_the_prompt_the_task_and_edits_that_are_not_made_are_no_leak(suggest):
    text = "How many red lamps are left in the stock room of Horsens?"
    suggestion = suggest("add", text + " is a question you answer with a number.")
    for prompt, task in ((ASKED, None), ("Base.", ASKED)):
        assert plan_edits(reflect(suggestion), prompt, examples=[ASKED], task=task).copied == ()
    assert plan_edits(reflect(suggestion), "Base.", examples=[ASKED]).copied
    dropped = EditConfig(max_edits=0)
    assert plan_edits(reflect(suggestion), "Base.", examples=[ASKED], config=dropped).copied == ()


def test_seven_words_in_a_row_are_no_copy(suggest):
    suggestion = suggest("add", "Say how many red lamps are left there.")
    assert (
        plan_edits(reflect(suggestion), "Base.", examples=["how many red lamps are left there"]).copied == ()
    )


@pytest.mark.parametrize("examples", [3, [3], [None]])
def test_examples_that_hold_no_text_are_refused(examples):
    with pytest.raises(InvalidEditError, match="an example is a text"):
        plan_edits(reflect(), "Base.", examples=examples)
