"""The chosen evidence as Markdown."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence

from reflector._text import fenced, inline_code
from reflector.reflection.evidence import Evidence
from reflector.reflection.evidence_ranking import Excerpt
from reflector.reflection.references import name_places
from reflector.reflection.repeated_lines import MARK
from reflector.trajectories.trajectory import StepKind

__all__ = ["render_evidence", "shared_lines"]

_SHARING = (StepKind.TOOL_RESULT, StepKind.ERROR)
"""What a user or a model says stays whole."""
_ARGUMENT = re.compile(r"^\w+: ")
_CALLS = 6
"""Calls among steps left out that are named."""
_CALL_SHOWN = 70
"""Characters of such a call."""


def shared_lines(evidence: Evidence, minimum: int = 24) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return each line of a tool or an error that excerpts of several runs show, with all its (run, step) places.

    Args:
        minimum: Shorter lines are left where they stand: braces and blank words say nothing.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    for excerpt in evidence.excerpts:
        if excerpt.kind in _SHARING:
            for line in dict.fromkeys(excerpt.text.splitlines()):
                if len(line.strip()) >= minimum and not line.startswith(MARK):
                    places.setdefault(line, []).append((excerpt.run, excerpt.step_index))
    return {line: tuple(found) for line, found in places.items() if len({run for run, _ in found}) > 1}


def render_evidence(evidence: Evidence, labels: Sequence[str]) -> str:
    """Return the excerpts as Markdown, each fenced under its run and step, with a mark where steps are left out.

    A line that several runs show is printed once, with all of them, and left out of the excerpts.

    Args:
        labels: How each run is named; a single run may have the empty label.
    """
    shared = shared_lines(evidence) if len(labels) > 1 else {}
    blocks = []
    for line, places in shared.items():
        runs = name_places(_steps_by_run(places, labels))
        blocks.append(f"**Shown by several runs** ({runs}):\n{fenced(line)}")
    before: Excerpt | None = None
    known = [(each.run, each.step_index) for each in evidence.others]
    for excerpt in evidence.excerpts:
        if before is not None and before.run == excerpt.run and excerpt.step_index > before.step_index + 1:
            gap = [(excerpt.run, before.step_index + 1), (excerpt.run, excerpt.step_index)]
            first, end = (bisect_left(known, place) for place in gap)
            blocks.append(_gap(gap[0][1], gap[1][1] - 1, evidence.others[first:end]))
        blocks.append(_block(excerpt, labels[excerpt.run], shared))
        before = excerpt
    return "\n\n".join(blocks)


def _steps_by_run(places: Iterable[tuple[int, int]], labels: Sequence[str]) -> list[tuple[str, str]]:
    steps: dict[int, list[int]] = {}
    for run, index in places:
        steps.setdefault(run, []).append(index)
    return [
        (labels[run], f"step{'s' if len(indices) > 1 else ''} {', '.join(map(str, indices))}")
        for run, indices in steps.items()
    ]


def _gap(first: int, last: int, said: Sequence[Excerpt]) -> str:
    """Return what stands in the place of steps: that they say nothing, or are left out, and what was called there."""
    which = f"step {first}" if first == last else f"steps {first} to {last}"
    if not said:
        return f"({which}: empty)"
    calls = [each for each in said if each.kind is StepKind.TOOL_CALL]
    shown = [
        f"{each.step_index} {inline_code(_ARGUMENT.sub('', each.text), _CALL_SHOWN)}"
        for each in calls[:_CALLS]
    ]
    if len(calls) > _CALLS:
        shown.append(f"{len(calls) - _CALLS} more")
    return f"({which} left out; called there: {', '.join(shown)})" if shown else f"({which} left out)"


def _block(excerpt: Excerpt, label: str, shared: Container[str]) -> str:
    where = f"{label} step {excerpt.step_index}".strip()
    head = f"**{where[0].upper()}{where[1:]}, {excerpt.title}**"
    lines = excerpt.text.splitlines()
    kept = [line for line in lines if line not in shared] if excerpt.kind in _SHARING else lines
    if len(kept) == len(lines):
        return f"{head}:\n{fenced(excerpt.text)}" if excerpt.text else head
    if not any(line.strip() for line in kept):
        return f"{head}: see above, what several runs show"
    return f"{head}, beside what several runs show:\n{fenced(chr(10).join(kept))}"
