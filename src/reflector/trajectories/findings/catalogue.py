"""How a check is declared: a function that finds hits, and the rule that they become a finding of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.finding import Hit, Rule
from reflector.trajectories.findings.run_view import RunView

__all__ = ["Check", "Checks"]

_Find = Callable[[RunView], Iterable[Hit]]


class Check(NamedTuple):
    """One kind of finding and the function that looks for it."""

    rule: Rule
    find: _Find

    def findings(self, view: RunView) -> list[FailurePoint]:
        """Return one finding for all hits that have the same key."""
        groups: dict[str, list[Hit]] = {}
        for hit in self.find(view):
            groups.setdefault(hit.key, []).append(hit)
        return [self.rule.finding(hits, view.config.max_evidence) for hits in groups.values()]


class Checks:
    """The checks of one module, in their order. A new one is a function under `@checks.add(...)`."""

    def __init__(self) -> None:
        self._checks: list[Check] = []

    def __iter__(self) -> Iterator[Check]:
        return iter(self._checks)

    def add(
        self,
        name: str,
        category: FailureCategory,
        text: str,
        severity: Severity = Severity.MEDIUM,
        *,
        grave: int = 0,
    ) -> Callable[[_Find], _Find]:
        """Return what makes a check of a function; the arguments are those of its `Rule`."""

        def added(find: _Find) -> _Find:
            self._checks.append(Check(Rule(name, category, text, severity, grave=grave), find))
            return find

        return added
