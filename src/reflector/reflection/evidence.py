"""Which steps of the runs a prompt quotes, and how much of each.

A reflection is as good as the evidence it reads, and a prompt has a budget. So evidence is kept by value
(error, then divergence from a passing run, then the step before, then the frame of the run, then context),
quoted verbatim, and what had to be left out is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from reflector._json import dumps
from reflector._text import estimate_tokens, fenced, shorten_around
from reflector.trajectories.analysis import Severity, TrajectoryAnalysis
from reflector.trajectories.trajectory import Step, StepKind

__all__ = [
    "Evidence",
    "EvidenceBudget",
    "Excerpt",
    "Worth",
    "render_evidence",
    "select_evidence",
    "shared_lines",
    "step_text",
]

_SEVERITY_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_EXCERPT_OVERHEAD = 24
"""Tokens of an excerpt's own heading and fence."""


class Worth(IntEnum):
    """Why a step is quoted; the lower, the sooner."""

    ERROR = 0
    DIVERGENCE = 1
    BEFORE = 2
    FRAME = 3
    """The first request, the last words, and what the reasoning findings point at."""
    CONTEXT = 4


@dataclass(frozen=True, slots=True)
class EvidenceBudget:
    """How much evidence a prompt may hold."""

    tokens: int
    """For all excerpts together, in estimated tokens."""
    excerpt_characters: int
    """For one excerpt; a longer step is cut around its evidence."""
    worth: Worth = Worth.CONTEXT
    """The least valuable evidence to show."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One quoted step."""

    run: int
    """Position of the run among the analyses."""
    step_index: int
    worth: Worth
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a prompt quotes, and what it leaves out."""

    excerpts: tuple[Excerpt, ...]
    """In the order of the runs and their steps."""
    left_out: dict[int, int] = field(default_factory=dict)
    """Run -> number of its steps that are not quoted."""
    cut: int = 0
    """Number of excerpts that were shortened."""


def step_text(step: Step) -> str:
    """Return what a step says, as one text: a call's arguments are written out, long strings as they are."""
    if step.kind is not StepKind.TOOL_CALL:
        return step.content
    parts = [step.content] if step.content else []
    if isinstance(step.arguments, dict):
        parts += [
            f"{name}: {value}" if isinstance(value, str) else f"{name}: {dumps(value).decode()}"
            for name, value in step.arguments.items()
        ]
    elif step.arguments is not None and step.arguments != step.content:
        parts.append(step.arguments if isinstance(step.arguments, str) else dumps(step.arguments).decode())
    return "\n".join(parts)


def step_title(step: Step) -> str:
    """Return what kind of step it is, with its tool and the error its record names."""
    title = str(step.kind).replace("_", " ")
    if step.name:
        title += f" {step.name}"
    if step.error or step.is_error:
        title += f" (failed: {step.error or 'marked as an error'})"
    elif step.finish_reason in ("length", "content_filter"):
        title += f" (stopped: {step.finish_reason})"
    return title


def select_evidence(analyses: Sequence[TrajectoryAnalysis], budget: EvidenceBudget) -> Evidence:
    """Return the most valuable excerpts that fit the budget, in the order of the runs.

    Linear in the number of steps. A step whose text does not fit as a whole is cut around the words that
    a finding quotes; one that does not fit even then is left out and counted.
    """
    candidates = [ranked for run, analysis in enumerate(analyses) for ranked in _rank(run, analysis)]
    candidates.sort(key=lambda ranked: ranked.order)
    chosen: list[Excerpt] = []
    spent = cut = 0
    for ranked in candidates:
        if ranked.worth > budget.worth or spent >= budget.tokens:
            break
        for characters in (budget.excerpt_characters, budget.excerpt_characters // 4):
            text = shorten_around(ranked.text, ranked.passage, characters)
            cost = estimate_tokens(text) + _EXCERPT_OVERHEAD
            if spent + cost <= budget.tokens:
                spent += cost
                cut += text is not ranked.text
                chosen.append(Excerpt(ranked.run, ranked.step_index, ranked.worth, ranked.title, text))
                break
    left_out = {
        run: len(analysis.trajectory.steps) - sum(excerpt.run == run for excerpt in chosen)
        for run, analysis in enumerate(analyses)
        if analysis.trajectory is not None
    }
    chosen.sort(key=lambda excerpt: (excerpt.run, excerpt.step_index))
    return Evidence(tuple(chosen), {run: count for run, count in left_out.items() if count}, cut)


@dataclass(frozen=True, slots=True)
class _Ranked:
    run: int
    step_index: int
    worth: Worth
    rank: int
    passage: str
    title: str
    text: str

    @property
    def order(self) -> tuple[int, int, int, int]:
        return (self.worth, self.rank, self.run, self.step_index)


def _rank(run: int, analysis: TrajectoryAnalysis) -> Iterable[_Ranked]:
    """Yield every step of a run worth quoting, with why and how urgently."""
    if analysis.trajectory is None:
        return
    steps = analysis.trajectory.steps
    worths = _worths(analysis)
    # The prompt under evaluation is shown in full already.
    prompt = analysis.trajectory.prompt
    anchors = sorted(index for index, (worth, _, _) in worths.items() if worth <= Worth.DIVERGENCE)
    for index, step in enumerate(steps):
        if step.kind is StepKind.SYSTEM and prompt is not None and step.content.strip() in prompt:
            continue
        text = step_text(step)
        if not text.strip() and not step.is_error:
            continue
        worth, rank, passage = worths.get(index, (Worth.CONTEXT, _distance(index, anchors), ""))
        yield _Ranked(run, index, worth, rank, passage, step_title(step), text)


def _worths(analysis: TrajectoryAnalysis) -> dict[int, tuple[Worth, int, str]]:
    """Return worth, rank within the worth, and the words to keep, for each step that findings point at."""
    worths: dict[int, tuple[Worth, int, str]] = {}

    def note(index: int | None, worth: Worth, rank: int, passage: str = "") -> None:
        known = worths.get(index) if index is not None else None
        if index is not None and index >= 0 and (known is None or (worth, rank) < known[:2]):
            worths[index] = (worth, rank, passage)

    # Of many steps with the same finding the first ones tell most, so that no finding crowds out the others.
    for point in analysis.failure_points:
        for place, index in enumerate(point.step_indices):
            note(index, Worth.ERROR, 10 * place + _SEVERITY_RANK[point.severity], point.evidence)
    for place, index in enumerate([index for index, known in worths.items() if known[0] is Worth.ERROR]):
        note(index - 1, Worth.BEFORE, place)
    if analysis.comparison is not None:
        note(analysis.comparison.divergence_index, Worth.DIVERGENCE, 0)
    for issue in analysis.reasoning_issues:
        for place, index in enumerate(issue.step_indices):
            note(index, Worth.FRAME, 1 + place, issue.evidence)
    steps = analysis.trajectory.steps if analysis.trajectory else ()
    first_request = next((index for index, step in enumerate(steps) if step.kind is StepKind.USER), None)
    note(first_request, Worth.FRAME, 0)
    for place in range(1, min(3, len(steps)) + 1):
        note(len(steps) - place, Worth.FRAME, place)
    return worths


def _distance(index: int, anchors: Sequence[int]) -> int:
    """Return how far a step is from the nearest anchor; without anchors, how far from the start."""
    if not anchors:
        return index
    at = bisect_left(anchors, index)
    return min(abs(index - anchor) for anchor in anchors[max(0, at - 1) : at + 1])


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
