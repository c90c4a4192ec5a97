"""Suggestions that add text: where it goes, in which form, and when it is not added."""

from __future__ import annotations

import pytest

RULES = "# Clerk\n\nYou answer letters.\n\n## Rules\n\n- Be brief.\n- Be kind.\n\n## Format\n\nWrite plain text.\n"


def test_several_additions_without_a_section_all_survive_by_priority(suggest, plan):
    prompt = "You sort parcels."
    improved = plan(
        prompt,
        suggest("add", "Weigh each parcel.", priority="low"),
        suggest("add", "Read the label aloud.", priority="high"),
        suggest("add", "Stack by size.", priority="medium"),
    ).apply()
    assert improved == "You sort parcels.\n\nRead the label aloud.\n\nStack by size.\n\nWeigh each parcel."


def test_several_additions_to_one_section_all_survive(suggest, plan):
    planned = plan(
        RULES, suggest("add", "Sign every letter.", "Rules"), suggest("add", "Date every letter.", "rules")
    )
    assert planned.total_edits == 2
    assert "- Be kind.\n- Sign every letter.\n- Date every letter.\n\n## Format" in planned.apply()


@pytest.mark.parametrize(
    "name",
    [
        "Rules",
        "rules",
        "## Rules",
        "RULES section",
        "the 'Rules' section",
        "Clerk > Rules",
        "**Rules**",
        "Rules:",
    ],
)
def test_a_section_is_found_however_it_is_named(suggest, plan, name):
    improved = plan(RULES, suggest("add", "Sign every letter.", name)).apply()
    assert "- Be kind.\n- Sign every letter.\n" in improved


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            "Intro.\n\n<rules>\n- a one\n</rules>\nEnd.",
            "Intro.\n\n<rules>\n- a one\n- Be exact.\n</rules>\nEnd.",
        ),
        ("<rules>\nBe kind.\n</rules>\n", "<rules>\nBe kind.\nBe exact.\n</rules>\n"),
        ("<rules>Be kind.</rules>\n", "<rules>Be kind. Be exact.</rules>\n"),
        ("<rules></rules>\n", "<rules>\nBe exact.\n</rules>\n"),
        (
            "**Rules**\n1. one\n2. two\n\n**More**\nx",
            "**Rules**\n1. one\n2. two\n3. Be exact.\n\n**More**\nx",
        ),
        ("Rules:\n* one\n* two\n\nThen answer.", "Rules:\n* one\n* two\n* Be exact.\n\nThen answer."),
        ("RULES:\n(1) one\n(2) two\n", "RULES:\n(1) one\n(2) two\n(3) Be exact.\n"),
        ("## Rules\n\n## Next\nx\n", "## Rules\n\nBe exact.\n\n## Next\nx\n"),
        ("## Rules\n- a\n\n- b\n\n- c\n", "## Rules\n- a\n\n- b\n\n- c\n\n- Be exact.\n"),
        ("## Rules\n- a\n  - nested\n", "## Rules\n- a\n  - nested\n- Be exact.\n"),
        ("## Rules\nText.\n## Next\nx\n", "## Rules\nText.\n\nBe exact.\n\n## Next\nx\n"),
        ("## Rules\n## Next\nx\n", "## Rules\n\nBe exact.\n\n## Next\nx\n"),
        ("# Rules\n## A\n- a\n## B\n- b\n", "# Rules\n\nBe exact.\n\n## A\n- a\n## B\n- b\n"),
        ("# Rules\n\nGo by these:\n\n- a\n- b\n", "# Rules\n\nGo by these:\n\n- a\n- b\n- Be exact.\n"),
        (
            "# Rules\nGo by these:\n- a\n\n## More\n- b\n",
            "# Rules\nGo by these:\n- a\n- Be exact.\n\n## More\n- b\n",
        ),
        ("# Rules\nGo by these:\n- a\n", "# Rules\nGo by these:\n- a\n- Be exact.\n"),
        ("# Rules\nTone:\n- a\n\nSize:\n- b\n", "# Rules\n\nBe exact.\n\nTone:\n- a\n\nSize:\n- b\n"),
        ("# Rules\n\nGo.\n\nTone:\n- a\n", "# Rules\n\nGo.\n\nBe exact.\n\nTone:\n- a\n"),
    ],
)
def test_an_addition_takes_the_form_of_its_section(suggest, plan, prompt, expected):
    assert plan(prompt, suggest("add", "Be exact.", "Rules")).apply() == expected


