"""Checks of the reasoning: contradictions, circles, gaps and conclusions without support."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import NamedTuple

from reflector.trajectories.analysis import ReasoningConfig, ReasoningIssue, ReasoningIssueType, Severity
from reflector.trajectories.findings.finding import MAX_EVIDENCE
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import content_words, sentences, similarity, straight, words_of
from reflector.trajectories.step import StepKind

__all__ = ["check_reasoning"]

_NEGATIONS = words_of(
    "not no never cannot can't isn't won't didn't don't doesn't wasn't aren't shouldn't couldn't wouldn't"
)
_NEGATION = re.compile(rf"\b(?:{'|'.join(sorted(_NEGATIONS))})\b", re.IGNORECASE)
_CONCLUSION = re.compile(r"\b(?:therefore|thus|so|hence|conclude[sd]?|conclusion|results?)\b", re.IGNORECASE)
_STEP_LABEL = re.compile(r"^\W{0,4}step (\d{1,2})\b[^\n]*", re.IGNORECASE | re.MULTILINE)
_SENTENCES = 16
_FEW_WORDS = 2
_ENOUGH_WORDS = 4
_Texts = dict[int, str]
"""What is read of each reasoning step, by its index, in their order."""


class _Claim(NamedTuple):
    """A sentence: whether it denies something, and what it speaks of."""

    sentence: str
    denied: bool
    words: frozenset[str]

    @classmethod
    def of(cls, sentence: str) -> _Claim:
        denied = _NEGATION.search(straight(sentence)) is not None
        return cls(sentence, denied, content_words(sentence) - _NEGATIONS)


def check_reasoning(view: RunView) -> list[ReasoningIssue]:
    """Return the issues of the reasoning steps, in the order of the checks."""
    config = view.config.reasoning
    texts = {
        index: step.content[: config.max_length].strip()
        for index, step in enumerate(view.steps)
        if step.kind is StepKind.REASONING and step.content.strip()
    }
    return [
        *_contradictions(texts, config),
        *_circles(texts, config, view),
        *_thin(texts, config, view),
        *_missing_steps(texts),
    ]


def _issue(
    kind: str, steps: tuple[int, ...], said: str, quote: str, severity: Severity = Severity.MEDIUM
) -> ReasoningIssue:
    evidence = quote.strip()[:MAX_EVIDENCE].strip()
    type_ = ReasoningIssueType(kind)
    return ReasoningIssue(
        type=type_, severity=severity, description=said, step_indices=steps, evidence=evidence
    )


def _contradictions(texts: _Texts, config: ReasoningConfig) -> Iterator[ReasoningIssue]:
    claims = [
        (index, [_Claim.of(part) for part in islice(sentences(text), _SENTENCES)])
        for index, text in texts.items()
    ]
    for (first, before), (second, after) in pairwise(claims):
        sentence = _contradicting(before, after, config)
        if sentence is not None:
            text = f"Step {second} denies what step {first} says, or the other way round."
            yield _issue("contradiction", (first, second), text, sentence, Severity.HIGH)


def _contradicting(before: list[_Claim], after: list[_Claim], config: ReasoningConfig) -> str | None:
    """The sentence of the second text that says the opposite of one of the first.

    In long texts two sentences of a few words meet by chance; there they must share more.
    """
    least = _FEW_WORDS if len(before) == len(after) == 1 else _ENOUGH_WORDS
    for claim in after:
        for other in before:
            if claim.denied == other.denied:
                continue
            shared = len(claim.words & other.words)
            shorter, longer = sorted((len(claim.words), len(other.words)))
            if shared >= least and shared > config.contradiction_overlap * shorter and shared * 2 >= longer:
                return claim.sentence
    return None


def _circles(texts: _Texts, config: ReasoningConfig, view: RunView) -> Iterator[ReasoningIssue]:
    if len(texts) < config.window:
        return
    words = [(index, frozenset(text.lower().split())) for index, text in texts.items()]
    for (first, before), (second, after) in pairwise(words):
        if similarity(before, after) > config.circular_similarity:
            text = f"Steps {first} and {second} say the same: the reasoning goes in circles."
            line = view.first_line(second)
            yield _issue("circular_reasoning", (first, second), text, line)


def _thin(texts: _Texts, config: ReasoningConfig, view: RunView) -> Iterator[ReasoningIssue]:
    for index, text in texts.items():
        line = view.first_line(index)
        if _CONCLUSION.search(text):
            if len(text) < config.conclusion_length:
                said = f"Step {index} draws a conclusion without saying what it rests on."
                yield _issue("unsupported_conclusion", (index,), said, line)
        elif len(text) < config.short_length:
            said = f"The reasoning of step {index} is {len(text)} characters long and concludes nothing."
            yield _issue("incomplete_logic", (index,), said, line, Severity.LOW)


def _missing_steps(texts: _Texts) -> Iterator[ReasoningIssue]:
    """A numbered step of a plan that is left out."""
    labels = [
        (int(found[1]), i, found[0]) for i, text in texts.items() for found in _STEP_LABEL.finditer(text)
    ]
    for (number, before, _), (following, after, line) in pairwise(labels):
        if following > number + 1:
            text = f"The plan goes from step {number} to step {following}; what lies between is left out."
            yield _issue("missing_step", tuple(dict.fromkeys((before, after))), text, line)
