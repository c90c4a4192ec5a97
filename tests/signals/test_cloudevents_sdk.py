"""The official SDK as the peer, in both directions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from reflector.signals.signal import Signal

_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)
_DATA = st.dictionaries(
    _TEXT, st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])) | st.none()
)
_EXTENSIONS = st.dictionaries(
    st.from_regex(r"x[a-z0-9]{1,12}", fullmatch=True),
    st.booleans() | st.integers(-(2**31), 2**31 - 1) | _TEXT,
)
_TIMES = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(_TEXT, _TEXT, _TEXT, _TIMES, _DATA, _EXTENSIONS)
def test_the_sdk_reads_what_we_write(
    id: str, source: str, subject: str, time: datetime, data: dict[str, Any], extensions: dict[str, Any]
) -> None:
    signal = Signal("demo.ping", source, data, id=id, subject=subject, time=time, extensions=extensions)
    event = JSONFormat().read(CloudEvent, signal.to_json())
    assert (event.get_id(), event.get_source(), event.get_type()) == (id, source, "demo.ping")
    assert (event.get_subject(), event.get_time(), event.get_data()) == (subject, time, data)
    assert {name: event.get_extension(name) for name in extensions} == extensions
    assert event.get_specversion() == "1.0"


@given(_TEXT, _TEXT, _TEXT, _TIMES, _DATA, _EXTENSIONS)
def test_we_read_what_the_sdk_writes(
    id: str, source: str, subject: str, time: datetime, data: dict[str, Any], extensions: dict[str, Any]
) -> None:
    attributes = {
        "id": id,
        "source": source,
        "type": "demo.ping",
        "specversion": "1.0",
        "subject": subject,
        "time": time,
    }
    event = CloudEvent(attributes | {"datacontenttype": "application/json"} | extensions, data)
    signal = Signal.from_json(JSONFormat().write(event))
    assert (signal.id, signal.source, signal.type, signal.subject) == (id, source, "demo.ping", subject)
    assert (signal.time, signal.data, signal.extensions or {}) == (time, data, extensions)


def test_bytes_go_both_ways() -> None:
    ours = JSONFormat().read(CloudEvent, Signal("t", "/s", b"\x00\xff").to_json())
    assert ours.get_data() == b"\x00\xff"
    event = CloudEvent(
        {
            "id": "1",
            "source": "/s",
            "type": "t",
            "specversion": "1.0",
            "datacontenttype": "application/octet-stream",
        },
        b"\x00\xff",
    )
    assert Signal.from_json(JSONFormat().write(event)).data == b"\x00\xff"
