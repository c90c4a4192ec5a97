"""Suggestions that remove: the exact text goes, and nothing dangles where it stood."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("prompt", "text", "expected"),
    [
        ("- a one\n- b two\n- c three\n", "b two", "- a one\n- c three\n"),
        ("- a one\n- b two", "b two", "- a one"),
        ("- a one\n\n- b two\n\n- c three\n", "b two", "- a one\n\n- c three\n"),
        ("One. Two is here. Three.", "Two is here.", "One. Three."),
        ("One is here. Two.", "One is here.", "Two."),
        ("One. Two is here.", "Two is here", "One."),
        ("First.\n\nMiddle part.\n\nLast.\n", "Middle part.", "First.\n\nLast.\n"),
        ("First.\n\nLast part.\n", "Last part.", "First.\n"),
        ("First.\n\nLast part.", "Last part.", "First."),
        ("First part.\n\nLast.\n", "First part.", "Last.\n"),
        ("Ask, if you can, for the card.", ", if you can,", "Ask for the card."),
        ("Be kind, patient and very brief.", "very", "Be kind, patient and brief."),
        ("Keep it short, but friendly.", "but friendly", "Keep it short."),
        ("a\r\n\r\nGo away.\r\n\r\nb\r\n", "Go away.", "a\r\n\r\nb\r\n"),
        ("1. Read.\n   And reread.\n2. Answer.\n", "Read. And reread.", "2. Answer.\n"),
        ("1. Read.\n   And reread.\n2. Answer.\n", "Read.", "1. And reread.\n2. Answer.\n"),
        ("1. Read.\r\n   And reread.\r\n", "Read.", "1. And reread.\r\n"),
        ("Be **very** kind.", "very", "Be kind."),
        ("Call `get_order`, then `cancel_order`.", ", then cancel_order", "Call `get_order`."),
        ("Be kind (never lie). Stop.", "never lie", "Be kind. Stop."),
    ],
)
def test_the_seam_is_clean_and_the_rest_untouched(suggest, plan, prompt, text, expected):
    assert plan(prompt, suggest("remove", text)).apply() == expected


@pytest.mark.parametrize(
    "quote",
    [
        "Please   be VERY polite to callers",
        "“Please be very polite to callers.”",
        "Please be … to callers.",
        "Please be ... callers.",
        "**Please** be very polite to callers",
    ],
)
def test_a_quote_need_not_be_exact(suggest, plan, quote):
    assert (
        plan("Answer.\nPlease be very polite to\ncallers.\nStop.", suggest("remove", quote)).apply()
        == "Answer.\nStop."
    )


def test_the_quote_may_stand_in_the_description_or_the_target(suggest, plan):
    prompt = "Answer. It must rhyme. Stop."
    by_words = suggest("remove", None, description="Remove 'It must rhyme.' as nobody needs it")
    by_target = suggest("remove", None, "It must rhyme.", description="not needed")
    assert plan(prompt, by_words).apply() == plan(prompt, by_target).apply() == "Answer. Stop."


def test_what_is_not_there_is_reported_with_what_was_searched(suggest, plan):
    planned = plan("Answer.", suggest("remove", "Sing a song."))
    assert planned.apply() == "Answer."
    assert planned.edits[0].status == "unplaced"
    assert "Sing a song." in planned.edits[0].reason


def test_part_of_a_word_is_not_a_match(suggest, plan):
    assert plan("Start the party.", suggest("remove", "art")).apply() == "Start the party."


def test_of_a_repeated_sentence_the_last_goes_if_repetition_is_the_complaint(suggest, plan):
    prompt = "Be kind.\n\nAnswer.\n\nBe kind.\n"
    assert plan(prompt, suggest("remove", "Be kind.")).edits[0].status == "unplaced"
    redundant = suggest("remove", "Be kind.", description="This sentence is repeated")
    assert plan(prompt, redundant).apply() == "Be kind.\n\nAnswer.\n"


def test_a_whole_section_goes_only_if_the_suggestion_says_section(suggest, plan):
    prompt = "## A\n\nOne is enough.\n\n## B\n\nTwo.\n"
    whole = suggest("remove", None, "A", description="Remove this section")
    assert plan(prompt, whole).apply() == "## B\n\nTwo.\n"
    vague = suggest("remove", None, "A", description="It confuses readers")
    assert plan(prompt, vague).apply() == prompt


def test_the_last_text_of_a_prompt_is_not_removed(suggest, plan):
    planned = plan("Be kind.", suggest("remove", "Be kind."))
    assert planned.apply() == "Be kind."
    assert "nothing" in planned.edits[0].reason


def test_the_beginning_of_a_sentence_stands_for_it_when_a_sentence_is_to_go(suggest, plan):
    prompt = "Answer. Please always wait for the caller to finish speaking. Stop."
    by_name = suggest("remove", None, description="Drop the sentence 'Please always wait for the caller'")
    assert plan(prompt, by_name).apply() == "Answer. Stop."
    assert plan(prompt, suggest("remove", "Please always wait for ...")).apply() == "Answer. Stop."
    exact = suggest("remove", " for the caller to finish speaking")
    assert plan(prompt, exact).apply() == "Answer. Please always wait. Stop."


@pytest.mark.parametrize("target", ["Sort > Weigh", "Sort > Size", "Sort mistakes"])
def test_a_section_does_not_go_for_one_that_is_not_there(suggest, plan, target):
    prompt = "## Sort\n\nOne is enough.\n\n## Label\n\nTwo.\n\n### Weigh\n\nThree.\n"
    planned = plan(prompt, suggest("remove", None, target, description="Remove this section"))
    assert planned.apply() == prompt
    inner = suggest("remove", None, "Label > Weigh", description="Remove this section")
    assert plan(prompt, inner).apply() == prompt.replace("\n### Weigh\n\nThree.\n", "")
