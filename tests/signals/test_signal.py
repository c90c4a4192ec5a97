"""The envelope: made, answered, written and read."""

from __future__ import annotations

import copy
import itertools
import json
import os
import pickle
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from reflector._clock import aware, from_wall_us
from reflector.errors import InvalidSignalError
from reflector.signals.attributes import rfc3339, time_text
from reflector.signals.signal import DATAREF_LIMIT, Signal, completed_type, failed_type
from reflector.signals.traceparent import format_traceparent, parse_traceparent

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)
_OPTIONAL = st.none() | _TEXT
_DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_NAMES = st.from_regex(r"x[a-z0-9]{1,12}", fullmatch=True)
_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
_SIGNALS = st.builds(
    Signal,
    type=_TEXT,
    source=_TEXT,
    data=_DATA,
    subject=_OPTIONAL,
    id=_OPTIONAL,
    time=st.none() | _TIMES,
    datacontenttype=st.none() | st.just("application/json"),
    dataschema=_OPTIONAL,
    correlationid=_OPTIONAL,
    causationid=_OPTIONAL,
    traceparent=st.none() | st.just(TRACEPARENT),
    tracestate=st.none() | st.just("vendor=1"),
    expirytime=st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),
    extensions=st.none()
    | st.dictionaries(_NAMES, st.booleans() | st.integers(-(2**31), 2**31 - 1) | _TEXT, max_size=3),
)


def test_id_and_time_are_filled_in() -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    one, other = Signal("demo.ping", "/check"), Signal("demo.ping", "/check")
    assert one.id != other.id
    assert one.id == one.id
    assert before < one.time <= datetime.now(UTC)
    assert one.expirytime is one.traceparent is one.tracestate is None


def test_ids_sort_as_they_were_made() -> None:
    made = [Signal("demo.ping", "/check").id for _ in range(300)]
    assert made == sorted(set(made))


@given(st.lists(st.integers(-(10**12), 4 * 10**15), max_size=5), st.integers(-2_000_000, 2_000_000))
def test_moments_are_written_to_the_microsecond(moments: list[int], apart: int) -> None:
    """Also those that share a second with the one before, or nearly."""
    for moment in moments:
        for each in (moment, moment + apart, moment):
            assert rfc3339(each) == from_wall_us(each).isoformat(timespec="microseconds")[:26] + "Z"


@given(_SIGNALS)
def test_what_is_written_is_read_back_equal(signal: Signal) -> None:
    raw = signal.to_json()
    assert isinstance(raw, bytes)
    assert Signal.from_json(raw) == signal
    assert Signal.from_json(raw).to_json() == raw


@given(st.lists(_SIGNALS, max_size=4))
def test_a_batch_is_read_back_equal_and_in_order(signals: list[Signal]) -> None:
    assert Signal.from_json_batch(Signal.to_json_batch(signals)) == signals


@given(_DATA | st.binary(max_size=40) | st.text())
def test_reading_anything_gives_a_signal_or_the_typed_error(value: Any) -> None:
    raw = value if isinstance(value, bytes | str) else json.dumps(value)
    with pytest.raises(InvalidSignalError):
        Signal.from_json(raw)


def test_the_wire_form_is_what_cloudevents_says() -> None:
    signal = Signal(
        "demo.ping",
        "/check",
        {"n": 1},
        id="1",
        time=datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2))),
        traceparent=TRACEPARENT,
        tracestate="a=1",
        extensions={
            "answer": 42,
            "flag": True,
            "none": None,
            "blob": b"\x00",
            "when": datetime(2024, 1, 1, tzinfo=UTC),
        },
    )
    assert json.loads(signal.to_json()) == {
        "specversion": "1.0",
        "id": "1",
        "source": "/check",
        "type": "demo.ping",
        "time": "2024-05-01T12:00:00.123456+02:00",
        "traceparent": TRACEPARENT,
        "tracestate": "a=1",
        "answer": 42,
        "flag": True,
        "blob": "AA==",
        "when": "2024-01-01T00:00:00+00:00",
        "data": {"n": 1},
    }


def test_data_that_orjson_does_not_know_is_written_all_the_same() -> None:
    signal = Signal("t", "/s", {"big": 2**70, "lone": "\ud800"}, expirytime=datetime(2040, 1, 1, tzinfo=UTC))
    assert Signal.from_json(signal.to_json()).data == {"big": 2**70, "lone": "\ufffd"}


def test_numbers_that_json_does_not_know_are_null_beside_large_ones_too() -> None:
    data = {"big": 2**70, "none": [float("nan"), float("inf")], "text": "NaN"}
    assert (
        b'{"big": 1180591620717411303424, "none": [null, null], "text": "NaN"}'
        in Signal("t", "/s", data).to_json()
    )


