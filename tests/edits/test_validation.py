"""Placeholders survive, whatever is suggested."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("prompt", "suggestion", "placeholder"),
    [
        ("Greet {name} warmly. Stop.", ("remove", "Greet {name} warmly."), "{name}"),
        (
            "Greet {{name}} warmly. Stop.",
            ("modify", "Greet the caller.", "Greet {{name}} warmly."),
            "{{name}}",
        ),
        ("Use it.\n<rules>\nbe kind\n</rules>\n", ("remove", "<rules>\nbe kind\n</rules>"), "<rules>"),
        ("a\n<rules>\nbe kind\n</rules>\n", ("remove", "</rules>"), "</rules>"),
        ("Say {greeting} to all. Stop.", ("remove", "{greeting}"), "{greeting}"),
        ("Say {greeting}. Stop now.", ("restructure", "Say hello. Stop.", "entire prompt"), "{greeting}"),
    ],
)
def test_an_edit_that_would_remove_a_placeholder_is_dropped(suggest, plan, prompt, suggestion, placeholder):
    planned = plan(prompt, suggest(*suggestion))
    assert planned.apply() == prompt
    assert planned.edits[0].status == "dropped"
    assert placeholder in planned.edits[0].reason


def test_an_edit_that_keeps_the_placeholder_is_made(suggest, plan):
    planned = plan("Greet {name}. Stop.", suggest("modify", "Greet {name} by name, warmly.", "Greet {name}."))
    assert planned.apply() == "Greet {name} by name, warmly. Stop."


def test_a_mention_of_a_tag_may_go_while_its_element_stays(suggest, plan):
    prompt = "Answer as in <form>. Be brief.\n<form>\nx: y\n</form>\n"
    planned = plan(prompt, suggest("remove", "Answer as in <form>."))
    assert planned.apply() == "Be brief.\n<form>\nx: y\n</form>\n"


def test_two_edits_together_cannot_remove_what_each_alone_may(suggest, plan):
    prompt = "Close with <end>. Be brief. Write <end> last. Stop."
    planned = plan(prompt, suggest("remove", "Close with <end>."), suggest("remove", "Write <end> last."))
    assert planned.apply().count("<end>") == 1


@pytest.mark.parametrize("half", ["<form>\nx: y", "x: y\n</form>"])
def test_half_of_a_pair_stays_even_if_its_tag_is_mentioned_elsewhere(suggest, plan, half):
    prompt = "Answer as in <form>, closed by </form>. Be brief.\n<form>\nx: y\n</form>\n"
    planned = plan(prompt, suggest("remove", half))
    assert planned.apply() == prompt
    assert "form>" in planned.edits[0].reason
