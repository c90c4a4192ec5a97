"""What a prompt tells the task model: which topic to file under which code, for whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from reflector.simulation.rules import GROUPS, TOPICS

__all__ = ["CODE", "Directive", "Instructions", "read_instructions", "sentences"]

CODE = re.compile(r"\b[A-Z]{3}-\d{2}\b")
_TOPIC = re.compile(rf"\b({'|'.join(sorted(TOPICS, key=len, reverse=True))})s?\b", re.IGNORECASE)
_GROUP = re.compile(rf"\b({'|'.join(GROUPS)})\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?;](?=\s|$)|$)", re.MULTILINE)
_OTHERWISE = re.compile(r"\b(?:otherwise|(?:all|every|the) others?|else)\b", re.IGNORECASE)
_CASE = re.compile(r"\bT-\d+\b")
_NEGATED = re.compile(r"\b(?:not|never|don't|avoid|no longer)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Directive:
    """One instruction: file `topic` under `code`, for one group or for all."""

    topic: str
    group: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a prompt says about codes."""

    directives: frozenset[Directive]
    loose: frozenset[str]
    """Codes that stand in a sentence without a topic."""

    def general(self, topic: str) -> frozenset[str]:
        """Return the codes that it gives for a topic whoever the customer is."""
        return frozenset(each.code for each in self.directives if each.topic == topic and each.group is None)

    def scoped(self, topic: str, group: str) -> frozenset[str]:
        """Return the codes that it gives for a topic and this group only."""
        return frozenset(each.code for each in self.directives if each.topic == topic and each.group == group)


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences of a prompt; a line break ends one too."""
    for found in _SENTENCE.finditer(text):
        if stripped := found[0].strip(" \t-*•"):
            yield stripped


@lru_cache(maxsize=128)
def read_instructions(prompt: str) -> Instructions:
    """Return what a prompt says: a code counts for the topics and groups of its own sentence.

    A sentence such as "for X of wholesale customers apply A, otherwise B" is read as two. One that forbids, or
    speaks of a single ticket, is no rule. A code without a topic in its sentence is loose, however near one stands.
    """
    directives: set[Directive] = set()
    loose: set[str] = set()
    for sentence in sentences(prompt):
        if not CODE.search(sentence) or _NEGATED.search(sentence) or _CASE.search(sentence):
            continue
        topics = {found.lower() for found in _TOPIC.findall(sentence)}
        if not topics:
            loose.update(CODE.findall(sentence))
        for codes, group in _clauses(sentence):
            directives.update(Directive(topic, group, code) for topic in topics for code in codes)
    return Instructions(frozenset(directives), frozenset(loose))


def _clauses(sentence: str) -> Iterable[tuple[list[str], str | None]]:
    first, *rest = _OTHERWISE.split(sentence, maxsplit=1)
    groups = {found.lower() for found in _GROUP.findall(first)}
    group = groups.pop() if len(groups) == 1 else None
    yield CODE.findall(first), group
    if rest:
        other = next((each for each in GROUPS if each != group), None) if group else None
        yield CODE.findall(rest[0]), other
