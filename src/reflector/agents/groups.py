"""Taking errors out of groups: no error leaves the library as a group of one."""

from __future__ import annotations

__all__ = ["is_copy", "only_error"]


def only_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error inside a group of one, however deep; a group of several stays."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def is_copy(failure: BaseException, error: BaseException | None) -> bool:
    """Return whether a group is the one that the block raised: trio hands on a copy."""
    if not isinstance(failure, BaseExceptionGroup) or not isinstance(error, BaseExceptionGroup):
        return False
    return bool(failure.exceptions == error.exceptions)
