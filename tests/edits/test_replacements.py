"""Suggestions that modify: the passage they are about is replaced, never the text by itself."""

from __future__ import annotations

import pytest

PROMPT = (
    "You are a clerk.\n\n"
    "## Tools\n\n"
    "- Make one call at a time and wait for its result.\n"
    "- Payment: ask for the card first. Never store the number.\n\n"
    "Transfer the caller to a person if you cannot help. Say goodbye.\n"
)


def test_a_quoted_target_is_replaced(suggest, plan):
    improved = plan(PROMPT, suggest("modify", "You are a careful clerk.", "You are a clerk.")).apply()
    assert improved == PROMPT.replace("You are a clerk.", "You are a careful clerk.")


def test_the_beginning_of_a_sentence_stands_for_the_sentence(suggest, plan):
    new = "Make one call at a time, wait, and read its result before the next."
    improved = plan(PROMPT, suggest("modify", new, "Make one call at a time")).apply()
    assert improved == PROMPT.replace("Make one call at a time and wait for its result.", new)


def test_a_fragment_replaces_only_the_fragment(suggest, plan):
    improved = plan(PROMPT, suggest("modify", "two calls", "one call")).apply()
    assert "- Make two calls at a time and wait" in improved


@pytest.mark.parametrize(
    ("text", "description"),
    [
        (None, 'Replace "ask for the card first" with "look the card up first"'),
        (None, "Change 'ask for the card first' to 'look the card up first'."),
        (None, "“ask for the card first” → “look the card up first”"),
        ("Before: ask for the card first\nAfter: look the card up first", "reword it"),
        ("look the card up first", 'Change "ask for the card first" to something surer'),
    ],
)
def test_old_and_new_text_are_told_apart(suggest, plan, text, description):
    improved = plan(PROMPT, suggest("modify", text, description=description)).apply()
    assert improved == PROMPT.replace("ask for the card first", "look the card up first")


def test_without_a_target_the_sentence_with_the_same_words_is_found(suggest, plan):
    new = "Transfer the caller to a person only if you cannot help and the caller agrees."
    planned = plan(PROMPT, suggest("modify", new))
    assert planned.apply() == PROMPT.replace("Transfer the caller to a person if you cannot help.", new)
    assert planned.edits[0].operation == "replace"


def test_a_text_that_extends_the_old_one_does_not_repeat_it(suggest, plan):
    improved = plan(
        PROMPT, suggest("modify", "Say goodbye. Thank the caller by name.", "Say goodbye.")
    ).apply()
    assert improved.count("Say goodbye.") == 1
    assert improved.endswith("Say goodbye. Thank the caller by name.\n")


@pytest.mark.parametrize("marker", ["", "- ", "* "])
def test_the_marker_of_a_list_item_stays(suggest, plan, marker):
    new = f"{marker}Payment: ask for the card first, politely."
    improved = plan(PROMPT, suggest("modify", new, "- Payment: ask for the card first.")).apply()
    assert "- Payment: ask for the card first, politely. Never store the number.\n" in improved


def test_a_short_label_names_the_item_to_rewrite(suggest, plan):
    new = "Payment: ask for the card first and repeat its last digits."
    improved = plan(PROMPT, suggest("modify", new, "Tools", description="Extend the 'Payment' rule")).apply()
    assert f"- {new} Never store the number.\n" in improved


def test_no_passage_means_an_addition_that_says_so(suggest, plan):
    planned = plan(PROMPT, suggest("modify", "Speak French on Sundays.", "Languages"))
    assert planned.edits[0].operation == "insert"
    assert "no passage to replace was found" in planned.edits[0].reason
    assert planned.apply() == PROMPT.rstrip("\n") + "\n\nSpeak French on Sundays.\n"


def test_an_ambiguous_target_is_unplaced_unless_the_section_decides(suggest, plan):
    prompt = "## A\n\nBe quick.\n\n## B\n\nBe quick.\n"
    unclear = plan(
        prompt, suggest("modify", "Be careful.", description='Change "Be quick." to "Be careful."')
    )
    assert unclear.apply() == prompt
    assert "stands 2 times" in unclear.edits[0].reason
    clear = plan(prompt, suggest("modify", None, "B", description='Change "Be quick." to "Be careful."'))
    assert clear.apply() == "## A\n\nBe quick.\n\n## B\n\nBe careful.\n"


