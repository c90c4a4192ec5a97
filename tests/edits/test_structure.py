"""What a prompt looks like as a whole: sections, habits, placeholders."""

from __future__ import annotations

import pytest

from reflector.edits.structure import analyze_structure


def test_a_prompt_without_marks_is_one_section():
    (only,) = analyze_structure("Just do it.").sections
    assert (only.name, only.start, only.end) == ("main", 0, 11)


@pytest.mark.parametrize(
    ("prompt", "examples", "constraints", "cot"),
    [
        ("For example, 2 + 2.", True, False, False),
        ("You must answer.", False, True, False),
        ("Think step by step.", False, False, True),
        ("The mustard is neverending; reconsidered.", False, False, False),
        ("Answer like this: 4. DON’T guess. Analyze it.", True, True, True),
        ("", False, False, False),
    ],
)
def test_habits_are_found_at_word_boundaries(prompt, examples, constraints, cot):
    seen = analyze_structure(prompt)
    assert (seen.has_examples, seen.has_constraints, seen.has_cot_trigger) == (examples, constraints, cot)


@pytest.mark.parametrize(
    ("prompt", "complexity"),
    [
        ("Add two numbers. Reply.", "simple"),
        ("a. b. c.", "moderate"),
        ("x" * 501, "complex"),
        ("# A\n\nfirst part here\n\n# B\n\n" + "word " * 20, "complex"),
    ],
)
def test_complexity_follows_length_sentences_and_sections(prompt, complexity):
    assert analyze_structure(prompt).complexity == complexity


def test_placeholders_of_all_kinds_are_listed_once():
    prompt = '{name} {{ name }} ${HOME} {x!r:>8} {% if a %} <tag> </tag> {name} {"json": 1} {1} a < b'
    assert analyze_structure(prompt).placeholders == (
        "{name}",
        "{{ name }}",
        "${HOME}",
        "{x!r:>8}",
        "{% if a %}",
        "<tag>",
        "</tag>",
    )
