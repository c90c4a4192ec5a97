"""SQLite files of ours: what is read of them before they are used."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reflector._sqlite import USED_BYTES, open_reader, open_writer, read_header, transaction, why_unreachable
from reflector.code.store_file import CODE_INDEX
from reflector.errors import JournalOpenError
from reflector.signals.journal_file import JOURNAL


class Interrupted(sqlite3.Connection):
    """Somebody else makes the file between our first look at it and the second."""

    other: sqlite3.Connection

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        if sql == "PRAGMA application_id":
            self.other.execute("PRAGMA application_id = 7")
            self.other.execute("PRAGMA user_version = 1")
        return cursor


def test_a_file_that_is_made_meanwhile_is_not_taken_for_a_foreign_one(tmp_path: Path) -> None:
    path = tmp_path / "made.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as other,
        closing(sqlite3.connect(path, isolation_level=None, factory=Interrupted)) as mine,
    ):
        other.execute("PRAGMA journal_mode = WAL")
        mine.other = other
        assert read_header(mine) == (0, 0, 0)
        assert read_header(mine) == (7, 1, 0)


def test_a_file_in_a_folder_that_takes_no_other_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind: a reader of a WAL makes two files beside it otherwise."""
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs the tests may write anywhere
    for kind in (JOURNAL, CODE_INDEX):
        path = tmp_path / kind.noun
        open_writer(kind, path).close()
        with closing(open_reader(kind, path)):
            assert list(tmp_path.iterdir()) == [path]
        path.unlink()


def test_a_file_that_may_only_be_read_is_not_opened_for_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite opens it all the same, and fails at the first row."""
    path = tmp_path / "run"
    open_writer(JOURNAL, path).close()
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs the tests may write anywhere
    with pytest.raises(JournalOpenError, match="it may only be read") as caught:
        open_writer(JOURNAL, path)
    assert caught.value.reason == "unreachable"


def test_several_may_make_the_same_file_at_once(tmp_path: Path) -> None:
    def make(number: int) -> None:
        start.wait()
        open_writer(CODE_INDEX, tmp_path / f"{number}.db").close()

    start = threading.Barrier(3)
    with ThreadPoolExecutor(3) as pool:
        for number in range(100):
            list(pool.map(make, [number] * 3))


def test_what_is_in_a_file_is_measured_without_what_was_freed(tmp_path: Path) -> None:
    with closing(open_writer(JOURNAL, tmp_path / "run")) as connection:

        def used() -> int:
            (number,) = connection.execute(f"SELECT {USED_BYTES}").fetchone()
            return int(number)

        empty = used()
        connection.execute("CREATE TABLE more (text)")
        connection.execute("INSERT INTO more VALUES (zeroblob(100000))")
        assert empty + 100_000 < used() < empty + 130_000
        connection.execute("DROP TABLE more")
        assert used() == empty


def test_a_disk_that_is_full_while_a_file_is_written_is_told_as_such(tmp_path: Path) -> None:
    with closing(open_writer(JOURNAL, tmp_path / "run")) as connection:
        connection.execute("CREATE TABLE more (text)")
        connection.execute("PRAGMA max_page_count = 1")
        with pytest.raises(sqlite3.OperationalError, match="full"), transaction(connection):
            connection.execute("INSERT INTO more VALUES (zeroblob(100000))")


def test_a_folder_that_takes_no_file_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("unable to open database file")
    assert why_unreachable(tmp_path / "new.db", error) == "there is no such file"
    monkeypatch.setattr("os.access", lambda path, mode: False)  # who runs the tests may write anywhere
    assert "cannot be written to" in why_unreachable(tmp_path / "new.db", error)
