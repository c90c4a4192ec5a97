"""More runs than one prompt can show: groups of them, and how often each cause and suggestion was seen."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from reflector.reflection.aggregation.merging import merge_suggestions
from reflector.reflection.joining import same_causes
from reflector.reflection.models import ParsedReflection, Provenance, ReflectionRequest
from reflector.reflection.prompt_builder import PromptBuilder
from reflector.reflection.references import named_items, named_runs, named_steps
from reflector.reflection.shared_findings import finding_key
from reflector.trajectories.analysis import TrajectoryAnalysis

__all__ = ["count_runs", "split_request", "trace_back"]

_ITEMS = re.compile(r"\(?\b([CS])\d{1,6}\b(?:\s{0,3}(?:,\s{0,3}and|,|and|[-–])\s{0,3}\1\d{1,6}\b)*\)?")


_SUFFIX = re.compile(r"[ \t]{0,3}\((?=[^()]*\b(?:runs?|C\d+)\b)[^()]{1,400}\)(?=[.\s]*\Z)")
"""What a root cause ends with, once it is counted."""


def split_request(request: ReflectionRequest, builder: PromptBuilder) -> tuple[ReflectionRequest, ...]:
    """Return the request, or one for each group of its failed runs if they do not fit the builder's window.

    Runs with the same gravest finding are in the same group as far as possible; each keeps its number. Every group
    sees the passing runs. A further question of a conversation is never split: it keeps the runs that it names, then
    one of each kind of failure, as many as fit.
    """
    failed = request.failed
    if len(failed) == 1:
        return (request,)
    room = max(1, builder.window - builder.overhead(request))
    sizes = [builder.size_of_run(request, analysis) for analysis in failed]
    if sum(sizes) <= room:
        return (request,)
    if request.history:
        return (_part(request, _most_telling(request, sizes, room)),)
    order = sorted(range(len(failed)), key=lambda run: (_kind(failed[run]), run))
    count = math.ceil(sum(sizes) / room)
    share = sum(sizes) / count
    groups: dict[int, list[int]] = {}
    before = 0
    for run in order:
        groups.setdefault(int((before + sizes[run] / 2) / share), []).append(run)
        before += sizes[run]
    return tuple(_part(request, sorted(group)) for group in groups.values())


def _part(request: ReflectionRequest, runs: Sequence[int]) -> ReflectionRequest:
    """Return the request about some of its failed runs."""
    failed, numbers = request.failed, request.numbers
    part: ReflectionRequest = request.replace(
        trajectory_analysis=failed[runs[0]],
        other_analyses=(*(failed[run] for run in runs[1:]), *request.passed),
        run_numbers=tuple(numbers[run] for run in runs),
    )
    return part


def _kind(analysis: TrajectoryAnalysis) -> str:
    points = analysis.failure_points
    return repr(finding_key(points[0])) if points else ""


def _most_telling(request: ReflectionRequest, sizes: Sequence[int], room: int) -> list[int]:
    failed = request.failed
    position = {number: run for run, number in enumerate(request.numbers)}
    question = request.question or ""
    named = [position[number] for number in named_runs(question, position)]
    named += [position[number] for number, _ in named_steps(question) if number in position]
    first_of_kind = {_kind(analysis): run for run, analysis in reversed(list(enumerate(failed)))}
    wanted = dict.fromkeys((0, *named, *sorted(first_of_kind.values()), *range(len(failed))))
    chosen: list[int] = []
    for run in wanted:
        if not chosen or sizes[run] <= room:
            chosen.append(run)
            room -= sizes[run]
    return sorted(chosen)


def count_runs(parsed: ParsedReflection, request: ReflectionRequest) -> ParsedReflection:
    """Return a reflection with the failed runs that its root causes and suggestions name, if there were several.

    Root causes lose the list of runs at their end: `provenance` holds it, and it would be wrong as soon as it is joined
    with others.
    """
    numbers = request.numbers
    if len(numbers) == 1:
        if not request.run_numbers:
            return parsed
        known = Provenance(
            cause_runs=(numbers,) * len(parsed.root_causes),
            suggestion_runs=(numbers,) * len(parsed.suggestions),
        )
    else:
        known = Provenance(
            cause_runs=tuple(named_runs(cause, numbers) for cause in parsed.root_causes),
            suggestion_runs=tuple(
                named_runs(f"{each.description}\n{each.rationale}", numbers) for each in parsed.suggestions
            ),
        )
    causes = tuple(_SUFFIX.sub("", cause) for cause in parsed.root_causes)
    counted: ParsedReflection = parsed.replace(root_causes=causes, provenance=known)
    return counted


def trace_back(reduced: ParsedReflection, joined: ParsedReflection, total: int) -> ParsedReflection:
    """Return what a reduction says with the runs behind it, its references to entries replaced by their numbers.

    An entry that names none of those it was made of is matched with those that say the same.
    """
    known = {"C": joined.provenance.cause_runs, "S": joined.provenance.suggestion_runs}
    like_causes = _matches(same_causes([reduced.root_causes, joined.root_causes]))
    merged = merge_suggestions([reduced.suggestions, joined.suggestions])
    like_suggestions = _matches([each.places for each in merged])

    def runs(text: str, letter: str, alike: Sequence[int] = ()) -> tuple[int, ...]:
        items = [number - 1 for number in named_items(text, letter)]
        named = [item for item in items if 0 <= item < len(known[letter])] or alike
        return tuple(sorted({run for item in named for run in known[letter][item]}))

    def worded(text: str) -> str:
        return _ITEMS.sub(lambda found: _often(runs(found[0], found[1]), total), text)

    traced: ParsedReflection = reduced.replace(
        root_causes=tuple(worded(_SUFFIX.sub("", cause)) for cause in reduced.root_causes),
        suggestions=tuple(each.replace(rationale=worded(each.rationale)) for each in reduced.suggestions),
        provenance=Provenance(
            cause_runs=tuple(
                runs(cause, "C", like_causes.get(index, ()))
                for index, cause in enumerate(reduced.root_causes)
            ),
            suggestion_runs=tuple(
                runs(each.rationale, "S", like_suggestions.get(index, ()))
                for index, each in enumerate(reduced.suggestions)
            ),
        ),
    )
    return traced


def _often(runs: Sequence[int], total: int) -> str:
    return f"({len(runs)} of {total} runs)" if runs else "(number of runs not said)"


def _matches(groups: Sequence[Sequence[tuple[int, int]]]) -> dict[int, list[int]]:
    """Return position in the first part -> positions in the second one that say the same."""
    found: dict[int, list[int]] = {}
    for places in groups:
        second = [index for part, index in places if part == 1]
        found |= {index: second for part, index in places if part == 0 and second}
    return found
