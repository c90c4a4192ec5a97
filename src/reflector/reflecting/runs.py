"""What a caller may hand over as runs, and which of them a reflection is about."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from reflector._json import dumps
from reflector._text import shorten
from reflector.errors import InputError, MissingPromptError
from reflector.reflection.models import ReflectionRequest
from reflector.reflection.shared_findings import WEIGHTS
from reflector.trajectories.analysis import FailureCategory, TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.comparison import compare
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.trajectory import Outcome, StepKind, Trajectory

__all__ = ["Run", "Runs", "build_request", "read_runs", "seen_runs"]

Run = str | os.PathLike[str] | bytes | Trajectory | TrajectoryAnalysis
"""A path, the bytes of a file, or a run in memory; a list of chat messages is one run too."""
Runs = Run | Sequence[Mapping[str, Any]] | Iterable[Run]

_SAME_TASK = 0.25
"""Share of common words from which on two runs are taken for runs of the same task."""

_COMPARED = 8
"""Failed runs for which a passing run of the same task is looked for."""


def read_runs(runs: Runs) -> list[Trajectory | TrajectoryAnalysis]:
    """Return the runs behind whatever was handed over, in order.

    Raises:
        TrajectoryImportError: If a file cannot be read.
        InputError: If there is no run in it, or it is nothing that holds runs.
    """
    found = list(_read(runs))
    if not found:
        raise InputError("expected at least one run; got none. Hand over a path, messages or a Trajectory.")
    return found


def _read(runs: Any) -> Iterator[Trajectory | TrajectoryAnalysis]:
    if isinstance(runs, Trajectory | TrajectoryAnalysis):
        yield runs
    elif isinstance(runs, bytearray | memoryview):
        yield from load_trajectories(bytes(runs))
    elif isinstance(runs, str | os.PathLike | bytes):
        yield from load_trajectories(runs)
    elif is_messages(runs):
        yield Trajectory.from_openai_messages(runs, id=_name(runs))
    elif isinstance(runs, Iterable) and not isinstance(runs, Mapping):
        for run in runs:
            if isinstance(run, list | tuple) and not is_messages(run):
                raise InputError(f"a run inside a list cannot be a list of {_kind(run)}; flatten it first.")
            yield from _read(run)
    else:
        hint = " Its messages are a run: hand over record['messages']." if _holds_messages(runs) else ""
        raise InputError(
            f"a run must be a path, bytes, chat messages, a Trajectory, a TrajectoryAnalysis or a list of them; "
            f"got {_kind(runs)} {shorten(repr(runs), 80)}.{hint}"
        )


def _holds_messages(value: Any) -> bool:
    return isinstance(value, Mapping) and is_messages(value.get("messages"))


def _name(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return a name for chat messages: the same messages have the same name, so that the same run is the same run."""
    try:
        said = dumps(messages, sort_keys=True)
    except (TypeError, ValueError):  # something in them has no JSON form; the importer says what
        said = repr(messages).encode("utf-8", "replace")
    return f"messages-{hashlib.sha256(said).hexdigest()[:8]}"


def is_messages(value: Any) -> TypeGuard[Sequence[Mapping[str, Any]]]:
    """Return whether a value is a list of chat messages, that is one run."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(message, Mapping) and "role" in message for message in value)
    )


def _kind(value: object) -> str:
    return type(value).__name__


def build_request(
    runs: Sequence[Trajectory | TrajectoryAnalysis],
    *,
    prompt: str | None = None,
    **options: Any,
) -> ReflectionRequest:
    """Return the question that the runs put: which run it is about, and what the others add.

    It is about the run with the gravest findings among those that did not succeed; the other failed ones add
    evidence, and the first of them are compared with runs of the same task that succeeded. An unknown outcome
    counts as failed here: who asks for a reflection says that it went wrong.

    Args:
        prompt: The prompt that was used; None takes the one that the run's own record holds.
        options: Further fields of the `ReflectionRequest`.

    Raises:
        MissingPromptError: If there is no prompt.
        InputError: If the prompt is not a text.
    """
    if prompt is not None and not isinstance(prompt, str):
        raise InputError(f"the prompt must be a text; got {_kind(prompt)} {shorten(repr(prompt), 80)}.")
    analyses = [run if isinstance(run, TrajectoryAnalysis) else analyze(run, prompt=prompt) for run in runs]
    failed = [each for each in analyses if each.outcome is not Outcome.SUCCESS] or analyses
    main = max(failed, key=_gravity) if len(failed) > 1 else failed[0]
    compared = _compared([main, *(each for each in failed if each is not main)], analyses)
    return ReflectionRequest(
        trajectory_analysis=compared.get(id(main), main),
        original_prompt=_prompt(prompt, main, analyses),
        other_analyses=tuple(compared.get(id(each), each) for each in analyses if each is not main),
        **options,
    )


def seen_runs(request: ReflectionRequest) -> tuple[Trajectory, ...]:
    """Return the runs that a question is about, as far as they are known as a whole."""
    analyses = (request.trajectory_analysis, *request.other_analyses)
    return tuple(each.trajectory for each in analyses if each.trajectory is not None)


def _prompt(prompt: str | None, main: TrajectoryAnalysis, analyses: Sequence[TrajectoryAnalysis]) -> str:
    if prompt is not None:
        return prompt
    for analysis in (main, *analyses):
        if analysis.trajectory is not None and analysis.trajectory.prompt is not None:
            return analysis.trajectory.prompt
    raise MissingPromptError(
        f"the prompt of run {main.trajectory_id!r} is needed and its record holds none; "
        "give it with prompt= (on the command line, --prompt FILE)."
    )


def _gravity(analysis: TrajectoryAnalysis) -> int:
    """Return how grave the findings are together; a failure that nothing explains teaches little."""
    return sum(
        1 if point.category is FailureCategory.UNKNOWN else WEIGHTS[point.severity]
        for point in analysis.failure_points
    )


def _compared(
    failed: Sequence[TrajectoryAnalysis], analyses: Sequence[TrajectoryAnalysis]
) -> dict[int, TrajectoryAnalysis]:
    """Return the first failed runs, by identity, beside the passing run whose task is most like theirs, if any is.

    What all of several tasks say alike (the wording of a benchmark, say) does not make two of them the same.
    """
    passed = [each for each in analyses if each.outcome is Outcome.SUCCESS and each is not failed[0]]
    if not passed:
        return {}
    words = {id(each): _task_words(each.trajectory) for each in analyses if each.trajectory is not None}
    common = frozenset.intersection(*words.values()) if len(words) > 2 else frozenset()
    found = {}
    for run in failed[:_COMPARED]:
        if run.comparison is None and id(run) in words:
            own = words[id(run)] - common
            likeness = {
                id(each): _overlap(own, words[id(each)] - common) for each in passed if id(each) in words
            }
            best = max(passed, key=lambda each: likeness.get(id(each), -1.0))
            if likeness.get(id(best), -1.0) >= _SAME_TASK:
                found[id(run)] = run.replace(comparison=compare(run, best))
    return found


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the Jaccard index of two sets of words; two empty ones are alike."""
    return len(left & right) / len(left | right) if left | right else 1.0


def _task_words(run: Trajectory) -> frozenset[str]:
    """Return the words of the first request, or of the task that the record names."""
    said = next((step.content for step in run.steps if step.kind is StepKind.USER), run.task or "")
    return frozenset(re.findall(r"\w+", said.casefold()))
