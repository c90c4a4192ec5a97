"""Tasks and the signals that carry them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reflector.dispatch.task import Limits, Task, requested_type
from reflector.signals.signal import Signal

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
kinds = st.from_regex(r"[a-z0-9_-]{1,8}(\.[a-z0-9_-]{1,8}){0,2}", fullmatch=True)


@given(
    kind=kinds,
    payload=plain,
    metadata=st.dictionaries(st.text(), plain, max_size=3),
    attempts=st.integers(1, 9),
    cost=st.none() | st.floats(0, 100),
    seconds=st.none() | st.integers(0, 10**6),
)
def test_a_task_comes_back_from_its_signal(
    kind: str, payload: object, metadata: dict[str, object], attempts: int, cost: float, seconds: int | None
) -> None:
    deadline = None if seconds is None else datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    limits = Limits(cost_usd=cost, attempts=attempts)
    task = Task(kind=kind, payload=payload, limits=limits, deadline=deadline, metadata=metadata)
    signal = task.to_signal("/check")
    assert Task.from_signal(signal) == task
    assert Task.from_signal(Signal.from_json(signal.to_json())) == task


def test_any_payload_travels_inside_the_process() -> None:
    payload = object()
    assert Task.from_signal(Task(kind="demo", payload=payload).to_signal("/check")).payload is payload


def test_a_plain_request_is_a_task_too() -> None:
    signal = Signal("reflector.demo.requested", "/elsewhere", {"n": 1})
    task = Task.from_signal(signal)
    assert (task.kind, task.payload, task.id) == ("demo", {"n": 1}, signal.id)


def test_every_task_has_an_id_of_its_own() -> None:
    assert Task(kind="demo").id != Task(kind="demo").id


def test_a_deadline_without_an_offset_counts_as_utc() -> None:
    assert Task(kind="demo", deadline=datetime(2030, 1, 1)).deadline == datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["", ".", "a..b", "a b", "demo.*", "ünï"])
def test_a_kind_has_to_fit_into_a_signal_type(kind: str) -> None:
    with pytest.raises(ValidationError, match="kind"):
        Task(kind=kind)


def test_the_type_of_a_kinds_request() -> None:
    assert requested_type("code.reflection") == "reflector.code.reflection.requested"


def test_a_task_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Task(kind="demo").kind = "other"  # type: ignore[misc]  # that is the point
