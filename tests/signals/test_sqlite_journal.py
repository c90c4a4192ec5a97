"""The journal on disk: files that are not ours, reading while writing, failures, killed processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from reflector.errors import (
    ConfigurationError,
    InvalidSignalError,
    JournalClosedError,
    JournalDamagedError,
    JournalOpenError,
    JournalWriteError,
)
from reflector.signals.journal import encode
from reflector.signals.journal_file import open_writer
from reflector.signals.journal_writer import JournalWriter
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal


def numbered(number: int) -> Signal:
    return Signal("demo.ping", "/check", {"n": number}, id=f"s{number}")


def filled(path: Path, count: int = 3) -> Path:
    with SqliteJournal(path, durability="off") as journal:
        for number in range(count):
            journal.append(numbered(number))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.journal"


@pytest.mark.parametrize("durability", ["commit", "batch", "off"])
def test_a_closed_journal_opens_again_and_goes_on(path: Path, durability: str) -> None:
    for number in range(3):
        with SqliteJournal(path, durability=durability) as journal:  # type: ignore[arg-type]  # one of the three
            journal.append(numbered(number))
    with SqliteJournal(path) as journal:
        assert [signal.data["n"] for signal in journal.replay()] == [0, 1, 2]
        assert journal.check() == []


def test_closing_leaves_one_file(path: Path) -> None:
    filled(path)
    assert [file.name for file in path.parent.iterdir()] == ["run.journal"]


@pytest.mark.parametrize("content", [b"some text, long enough to be no header of SQLite" * 100, b"short"])
def test_a_file_of_something_else_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(JournalOpenError, match="something else") as caught:
        SqliteJournal(path)
    assert caught.value.reason == "foreign"
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE signals (anything TEXT)")
    other.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(JournalOpenError, match="something else"):
            SqliteJournal(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    newer = sqlite3.connect(filled(path))
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(JournalOpenError, match=r"newer version.*99") as caught:
        SqliteJournal(path)
    assert caught.value.reason == "newer"
    assert path.read_bytes() == before


def test_an_unreachable_file_is_a_typed_error(tmp_path: Path) -> None:
    for path, read_only in ((tmp_path / "no" / "folder", False), (tmp_path, False), (tmp_path / "no", True)):
        with pytest.raises(JournalOpenError) as caught:
            SqliteJournal(path, read_only=read_only)
        assert caught.value.reason == "unreachable"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_becomes_a_journal_but_is_none_to_read(path: Path) -> None:
    path.touch()
    with pytest.raises(JournalOpenError, match="empty"):
        SqliteJournal(path, read_only=True)
    filled(path)
    with SqliteJournal(path) as journal:
        assert len(journal) == 3


def test_an_unknown_durability_makes_no_file(path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match="durability must be one of commit, batch, off; got 'always'"
    ):
        SqliteJournal(path, durability="always")  # type: ignore[arg-type]  wrong on purpose
    assert not path.exists()


@pytest.mark.parametrize("size", [100, 8192, 9000])
def test_a_journal_that_was_copied_in_part_is_not_called_something_else(path: Path, size: int) -> None:
    path.write_bytes(filled(path, 300).read_bytes()[:size])
    for read_only in (False, True):
        with pytest.raises(JournalOpenError, match="malformed") as caught:
            SqliteJournal(path, read_only=read_only)
        assert caught.value.reason == "damaged"
    assert path.stat().st_size == size


def test_a_name_with_special_characters_is_a_name(tmp_path: Path) -> None:
    path = filled(tmp_path / "a run? 100%#1.journal")
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_reader_sees_what_another_writes(path: Path) -> None:
    with SqliteJournal(path) as journal, SqliteJournal(path, read_only=True) as reader:
        assert len(reader) == 0
        for number in range(3):
            journal.append(numbered(number))
            assert len(journal) == len(reader) == number + 1
        with pytest.raises(JournalClosedError, match="reading only"):
            reader.append(numbered(3))


def test_two_writers_of_one_file_lose_nothing(path: Path) -> None:
    with SqliteJournal(path, durability="off") as left, SqliteJournal(path, durability="off") as right:
        for number in range(0, 400, 2):
            left.append(numbered(number))
            right.append(numbered(number + 1))
        assert len(left) + len(right) >= 400
        assert {signal.data["n"] for signal in right.replay()} >= set(range(1, 400, 2))
    with SqliteJournal(path) as journal:
        assert {signal.data["n"] for signal in journal.replay()} == set(range(400))
        assert journal.check() == []


def test_many_threads_append(path: Path) -> None:
    with SqliteJournal(path, durability="off") as journal:

        def work(first: int) -> None:
            for number in range(first, first + 200):
                journal.append(numbered(number))

        threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 800, 200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        numbers = [signal.data["n"] for signal in journal.replay()]
    assert sorted(numbers) == list(range(800))
    assert [number for number in numbers if number < 200] == list(range(200))


def test_more_than_one_statement_takes_is_written_in_order_and_once(path: Path) -> None:
    """The file is locked by somebody else until all wait; every fifth came before."""
    with SqliteJournal(path, durability="off") as journal:
        _, source, *rest = encode(numbered(0))
        blocker = open_writer(path, "off")
        blocker.execute("BEGIN IMMEDIATE")
        writer = journal._writer
        assert writer is not None
        for number in range(10_000):
            writer.put((f"s{number - number % 5}", source, *rest))  # type: ignore[arg-type]  # the rest of a row
        blocker.execute("COMMIT")
        blocker.close()
        ids = [id_ for (id_,) in journal._select("SELECT id FROM signals ORDER BY position")]
        assert len(journal) == 2_000
    assert ids == [f"s{number}" for number in range(0, 10_000, 5)]


def test_asking_a_closed_journal_is_a_typed_error(path: Path) -> None:
    journal = SqliteJournal(path)
    journal.close()
    with pytest.raises(JournalClosedError):
        len(journal)


def test_check_names_what_was_tampered_with(path: Path) -> None:
    filled(path, 5)
    intruder = sqlite3.connect(path)
    intruder.execute("DELETE FROM signals WHERE position = 3")
    intruder.execute("UPDATE signals SET body = '{\"half' WHERE position = 2")
    intruder.execute("UPDATE signals SET type = 'other' WHERE position = 4")
    intruder.execute("UPDATE signals SET time_us = 7 WHERE position = 5")
    intruder.commit()
    intruder.close()
    with SqliteJournal(path) as journal:
        problems = journal.check()
    assert len(problems) == 4
    assert problems[0] == "1 positions are missing"
    assert problems[1].startswith("position 2: no signal can be made of it: expected JSON")
    assert problems[2].startswith("position 4: column type says 'other'")
    assert problems[3].startswith("position 5: column time_us says 7")


def test_damage_is_a_typed_error(path: Path) -> None:
    filled(path, 2000)
    content = bytearray(path.read_bytes())
    content[3 * 8192 :] = bytes(len(content) - 3 * 8192)
    path.write_bytes(content)
    with SqliteJournal(path, read_only=True) as journal:
        with pytest.raises(JournalDamagedError, match="cannot be used"):
            list(journal.replay())
        assert journal.check()


def test_a_check_that_breaks_off_keeps_what_it_found_before(path: Path) -> None:
    filled(path, 4)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM signals WHERE position = 2")
        connection.execute("UPDATE signals SET body = CAST(x'ff' AS TEXT) WHERE position = 3")
    with SqliteJournal(path) as journal:
        missing, undecodable = journal.check()
    assert missing == "1 positions are missing"
    assert "cannot be used: Could not decode to UTF-8" in undecodable


def test_a_journal_that_grows_while_it_is_checked_is_sound(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(path, 3)
    with SqliteJournal(path) as journal:
        select = journal._select

        def select_and_append(*query: Any) -> list[Any]:
            found = select(*query)
            journal.append(Signal("test.more", "/s"))
            return found

        monkeypatch.setattr(journal, "_select", select_and_append)
        assert journal.check() == []


def test_the_check_tells_what_no_signal_can_be_made_of(path: Path) -> None:
    filled(path, 1)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE signals SET body = json_set(body, '$.time', 'late')")
    with SqliteJournal(path) as journal:
        (problem,) = journal.check()
    assert problem.startswith("position 1: no signal can be made of it: time")


def test_a_failed_write_is_told_to_everybody(path: Path) -> None:
    connection = open_writer(path, "off")
    connection.execute("DROP TABLE signals")
    writer = JournalWriter(connection, name="run")
    number = writer.put(encode(numbered(0)))
    with pytest.raises(JournalWriteError, match="no such table") as caught:
        writer.wait(number)
    assert caught.value.unwritten == 1
    with pytest.raises(JournalWriteError):
        writer.put(encode(numbered(1)))
    with pytest.raises(JournalWriteError):
        writer.close()
    writer.close()


@pytest.mark.parametrize("measure", ["rows", "characters"])
def test_a_full_queue_holds_back_until_there_is_room(
    path: Path, monkeypatch: pytest.MonkeyPatch, measure: str
) -> None:
    """The file is locked by somebody else; `put` waits as soon as three signals wait to be written."""
    rows = [encode(numbered(number)) for number in range(4)]
    if measure == "characters":
        most = sum(len(body) for *_, body in rows[:3]) - 1
        monkeypatch.setattr("reflector.signals.journal_writer._WAITING_CHARACTERS", most)
    blocker = open_writer(path, "off")
    blocker.execute("BEGIN IMMEDIATE")
    writer = JournalWriter(
        open_writer(path, "off"), name="run", max_waiting=3 if measure == "rows" else 65_536
    )
    for row in rows[:3]:
        writer.put(row)
    returned = threading.Event()

    def put_one_more() -> None:
        writer.put(rows[3])
        returned.set()

    thread = threading.Thread(target=put_one_more)
    thread.start()
    assert not returned.wait(0.02)
    assert writer.waiting == 3
    with pytest.raises(JournalWriteError, match="3 signals still wait"):
        writer.wait(3, timeout=0.01)
    blocker.execute("COMMIT")
    blocker.close()
    assert returned.wait(10)
    thread.join()
    writer.close()
    with SqliteJournal(path) as journal:
        assert len(journal) == 4


def test_a_journal_that_nobody_closed_is_written_at_the_end(path: Path) -> None:
    program = (
        "import sys\n"
        "from reflector.signals.signal import Signal\n"
        "from reflector.signals.sqlite_journal import SqliteJournal\n"
        "assert 'sqlite3' not in sys.modules\n"
        f"SqliteJournal({str(path)!r}).append(Signal('demo.ping', '/check'))\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
    with SqliteJournal(path) as journal:
        assert len(journal) == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_forked_copy_leaves_the_file_to_the_original(path: Path) -> None:
    """It says so, too: what it appended would be lost, and nobody would write what it waits for."""
    program = (
        "import os, sys\n"
        "from reflector.errors import JournalClosedError\n"
        "from reflector.signals.signal import Signal\n"
        "from reflector.signals.sqlite_journal import SqliteJournal\n"
        f"journal = SqliteJournal({str(path)!r})\n"
        "journal.append(Signal('demo.ping', '/check'))\n"
        "assert len(journal) == 1\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    for use in (lambda: journal.append(Signal('demo.ping', '/check')), journal.__len__):\n"
        "        try:\n"
        "            use()\n"
        "        except JournalClosedError:\n"
        "            continue\n"
        "        sys.exit(1)\n"
        "    sys.exit()\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "journal.append(Signal('demo.ping', '/check'))\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=30)
    with SqliteJournal(path) as journal:
        assert len(journal) == 2
        assert journal.check() == []


@pytest.mark.anyio
async def test_write_refuses_a_signal_that_breaks_the_standard(path: Path) -> None:
    with SqliteJournal(path) as journal:
        with pytest.raises(InvalidSignalError):
            await journal.write(numbered(1).replace(subject="\x00"))
        assert len(journal) == 0


_WRITES_UNTIL_KILLED = """
import itertools, os, random, signal, sys
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal
import sqlite3

