"""What is seen in a prompt: sections and placeholders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reflector.edits.lines import read_lines
from reflector.edits.passages import Passages

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
    sections = Passages(MARKED).sections
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


def test_numbered_items_of_a_loose_list_are_no_headings():
    assert not Passages("1. Read\n\n2. Think\n\n3. Answer\n\nThen stop.\n").sections


def test_a_tag_that_is_only_mentioned_is_no_section():
    assert not Passages("Answer as in <format>.\n").sections


@given(st.text(alphabet="a#-=<>/*1.:` \t\r\n\u2028é", max_size=80))
def test_lines_cover_the_prompt_and_sections_stay_inside(prompt):
    lines = read_lines(prompt)
    assert "".join(prompt[line.start : line.next] for line in lines) == prompt
    for section in Passages(prompt).sections:
        assert (
            0
            <= section.start
            <= section.body_start
            <= section.own_end
            <= section.body_end
            <= section.end
            <= len(prompt)
        )
