"""Which steps of the runs are worth quoting, and why: the most valuable first.

Error, then divergence from a passing run, then the step before, then the frame of the run, then context.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

from reflector._json import dumps
from reflector.reflection.shared_findings import finding_key
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.findings.finding import GRAVITY
from reflector.trajectories.trajectory import Outcome, Step, StepKind

__all__ = [
    "Excerpt", "RankedSteps", "Worth", "rank_one_of_many", "rank_steps", "step_text", "step_title", "steps_of",
    "telling_line",
]  # fmt: skip

_FEW = 3
"""Failed runs that are all told as a whole."""
_TELLING = re.compile(
    r"\b(?:errors?|exception|traceback|fatal|fail(?:ed|ure)|refused|denied|rejected|forbidden|invalid|not found)\b",
    re.IGNORECASE,
)
"""A word whose line stands out of a long log."""
_QUOTED = 200
"""Characters of a long line that are kept on each side of such a word."""
_SAID_TWICE = 16
"""Characters from which on an argument that stands in the text of its call is not written out."""
_CODE_LINE = 12
"""Characters of a line that is told apart from others."""


class Worth(IntEnum):
    """Why a step is quoted; the lower, the sooner."""

    ERROR = 0
    DIVERGENCE = 1
    BEFORE = 2
    FRAME = 3
    """The first request, the last words, and what the reasoning findings point at."""
    CONTEXT = 4


class Excerpt(NamedTuple):
    """One quoted step."""

    worth: Worth
    rank: int
    """Within its worth; the lower, the sooner."""
    run: int
    """Position of the run among the analyses."""
    step_index: int
    title: str
    text: str
    kind: StepKind
    passage: str = ""
    """What a finding quotes of it."""
    quarters: int = 4
    """How many quarters of the usual length it may have."""
    called: Collection[str] = ()
    """Of a tool's result: the lines that the calls of its run hold."""
    is_cut: bool = False


_BY_VALUE = attrgetter("worth", "rank", "run", "step_index")


@dataclass(frozen=True, slots=True)
class RankedSteps:
    """The steps of some runs that are worth quoting."""

    excerpts: Sequence[Excerpt]
    """In full, the most valuable first."""
    steps: Sequence[int]
    """For each failed run, how many steps it has."""


def step_text(step: Step) -> str:
    """Return what a step says, as one text: a call's arguments are written out, long strings as they are."""
    if step.kind is not StepKind.TOOL_CALL:
        return step.content
    parts = []
    if isinstance(step.arguments, dict):
        parts = [
            f"{name}: {value}" if isinstance(value, str) else f"{name}: {dumps(value).decode()}"
            for name, value in step.arguments.items()
        ]
    elif step.arguments is not None:
        parts = [step.arguments if isinstance(step.arguments, str) else dumps(step.arguments).decode()]
    # Some records hold a command twice: as the text of the call and as its argument.
    if step.content and not any(step.content.strip() in part for part in parts):
        said = step.content
        parts = [
            part for part in parts if len(part) < _SAID_TWICE or part.partition(": ")[2].strip() not in said
        ]
        parts.insert(0, said)
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


def rank_steps(
    failed: Sequence[TrajectoryAnalysis], passed: Sequence[TrajectoryAnalysis] = ()
) -> RankedSteps:
    """Return the steps of the runs by value. Linear in their number.

    Of many failed runs the first one is told as a whole, of the others only what went wrong: what surrounds it would
    bury what they have in common.
    """
    seen: Counter[Hashable] = Counter()
    excerpts: list[Excerpt] = []
    for run, analysis in enumerate(failed):
        excerpts += _rank(run, analysis, seen, is_one_of_many=len(failed) > _FEW and run > 0)
    for run, analysis in enumerate(passed, len(failed)):
        excerpts += _rank_passed(run, analysis, failed[0])
    excerpts.sort(key=_BY_VALUE)
    return RankedSteps(
        excerpts, [sum(step.kind is not StepKind.SYSTEM for step in steps_of(each)) for each in failed]
    )


def steps_of(analysis: TrajectoryAnalysis) -> Sequence[Step]:
    """Return the steps of a run; none if its record was not kept."""
    return () if analysis.trajectory is None else analysis.trajectory.steps


def _rank(
    run: int, analysis: TrajectoryAnalysis, seen: Counter[Hashable], *, is_one_of_many: bool
) -> Iterator[Excerpt]:
    """Yield every step of a run worth quoting, with why and how urgently; count its findings in `seen`."""
    steps = steps_of(analysis)
    worths = _worths(analysis, seen)
    least = _least_worth(analysis) if is_one_of_many else Worth.CONTEXT
    # The prompt under evaluation is shown in full already.
    prompt = analysis.trajectory.prompt if analysis.trajectory is not None else None
    request = _first_request(steps)
    # How a run ended says as much about it as where it went wrong.
    anchors = sorted(
        {index for index, (worth, _, _) in worths.items() if worth <= Worth.DIVERGENCE} | {len(steps) - 1}
    )
    called = _called_lines(steps)
    for index, step in enumerate(steps):
        worth, rank, passage = worths.get(index, (Worth.CONTEXT, 0, ""))
        is_prompt = step.kind is StepKind.SYSTEM and prompt is not None and step.content.strip() in prompt
        if worth > least or is_prompt:
            continue
        text = step_text(step)
        if text.strip() or step.is_error:
            yield Excerpt(
                worth,
                rank if index in worths else _distance(index, anchors),
                run,
                index,
                step_title(step),
                text,
                step.kind,
                passage,
                # The first request often holds the rules of the game: it is not cut like a log.
                quarters=(16 if index == request else 4) // (4 if is_one_of_many else 1),
                called=called if step.kind is StepKind.TOOL_RESULT else (),
            )


