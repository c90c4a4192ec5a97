"""What the reflection model makes of what it was shown: the findings behind its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reflector.simulation.directives import Directive, read_instructions
from reflector.simulation.draws import digest, pick, uniform
from reflector.simulation.environment import Environment
from reflector.simulation.question import Question
from reflector.simulation.rules import GROUPS, Rule
from reflector.simulation.scenario import Physics, Visibility
from reflector.simulation.sightings import Sighting, SightingKind, find_decoys, find_sightings
from reflector.simulation.tickets import Ticket

__all__ = ["Finding", "Insight", "draw_insight"]

_DECISIVE = 3
"""Cases that settle what one leaves open, and that bring back what was rejected before."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the reflection model believes it has learned."""

    topic: str
    group: str | None
    code: str
    quotes: tuple[str, ...]
    """The sentences of the request that it rests on."""
    belief: float
    """The probability that it is right, as far as the model can know."""

    @property
    def directive(self) -> Directive:
        """What a prompt with this finding says."""
        return Directive(self.topic, self.group, self.code)


@dataclass(frozen=True, slots=True)
class Insight:
    """All that one request taught."""

    findings: tuple[Finding, ...]
    tags: Mapping[str, int]
    """Decoys that it fell for, with how often the request shows each."""
    unclear: tuple[Sighting, ...]
    """Cases that it could not explain, and that a further turn may."""
    essence: str
    """A digest of what the request shows and asks, free of ids, times and layout: all further draws hang on it."""


def draw_insight(
    question: Question, environment: Environment, tickets: Mapping[str, Ticket], seed: object
) -> Insight:
    """Return what a request teaches. Pure: it depends on nothing but the evidence, the prompt and the question."""
    sightings = find_sightings(question.shown, environment, tickets)
    decoys = find_decoys(question.shown, environment)
    facts = [(each.kind.value, each.rule.topic, each.ticket, *each.codes) for each in sightings]
    essence = digest(seed, facts, [*decoys.items()], question.prompt, question.focus or "", question.tried)
    reading = _Reading(question, sightings, environment.scenario.physics, essence)
    topics = dict.fromkeys(sighting.rule.topic for sighting in sightings)
    findings = [
        finding
        for topic in topics
        for finding in reading.learn([each for each in sightings if each.rule.topic == topic])
    ]
    explained = {finding.topic for finding in findings} | reading.known_topics
    unclear = [each for each in _of_kind(sightings, SightingKind.BLOCK) if each.rule.topic not in explained]
    return Insight(tuple(findings), reading.fooled_by(decoys, len(sightings)), tuple(unclear), essence)


