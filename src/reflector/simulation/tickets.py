"""The examples of a world: tickets of customers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reflector._json import Value
from reflector.simulation.accuracy import TOPIC_COUNTS
from reflector.simulation.draws import digest, pick, shuffled, uniform
from reflector.simulation.rules import GROUPS, TOPICS

__all__ = ["Example", "Examples", "Ticket", "make_examples", "read_ticket"]

_HEAD = re.compile(r"Ticket (T-\d+) from a (\w+) customer\.\s+Topics: ([a-z, ]+)\.")
_MOODS = (
    "The customer has waited for two days.", "The customer writes for the first time.",
    "The customer asks for a short answer.", "The customer is friendly.", "The ticket came by mail.",
    "The ticket came through the web form.",
)  # fmt: skip


class Example(Value):
    """One ticket, as the task model reads it."""

    id: str
    input: str


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of a world: to reflect on, to select by, and never to select by."""

    train: tuple[Example, ...]
    val: tuple[Example, ...]
    test: tuple[Example, ...]

    def __iter__(self) -> Iterator[Example]:
        return iter((*self.train, *self.val, *self.test))


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket's text says."""

    id: str
    group: str
    topics: tuple[str, ...]


def read_ticket(text: str) -> Ticket:
    """Return what a ticket says. A text that is no ticket has no topics."""
    found = _HEAD.search(text)
    if found is None:
        return Ticket(f"T-{digest(text, size=4)}", GROUPS[0], ())
    group = found[2] if found[2] in GROUPS else GROUPS[0]
    topics = dict.fromkeys(topic.strip() for topic in found[3].split(","))
    return Ticket(found[1], group, tuple(topic for topic in topics if topic in TOPICS))


def make_examples(topics: Sequence[str], counts: Sequence[int], seed: object) -> Examples:
    """Return so many tickets for training, validation and test.

    Each topic leads as many tickets of a split as any other; everything else of a ticket is drawn.
    """
    splits = []
    number = 1000
    for name, count in zip(("train", "val", "test"), counts, strict=True):
        leading = shuffled(topics, seed, name)
        made = []
        for index in range(count):
            number += 1
            made.append(_example(f"T-{number}", leading[index % len(leading)], topics, seed))
        splits.append(tuple(made))
    return Examples(*splits)


def _example(name: str, first: str, topics: Sequence[str], seed: object) -> Example:
    others = shuffled((topic for topic in topics if topic != first), seed, name)
    chosen = [first, *others[: _size(uniform(seed, name, "size")) - 1]]
    group = pick(GROUPS, seed, name, "group")
    text = f"Ticket {name} from a {group} customer.\nTopics: {', '.join(chosen)}.\n{pick(_MOODS, seed, name, 'mood')}"
    return Example(id=name, input=text)


def _size(draw: float) -> int:
    for size, weight in TOPIC_COUNTS.items():
        if draw < weight:
            return size
        draw -= weight
    return max(TOPIC_COUNTS)