def test_a_rewrite_with_its_heading_replaces_the_section(suggest, plan):
    new = "## Tools\n\n1. Make one call at a time.\n2. Payment: ask for the card, never store the number."
    improved = plan(PROMPT, suggest("modify", new, "Tools")).apply()
    assert improved.startswith("You are a clerk.\n\n## Tools\n\n1. Make one call")
    assert "- Make one call" not in improved


def test_a_change_that_changes_nothing_is_dropped(suggest, plan):
    planned = plan(PROMPT, suggest("modify", "You are a clerk.", "You are a clerk."))
    assert planned.edits[0].status == "dropped"
    assert planned.apply() == PROMPT


def test_text_is_never_replaced_by_itself_when_only_the_text_is_given(suggest, plan):
    """The origin searched for the new text in the prompt and replaced it by itself."""
    planned = plan("Count the boxes.", suggest("modify", "Count the boxes twice and compare both results."))
    assert planned.apply() == "Count the boxes twice and compare both results."


def test_a_heading_is_not_replaced_by_the_rule_that_belongs_under_it(suggest, plan):
    prompt = "**CORE RULES:**\n\n- Answer with one word only.\n- Stop.\n"
    improved = plan(prompt, suggest("modify", "- Answer with one word only, or two.", "CORE RULES")).apply()
    assert improved == "**CORE RULES:**\n\n- Answer with one word only, or two.\n- Stop.\n"


@pytest.mark.parametrize(
    ("prompt", "old", "new"),
    [
        ("Be kind. Answer with yes or no.", "Answer with yes or no.", "Answer with YES or NO."),
        ("Call get_order first. Stop.", "Call get_order first.", "Call `get_order` first."),
        ("Search: wait 30 seconds.\nUpload: wait 60 seconds.\n", "wait 30 seconds", "wait 60 seconds"),
    ],
)
def test_only_a_passage_that_reads_so_already_is_not_replaced(suggest, plan, prompt, old, new):
    """Neither other letters or marks nor the same words at another place make a replacement superfluous."""
    planned = plan(prompt, suggest("modify", new, old))
    assert planned.apply() == prompt.replace(old, new)


def test_a_passage_that_stands_in_its_new_form_is_not_extended_again(suggest, plan):
    prompt = "Be brief and cite. Stop."
    planned = plan(prompt, suggest("modify", "Be brief and cite.", "Be brief."))
    assert planned.apply() == prompt
    assert "already present" in planned.edits[0].reason


def test_a_rewording_whose_text_stands_elsewhere_replaces_no_passage_that_is_only_similar(suggest, plan):
    prompt = "## A\n\nShow the price list first.\n\n## B\n\nShow the customer the price list first.\n"
    planned = plan(prompt, suggest("modify", "Show the customer the price list first.", "A"))
    assert planned.apply() == prompt
    assert "already present" in planned.edits[0].reason


@pytest.mark.parametrize(
    ("prompt", "old", "new", "expected"),
    [
        ("- **Pay:** ask for a card.\n", "Pay: ask for a card.", "**Pay:** ask twice.", "- **Pay:** ask twice.\n"),
        ("- **Pay:** ask for a card.\n", "Pay: ask for a card.", "Pay: ask twice.", "- Pay: ask twice.\n"),
        ("Use `get_order`. Stop.", "Use get_order", "Use `find_order`.", "Use `find_order`. Stop."),
        ("Say “no idea”. Stop.", "Say no idea", "Say “maybe”.", "Say “maybe”. Stop."),
        ("**Be kind.** Stop.", "Be kind.", "**Be very kind.**", "**Be very kind.** Stop."),
        ("**Be kind.** Stop.", "be kind.", "Be very kind.", "**Be very kind.** Stop."),
    ],
)  # fmt: skip
def test_marks_around_a_passage_are_neither_cut_nor_doubled(suggest, plan, prompt, old, new, expected):
    assert plan(prompt, suggest("modify", new, old)).apply() == expected
