"""A reflection as a page: as text, and in a notebook."""

from __future__ import annotations

import reflector as rf

ANSWER = """{"analysis": "The <b>tables</b> are not named.", "root_causes": ["No table is named."],
"suggestions": [{"type": "add", "category": "constraint", "priority": "high", "description": "Name the tables",
"rationale": "Step 3 guessed one", "specific_text": "The tables are <stock> & <orders>."}]}"""
MESSAGES = [
    {"role": "system", "content": "You keep the stock of a shop."},
    {"role": "user", "content": "How many lamps are left?"},
    {"role": "assistant", "content": "There are no lamps."},
]


def reflection() -> rf.Reflection:
    return rf.reflect_sync(
        rf.Trajectory.from_openai_messages(MESSAGES, id="run"), model=lambda messages: ANSWER
    )


def test_printed_it_tells_causes_suggestions_the_diff_and_how_sure_it_is() -> None:
    page = str(reflection())
    order = [
        "The <b>tables</b> are not named.",
        "- No table is named.",
        "1. [high] add · constraint  Name the tables",
        "why: Step 3 guessed one",
        "+The tables are <stock> & <orders>.",
        "confidence",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_in_a_notebook_nothing_of_an_answer_or_a_run_is_markup() -> None:
    made = reflection()
    shown = made._repr_html_()
    assert "&lt;b&gt;tables&lt;/b&gt;" in shown
    assert "&lt;stock&gt; &amp; &lt;orders&gt;" in shown
    assert "<b>" not in shown
    assert "<stock>" not in made.run_analysis._repr_html_()
    assert str(made.run_analysis) == made.run_analysis.summary()
