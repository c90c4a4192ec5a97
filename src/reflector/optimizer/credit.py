"""Which changes of a child the runs speak for."""

from __future__ import annotations

from collections.abc import Mapping

from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.work import Change

__all__ = ["has_helped"]


def has_helped(change: Change, before: Mapping[int, Evaluation], after: Mapping[int, Evaluation]) -> bool:
    """Return whether a run that a change rests on has become better, or does not say any more what is quoted for it.

    Args:
        change: Made with others, so that a better score may be theirs.
        before: Evaluations by row, without it.
        after: With it, of some of the rows.
    """
    return any(
        row in after
        and (
            after[row].score > before[row].score
            or any(
                quote in said
                for said in (_said(before[row]),)
                for quote in change.quotes
                if quote not in _said(after[row])
            )
        )
        for row in change.rows
        if row in before
    )


def _said(evaluation: Evaluation) -> str:
    run = evaluation.trajectory
    steps = () if run is None else (step.content for step in run.steps)
    return "\n".join((evaluation.feedback, evaluation.error or "", *steps))
