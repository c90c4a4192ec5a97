"""Asking about several groups of runs at once, within the money that there is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from reflector._text import shorten
from reflector.errors import BudgetExceededError, LLMError, ReflectorError, UnparsableReflectionError
from reflector.optimizer.purse import Purse
from reflector.optimizer.run_reading import ReadRun
from reflector.usage import Usage

__all__ = ["Asked", "Grouping", "ask_about"]

Said = TypeVar("Said")
Group = Sequence[ReadRun]
Grouping = Callable[[Group, float], list[list[ReadRun]]]
"""Of the runs that were shown already, and of how many groups there should be at most: the groups of the others."""


@dataclass(slots=True)
class Asked(Generic[Said]):
    """What came of asking."""

    said: dict[int, Said] = field(default_factory=dict)
    """By the number of the group."""
    groups: list[Group] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Why the others said nothing."""
    failed: int = 0
    """Calls that failed, or whose answer could not be used."""
    usage: Usage = field(default_factory=Usage)
    """Of the calls that failed."""

    @property
    def answers(self) -> list[tuple[Said, Group]]:
        """What was said of which runs, in the order of the groups."""
        return [(self.said[number], self.groups[number]) for number in sorted(self.said)]


async def ask_about(
    grouped: Grouping,
    ask: Callable[[Group], Awaitable[Said]],
    purse: Purse,
) -> Asked[Said]:
    """Return what was said of each group, all asked at once; where the answer could not be used, once more.

    Args:
        grouped: Makes the groups.
        ask: Asks about one group, and tells the purse.
        purse: What there is.

    Raises:
        LLMError: If nothing was said, and no further call can survive.
        BudgetExceededError: If nothing was said, and the budget does not allow it.
    """
    asked = Asked[Said]()
    fatal: list[Exception] = []

    async def ask_one(number: int) -> None:
        for is_last in (False, True):
            try:
                asked.said[number] = await ask(asked.groups[number])
            except BudgetExceededError as err:
                fatal.append(err)
            except ReflectorError as err:
                asked.failed += 1
                if isinstance(err, UnparsableReflectionError) and not is_last and purse.turns():
                    continue
                if isinstance(err, LLMError):
                    asked.usage += err.usage or Usage()
                    purse.paid(err.usage or Usage(), 1)
                    if err.fatal:
                        fatal.append(err)
                asked.problems.append(shorten(f"{type(err).__name__}: {err}", 500))
            return

    asked.groups += grouped((), purse.turns())
    first = 0
    if purse.is_limited and not purse.price and len(asked.groups) > 1:
        await ask_one(0)  # alone, to learn what it costs
        first, left = 1, purse.turns()
        asked.groups[1:] = grouped(asked.groups[0], left) if left else ()
    async with anyio.create_task_group() as tasks:
        for number in range(first, len(asked.groups)):
            tasks.start_soon(ask_one, number)
    if fatal and not asked.said:
        raise fatal[0]
    return asked
