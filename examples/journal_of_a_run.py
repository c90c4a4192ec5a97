"""Keep a journal of a reflection, close it, open it again, and draw who caused what."""

import tempfile
from pathlib import Path

import anyio

import reflector as rf

RUN = Path(__file__).with_name("failed_run.json")
ANSWER = '{"analysis": "The prompt hides the limits of its tools.", "suggestions": ["Say that calls share nothing."]}'


async def keep(path: Path) -> None:
    async with rf.SqliteJournal(path) as journal, rf.Runtime(journal=journal):
        await rf.reflect(RUN, model=lambda messages: ANSWER)


def draw(journal: rf.Journal, signal: rf.Signal, depth: int = 0) -> None:
    print("    " * depth + signal.type)
    for effect in journal.effects(signal):
        draw(journal, effect, depth + 1)


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "run.journal"
    anyio.run(keep, path)
    with rf.SqliteJournal(path, read_only=True) as journal:
        for signal in journal.replay("reflector.reflection.requested"):
            draw(journal, signal)
