"""What the store of answers costs: a hit, a miss, and how that compares with a plain dict and plain SQLite."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio

from reflector._json import dumps, loads
from reflector.dispatch.store import AnswerStore, fingerprint_of
from reflector.llm.messages import ModelRequest
from reflector.llm.model import Model

COUNT = 2000
ROUNDS = 3
ANSWER = {"content": "x" * 4000, "usage": {"input_tokens": 3000, "output_tokens": 1000, "calls": 1}}
REQUEST = ModelRequest.from_text("y" * 12_000, system="z" * 3000)


@contextmanager
def stores() -> Iterator[dict[str, AnswerStore]]:
    with tempfile.TemporaryDirectory() as folder, AnswerStore(Path(folder) / "a.db") as file:
        yield {"memory": AnswerStore(), "SQLite": file}


async def measure(work: Callable[[int], Any], count: int = COUNT) -> float:
    """Return the microseconds of one call, best of the rounds; each round has numbers of its own."""
    best = float("inf")
    for number in range(ROUNDS):
        start = time.perf_counter()
        for each in range(number * count, (number + 1) * count):
            result = work(each)
            if result is not None:
                await result
        best = min(best, (time.perf_counter() - start) / count * 1e6)
    return best


async def answer() -> Any:
    return ANSWER


async def peers(folder: Path) -> dict[str, float]:
    """Return what the least that could do it takes."""
    kept = {"f": dumps(ANSWER)}
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE a (f TEXT PRIMARY KEY, v BLOB)")
    connection.execute("INSERT INTO a VALUES ('f', ?)", (kept["f"],))

    def get(_: int) -> None:
        loads(connection.execute("SELECT v FROM a WHERE f = 'f'").fetchone()[0])

    def put(number: int) -> None:
        connection.execute("INSERT INTO a VALUES (?, ?)", (str(number), dumps(ANSWER)))

    figures = {
        "dict and orjson, get": await measure(lambda _: loads(kept["f"]) and None),
        "plain sqlite3, get": await measure(get),
        "plain sqlite3, put": await measure(put),
    }
    connection.close()
    return figures


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = await peers(Path(folder))
    with stores() as both:
        for name, store in both.items():
            store.put("f", ANSWER)
            figures[f"{name}: get"] = await measure(lambda _, store=store: store.get("f") and None)
            figures[f"{name}: once, hit"] = await measure(lambda _, store=store: store.once("f", answer))
            figures[f"{name}: once, miss"] = await measure(lambda n, store=store: store.once(str(n), answer))
    figures["fingerprint of a 15 kB request"] = await measure(
        lambda _: fingerprint_of("model", REQUEST.model_dump(mode="json")) and None
    )
    with stores() as both:
        for name, store in both.items():
            model = Model(lambda messages: "x" * 4000, store=store)
            await model.complete(REQUEST)
            figures[f"Model with {name}: hit"] = await measure(lambda _, model=model: model.complete(REQUEST))
    floor = {"get": figures["plain sqlite3, get"], "once, hit": figures["plain sqlite3, get"]}
    floor |= {"once, miss": figures["plain sqlite3, put"]}
    print(f"{'':34} {'µs a call':>10} {'x plain sqlite3':>16}")
    for name, micros in figures.items():
        peer = floor.get(name.partition(": ")[2])
        print(f"{name:34} {micros:10.1f} {'' if peer is None else f'{micros / peer:.1f}':>16}")


if __name__ == "__main__":
    anyio.run(main)
