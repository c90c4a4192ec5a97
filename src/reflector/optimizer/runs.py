"""Runs by their logs: what a folder of them holds, and what one tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reflector.errors import JournalError, RunLogError
from reflector.signals.signal import Signal
from reflector.signals.sqlite_journal import SqliteJournal
from reflector.usage import Usage

__all__ = ["RunRecord", "read_run", "read_runs"]

_PREFIX = "reflector.run."


@dataclass(slots=True)
class RunRecord:
    """What the log of a run tells. It is read while the run goes on, too."""

    path: Path
    id: str = ""
    started: datetime | None = None
    state: str = "unfinished"
    """`unfinished`: it runs, or was killed, and can be resumed. Otherwise why it ended: `budget`, `interrupted`…"""
    seed: dict[str, str] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    """What was noted about it; the command line notes the file of its configuration as `config`."""
    rollouts: int = 0
    reflections: int = 0
    seed_score: float | None = None
    spend: Usage = field(default_factory=Usage)
    proposals: list[dict[str, Any]] = field(default_factory=list)
    """As they were committed; those that were accepted have a `candidate`."""
    texts: dict[int, dict[str, str]] = field(default_factory=dict, repr=False)
    """Of the candidates, by number and component."""
    frontier: list[int] = field(default_factory=list)
    test: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """What it is called: as noted, else as its file is."""
        return str(self.notes.get("name") or self.path.stem)

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """Return the accepted candidates with their validation scores, the seed first."""
        seed = {"number": 0, "components": self.seed, "parents": [], "changes": [], "score": self.seed_score}
        accepted = [
            each["candidate"] | {"score": each["score"]} for each in self.proposals if each["candidate"]
        ]
        return sorted([seed, *accepted], key=lambda each: int(each["number"]))

    @property
    def best(self) -> dict[str, Any]:
        """Return the candidate with the highest validation score; of equal ones the first."""
        return max(self.candidates, key=lambda each: -math.inf if each["score"] is None else each["score"])

    @property
    def lineage(self) -> list[dict[str, Any]]:
        """Return the best and its ancestors, the seed first."""
        by_number = {each["number"]: each for each in self.candidates}
        wanted, waiting = set(), [self.best["number"]]
        while waiting:
            if (number := waiting.pop()) not in wanted:
                wanted.add(number)
                waiting += by_number[number]["parents"]
        return [by_number[number] for number in sorted(wanted)]

    def row(self) -> dict[str, Any]:
        """Return it as an entry of a list."""
        return {
            "id": self.id,
            "name": self.name,
            "path": str(self.path),
            "started": None if self.started is None else self.started.isoformat(),
            "state": self.state,
            "seed_score": self.seed_score,
            "best_score": self.best["score"],
            "rollouts": self.rollouts,
            "reflections": self.reflections,
            "cost_usd": self.spend.cost_usd,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return self.row() | {
            "best": self.best,
            "test": self.test,
            "frontier": self.frontier,
            "lineage": [each["number"] for each in self.lineage],
            "candidates": self.candidates,
            "proposals": self.proposals,
            "budget": self.budget,
            "spend": self.spend.model_dump(mode="json"),
            "notes": self.notes,
        }


def read_run(path: str | Path) -> RunRecord:
    """Return what the log of a run tells.

    Raises:
        RunLogError: If the file cannot be read, or is no log of a run.
    """
    path = Path(path)
    record, seeds = RunRecord(path), list[float]()
    try:
        with SqliteJournal(path, read_only=True) as journal:
            for signal in journal.replay(f"{_PREFIX}*"):
                _take(record, signal, seeds)
    except (JournalError, KeyError, TypeError, ValueError) as err:
        raise RunLogError(f"{str(path)!r} cannot be read as the log of a run: {err}") from err
    if not record.id:
        raise RunLogError(f"{str(path)!r} is no log of a run: it holds no fact of one.")
    return record


def read_runs(folder: str | Path) -> Iterator[RunRecord]:
    """Yield the runs of a folder, or of one file, the newest first; files that are none are passed over.

    Raises:
        RunLogError: If the one file is no log of a run, or there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        yield read_run(folder)
        return
    found = []
    for file in folder.glob("*.db"):
        try:
            found.append(read_run(file))
        except RunLogError:
            continue
    yield from sorted(found, key=lambda each: (each.started is not None, each.started, each.id), reverse=True)


def _take(record: RunRecord, signal: Signal, seeds: list[float]) -> None:
    fact: Mapping[str, Any] = signal.data
    match signal.type.removeprefix(_PREFIX):
        case "started":
            record.id, record.started = fact["id"], signal.time
            record.seed, record.budget = dict(fact["seed"]), dict(fact["budget"])
            record.texts[0] = record.seed
        case "evaluated":
            record.state = "unfinished"
            record.rollouts += len(fact["rows"])
            record.spend += sum((Usage(**used) for used in fact.get("usage", ()) if used), Usage())
            if fact["order"] == 0:  # the seed's validation
                seeds += fact["score"]
                record.seed_score = math.fsum(seeds) / len(seeds) if fact["is_complete"] else None
        case "proposed":
            record.state = "unfinished"
            record.reflections += fact["calls"]
            record.spend += Usage(**fact["usage"])
        case "committed":
            proposal = {name: value for name, value in fact.items() if name != "frontier"}
            if made := proposal["candidate"]:
                texts = record.texts[fact["parent"]] | made["components"]
                proposal["candidate"] = made | {"components": texts}
                record.texts[made["number"]] = texts
            record.proposals.append(proposal)
            record.frontier = list(fact.get("frontier", []))
        case "extended":
            record.state, record.budget = "unfinished", dict(fact["budget"])
        case "noted":
            record.notes |= fact
        case "finished":
            record.state, record.test = fact["stop_reason"], fact["test"]
            record.frontier = list(fact["frontier"])
