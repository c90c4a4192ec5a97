"""Prompts as templates: placeholders are kept, put right or refused; literal signs are escaped."""

from __future__ import annotations

from collections import Counter
from string import Formatter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.edits.template import Template
from reflector.reflection.models import (
    ParsedReflection,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("Greet {name}.", 'Answer {{"ok": true}}.'),
        ("Greet {name}. Escaped: {{x}}", 'Answer {{"ok": true}}.'),
        ("Greet {{name}}.", 'Answer {"ok": true}.'),
        ("Greet ${name}.", 'Answer {"ok": true}.'),
        ('Greet {name} with {"a": 1}.', 'Answer {"ok": true}.'),
        ("Greet her.", 'Answer {"ok": true}.'),
    ],
)
def test_literal_braces_are_escaped_only_where_str_format_reads_the_prompt(suggest, plan, prompt, written):
    improved = plan(prompt, suggest("add", 'Answer {"ok": true}.')).apply()
    assert improved == f"{prompt}\n\n{written}"


def test_a_format_template_can_still_be_filled_in(suggest, plan):
    improved = plan(
        "Greet {name}. Be brief.",
        suggest("add", 'Answer like {"to": {name}, "tags": {}}.'),
        suggest("modify", "Be brief }:{ please.", "Be brief."),
    ).apply()
    assert improved.format(name="Ada") == (
        'Greet Ada. Be brief }:{ please.\n\nAnswer like {"to": Ada, "tags": {}}.'
    )


def test_a_text_that_is_escaped_already_stays(suggest, plan):
    improved = plan("Greet {name}.", suggest("add", 'Answer {{"ok": true}} to {name}.')).apply()
    assert improved == 'Greet {name}.\n\nAnswer {{"ok": true}} to {name}.'


def test_per_cent_signs_are_escaped_in_a_per_cent_template(suggest, plan):
    prompt = "You owe %(sum)s."
    assert plan(prompt, suggest("add", "Be 100% sure.")).apply() % {"sum": 3} == "You owe 3.\n\nBe 100% sure."
    prompt = "You owe %(sum)s, a rise of 3%."
    assert "100% sure" in plan(prompt, suggest("add", "Be 100% sure.")).apply()


def test_a_per_cent_sign_that_is_doubled_already_stays_literal(suggest, plan):
    prompt = "Log it as %%(sum)s. You owe %(sum)s."
    planned = plan(prompt, suggest("add", "Write %%(sum)s and %%(date)s at 50%, not %%%(sum)s."))
    assert planned.apply() % {"sum": 3} == (
        "Log it as %(sum)s. You owe 3.\n\nWrite %(sum)s and %(date)s at 50%, not %3."
    )


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Greet {name}.", "Mention {order_id}."),
        ("Greet {{name}}.", "Mention {{ order_id }}."),
        ("Greet $name.", "Mention $order_id."),
        ("Greet ${name}.", "Mention ${order_id}."),
        ("Greet %(name)s.", "Mention %(order_id)s."),
    ],
)
def test_a_placeholder_that_nothing_fills_in_is_refused(suggest, plan, prompt, text):
    planned = plan(prompt, suggest("add", text))
    assert planned.apply() == prompt
    assert planned.edits[0].status == "dropped"
    assert "order_id" in planned.edits[0].reason
    assert "which nothing fills in" in planned.edits[0].reason


@pytest.mark.parametrize("text", ["Write {city}, {country}.", "Write <city>.", "Costs $five or $ten."])
def test_what_looks_like_a_placeholder_is_text_where_the_prompt_is_no_such_template(suggest, plan, text):
    assert plan("Name the capital.", suggest("add", text)).apply() == f"Name the capital.\n\n{text}"


