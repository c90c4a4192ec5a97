"""What a model's answer says, whatever it looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reflection import corpus_json_fresh
from tests.reflection.corpus_json import BASE, S1, Case, J, P, cases

from reflector.errors import UnparsableReflectionError
from reflector.reflection.models import Confidence, ParsedReflection, ParseMode, Suggestion
from reflector.reflection.suggestion_parser import parse_reflection
from reflector.reflection.templates import DEFAULT_TEMPLATES

CASES = [*cases(), *corpus_json_fresh.cases()]
READABLE = [case for case in CASES if case.expected is not None]
FAILING = [case for case in CASES if case.fails]
DESCRIPTIONS = [item["description"] for item in BASE["suggestions"]]


def said(suggestion: Suggestion) -> dict[str, Any]:
    return suggestion.model_dump(mode="json")


def descriptions(text: str) -> list[str]:
    try:
        return [suggestion.description for suggestion in parse_reflection(text).suggestions]
    except UnparsableReflectionError:
        return []


@pytest.mark.parametrize("case", READABLE, ids=[f"{n}-{case.family}" for n, case in enumerate(READABLE)])
def test_an_answer_is_read_as_a_reader_reads_it(case: Case) -> None:
    parsed = parse_reflection(case.text)
    expected = {name: value for name, value in case.expected.items() if value is not None}
    suggestions = expected.pop("suggestions", None)
    if suggestions is not None:
        assert len(parsed.suggestions) == len(suggestions)
        for suggestion, fields in zip(parsed.suggestions, suggestions, strict=True):
            assert {name: value for name, value in said(suggestion).items() if name in fields} == fields
    if "root_causes" in expected:
        assert list(parsed.root_causes) == expected.pop("root_causes")
    for name in ("analysis", "expected_improvement"):
        if name in expected:
            assert getattr(parsed, name) == expected[name]


@pytest.mark.parametrize("case", FAILING, ids=[f"{n}-{case.fails}" for n, case in enumerate(FAILING)])
def test_an_answer_without_a_reflection_says_why(case: Case) -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        parse_reflection(case.text)
    assert caught.value.reason == case.fails
    assert caught.value.raw == case.text


@pytest.mark.parametrize("text", [P, J], ids=["indented", "one line"])
def test_truncation_anywhere_keeps_every_complete_suggestion(text: str) -> None:
    ends = [text.index(description) + len(description) + 1 for description in DESCRIPTIONS]
    for length in range(0, len(text), 3):
        complete = [d for d, end in zip(DESCRIPTIONS, ends, strict=True) if end <= length]
        assert descriptions(text[:length]) == complete, text[max(0, length - 60) : length]


@pytest.mark.parametrize("text", [P, J], ids=["indented", "one line"])
@pytest.mark.parametrize("character", list('",:{}[]'))
def test_any_lost_character_costs_no_suggestion(text: str, character: str) -> None:
    for place in (n for n, c in enumerate(text) if c == character):
        found = descriptions(text[:place] + text[place + 1 :])
        assert len(found) == 3, text[max(0, place - 30) : place + 30]


@pytest.mark.parametrize("text", [P, J], ids=["indented", "one line"])
@pytest.mark.parametrize("character", list('",:{}[]'))
def test_any_doubled_character_costs_no_suggestion(text: str, character: str) -> None:
    for place in (n for n, c in enumerate(text) if c == character):
        found = descriptions(text[:place] + character + text[place:])
        assert len(found) == 3, text[max(0, place - 30) : place + 30]


def test_a_status_beside_the_data_is_no_error() -> None:
    answer = {"status": "success", "message": "done", "data": BASE}
    assert descriptions(json.dumps(answer)) == DESCRIPTIONS


def test_a_key_that_names_reasons_is_no_group_of_suggestions() -> None:
    answer = {
        "reasons": {"first": "No unit is required anywhere."},
        "changes": ["Name the unit of every total."],
    }
    assert descriptions(json.dumps(answer)) == ["Name the unit of every total."]


def test_the_mode_tells_how_it_was_read() -> None:
    assert parse_reflection(J).parse_mode is ParseMode.JSON
    assert parse_reflection(f"Here:\n```json\n{P}\n```").parse_mode is ParseMode.JSON
    assert parse_reflection(J[:-1] + ",}").parse_mode is ParseMode.REPAIRED
    assert parse_reflection("You should add a rule about units.").parse_mode is ParseMode.TEXT


def test_repairs_are_counted() -> None:
    parsed = parse_reflection('{analysis: "It guessed.", "suggestions": ["Add a rule.",],}')
    assert parsed.metadata["fixes"] == {"unquoted_key": 1, "trailing_comma": 2}


def test_a_truncated_answer_is_less_sure_and_says_so() -> None:
    whole, cut = parse_reflection(P), parse_reflection(P, finish_reason="length")
    assert cut.metadata["truncated"]
    assert cut.confidence_score == pytest.approx(0.75 * whole.confidence_score)
    assert parse_reflection(P[:-40]).metadata["truncated"]
    assert not parse_reflection(P, finish_reason="stop").metadata["truncated"]


def test_half_an_exact_text_is_reported_and_never_used() -> None:
    parsed = parse_reflection(P[: P.index("currency after an amount")])
    assert parsed.suggestions[0].specific_text is None
    assert [item.reason for item in parsed.dropped] == ["specific text cut off at the end of the answer"]


def test_a_dropped_item_is_reported_with_its_reason() -> None:
    parsed = parse_reflection(json.dumps({**BASE, "suggestions": [S1, 42, {"type": "add"}, {}]}))
    assert [said(s) for s in parsed.suggestions] == [S1]
    assert [(item.reason, item.item) for item in parsed.dropped] == [
        ("not a suggestion", "42"),
        ("no description", '{"type":"add"}'),
        ("no description", "{}"),
    ]


def test_all_suggestions_dropped_is_a_result_that_shows_them() -> None:
    parsed = parse_reflection(json.dumps({"suggestions": [{**S1, "type": "banana"}]}), strict=True)
    assert parsed.suggestions == ()
    assert len(parsed.dropped) == 1
    assert parsed.confidence is Confidence.LOW


def test_strict_reads_valid_json_inside_a_fence() -> None:
    assert len(parse_reflection(f"Here:\n```json\n{P}\n```", strict=True).suggestions) == 3


@pytest.mark.parametrize("text", [J[:-1] + ",}", repr(BASE), P[:-20], "no JSON at all"])
def test_strict_refuses_what_must_be_repaired(text: str) -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        parse_reflection(text, strict=True)
    assert caught.value.reason == "invalid_json"


def test_strict_understands_no_synonyms_but_a_missing_priority() -> None:
    less = {name: value for name, value in S1.items() if name != "priority"}
    text = json.dumps({**BASE, "suggestions": [less, {**S1, "type": "insert"}, {**S1, "priority": "urgent"}]})
    strict = parse_reflection(text, strict=True)
    assert [s.priority for s in strict.suggestions] == ["medium"]
    assert [item.reason for item in strict.dropped] == ["unknown type 'insert'", "unknown priority 'urgent'"]
    assert len(parse_reflection(text).suggestions) == 3


def test_the_models_own_confidence_is_kept_beside_ours() -> None:
    assert parse_reflection(json.dumps({**BASE, "confidence": 0.99})).metadata["stated_confidence"] == 0.99
    assert (
        parse_reflection(json.dumps({**BASE, "confidence": "high"})).metadata["stated_confidence"] == "high"
    )


def test_json_needs_no_minimum_of_suggestions() -> None:
    assert parse_reflection('{"analysis": "Nothing to change."}', min_suggestions=3).suggestions == ()


@pytest.mark.parametrize("value", [None, 3, b"{}", ["x"]])
def test_what_is_no_text_is_the_same_error(value: Any) -> None:
    with pytest.raises(UnparsableReflectionError):
        parse_reflection(value)


def test_an_error_shows_how_the_answer_begins() -> None:
    with pytest.raises(UnparsableReflectionError, match=r"holds? no|no reflection|expected"):
        parse_reflection('{"total": 12}')


def test_the_same_answer_gives_the_same_value() -> None:
    assert parse_reflection(P[:-50]) == parse_reflection(P[:-50])


# --- laws ---------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *"{}[]\",:'\\\n|`<>()=+-“”😀\x00\u200b\ud800",
        *(
            "```json\n",
            "<think>",
            "</think>",
            "null",
            "None",
            "NaN",
            '"suggestions":',
            '"analysis": "',
            "-1e999",
        ),
        *('{"type": "add", "description": "Add a rule."}', "//", "/*", "*/", "# ", "...", "\\ud800", "\\u12"),
        *("<|channel|>final<|message|>", "> ", '"""', "- ", "1. ", "&quot;", "f(a=", "r'", "9" * 30),
    ]
)