def _least_worth(analysis: TrajectoryAnalysis) -> Worth:
    """Return the least valuable evidence to show of one of many failed runs."""
    is_explained = any(point.step_indices for point in analysis.failure_points) or bool(
        analysis.trajectory is not None and analysis.trajectory.feedback
    )
    return Worth.BEFORE if is_explained else Worth.FRAME


def _called_lines(steps: Sequence[Step]) -> frozenset[str]:
    calls = (step_text(step) for step in steps if step.kind is StepKind.TOOL_CALL)
    lines = (line.strip() for text in calls for line in text.splitlines())
    return frozenset(line for line in lines if len(line) >= _CODE_LINE)


def _rank_passed(run: int, analysis: TrajectoryAnalysis, main: TrajectoryAnalysis) -> Iterator[Excerpt]:
    """Yield the steps of a passing run: what it was asked and answered first, then how, from the divergence on."""
    steps = steps_of(analysis)
    start = (main.comparison.divergence_index or 0) if main.comparison is not None else 0
    frame = (_first_request(steps), len(steps) - 1)
    for index, step in enumerate(steps):
        text = step_text(step)
        if step.kind is not StepKind.SYSTEM and text.strip():
            worth, rank = (
                (Worth.FRAME, 10 + run) if index in frame else (Worth.CONTEXT, 5 + abs(index - start))
            )
            yield Excerpt(worth, rank, run, index, step_title(step), text, step.kind)


def _first_request(steps: Sequence[Step]) -> int | None:
    return next((index for index, step in enumerate(steps) if step.kind is StepKind.USER), None)


def _worths(analysis: TrajectoryAnalysis, seen: Counter[Hashable]) -> dict[int, tuple[Worth, int, str]]:
    """Return worth, rank within the worth, and the words to keep, for each step that findings point at.

    `seen` says how often the runs before showed the same findings, and is brought up to date.
    """
    worths: dict[int, tuple[Worth, int, str]] = {}

    def note(index: int | None, worth: Worth, rank: int, passage: str = "") -> None:
        known = worths.get(index) if index is not None else None
        if index is not None and index >= 0 and (known is None or (worth, rank) < known[:2]):
            worths[index] = (worth, rank, passage)

    # Of many steps with the same finding the first ones tell most, so that no finding crowds out the others;
    # neither does one that every run shows.
    for point in analysis.failure_points:
        key = finding_key(point)
        for place, index in enumerate(point.step_indices, seen[key]):
            note(index, Worth.ERROR, 10 * place + GRAVITY[point.severity], point.evidence)
        seen[key] += 1
    for place, index in enumerate([index for index, known in worths.items() if known[0] is Worth.ERROR]):
        note(index - 1, Worth.BEFORE, place)
    if analysis.comparison is not None:
        note(analysis.comparison.divergence_index, Worth.DIVERGENCE, 0)
    for issue in analysis.reasoning_issues:
        for place, index in enumerate(issue.step_indices):
            note(index, Worth.FRAME, 1 + place, issue.evidence)
    steps = steps_of(analysis)
    if not worths and analysis.outcome is not Outcome.SUCCESS:
        for index, step in enumerate(steps):
            if step.kind is StepKind.TOOL_RESULT and (line := telling_line(step.content)):
                note(index, Worth.BEFORE, index, line)
    note(_first_request(steps), Worth.FRAME, 0)
    for place in range(1, min(3, len(steps)) + 1):
        note(len(steps) - place, Worth.FRAME, place)
    return worths


def _distance(index: int, anchors: Sequence[int]) -> int:
    """Return how far a step is from the nearest anchor."""
    at = bisect_left(anchors, index)
    return min(abs(index - anchor) for anchor in anchors[max(0, at - 1) : at + 1])


def rank_one_of_many(analysis: TrajectoryAnalysis) -> list[Excerpt]:
    """Return what is quoted of a run that is one of many, the most valuable first."""
    return sorted(_rank(1, analysis, Counter(), is_one_of_many=True), key=_BY_VALUE)


def telling_line(text: str) -> str:
    """Return the first line that stands out, or what stands near its word if it is long; empty if there is none."""
    found = _TELLING.search(text)
    if found is None:
        return ""
    start = max(text.rfind("\n", 0, found.start()) + 1, found.start() - _QUOTED)
    end = text.find("\n", found.end())
    return text[start : min(end if end >= 0 else len(text), found.end() + _QUOTED)]
