"""Data that is checked once, at the entrance."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, ValidationError
from typing_extensions import TypedDict

from reflector.errors import InvalidSignalError
from reflector.signals.payloads import REGISTERED, register_payload, validate_data
from reflector.signals.signal import Signal


class Ping(BaseModel):
    n: int


class Point(TypedDict):
    x: int


register_payload("test.payloads.ping", Ping)


def test_data_becomes_the_registered_model_and_an_instance_stays_itself() -> None:
    ping = Ping(n=1)
    assert validate_data("test.payloads.ping", ping) is ping
    assert validate_data("test.payloads.ping", {"n": 2}) == Ping(n=2)
    assert validate_data("test.payloads.unknown", {"n": 2}) == {"n": 2}


def test_reading_checks_the_data() -> None:
    raw = Signal("test.payloads.ping", "/s", Ping(n=3)).to_json()
    assert json.loads(raw)["data"] == {"n": 3}
    assert Signal.from_json(raw).data == Ping(n=3)
    with pytest.raises(InvalidSignalError, match="does not fit"):
        Signal.from_json(Signal("test.payloads.ping", "/s", {"n": "many"}).to_json())


def test_types_that_are_no_classes_can_be_registered() -> None:
    register_payload("test.payloads.numbers", list[int])
    assert validate_data("test.payloads.numbers", ["1", 2]) == [1, 2]
    register_payload("test.payloads.typed_dict", Point)
    assert validate_data("test.payloads.typed_dict", {"x": "1"}) == {"x": 1}
    register_payload("test.payloads.number", int)
    assert validate_data("test.payloads.number", True) is not True


def test_a_field_that_holds_no_signal_is_an_error_of_the_model() -> None:
    class Holder(BaseModel):
        signal: Signal

    for wrong in (5, None, "text", [1]):
        with pytest.raises(ValidationError, match="a signal is a JSON object"):
            Holder(signal=wrong)  # type: ignore[arg-type]


def test_declaring_the_same_again_changes_nothing() -> None:
    register_payload("test.payloads.either", int | str)
    before = REGISTERED["test.payloads.either"]
    register_payload("test.payloads.either", str | int)
    assert REGISTERED["test.payloads.either"] is before


def test_one_type_has_one_payload() -> None:
    register_payload("test.payloads.ping", Ping)
    with pytest.raises(InvalidSignalError):
        register_payload("test.payloads.ping", int)