path, chance = sys.argv[1], random.Random(int(sys.argv[2]))

def write_forever(start, pipe):
    # Acknowledges on the pipe, as 8 bytes, the number up to which everything is written.
    journal = SqliteJournal(path, durability=chance.choice(["batch", "off"]))
    writer = journal._writer
    for number in itertools.count(start):
        data = {"n": number, "text": "x" * chance.randrange(2000)}
        journal.append(Signal("demo.ping", "/child", data, id=f"s{number}"))
        if chance.random() < 0.05:
            writer.wait(writer.last)
            os.write(pipe, number.to_bytes(8, "big"))

for _ in range(int(sys.argv[3])):
    with SqliteJournal(path) as journal:
        problems = journal.check()
        assert not problems, problems
        numbers = [signal.data["n"] for signal in journal.replay()]
    assert numbers == list(range(len(numbers))), "a gap, or out of order"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        write_forever(len(numbers), writing)
    os.close(writing)
    acknowledged = b""
    for _ in range(chance.randrange(1, 12)):
        acknowledged = os.read(reading, 8)
    for _ in range(chance.randrange(100_000)):
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(reading, 8):
        acknowledged = more
    os.close(reading)
    with SqliteJournal(path, read_only=True) as journal:
        kept = len(journal)
    assert kept > int.from_bytes(acknowledged, "big"), "an acknowledged signal is gone"
    print(kept)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")
def test_fifty_kills_while_writing_leave_no_gap_and_no_half_signal(path: Path) -> None:
    """A process is killed with SIGKILL at a random moment, and what it left is checked; fifty times on one file."""
    finished = subprocess.run(
        [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(path), "1", "50"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    counts = [int(line) for line in finished.stdout.split()]
    assert len(counts) == 50
    assert counts == sorted(counts)