class Blob(bytes):
    pass


@pytest.mark.parametrize("data", [Blob(b"\x00\xff"), bytearray(b"\x00\xff")])
def test_all_kinds_of_bytes_travel(data: bytes) -> None:
    assert Signal.from_json(Signal("t", "/s", data).to_json()).data == b"\x00\xff"


def test_bytes_travel_as_base64() -> None:
    signal = Signal("t", "/s", b"\x00\xff", datacontenttype="application/octet-stream")
    assert json.loads(signal.to_json())["data_base64"] == "AP8="
    assert Signal.from_json(signal.to_json()).data == b"\x00\xff"


def test_the_reader_is_lenient() -> None:
    raw = (
        '{"specversion": "1.0.2", "id": "1", "source": "/s", "type": "t", "time": null, "subject": null,'
        ' "trace_id": "kept", "comexampleother": 5, "nothing": null, "traceparent": "broken"}'
    )
    signal = Signal.from_json(raw)
    assert signal.subject is None
    assert signal.data is None
    assert signal.traceparent is None
    assert signal.extensions == {"trace_id": "kept", "comexampleother": 5}


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        ("2024-05-01T12:00:00Z", None),
        ("2024-05-01T12:00:00.123456789Z", None),
        ("2024-05-01T12:00:00.5-07:30", None),
        ("2024-05-01t12:00:00z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01 12:00:00Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T12:00:00,5Z", "2024-05-01T12:00:00.500000+00:00"),
        ("20240501T12+00", "2024-05-01T12:00:00+00:00"),
        ("2024-W18-3T12:00:00+00:00", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T12:00:00+0030", "2024-05-01T12:00:00+00:30"),
        ("2024-05-01T12:00:00+01", "2024-05-01T12:00:00+01:00"),
        ("2024-05-01T12:00:00+00:00:30", "2024-05-01T11:59:30+00:00"),
        ("2024-05-01T12:00Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01", "2024-05-01T00:00:00+00:00"),
    ],
)
def test_a_time_goes_on_as_it_came_if_it_is_rfc_3339(came: str, goes: str | None) -> None:
    signal = Signal.from_dict({"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": came})
    assert signal.to_dict()["time"] == (goes or came)


def test_no_other_time_goes_on_as_it_came() -> None:
    """Whatever of ISO 8601 Python reads."""
    standard = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
    dates = ("2024-05-01", "20240501", "2024-W18-3", "2024W183", "2024W18", "2024-W18")
    times = ("12", "12:30", "1230", "12:30:15", "123015", "12:30:15.5", "123015.5", "12:30:15,123456789")
    offsets = ("", "Z", "+01", "-0130", "+01:30", "+013015", "+01:30:15", "-01:30:15.5", "+013015.123456")
    read = 0
    for came in map("".join, itertools.product(dates, ("T", "-", " "), times, offsets)):
        with suppress(ValueError):
            when = datetime.fromisoformat(came)
            goes = time_text(came)
            assert bool(standard.fullmatch(goes))
            assert goes == came or not standard.fullmatch(came)
            assert datetime.fromisoformat(goes) == aware(when)
            read += 1
    assert read > 500


def test_every_time_is_written_as_rfc_3339() -> None:
    """Whose offsets have no seconds, and must be there."""
    odd = datetime(2024, 5, 1, 12, tzinfo=timezone(timedelta(hours=1, seconds=30)))
    signal = Signal("t", "/s", time=odd, extensions={"when": datetime(2024, 5, 1, 12)})
    members = signal.to_dict()
    assert (members["time"], members["when"]) == ("2024-05-01T10:59:30+00:00", "2024-05-01T12:00:00+00:00")
    assert signal.replace(time=odd).time == odd


@pytest.mark.parametrize(
    ("deadline", "year"), [(float("inf"), 9999), (1e300, 9999), (1e12, 9999), (float("-inf"), 1), (-1e12, 1)]
)
def test_a_deadline_beyond_the_calendar_is_written_as_its_end(deadline: float, year: int) -> None:
    signal = Signal.from_json(Signal("t", "/s").replace(deadline=deadline).to_json())
    assert signal.expirytime is not None
    assert signal.expirytime.year == year
    assert Signal.from_json(signal.to_json()) == signal


