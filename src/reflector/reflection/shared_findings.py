"""The same finding in several runs, counted."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from reflector.trajectories.analysis import FailurePoint, Severity, TrajectoryAnalysis

__all__ = ["WEIGHTS", "SharedFinding", "finding_key", "share_findings"]

WEIGHTS = dict(zip(Severity, (1000, 100, 10, 1), strict=True))
"""How much a finding counts against others, by its severity."""
_COUNTED = re.compile(
    r"\b(?:once|twice|#(?: model)? times)\b|\(?\b(?:at |answers at )?steps? #(?:, #)*(?: and #)?\)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\b(?:0x)?[0-9a-f]*\d[0-9a-f]*\b")


def finding_key(point: FailurePoint) -> Hashable:
    """Return what makes two findings the same: category, rule and words; numbers and spacing do not count.

    >>> one = FailurePoint(category="timeout", description="d", rule="tool_timeout", evidence="killed after 31 s")
    >>> finding_key(one) == finding_key(one.replace(evidence="Killed  after 30 s"))
    True
    """
    # A broken rule of the prompt is quoted: it is the same rule whatever words broke it.
    by_rule = "“" in point.description
    text = point.description if by_rule or not point.evidence else point.evidence
    return (point.category, point.rule, _words(text[:2_000], by_rule))


@lru_cache(1024)
def _words(text: str, by_rule: bool) -> str:
    """Return what counts of a finding's text. Each finding is compared several times on its way into a prompt."""
    words = text.casefold().split()
    said = " ".join([word if word.isalpha() else _NUMBER.sub("#", word) for word in words])
    if by_rule and any(word in said for word in ("#", "once", "twice")):
        said = " ".join(_COUNTED.sub("", said).split())
    return said


@dataclass(frozen=True, slots=True)
class SharedFinding:
    """One finding, with every run that shows it."""

    point: FailurePoint
    """As its first run shows it."""
    places: tuple[tuple[int, FailurePoint], ...]
    """Position of the run among the analyses, and the finding there."""

    @property
    def runs(self) -> tuple[int, ...]:
        """The positions of the runs that show it."""
        return tuple(dict.fromkeys(run for run, _ in self.places))

    @property
    def weight(self) -> int:
        """How much it matters: its severity, once for each run."""
        return WEIGHTS[self.point.severity] * len(self.runs)


def share_findings(failed: Sequence[TrajectoryAnalysis]) -> list[SharedFinding]:
    """Return the failure points of all runs, each once; those first that matter most. Linear in their number."""
    found: dict[Hashable, list[tuple[int, FailurePoint]]] = {}
    for run, analysis in enumerate(failed):
        for point in analysis.failure_points:
            found.setdefault(finding_key(point), []).append((run, point))
    shared = [SharedFinding(places[0][1], tuple(places)) for places in found.values()]
    return sorted(shared, key=lambda each: -each.weight)
