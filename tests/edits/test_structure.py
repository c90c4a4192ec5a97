"""What is seen in a prompt: sections, habits, placeholders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.edits.lines import read_lines
from reflector.edits.structure import analyze_structure

MARKED = """# Title

Intro here.

## Rules ##
- a

## More
body

<tools>
Use {name} and {{other}}.
</tools>

**Bold one:**
text

LABEL:
text

Short label:
- x
- y

After the list.

3. Closing words

The end.

```
# not a heading
```
"""


def test_every_kind_of_section_is_found_with_its_span():
    sections = analyze_structure(MARKED).sections
    assert [(s.name, s.kind.value) for s in sections] == [
        ("Title", "markdown"),
        ("Rules", "markdown"),
        ("More", "markdown"),
        ("tools", "xml"),
        ("Bold one", "bold"),
        ("LABEL", "label"),
        ("Short label", "label"),
        ("Closing words", "numbered"),
    ]
    spans = {s.name: MARKED[s.start : s.end] for s in sections}
    assert spans["Rules"] == "## Rules ##\n- a\n\n"
    assert spans["tools"] == "<tools>\nUse {name} and {{other}}.\n</tools>"
    assert spans["Short label"] == "Short label:\n- x\n- y\n"
    assert spans["Title"] == MARKED


def test_a_prompt_without_marks_is_one_section():
    (only,) = analyze_structure("Just do it.").sections
    assert (only.name, only.start, only.end) == ("main", 0, 11)


def test_numbered_items_of_a_loose_list_are_no_headings():
    assert analyze_structure("1. Read\n\n2. Think\n\n3. Answer\n\nThen stop.\n").sections[0].name == "main"


def test_a_tag_that_is_only_mentioned_is_no_section():
    assert analyze_structure("Answer as in <format>.\n").sections[0].name == "main"


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


@given(st.text(alphabet="a#-=<>/*1.:` \t\r\n\u2028é", max_size=80))
def test_lines_cover_the_prompt_and_sections_stay_inside(prompt):
    lines = read_lines(prompt)
    assert "".join(prompt[line.start : line.next] for line in lines) == prompt
    for section in analyze_structure(prompt).sections:
        assert (
            0
            <= section.start
            <= section.body_start
            <= section.own_end
            <= section.body_end
            <= section.end
            <= len(prompt)
        )
