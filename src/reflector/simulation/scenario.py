"""What kind of world: where the evidence for its rules sits, how its models behave, and the worlds that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from reflector._text import shorten
from reflector.errors import ConfigurationError

__all__ = ["SCENARIOS", "Physics", "Scenario", "Visibility", "scenario_named"]


class Visibility(StrEnum):
    """What a reflection must be shown to learn a rule."""

    FEEDBACK = "feedback"
    """The scorer's feedback names it."""
    TRACE = "trace"
    """Only a tool's error in the middle of the run names it."""
    CONTRAST = "contrast"
    """Only runs that passed show it; it is learned from a passing and a failed case side by side."""
    PRESERVE = "preserve"
    """It stands in the seed prompt already, and a rewrite may lose it."""
    CONFLICT = "conflict"
    """Two rules on one topic, each right for one group of customers; without its scope one hurts the other."""
    FREQUENCY = "frequency"
    """One case leaves three candidates open; three cases in one request decide."""
    LATE = "late"
    """As `trace`, behind a long log."""
    FOLLOW_UP = "follow_up"
    """A tool's message points at a block that is only explained when a further turn asks about that step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Physics:
    """How the simulated models behave: the constants of a world."""

    known: float = 0.95
    """Probability that the task model follows a rule that its prompt states."""
    chance: float = 0.15
    """The same without the rule."""
    lucky: float = 0.35
    """The same for rules of the contrast class, which need runs that passed."""
    muddled: float = 0.8
    """The same when a general instruction says something else than the right one for this group."""
    misled: float = 0.02
    """The same when the prompt gives the wrong code, or contradicts itself."""
    length: int = 400
    """Words from which on a prompt dilutes itself."""
    dilution: float = 0.15
    """Accuracy lost for every further `length` words."""
    clutter: float = 0.1
    """Accuracy lost for every code without a topic (a decoy, a dump)."""
    floor: float = 0.3
    """The least that dilution and clutter leave."""
    recall: float = 0.8
    """Probability that one case teaches the reflection model its rule, at full attention."""
    capacity: int = 12_000
    """Characters that the reflection model reads with full attention; beyond it shrinks as `1/length`."""
    alpha: float = 1.0
    """Exponent of that shrinking; 0 reads everything with full attention."""
    middle: float = 0.8
    """Attention in the third quarter of a long text, against elsewhere."""
    scoping: float = 0.85
    """Probability that cases of both groups in one request give two scoped rules, not the more frequent one."""
    exception: float = 0.25
    """Probability that a case against a general rule of the prompt becomes an exception, not its replacement."""
    mistake: float = 0.06
    """Probability that one case gives a rule another rule's code; n cases, n times less."""
    guess: float = 0.3
    """Probability that an undecided set of candidates becomes a suggestion all the same."""
    gullible: float = 0.15
    """Probability that a decoy is adopted, times the share of warnings among what the request shows."""
    drop: float = 0.03
    """Probability that rewriting the whole prompt loses a rule; a fifth of it when the request asks to keep."""
    filler: float = 0.35
    """Probability that an answer holds a suggestion that changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A kind of world."""

    name: str
    topics: Mapping[Visibility, int]
    """How many topics have a rule of each class; a topic of the conflict class has two."""
    log_lines: int = 3
    """Lines of log in every tool result."""
    late_lines: int = 90
    """Lines of log in front of the evidence of a late rule."""
    decoys: int = 0
    """Harmless warnings that are repeated in the logs."""
    physics: Physics = field(default_factory=Physics)

    def __post_init__(self) -> None:
        counts = list(self.topics.values())
        if not counts or min(counts) < 0 or sum(counts) < 1:
            raise ConfigurationError(f"a scenario has at least one topic; got {dict(self.topics)!r}.")

    def with_physics(self, **changes: float) -> Scenario:
        """Return the same scenario with other constants, for sweeps: `scenario.with_physics(recall=0.5)`."""
        return replace(self, physics=replace(self.physics, **changes))  # type: ignore[arg-type]


_F, _T, _X, _P, _C, _Q, _L, _U = Visibility


def _named(name: str, topics: dict[Visibility, int], **more: int) -> Scenario:
    return Scenario(name=name, topics=MappingProxyType(topics), **more)  # type: ignore[arg-type]


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            _named("clean", {_F: 15, _P: 3}),
            _named("trace-only", {_T: 15, _P: 3}),
            _named("long-log", {_L: 12, _P: 3}, log_lines=25),
            _named("conflict", {_C: 8, _F: 5, _P: 3}),
            _named("frequency", {_Q: 8, _F: 2, _P: 2}),
            _named("follow-up", {_U: 8, _F: 4, _P: 2}),
            _named("contrast", {_X: 9, _F: 3, _P: 2}),
            _named("decoy", {_F: 7, _T: 7, _P: 3}, decoys=3, log_lines=8),
            _named("mixed", {_F: 2, _T: 2, _X: 1, _C: 2, _Q: 3, _L: 2, _U: 1, _P: 2}, decoys=2, log_lines=10),
        )
    }
)
"""The worlds that have a name."""


def scenario_named(scenario: str | Scenario) -> Scenario:
    """Return a scenario by its name, or as it is.

    Raises:
        ConfigurationError: If there is none of that name.
    """
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, str) and scenario in SCENARIOS:
        return SCENARIOS[scenario]
    raise ConfigurationError(
        f"a scenario is one of {', '.join(SCENARIOS)}, or a Scenario; got {shorten(repr(scenario), 80)}."
    )
