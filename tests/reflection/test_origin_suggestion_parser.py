"""The 37 behaviours of the origin's parser, one test each. Where ours differs on purpose, the docstring says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.errors import InvalidReflectionError, UnparsableReflectionError
from reflector.reflection.confidence import (
    level_of,
    needs_clarification,
    score_confidence,
    validate_reflection,
)
from reflector.reflection.models import (
    Confidence,
    ParsedReflection,
    ParseMode,
    Priority,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
)
from reflector.reflection.suggestion_parser import parse_reflection

ANSWER: dict[str, Any] = {
    "analysis": "The agent booked a flight before it knew the passenger's name, since no step asks for it.",
    "root_causes": ["No order of steps", "No list of required facts", "Vague goal"],
    "suggestions": [
        {
            "type": "add",
            "category": "constraint",
            "description": "Ask for all names before booking.",
            "rationale": "Step 4 booked without one.",
            "priority": "high",
            "specific_text": "Never book before every passenger's name is known.",
            "target_section": "Rules",
        },
        {
            "type": "modify",
            "category": "clarity",
            "description": "Say what counts as a confirmed booking.",
            "rationale": "It stopped at a quote.",
            "priority": "medium",
        },
        {
            "type": "remove",
            "category": "structure",
            "description": "Remove the list of airlines.",
            "rationale": "It is outdated.",
            "priority": "low",
        },
    ],
    "expected_improvement": "Bookings will carry the right names.",
}
TEXT = """The prompt never says which facts are needed, and this issue caused the wrong booking.

You should add a list of required facts. Remove the list of airlines. The prompt should clarify what a booking is.

