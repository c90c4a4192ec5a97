"""Answers that models really gave: collected only where `REFLECTOR_RECORDED_DATA` names their folder."""

from __future__ import annotations

from typing import Any

from tests.conftest import recorded_data

from reflector._json import loads
from reflector.reflection.answers.reading import Log, Reading
from reflector.reflection.answers.text import read_text

_LEAST_RECOVERED = 0.9
"""Of all answers; those in JSON are recovered fully by the reader of JSON."""


def _answers() -> list[dict[str, Any]]:
    folder = recorded_data()
    assert folder is not None
    lines = (folder / "llm_outputs" / "recorded_critiques.jsonl").read_text(encoding="utf-8").splitlines()
    return [dict(loads(line)) for line in lines]


def _is_recovered(expected: dict[str, Any], reading: Reading) -> bool:
    least, most = expected["n"]
    said = [
        f"{one.description} {one.rationale} {one.specific_text or ''}".casefold()
        for one in reading.suggestions
    ]
    everything = " ".join(
        [reading.analysis, *reading.root_causes, reading.expected_improvement, *said]
    ).casefold()
    return (
        least <= len(said) <= most
        and all(
            any(all(key.casefold() in one for key in wanted["has"]) for one in said)
            for wanted in expected["sugg"]
        )
        and all(phrase.casefold() in reading.analysis.casefold() for phrase in expected.get("analysis", ()))
        and all(phrase.casefold() in everything for phrase in expected.get("anywhere", ()))
    )


def test_real_answers_are_recovered() -> None:
    answers = _answers()
    missed = [
        one["id"] for one in answers if not _is_recovered(one["expected"], read_text(one["response"], Log()))
    ]
    assert len(missed) <= (1 - _LEAST_RECOVERED) * len(answers), missed
