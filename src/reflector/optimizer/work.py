"""What the machine wants done, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reflector.optimizer.candidate import Candidate
from reflector.optimizer.evaluation import Evaluation
from reflector.optimizer.examples import Split

__all__ = ["Order", "Proposed", "Purpose", "Reflect", "RunRows"]

Purpose = Literal["seed", "parent", "child", "more", "merge", "validation", "test"]
"""Why rows are run: the seed's validation, a proposal's parent or child on its minibatch, both on more rows, the
screening of a merge, the validation of a child, the final test."""


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
    """Of the training part: the minibatch, then further rows on which the candidate is known to have scored low."""
    evaluations: Sequence[Evaluation] = field(repr=False)
    """One for each row."""
    rejected: tuple[str, ...] = ()
    """Changes that were tried on this candidate and did not help, the latest last."""


Order = RunRows | Reflect


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of a reflection: texts for components, or the reason why there are none."""

    components: Mapping[str, str] | None = None
    """The new texts of the components that changed."""
    changes: tuple[str, ...] = ()
    reason: str = ""
    """Why there is no child: an unusable answer, low confidence, no edit that could be placed."""
    is_error: bool = False
    """Whether the reflection failed, as opposed to having nothing to say."""
