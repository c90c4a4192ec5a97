"""How fast a journal takes signals, beside SQLite fed by hand in the same run."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reflector.signals.journal import Journal, encode
from reflector.signals.journal_file import Durability
from reflector.signals.memory_journal import MemoryJournal
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal

COUNT = 100_000
TARGET = 100_000


def signals() -> list[Signal]:
    """Return requests and their replies, of about 400 bytes of JSON each."""
    made: list[Signal] = []
    for number in range(COUNT // 2):
        request = Signal(
            "reflector.demo.requested", "/bench", {"n": number, "text": "what a model asks " * 3}
        )
        made += [request, request.reply({"n": number, "text": "what it gets back " * 3})]
    return made


def by_hand(folder: Path) -> None:
    """The floor: encoded signals in one table without an index, one transaction, nothing else."""
    connection = sqlite3.connect(folder / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE signals (position INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO signals (body) VALUES (?)", ((signal.to_json().decode(),) for signal in signals())
    )
    connection.execute("COMMIT")
    connection.close()


def journaled(make: Callable[[], Journal]) -> None:
    with make() as journal:
        for signal in signals():
            journal.append(signal)


def encoded() -> None:
    for signal in signals():
        encode(signal)


def on_disk(folder: Path, durability: Durability) -> SqliteJournal:
    return SqliteJournal(folder / f"{durability}.journal", durability=durability)


def replayed(folder: Path) -> None:
    with SqliteJournal(folder / "batch.journal", read_only=True) as journal:
        assert sum(1 for _ in journal.replay()) == COUNT


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds it takes on the wall's clock and on the processor's, all threads together."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    cases: dict[str, Callable[[Path], object]] = {
        "SQLite by hand, no index": by_hand,
        "encode only": lambda folder: encoded(),
        "MemoryJournal": lambda folder: journaled(MemoryJournal),
        "SqliteJournal, commit": lambda folder: journaled(lambda: on_disk(folder, "commit")),
        "SqliteJournal, batch": lambda folder: journaled(lambda: on_disk(folder, "batch")),
        "SqliteJournal, off": lambda folder: journaled(lambda: on_disk(folder, "off")),
        "replay, SqliteJournal, batch": replayed,
    }
    rates: dict[str, float] = {}
    making_wall, making_processor = measure(signals)
    print(
        f"{'journal: ' + format(COUNT, ',') + ' signals':32}{'signals/s':>12}{'x by hand':>12}{'CPU us each':>14}"
    )
    with tempfile.TemporaryDirectory() as name:
        for case, work in cases.items():
            wall, processor = measure(lambda work=work: work(Path(name)))
            if work is not replayed:
                wall, processor = wall - making_wall, processor - making_processor
            rates[case] = COUNT / wall
            against = rates[case] / rates["SQLite by hand, no index"]
            print(f"{case:32}{rates[case]:12,.0f}{against:12.2f}{processor / COUNT * 1e6:14.1f}")
    reached = rates["SqliteJournal, batch"]
    print(
        f"target {TARGET:,}/s in batches: {'reached' if reached >= TARGET else 'missed'} ({reached:,.0f}/s)"
    )


if __name__ == "__main__":
    main()