def test_two_additions_to_a_numbered_list_count_on(suggest, plan):
    improved = plan(
        "Steps:\n1. Read.\n2. Think.\n",
        suggest("add", "Answer.", "Steps"),
        suggest("add", "4) Check.", "Steps"),
    )
    assert improved.apply() == "Steps:\n1. Read.\n2. Think.\n3. Answer.\n4. Check.\n"


def test_a_list_becomes_items_of_the_list_it_joins(suggest, plan):
    improved = plan("Rules:\n- a\n", suggest("add", "* first thing\n* second thing", "Rules")).apply()
    assert improved == "Rules:\n- a\n- first thing\n- second thing\n"


def test_a_text_with_its_own_heading_stays_a_block(suggest, plan):
    improved = plan(RULES, suggest("add", "## Checks\n\n- Reread the letter.")).apply()
    assert improved == RULES.rstrip("\n") + "\n\n## Checks\n\n- Reread the letter.\n"


def test_a_heading_that_repeats_the_section_is_left_out(suggest, plan):
    improved = plan(RULES, suggest("add", "## Rules\n- Sign every letter.", "Rules")).apply()
    assert "- Be kind.\n- Sign every letter.\n\n## Format" in improved
    assert improved.count("## Rules") == 1


def test_an_addition_beside_a_quoted_list_item_becomes_the_next_item(suggest, plan):
    improved = plan(RULES, suggest("add", "Be on time.", "Be brief.")).apply()
    assert "- Be brief.\n- Be on time.\n- Be kind.\n" in improved


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("First sentence here.", "First sentence here. NEW stands here. Second one.\n\nOther paragraph.\n"),
        ("after 'Second one.'", "First sentence here. Second one.\n\nNEW stands here.\n\nOther paragraph.\n"),
        (
            "beginning of the prompt",
            "NEW stands here.\n\nFirst sentence here. Second one.\n\nOther paragraph.\n",
        ),
        ("end of prompt", "First sentence here. Second one.\n\nOther paragraph.\n\nNEW stands here.\n"),
    ],
)
def test_a_place_may_be_told_relative_to_a_passage(suggest, plan, section, expected):
    prompt = "First sentence here. Second one.\n\nOther paragraph.\n"
    assert plan(prompt, suggest("add", "NEW stands here.", section)).apply() == expected


def test_an_unknown_section_means_the_end_and_says_so(suggest, plan):
    planned = plan("Be kind.", suggest("add", "Never guess.", "Escalation matrix"))
    assert planned.apply() == "Be kind.\n\nNever guess."
    assert "Escalation matrix" in planned.edits[0].reason
    assert not planned.edits[0].validated


def test_nothing_is_added_inside_a_code_fence_or_an_example_element(suggest, plan):
    prompt = "Do it.\n\n<format_example>\nRules:\n- fake\n</format_example>\n\n```\n# Rules\n- fake\n```\n"
    improved = plan(prompt, suggest("add", "Never guess.", "Rules")).apply()
    assert improved == prompt.rstrip("\n") + "\n\nNever guess.\n"


def test_the_input_slot_at_the_end_of_a_template_stays_last(suggest, plan):
    prompt = "Answer the question.\n\nQuestion: {question}\nAnswer:"
    improved = plan(prompt, suggest("add", "Cite a source.")).apply()
    assert improved == "Answer the question.\n\nCite a source.\n\nQuestion: {question}\nAnswer:"


@pytest.mark.parametrize(
    "text",
    ["Be kind.", "be   KIND", "- Be kind.", '"Be kind."', "**Be kind**"],
)
def test_an_instruction_that_is_there_already_is_not_added_again(suggest, plan, text):
    planned = plan(RULES, suggest("add", text, "Rules"))
    assert planned.apply() == RULES
    assert planned.edits[0].status == "dropped"
    assert "already present" in planned.edits[0].reason


def test_the_opposite_of_an_instruction_is_not_taken_for_present(suggest, plan):
    prompt = "Always show the price list to the customer before the order."
    planned = plan(prompt, suggest("add", "Never show the price list to the customer before the order."))
    assert planned.edits[0].status == "applied"