With these changes bookings should improve."""


def answer(**changes: Any) -> str:
    return json.dumps({**ANSWER, **changes})


def with_suggestions(*changes: dict[str, Any]) -> ParsedReflection:
    base = ANSWER["suggestions"][0]
    return parse_reflection(answer(suggestions=[{**base, **change} for change in changes]))


def made(**changes: Any) -> Suggestion:
    fields: dict[str, Any] = {
        "type": SuggestionType.ADD,
        "category": SuggestionCategory.CLARITY,
        "description": "Name every required fact before booking",
        "rationale": "It guessed.",
        **changes,
    }
    return Suggestion(**fields)


def reflection(suggestions: list[Suggestion], causes: int = 0, analysis: str = "x") -> ParsedReflection:
    parsed = ParsedReflection(
        analysis=analysis,
        root_causes=tuple(f"cause {n}" for n in range(causes)),
        suggestions=tuple(suggestions),
    )
    score = score_confidence(parsed)
    return parsed.replace(confidence=level_of(score), confidence_score=score)


LONG = "The agent booked before it knew the names, because nothing in the prompt asks for them first."
RICH = {"priority": Priority.HIGH, "specific_text": "Ask for every name."}


def test_01_valid_json_gives_analysis_and_suggestions() -> None:
    parsed = parse_reflection(answer())
    assert parsed.analysis
    assert parsed.suggestions
    assert parsed.parse_mode is ParseMode.JSON


def test_02_analysis_is_kept_verbatim() -> None:
    assert parse_reflection(answer()).analysis == ANSWER["analysis"]


def test_03_root_causes_keep_their_order() -> None:
    assert list(parse_reflection(answer()).root_causes) == ANSWER["root_causes"]


def test_04_all_seven_fields_of_a_suggestion_are_mapped() -> None:
    first = parse_reflection(answer()).suggestions[0]
    assert first.model_dump(mode="json") == ANSWER["suggestions"][0]


def test_05_all_suggestions_are_kept() -> None:
    assert len(parse_reflection(answer()).suggestions) == 3


def test_06_all_four_types_are_read() -> None:
    parsed = with_suggestions(*({"type": str(member)} for member in SuggestionType))
    assert [s.type for s in parsed.suggestions] == list(SuggestionType)


def test_07_all_five_categories_are_read() -> None:
    parsed = with_suggestions(*({"category": str(member)} for member in SuggestionCategory))
    assert [s.category for s in parsed.suggestions] == list(SuggestionCategory)


def test_08_all_three_priorities_are_read() -> None:
    parsed = with_suggestions(*({"priority": str(member)} for member in Priority))
    assert [s.priority for s in parsed.suggestions] == list(Priority)


def test_09_missing_text_and_section_are_none() -> None:
    second = parse_reflection(answer()).suggestions[1]
    assert second.specific_text is None
    assert second.target_section is None


def test_10_what_is_no_json_is_read_as_text() -> None:
    parsed = parse_reflection("This is not JSON. You should add a check of every name before the booking.")
    assert parsed.parse_mode is ParseMode.TEXT
    assert parsed.suggestions


def test_11_strict_refuses_invalid_json() -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        parse_reflection("This is not JSON. You should add a check.", strict=True)
    assert caught.value.reason == "invalid_json"


def test_12_unknown_types_and_categories_are_dropped() -> None:
    """Only when strict; by default they are inferred. Never in silence."""
    base = ANSWER["suggestions"][0]
    text = answer(suggestions=[{**base, "type": "banana"}, {**base, "category": "banana"}, base])
    strict = parse_reflection(text, strict=True)
    assert len(strict.suggestions) == 1
    assert [item.reason for item in strict.dropped] == ["unknown type 'banana'", "unknown category 'banana'"]
    assert parse_reflection(text).metadata["inferred"] == {"type": 1, "category": 1}


def test_13_a_text_is_parsed() -> None:
    assert parse_reflection(TEXT).parse_mode is ParseMode.TEXT


def test_14_the_analysis_comes_from_the_first_paragraph() -> None:
    assert "never says which facts are needed" in parse_reflection(TEXT).analysis


def test_15_suggestions_are_found_in_a_text() -> None:
    assert len(parse_reflection(TEXT).suggestions) >= 2


def test_16_types_are_inferred_from_a_text() -> None:
    types = {s.type for s in parse_reflection(TEXT).suggestions}
    assert types & {SuggestionType.ADD, SuggestionType.REMOVE}


def test_17_too_few_suggestions_in_a_text_are_no_reflection() -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        parse_reflection("The weather was mild and the flight was late.", min_suggestions=2)
    assert caught.value.reason == "no_reflection"


def test_18_one_suggestion_in_a_text_is_enough_for_one() -> None:
    assert parse_reflection("You should add a check of every name.", min_suggestions=1).suggestions


def test_19_a_complete_reflection_is_valid_and_unchanged() -> None:
    parsed = parse_reflection(answer())
    assert validate_reflection(parsed) is parsed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"analysis": ""}, "missing_analysis", id="20_empty_analysis"),
        pytest.param({"suggestions": ()}, "no_suggestions", id="21_no_suggestions"),
        pytest.param(
            {"suggestions": (made(description=""),)}, "invalid_suggestions", id="22_empty_description"
        ),
        pytest.param({"suggestions": (made(rationale=""),)}, "invalid_suggestions", id="23_empty_rationale"),
    ],
)
def test_an_incomplete_reflection_is_invalid(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidReflectionError) as caught:
        validate_reflection(parse_reflection(answer()).replace(**changes))
    assert caught.value.reason == reason


def test_24_many_specific_suggestions_give_high_confidence() -> None:
    suggestions = [made(**RICH) for _ in range(3)] + [made(specific_text="x") for _ in range(2)]
    parsed = reflection(suggestions, causes=3, analysis=LONG)
    assert parsed.confidence is Confidence.HIGH
    assert parsed.confidence_score == pytest.approx(0.92)


def test_25_unspecific_suggestions_give_less() -> None:
    parsed = reflection([made() for _ in range(3)], causes=2, analysis=LONG)
    assert parsed.confidence in (Confidence.MEDIUM, Confidence.LOW)


def test_26_one_poor_suggestion_gives_low_confidence() -> None:
    parsed = reflection([made(priority=Priority.LOW)], analysis="brief")
    assert parsed.confidence is Confidence.LOW
    assert parsed.confidence_score == pytest.approx(0.11)


def test_27_seven_rich_suggestions_give_full_confidence() -> None:
    assert reflection([made(**RICH)] * 7, causes=3, analysis=LONG).confidence_score == pytest.approx(1.0)


def test_28_exact_texts_raise_confidence() -> None:
    with_text = reflection([made(specific_text="x")] * 4, causes=2, analysis=LONG)
    without = reflection([made()] * 4, causes=2, analysis=LONG)
    assert with_text.confidence_score == pytest.approx(without.confidence_score + 0.25)


def test_29_high_priorities_raise_confidence() -> None:
    high = reflection([made(**RICH)] * 3, causes=3, analysis=LONG)
    low = reflection([made(priority=Priority.LOW, specific_text="x")] * 3, causes=3, analysis=LONG)
    assert high.confidence is Confidence.HIGH
    assert high.confidence_score == pytest.approx(low.confidence_score + 0.20)


def test_30_low_confidence_needs_clarification() -> None:
    assert needs_clarification(reflection([made()], causes=3))


def test_31_one_root_cause_needs_clarification() -> None:
    assert needs_clarification(reflection([made(**RICH)] * 5, causes=1, analysis=LONG))


def test_32_generic_suggestions_need_clarification() -> None:
    generic = made(description="Be clearer", priority=Priority.HIGH, specific_text="Be clear.")
    assert needs_clarification(reflection([generic] * 5, causes=3, analysis=LONG))


def test_33_a_rich_reflection_needs_no_clarification() -> None:
    assert not needs_clarification(reflection([made(**RICH)] * 5, causes=3, analysis=LONG))


def test_34_an_empty_object_is_no_reflection() -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        parse_reflection("{}")
    assert caught.value.reason == "no_reflection"


def test_35_a_very_long_analysis_is_kept() -> None:
    text = "The agent guessed. " * 750
    assert parse_reflection(answer(analysis=text)).analysis == text


def test_36_texts_as_suggestions_become_suggestions() -> None:
    """Type and category are inferred; when strict they are the origin's, modify and clarity."""
    text = answer(suggestions=["Add a check of names.", "Say what a booking is."])
    assert [s.type for s in parse_reflection(text).suggestions] == [SuggestionType.ADD, SuggestionType.MODIFY]
    strict = parse_reflection(text, strict=True).suggestions
    assert [(s.type, s.category) for s in strict] == [(SuggestionType.MODIFY, SuggestionCategory.CLARITY)] * 2
    assert validate_reflection(parse_reflection(text, strict=True))


def test_37_metadata_is_a_map() -> None:
    assert parse_reflection(answer()).metadata == {"fixes": {}, "inferred": {}, "truncated": False}
