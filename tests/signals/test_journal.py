"""Both journals keep the promises of the conformance suite."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.signals.journal import Journal
from reflector.signals.memory_journal import MemoryJournal
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal
from reflector.testing.journal_suite import JOURNAL_CHECKS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["memory", "sqlite"])
def make_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Journal]:
    numbers = itertools.count()

    def make(**limits: Any) -> Journal:
        if request.param == "memory":
            return MemoryJournal(**limits)
        return SqliteJournal(tmp_path / f"{next(numbers)}.journal", durability="off", **limits)

    return make


@pytest.mark.parametrize("check", JOURNAL_CHECKS, ids=lambda check: check.__name__)
async def test_conformance(check: Callable[..., Any], make_journal: Callable[..., Journal]) -> None:
    await check(make_journal)


_names = st.sampled_from(["a", "b", "c", "d"])
_signals = st.lists(
    st.builds(
        Signal,
        type=st.sampled_from(["x.requested", "x.completed", "y.z.failed"]),
        source=st.sampled_from(["/one", "/two"]),
        data=st.none() | st.text() | st.binary() | st.lists(st.integers()),
        id=_names,
        time=st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 2), timezones=st.just(UTC)),
        correlationid=st.none() | _names,
        causationid=st.none() | _names,
    ),
    max_size=20,
)


@settings(max_examples=40, deadline=None)
@given(signals=_signals, max_signals=st.none() | st.integers(1, 8), noon=st.booleans())
def test_both_journals_answer_alike(signals: list[Signal], max_signals: int | None, noon: bool) -> None:
    """Whatever is appended, circles and repetitions included, every query gives the same on both."""
    since = datetime(2024, 1, 1, 12, tzinfo=UTC) if noon else None

    def answers(journal: Journal) -> list[Any]:
        found: list[Any] = [len(journal), journal.check()]
        for signal in signals:
            journal.append(signal)
            found.append(len(journal))
        for pattern in ("**", "x.*", "y.z.failed"):
            found.append(list(journal.replay(pattern, since=since)))
            found.append(list(journal.replay(pattern, until=since, correlation="a")))
        for name in "abcd":
            found.append((journal.get(name), journal.cause(name), journal.effects(name)))
            found.append((journal.chain(name), journal.chain(name, "backward"), journal.conversation(name)))
        return [*found, journal.check()]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.journal")
        with SqliteJournal(path, durability="off", max_signals=max_signals) as on_disk:
            assert answers(on_disk) == answers(MemoryJournal(max_signals=max_signals))
