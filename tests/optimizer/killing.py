"""Kills a run of the optimizer at random moments and resumes it, until it ends."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from reflector.signals.sqlite_journal import SqliteJournal
from reflector.simulation import World
from reflector.testing.loopback import LoopbackServer

__all__ = ["Ending", "kill_and_resume"]

_PROGRAM = Path(__file__).with_name("killed_run.py")


class Ending(NamedTuple):
    """How a run ended, and what its log and the server know of it."""

    best: dict[str, Any]
    kills: int
    recorded: Counter[tuple[int, int]]
    """How often each row of an order stands in the log."""
    reflected: Counter[int]
    """The same for reflections."""
    requests: int
    """That reached the server."""


def kill_and_resume(store: Path, kills: int, rng: random.Random, *, requests: int = 300) -> Ending:
    """Kill a run so many times, each time after another number of requests, resume it, and let it end."""
    world = World("clean", 3)
    done = 0
    with world.server() as server:
        for _ in range(kills):
            share = requests // (kills + 1)
            done += _run_until(server, store, len(server.requests) + rng.randint(share // 3, share))
        best = _finish(server, store)
        count = len(server.requests)
    with SqliteJournal(store, read_only=True) as journal:
        recorded = Counter(
            (fact.data["order"], row)
            for fact in journal.replay("reflector.run.evaluated")
            for row in fact.data["rows"]
        )
        reflected = Counter(fact.data["order"] for fact in journal.replay("reflector.run.proposed"))
    return Ending(best, done, recorded, reflected, count)


def _start(server: LoopbackServer, store: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(_PROGRAM), server.base_url, str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _run_until(server: LoopbackServer, store: Path, requests: int) -> int:
    """Kill the run when so many requests have come; return 0 if it ended before."""
    child = _start(server, store)
    while len(server.requests) < requests and child.poll() is None:
        time.sleep(0.002)  # what another process does cannot be waited for otherwise
    was_running = child.poll() is None
    child.kill()
    child.communicate()
    return int(was_running)


def _finish(server: LoopbackServer, store: Path) -> dict[str, Any]:
    child = _start(server, store)
    said, problem = child.communicate(timeout=300)
    assert child.returncode == 0, problem.decode()
    best: dict[str, Any] = json.loads(said)
    return best
