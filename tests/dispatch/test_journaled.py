"""A run is its log: what agents and providers did can be read from the journal's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.task import Task
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal

pytestmark = pytest.mark.anyio


async def test_the_journal_tells_who_asked_whom_and_why(tmp_path: Path) -> None:
    async def summarize(task: Task, context: Any) -> str:
        words = (await execute(Task(kind="count", payload=task.payload))).value
        return f"{words} words"

    async def count(task: Task, context: Any) -> int:
        return len(task.payload.split())

    async with SqliteJournal(tmp_path / "run.journal") as journal, Runtime(journal=journal) as runtime:
        await runtime.spawn(summarize, name="summarize", accepts=["summary"])
        await runtime.spawn(count, name="count", accepts=["count"])
        assert (await execute(Task(kind="summary", payload="one two three"))).value == "3 words"

    with SqliteJournal(tmp_path / "run.journal", read_only=True) as journal:
        assert journal.check() == []
        (outer,) = journal.replay("reflector.summary.requested")
        (inner,) = journal.replay("reflector.count.requested")
        assert [signal.type.removeprefix("reflector.") for signal in journal.conversation(outer)] == [
            "summary.requested",
            "count.requested",
            "count.completed",
            "summary.completed",
        ]
        assert journal.cause(inner) == outer
        (answer,) = journal.effects(inner)
        assert (answer.data, answer.source) == (3, "/agents/count")
        assert [signal.id for signal in journal.chain(answer, "backward")] == [answer.id, inner.id, outer.id]


async def test_a_value_without_a_json_form_does_not_break_the_run(tmp_path: Path) -> None:
    async def give_object(task: Task, context: Any) -> object:
        return object()

    async with SqliteJournal(tmp_path / "run.journal") as journal, Runtime(journal=journal) as runtime:
        await runtime.spawn(give_object, accepts=["demo"])
        assert type((await execute(Task(kind="demo", payload={1, 2}))).value) is object
        (answer,) = journal.replay("reflector.demo.completed")
        assert isinstance(answer, Signal)
        assert (answer.extensions or {})["journalerror"]
