"""Answers in free text are read into the fields of a reflection."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.reflection.corpus_text import FORMS, Case
from tests.reflection.corpus_text_fresh import FRESH
from tests.reflection.corpus_text_languages import LANGUAGES
from tests.reflection.corpus_text_prose import PROSE

from reflector.reflection.answers.reading import Log, Reading
from reflector.reflection.answers.text import MOST_SUGGESTIONS
from reflector.reflection.answers.text import read_text as read_with
from reflector.reflection.models import SuggestionType


def read_text(text: str, log: Log | None = None) -> Reading:
    return read_with(text, log or Log())


_CASES = [*FORMS, *PROSE, *LANGUAGES, *FRESH]


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{at}-{case.kind}") for at, case in enumerate(_CASES)]
)
def test_a_labelled_answer_is_recovered_with_all_its_fields(case: Case) -> None:
    assert case.strict_misses(read_text(case.answer)) == []


def test_the_corpus_is_large() -> None:
    assert len(_CASES) >= 120


def test_strengths_and_descriptions_of_failures_are_no_suggestions() -> None:
    reading = read_text(
        "## Strengths\n- You should keep it.\n\n## What went wrong\n- It looped.\n\n## Suggestions\n- Add a stop.\n"
    )
    assert [one.description for one in reading.suggestions] == ["Add a stop."]
    assert reading.root_causes == ("It looped.",)


def test_kinds_that_the_answer_names_are_not_counted_as_inferred() -> None:
    log = Log()
    read_text("Suggestions:\n- [HIGH] [ADD] (clarity) Name the reader.\n", log)
    assert not log.inferred
    read_text("Suggestions:\n- Name the reader.\n", log)
    assert log.inferred == {"type": 1, "category": 1, "priority": 1}


def test_suggestions_beyond_the_most_are_reported() -> None:
    answer = "Suggestions:\n" + "".join(f"- Add rule {number}.\n" for number in range(MOST_SUGGESTIONS + 30))
    log = Log()
    reading = read_text(answer, log)
    assert len(reading.suggestions) == MOST_SUGGESTIONS
    assert len(log.dropped) == 30
    assert "Add rule 50." in log.dropped[0].item


def test_the_number_of_dropped_parts_is_bounded_and_said() -> None:
    log = Log()
    read_text("Suggestions:\n" + "".join(f"- Add rule {number}.\n" for number in range(400)), log)
    assert len(log.dropped) == 50
    assert log.dropped[-1].item == "301 more"


def test_a_suggestion_said_twice_is_kept_once() -> None:
    log = Log()
    reading = read_text("Suggestions:\n- Add a date.\n- Add a date.\n", log)
    assert len(reading.suggestions) == 1
    assert log.dropped[0].reason == "said twice"


def test_an_answer_that_is_too_long_is_cut_and_says_so() -> None:
    log = Log()
    reading = read_text("word " * 100_000 + "\n\nSuggestions:\n- Add a date.\n", log)
    assert [one.description for one in reading.suggestions] == ["Add a date."]
    assert log.dropped[0].reason == "answer too long"


def test_the_new_prompt_is_one_suggestion_with_its_text() -> None:
    reading = read_text("Here is a better prompt:\n\n```\nYou are a guide. Answer in one line.\n```\n")
    (one,) = reading.suggestions
    assert one.type is SuggestionType.RESTRUCTURE
    assert one.specific_text == "You are a guide. Answer in one line."


_LINES = """
- |# |* |1. |> |```|~~~|**|Type: add|Suggestions:|Analysis:|<suggestion>|</suggestion>|<type>|</type>|[HIGH] |→
Add a rule.|should|"|“|---|===|[[ ## a ## ]]|[[suggestions]]|a = [|]|🔴|建议：
"""
_MARKS = [mark for line in _LINES.strip().split("\n") for mark in line.split("|")]
_MARKS += ["| a | b |", "\n", "\n\n", "  ", "\x00", "\ud800"]


@given(st.lists(st.sampled_from(_MARKS) | st.text(max_size=12), max_size=40).map("".join))
@example("")
@example("Suggestion 1:")
@example("Type:\n- ")
@example("|")
@example("> ")
def test_reading_never_raises_and_is_the_same_each_time(text: str) -> None:
    log = Log()
    reading = read_text(text, log)
    assert reading == read_text(text)
    assert len(reading.suggestions) <= MOST_SUGGESTIONS
    assert all(one.description for one in reading.suggestions)
    assert log.inferred.total() <= 3 * len(reading.suggestions)


_HOSTILE = [
    "- ",
    "#",
    "|",
    "**",
    "- \n",
    "# a\n",
    "|a|b|\n",
    "**a**\n",
    "word ",
    '"',
    "“a",
    "a: b\n",
    "```\n",
]
_HOSTILE += ["a. ", "🔴", "`a", "Suggestion 1: add x\n", "Type: add\n", "<type>add</type>", "Add a rule. "]
_HOSTILE += ["<li>a</li>", "添加。", "1) add 2) "]


@pytest.mark.slow
@pytest.mark.parametrize("unit", _HOSTILE)
def test_hostile_input_takes_bounded_time(unit: str) -> None:
    """A megabyte of one mark is answered within two seconds: lines and characters read are bounded."""
    text = unit * (1_000_000 // len(unit))
    start = time.process_time()
    read_text(text)
    assert time.process_time() - start < 2.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["a" * 97 + " ", "Add a rule for case x. ", "- Add a rule for one case of many.\n", "(a", "when a, "],
)
def test_time_grows_linearly_with_the_answer(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = 9.9
        for _ in range(3):
            start = time.process_time()
            read_text(text)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(120_000) <= 3.0 * seconds(60_000) + 0.02
