"""The diff: valid hunks, each with the suggestion that caused it."""

from __future__ import annotations

LINES = "".join(
    f"Line {word}.\n"
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
)


def test_each_hunk_is_preceded_by_its_suggestion(suggest, plan):
    planned = plan(
        LINES,
        suggest("modify", "Line two again.", "Line two.", description="Say it again"),
        suggest("remove", "Line nine.", description="Nobody reads nine"),
    )
    assert planned.diff() == (
        "--- prompt\n+++ improved prompt\n"
        "# edit_1 (modify, medium): Say it again\n"
        "@@ -1,5 +1,5 @@\n Line one.\n-Line two.\n+Line two again.\n Line three.\n Line four.\n Line five.\n"
        "# edit_2 (remove, medium): Nobody reads nine\n"
        "@@ -6,5 +6,4 @@\n Line six.\n Line seven.\n Line eight.\n-Line nine.\n Line ten.\n"
    )


def test_edits_of_one_line_share_a_hunk(suggest, plan):
    planned = plan(
        "Be kind. Be brief.", suggest("modify", "Be very kind.", "Be kind."), suggest("remove", "Be brief.")
    )
    assert planned.diff().splitlines()[2:] == [
        "# edit_1 (modify, medium): Be very kind.",
        "# edit_2 (remove, medium): Be brief.",
        "@@ -1,1 +1,1 @@",
        "-Be kind. Be brief.",
        "\\ No newline at end of file",
        "+Be very kind.",
        "\\ No newline at end of file",
    ]


def test_an_empty_prompt_has_a_diff_too(suggest, plan):
    assert plan("", suggest("add", "Be kind.")).diff().splitlines()[3:] == [
        "@@ -0,0 +1,1 @@",
        "+Be kind.",
        "\\ No newline at end of file",
    ]
