"""Arguments of callers: what fits, and errors of ours for what does not."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from pydantic import ValidationError

from reflector._json import first_problem
from reflector._text import one_line, shorten
from reflector.errors import InputError

__all__ = ["checked", "expect_run", "named"]

_Made = TypeVar("_Made")
_Named = TypeVar("_Named", bound=StrEnum)


def named(kind: type[_Named], value: str, what: str) -> _Named:
    """Return the member of a closed set that has a name.

    Raises:
        InputError: If there is none; the message lists them.
    """
    try:
        return kind(value)
    except ValueError:
        raise InputError(f"unknown {what} {value!r}: expected one of {', '.join(kind)}.") from None


def checked(make: Callable[[], _Made]) -> _Made:
    """Return what `make` makes; a field that does not fit becomes an error of ours."""
    try:
        return make()
    except ValidationError as err:
        raise InputError(first_problem(err)) from err
    except TypeError as err:
        raise InputError(one_line(str(err))) from err


def expect_run(value: object, *kinds: type) -> None:
    """Check that something is a run, and say how to get one if it is not.

    Raises:
        InputError: If it is of none of the kinds.
    """
    if not isinstance(value, kinds):
        names = " or a ".join(kind.__name__ for kind in kinds)
        raise InputError(
            f"expected a {names}; got {type(value).__name__} {shorten(repr(value), 80)}. Read a file with "
            "`rf.load_trajectories(path)`, chat messages with `rf.Trajectory.from_openai_messages(messages)`."
        )
