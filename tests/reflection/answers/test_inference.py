"""What kind of change a sentence asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.reflection.answers.inference import infer_category, infer_priority, infer_type
from reflector.reflection.models import Priority, SuggestionCategory, SuggestionType


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Add examples.", "add"),
        ("ADD A RULE", "add"),
        ("Include the date.", "add"),
        ("Address the tone of the reply.", "modify"),
        ("Additionally, clarify the goal.", "modify"),
        ("Remove the second rule.", "remove"),
        ("The greeting can be dropped.", "remove"),
        ("Get rid of the disclaimer.", "remove"),
        ("Do not remove the date; clarify it.", "modify"),
        ("Restructure the prompt.", "restructure"),
        ("Break the rules into three parts.", "restructure"),
        ("Move the format above the rules.", "restructure"),
        ("Replace the removed list.", "modify"),
        ("The unit is missing.", "add"),
        ("It is fine.", "modify"),
        ("Fügen Sie ein Beispiel hinzu.", "add"),
        ("Streiche den Satz.", "remove"),
        ("Reorganiza las secciones.", "restructure"),
        ("Remplacez le ton.", "modify"),
        ("Удалите пример.", "remove"),
        ("删除第二条规则。", "remove"),
        ("例を追加する", "add"),
        ("أضف مثالا", "add"),
        ("नियम हटाएँ", "remove"),
    ],
)
def test_the_first_verb_of_change_names_the_type(text: str, expected: str) -> None:
    assert infer_type(text) is SuggestionType(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Add two examples.", "example"),
        ("It failed because nobody asked.", "clarity"),
        ("For example, the tone is harsh.", "clarity"),
        ("The goal is unclear.", "clarity"),
        ("Limit the answer to five lines.", "constraint"),
        ("Think step by step.", "reasoning"),
        ("Split the prompt into sections.", "structure"),
        ("Add a few-shot block.", "example"),
        ("Reorganize it.", "structure"),
        ("Ein Beispiel fehlt.", "example"),
        ("增加一个示例", "example"),
        ("明确含义", "clarity"),
        ("Address it.", "clarity"),
    ],
)
def test_the_category_is_what_the_text_is_about(text: str, expected: str) -> None:
    assert infer_category(text) is SuggestionCategory(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("High priority: add a date.", Priority.HIGH),
        ("Most importantly, add a date.", Priority.HIGH),
        ("Add a date (low).", Priority.LOW),
        ("A nice-to-have: a shorter title.", Priority.LOW),
        ("P2 Add a date.", Priority.MEDIUM),
        ("Use low-dimensional data.", None),
        ("Describe the critical path.", None),
        ("The temperature is too high.", None),
    ],
)
def test_only_phrases_of_importance_name_a_priority(text: str, expected: Priority | None) -> None:
    assert infer_priority(text) is expected


@given(st.text(max_size=300))
def test_inference_never_raises(text: str) -> None:
    assert infer_type(text) in SuggestionType
    assert infer_category(text) in SuggestionCategory
    assert infer_priority(text) in (None, *Priority)
