"""Which changes of a child the runs speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.work import Change
from reflector.trajectories.step import StepKind

__all__ = ["is_doubtful", "quotations", "said_of"]

_WORDS = 4
"""Words in a row from which on a repetition is a quotation."""
_LONGEST = 400


def quotations(text: str, source: str) -> tuple[str, ...]:
    """Return the passages of a text, of at least four words, that stand in a source word for word, the longest each.

    >>> quotations("Shown by: disk /dev/sda is full, and more.", "error 5: disk /dev/sda is full")
    ('disk /dev/sda is full',)
    """
    said, words = " ".join(source.split()), text.split()[:_LONGEST]
    found: list[str] = []
    at = 0
    while at + _WORDS <= len(words):
        end = at + _WORDS
        if _piece(words, at, end) not in said:
            at += 1
            continue
        while end < len(words) and _piece(words, at, end + 1) in said:
            end += 1
        found.append(_piece(words, at, end))
        at = end
    return tuple(dict.fromkeys(found))


def _piece(words: Sequence[str], start: int, end: int) -> str:
    return " ".join(words[start:end]).strip(".,;:()\"'“”`")


def is_doubtful(change: Change, after: Mapping[int, Evaluation]) -> bool:
    """Return whether all runs that a change rests on still say, with it made, what is quoted for it.

    Args:
        change: A change.
        after: Evaluations with it, of some of the rows.
    """
    again = [said_of(after[row]) for row in change.rows if row in after]
    return bool(again and change.quotes) and all(
        any(quote in said for quote in change.quotes) for said in again
    )


def said_of(evaluation: Evaluation) -> str:
    """Return what happened in a run and what was said of it, without the prompt."""
    run = evaluation.trajectory
    steps = () if run is None else (step.content for step in run.steps if step.kind is not StepKind.SYSTEM)
    return " ".join(" ".join((evaluation.feedback, evaluation.error or "", *steps)).split())
