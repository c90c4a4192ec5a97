"""The envelope that everything travels in: a CloudEvents 1.0 event, light in memory, exact on the wire."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from time import time_ns
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from reflector._clock import from_wall, from_wall_us, to_wall, to_wall_us
from reflector._ids import new_id
from reflector._json import dumps, loads
from reflector._text import text_of
from reflector.errors import InvalidSignalError
from reflector.signals.attributes import (
    check_text,
    is_json,
    moment_text,
    read_bytes,
    read_time,
    rfc3339,
    time_text,
    write_extensions,
)
from reflector.signals.payloads import REGISTERED, validate_data
from reflector.signals.traceparent import Trace, child_span, format_traceparent, new_trace, parse_traceparent

__all__ = ["DATAREF_LIMIT", "Signal", "completed_type", "failed_type", "read_kept"]

DATAREF_LIMIT = 64 * 1024
"""Bytes of JSON: the size that every intermediary must forward, according to CloudEvents 1.0."""
_BINARY = (bytes, bytearray)
_new = object.__new__


class Signal:
    """One CloudEvent. Treat it as immutable: derived signals are made with `reply` and `replace`.

    The id (unique over all processes) is made at first use, the time when the signal is created. Data may be any
    Python value; on the wire it must have a JSON form, and bytes travel as base64. Attribute names that this
    class does not know are kept in `extensions`.

    >>> signal = Signal(type="demo.ping", source="/check", data={"n": 1})
    >>> Signal.from_json(signal.to_json()) == signal
    True
    """

    __slots__ = (
        "_id",
        "_time",
        "causationid",
        "correlationid",
        "data",
        "datacontenttype",
        "dataref",
        "dataschema",
        "deadline",
        "extensions",
        "source",
        "subject",
        "trace",
        "type",
    )

    def __init__(
        self,
        type: str,
        source: str,
        data: Any = None,
        *,
        subject: str | None = None,
        id: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        dataref: str | None = None,
        correlationid: str | None = None,
        causationid: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
        expirytime: datetime | None = None,
        extensions: dict[str, Any] | None = None,
    ) -> None:
        if not type or not source or id == "":
            raise InvalidSignalError(
                f"a signal needs a non-empty type and source; got type {type!r}, source {source!r}, id {id!r}"
            )
        self.type = type
        self.source = source
        self.data = data
        self.subject = subject
        self._id = id
        # Microseconds since 1970, or the text that the wire carries: made when it is first written, then kept.
        self._time: int | str = time_ns() // 1000 if time is None else moment_text(time)
        self.datacontenttype = datacontenttype
        self.dataschema = dataschema
        self.dataref = dataref
        self.correlationid = correlationid
        """The id of the conversation: that of its first signal, which itself carries none."""
        self.causationid = causationid
        """The id of the signal that caused this one."""
        self.trace: Trace | None = None if traceparent is None else _parse_trace(traceparent, tracestate)
        self.deadline: float | None = None if expirytime is None else from_wall(expirytime)
        """When nobody waits for it any more, on the monotonic clock; `expirytime` on the wire."""
        self.extensions = extensions

    @property
    def id(self) -> str:
        if self._id is None:
            self._id = new_id()
        return self._id

    @property
    def time(self) -> datetime:
        """When it was created, to the microsecond."""
        when = self._time
        return from_wall_us(when) if isinstance(when, int) else read_time(when, "time")

    @property
    def time_us(self) -> int:
        """When it was created, in microseconds since 1970, as on the wire."""
        return self._time if isinstance(self._time, int) else to_wall_us(self.time)

    @property
    def expirytime(self) -> datetime | None:
        """The deadline as wall time."""
        return None if self.deadline is None else to_wall(self.deadline)

    @property
    def traceparent(self) -> str | None:
        return None if self.trace is None else format_traceparent(self.trace)

    @property
    def tracestate(self) -> str | None:
        return None if self.trace is None else self.trace[3]

    # --- derived signals ---------------------------------------------------------------------------------

    def copy(self) -> Signal:
        """Return a copy with the same id."""
        copy = _new(Signal)
        copy.type = self.type
        copy.source = self.source
        copy.data = self.data
        copy.subject = self.subject
        copy._id = self.id
        copy._time = self._time
        copy.datacontenttype = self.datacontenttype
        copy.dataschema = self.dataschema
        copy.dataref = self.dataref
        copy.correlationid = self.correlationid
        copy.causationid = self.causationid
        copy.trace = self.trace
        copy.deadline = self.deadline
        copy.extensions = self.extensions
        return copy

    def replace(self, **changes: Any) -> Signal:
        """Return a copy with some attributes changed, named as in the constructor, or `deadline` or `trace`.

        Everything else stays, the id too. The tracestate changes with `trace` only.
        """
        copy = self.copy()
        for name, value in changes.items():
            if name not in _SETTERS:
                raise InvalidSignalError(f"a signal has no attribute {name!r}; extensions are one dict")
            _SETTERS[name](copy, value)
        if not copy.type or not copy.source or copy._id == "":
            raise InvalidSignalError(f"type, source and id must not be empty; got {changes!r}")
        return copy

    def reply(self, data: Any = None, *, type: str | None = None, source: str | None = None) -> Signal:
        """Return the answer to this signal: same conversation, caused by it, in a new span of its trace.

        Args:
            data: What it carries.
            type: By default the request's type, `….requested` made `….completed`.
            source: By default that of the request.
        """
        answer = Signal(type or completed_type(self.type), source or self.source, data)
        cause, trace = self.id, self.trace
        if trace is None:
            trace = self.trace = new_trace()
        answer.causationid = cause
        answer.correlationid = self.correlationid or cause
        answer.trace = child_span(trace)
        return answer

    def __getstate__(self) -> object:
        _ = self.id  # a copy, and the signal in another process, is the same signal
        return object.__getstate__(self)

    # --- the wire ----------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the members of the CloudEvents JSON object; data stays the Python object.

        Raises:
            InvalidSignalError: If an attribute breaks CloudEvents 1.0.
        """
        members = _common(self.type, self.source, self.datacontenttype).copy()
        if self._id is None:
            members["id"] = self._id = new_id()
        else:
            members["id"] = check_text("id", self._id)
        if self.subject is not None:
            members["subject"] = check_text("subject", self.subject)
        if self.dataschema is not None:
            members["dataschema"] = check_text("dataschema", self.dataschema)
        if self.dataref is not None:
            members["dataref"] = check_text("dataref", self.dataref)
        if self.correlationid is not None:
            members["correlationid"] = check_text("correlationid", self.correlationid)
        if self.causationid is not None:
            members["causationid"] = check_text("causationid", self.causationid)
        when = self._time
        if when.__class__ is int:
            when = self._time = rfc3339(when)
        members["time"] = when
        if self.trace is not None:
            members["traceparent"] = format_traceparent(self.trace)
            if self.trace[3]:
                members["tracestate"] = check_text("tracestate", self.trace[3])
        if self.deadline is not None:
            members["expirytime"] = to_wall(self.deadline).isoformat()
        if self.extensions:
            members.update(write_extensions(self.extensions))
        data = self.data
        if isinstance(data, _BINARY):
            members["data_base64"] = base64.b64encode(data).decode()
        elif data is not None:
            members["data"] = data
        return members

    def to_json(self, *, store: Callable[[bytes], str] | None = None) -> bytes:
        """Return the signal in CloudEvents structured mode (`application/cloudevents+json`).

        Args:
            store: Keeps data larger than 64 KiB elsewhere: gets its JSON (or the bytes themselves) and returns a
                URI, which travels as `dataref` instead.

        Raises:
            InvalidSignalError: If an attribute breaks CloudEvents 1.0, or data has no JSON form.
        """
        members = self.to_dict()
        try:
            raw = dumps(members)
        except Exception as err:  # a model may run any code while it is written
            raise InvalidSignalError(f"the data of {self!r} has no JSON form: {text_of(err)}") from err
        if store is not None and len(raw) > DATAREF_LIMIT and self.data is not None:
            body = self.data if members.pop("data_base64", None) is not None else dumps(members.pop("data"))
            raw = dumps(members | {"dataref": store(body)})
        return raw

    @staticmethod
    def from_json(raw: bytes | str, *, load: Callable[[str], bytes] | None = None) -> Signal:
        """Return the signal that a structured-mode JSON object holds.

        Lenient: members that are null count as unset (data too: a signal whose data is null has none, and is written
        without), specversion 1.0.x is accepted, unknown attributes are kept. Strict where meaning is lost: id, source,
        type and specversion must be there.

        Args:
            raw: UTF-8 JSON.
            load: Gets the `dataref` URI of data that was kept elsewhere, returns its bytes.

        Raises:
            InvalidSignalError: If it is not a signal, or its data does not fit what is registered for its type.
        """
        signal = _read(_loads(raw))
        if load is not None and signal.dataref is not None and signal.data is None:
            body = load(signal.dataref)
            data = _loads(body) if is_json(signal.datacontenttype) else body
            signal.data, signal.dataref = validate_data(signal.type, data, is_read=True), None
        return signal

    @staticmethod
    def from_dict(members: Mapping[str, Any]) -> Signal:
        """Return the signal that the members of a CloudEvents JSON object make; see `from_json`."""
        return _read(dict(members) if isinstance(members, Mapping) else members)

    @staticmethod
    def to_json_batch(signals: Iterable[Signal]) -> bytes:
        """Return several signals as one CloudEvents batch (`application/cloudevents-batch+json`)."""
        return b"[" + b",".join(signal.to_json() for signal in signals) + b"]"

    @staticmethod
    def from_json_batch(raw: bytes | str) -> list[Signal]:
        """Return the signals of a CloudEvents batch, in order."""
        items = _loads(raw)
        if not isinstance(items, list):
            raise InvalidSignalError(f"a batch is a JSON array; got {type(items).__name__}")
        return [_read(item) for item in items]

    # --- Python ------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Signal):
            return NotImplemented
        if self is other:
            return True
        return _KEY(self) == _KEY(other) and (self.extensions or {}) == (other.extensions or {})

    def __hash__(self) -> int:
        return hash((self.source, self.id))

    def __repr__(self) -> str:
        subject = f", subject={self.subject!r}" if self.subject else ""
        return f"Signal({self.type!r}, {self.source!r}, id={self.id!r}{subject})"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Let pydantic models hold signals: they accept one, or its JSON object."""
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.from_dict(value),
            serialization=core_schema.plain_serializer_function_ser_schema(cls.to_dict),
        )


@lru_cache(1024)
def _common(type: str, source: str, datacontenttype: str | None) -> dict[str, Any]:
    """Return what the signals of one sender have in common: checked once. To be copied."""
    members = {"specversion": "1.0", "type": check_text("type", type), "source": check_text("source", source)}
    if datacontenttype is not None:
        members["datacontenttype"] = check_text("datacontenttype", datacontenttype)
    return members


@lru_cache(4096)
def completed_type(request_type: str) -> str:
    """Return the type of the answer to a request: `x.requested` is answered by `x.completed`.

    >>> completed_type("reflector.model.requested"), completed_type("demo.ping")
    ('reflector.model.completed', 'demo.ping.completed')
    """
    return request_type.removesuffix(".requested") + ".completed"


@lru_cache(4096)
def failed_type(request_type: str) -> str:
    """Return the type of the answer that says a request failed."""
    return request_type.removesuffix(".requested") + ".failed"


_KEY = attrgetter(
    "id",
    "source",
    "type",
    "time",
    "subject",
    "data",
    "datacontenttype",
    "dataschema",
    "dataref",
    "correlationid",
    "causationid",
    "traceparent",
    "tracestate",
    "expirytime",
)
"""All that the wire carries but the extensions."""


def _set(slot: str) -> Callable[[Signal, Any], None]:
    return lambda signal, value: setattr(signal, slot, value)


def _set_time(signal: Signal, value: datetime) -> None:
    signal._time = moment_text(value)


def _set_expiry(signal: Signal, value: datetime | None) -> None:
    signal.deadline = None if value is None else from_wall(value)


def _set_traceparent(signal: Signal, value: str | None) -> None:
    signal.trace = None if value is None else _parse_trace(value, signal.tracestate)


_SETTERS = {name: _set(name) for name in Signal.__slots__ if not name.startswith("_")} | {
    "id": _set("_id"),
    "time": _set_time,
    "expirytime": _set_expiry,
    "traceparent": _set_traceparent,
}


def _parse_trace(traceparent: str, tracestate: str | None) -> Trace:
    trace = parse_traceparent(traceparent, tracestate)
    if trace is None:
        raise InvalidSignalError(
            f"traceparent must look like 00-<32 hex>-<16 hex>-<2 hex>; got {traceparent!r}"
        )
    return trace


def _loads(raw: bytes | str) -> Any:
    try:
        return loads(raw)
    except ValueError as err:
        raise InvalidSignalError(f"expected JSON; got {raw[:80]!r}: {err}") from err


def read_kept(raw: str) -> Signal:
    """Return the signal that a journal kept. Data that does not fit what is registered now stays as it was kept."""
    return _read(_loads(raw), is_entering=False)


def _read(members: Any, is_entering: bool = True) -> Signal:
    """Return the signal that a freshly parsed JSON object makes; takes the object apart.

    Only of a signal that enters the system the data has to fit what is registered for its type.
    """
    if not isinstance(members, dict):
        raise InvalidSignalError(f"a signal is a JSON object; got {type(members).__name__}")
    pop = members.pop
    version, id, source, kind = (
        pop("specversion", None),
        pop("id", None),
        pop("source", None),
        pop("type", None),
    )
    if version != "1.0" and not (isinstance(version, str) and version.startswith("1.0.")):
        raise InvalidSignalError(f"specversion must be '1.0'; got {version!r}")
    if not (type(id) is type(source) is type(kind) is str and id and source and kind):
        raise InvalidSignalError(
            f"a signal needs an id, a source and a type, non-empty strings; got {id!r}, {source!r}, {kind!r}"
        )
    signal = _new(Signal)
    signal._id = id
    signal.source = source
    signal.type = kind
    signal.data = pop("data", None)
    when = pop("time", None)
    signal._time = time_ns() // 1000 if when is None else time_text(when)
    signal.subject = subject = pop("subject", None)
    signal.datacontenttype = media = pop("datacontenttype", None)
    signal.correlationid = conversation = pop("correlationid", None)
    signal.causationid = cause = pop("causationid", None)
    signal.dataschema = signal.dataref = signal.trace = signal.deadline = signal.extensions = None
    if members:
        _read_rest(signal, members)
    # One by one, because most are None and that is seen at once.
    if not (
        (subject is None or type(subject) is str)
        and (media is None or type(media) is str)
        and (conversation is None or type(conversation) is str)
        and (cause is None or type(cause) is str)
        and (signal.dataschema is None or type(signal.dataschema) is str)
        and (signal.dataref is None or type(signal.dataref) is str)
    ):
        raise InvalidSignalError(
            "subject, datacontenttype, correlationid, causationid, dataschema and dataref are texts; got "
            f"{(subject, media, conversation, cause, signal.dataschema, signal.dataref)!r}"
        )
    if kind in REGISTERED and (signal.dataref is None or signal.data is not None):
        try:
            signal.data = validate_data(kind, signal.data, is_read=True)
        except InvalidSignalError:
            if is_entering:
                raise
    return signal


def _read_rest(signal: Signal, members: dict[str, Any]) -> None:
    """Read what few signals carry."""
    signal.dataschema = members.pop("dataschema", None)
    signal.dataref = members.pop("dataref", None)
    parent, state = members.pop("traceparent", None), members.pop("tracestate", None)
    if isinstance(parent, str):
        is_state = isinstance(state, str) and state.isprintable()  # else the standard says to drop it
        signal.trace = parse_traceparent(parent, state if is_state else None)
    expiry = members.pop("expirytime", None)
    signal.deadline = None if expiry is None else from_wall(read_time(expiry, "expirytime"))
    encoded = members.pop("data_base64", None)
    if encoded is not None:
        if signal.data is not None:
            raise InvalidSignalError(f"{signal!r} has both data and data_base64; one of them must go")
        signal.data = read_bytes(encoded)
    if members:
        signal.extensions = {name: value for name, value in members.items() if value is not None} or None
