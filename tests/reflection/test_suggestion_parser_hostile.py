"""Hostile input is answered in bounded time, which grows no faster than the input."""

from __future__ import annotations

import json
import time

import pytest
from tests.benchmarks.bench_parser import FAMILIES, read

from reflector.errors import UnparsableReflectionError
from reflector.reflection.suggestion_parser import parse_reflection

ATTACKS = {
    "open brackets": "[" * 100_000,
    "open braces": "{" * 300_000,
    "escaped quotes": '{"analysis": "' + '\\"' * 150_000,
    "quotes": '{"analysis": "' + '"' * 300_000,
    "inner quotes": '{"analysis": "' + 'a "b" c ' * 40_000 + '"}',
    "fenced blocks": "```json\n{}\n```\n" * 20_000,
    "small objects": '{"a": 1}' * 100_000,
    "lone surrogates": "\ud800" * 100_000 + '{"analysis": "\ud800", "suggestions": ["Add a rule."]}',
    "five megabytes of text": "You should add a rule about units. " * 150_000,
    "five megabytes of a string": '{"analysis": "' + "x" * 5_000_000,
    "five megabytes of brackets": "[" * 5_000_000,
    "deep objects": '{"suggestions":' * 60_000,
    "deep valid lists": "[" * 900 + "]" * 900,
    "digits without end": '{"a": ' + "1" * 100_000 + "x",
    "joined strings": '{"a": "x"' + ' + "x"' * 40_000,
    "list without brackets": '{"a": "x y"' + ', "x y"' * 40_000,
    "thoughts in one line": "a <think> " * 25_000,
    "end markers": "x" + "</s>" * 60_000,
    "different lines": "\n".join(
        json.dumps({"type": "add", "description": f"Add rule {n}."}) for n in range(5000)
    ),
    "many causes": json.dumps([{"root_causes": [f"cause {n}"]} for n in range(10_000)]),
    "backslashes": "{" + "\\" * 200_000 + '"',
    "many keys": json.dumps({f"k{n}": n for n in range(100_000)}),
    "colon words": "{" + "a b c d e " * 20_000,
    "tags": "<parameter=analysis>" * 10_000 + '[{"type": "add", "description": "Add a rule on units."}]',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_answered_within_seconds(name: str) -> None:
    start = time.perf_counter()
    try:
        reason = parse_reflection(ATTACKS[name]).parse_mode
    except UnparsableReflectionError as error:
        reason = error.reason
    assert reason in ("no_reflection", "empty", "json", "repaired", "text")
    assert time.perf_counter() - start < 6.0, "2 s are the aim on an idle machine"


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_twice_the_text_takes_about_twice_the_time(name: str) -> None:
    def seconds(size: int) -> float:
        text, best = FAMILIES[name](size), float("inf")
        for _ in range(3):
            start = time.perf_counter()
            read(text)
            best = min(best, time.perf_counter() - start)
        return best

    short = seconds(30_000)
    assert seconds(120_000) < 4 * 2.5 * short + 0.05
