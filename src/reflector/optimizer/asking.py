"""Asking about several groups of runs at once, within the money that there is, and without waiting for the slowest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

from reflector._clock import Clock
from reflector._text import shorten
from reflector.errors import BudgetExceededError, LLMError, ReflectorError, UnparsableReflectionError
from reflector.optimizer.purse import Purse
from reflector.optimizer.run_reading import ReadRun
from reflector.usage import Usage

__all__ = ["Asked", "Grouping", "Room", "ask_about"]

_LATE = 1 / 3
"""Share of the groups whose answers need not be waited for."""
_GRACE = 0.2
"""Seconds that they are waited for at least: as long again as the others took."""

Said = TypeVar("Said")
Group = Sequence[ReadRun]
Grouping = Callable[[Group, float], list[list[ReadRun]]]
"""Of the runs that were shown already, and of how many groups there should be at most: the groups of the others."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where answers may come later than what waits for them."""

    tasks: TaskGroup
    clock: Clock


@dataclass(slots=True)
class Asked(Generic[Said]):
    """What came of asking."""

    said: dict[int, Said] = field(default_factory=dict)
    """By the number of the group."""
    groups: list[Group] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    """Numbers of the groups that nothing has come of yet."""
    problems: list[str] = field(default_factory=list)
    """Why the others said nothing."""
    errors: list[Exception] = field(default_factory=list)
    """Those that no further call can survive."""
    failed: int = 0
    """Calls that failed, or whose answer could not be used."""
    usage: Usage = field(default_factory=Usage)
    """Of the calls that failed."""
    _news: anyio.Event = field(default_factory=anyio.Event)

    @property
    def answers(self) -> list[tuple[Said, Group]]:
        """What was said of which runs, in the order of the groups."""
        return [(self.said[number], self.groups[number]) for number in sorted(self.said)]

    def forget(self) -> None:
        """Forget what has come, so that what comes later is told alone."""
        self.said, self.problems, self.failed, self.usage = {}, [], 0, Usage()

    def close(self, number: int) -> None:
        """Take notice that everything has come of a group."""
        self.open.discard(number)
        self._news.set()

    async def wait(self, clock: Clock, *, is_hasty: bool) -> None:
        """Return when everything has come; in haste when most has, and the rest has had as long again."""
        began, late = clock.now(), int(_LATE * len(self.open)) if is_hasty else 0
        while len(self.open) > late or (self.open and not self.said):
            await self._hear()
        if not self.open:
            return
        async with anyio.create_task_group() as waiting:

            async def end() -> None:
                now = clock.now()
                await clock.sleep_until(now + max(_GRACE, now - began))
                waiting.cancel_scope.cancel()

            waiting.start_soon(end)
            while self.open:
                await self._hear()
            waiting.cancel_scope.cancel()

    async def _hear(self) -> None:
        self._news = anyio.Event()
        await self._news.wait()


async def ask_about(
    grouped: Grouping,
    ask: Callable[[Group], Awaitable[Said]],
    purse: Purse,
    *,
    before: Asked[Said] | None = None,
    room: Room | None = None,
    is_hasty: bool = False,
) -> Asked[Said]:
    """Return what was said of each group, all asked at once; where the answer could not be used, once more.

    Args:
        grouped: Makes the groups.
        ask: Asks about one group, and tells the purse.
        purse: What there is.
        before: Groups that were asked about before, of which something may be open.
        room: Where answers go on that are not waited for.
        is_hasty: Whether not to wait for answers that take much longer than the others.

    Raises:
        LLMError: If nothing was said, and no further call can survive.
        BudgetExceededError: If nothing was said, and the budget does not allow it.
    """
    asked = before or Asked[Said]()

    async def ask_one(number: int) -> None:
        try:
            await ask_twice(number)
        except Exception as err:  # noqa: BLE001 - raised below, or when the next answers are waited for
            asked.errors.append(err)
        finally:
            asked.close(number)

    async def ask_twice(number: int) -> None:
        for is_last in (False, True):
            try:
                asked.said[number] = await ask(asked.groups[number])
            except BudgetExceededError as err:
                asked.errors.append(err)
            except ReflectorError as err:
                asked.failed += 1
                if isinstance(err, UnparsableReflectionError) and not is_last and purse.turns():
                    continue
                if isinstance(err, LLMError):
                    asked.usage += err.usage or Usage()
                    purse.paid(err.usage or Usage(), 1)
                    if err.fatal:
                        asked.errors.append(err)
                asked.problems.append(shorten(f"{type(err).__name__}: {err}", 500))
            return

    first = len(asked.groups)
    asked.groups += grouped((), purse.turns())
    if purse.is_limited and not purse.price and len(asked.groups) > first + 1:
        await ask_one(first)  # alone, to learn what it costs
        left = purse.turns()
        asked.groups[first + 1 :] = grouped(asked.groups[first], left) if left else ()
        first += 1
    asked.open.update(range(first, len(asked.groups)))
    async with anyio.create_task_group() as tasks:
        for number in range(first, len(asked.groups)):
            (tasks if room is None else room.tasks).start_soon(ask_one, number)
    if room is not None:
        await asked.wait(room.clock, is_hasty=is_hasty)
    for error in asked.errors:
        if not asked.said or not isinstance(error, ReflectorError):
            raise error
    return asked
