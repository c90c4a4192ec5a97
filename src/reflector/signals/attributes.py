"""How CloudEvents 1.0 lets attributes be written, and how its JSON format writes and reads them."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from reflector._clock import aware
from reflector.errors import InvalidSignalError

__all__ = [
    "check_text",
    "is_json",
    "moment_text",
    "permitted",
    "read_bytes",
    "read_time",
    "rfc3339",
    "time_text",
    "writable_extensions",
    "write_extensions",
]

_parse = datetime.fromisoformat
_NAME = re.compile(r"[a-z0-9]+")
_ATTRIBUTES = "specversion id source type subject time datacontenttype dataschema dataref data"
_EXTENSIONS = "correlationid causationid traceparent tracestate expirytime"
_RESERVED = frozenset(_ATTRIBUTES.split() + _EXTENSIONS.split())
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_FORBIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")


def check_text(name: str, value: Any) -> Any:
    """Return the value of an attribute if it is a non-empty text that CloudEvents allows, else raise.

    Looks twice only at texts that are unusual: what is printable has none of the forbidden characters.
    """
    if isinstance(value, str) and value and (value.isprintable() or not _FORBIDDEN.search(value)):
        return value
    raise InvalidSignalError(f"{name} must be a non-empty string without control characters; got {value!r}")


def permitted(text: str) -> str:
    """Return a text without the characters that CloudEvents forbids."""
    return _FORBIDDEN.sub("", text)


def write_extensions(extensions: dict[str, Any]) -> dict[str, Any]:
    """Return extension attributes as the JSON format writes them; those that are None are left out."""
    for name in extensions:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in _RESERVED:
            raise InvalidSignalError(
                f"an extension's name is made of a-z and 0-9 and is not an attribute; got {name!r}"
            )
    return {name: _write(value) for name, value in extensions.items() if value is not None}


def writable_extensions(extensions: dict[str, Any]) -> dict[str, Any]:
    """Return the extensions without those that `write_extensions` refuses."""
    kept: dict[str, Any] = {}
    for name, value in extensions.items():
        with suppress(InvalidSignalError):
            kept |= write_extensions({name: value})
    return kept


def _write(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and -(2**31) <= value < 2**31):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, str) and not _FORBIDDEN.search(value):
        return value
    raise InvalidSignalError(f"an extension is a boolean, a 32-bit integer or text; got {value!r}")


def rfc3339(microseconds: int) -> str:
    """Return microseconds since 1970 as text. Signals come in crowds: most fall into the second of the one before."""
    global _second
    start, text = _second
    rest = microseconds - start
    if not 0 <= rest < 1_000_000:
        rest = microseconds % 1_000_000
        text = datetime.fromtimestamp(microseconds // 1_000_000, UTC).isoformat()[:19] + "."
        _second = (microseconds - rest, text)
    return f"{text}{rest}Z" if rest >= 100_000 else f"{text}{rest:06d}Z"  # filling up takes its time


_second = (0, "1970-01-01T00:00:00.")


def read_time(text: Any, name: str) -> datetime:
    """Return an RFC 3339 time; one without an offset counts as UTC."""
    try:
        return aware(_parse(text.upper()))
    except (AttributeError, ValueError) as err:
        raise InvalidSignalError(
            f"{name} must be an RFC 3339 time such as 2024-05-01T12:00:00Z; got {text!r}"
        ) from err


def moment_text(moment: datetime) -> str:
    """Return a date and time as RFC 3339 writes it, whose offsets have no seconds; one without counts as UTC."""
    text = aware(moment).isoformat()
    if text[-6] in "+-":
        return text
    try:
        return aware(moment).astimezone(UTC).isoformat()
    except OverflowError as err:
        raise InvalidSignalError(f"a time must be one that UTC has too; got {text}") from err


def time_text(text: Any) -> Any:
    """Return an RFC 3339 time as it came, so that it goes on as it came, nanoseconds too.

    Python reads all of ISO 8601; what is not RFC 3339 is written anew. Seen from some characters, as every signal that
    is read has a time: of what Python reads, they tell the one from the other.
    """
    try:
        _parse(text)
        if text[4:17:3] == "--T::" and "," not in text and (text[-1] == "Z" or text[-6] in "+-"):
            return text
    except (TypeError, ValueError, IndexError):  # one that is too short is none
        pass
    return moment_text(read_time(text, "time"))


def read_bytes(encoded: Any) -> bytes:
    """Return what `data_base64` holds."""
    try:
        return base64.b64decode(encoded, validate=True)
    except (TypeError, binascii.Error, ValueError) as err:
        raise InvalidSignalError(f"data_base64 is not base64: {err}") from err


def is_json(content_type: str | None) -> bool:
    """Return whether data of a media type is JSON; without one it is."""
    kind = (content_type or "application/json").split(";")[0].strip().lower()
    return kind.endswith(("/json", "+json"))
