"""Scorers that need no code: what a row expects, held against the output."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from reflector._json import dumps
from reflector._text import fenced, shorten
from reflector.errors import ConfigurationError
from reflector.llm.client import LLMClient, ModelFunction
from reflector.llm.messages import ModelRequest
from reflector.llm.model import as_model
from reflector.optimizer.evaluation import Score
from reflector.optimizer.running import ScoreFunction, example_text

__all__ = ["EXPECTED", "MODEL_JUDGED", "SCORERS", "ModelJudge", "resolve_scorer"]

EXPECTED = ("expected", "answer", "output")
"""Fields of a row that may hold what is expected; the first that is there counts."""
MODEL_JUDGED = "model-judged"
_SHOWN = 400
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?\.?\d+(?:[eE][-+]?\d+)?")
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_TOLERANCE = 1e-6


def exact(example: Any, output: Any) -> Score:
    """Return 1 if the output is the expected text, white space around it aside."""
    wanted, got = _text(_expected(example)).strip(), _text(output).strip()
    return _verdict(wanted == got, f"Expected exactly {_shown(wanted)}; got {_shown(got)}.")


def contains(example: Any, output: Any) -> Score:
    """Return the share of the expected texts, one or a list, that the output contains."""
    expected = _expected(example)
    wanted = [_text(each) for each in (expected if isinstance(expected, list | tuple) else [expected])]
    got = _text(output)
    missing = [each for each in wanted if each not in got]
    if not missing:
        return Score(1.0, "The output is right.")
    lacks = ", ".join(map(_shown, missing))
    return Score(
        1 - len(missing) / len(wanted), f"The output should contain {lacks} and does not; got {_shown(got)}."
    )


def regex(example: Any, output: Any) -> Score:
    """Return 1 if the expected regular expression is found in the output."""
    pattern, got = _text(_expected(example)), _text(output)
    found = re.search(pattern, got) is not None
    return _verdict(found, f"The output should match the pattern {_shown(pattern)}; got {_shown(got)}.")


def json_equal(example: Any, output: Any) -> Score:
    """Return 1 if the output is JSON, alone or in a fence, of the expected value."""
    expected = _expected(example)
    wanted = _parsed(expected) if isinstance(expected, str) else expected
    try:
        got = _parsed(output) if isinstance(output, str) else output
    except ValueError as err:
        return Score(0.0, f"The output should be JSON and is not: {err}; got {_shown(_text(output))}.")
    differs = _difference(wanted, got, "$")
    return _verdict(differs is None, f"The JSON differs at {differs}.")


def numeric(example: Any, output: Any) -> Score:
    """Return 1 if the last number of the output is the expected one, to a millionth."""
    wanted, got = _number(_expected(example)), _number(output)
    if wanted is None:
        raise ValueError(f"the row expects no number: {shorten(repr(_expected(example)), 80)}")
    if got is None:
        return Score(0.0, f"Expected the number {wanted:g}; the output has none: {_shown(_text(output))}.")
    is_right = math.isclose(wanted, got, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return _verdict(is_right, f"Expected the number {wanted:.12g}; got {got:.12g}.")


SCORERS: Mapping[str, ScoreFunction] = {
    "exact": exact,
    "contains": contains,
    "regex": regex,
    "json-equal": json_equal,
    "numeric": numeric,
}
"""The scorers by name, without the one that asks a model."""

_QUESTION = """\
You judge an answer. Be strict, and say what is wrong in words that help to write better instructions.

{criteria}

## The task
{task}
{expected}
## The answer to judge
{answer}

