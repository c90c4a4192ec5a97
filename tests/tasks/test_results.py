"""A result as one line of JSON."""

from __future__ import annotations

import pytest

from reflector._json import loads
from reflector.dispatch.decision import Decision
from reflector.errors import HandlerError
from reflector.tasks.results import GroupResult, TaskFailure
from reflector.usage import Usage


class PassingError(Exception):
    retryable = True

    def __str__(self) -> str:
        raise ValueError("no text")


def test_a_line_has_the_fields_of_the_contract() -> None:
    result = GroupResult(
        id="a", task_type="rollout", status="completed", value={"x": (1, 2)}, provider="p", attempts=2,
        decision=Decision(provider="p", reason="why"), usage=Usage(input_tokens=3, cost_usd=0.5),
    )  # fmt: skip
    line = loads(result.to_line())
    assert list(line) == [
        "id", "task_type", "provider", "status", "result", "usage", "cost_usd", "attempts", "decision", "error",
    ]  # fmt: skip
    assert (line["result"], line["cost_usd"], line["decision"]["reason"]) == ({"x": [1, 2]}, 0.5, "why")
    assert b"\n" not in result.to_line()
    merged = result.replace(parts=(result,))
    assert loads(merged.to_line())["parts"][0]["usage"]["cost_usd"] == 0.5


def test_a_value_that_json_cannot_hold_is_a_failure_there() -> None:
    itself: list[object] = []
    itself.append(itself)
    for value in (object(), {"a": object()}, itself):
        result = GroupResult.model_construct(
            id="a", task_type="rollout", status="completed", value=value, provider="p", decision=None,
            usage=Usage(cost_usd=1.0), attempts=1, error=None, parts=(),
        )  # fmt: skip
        line = loads(result.to_line())
        assert (line["status"], line["result"], line["cost_usd"]) == ("failed", None, 1.0)
        assert "no JSON form" in line["error"]["message"]


def test_a_failure_names_what_the_provider_raised() -> None:
    error = HandlerError("agent 'x' failed: KeyError: 'y'")
    error.__cause__ = KeyError("y")
    assert TaskFailure.of(error) == TaskFailure(type="KeyError", message="agent 'x' failed: KeyError: 'y'")
    assert TaskFailure.of(TimeoutError("late")).retryable


@pytest.mark.parametrize(
    ("cause", "retryable"), [(TimeoutError(), True), (PassingError(), True), (KeyError(), False)]
)
def test_whether_another_try_helps_is_what_the_provider_raised(cause: Exception, retryable: bool) -> None:
    error = HandlerError()
    error.__cause__ = cause
    name = type(cause).__name__
    assert TaskFailure.of(error) == TaskFailure(type=name, message=name, retryable=retryable)
    assert TaskFailure.of(cause).retryable == retryable