def test_a_time_without_an_offset_counts_as_utc() -> None:
    raw = '{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "2024-05-01T12:00:00"}'
    assert Signal.from_json(raw).time == datetime(2024, 5, 1, 12, tzinfo=UTC)
    noon = datetime(2024, 5, 1, 12)
    signal = Signal("t", "/s", time=noon, expirytime=noon)
    assert (
        signal.time
        == signal.expirytime
        == signal.replace(expirytime=noon).expirytime
        == noon.replace(tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"source": None},
        {"type": ""},
        {"specversion": None},
        {"specversion": "0.3"},
        {"time": "yesterday"},
        {"time": 5},
        {"time": "0001-01-01T00:00:00+00:00:30"},
        {"expirytime": "soon"},
        {"data_base64": "%"},
        {"data": 1, "data_base64": "AA=="},
    ],
)
def test_the_reader_refuses_what_has_no_meaning(change: dict[str, Any]) -> None:
    members = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"} | change
    with pytest.raises(InvalidSignalError):
        Signal.from_json(json.dumps(members))


def test_a_batch_has_to_be_an_array_of_objects() -> None:
    for raw in ("{}", "[1]", "7"):
        with pytest.raises(InvalidSignalError):
            Signal.from_json_batch(raw)


@pytest.mark.parametrize(
    "signal",
    [
        Signal("t", "/s", extensions={"Upper": 1}),
        Signal("t", "/s", extensions={"trace_id": 1}),
        Signal("t", "/s", extensions={"type": "x"}),
        Signal("t", "/s", extensions={"list": [1]}),
        Signal("t", "/s", extensions={"float": 1.5}),
        Signal("t", "/s", extensions={"large": 2**31}),
        Signal("t", "/s", extensions={"control": "\x01"}),
        Signal("t", "/s", extensions={7: "x"}),  # type: ignore[dict-item]  wrong on purpose
        Signal("t", "/s", extensions={"character": "\U0010ffff"}),
        Signal("t", "/s", subject="\U0001fffe"),
        Signal("t\n", "/s"),
        Signal("t", "/s", id="\ud800"),
        Signal("t", "/s", subject=""),
        Signal("t", "/s", subject=7),  # type: ignore[arg-type]  wrong on purpose
        Signal("t", "/s", data=object()),
        Signal("t", "/s", traceparent=TRACEPARENT, tracestate="a=\n"),
    ],
)
def test_the_writer_is_strict(signal: Signal) -> None:
    with pytest.raises(InvalidSignalError):
        signal.to_json()


def test_unusual_but_legal_text_is_written() -> None:
    signal = Signal("t", "/s", subject="non\u00a0breaking")
    assert Signal.from_json(signal.to_json()) == signal


@pytest.mark.parametrize("arguments", [{"type": ""}, {"source": ""}, {"id": ""}, {"traceparent": "nonsense"}])
def test_an_empty_or_broken_attribute_is_refused_at_creation(arguments: dict[str, str]) -> None:
    with pytest.raises(InvalidSignalError):
        Signal(**({"type": "t", "source": "/s"} | arguments))  # type: ignore[arg-type]  only texts are varied


def test_a_reply_keeps_the_conversation_and_opens_a_child_span() -> None:
    request = Signal("demo.requested", "/asker", traceparent=TRACEPARENT, tracestate="v=1")
    reply = request.reply({"n": 2}, source="/answerer")
    assert (reply.type, reply.source, reply.data) == ("demo.completed", "/answerer", {"n": 2})
    assert reply.causationid == reply.correlationid == request.id
    assert reply.tracestate == "v=1"
    assert reply.traceparent is not None
    assert reply.traceparent[:35] == TRACEPARENT[:35]
    assert reply.traceparent != TRACEPARENT
    again = reply.reply(type="other", source="/third")
    assert (again.type, again.correlationid, again.causationid) == ("other", request.id, reply.id)


def test_a_reply_to_a_signal_without_a_trace_starts_one() -> None:
    request = Signal("a", "/s")
    reply = request.reply()
    assert reply.source == "/s"
    assert request.traceparent is not None
    assert reply.traceparent is not None
    assert reply.traceparent[:35] == request.traceparent[:35]


def test_reply_types() -> None:
    assert completed_type("a.requested") == "a.completed"
    assert failed_type("a.requested") == "a.failed"
    assert failed_type("a") == "a.failed"


def test_replace_changes_a_copy_only() -> None:
    signal = Signal("t", "/s", 1)
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    other = signal.replace(data=2, time=moment, expirytime=moment, traceparent=TRACEPARENT, subject="x")
    assert (signal.data, signal.subject, signal.expirytime) == (1, None, None)
    assert (other.data, other.time, other.expirytime, other.traceparent) == (2, moment, moment, TRACEPARENT)
    assert other.id == signal.id
    assert other.replace(traceparent=None, expirytime=None, id="new").traceparent is None
    for changes in ({"type": ""}, {"unknown": 1}):
        with pytest.raises(InvalidSignalError):
            signal.replace(**changes)


