"""How fast a journal takes signals, beside SQLite fed by hand in the same run; the best of several rounds counts."""

from __future__ import annotations

import gc
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
ROUNDS = 3


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
    return SqliteJournal(folder / "bench.journal", durability=durability)


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds it takes on the wall's clock and on the processor's, all threads together."""
    gc.collect()
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def best(work: Callable[[Path], object]) -> tuple[float, float]:
    """Return the least wall time and processor time of several rounds, each with a new file."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            rounds.append(measure(lambda name=name: work(Path(name))))
    return min(wall for wall, _ in rounds), min(processor for _, processor in rounds)


def replaying() -> tuple[float, float]:
    """Return the same for reading everything back."""
    with tempfile.TemporaryDirectory() as name, on_disk(Path(name), "batch") as journal:
        for signal in signals():
            journal.append(signal)
        rounds = [measure(lambda: sum(1 for _ in journal.replay())) for _ in range(ROUNDS)]
    return min(rounds)


def main() -> None:
    cases: dict[str, Callable[[Path], object]] = {
        "SQLite by hand, no index": by_hand,
        "encode only": lambda folder: encoded(),
        "MemoryJournal": lambda folder: journaled(MemoryJournal),
        "SqliteJournal, commit": lambda folder: journaled(lambda: on_disk(folder, "commit")),
        "SqliteJournal, batch": lambda folder: journaled(lambda: on_disk(folder, "batch")),
        "SqliteJournal, off": lambda folder: journaled(lambda: on_disk(folder, "off")),
    }
    making_wall, making_processor = best(lambda folder: signals())
    print(
        f"{'journal: ' + format(COUNT, ',') + ' signals':32}{'signals/s':>12}{'x by hand':>12}{'CPU us each':>14}"
    )
    rates: dict[str, float] = {}

    def show(case: str, wall: float, processor: float) -> None:
        rates[case] = COUNT / wall
        against = rates[case] / rates["SQLite by hand, no index"]
        print(f"{case:32}{rates[case]:12,.0f}{against:12.2f}{processor / COUNT * 1e6:14.1f}")

    for case, work in cases.items():
        wall, processor = best(work)
        show(case, wall - making_wall, processor - making_processor)
    show("replay, SqliteJournal, batch", *replaying())
    reached = rates["SqliteJournal, batch"]
    print(
        f"target {TARGET:,}/s in batches: {'reached' if reached >= TARGET else 'missed'} ({reached:,.0f}/s)"
    )


if __name__ == "__main__":
    main()