Reply with one JSON object and nothing else: {{"score": a number from 0 (useless) to 1 (perfect), "feedback": "what is \
right and wrong, in one to three sentences"}}"""


class ModelJudge:
    """A score function that asks a model; its words are the feedback. Its calls have the role `judge`.

    ```python
    result = await rf.optimize(seed, rows, rollout="openai/gpt-5-mini", score=rf.ModelJudge("openai/gpt-5"))
    ```

    Args:
        model: A model's name, a `Model`, an `LLMClient`, or a function from messages to text.
        criteria: What makes an answer good.
        max_tokens: Of the judge's answer at most.
    """

    def __init__(
        self,
        model: str | LLMClient | ModelFunction,
        criteria: str = "Judge whether the answer is correct and complete.",
        *,
        max_tokens: int = 4_000,
    ) -> None:
        self.model = as_model(model)
        self.criteria = criteria
        self.max_tokens = max_tokens

    async def __call__(self, example: Any, output: Any) -> Score:
        """Return the judge's score and words.

        Raises:
            ValueError: If the judge's answer holds no score in [0, 1]: the rollout then counts as failed.
            LLMError: If the judge cannot be asked.
        """
        question = self.question(example, output)
        request = ModelRequest.from_text(question, role="judge", max_tokens=self.max_tokens)
        return _judgement((await self.model.complete(request)).content)

    def question(self, example: Any, output: Any) -> str:
        """Return what the judge is asked."""
        wanted = _find(example)
        expected = "" if wanted is None else f"\n## What is expected\n{fenced(_text(wanted))}\n"
        return _QUESTION.format(
            criteria=self.criteria,
            task=fenced(example_text(example)),
            expected=expected,
            answer=fenced(_text(output)),
        )


def resolve_scorer(score: Any, rows: Sequence[Any]) -> ScoreFunction | None:
    """Return a score function as it is, and the one that a name stands for, if the rows have what it needs.

    Raises:
        ConfigurationError: If no scorer has that name, or a row expects nothing that it could compare with.
    """
    if score is None:
        return None
    if callable(score):
        function: ScoreFunction = score
        return function
    if score == MODEL_JUDGED:
        raise ConfigurationError(
            "the scorer 'model-judged' needs a model: score=rf.ModelJudge('openai/gpt-5')."
        )
    scorer = SCORERS.get(score) if isinstance(score, str) else None
    if scorer is None:
        raise ConfigurationError(
            f"score= is a function of example and output, or one of {', '.join(SCORERS)}; "
            f"got {shorten(repr(score), 60)}."
        )
    for number, row in enumerate(rows):
        try:
            _check(score, _expected(row))
        except (ValueError, re.error) as err:
            raise ConfigurationError(
                f"the scorer {score!r} cannot score row {number + 1}, {shorten(repr(row), 80)}: {err}."
            ) from None
    return scorer


def _check(name: str, expected: Any) -> None:
    if name == "regex":
        re.compile(_text(expected))
    if name == "numeric" and _number(expected) is None:
        raise ValueError("it expects no number")
    if name == "json-equal" and isinstance(expected, str):
        _parsed(expected)
    if name == "contains" and expected == []:
        raise ValueError("it expects nothing")


def _find(example: Any) -> Any:
    fields = example if isinstance(example, Mapping) else {}
    return next((fields[name] for name in EXPECTED if fields.get(name) is not None), None)


def _expected(example: Any) -> Any:
    found = _find(example)
    if found is None:
        raise ValueError(f"it has none of the fields {', '.join(EXPECTED)}")
    return found


def _verdict(is_right: bool, otherwise: str) -> Score:
    return Score(1.0, "The output is right.") if is_right else Score(0.0, otherwise)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return str(value)


def _shown(text: str) -> str:
    return json.dumps(shorten(text, _SHOWN), ensure_ascii=False)


def _parsed(text: str) -> Any:
    """Return the JSON that a text is, or that its last fence holds."""
    fences = _FENCE.findall(text)
    try:
        return json.loads(fences[-1] if fences else text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _difference(wanted: Any, got: Any, path: str) -> str | None:
    """Return where two values differ first, and how; None if nowhere. 1 is 1.0, and true is not 1."""
    if isinstance(wanted, dict) and isinstance(got, dict):
        for name in {**wanted, **got}:
            if name not in got:
                return f"{path}.{name}: it is missing"
            if name not in wanted:
                return f"{path}.{name}: it should not be there"
            if (found := _difference(wanted[name], got[name], f"{path}.{name}")) is not None:
                return found
        return None
    if isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return f"{path}: {len(wanted)} items are expected; there are {len(got)}"
        pairs = enumerate(zip(wanted, got, strict=True))
        return next((found for at, pair in pairs if (found := _difference(*pair, f"{path}[{at}]"))), None)
    if wanted == got and isinstance(wanted, bool) == isinstance(got, bool):
        return None
    return f"{path}: expected {shorten(_text(wanted), 120)}; got {shorten(_text(got), 120)}"


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _NUMBER.findall(value) if isinstance(value, str) else []
    return float(found[-1].replace(",", "")) if found else None


def _judgement(answer: str) -> Score:
    start, end = answer.find("{"), answer.rfind("}")
    try:
        found = json.loads(answer[start : end + 1], strict=False)
        value = float(found["score"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError(f"the judge's answer holds no score: {shorten(answer, 200)!r}") from None
    if not 0 <= value <= 1:
        raise ValueError(f"the judge's score is no number from 0 to 1: {value!r}")
    return Score(value, str(found.get("feedback", "")))
