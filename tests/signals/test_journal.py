"""Both journals keep the promises of the conformance suite."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reflector.signals.journal import Journal
from reflector.signals.memory_journal import MemoryJournal
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
