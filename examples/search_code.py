"""Index the package itself, find code by words about it, and group it for a model. No model, no network."""

from __future__ import annotations

import tempfile
from pathlib import Path

import reflector as rf

TREE = Path(rf.__file__).parent / "llm"

with (
    tempfile.TemporaryDirectory() as folder,
    rf.CodeIndex.build_sync(TREE, store=f"{folder}/index.db") as index,
):
    print(f"{len(index)} chunks")
    for query in ("wait before the next attempt", "RetryBudget.take"):
        best = index.search(query, limit=1)[0]
        print(f"{query!r} -> {best.path} {best.name}")

    groups = rf.group_chunks(index.chunks(), max_tokens=2000)
    quality = groups.quality
    print(f"{quality.groups} groups where {quality.bound} are the least possible")
    print(f"{quality.references_kept:.0%} of {quality.references} references stay inside of a group")
    print("matters most:", groups[0].chunks[0].path)
