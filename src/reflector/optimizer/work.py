"""What the machine wants done, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split

__all__ = ["Change", "Order", "Proposed", "Purpose", "Reflect", "RunRows", "Tried", "apply_changes"]

Purpose = Literal["seed", "parent", "child", "more", "further", "probe", "merge", "validation", "test"]
"""Why rows are run: the seed's validation, a proposal's parent or child on its minibatch, both on more rows,
either on a further minibatch, a
child without changes that are in doubt, the screening of a merge, the validation of a child, the final test."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a component's text: `text` in the place of the characters from `start` to `end`."""

    component: str
    start: int
    end: int
    text: str
    what: str = ""
    """What it is meant to do, in words."""
    rows: tuple[int, ...] = ()
    """Training rows whose runs are said to show that it is needed."""
    quotes: tuple[str, ...] = ()
    """What these runs say, as it is quoted for it: it should be gone with the change made."""


def apply_changes(components: Mapping[str, str], changes: Sequence[Change]) -> dict[str, str]:
    """Return the texts with changes made that do not overlap; several at one place keep their order.

    >>> apply_changes({"a": "one two"}, [Change("a", 4, 7, "2"), Change("a", 0, 0, "Count: ")])
    {'a': 'Count: one 2'}
    """
    texts = dict(components)
    in_order = sorted(changes, key=lambda each: (each.start, each.end))
    for change in in_order[::-1]:  # the last first, so that offsets stay what they are
        text = texts[change.component]
        texts[change.component] = text[: change.start] + change.text + text[change.end :]
    return texts


@dataclass(frozen=True, slots=True)
class Tried:
    """A change that was tried and did not help."""

    what: str
    text: str
    blame: float
    """1 for a change that was rejected alone, less for one among several, more for one that was rejected again."""


@dataclass(frozen=True, slots=True)
class RunRows:
    """Run a candidate on rows of one part."""

    id: int
    purpose: Purpose
    candidate: Candidate
    split: Split
    rows: tuple[int, ...]
    proposal: int | None = None


@dataclass(frozen=True, slots=True)
class Reflect:
    """Propose new texts for some components, from runs of the candidate on its minibatch."""

    id: int
    proposal: int
    candidate: Candidate
    components: tuple[str, ...]
    rows: tuple[int, ...]
    """Of the training part: the minibatch, then further rows that the candidate is known to have been run on."""
    evaluations: Sequence[Evaluation] = field(repr=False)
    """One for each row."""
    rejected: tuple[Tried, ...] = ()
    """What was tried before and did not help, the latest last."""
    closer: int = 0
    """How many reflections on the same candidate have brought no child since the last that did. The same question would
    get the same answer: each time it is about half as many runs."""
    is_hasty: bool = False
    """Whether to go on without answers that take much longer than the others; they join those of the next turn."""


Order = RunRows | Reflect


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of a reflection: changes, or the reason why there are none."""

    changes: tuple[Change, ...] = ()
    reason: str = ""
    """Why there are none: an unusable answer, low confidence, no edit that could be placed."""
    is_error: bool = False
    """Whether the reflection failed, as opposed to having nothing to say."""
    calls: int = 1
    """How many reflections it took: one for each group of runs, and one for each further turn."""
