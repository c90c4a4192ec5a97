"""Who gets a task, and why: what is said about each provider, and the page of it."""

from __future__ import annotations

import html
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from reflector._json import Value
from reflector._text import as_seconds, columns, one_line
from reflector.dispatch.health import HealthState
from reflector.usage import Usage

__all__ = ["Candidate", "Decision", "Try"]


class Candidate(Value):
    """What the market knows of one provider at the moment of a decision. None is what nobody said."""

    provider: str
    account: str | None = None
    expected_cost: float = 0.0
    """USD: the price on its card, and that of the tokens that the task is expected to take."""
    cost_in: float = 0.0
    """USD for one input token."""
    cost_out: float = 0.0
    credits: float | None = None
    """USD that are left of its account's."""
    credits_set_aside: float = 0.0
    """USD of them that are set aside for tasks under way, which may turn out cheaper."""
    latency: float | None = None
    """Seconds that a task takes, as its card says."""
    measured_latency: float | None = None
    """Seconds that tasks took of late."""
    quality: float | None = None
    context_window: int | None = None
    requests_per_minute: int | None = None
    running: int = 0
    waiting: int = 0
    wait: float = 0.0
    """Seconds for which those in line keep the task from being begun, at the least."""
    rate_wait: float = 0.0
    """Seconds for which its limits per minute keep the task from being begun."""
    is_full: bool = False
    """Whether as many run and wait as its card allows."""
    lets_wait: bool = True
    """Whether one more may wait for room when it is full."""
    health: HealthState = "closed"
    failures: int = 0
    """In a row."""
    health_wait: float = 0.0
    """Seconds until it may be tried again; while a task tries it, about as long as that takes."""
    last_failure: str = ""
    refusal: str | None = None
    """Why it was not considered; None when it was."""
    is_refused_for_now: bool = False
    """Whether another time it may be considered."""
    retry_after: float | None = None
    """In how many seconds, where that is known."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not said: every result carries several of these."""
        fields = type(self).model_fields
        return {
            name: value
            for name, value in write(self).items()
            if name == "expected_cost" or value != fields[name].default
        }

    @property
    def has_room(self) -> bool:
        """Whether it takes one more now, to run or to wait for others to be done."""
        return not self.is_full and not self.rate_wait and not self.awaits_credits

    @property
    def awaits_credits(self) -> bool:
        """Whether the task would have to wait for what tasks under way leave of the credits."""
        aside = self.credits_set_aside
        return bool(aside) and self.credits is not None and self.credits - aside < self.expected_cost


class Try(Value):
    """A provider that was asked and failed."""

    provider: str
    error: str
    """The error's class."""
    message: str
    seconds: float = 0.0
    attempts: int = 1
    """How often it started the task: 0 if there was no room for it in time."""
    usage: Usage = Usage()
    """What it used, as far as it said so."""


class Decision(Value):
    """Which provider got a task. As text or in a notebook it is a page for people."""

    provider: str
    """Empty when it was nobody."""
    reason: str
    candidates: tuple[Candidate, ...] = ()
    """All that accept the kind, in the order they were spawned. Empty when an agent handles the request itself."""
    tries: tuple[Try, ...] = Field(default=())
    """Those who were asked before and failed, in that order; on an error, all who were asked."""

    def to_text(self) -> str:
        """Return the choice, what was tried before, and a table of all candidates."""
        parts = [self._head(), *self._told()]
        if self.candidates:
            rows = [_HEAD, *(self._cells(each) for each in self.candidates)]
            figures = columns([row[:-1] for row in rows], left=2).splitlines()
            parts += ["", *(f"{line}  {row[-1]}" for line, row in zip(figures, rows, strict=True))]
        return "\n".join(parts)

    __str__ = to_text

    def _repr_html_(self) -> str:
        tried = "".join(f"<li>{html.escape(line)}</li>" for line in self._told())
        rows = "".join(_row(self._cells(each), "td") for each in self.candidates)
        table = f"<table>{_row(_HEAD, 'th')}{rows}</table>" if rows else ""
        return f"<p>{html.escape(self._head())}</p>{f'<ol>{tried}</ol>' if tried else ''}{table}"

    def _head(self) -> str:
        return f"{self.provider or 'nobody'}: {self.reason}"

    def _told(self) -> list[str]:
        return [
            f"{each.provider} failed after {as_seconds(each.seconds)} s: {each.error}: {one_line(each.message)}"
            for each in self.tries
        ]

    def _cells(self, candidate: Candidate) -> tuple[str, ...]:
        if candidate.refusal is not None:
            verdict = one_line(candidate.refusal)
        else:
            verdict = "chosen" if candidate.provider == self.provider else "capable"
        took = candidate.latency if candidate.measured_latency is None else candidate.measured_latency
        return (
            candidate.provider,
            candidate.health.replace("_", "-"),
            f"{candidate.expected_cost:g}",
            _figure(candidate.credits),
            _figure(took),
            _figure(candidate.quality),
            str(candidate.running),
            str(candidate.waiting),
            verdict,
        )


_HEAD = ("provider", "breaker", "expected USD", "credits USD", "takes s", "quality", "run", "wait", "verdict")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _row(cells: Any, tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
