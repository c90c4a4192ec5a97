"""Where a run stands, to be shown while it goes on."""

from __future__ import annotations

import html
from dataclasses import dataclass, fields
from typing import Any

from reflector.usage import Usage

__all__ = ["Progress", "as_time"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. In a notebook it shows itself."""

    rollouts: int
    """Done so far."""
    limit: int | None
    best_score: float | None
    """None before the seed is validated."""
    seed_score: float | None
    candidates: int
    frontier: int
    proposals: int
    """Ended so far."""
    in_flight: int
    reflections: int
    running: int
    """Rollouts that run now."""
    spend: Usage
    slots: int = 0
    """Rollouts that may run at once."""
    seconds: float = 0.0
    """Since this process took the run up."""
    seconds_left: float | None = None
    """About; None while nobody can say. By the limit of rollouts, or of time, whichever comes first."""
    is_over: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return plain | {"spend": self.spend.model_dump(mode="json")}

    def rows(self) -> list[tuple[str, str]]:
        """Return what there is to show, as pairs of a name and a text; what matters most first."""
        of = "" if self.limit is None else f" of {self.limit}"
        cost = "" if self.spend.cost_usd is None else f", ${self.spend.cost_usd:.4f}"
        left = "" if self.seconds_left is None else f", about {as_time(self.seconds_left)} left"
        return [
            ("rollouts", f"{self.rollouts}{of}"),
            ("score", _scores(self.seed_score, self.best_score)),
            ("time", f"{as_time(self.seconds)}{left}"),
            ("spend", f"{self.spend.calls} calls{cost}"),
            ("slots", f"{self.running} of {self.slots} in use"),
            ("frontier", f"{self.frontier} of {self.candidates} candidates"),
            (
                "proposals",
                f"{self.proposals} ended, {self.in_flight} in flight, {self.reflections} reflections",
            ),
        ]

    def __str__(self) -> str:
        return "; ".join(f"{name} {text}" for name, text in self.rows())

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in self.rows())
        share = "" if not self.limit else f'<progress max="{self.limit}" value="{self.rollouts}"></progress>'
        return f"<div>{share}<table>{rows}</table></div>"


def _scores(seed: float | None, best: float | None) -> str:
    if seed is None or best is None:
        return "the seed is being validated"
    return f"best {best:.3f}, seed {seed:.3f} ({best - seed:+.3f})"


def as_time(seconds: float) -> str:
    """Return a duration for people.

    >>> as_time(3.4), as_time(75), as_time(4000)
    ('3 s', '1 min 15 s', '1 h 6 min')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
