"""Checks of the reasoning: contradictions, circles, gaps and conclusions without support."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import NamedTuple

from reflector.trajectories.analysis import ReasoningIssue, ReasoningIssueType, Severity
from reflector.trajectories.analysis_config import ReasoningConfig
from reflector.trajectories.findings.patterns import sentences, straight
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.turns import promised_actions
from reflector.trajectories.findings.wording import content_words, similarity, words_of
from reflector.trajectories.step import StepKind

__all__ = ["check_reasoning"]

_NEGATIONS = words_of(
    "not no never cannot can't isn't won't didn't don't doesn't wasn't aren't shouldn't couldn't wouldn't"
)
_NEGATION = re.compile(rf"\b(?:{'|'.join(sorted(_NEGATIONS))})\b", re.IGNORECASE)
_CONCLUSION = re.compile(r"\b(?:therefore|thus|so|hence|conclude[sd]?|conclusion|results?)\b", re.IGNORECASE)
_STEP_LABEL = re.compile(r"^\W{0,4}step (\d{1,2})\b", re.IGNORECASE | re.MULTILINE)
_SENTENCES = 16
_FEW_WORDS = 2
_ENOUGH_WORDS = 4


class _Claim(NamedTuple):
    """A sentence: whether it denies something, and what it speaks of."""

    sentence: str
    denied: bool
    words: frozenset[str]


def check_reasoning(view: RunView) -> list[ReasoningIssue]:
    """Return the issues of the reasoning steps, in the order of the checks."""
    config = view.config.reasoning
    indices = [
        i for i, step in enumerate(view.steps) if step.kind is StepKind.REASONING and step.content.strip()
    ]
    texts = {i: straight(view.steps[i].content[: config.max_length]).strip() for i in indices}
    return [
        *_contradictions(indices, texts, config, view),
        *_circles(indices, texts, config, view),
        *_thin(indices, texts, config, view),
        *_missing_steps(indices, texts, view),
    ]


def _contradictions(
    indices: list[int], texts: dict[int, str], config: ReasoningConfig, view: RunView
) -> list[ReasoningIssue]:
    issues = []
    claims = {
        index: [_claim(sentence) for sentence in islice(sentences(texts[index]), _SENTENCES)]
        for index in indices
    }
    for first, second in pairwise(indices):
        sentence = _contradicting(claims[first], claims[second], config)
        if sentence is not None:
            issues.append(
                ReasoningIssue(
                    type=ReasoningIssueType.CONTRADICTION,
                    severity=Severity.HIGH,
                    description=f"Step {second} denies what step {first} says, or the other way round.",
                    step_indices=(first, second),
                    evidence=_verbatim(view, second, sentence),
                )
            )
    return issues


def _claim(sentence: str) -> _Claim:
    return _Claim(
        sentence.strip(), _NEGATION.search(sentence) is not None, content_words(sentence) - _NEGATIONS
    )


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


def _circles(
    indices: list[int], texts: dict[int, str], config: ReasoningConfig, view: RunView
) -> list[ReasoningIssue]:
    issues = []
    words = {i: frozenset(texts[i].lower().split()) for i in indices}
    told: set[int] = set()
    for start in range(len(indices) - config.window + 1):
        window = indices[start : start + config.window]
        pair = next(
            (
                p
                for p in pairwise(window)
                if similarity(words[p[0]], words[p[1]]) > config.circular_similarity
            ),
            None,
        )
        if pair is not None and pair[1] not in told:
            told.add(pair[1])
            issues.append(
                ReasoningIssue(
                    type=ReasoningIssueType.CIRCULAR_REASONING,
                    severity=Severity.MEDIUM,
                    description=f"Steps {pair[0]} and {pair[1]} say the same: the reasoning goes in circles.",
                    step_indices=pair,
                    evidence=view.first_line(pair[1]),
                )
            )
    return issues


def _thin(
    indices: list[int], texts: dict[int, str], config: ReasoningConfig, view: RunView
) -> list[ReasoningIssue]:
    issues = []
    for i in indices:
        concludes = _CONCLUSION.search(texts[i]) is not None
        if not concludes and len(texts[i]) < config.short_length:
            issues.append(
                ReasoningIssue(
                    type=ReasoningIssueType.INCOMPLETE_LOGIC,
                    severity=Severity.LOW,
                    description=f"The reasoning of step {i} is {len(texts[i])} characters long and concludes nothing.",
                    step_indices=(i,),
                    evidence=view.first_line(i),
                )
            )
        elif concludes and len(texts[i]) < config.conclusion_length:
            issues.append(
                ReasoningIssue(
                    type=ReasoningIssueType.UNSUPPORTED_CONCLUSION,
                    severity=Severity.MEDIUM,
                    description=f"Step {i} draws a conclusion without saying what it rests on.",
                    step_indices=(i,),
                    evidence=view.first_line(i),
                )
            )
    return issues


def _missing_steps(indices: list[int], texts: dict[int, str], view: RunView) -> list[ReasoningIssue]:
    """A numbered step that is left out, or an action that is announced and never done."""
    issues = []
    labels = [(int(label), i) for i in indices for label in _STEP_LABEL.findall(texts[i])]
    for (number, before), (following, after) in pairwise(labels):
        if following > number + 1:
            missing = (
                f"step {number + 1}" if following == number + 2 else f"steps {number + 1} to {following - 1}"
            )
            issues.append(
                ReasoningIssue(
                    type=ReasoningIssueType.MISSING_STEP,
                    severity=Severity.MEDIUM,
                    description=f"The plan goes from step {number} to step {following}; {missing} is left out.",
                    step_indices=tuple(dict.fromkeys((before, after))),
                    evidence=next(
                        line.strip()
                        for line in view.steps[after].content.splitlines()
                        if _STEP_LABEL.match(line)
                    ),
                )
            )
    for index, promise in promised_actions(view):
        issues.append(
            ReasoningIssue(
                type=ReasoningIssueType.MISSING_STEP,
                severity=Severity.MEDIUM,
                description=f"Step {index} announces an action that never follows.",
                step_indices=(index,),
                evidence=view.quote(promise),
            )
        )
    return issues


def _verbatim(view: RunView, index: int, sentence: str) -> str:
    """The sentence as the record has it; it was compared with straight apostrophes."""
    content = view.steps[index].content
    place = straight(content).find(sentence)
    return view.quote(content[place : place + len(sentence)]) if place >= 0 else view.first_line(index)
