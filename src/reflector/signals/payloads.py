"""What the data of a signal must be, registered per signal type.

Data is checked once, where a signal enters the system (read from the wire, told, asked or published), not per hop.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from reflector._json import dumps
from reflector.errors import InvalidSignalError

__all__ = ["REGISTERED", "register_payload", "validate_data"]

REGISTERED: dict[str, tuple[Any, TypeAdapter[Any]]] = {}
"""Signal type → what was registered for it, and its validator. Looking here first saves a call."""


def register_payload(signal_type: str, payload: Any) -> None:
    """Declare that signals of `signal_type` carry a `payload`: a pydantic model or any type pydantic can check.

    Declaring the same again changes nothing.

    Raises:
        InvalidSignalError: If another payload is registered for that type.
    """
    known, _ = REGISTERED.get(signal_type, (payload, None))
    if known != payload:
        raise InvalidSignalError(
            f"signals of type {signal_type!r} carry {known!r}; got another payload, {payload!r}"
        )
    if signal_type not in REGISTERED:
        REGISTERED[signal_type] = (payload, TypeAdapter(payload))


def validate_data(signal_type: str, data: Any, *, is_read: bool = False) -> Any:
    """Return `data` as the payload registered for the type; as it is when none is registered.

    Args:
        signal_type: What the payload is registered for.
        data: A payload, or what makes one.
        is_read: It was read from JSON: an array may be a tuple there and a text a time, in a strict model too.

    Raises:
        InvalidSignalError: If it does not fit.
    """
    registered = REGISTERED.get(signal_type)
    if registered is None:
        return data
    payload, adapter = registered
    if type(data) is payload:
        return data
    try:
        if is_read and not isinstance(data, bytes):
            return adapter.validate_json(dumps(data))
        return adapter.validate_python(data)
    except (ValidationError, TypeError) as err:
        raise InvalidSignalError(f"the data of a {signal_type!r} signal does not fit: {err}") from err
