"""How fast a journal takes signals, beside SQLite fed by hand in the same run."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reflector.signals.journal import Journal, encode
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


def replayed(path: Path) -> None:
    with SqliteJournal(path, read_only=True) as journal:
        assert sum(1 for _ in journal.replay()) == COUNT


def measure(work: Callable[[], object], baseline: float = 0.0) -> float:
    """Return signals per second of wall time, the making of the signals taken off."""
    start = time.perf_counter()
    work()
    return COUNT / max(1e-9, time.perf_counter() - start - baseline)


def main() -> None:
    making = COUNT / measure(lambda: len(signals()))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rates = {"SQLite by hand, no index": measure(lambda: by_hand(folder), making)}
        rates["encode only"] = measure(encoded, making)
        rates["MemoryJournal"] = measure(lambda: journaled(MemoryJournal), making)
        for durability in ("commit", "batch", "off"):
            path = folder / f"{durability}.journal"
            rates[f"SqliteJournal, {durability}"] = measure(
                lambda path=path, durability=durability: journaled(
                    lambda: SqliteJournal(path, durability=durability)
                ),
                making,
            )
        rates["replay, SqliteJournal"] = measure(lambda: replayed(folder / "batch.journal"))
    floor = rates["SQLite by hand, no index"]
    print(f"{'journal: ' + format(COUNT, ',') + ' signals':34}{'signals/s':>12}{'x by hand':>12}")
    for case, rate in rates.items():
        print(f"{case:34}{rate:12,.0f}{rate / floor:12.2f}")
    reached = rates["SqliteJournal, batch"]
    print(
        f"target {TARGET:,}/s in batches: {'reached' if reached >= TARGET else 'missed'} ({reached:,.0f}/s)"
    )


if __name__ == "__main__":
    main()
