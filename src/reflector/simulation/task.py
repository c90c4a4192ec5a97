"""The task model's answer: it follows the rules that its prompt states, mostly."""

from __future__ import annotations

from reflector.simulation.accuracy import composure, follow_probability
from reflector.simulation.directives import read_instructions
from reflector.simulation.draws import pick, uniform
from reflector.simulation.environment import Environment
from reflector.simulation.tickets import read_ticket

__all__ = ["answer_ticket"]


def answer_ticket(
    prompt: str, text: str, environment: Environment, seed: object, replicate: object = 0
) -> str:
    """Return what the task model answers to a ticket: one line for each topic.

    The draws hang on the ticket and its topics, not on the prompt (common random numbers): two prompts that say the
    same get the same answers, and a further rule never turns a right answer into a wrong one by chance.
    """
    ticket = read_ticket(text)
    instructions = read_instructions(prompt)
    physics = environment.scenario.physics
    names = (seed, "task", ticket.id, replicate)
    lines = []
    for topic in ticket.topics:
        rule = environment.rule_of(topic, ticket.group)
        if rule is None:
            continue
        chance = follow_probability(rule, ticket.group, instructions, physics)
        if uniform(*names, topic) < chance:
            lines.append(f"{topic}: policy {rule.code}")
            continue
        told = sorted((instructions.scoped(topic, ticket.group) or instructions.general(topic)) - {rule.code})
        lines.append(
            f"{topic}: policy {pick(told, *names, 'told')}" if told else f"{topic}: standard handling"
        )
    if lines and uniform(*names, "composure") >= composure(prompt, instructions, physics):
        lines[-1] = f"{ticket.topics[-1]}: not handled"
    return "\n".join(lines) or "I see no topic that I could file."