def test_near_identical_additions_are_merged_into_one(suggest, plan):
    planned = plan(
        "Sort parcels.",
        suggest("add", "Always weigh the parcel before you stack it."),
        suggest("add", "Always weigh the parcel, before you stack it!", priority="low"),
    )
    assert planned.total_edits == 1
    lost = planned.edits[1]
    assert (lost.status, lost.merged_into) == ("dropped", "edit_1")
    assert planned.apply() == "Sort parcels.\n\nAlways weigh the parcel before you stack it."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"Never guess."', "Never guess."),
        ("Add: Never guess.", "Never guess."),
        ('Add the following: "Never guess."', "Never guess."),
        ("```\nNever guess.\n```", "Never guess."),
        ("Note: never guess.", "Note: never guess."),
        ('"Never" and "ever" are words.', '"Never" and "ever" are words.'),
        ("```bash\nls\n```", "```bash\nls\n```"),
        ("Never\x00 guess.\x1b[0m", "Never guess.[0m"),
    ],
)
def test_wrapping_quotes_fences_and_labels_are_taken_off(suggest, plan, text, expected):
    assert plan("", suggest("add", text)).apply() == expected


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Add a rule that the agent must confirm the date first", "Confirm the date first."),
        ("Add an explicit instruction to verify totals before answering", "Verify totals before answering."),
        ("Instruct the model to quote its source", "Quote its source."),
        ("Always answer in the user's language", "Always answer in the user's language."),
        ('Add the line "Say when you are not sure."', "Say when you are not sure."),
    ],
)
def test_without_exact_text_the_instruction_is_read_out_of_the_description(
    suggest, plan, description, expected
):
    planned = plan("Base.", suggest("add", None, description=description))
    assert planned.apply() == f"Base.\n\n{expected}"
    assert "description" in planned.edits[0].reason


@pytest.mark.parametrize(
    "description", ["Add more examples of correct output", "The prompt should be clearer", "", "???"]
)
def test_a_remark_about_the_prompt_is_not_written_into_it(suggest, plan, description):
    planned = plan("Base.", suggest("add", None, description=description))
    assert planned.apply() == "Base."
    assert planned.edits[0].status == "unplaced"
    assert planned.edits[0].reason


def test_a_section_that_another_suggestion_brings_receives_the_addition(suggest, plan):
    planned = plan(
        "Base.\n\nMore.",
        suggest("add", "Name the carrier.", "Shipping"),
        suggest("add", "## Shipping\n\nWeigh first.", priority="low"),
    )
    assert planned.apply() == "Base.\n\nMore.\n\n## Shipping\n\nWeigh first.\n\nName the carrier."


def test_line_breaks_of_the_prompt_are_used(suggest, plan):
    improved = plan(
        "Rules:\r\n- a\r\n", suggest("add", "b\nc", "Rules"), suggest("add", "Own.\n\nBlock.")
    ).apply()
    assert improved == "Rules:\r\n- a\r\n- b\r\n  c\r\n\r\nOwn.\r\n\r\nBlock.\r\n"


LETTERS = (
    "# Clerk\n\nYou answer letters.\n\n## Rules\n\n- Be brief.\n- Be kind.\n\n## Format\n\nWrite plain text.\n\n"
    "```\ncall(x)\n```\n\n1. Read the letter.\n2. Answer the letter.\n"
)


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        ("after the Rules section", "NEW.", "- Be kind.\n- NEW.\n\n## Format"),
        ("after `call(x)`", "NEW.", "call(x)\n```\n\nNEW.\n\n1. Read"),
        ("Read the letter.", "NEW.", "2. Answer the letter.\n3. NEW.\n"),
        ("top", "NEW.", "# Clerk\n\nNEW.\n\nYou answer"),
        ("Be brief.", "NEW.\n\nTWO.", "- Be kind.\n\nNEW.\n\nTWO.\n\n## Format"),
        ("end of the Rules section", "NEW.", "- Be kind.\n- NEW.\n\n## Format"),
        ("after 'You answer letters.'", "- NEW.\n- TWO.", "letters.\n\n- NEW.\n- TWO.\n\n## Rules"),
    ],
)
def test_places_told_in_words_are_found(suggest, plan, section, text, expected):
    assert expected in plan(LETTERS, suggest("add", text, section)).apply()


