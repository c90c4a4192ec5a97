"""Data that is checked once, at the entrance."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from typing_extensions import TypedDict

from reflector.errors import InvalidSignalError
from reflector.signals.payloads import REGISTERED, register_payload, validate_data
from reflector.signals.signal import DATAREF_LIMIT, Signal


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


class Scan(BaseModel):
    model_config = ConfigDict(strict=True, ser_json_bytes="base64", val_json_bytes="base64")
    at: datetime
    size: tuple[int, int]
    image: bytes


def test_reading_takes_the_data_as_json() -> None:
    """In JSON a tuple is an array and a time a text; bytes are as the model says."""
    register_payload("test.payloads.scan", Scan)
    scan = Scan(at=datetime(2024, 5, 1, tzinfo=UTC), size=(2, 3), image=b"\xff\x00")
    signal = Signal("test.payloads.scan", "/s", scan)
    assert Signal.from_json(signal.to_json()).data == scan
    assert Signal.from_dict(signal.to_dict()).data is scan
    kept: dict[str, bytes] = {}
    large = signal.replace(data=scan.model_copy(update={"image": bytes(DATAREF_LIMIT)}))
    raw = large.to_json(store=lambda body: kept.setdefault("memory:1", body) and "memory:1")
    assert Signal.from_json(raw, load=kept.__getitem__) == large
    with pytest.raises(InvalidSignalError, match="does not fit"):
        validate_data("test.payloads.scan", scan.model_dump(mode="json"))


def test_reading_checks_bytes_and_what_is_no_json() -> None:
    register_payload("test.payloads.bytes", bytes)
    assert Signal.from_json(Signal("test.payloads.bytes", "/s", b"\xff").to_json()).data == b"\xff"
    members = Signal("test.payloads.ping", "/s", object()).to_dict()
    with pytest.raises(InvalidSignalError, match="does not fit"):
        Signal.from_dict(members)


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
