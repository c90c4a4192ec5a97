"""What an asker gets: the reply of a handler, or its error."""

from __future__ import annotations

from typing import Any

from reflector.errors import HandlerError, LLMError, ReflectorError
from reflector.signals.payloads import REGISTERED, validate_data
from reflector.signals.signal import Signal, failed_type

__all__ = ["completed", "failed", "typed_error"]


def completed(request: Signal, result: Any, source: str) -> Signal:
    """Return the reply that carries what a handler returned.

    A handler may return a whole signal instead, made with `signal.reply(…)`: then that is the reply.

    Raises:
        InvalidSignalError: If the data does not fit what is registered for the reply's type.
    """
    if isinstance(result, Signal):
        if result.causationid is None:
            return result.replace(causationid=request.id, correlationid=request.correlationid or request.id)
        return result
    reply = request.reply(result, source=source)
    if reply.type in REGISTERED:
        reply.data = validate_data(reply.type, result)
    return reply


def failed(request: Signal, error: ReflectorError, source: str) -> Signal:
    """Return the reply that tells of an error: its class, its message, and whether another try may help."""
    retryable = isinstance(error, LLMError) and error.retryable
    data = {"error": type(error).__name__, "message": str(error), "retryable": retryable}
    return request.reply(data, type=failed_type(request.type), source=source)


def typed_error(error: Exception, agent: str) -> ReflectorError:
    """Return the error as one of this library: itself, or a HandlerError that it caused."""
    if isinstance(error, ReflectorError):
        return error
    wrapped = HandlerError(f"agent {agent!r} failed: {type(error).__name__}: {_message(error)}")
    wrapped.__cause__ = error
    return wrapped


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception as failure:  # noqa: BLE001 - the border to user code: an error that cannot say what it is
        return f"its message cannot be read ({type(failure).__name__})"
