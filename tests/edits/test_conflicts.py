"""Edits that cannot all be made: which wins, and what the loser says."""

from __future__ import annotations

import pytest

PROMPT = "Answer briefly and politely. Cite one source.\n\nStop when the caller is rude.\n"


def two_rewrites(suggest):
    return (
        suggest("modify", "Answer in one sentence.", "Answer briefly and politely.", priority="low"),
        suggest(
            "modify", "Answer in three sentences, politely.", "Answer briefly and politely.", priority="high"
        ),
    )


@pytest.mark.parametrize(
    ("strategy", "kept"),
    [
        ("highest_impact", "Answer in three sentences, politely."),
        ("highest_priority", "Answer in three sentences, politely."),
        ("first", "Answer in one sentence."),
        ("merge", "Answer in one sentence. Answer in three sentences, politely."),
    ],
)
def test_two_rewrites_of_one_passage_are_resolved_by_strategy(suggest, plan, strategy, kept):
    planned = plan(PROMPT, *two_rewrites(suggest), conflict_strategy=strategy)
    assert planned.apply() == PROMPT.replace("Answer briefly and politely.", kept)
    (group,) = planned.conflicts
    assert group.type == "overlapping"
    assert group.winner == group.edits[0]
    assert group.is_merged == (strategy == "merge")


def test_the_loser_names_the_winner_and_why(suggest, plan):
    lost = plan(PROMPT, *two_rewrites(suggest)).rejected[0]
    assert (lost.id, lost.status, lost.conflicts_with) == ("edit_1", "conflict", ("edit_2",))
    assert "edit_2 has the higher impact" in lost.reason


def test_additions_to_the_same_place_are_no_conflict(suggest, plan):
    planned = plan(PROMPT, suggest("add", "Name the day."), suggest("add", "Say the time."))
    assert planned.conflicts == ()


def test_adding_what_another_removes_is_contradictory(suggest, plan):
    prompt = "Stop when the caller is rude. Be kind."
    planned = plan(
        prompt,
        suggest("remove", "Stop when the caller is rude.", priority="high"),
        suggest("add", "Hang up: stop when the caller is rude, or loud."),
    )
    assert planned.apply() == "Be kind."
    assert planned.conflicts[0].type == "contradictory"
    assert "contradicts edit_1" in planned.rejected[0].reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Always show the price list.", "Never show the home address."),
        ("Never show prices to guests.", "Never show prices to strangers."),
        ("Show the price list when asked.", "Never show the price list unless asked."),
        ("You must not guess dates.", "You must not guess names."),
    ],
)
def test_rules_about_different_things_or_with_conditions_are_no_contradiction(suggest, plan, first, second):
    assert plan("Base.", suggest("add", first), suggest("add", second)).conflicts == ()


def test_an_insertion_beside_a_deleted_passage_is_dependent(suggest, plan):
    planned = plan(
        PROMPT,
        suggest("remove", "Stop when the caller is rude.", priority="high"),
        suggest("add", "Then note the time.", "Stop when the caller is rude.", priority="low"),
    )
    assert planned.conflicts[0].type == "dependent"
    assert "Then note" not in planned.apply()


def test_an_addition_survives_when_the_last_item_of_its_list_goes(suggest, plan):
    prompt = "Rules:\n- keep one\n- drop two\n"
    planned = plan(prompt, suggest("remove", "drop two"), suggest("add", "new three", "Rules"))
    assert planned.apply() == "Rules:\n- keep one\n- new three\n"


def test_an_addition_to_a_rewritten_section_follows_the_new_text(suggest, plan):
    prompt = "## Steps\n\n- Read the letter.\n- Answer the letter.\n"
    planned = plan(
        prompt,
        suggest("restructure", "1. Read the letter twice.\n2. Answer the letter.", "Steps"),
        suggest("add", "Sign it.", "Steps"),
    )
    assert planned.apply() == "## Steps\n\n1. Read the letter twice.\n2. Answer the letter.\n3. Sign it.\n"


def test_overlapping_deletions_are_merged_into_their_union(suggest, plan):
    prompt = "One two three four five six seven."
    planned = plan(
        prompt,
        suggest("remove", "two three four"),
        suggest("remove", "four five six"),
        conflict_strategy="merge",
    )
    assert planned.apply() == "One seven."
    assert [e.status for e in planned.edits] == ["applied", "applied"]
    assert [e.is_made for e in planned.edits] == [True, False]


def test_the_same_deletion_twice_is_one_edit(suggest, plan):
    planned = plan(PROMPT, suggest("remove", "Cite one source."), suggest("remove", "cite one source"))
    assert planned.total_edits == 1
    assert planned.edits[1].merged_into == "edit_1"


def test_equal_edits_are_decided_by_order_and_the_reason_says_so(suggest, plan):
    first = suggest("modify", "Answer in one sentence.", "Answer briefly and politely.")
    second = suggest("modify", "Answer in three sentences.", "Answer briefly and politely.")
    for strategy in ("highest_impact", "highest_priority", "first"):
        lost = plan(PROMPT, first, second, conflict_strategy=strategy).rejected[0]
        assert lost.id == "edit_2"
        assert "edit_1 came first" in lost.reason


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Always show the price list.", "Never show the price list."),
        ("You must guess dates.", "Do not guess dates. Be kind."),
        ("Answer in 3 sentences.", "Answer in five sentences."),
        ("Use at most 3 words.", "Use at most 5 words."),
    ],
)
def test_rules_that_deny_each_other_are_contradictory_and_stay_open(suggest, plan, first, second):
    planned = plan("Base.", suggest("add", first), suggest("add", second))
    assert planned.apply() == f"Base.\n\n{first}"
    (group,) = planned.open_conflicts
    assert (group.type, group.edits, group.winner) == ("contradictory", ("edit_1", "edit_2"), "edit_1")
    assert first in group.question
    assert second in group.question
    assert "edit_1 or edit_2, or none" in group.question


def test_a_conflict_is_open_unless_there_was_a_clear_reason(suggest, plan):
    clear, close = two_rewrites(suggest), [wish.replace(priority="high") for wish in two_rewrites(suggest)]
    assert plan(PROMPT, *clear).open_conflicts == ()
    assert plan(PROMPT, *clear, clear_margin=0.5).open_conflicts
    assert plan(PROMPT, *close).open_conflicts
    assert plan(PROMPT, *close, conflict_strategy="highest_priority").open_conflicts
    assert plan(PROMPT, *close, conflict_strategy="first").open_conflicts == ()
    assert plan(PROMPT, *close, conflict_strategy="merge").open_conflicts == ()
