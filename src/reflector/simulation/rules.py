"""The secret rules of a world: which policy each topic is filed under."""

from __future__ import annotations

from dataclasses import dataclass

from reflector.errors import ConfigurationError
from reflector.simulation.draws import pick, shuffled, uniform
from reflector.simulation.scenario import Scenario, Visibility

__all__ = ["GROUPS", "TOPICS", "Rule", "make_codes", "make_rules", "rule_sentence", "tag_sentence"]

GROUPS = ("retail", "wholesale")

TOPICS = (
    "refund", "invoice", "delivery", "warranty", "voucher", "returns", "account", "address", "billing", "recall",
    "damage", "discount", "exchange", "catalogue", "packaging", "assembly", "customs", "insurance", "leasing",
    "loyalty", "pickup", "pricing", "privacy", "receipt", "rental", "repair", "sample", "shortage", "spares",
    "storage", "subscription", "surcharge", "survey", "tariff", "tracking", "training", "transfer", "upgrade",
    "vacancy", "visit", "weighing", "bulk", "complaint", "donation", "energy", "financing", "gift", "hazard",
)  # fmt: skip

_SENTENCES = (
    "For {topic} tickets{scope}, apply policy {code}.",
    "File {topic} tickets{scope} under policy {code}.",
    "When a ticket{scope} is about {topic}, policy {code} applies.",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: tickets about `topic`, of one group or of all, belong under the policy `code`."""

    topic: str
    group: str | None
    code: str
    visibility: Visibility

    def holds_for(self, group: str) -> bool:
        """Return whether it is the rule for customers of a group."""
        return self.group is None or self.group == group


def rule_sentence(topic: str, group: str | None, code: str, *names: object) -> str:
    """Return the rule in words; the names choose among paraphrases, without names it is the first."""
    form = pick(_SENTENCES, "paraphrase", topic, code, *names) if names else _SENTENCES[0]
    scope = f" of {group} customers" if group else ""
    return form.format(topic=topic, scope=scope, code=code)


def tag_sentence(code: str) -> str:
    """Return the useless instruction that a decoy leads to."""
    return f"Add the tag {code} to every answer."


def make_rules(scenario: Scenario, seed: object) -> tuple[Rule, ...]:
    """Return the rules of a world, in an order that says nothing about their classes.

    Raises:
        ConfigurationError: If the scenario asks for more topics than there are.
    """
    wanted = [visibility for visibility, count in scenario.topics.items() for _ in range(count)]
    if len(wanted) > len(TOPICS):
        raise ConfigurationError(f"there are {len(TOPICS)} topics; the scenario asks for {len(wanted)}.")
    topics = shuffled(TOPICS, seed, "topics")
    codes = iter(make_codes(2 * len(wanted), seed, "rules"))
    rules = []
    for topic, visibility in zip(topics, wanted, strict=False):
        groups = GROUPS if visibility is Visibility.CONFLICT else (None,)
        rules += [Rule(topic, group, next(codes), visibility) for group in groups]
    return tuple(shuffled(rules, seed, "order"))


def make_codes(count: int, *names: object) -> list[str]:
    """Return different codes such as `ZAV-83`; 180,000 are possible, so that none can be guessed."""
    found: dict[str, None] = {}
    number = 0
    while len(found) < count:
        number += 1
        letters = (
            pick(letters, *names, number, place)
            for place, letters in enumerate(("BCDFGHJKLMNPQRSTVWXZ", "AEIOU", "BCDFGHJKLMNPQRSTVWXZ"))
        )
        found["".join(letters) + f"-{int(uniform(*names, number) * 90) + 10}"] = None
    return list(found)