def test_equality_is_about_everything_the_wire_carries() -> None:
    signal = Signal("t", "/s", 1)
    assert signal == signal.copy()
    assert signal != signal.replace(data=2)
    assert signal != "t"
    assert len({signal, signal.copy()}) == 1
    assert signal.id in repr(signal)
    assert "subject='x'" in repr(signal.replace(subject="x"))


def test_large_data_is_kept_elsewhere_and_fetched_again() -> None:
    kept: dict[str, bytes] = {}

    def store(body: bytes) -> str:
        kept["memory:1"] = body
        return "memory:1"

    for data in ({"text": "x" * DATAREF_LIMIT}, b"x" * DATAREF_LIMIT):
        content_type = "application/octet-stream" if isinstance(data, bytes) else None
        signal = Signal("t", "/s", data, datacontenttype=content_type)
        raw = signal.to_json(store=store)
        assert len(raw) < 300
        assert Signal.from_json(raw).dataref == "memory:1"
        assert Signal.from_json(raw).data is None
        assert Signal.from_json(raw, load=kept.__getitem__) == signal
    large = Signal("t", "/s", dataref="memory:2", extensions={"note": "x" * DATAREF_LIMIT})
    for signal in (Signal("t", "/s", 1), large):
        assert signal.to_json(store=store) == signal.to_json()


def test_a_store_that_fails_is_not_mistaken_for_data_without_json() -> None:
    def store(body: bytes) -> str:
        raise ValueError("the bucket is full")

    with pytest.raises(ValueError, match=r"^the bucket is full"):
        Signal("t", "/s", "x" * DATAREF_LIMIT).to_json(store=store)


def test_pydantic_models_can_hold_signals() -> None:
    class Envelope(BaseModel):
        signal: Signal

    signal = Signal("t", "/s", {"n": 1})
    assert Envelope(signal=signal).signal is signal
    assert Envelope.model_validate_json(Envelope(signal=signal).model_dump_json()).signal == signal
    with pytest.raises(ValidationError, match="specversion"):
        Envelope.model_validate({"signal": {"type": "t"}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        TRACEPARENT + "-more",
        TRACEPARENT.upper(),
    ],
)
def test_a_malformed_traceparent_is_no_trace(text: str) -> None:
    assert parse_traceparent(text) is None


@pytest.mark.parametrize("state", [7, "a=\n", None])
def test_a_tracestate_that_is_none_is_dropped(state: Any) -> None:
    members = Signal("t", "/s", traceparent=TRACEPARENT, tracestate="a=1").to_dict()
    signal = Signal.from_dict(members | {"tracestate": state})
    assert (signal.traceparent, signal.tracestate) == (TRACEPARENT, None)


def test_a_later_version_of_traceparent_may_be_longer() -> None:
    trace = parse_traceparent("01" + TRACEPARENT[2:] + "-more")
    assert trace is not None
    assert format_traceparent(trace) == TRACEPARENT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_makes_other_ids() -> None:
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, Signal("t", "/s").id.encode())
        os._exit(0)
    theirs = os.read(read, 100).decode()
    os.close(read)
    os.close(write)
    os.wait()
    assert theirs.split("-")[0] != Signal("t", "/s").id.split("-")[0]


def test_a_copy_and_a_pickled_signal_are_the_same_signal() -> None:
    signal = Signal(type="demo.ping", source="/check", data={"n": 1})
    assert copy.copy(signal).id == pickle.loads(pickle.dumps(signal)).id == signal.id


@pytest.mark.parametrize(
    "extra", ['"data": null', '"data_base64": null', '"data": null, "data_base64": null']
)
def test_data_that_is_null_is_unset_in_both_directions(extra: str) -> None:
    head = '{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "2024-05-01T12:00:00Z"'
    without = Signal.from_json(head + "}")
    same = Signal.from_json(f"{head}, {extra}}}")
    assert same == without
    assert same.data is None
    assert same.to_json() == without.to_json()
    assert json.loads(same.to_json()).keys().isdisjoint({"data", "data_base64"})
    assert Signal.from_json(head + ', "data": null, "data_base64": "aGk="}').data == b"hi"


@pytest.mark.parametrize(
    "name", ["subject", "datacontenttype", "dataschema", "dataref", "correlationid", "causationid"]
)
def test_an_optional_attribute_that_is_no_text_is_refused(name: str) -> None:
    members = Signal("t", "s", {"n": 1}).to_dict()
    with pytest.raises(InvalidSignalError, match=f"{name}.* texts; got"):
        Signal.from_dict(members | {name: 5})
