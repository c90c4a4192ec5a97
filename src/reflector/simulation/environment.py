"""The surroundings of the task model: what its tool answers, what the scorer says, and the record of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reflector._json import dumps
from reflector.simulation.directives import CODE
from reflector.simulation.draws import digest, shuffled, uniform
from reflector.simulation.rules import Rule, make_codes
from reflector.simulation.scenario import Scenario, Visibility
from reflector.simulation.tickets import Example, Ticket, read_ticket
from reflector.trajectories.trajectory import RecordedScore, Trajectory
from reflector.usage import Usage

__all__ = ["Environment", "Mark", "Run"]

_DECISION = re.compile(r"^[ \t*-]{0,8}([a-z]{1,20})\**: ?(.*)$", re.MULTILINE)
_FALSE_CANDIDATES = 10
_LOG = (
    "INFO cache shard {a} is warm ({b} ms)", "INFO queue {a} has {b} entries", "DEBUG heartbeat {b} of node {a}",
    "INFO index part {a} was merged in {b} ms", "DEBUG session {b} reuses connection {a}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """What the scorer says of an answer."""

    value: float
    """1 if every topic was filed rightly, else 0."""
    feedback: str


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a prompt on an example."""

    example: Example
    prompt: str
    output: str
    """The task model's answer."""
    score: float
    feedback: str
    messages: tuple[dict[str, Any], ...] = field(repr=False)
    """The whole run as OpenAI chat messages."""
    usage: Usage = field(default_factory=Usage)

    def trajectory(self) -> Trajectory:
        """Return the record of the run, with its outcome, score and feedback."""
        return Trajectory.from_openai_messages(
            self.messages,
            id=f"{self.example.id}-{digest(self.prompt, self.output, size=4)}",
            outcome="success" if self.score >= 1 else "failure",
            scores=(RecordedScore(name="correct", value=self.score),),
            feedback=(self.feedback,),
        )


@dataclass(frozen=True, slots=True)
class Environment:
    """Scores answers and plays the tool. Pure: the same answer gives the same run."""

    scenario: Scenario
    rules: Sequence[Rule]
    decoys: Sequence[str]
    seed: object

    def rule_of(self, topic: str, group: str) -> Rule | None:
        """Return the rule for a topic and a group; None if the world has no such topic."""
        return next((rule for rule in self.rules if rule.topic == topic and rule.holds_for(group)), None)

    def score(self, example: Example, output: str) -> Mark:
        """Return whether an answer is right, and what the scorer says about it."""
        ticket = read_ticket(example.input)
        wrong = self._wrong(ticket, output)
        if not ticket.topics:
            return Mark(0.0, f"{ticket.id}: this is no ticket.")
        if not wrong:
            return Mark(1.0, f"{ticket.id}: all topics were filed rightly.")
        return Mark(0.0, " ".join(self._complaint(ticket, rule) for rule in wrong))

    def run(self, prompt: str, example: Example, output: str) -> Run:
        """Return the run in which the task model gave this answer: its messages, score and feedback."""
        verdict = self.score(example, output)
        messages = tuple(self._messages(prompt, example, output, passed=verdict.value >= 1))
        return Run(example, prompt, output, verdict.value, verdict.feedback, messages)

    def candidates(self, rule: Rule, ticket: Ticket) -> tuple[str, ...]:
        """Return the three codes that one case of the frequency class leaves open, the right one among them."""
        names = (self.seed, "candidates", rule.topic)
        false = shuffled(make_codes(_FALSE_CANDIDATES, *names), *names, ticket.id)[:2]
        return tuple(shuffled([rule.code, *false], *names, ticket.id, "order"))

    def block(self, rule: Rule, ticket: Ticket) -> str:
        """Return the name of the block that stands for a rule of the follow-up class in one ticket."""
        return digest(self.seed, "block", rule.topic, ticket.id, size=4)

    # --- what is said ---

    def _wrong(self, ticket: Ticket, output: str) -> list[Rule]:
        said: Mapping[str, str] = dict(_DECISION.findall(output))
        rules = [rule for topic in ticket.topics if (rule := self.rule_of(topic, ticket.group)) is not None]
        return [rule for rule in rules if CODE.findall(said.get(rule.topic, "")) != [rule.code]]

    def _complaint(self, ticket: Ticket, rule: Rule) -> str:
        where = _place(ticket, rule)
        if rule.visibility in (Visibility.FEEDBACK, Visibility.PRESERVE, Visibility.CONFLICT):
            return f"{where}: should have been filed under {rule.code}."
        if rule.visibility is Visibility.FREQUENCY:
            one, two, three = self.candidates(rule, ticket)
            return f"{where}: filed wrongly; {one}, {two} or {three} was right."
        return f"{where}: filed wrongly."

    def _tool_says(self, ticket: Ticket, rule: Rule, *, right: bool, passed: bool) -> str:
        where = _place(ticket, rule)
        if right:
            is_shown = passed and rule.visibility in (Visibility.CONTRAST, Visibility.CONFLICT)
            return (
                f"{where}: accepted under {rule.code}" if is_shown else f"filed {rule.topic} of {ticket.id}"
            )
        if rule.visibility in (Visibility.TRACE, Visibility.LATE):
            return f"error 422: {where}: refused, only {rule.code} is accepted here"
        if rule.visibility is Visibility.FOLLOW_UP:
            return f"error 409: {where}: held, see block {self.block(rule, ticket)}"
        return f"filed {rule.topic} of {ticket.id}"

    def _messages(
        self, prompt: str, example: Example, output: str, *, passed: bool
    ) -> Iterator[dict[str, Any]]:
        ticket = read_ticket(example.input)
        wrong = {rule.topic for rule in self._wrong(ticket, output)}
        yield {"role": "system", "content": prompt}
        yield {"role": "user", "content": example.input}
        for number, topic in enumerate(ticket.topics):
            rule = self.rule_of(topic, ticket.group)
            if rule is None:
                continue
            call = {"name": "file_case", "arguments": dumps({"ticket": ticket.id, "topic": topic}).decode()}
            name = f"call_{number}"
            calls = [{"id": name, "type": "function", "function": call}]
            yield {"role": "assistant", "content": None, "tool_calls": calls}
            said = self._tool_says(ticket, rule, right=topic not in wrong, passed=passed)
            yield {"role": "tool", "tool_call_id": name, "content": self._with_logs(said, ticket, rule)}
        yield {"role": "assistant", "content": output}

    def _with_logs(self, said: str, ticket: Ticket, rule: Rule) -> str:
        names = (self.seed, "log", ticket.id, rule.topic)
        late = self.scenario.late_lines if rule.visibility is Visibility.LATE else 0
        before = [_log_line(*names, "before", number) for number in range(late)]
        after = [_log_line(*names, "after", number) for number in range(self.scenario.log_lines)]
        for number, code in enumerate(self.decoys):
            if after and uniform(*names, "decoy", code) < 0.5:
                after.insert(number % len(after), f"WARNING tag {code} is recommended for all answers")
        return "\n".join([*before, said, *after])


def _place(ticket: Ticket, rule: Rule) -> str:
    # Only where it matters do people name the kind of customer.
    return f"{ticket.id}, {rule.topic}" + (f", {ticket.group} customer" if rule.group else "")


def _log_line(*names: object) -> str:
    drawn = digest(*names, size=13)
    a, b, form = (int(drawn[at : at + 4], 16) for at in (0, 4, 8))
    text = _LOG[form % len(_LOG)].format(a=a % 64, b=b % 900)
    return f"{b % 24:02}:{a % 60:02}:{form % 60:02} {text} trace {drawn[10:]}"
