"""Built-in scorers, and the judge."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reflector as rf
from reflector.errors import ConfigurationError, RunBrokenError
from reflector.optimizer.evaluation import read_score
from reflector.optimizer.scorers import SCORERS, resolve_scorer

ROWS = [{"input": f"say {word}", "expected": word} for word in ("one", "two", "three", "four")]


@pytest.mark.parametrize(
    ("name", "expected", "output", "value", "said"),
    [
        ("exact", "Paris", " Paris\n", 1.0, "right"),
        ("exact", "Paris", "paris", 0.0, 'exactly "Paris"; got "paris"'),
        ("exact", 42, "42", 1.0, "right"),
        ("contains", "Paris", "It is Paris.", 1.0, "right"),
        ("contains", ["Paris", "France"], "Paris", 0.5, 'contain "France"'),
        ("regex", r"^\d{4}$", "1889", 1.0, "right"),
        ("regex", r"^\d{4}$", "in 1889", 0.0, "pattern"),
        ("json-equal", {"a": [1, 2.0]}, 'So:\n```json\n{"a": [1.0, 2]}\n```', 1.0, "right"),
        ("json-equal", '{"a": 1}', '{"a": true}', 0.0, "$.a: expected 1; got true"),
        ("json-equal", {"a": {"b": 1}}, '{"a": {}}', 0.0, "$.a.b: it is missing"),
        ("json-equal", [1], '{"a": 1', 0.0, "should be JSON and is not"),
        ("json-equal", [1], "[" * 100_000, 0.0, "should be JSON and is not"),
        ("numeric", "1,234.5", "That makes 1234.50", 1.0, "right"),
        ("numeric", 7, "between 3 and 8", 0.0, "number 7; got 8"),
        ("numeric", 7, "seven", 0.0, "the output has none"),
    ],
)
def test_a_scorer_compares_and_says_what_is_wrong(
    name: str, expected: Any, output: str, value: float, said: str
) -> None:
    score = SCORERS[name]({"input": "?", "expected": expected}, output)
    assert score.value == value
    assert said in score.feedback


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("good", "a number or a Score; got str 'good'"),
        (10**400, "a number or a Score; got int 1000"),
        (rf.Score(float("inf")), "a finite number; got inf"),
        (rf.Score(1.0, objectives={"length": None}), r"objectives are finite numbers .*; got \{'length': None"),
        (rf.Score(1.0, objectives={"length": "long"}), "objectives are finite numbers"),
        (rf.Score(1.0, objectives={"length": 10**400}), "objectives are finite numbers"),
        (rf.Score(1.0, objectives=None), "objectives are finite numbers .*; got None"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_is_no_score_says_what_came(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_score(value)


def test_the_expectation_may_be_called_answer_or_output() -> None:
    for field in ("expected", "answer", "output"):
        assert SCORERS["exact"]({"input": "?", field: "yes"}, "yes").value == 1.0


@given(st.text(), st.one_of(st.text(), st.none(), st.integers(), st.lists(st.floats())))
def test_any_output_gets_a_score(expected: str, output: Any) -> None:
    for name in ("exact", "contains"):
        assert 0 <= SCORERS[name]({"expected": expected}, output).value <= 1
    assert 0 <= SCORERS["numeric"]({"expected": 3}, output).value <= 1
    assert 0 <= SCORERS["json-equal"]({"expected": {"a": 1}}, output).value <= 1


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("exact", {"input": "?"}, "row 2, .*none of the fields expected, answer, output"),
        ("exact", "a text", "row 2"),
        ("regex", {"expected": "(" }, "row 2"),
        ("numeric", {"expected": "seven"}, "expects no number"),
        ("json-equal", {"expected": "{"}, "row 2"),
        ("model-judged", {"expected": "yes"}, "rf.ModelJudge"),
        ("nonsense", {"expected": "yes"}, "exact, contains, regex, json-equal, numeric; got 'nonsense'"),
    ],
)  # fmt: skip
def test_rows_that_a_scorer_cannot_score_are_refused_before_anything_is_paid(
    name: str, row: Any, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        resolve_scorer(name, [{"expected": "1"}, row])


def model(messages: list[dict[str, str]]) -> str:
    suggestion = {
        "type": "add", "category": "constraint", "priority": "high", "description": "Repeat the word",
        "rationale": "runs lack it", "specific_text": "Repeat the word.",
    }  # fmt: skip
    return json.dumps(
        {"analysis": "It says nothing.", "root_causes": ["no rule"], "suggestions": [suggestion]}
    )


def parrot(candidate: Any, example: Any) -> str:
    return example["expected"] if "Repeat" in candidate.text else "?"


@pytest.mark.anyio
async def test_optimize_takes_a_scorer_by_name() -> None:
    result = await rf.optimize(
        "Answer.", ROWS, rollout=parrot, score="exact", reflector=rf.Reflector(model), budget=rf.Budget(rollouts=60)
    )  # fmt: skip
    assert (result.seed_score, result.best_score) == (0.0, 1.0)


@pytest.mark.anyio
async def test_a_judge_is_a_model_call_of_its_role_whose_words_are_the_feedback() -> None:
    asked = []

    def judge(messages: list[dict[str, str]]) -> str:
        asked.append(messages[-1]["content"])
        return 'Well: {"score": 0.25, "feedback": "The name is missing."}'

    ledger = rf.Ledger()
    scorer = rf.ModelJudge(judge, "Judge the tone.")
    with ledger.active():
        score = await scorer({"input": "Who?", "expected": "Ada"}, "```\nnobody")
    assert score == rf.Score(0.25, "The name is missing.")
    assert "Judge the tone." in asked[0]
    assert "Who?" in asked[0]
    assert "Ada" in asked[0]
    assert [line.role for line in ledger.lines()] == ["judge"]


@pytest.mark.anyio
@pytest.mark.parametrize("answer", ["0.5", '{"score": 7}', '{"score": "NaN"}', '{"feedback": "good"}'])
async def test_a_judge_without_a_score_makes_failures_with_its_answer_as_reason(answer: str) -> None:
    with pytest.raises(RunBrokenError, match="judge"):
        await rf.optimize(
            "Answer.", ROWS * 5, rollout=parrot, score=rf.ModelJudge(lambda messages: answer),
            reflector=rf.Reflector(model), budget=rf.Budget(rollouts=90),
        )  # fmt: skip


@pytest.mark.anyio
async def test_judging_reported_rollouts_is_charged_to_the_run() -> None:
    def judge(messages: list[dict[str, str]]) -> str:
        return '{"score": 1, "feedback": ""}'

    async with rf.Optimizer(
        "Answer.", ROWS, score=rf.ModelJudge(judge), reflector=rf.Reflector(model), budget=rf.Budget(rollouts=40)
    ) as optimizer:  # fmt: skip
        async for work in optimizer.work():
            await optimizer.report(work, ["fine"] * len(work.examples))
        assert optimizer.progress.spend.calls >= optimizer.progress.rollouts >= len(ROWS)