@pytest.mark.parametrize(
    ("wrong", "prompt"),
    [
        ("{customer}", "Greet {customer_name}. Stop."),
        ("{CustomerName}", "Greet {customer_name}. Stop."),
        ("{{customer_name}}", "Greet {customer_name}. Stop."),
        ("{customer_name}", "Greet {{ customer_name }}. Stop."),
        ("${customer_name}", "Greet $customer_name. Stop."),
    ],
)
def test_a_misspelt_placeholder_is_put_right_and_the_reason_says_so(suggest, plan, wrong, prompt):
    own = Template(prompt).found[0].text
    planned = plan(prompt, suggest("modify", f"Greet {wrong} warmly.", f"Greet {own}."))
    assert planned.apply() == f"Greet {own} warmly. Stop."
    assert f"{wrong} put right to {own}" in planned.edits[0].reason


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("State {Amount}USD.", "State {amount}USD."),
        ("State {{amount}}s.", "State {amount}s."),
        ("State {Amount} and {{Amount}}.", "State {amount} and {amount}."),
    ],
)
def test_what_is_put_right_is_put_right_wherever_it_stands(suggest, plan, text, written):
    assert plan("Pay {amount}.", suggest("add", text)).apply() == f"Pay {{amount}}.\n\n{written}"


def test_another_name_in_an_addition_is_not_taken_for_a_misspelling(suggest, plan):
    planned = plan("Greet {name}.", suggest("add", "Thank {company_name}."))
    assert planned.edits[0].status == "dropped"


def test_one_of_two_equal_placeholders_must_not_go(suggest, plan):
    prompt = "Greet {name}. Thank {name}."
    planned = plan(prompt, suggest("remove", "Thank {name}."))
    assert planned.apply() == prompt


def test_a_quote_that_ends_inside_a_placeholder_does_not_cut_it(suggest, plan):
    planned = plan("Greet {name}. Use {x!r}.", suggest("modify", "Greet {name}.", "{name"))
    assert planned.apply().count("}") == 2


@pytest.mark.parametrize("text", ["Stop here.\n</rules>", "</rules>"])
def test_a_closing_tag_too_many_is_refused(suggest, plan, text):
    planned = plan("<rules>\nbe kind\n</rules>\nEnd.", suggest("add", text))
    assert planned.total_edits == 0


def test_a_formula_holds_no_placeholders(suggest, plan):
    planned = plan("Solve $ax + b$. Be brief.", suggest("modify", "Solve $cx + d$.", "Solve $ax + b$."))
    assert planned.apply() == "Solve $cx + d$. Be brief."


# --- laws -----------------------------------------------------------------------------------------------

PIECES = [
    "Greet {name}.", "{name}", "{{name}}", "{{ other }}", "${name}", "$name", "%(name)s", "{x!r:>4}", "{% if a %}",
    "<rules>", "</rules>", "- be kind", "## Rules", '{"a": {"b": 1}}', "{", "}", "{{", "}}", "$", "%", "100%",
    "{order_id}", "{Name}", "{names}", "Be brief.", "Say it twice.", "", "a <rules> b", "<end>", "$x$", "{name",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).flatmap(
    lambda pieces: st.sampled_from([" ", "\n", ""]).map(lambda gap: gap.join(pieces))
)
SUGGESTIONS = st.builds(
    Suggestion,
    type=st.sampled_from(SuggestionType),
    category=st.sampled_from(SuggestionCategory),
    description=st.sampled_from(["", "Rewrite the whole prompt", "Remove the whole section"]),
    rationale=st.just(""),
    specific_text=st.none() | TEXTS,
    target_section=st.none() | st.sampled_from(PIECES),
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(TEXTS, st.lists(SUGGESTIONS, max_size=4), st.sampled_from(["highest_impact", "merge"]))
def test_every_plan_keeps_every_placeholder_as_often_as_it_stood(prompt, suggestions, strategy):
    reflection = ParsedReflection(analysis="", suggestions=tuple(suggestions))
    planned = plan_edits(reflection, prompt, config=EditConfig(conflict_strategy=strategy))
    template, improved = Template(prompt), planned.apply()
    before = Counter(each.text for each in template.found if each.kind != "tag")
    after = Counter(each.text for each in template.find(improved) if each.kind != "tag")
    assert not before - after
    tags = {each.text for each in template.found if each.kind == "tag"}
    assert tags <= {each.text for each in template.find(improved)}


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(SUGGESTIONS, max_size=4))
def test_a_format_template_stays_one(suggestions):
    prompt = "Greet {name}. Be brief.\n\n## Rules\n- be kind, {x!r:>4}\n"
    improved = plan_edits(ParsedReflection(analysis="", suggestions=tuple(suggestions)), prompt).apply()
    assert {name for _, name, _, _ in Formatter().parse(improved) if name is not None} == {"name", "x"}