REASONS = ("empty", "refusal", "error_payload", "template_echo", "no_reflection", "invalid_json")


def check(text: str, **options: Any) -> None:
    try:
        parsed = parse_reflection(text, **options)
    except UnparsableReflectionError as error:
        reason = error.reason
    else:
        reason = REASONS[0]
        assert 0.0 <= parsed.confidence_score <= 1.0
        assert ParsedReflection.model_validate_json(parsed.model_dump_json()).id == parsed.id
    assert reason in REASONS


@pytest.mark.slow
@given(st.lists(FRAGMENTS, max_size=40).map("".join), st.booleans())
def test_pieces_of_json_in_any_order_never_break_it(text: str, strict: bool) -> None:
    check(text, strict=strict)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    check(text)


@pytest.mark.slow
@given(st.sampled_from([case.text for case in CASES]), st.data())
def test_no_damage_to_an_answer_breaks_it(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        text = (
            text[:place] + data.draw(FRAGMENTS | st.just("")) + text[place + data.draw(st.integers(0, 12)) :]
        )
    check(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*BASE, *S1, "items", "high", "data", "x"]), inner, max_size=5)
    ),
    max_leaves=25,
)


@pytest.mark.slow
@given(JSON)
def test_no_json_breaks_it(value: Any) -> None:
    check(json.dumps(value))


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=13, max_size=60).filter(
    lambda t: t.strip()[:1].isalpha()
)


@pytest.mark.slow
@given(
    st.lists(
        st.fixed_dictionaries({"description": TEXTS, "rationale": TEXTS, "specific_text": st.none() | TEXTS}),
        min_size=1,
        max_size=4,
    ),
    TEXTS,
)
def test_clean_json_is_read_verbatim(items: list[dict[str, Any]], analysis: str) -> None:
    wanted = [{**S1, **item} for item in items]
    parsed = parse_reflection(json.dumps({"analysis": analysis, "suggestions": wanted}))
    assert parsed.analysis == analysis
    assert [said(suggestion) for suggestion in parsed.suggestions] == wanted


def test_our_own_form_given_back_is_an_echo() -> None:
    system = DEFAULT_TEMPLATES.system_prompt()
    skeleton = system[system.index("{") : system.rindex("\n}") + 2]
    for text in (system, skeleton):
        with pytest.raises(UnparsableReflectionError) as caught:
            parse_reflection(text)
        assert caught.value.reason == "template_echo"
    assert len(parse_reflection(f"{skeleton}\n\n{P}").suggestions) == 3
    assert len(parse_reflection(f"{skeleton}\n\n```json\n{P[:-60]}").suggestions) == 3
