"""The chosen evidence as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from reflector._text import fenced
from reflector.reflection.evidence import Evidence

__all__ = ["render_evidence", "shared_lines"]


def shared_lines(evidence: Evidence, minimum: int = 24) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return each line that excerpts of several runs show, with all its (run, step) places.

    Args:
        minimum: Shorter lines are left where they stand: braces and blank words say nothing.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for excerpt in evidence.excerpts:
        for line in dict.fromkeys(excerpt.text.splitlines()):
            if len(line.strip()) >= minimum:
                places.setdefault(line, []).append((excerpt.run, excerpt.step_index))
    return {line: tuple(found) for line, found in places.items() if len({run for run, _ in found}) > 1}


def render_evidence(evidence: Evidence, labels: Sequence[str]) -> str:
    """Return the excerpts as Markdown, each fenced under its run and step.

    A line that several runs show is printed once, with all of them, and left out of the excerpts.

    Args:
        labels: How each run is named; a single run may have the empty label.
    """
    shared = shared_lines(evidence) if len(labels) > 1 else {}
    blocks = []
    for line, places in shared.items():
        runs = ", ".join(f"{labels[run]} step {index}" for run, index in places)
        blocks.append(f"**Shown by several runs** ({runs}):\n{fenced(line)}")
    for excerpt in evidence.excerpts:
        where = f"{labels[excerpt.run]} step {excerpt.step_index}".strip()
        kept = [line for line in excerpt.text.splitlines() if line not in shared]
        if shared and not any(line.strip() for line in kept):
            continue
        text = "\n".join(kept) if shared else excerpt.text
        blocks.append(f"**{where[0].upper()}{where[1:]}, {excerpt.title}**:\n{fenced(text)}")
    return "\n\n".join(blocks)