class _Reading:
    """One request, being understood."""

    def __init__(
        self, question: Question, sightings: Sequence[Sighting], physics: Physics, essence: str
    ) -> None:
        self.question = question
        self.physics = physics
        self.essence = essence
        self.prompt = read_instructions(question.prompt)
        self.tried = read_instructions(question.tried)
        self.codes = {
            code for each in sightings if each.kind is not SightingKind.BLOCK for code in each.codes
        }
        self.known_topics = {each.topic for each in self.prompt.directives}
        length = max(1, len(question.shown))
        self.attention = min(1.0, physics.capacity / length) ** physics.alpha
        self.is_long = length > physics.capacity

    def learn(self, sightings: Sequence[Sighting]) -> Iterator[Finding]:
        """Yield what the cases of one topic teach and the prompt does not say yet."""
        rule = sightings[0].rule
        learned = {
            Visibility.CONTRAST: self._by_contrast,
            Visibility.CONFLICT: self._by_group,
            Visibility.FREQUENCY: self._by_counting,
            Visibility.FOLLOW_UP: self._by_asking,
        }.get(rule.visibility, self._by_name)(sightings)
        for finding in learned:
            is_news = finding.directive not in self.prompt.directives or self._is_contradicted(finding)
            was_tried = finding.directive in self.tried.directives
            if is_news and not (was_tried and len(finding.quotes) < _DECISIVE):
                yield finding

    def fooled_by(self, decoys: Mapping[str, int], cases: int) -> dict[str, int]:
        """Return the warnings that are taken for instructions."""
        share = sum(decoys.values()) / max(1, sum(decoys.values()) + cases)
        return {
            code: count
            for code, count in decoys.items()
            if uniform(self.essence, "decoy", code) < self.physics.gullible * share
            and code not in self.prompt.loose
            and code not in self.tried.loose
        }

    # --- the classes ---

    def _by_name(self, sightings: Sequence[Sighting]) -> Iterable[Finding]:
        named = _of_kind(sightings, SightingKind.NAMED)
        if self._notices(named):
            yield self._finding(named[0].rule, None, named)

    def _by_contrast(self, sightings: Sequence[Sighting]) -> Iterable[Finding]:
        seen, wrong = _of_kind(sightings, SightingKind.SEEN), _of_kind(sightings, SightingKind.WRONG)
        if wrong and self._notices(seen):
            yield self._finding(seen[0].rule, None, seen)

    def _by_asking(self, sightings: Sequence[Sighting]) -> Iterable[Finding]:
        asked = set(self.question.named)
        blocks = [
            each
            for each in _of_kind(sightings, SightingKind.BLOCK)
            if asked & {each.codes[0], each.ticket, *map(str, each.steps)}
        ]
        # Who is asked about a step looks at it, however long the rest is.
        if blocks and uniform(self.essence, "learn", blocks[0].rule.topic) < self.physics.recall:
            yield self._finding(blocks[0].rule, None, blocks)

    def _by_counting(self, sightings: Sequence[Sighting]) -> Iterable[Finding]:
        cases = [
            each for each in _of_kind(sightings, SightingKind.OPEN) if self._notices([each], each.ticket)
        ]
        if not cases:
            return
        rule = cases[0].rule
        left = [code for code in cases[0].codes if all(code in each.codes for each in cases)]
        if len(cases) >= _DECISIVE and len(left) == 1:
            yield self._finding(rule, None, cases, code=left[0])
        elif uniform(self.essence, "guess", rule.topic) < self.physics.guess:
            tried = {each.code for each in self.tried.directives if each.topic == rule.topic}
            left = [code for code in left if code not in tried]
            if left:
                code = pick(left, self.essence, "which", rule.topic)
                yield self._finding(rule, None, cases[: _DECISIVE - 1], code=code, belief=0.8 / len(left))

    def _by_group(self, sightings: Sequence[Sighting]) -> Iterable[Finding]:
        """Yield scoped rules when both groups are seen, else a rule that is taken to hold for all."""
        telling = [each for each in sightings if each.kind in (SightingKind.NAMED, SightingKind.SEEN)]
        by_group = {group: [each for each in telling if each.group == group] for group in GROUPS}
        learned = {group: cases for group, cases in by_group.items() if self._notices(cases, group)}
        topic = sightings[0].rule.topic
        if len(learned) > 1 and uniform(self.essence, "scope", topic) < self.physics.scoping:
            yield from (self._finding(cases[0].rule, group, cases) for group, cases in learned.items())
            return
        counts = Counter({group: len(cases) for group, cases in learned.items()})
        for group, _ in counts.most_common(1):
            cases = learned[group]
            is_against = bool(self.prompt.general(topic) - {cases[0].rule.code})
            is_exception = is_against and uniform(self.essence, "exception", topic) < self.physics.exception
            if not self.prompt.scoped(topic, group):
                yield self._finding(cases[0].rule, group if is_exception else None, cases, belief=0.5)

    # --- small steps ---

    def _notices(self, cases: Sequence[Sighting], *names: object) -> bool:
        """Return whether at least one of the cases is noticed, each with the attention that is left for it."""
        missed = 1.0
        for case in cases:
            weight = self.physics.middle if self.is_long and 0.5 <= case.place < 0.75 else 1.0
            missed *= 1 - self.physics.recall * self.attention * weight
        return bool(cases) and uniform(self.essence, "learn", cases[0].rule.topic, *names) < 1 - missed

    def _finding(
        self, rule: Rule, group: str | None, cases: Sequence[Sighting], code: str = "", belief: float = 0.95
    ) -> Finding:
        code = code or rule.code
        others = sorted(self.codes - {code})
        if others and uniform(self.essence, "mistake", rule.topic, group) < self.physics.mistake / len(cases):
            code = pick(others, self.essence, "mistaken", rule.topic, group)
        return Finding(rule.topic, group, code, tuple(case.quote for case in cases[:_DECISIVE]), belief)

    def _is_contradicted(self, finding: Finding) -> bool:
        topic, group = finding.topic, finding.group
        said = self.prompt.scoped(topic, group) if group else self.prompt.general(topic)
        return bool(said - {finding.code})


def _of_kind(sightings: Sequence[Sighting], kind: SightingKind) -> list[Sighting]:
    return [each for each in sightings if each.kind is kind]
