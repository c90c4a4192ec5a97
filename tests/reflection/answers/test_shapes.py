"""Names, kinds and shapes: which part of JSON is which part of a reflection."""

from __future__ import annotations

from typing import Any

import pytest

from reflector.reflection.answers.items import is_suggestion, kinds_of_key
from reflector.reflection.answers.mapping import assign, optional_text, text_of, texts_of
from reflector.reflection.answers.names import REFLECTION_FIELDS, SUGGESTION_FIELDS, normal_key
from reflector.reflection.answers.parts import Part, Search, choose
from reflector.reflection.answers.reading import Log
from reflector.reflection.answers.suggestions import read_suggestions
from reflector.reflection.answers.vocabulary import match_category, match_priority, match_type


def fields(members: dict[str, Any], names: Any = SUGGESTION_FIELDS) -> dict[str, Any]:
    return {name: value for name, (value, _) in assign(members, names).items()}


@pytest.mark.parametrize(
    "key", ["rootCauses", "Root Causes", "ROOT-CAUSES", "root\\_causes", "root_causes:", "ｒｏｏｔ causes"]
)
def test_keys_are_compared_without_case_and_punctuation(key: str) -> None:
    assert normal_key(key) == normal_key("root_causes")


def test_the_surest_name_wins_and_each_key_serves_one_field() -> None:
    assert fields({"text": "T", "type": "add"}) == {"description": "T", "type": "add"}
    assert fields({"description": "D", "text": "T"}) == {"description": "D", "specific_text": "T"}
    assert fields({"title": "A", "description": "B"}) == {"description": "B"}


def test_null_counts_as_absent() -> None:
    assert fields({"rationale": None, "reason": "R"}) == {"rationale": "R"}


def test_numbered_names_make_a_list() -> None:
    members = {"suggestion_1": "A", "suggestion_2": "B", "analysis": "X"}
    assert fields(members, REFLECTION_FIELDS) == {"analysis": "X", "suggestions": ["A", "B"]}


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (None, ""), (3, "3"), (True, "true"), (["a", ["b", 1]], "a b 1"), ({"text": "a", "step": 1}, "a"),
     ({"p": "a", "q": 2}, "p: a\nq: 2")],
)  # fmt: skip
def test_any_value_has_a_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize("value", [None, "", "  ", "null", "None", "N/A", "-", [], {}])
def test_words_for_nothing_are_none(value: Any) -> None:
    assert optional_text(value) is None


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        ("1. a\n2. b", ["a", "b"]),
        ("two\nlines", ["two\nlines"]),
        (["- a", None, "", {"cause": "b", "step": 2}, ["c"]], ["a", "b", "c"]),
        ({"1": "a", "2": ["b"]}, ["a", "b"]),
        (None, []),
    ],
)
def test_a_list_of_texts_has_many_forms(value: Any, texts: list[str]) -> None:
    assert texts_of(value) == texts


@pytest.mark.parametrize(
    ("key", "kinds"),
    [
        ("high_priority_suggestions", {"priority": "high"}),
        ("highPriority", {"priority": "high"}),
        ("Additions", {"type": "add"}),
        ("few-shot", {"category": "example"}),
        ("P1", {"priority": "high"}),
        ("高优先级", {"priority": "high"}),
        ("1", {}),
        ("suggestion_2", {}),
        ("b", {}),
        ("a sentence that is a description", {}),
    ],
)
def test_the_key_of_a_group_may_name_a_kind(key: str, kinds: dict[str, str]) -> None:
    assert kinds_of_key(key) == kinds


@pytest.mark.parametrize(
    ("value", "expected"),
    [("CRITICAL", "high"), ("p2", "medium"), ("7 / 10", "high"), ("40%", "medium"), ("⭐", "low"),
     ("⭐⭐⭐", "high"), (4, "low"), (0.5, "medium"),
     ("not urgent", None), ("", None), (True, None), (None, None), (-1, None),
     (float("nan"), None), ("x" * 500, None), ("10/0", None)],
)  # fmt: skip
def test_priorities_are_words_ranks_shares_and_signs(value: Any, expected: str | None) -> None:
    assert match_priority(value) == expected


@pytest.mark.parametrize(
    "value", ["", "banana", None, 3, ["add"], "this is a long sentence about many other things entirely"]
)
def test_unknown_kinds_are_none(value: Any) -> None:
    assert match_type(value) is None
    assert match_category(value) is None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"description": "x"}, True),
        ({"type": "add", "specific_text": "x"}, True),
        ({"description": "Group", "suggestions": [{}]}, False),
        ({"priority": "high", "items": ["x"]}, False),
        ({"type": "add"}, False),
        ({"total": 3}, False),
    ],
)
def test_a_suggestion_is_told_from_a_group(members: dict[str, Any], expected: bool) -> None:
    assert is_suggestion(members) is expected


def test_kinds_that_are_not_said_are_inferred_and_counted() -> None:
    log = Log()
    (suggestion,) = read_suggestions([{"description": "Remove the two worked examples."}], log)
    assert (suggestion.type, suggestion.category, suggestion.priority) == ("remove", "example", "medium")
    assert log.inferred == {"type": 1, "category": 1, "priority": 1}


def test_a_deeply_nested_item_is_dropped_with_its_reason() -> None:
    log = Log()
    value: Any = "Add a rule."
    for _ in range(20):
        value = [value]
    assert read_suggestions(value, log) == []
    assert [item.reason for item in log.dropped] == ["nested too deeply"]


def part(document: int, **said: Any) -> Part:
    return Part({name: (value, 0) for name, value in said.items()}, document=document)


def test_the_later_of_two_whole_reflections_is_the_answer() -> None:
    draft, final = part(0, analysis="a", suggestions=["x"]), part(1, analysis="b", suggestions=["y"])
    assert choose([draft, final]).fields == final.fields


def test_a_whole_draft_beats_a_final_version_that_is_cut_off() -> None:
    draft = part(0, analysis="a", suggestions=["x"])
    cut = Part({"analysis": ("b", 0), "suggestions": (["y"], 0)}, complete=False, document=1)
    assert choose([draft, cut]).fields == draft.fields


def test_parts_that_lack_what_the_other_has_are_joined() -> None:
    joined = choose([part(0, analysis="a"), part(1, suggestions=["y"]), part(2, root_causes=["c"])])
    assert {name: value for name, (value, _) in joined.fields.items()} == {
        "analysis": "a", "suggestions": ["y"], "root_causes": ["c"]}  # fmt: skip


@pytest.mark.parametrize(
    "value", [{"answer": 3}, {"people": ["Ada Lovelace of London"], "n": 1}, [1, 2], "x", None, {"steps": 4}]
)
def test_other_json_is_no_part(value: Any) -> None:
    assert Search(Log()).find_part(value, complete=True, document=0) is None


def test_strengths_are_no_suggestions() -> None:
    value = {
        "Summary": "A study of noise.",
        "Strengths": ["Clear and well written text."],
        "Weaknesses": ["Few baselines."],
    }
    found = Search(Log()).find_part(value, complete=True, document=0)
    assert found is not None
    assert found.items == ()
    assert set(found.fields) == {"analysis", "root_causes"}
