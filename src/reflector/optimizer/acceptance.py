"""Whether a child is worth validating: its scores on the minibatch against its parent's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Acceptance", "OrEqualAcceptance", "PairedAcceptance", "StrictAcceptance", "Verdict"]

Verdict = Literal["accepted", "rejected", "undecided"]


class Acceptance(Protocol):
    """Judges a child by paired scores."""

    def judge(self, parent: Sequence[float], child: Sequence[float], has_more: bool) -> Verdict:
        """Return the verdict; the sequences have one score for each example, in the same order.

        Args:
            parent: Of the parent.
            child: Of the child.
            has_more: Whether `undecided` can be answered with more examples. Without, it counts as rejected.
        """
        ...


@dataclass(frozen=True, slots=True)
class StrictAcceptance:
    """The child's sum is higher."""

    def judge(self, parent: Sequence[float], child: Sequence[float], has_more: bool) -> Verdict:
        return "accepted" if math.fsum(child) > math.fsum(parent) else "rejected"


@dataclass(frozen=True, slots=True)
class OrEqualAcceptance:
    """The child's sum is not lower."""

    def judge(self, parent: Sequence[float], child: Sequence[float], has_more: bool) -> Verdict:
        return "accepted" if math.fsum(child) >= math.fsum(parent) else "rejected"


@dataclass(frozen=True, slots=True)
class PairedAcceptance:
    """The mean difference is at least so many standard errors from zero; within that, more examples are asked for.

    When there are no more, the sign of the mean difference decides.
    """

    errors: float = 1.0
    """Standard errors; 1.0 accepts about one in six children that are no better."""

    def judge(self, parent: Sequence[float], child: Sequence[float], has_more: bool) -> Verdict:
        differences = [after - before for before, after in zip(parent, child, strict=True)]
        count = len(differences)
        mean = math.fsum(differences) / count
        spread = math.fsum((each - mean) ** 2 for each in differences)
        error = math.sqrt(spread / (count - 1) / count) if count > 1 else math.inf
        if mean != 0 and abs(mean) >= self.errors * error:
            return "accepted" if mean > 0 else "rejected"
        if has_more:
            return "undecided"
        return "accepted" if mean > 0 else "rejected"
