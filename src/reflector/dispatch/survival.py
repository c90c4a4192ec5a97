"""What an error of a provider says: whether another one may do the task, and whether this one is to blame."""

from __future__ import annotations

from pydantic import ValidationError

from reflector.errors import (
    BudgetExceededError,
    ContextLengthError,
    HandlerError,
    InputError,
    JournalError,
    LLMBadRequestError,
    LLMError,
    MiddlewareError,
    NoProviderError,
    ProviderReportedError,
    ProviderSpawnError,
    RateLimitedError,
    ReflectorError,
    RuntimeClosedError,
    SignalError,
    StoreError,
    UnpicklableError,
)

__all__ = ["is_blamed", "is_survivable", "pause_after"]

_OF_THE_TASK = (InputError, LLMBadRequestError, BudgetExceededError, SignalError)
_OF_THE_RUNTIME = (MiddlewareError, RuntimeClosedError, JournalError, StoreError)
_OF_BOTH = (ContextLengthError, UnpicklableError, NoProviderError)
"""This task cannot be done there, others can."""


def is_survivable(err: ReflectorError) -> bool:
    """Return whether another provider may do what ended with this error."""
    if isinstance(err, HandlerError) and isinstance(err.__cause__, ValidationError | InputError):
        return False  # it could not read the payload
    return isinstance(err, _OF_BOTH) or not isinstance(err, _OF_THE_TASK + _OF_THE_RUNTIME)


def is_blamed(err: ReflectorError) -> bool:
    """Return whether it speaks against the provider, whatever the task."""
    if isinstance(err, ProviderReportedError):
        return err.retryable
    return is_survivable(err) and not isinstance(err, _OF_BOTH)


def pause_after(err: ReflectorError) -> float | None:
    """Return the seconds for which it is to be left alone at once, 0 being as long as usual; None: not yet."""
    if isinstance(err, RateLimitedError):
        return err.retry_after or None
    is_hopeless = isinstance(err, ProviderSpawnError) or (isinstance(err, LLMError) and err.fatal)
    return 0.0 if is_hopeless else None
