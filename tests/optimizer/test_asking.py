"""Asking about groups of runs: answers that take much longer than the others."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from reflector._clock import VirtualClock
from reflector.dispatch.ledger import Ledger
from reflector.optimizer.asking import Asked, Room, ask_about
from reflector.optimizer.purse import Purse
from reflector.usage import Budget

pytestmark = pytest.mark.anyio


async def test_an_answer_that_comes_late_joins_those_of_the_next_turn() -> None:
    clock, purse = VirtualClock(), Purse(Ledger(Budget()), 1)
    seconds = {"a": 1.0, "b": 2.0, "c": 9.0, "d": 1.0}

    async def ask(group: Any) -> str:
        await clock.sleep_until(clock.now() + seconds[group])
        return f"about {group}"

    asked = Asked[str]()
    async with anyio.create_task_group() as tasks:
        room = Room(tasks, clock)

        async def turn(groups: str, *, is_hasty: bool) -> list[str]:
            await ask_about(
                lambda shown, most: list(groups), ask, purse, before=asked, room=room, is_hasty=is_hasty
            )  # type: ignore[arg-type]
            said = [answer for answer, _ in asked.answers]
            asked.forget()
            return said

        turns: list[list[str]] = []

        async def both() -> None:
            turns.append(await turn("abc", is_hasty=True))
            turns.append(await turn("d", is_hasty=False))

        tasks.start_soon(both)
        await clock.advance(3.9)
        assert turns == []
        await clock.advance(0.1)
        assert turns == [["about a", "about b"]], "the third had as long again as the first two took"
        await clock.advance(5.0)
        assert turns[1] == ["about c", "about d"]
