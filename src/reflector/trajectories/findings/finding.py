"""How a check is declared: a function that finds hits, and the rule that makes one finding of those of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.wording import at_steps, count_times

__all__ = ["GRAVITY", "MAX_EVIDENCE", "Checks", "Hit", "Rule"]

GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}
"""0 for the gravest severity."""
MAX_EVIDENCE = 300
"""Length of a quotation."""


class Hit(NamedTuple):
    """One place of a run that shows a finding."""

    steps: tuple[int, ...] = ()
    """Empty when it concerns the run as a whole."""
    evidence: str = ""
    """Words of one of the steps, verbatim."""
    facts: Mapping[str, str] = {}
    """What the rule's text names; the first hit speaks for all."""
    severity: Severity | None = None
    """Overrides that of the rule."""
    category: FailureCategory | None = None
    """Overrides that of the rule; of several hits the first counts."""
    key: str = ""
    """Hits with the same key are one finding."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding."""

    name: str
    category: FailureCategory
    text: str
    """The description; `{times}` and `{steps}` are filled in, and the facts of the first hit."""
    severity: Severity = Severity.MEDIUM
    grave: int = field(default=0, kw_only=True)
    """From so many steps on the finding is of high severity; 0 for never."""

    def finding(self, hits: Sequence[Hit]) -> FailurePoint:
        """Return one finding for all hits, which must not be empty."""
        steps = tuple(sorted({step for hit in hits for step in hit.steps}))
        words = {"steps": at_steps(steps), "times": f"{count_times(len(steps))} ({at_steps(steps)})"}
        quotes = (hit.evidence.strip()[:MAX_EVIDENCE].strip() for hit in hits)
        return FailurePoint(
            category=hits[0].category or self.category,
            rule=self.name,
            severity=self._severity(hits, len(steps)),
            description=self.text.format(**words | dict(hits[0].facts)),
            step_indices=steps,
            evidence=next(filter(None, quotes), ""),
        )

    def _severity(self, hits: Sequence[Hit], steps: int) -> Severity:
        told = [hit.severity for hit in hits if hit.severity is not None]
        if told:
            return min(told, key=GRAVITY.__getitem__)
        return Severity.HIGH if self.grave and steps >= self.grave else self.severity


_Find = Callable[[Any], Iterable[Hit]]
"""From a `RunView` to the places that show something."""


class Check(NamedTuple):
    """One kind of finding and the function that looks for it."""

    rule: Rule
    find: _Find

    def findings(self, view: Any) -> list[FailurePoint]:
        """Return one finding for all hits in a run that have the same key."""
        groups: dict[str, list[Hit]] = {}
        for hit in self.find(view):
            groups.setdefault(hit.key, []).append(hit)
        return [self.rule.finding(hits) for hits in groups.values()]


class Checks:
    """The checks of one module, in their order. A new one is a function under `@checks.add(...)`."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def add(
        self, name: str, category: str, text: str, severity: str = "medium", *, grave: int = 0
    ) -> Callable[[_Find], _Find]:
        """Return what makes a check of a function; the arguments are those of its `Rule`, or their names."""
        rule = Rule(name, FailureCategory(category), text, Severity(severity), grave=grave)

        def added(find: _Find) -> _Find:
            self._checks.append(Check(rule, find))
            return find

        return added
