"""Which runs one reflection sees: those that failed in the same way, and passing ones that had to do with it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["RunGroup", "group_runs", "statements_of"]

_STATEMENT = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w+(?:-\w+)*")
_ALIKE = 0.3
"""Cosine from which on two statements are about the same."""
_ENOUGH = 3
"""Runs that make a case: what so many runs of a reflection show needs no further reflection."""
_MOST_STATEMENTS = 12
_LONGEST = 600

Vector = dict[str, float]


@dataclass(slots=True)
class RunGroup:
    """Positions of the runs that one reflection sees."""

    failed: list[int]
    passed: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Cause:
    """Statements that say alike, and the failed runs that they are about."""

    words: Vector
    runs: list[int]


def statements_of(*texts: str) -> tuple[str, ...]:
    """Return the sentences and lines of texts, each once: what is said of a run.

    >>> statements_of("Wrong unit. Wrong date.", "Wrong unit.")
    ('Wrong unit.', 'Wrong date.')
    """
    found = (part.strip()[:_LONGEST] for text in texts for part in _STATEMENT.split(text))
    return tuple(dict.fromkeys(part for part in found if part))[:_MOST_STATEMENTS]


def group_runs(
    failed: Sequence[Sequence[str]], passed: Sequence[str], *, size: int, beside: int
) -> list[RunGroup]:
    """Return groups of runs, so that as much as possible of what is said alike of several runs stands together.

    What many runs show comes first. A run of which several things are said may be in several groups; of a cause that
    more runs show than fit, those are taken that have little else to say. Pure.

    Args:
        failed: What is said of each failed run.
        passed: The text of each passing run.
        size: How many failed runs a group has at most.
        beside: How many passing ones.

    >>> [group.failed for group in group_runs([["wrong unit"], ["late date"], ["wrong unit!"]], [], size=2, beside=0)]
    [[0, 2], [1]]
    """
    weights = _weights(failed)
    causes = _causes(failed, weights)
    counts = Counter(run for cause in causes for run in cause.runs)
    groups: list[RunGroup] = []
    shown: list[list[_Cause]] = []
    for cause in sorted(causes, key=lambda each: (-len(each.runs), each.runs)):
        runs = sorted(cause.runs, key=lambda run: (counts[run], run))[:size]
        if any(len(set(cause.runs) & set(group.failed)) >= min(_ENOUGH, len(runs)) for group in groups):
            continue
        place = _place(groups, runs, size)
        if place is None:
            place = len(groups)
            groups.append(RunGroup([]))
            shown.append([])
        groups[place].failed += [run for run in runs if run not in groups[place].failed]
        shown[place].append(cause)
    words = [frozenset(_words(text)) for text in passed]
    for group, causes_shown in zip(groups, shown, strict=True):
        group.failed.sort()
        group.passed = _beside(causes_shown, words, beside)
    return groups


def _place(groups: Sequence[RunGroup], runs: Sequence[int], size: int) -> int | None:
    """Return the group with room that shares most runs."""
    best, most = None, -1
    for place, group in enumerate(groups):
        shared = len(set(runs) & set(group.failed))
        if len(group.failed) + len(runs) - shared <= size and shared > most:
            best, most = place, shared
    return best


def _causes(failed: Sequence[Sequence[str]], weights: Vector) -> list[_Cause]:
    causes: list[_Cause] = []
    for run, statements in enumerate(failed):
        for statement in statements or ("",):
            vector = {word: weights[word] for word in _words(statement) if weights.get(word)}
            alike = [(_cosine(vector, cause.words), -place) for place, cause in enumerate(causes)]
            likeness, place = max(alike, default=(0.0, 0))
            if likeness < _ALIKE:
                causes.append(_Cause(vector, [run]))
                continue
            cause = causes[-place]
            for word, weight in vector.items():
                cause.words[word] = cause.words.get(word, 0.0) + weight
            if run not in cause.runs:
                cause.runs.append(run)
    # What nothing is known of has a group of its own, once.
    told = {run for cause in causes if cause.words for run in cause.runs}
    return [cause for cause in causes if cause.words or not set(cause.runs) <= told]


def _weights(failed: Sequence[Sequence[str]]) -> Vector:
    """Return how much each word tells: nothing, if it stands with one run only or with all."""
    count = len(failed)
    seen = Counter(word for statements in failed for word in set(_words(" ".join(statements))))
    return {word: math.log((count + 1) / runs) for word, runs in seen.items() if runs > 1}


def _beside(causes: Sequence[_Cause], passed: Sequence[frozenset[str]], most: int) -> list[int]:
    """Return the passing runs that have most of the words in which the causes differ from others."""
    chosen: list[int] = []
    for turn in range(most):
        for cause in causes:
            scores = {
                run: sum(weight for word, weight in cause.words.items() if word in words)
                for run, words in enumerate(passed)
                if run not in chosen
            }
            best = max(scores, key=lambda run: (scores[run], -run), default=None)
            if best is not None and scores[best] > 0 and len(chosen) < most and turn < most:
                chosen.append(best)
    return sorted(chosen)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _cosine(left: Vector, right: Vector) -> float:
    if not left or not right:
        return 1.0 if not left and not right else 0.0
    shared = sum(weight * right.get(word, 0.0) for word, weight in left.items())
    return shared / math.sqrt(_square(left) * _square(right))


def _square(vector: Vector) -> float:
    return sum(weight * weight for weight in vector.values())
