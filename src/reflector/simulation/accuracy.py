"""How well the task model does with a prompt: exact, in closed form, without running anything."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from reflector.simulation.directives import Instructions, read_instructions
from reflector.simulation.rules import GROUPS, Rule
from reflector.simulation.scenario import Physics, Visibility

__all__ = ["TOPIC_COUNTS", "composure", "exact_accuracy", "follow_probability", "follow_table"]

TOPIC_COUNTS: Mapping[int, float] = {1: 0.5, 2: 0.35, 3: 0.15}
"""How many topics a ticket has, and how often."""


def composure(prompt: str, instructions: Instructions, physics: Physics) -> float:
    """Return the probability that the length and the clutter of a prompt leave the task model unharmed."""
    words = len(prompt.split())
    excess = max(0, words - physics.length) / physics.length
    kept = 1 - physics.dilution * excess - physics.clutter * len(instructions.loose)
    return max(physics.floor, kept)


def follow_probability(rule: Rule, group: str, instructions: Instructions, physics: Physics) -> float:
    """Return the probability that the task model follows a rule for a customer of a group.

    What a prompt says of this group goes before what it says of all. Two codes at one level contradict each other.
    """
    scoped, general = instructions.scoped(rule.topic, group), instructions.general(rule.topic)
    said = scoped or general
    if not said:
        return physics.lucky if rule.visibility is Visibility.CONTRAST else physics.chance
    if said != {rule.code}:
        return physics.misled
    return physics.muddled if general - {rule.code} else physics.known


def follow_table(rules: Iterable[Rule], prompt: str, physics: Physics) -> dict[tuple[str, str], float]:
    """Return the probability of following the rule of each topic and group."""
    instructions = read_instructions(prompt)
    return {
        (rule.topic, group): follow_probability(rule, group, instructions, physics)
        for rule in rules
        for group in GROUPS
        if rule.holds_for(group)
    }


def exact_accuracy(rules: Sequence[Rule], prompt: str, physics: Physics) -> float:
    """Return the expected share of right answers over all tickets there can be.

    A ticket has one to three topics, each set of that size as likely as another, and a group; it is right when the
    rule of every topic is followed. The mean of the products over all sets of n topics is the n-th elementary
    symmetric polynomial of their probabilities, divided by the number of sets.
    """
    table = follow_table(rules, prompt, physics)
    total = 0.0
    for group in GROUPS:
        chances = [chance for (_, whose), chance in sorted(table.items()) if whose == group]
        sums = _elementary(chances, max(TOPIC_COUNTS))
        sizes = {size: weight for size, weight in TOPIC_COUNTS.items() if size <= len(chances)}
        total += sum(
            weight * sums[size] / math.comb(len(chances), size) for size, weight in sizes.items()
        ) / sum(sizes.values())
    return composure(prompt, read_instructions(prompt), physics) * total / len(GROUPS)


def _elementary(values: Iterable[float], degree: int) -> list[float]:
    """Return the elementary symmetric polynomials of the values, of degree 0 to `degree`."""
    sums = [1.0] + [0.0] * degree
    for value in values:
        for size in range(degree, 0, -1):
            sums[size] += value * sums[size - 1]
    return sums
