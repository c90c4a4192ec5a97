"""The answers of the reflection model: what it found, in the form that the request wants."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reflector._json import dumps
from reflector.simulation.directives import CODE, Directive, read_instructions, sentences
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
    """One change of the prompt: `text` in the place of `old`, or at the end."""

    text: str
    old: str | None
    quotes: tuple[str, ...]
    belief: float
    what: str


def word_answer(question: Question, insight: Insight, physics: Physics) -> str:
    """Return the answer to a request."""
    changes = list(_changes(question, insight, physics))
    if question.form is AnswerForm.REFLECTION:
        return dumps(_reflection(question, insight, changes), indent=True).decode()
    if question.form in (AnswerForm.LIST, AnswerForm.OBJECT):
        lines = [line for change in changes for line in change.text.splitlines()]
        return dumps(
            lines if question.form is AnswerForm.LIST else {"suggestions": lines}, indent=True
        ).decode()
    prompt = _rewritten(question, insight, changes, physics)
    if question.form is AnswerForm.FENCED:
        return f"The feedback shows what the instructions lack. The new version:\n\n```\n{prompt}\n```"
    return prompt


def _changes(question: Question, insight: Insight, physics: Physics) -> Iterator[_Change]:
    topics = dict.fromkeys(finding.topic for finding in insight.findings)
    for topic in topics:
        yield _rule_change(
            question, [each for each in insight.findings if each.topic == topic], insight.essence
        )
    for code, count in insight.tags.items():
        yield _Change(
            tag_sentence(code),
            None,
            (f"WARNING tag {code} is recommended ({count} times)",),
            0.5,
            "Add the tag",
        )
    wanted = uniform(insight.essence, "filler") < physics.filler
    fresh = [each for each in FILLERS if each not in question.prompt and each not in question.tried]
    if fresh and (wanted or not insight.findings):
        yield _Change(pick(fresh, insight.essence, "which filler"), None, (), 0.15, "Ask for more care")


def _rule_change(question: Question, findings: list[Finding], essence: str) -> _Change:
    """Return the change that states the rule or the rules of one topic, in the place of what contradicts them."""
    topic = findings[0].topic
    text = "\n".join(rule_sentence(topic, each.group, each.code, essence) for each in findings)
    old = next((line for line in sentences(question.prompt) if _contradicts(line, findings)), None)
    quotes = tuple(quote for each in findings for quote in each.quotes)
    verb = "Correct" if old else "State"
    return _Change(
        text, old, quotes, min(each.belief for each in findings), f"{verb} the policy for {topic} tickets"
    )


def _contradicts(sentence: str, findings: list[Finding]) -> bool:
    """Return whether a sentence of the prompt gives other codes for what the findings are about."""
    said = read_instructions(sentence).directives
    new = {Directive(each.topic, each.group, each.code) for each in findings}
    is_exception = len(findings) == 1 and findings[0].group is not None
    return any(
        old.topic == each.topic and (old.group == each.group or (old.group is None and not is_exception))
        for old in said - new
        for each in findings
    )


# --- forms ---


def _reflection(question: Question, insight: Insight, changes: list[_Change]) -> dict[str, Any]:
    unclear = [
        f"The message about {case.ticket}, {case.rule.topic} (block {case.codes[0]}"
        + (f", step {min(case.steps)}" if case.steps else "")
        + ") does not say what was wanted."
        for case in insight.unclear[:3]
    ]
    causes = [f"The prompt does not give the policy for {each.topic} tickets." for each in insight.findings]
    answer: dict[str, Any] = {
        "analysis": " ".join(
            [
                f"{len(insight.findings)} topics were filed under the wrong policy, which the prompt does not name."
            ]
            * bool(insight.findings)
            + ["The record does not show why some steps failed."] * bool(unclear or not insight.findings)
        ),
        "root_causes": [*dict.fromkeys(causes), *unclear],
        "suggestions": [_suggestion(question, insight, change) for change in changes],
        "expected_improvement": "Topics with a stated policy are filed rightly."
        if insight.findings
        else "Unclear.",
    }
    if question.asks_confidence:
        beliefs = [suggestion["confidence"] for suggestion in answer["suggestions"]]
        answer["confidence"] = round(sum(beliefs) / len(beliefs), 3) if beliefs else 0.2
    return answer


def _suggestion(question: Question, insight: Insight, change: _Change) -> dict[str, Any]:
    priority = "high" if len(change.quotes) > 1 else "medium" if change.quotes else "low"
    suggestion: dict[str, Any] = {
        "type": "modify" if change.old else "add",
        "category": "constraint" if CODE.search(change.text) else "clarity",
        "description": f"{change.what}: {change.text.splitlines()[0]}",
        "rationale": "The record shows: " + "; ".join(change.quotes)
        if change.quotes
        else "Care helps everywhere.",
        "priority": priority,
        "specific_text": change.text,
        "target_section": change.old,
    }
    if question.asks_confidence:
        suggestion["confidence"] = _stated_confidence(change.belief, insight.essence, change.text)
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
        if not (CODE.search(line) and uniform(insight.essence, "lost", number) < lost)
    ]
    lines += [f"- {line}" for change in changes if not change.old for line in change.text.splitlines()]
    return "\n".join(lines)
