"""Suggestions that restructure: a whole prompt, a section, or a passage that moves."""

from __future__ import annotations

WEIGH = "## Weigh\n\n- Weigh each parcel on the left scale.\n"
LABEL = "## Label\n\nPrint the label twice.\n"
PROMPT = f"You sort parcels.\n\n{WEIGH}\n{LABEL}"


def test_a_whole_new_prompt_is_one_edit_that_conflicts_with_the_others(suggest, plan):
    new = "You sort parcels: weigh each parcel on the left scale, then print the label twice."
    whole = suggest("restructure", new, "entire prompt", category="structure", priority="high")
    planned = plan(PROMPT, whole, suggest("add", "Stack by size.", priority="low"))
    assert planned.apply() == new + "\n"
    assert planned.applied[0].location.type == "replace_all"
    assert planned.rejected[0].status == "conflict"
    assert planned.conflicts[0].type == "overlapping"


def test_a_text_that_says_most_of_the_prompt_again_is_a_new_prompt(suggest, plan):
    new = "1. Weigh each parcel on the left scale.\n2. Print the label twice.\n3. You sort parcels."
    assert plan(PROMPT, suggest("restructure", new)).apply() == new + "\n"


def test_a_section_is_rewritten_and_keeps_its_heading(suggest, plan):
    improved = plan(
        PROMPT, suggest("restructure", "1. Use the left scale.\n2. Weigh each parcel.", "Weigh")
    ).apply()
    assert "## Weigh\n\n1. Use the left scale.\n2. Weigh each parcel.\n\n## Label" in improved


def test_a_section_is_kept_if_the_new_text_holds_little_of_it(suggest, plan):
    planned = plan(PROMPT, suggest("restructure", "Be quick about everything.", "Weigh"))
    assert "left scale" in planned.apply()
    assert "is kept" in planned.edits[0].reason


def test_a_wish_without_text_or_move_is_reported(suggest, plan):
    planned = plan(PROMPT, suggest("restructure", None, description="Improve the flow"))
    assert planned.edits[0].status == "unplaced"
    assert planned.apply() == PROMPT


def test_a_section_is_rewritten_also_if_only_letters_and_marks_change(suggest, plan):
    prompt = "## Weigh\n\nuse the left scale.\nweigh each parcel.\n"
    new = "* Use the LEFT scale.\n* Weigh each parcel."
    assert plan(prompt, suggest("restructure", new, "Weigh")).apply() == f"## Weigh\n\n{new}\n"
    again = plan(f"## Weigh\n\n{new}\n", suggest("restructure", new, "Weigh"))
    assert again.edits[0].status == "dropped"


def test_a_path_that_ends_in_no_section_does_not_mean_all_of_the_outer_one(suggest, plan):
    prompt = (
        "## Tools\n\nUse one at a time.\n\n- Search: look in the index.\n- Pay: ask for the card first.\n"
    )
    new = "- Pay: ask for the card first. Then look in the index."
    improved = plan(prompt, suggest("restructure", new, "Tools > Pay")).apply()
    assert improved == prompt.replace("- Pay: ask for the card first.", new)
