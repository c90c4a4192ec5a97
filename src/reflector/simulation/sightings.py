"""The evidence that a text really shows: the sentences of the environment, found wherever they stand in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from reflector.simulation.environment import Environment
from reflector.simulation.rules import GROUPS, Rule
from reflector.simulation.scenario import Visibility
from reflector.simulation.tickets import Ticket

__all__ = ["Sighting", "SightingKind", "find_decoys", "find_sightings"]

_C = r"[A-Z]{3}-\d{2}"
_SENTENCE = re.compile(
    rf"(?P<ticket>T-\d+), (?P<topic>[a-z]+)(?:, (?P<group>{'|'.join(GROUPS)}) customer)?: (?:"
    rf"(?:should have been filed under|refused, only) (?P<named>{_C})"
    rf"|accepted under (?P<seen>{_C})"
    rf"|held, see block (?P<block>[0-9a-f]{{8}})"
    rf"|filed wrongly; (?P<open>{_C}, {_C} or {_C}) was right"
    r"|(?P<wrong>filed wrongly)\b)"
)
_WARNING = re.compile(rf"WARNING tag ({_C}) is recommended")
_STEP = re.compile(r"\bsteps? (\d+)", re.IGNORECASE)
_AFTER = 160
"""Characters behind a sentence in which its step may be named."""


class SightingKind(Enum):
    """What a sentence of the environment gives away."""

    NAMED = "named"
    SEEN = "seen"
    OPEN = "open"
    BLOCK = "block"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One case that a text shows: a sentence about one topic of one ticket."""

    kind: SightingKind
    rule: Rule
    ticket: str
    group: str | None
    codes: tuple[str, ...]
    quote: str
    place: float = 0.0
    """Where in the text it stands first, from 0 to 1."""
    steps: frozenset[int] = frozenset()
    """Numbers of the steps under which it stands."""


def find_sightings(text: str, environment: Environment, tickets: Mapping[str, Ticket]) -> list[Sighting]:
    """Return the cases that a text shows, each once, in the order of their tickets.

    Only what the environment can have said counts: a sentence with a wrong code, or about a ticket or a topic that does
    not exist, is nobody's evidence, and a case that is repeated stays one case.

    Args:
        tickets: Every ticket there is, by its name.
    """
    steps = [(found.start(), int(found[1])) for found in _STEP.finditer(text)]
    found: dict[tuple[object, ...], Sighting] = {}
    for match in _SENTENCE.finditer(text):
        sighting = _read(match, environment, tickets)
        if sighting is not None:
            key = (sighting.kind.value, sighting.rule.topic, sighting.ticket)
            around = frozenset(_steps_around(steps, match.start(), match.end()))
            first = found.get(key) or replace(sighting, place=match.start() / len(text))
            found[key] = replace(first, steps=first.steps | around)
    return [found[key] for key in sorted(found, key=str)]


def find_decoys(text: str, environment: Environment) -> dict[str, int]:
    """Return the codes of the harmless warnings that a text shows, with how often."""
    counts: dict[str, int] = {}
    for code in _WARNING.findall(text):
        if code in environment.decoys:
            counts[code] = counts.get(code, 0) + 1
    return dict(sorted(counts.items()))


def _read(match: re.Match[str], environment: Environment, tickets: Mapping[str, Ticket]) -> Sighting | None:
    ticket = tickets.get(match["ticket"])
    if ticket is None or match["topic"] not in ticket.topics or match["group"] not in (None, ticket.group):
        return None
    rule = environment.rule_of(match["topic"], ticket.group)
    kind, codes = _said(match)
    if rule is None or not _is_true(kind, codes, rule, ticket, environment):
        return None
    return Sighting(kind, rule, ticket.id, match["group"], codes, match[0])


def _said(match: re.Match[str]) -> tuple[SightingKind, tuple[str, ...]]:
    for name in ("named", "seen", "block"):
        if match[name]:
            return SightingKind(name), (match[name],)
    if match["open"]:
        return SightingKind.OPEN, tuple(re.findall(_C, match["open"]))
    return SightingKind.WRONG, ()


def _is_true(
    kind: SightingKind, codes: tuple[str, ...], rule: Rule, ticket: Ticket, environment: Environment
) -> bool:
    if kind is SightingKind.OPEN:
        return rule.visibility is Visibility.FREQUENCY and codes == environment.candidates(rule, ticket)
    if kind is SightingKind.BLOCK:
        return rule.visibility is Visibility.FOLLOW_UP and codes == (environment.block(rule, ticket),)
    return kind is SightingKind.WRONG or codes == (rule.code,)


def _steps_around(steps: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[int]:
    """Yield the numbers of the step that was named last before a place, and of those named right behind it."""
    at = bisect_left(steps, (start, 0))
    if at:
        yield steps[at - 1][1]
    yield from (number for begin, number in steps[at : at + 3] if end <= begin <= end + _AFTER)
