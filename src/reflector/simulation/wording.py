"""The answers of the reflection model: what it found, in the form that the request wants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reflector._json import dumps
from reflector.simulation.directives import CODE, read_instructions, sentences
from reflector.simulation.draws import normal, pick, uniform
from reflector.simulation.insights import Finding, Insight
from reflector.simulation.question import AnswerForm, Question
from reflector.simulation.rules import rule_sentence, tag_sentence
from reflector.simulation.scenario import Physics

__all__ = ["FILLERS", "word_answer"]

FILLERS = (
    "Read the whole ticket before you file it.", "Check every topic once more before you answer.",
    "Answer in the order in which the ticket names its topics.", "Be precise and complete.",
    "Think about what the customer needs.", "Never leave a topic of the ticket out.",
    "Say only what the tool has confirmed.", "Keep a friendly and factual tone.",
    "Look at the result of each call before you make the next one.", "Avoid needless words in the final answer.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of the prompt: `text` in the place of `old`; at the end without it, and nothing for an empty text."""

    what: str
    text: str
    old: str | None = None
    quotes: tuple[str, ...] = ()
    belief: float = 0.5


def word_answer(question: Question, insight: Insight, physics: Physics) -> str:
    """Return the answer to a request."""
    changes = list(_changes(question, insight, physics))
    if question.form is AnswerForm.REFLECTION:
        return dumps(_reflection(question, insight, changes), indent=True).decode()
    if question.form in (AnswerForm.LIST, AnswerForm.OBJECT):
        lines: Any = [line for change in changes for line in change.text.splitlines()]
        answer = lines if question.form is AnswerForm.LIST else {"suggestions": lines}
        return dumps(answer, indent=True).decode()
    prompt = _rewritten(question, insight, changes, physics)
    if question.form is AnswerForm.FENCED:
        return f"The feedback shows what the instructions lack. The new version:\n\n```\n{prompt}\n```"
    return prompt


def _changes(question: Question, insight: Insight, physics: Physics) -> Iterator[_Change]:
    for topic in dict.fromkeys(finding.topic for finding in insight.findings):
        findings = [each for each in insight.findings if each.topic == topic]
        yield from _rule_changes(question, topic, findings, insight.essence)
    for code, count in insight.tags.items():
        shown = f"WARNING tag {code} is recommended ({count} times)"
        yield _Change("Add the tag", tag_sentence(code), quotes=(shown,))
    wanted = uniform(insight.essence, "filler") < physics.filler
    fresh = [each for each in FILLERS if each not in question.prompt and each not in question.tried]
    if fresh and (wanted or not insight.findings):
        yield _Change("Ask for more care", pick(fresh, insight.essence, "which filler"), belief=0.15)


def _rule_changes(question: Question, topic: str, findings: list[Finding], essence: str) -> Iterator[_Change]:
    """Yield the changes that state the rule or the rules of one topic, and take out what contradicts them."""
    olds: list[str | None] = [line for line in sentences(question.prompt) if _contradicts(line, findings)]
    touched = read_instructions("\n".join(line for line in olds[:1] if line)).directives
    kept = read_instructions(question.prompt).directives - touched
    text = "\n".join(
        rule_sentence(topic, each.group, each.code, essence)
        for each in findings
        if each.directive not in kept
    )
    quotes = tuple(quote for each in findings for quote in each.quotes)
    belief = min(each.belief for each in findings)
    for old in olds or ([None] if text else []):
        verb = "State" if old is None else "Correct" if text else "Take out a wrong line about"
        yield _Change(f"{verb} the policy for {topic} tickets", text, old, quotes, belief)
        text = ""


def _contradicts(sentence: str, findings: list[Finding]) -> bool:
    """Return whether a sentence of the prompt gives other codes for what the findings are about."""
    said = read_instructions(sentence).directives - {each.directive for each in findings}
    is_exception = len(findings) == 1 and findings[0].group is not None
    return any(
        old.topic == each.topic and (old.group == each.group or (old.group is None and not is_exception))
        for old in said
        for each in findings
    )


# --- forms ---


def _reflection(question: Question, insight: Insight, changes: list[_Change]) -> dict[str, Any]:
    topics = dict.fromkeys(each.topic for each in insight.findings)
    causes = [f"The prompt does not give the policy for {topic} tickets." for topic in topics]
    for case in insight.unclear[:3]:
        step = f", step {min(case.steps)}" if case.steps else ""
        causes.append(
            f"What is said of {case.ticket}, {case.rule.topic} (block {case.codes[0]}{step}) does not say why."
        )
    analysis = (
        [f"{len(topics)} topics were filed under a policy that the prompt does not name."] if topics else []
    )
    if insight.unclear or not topics:
        analysis.append("The record does not show why some steps failed.")
    answer: dict[str, Any] = {
        "analysis": " ".join(analysis),
        "root_causes": causes,
        "suggestions": [_suggestion(question, insight, change) for change in changes],
        "expected_improvement": "Topics with a policy are filed rightly." if topics else "Unclear.",
    }
    if question.asks_confidence:
        beliefs = [suggestion["confidence"] for suggestion in answer["suggestions"]]
        answer["confidence"] = round(sum(beliefs) / len(beliefs), 3) if beliefs else 0.2
    return answer


def _suggestion(question: Question, insight: Insight, change: _Change) -> dict[str, Any]:
    first = (change.text or change.old or "").splitlines()[0]
    suggestion: dict[str, Any] = {
        "type": "add" if change.old is None else "modify" if change.text else "remove",
        "category": "constraint" if CODE.search(first) else "clarity",
        "description": f"{change.what}: {first}",
        "rationale": f"Shown: {'; '.join(change.quotes)}" if change.quotes else "Care helps everywhere.",
        "priority": "high" if len(change.quotes) > 1 else "medium" if change.quotes else "low",
        "specific_text": change.text or change.old,
        "target_section": change.old if change.text else None,
    }
    if question.asks_confidence:
        suggestion["confidence"] = _stated_confidence(change.belief, insight.essence, change.what, first)
    return suggestion


def _stated_confidence(belief: float, *names: object) -> float:
    """Return what the model says of its certainty: the truth with noise on the logit."""
    logit = math.log(belief / (1 - belief)) + 0.8 * normal(*names, "confidence")
    return round(1 / (1 + math.exp(-logit)), 3)


def _rewritten(question: Question, insight: Insight, changes: list[_Change], physics: Physics) -> str:
    """Return the whole prompt anew: with the changes, and without the rules that the rewriting has lost."""
    lost = physics.drop * (0.2 if question.keeps else 1.0)
    prompt = question.prompt
    for change in changes:
        if change.old:
            prompt = prompt.replace(change.old, change.text.replace("\n", " "), 1)
    lines = [
        line
        for number, line in enumerate(prompt.splitlines())
        if line.strip() not in ("-", "*")
        and not (CODE.search(line) and uniform(insight.essence, "lost", number) < lost)
    ]
    lines += [f"- {line}" for change in changes if not change.old for line in change.text.splitlines()]
    return "\n".join(lines)
