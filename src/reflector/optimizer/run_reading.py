"""The runs of a parent as a reflection reads them, and which of them one reflection sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reflector._json import dumps
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.grouping import group_runs, statements_of
from reflector.optimizer.purse import Purse
from reflector.optimizer.running import example_text
from reflector.optimizer.work import Reflect
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.step import Outcome, StepKind
from reflector.trajectories.trajectory import Trajectory

__all__ = ["ReadRun", "groups_of", "one_prompt", "read_order"]

_LARGEST = 24
"""Failed runs that one reflection sees where there is no money for more reflections."""


@dataclass(frozen=True, slots=True)
class ReadRun:
    """A run of the parent, read."""

    row: int
    analysis: TrajectoryAnalysis
    is_success: bool
    said: tuple[str, ...]
    """Statements about what went wrong in it."""

    text: str
    """What happened in it and what was said of it, without the prompt."""


def read_order(
    order: Reflect, texts: Mapping[str, str], examples: Sequence[Any], perfect_score: float
) -> list[ReadRun]:
    """Return the runs of an order, each with its outcome and what the scorer said.

    Args:
        order: What is to be reflected on.
        texts: The component texts that it is about.
        examples: The training rows.
        perfect_score: From which score on a run has passed.
    """
    prompt = one_prompt(texts)
    return [
        _read(examples[row], row, evaluation, prompt, perfect_score)
        for row, evaluation in zip(order.rows, order.evaluations, strict=True)
    ]


def _read(example: Any, row: int, evaluation: Evaluation, prompt: str, perfect_score: float) -> ReadRun:
    record = evaluation.trajectory or _record(example, evaluation, prompt)
    is_success = evaluation.error is None and evaluation.score >= perfect_score
    feedback = evaluation.error or evaluation.feedback
    shown = feedback or f"score {evaluation.score:g} of {perfect_score:g}"
    outcome = Outcome.SUCCESS if is_success else Outcome.FAILURE
    news = None if shown in record.feedback else shown
    run = record.with_outcome(outcome, feedback=news).replace(id=f"row-{row}")
    analysis = analyze(run, prompt=prompt)
    found = [point.evidence or "" for point in analysis.failure_points]
    asked = next((step.content for step in run.steps if step.kind is StepKind.USER), "")
    said = statements_of(feedback, *found)
    text = "\n".join((feedback, *(step.content for step in run.steps if step.kind is not StepKind.SYSTEM)))
    return ReadRun(row, analysis, is_success, said or statements_of(asked), text)


def groups_of(
    runs: Sequence[ReadRun], most: float, config: OptimizerConfig, *, closer: int = 0
) -> list[list[ReadRun]]:
    """Return the runs that each reflection sees, the weightiest first.

    They are no more groups than can be paid, `most` of the usual size; fewer and larger ones where that is short;
    smaller ones, by half as often as is said, to look closer.
    """
    failed = [run for run in runs if not run.is_success]
    passed = [run for run in runs if run.is_success]
    usual = config.runs_per_reflection
    size = max(1, usual >> closer)
    while True:
        groups = group_runs(
            [run.said for run in failed],
            [run.text for run in passed],
            size=size,
            beside=config.runs_beside,
        )
        affordable = most / Purse.weight(size / usual)
        larger = min(_LARGEST, 2 * size)
        if len(groups) <= affordable or size >= _LARGEST or most < Purse.weight(larger / usual):
            break
        size = larger
    kept = groups[: int(max(1, min(len(groups), affordable)))]
    return [
        [*(failed[place] for place in group.failed), *(passed[place] for place in group.passed)]
        for group in kept
    ]


def one_prompt(texts: Mapping[str, str]) -> str:
    """Return the texts as one prompt: a single one as it is, several under their names."""
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n\n".join(f"# {name}\n{text}" for name, text in texts.items())


def _record(example: Any, evaluation: Evaluation, prompt: str) -> Trajectory:
    """Return the record of a run that left none: the prompt, the example, the output."""
    output = evaluation.output
    if not isinstance(output, str):
        try:
            output = dumps(output).decode()
        except (TypeError, ValueError, RecursionError):
            output = repr(output)
    return Trajectory.from_openai_messages(
        [
            {"role": "system", "content": prompt},
            {"role": "user", "content": example_text(example)},
            {"role": "assistant", "content": output or ""},
        ]
    )