def test_a_copied_sentence_that_begins_with_before_is_a_passage_not_a_direction(suggest, plan):
    prompt = "- Before the order, show the price.\n- Be kind.\n"
    improved = plan(prompt, suggest("add", "NEW.", "Before the order, show the price.")).apply()
    assert improved == "- Before the order, show the price.\n- NEW.\n- Be kind.\n"


def test_a_place_before_something_is_not_understood_and_says_so(suggest, plan):
    planned = plan(LETTERS, suggest("add", "NEW.", "before the Format section"))
    assert planned.apply() == LETTERS + "\nNEW.\n"
    assert "no section or passage like" in planned.edits[0].reason


def test_an_addition_behind_several_copied_items_goes_behind_the_last(suggest, plan):
    improved = plan(RULES + "\n- End.\n", suggest("add", "NEW.", "- Be brief.\n- Be kind.")).apply()
    assert "- Be kind.\n- NEW.\n" in improved


@pytest.mark.parametrize(
    ("section", "text", "expected"),
    [
        ("### Rules", "Refund within seven days of cancelling.", "cancelling.\n- Refund within"),
        ("Cancel > Rules", "Be exact.", "cancelling.\n- Be exact."),
        ("Book > Rules", "Be exact.", "passengers.\n- Be exact."),
    ],
)
def test_of_two_sections_of_one_name_the_path_or_the_words_decide(suggest, plan, section, text, expected):
    prompt = (
        "## Book\n\n### Rules\n\n- Name the passengers.\n\n"
        "## Cancel\n\n### Rules\n\n- Ask for the reason of cancelling.\n"
    )
    assert expected in plan(prompt, suggest("add", text, section)).apply()


@pytest.mark.parametrize(
    ("prompt", "section", "expected"),
    [
        ("# Role\nYou are a clerk.\n", "top", "# Role\n\nNEW.\n\nTWO.\n\nYou are a clerk.\n"),
        ("- Be brief.\nThen stop.\n", "Be brief.", "- Be brief.\n\nNEW.\n\nTWO.\n\nThen stop.\n"),
        ("```\ncall(x)\n```\nThen stop.\n", "call(x)", "```\ncall(x)\n```\n\nNEW.\n\nTWO.\n\nThen stop.\n"),
    ],
)
def test_text_that_follows_at_once_does_not_become_a_part_of_what_is_added(
    suggest, plan, prompt, section, expected
):
    assert plan(prompt, suggest("add", "NEW.\n\nTWO.", section)).apply() == expected


def test_no_blank_line_is_added_beside_one_that_stays_when_a_line_goes(suggest, plan):
    prompt = "Hi.\n\n## Rules\n- Be very brief.\n\n## Next\nx\n"
    planned = plan(prompt, suggest("add", "Be exact.", "Rules"), suggest("remove", "Be very brief."))
    assert planned.apply() == "Hi.\n\n## Rules\n\nBe exact.\n\n## Next\nx\n"


def test_an_addition_takes_the_place_of_all_that_goes(suggest, plan):
    added = suggest("add", "Answer in French.")
    planned = plan("Be kind.\n\nQuestion: {q}\nAnswer:", suggest("remove", "Be kind."), added)
    assert planned.apply() == "Answer in French.\n\nQuestion: {q}\nAnswer:"
    planned = plan(
        "Be kind.\nBe brief.\n", suggest("remove", "Be kind."), suggest("remove", "Be brief."), added
    )
    assert planned.apply() == "Answer in French."


def test_what_is_nested_in_an_item_stays_nested(suggest, plan):
    nested = "- b\n    - c\n        - d\n- e:\n  key:\n    sub: 1"
    improved = plan("Rules:\n1. a\n", suggest("add", nested, "Rules")).apply()
    assert improved == "Rules:\n1. a\n2. b\n   - c\n       - d\n3. e:\n   key:\n     sub: 1\n"


def test_of_a_path_only_a_section_inside_the_one_before_it_is_an_exact_match(suggest, plan):
    prompt = "# Tools\n\nUse one. See Tools > Search below.\n\n# Web\n\n## Search\n\nGo on.\n"
    planned = plan(prompt, suggest("add", "Be exact.", "Tools: Search"))
    assert "nearest to 'Tools: Search'" in planned.edits[0].reason
    quoted = plan(prompt, suggest("add", "Be exact.", "See Tools > Search below."))
    assert "below.\n\nBe exact.\n\n# Web" in quoted.apply()
