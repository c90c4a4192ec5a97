"""Checks of the conversation with a user: stalls, refusals, corrections, requests that were given up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of, sentence_around, sentences, straight
from reflector.trajectories.findings.prompt import tool_passage
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import at_steps, count_times, words_in_order, words_of
from reflector.trajectories.step import StepKind

__all__ = ["check_dialogue"]

_POLITELY = r"\b(?:please|could you|can you|would you|kindly)\b[^.\n]{0,120}\b"
_ASKS = one_of(
    r"\?\s*$",
    _POLITELY + r"(?:provide|share|give|tell|send|specify|supply)\b",
    _POLITELY + r"(?:enter|confirm|let me know|verify|clarify)\b",
    r"\bi(?:'ll| will)? (?:still )?(?:need|require)\b",
    r"\b(?:i am|i'm) missing\b",
    r"\bwe(?:'ll| will)? need\b",
    r"\b(?:is|are) required\b",
)
_CANNOT = one_of(
    r"\b(?:do(?: not|n't)|did(?: not|n't)|can(?:not|'t| not)|could(?: not|n't)|won't|am not|'m not|not) "
    r"(?:(?:really|actually|currently|even|quite|able to|sure|exactly) ){0,3}"
    r"(?:have|know|remember|recall|find|provide|access|recollect|locate|got|give|see|sure|certain|able)\b",
    r"\bno (?:idea|clue)\b",
    r"\bi(?:'ve| have)? (?:forgot(?:ten)?|lost)\b",
    r"\b(?:left it|misplaced|not with me|unsure|not sure)\b",
)
_CORRECTION = one_of(
    r"^\W{0,3}(?:no|nope)\b[,.!]? (?:that|this|it|i|you|not)\b",
    r"\bthat(?:'s| is) (?:not (?:what|right|correct|true)|wrong|incorrect)\b",
    r"\byou(?:'re| are) (?:wrong|mistaken|not (?:listening|helping|understanding))\b",
    r"\bnot what i (?:asked|meant|wanted|said|need)\b",
    r"\bi (?:already|just) (?:told|said|gave|provided|answered|explained|mentioned)\b",
    r"\byou (?:already asked|misunderstood|forgot|ignored|keep|made a mistake)\b",
    r"\b(?:this|that) (?:doesn't|does not|didn't|did not|still doesn't) (?:work|help|answer)\b",
    r"\bstill (?:not working|broken|wrong|failing|the same (?:error|problem))\b",
    r"\b(?:useless|frustrat\w{1,10}|ridiculous|unacceptable|waste of time)\b",
    r"\bas i (?:said|mentioned|told you)\b",
)
_GAVE_UP = one_of(
    r"\bi(?:'ll| will| am going to|'m going to) (?:\w{1,20} ){0,6}"
    r"(?:contact|call|try|find|look|reach out|go to|ask|do|speak)\b"
    r"[^.\n]{0,60}\b(?:human|someone|somewhere|else|support|agent|representative|myself|elsewhere|customer service)\b",
    r"\bnever ?mind\b",
    r"\bforget it\b",
    r"\bi give up\b",
    r"\bspeak (?:to|with) a (?:human|person|manager|representative)\b",
)
_REFUSES = one_of(
    r"\bi(?:'m| am) (?:unable|not able) to (?:provide|access|check|look up|view|retrieve|find|see|tell)\b",
    r"\bi (?:cannot|can't|could not|couldn't) (?:provide|access|check|look up|view|retrieve|find|see|tell)\b",
    r"\bi (?:do not|don't) have (?:direct )?access\b",
)
_SENDS_AWAY = one_of(
    r"\b(?:recommend|suggest|advise|please|should|can|could|need to)\b[^.\n]{0,60}"
    r"\b(?:contact(?:ing)?|call(?:ing)?|reach(?:ing)? out|speak(?:ing)?)\b[^.\n]{0,40}"
    r"\b(?:human|agent|customer (?:service|support|care)|support|representative|specialist)\b",
)
_TRANSFERS = one_of(
    r"\btransfer\b[^.\n]{0,40}\b(?:human|agent|representative|person|specialist)\b",
    r"\b(?:hand over|escalate)\b[^.\n]{0,40}\b(?:human|agent|representative|person|specialist)\b",
)
_TRANSFER_NAMES = ("transfer", "escalat", "handoff", "hand_off", "human")
_WEAK = words_of(
    "need provide have know remember find details information help thank thanks sure sorry not don't cannot can't "
    "proceed get time way possible access able here there one more any me"
)
_MOST_WORDS = 40


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What the assistant said last before the user spoke, and what the user said."""

    asked: int | None
    answered: int


def check_dialogue(view: RunView) -> list[FailurePoint]:
    """Return the findings on what user and assistant said to each other."""
    exchanges = _exchanges(view)
    return [
        *_stall(view),
        *_refused_without_lookup(view),
        *_sent_away(view),
        *_corrections(view, exchanges),
        *_gave_up(view),
    ]


def _exchanges(view: RunView) -> list[_Exchange]:
    exchanges, asked = [], None
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.MESSAGE and step.content.strip():
            asked = index
        elif step.kind is StepKind.USER:
            exchanges.append(_Exchange(asked, index))
    return exchanges


def _stall(view: RunView) -> list[FailurePoint]:
    """The assistant asked for the same thing again after the user could not give it, and looked nothing up between."""
    asked: list[str] = []
    missing: list[str] = []
    refusals: list[int] = []
    again: dict[int, str] = {}
    wanted: Counter[str] = Counter()
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.TOOL_CALL:
            missing = []
        elif step.kind is StepKind.USER and asked:
            words = _cannot_give(step.content)
            shared = [word for word in words or () if word in asked]
            if shared or (missing and words is not None):
                refusals.append(index)
                missing = list(dict.fromkeys([*missing, *shared]))[-_MOST_WORDS:]
        elif step.kind is StepKind.MESSAGE:
            questions = [s for s in sentences(step.content[-3000:]) if _ASKS.search(straight(s).strip())]
            for question in questions:
                shared = [word for word in _words_in_order(question) if word in missing]
                if shared:
                    again.setdefault(index, question)
                    wanted.update(shared)
            asked = list({word for question in questions for word in _words_in_order(question)}) or asked
    return [_stall_finding(view, refusals, again, wanted)] if again else []


def _words_in_order(text: str) -> list[str]:
    """The words that carry the meaning of a sentence, in its order: what does not depend on hashes."""
    return [word for word in words_in_order(text) if word not in _WEAK]


def _cannot_give(text: str) -> list[str] | None:
    """The words of the sentences in which the user says that they cannot; None if there is none."""
    denials = [sentence for sentence in sentences(text[:1500]) if _CANNOT.search(straight(sentence))]
    return [word for sentence in denials for word in _words_in_order(sentence)] if denials else None


def _stall_finding(
    view: RunView, refusals: list[int], again: dict[int, str], wanted: Counter[str]
) -> FailurePoint:
    steps = tuple(sorted(again))
    refusals = [index for index in refusals if index < steps[-1]]
    thing = " ".join(word for word, _ in wanted.most_common(2))
    return FailurePoint(
        category=FailureCategory.LOGICAL_ERROR,
        rule="dialogue_stall",
        severity=Severity.HIGH,
        description=f"The assistant asked for the same thing again ({thing}) at {at_steps(steps)}, "
        f"although the user had said "
        f"at {at_steps(refusals)} that they could not give it, and looked nothing up in between.",
        step_indices=steps,
        evidence=view.quote(again[steps[0]]),
    )


def _refused_without_lookup(view: RunView) -> list[FailurePoint]:
    """The assistant says that it cannot see something, and has called no tool since the user asked."""
    if not view.uses and tool_passage(view.prompt) is None and not view.trajectory.tools:
        return []
    found: list[tuple[int, str]] = []
    looked_up = False
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.USER:
            looked_up = False
        elif step.kind is StepKind.TOOL_CALL:
            looked_up = True
        elif step.kind is StepKind.MESSAGE and not looked_up:
            sentence = next((s for s in sentences(step.content[:2000]) if _REFUSES.search(straight(s))), None)
            if sentence is not None:
                found.append((index, sentence))
    steps = tuple(index for index, _ in found)
    if not steps:
        return []
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="refused_without_lookup",
            severity=Severity.MEDIUM,
            description=f"The assistant said that it could not see or provide what was asked, "
            f"without having called a tool for "
            f"it, {count_times(len(steps))} ({at_steps(steps)}).",
            step_indices=steps,
            evidence=view.quote(found[0][1]),
        )
    ]


def _sent_away(view: RunView) -> list[FailurePoint]:
    """The prompt lets the assistant transfer; it told the user to contact somebody instead."""
    rule = _TRANSFERS.search(view.prompt)
    if rule is None or any(name in use.name.lower() for use in view.uses for name in _TRANSFER_NAMES):
        return []
    found = [
        (index, sentence)
        for index, step in enumerate(view.steps)
        if step.kind is StepKind.MESSAGE
        for sentence in [
            next((s for s in sentences(step.content[:4000]) if _SENDS_AWAY.search(straight(s))), None)
        ]
        if sentence is not None
    ]
    steps = tuple(index for index, _ in found)
    if not steps:
        return []
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="sent_away",
            severity=Severity.MEDIUM,
            description=f"The prompt has the assistant hand over itself "
            f"(“{sentence_around(view.prompt, rule)[:200]}”), yet it told the "
            f"user to contact somebody {count_times(len(steps))} ({at_steps(steps)}) and made no transfer.",
            step_indices=steps,
            evidence=view.quote(found[0][1]),
        )
    ]


def _corrections(view: RunView, exchanges: list[_Exchange]) -> list[FailurePoint]:
    found = []
    for exchange in exchanges:
        text = view.steps[exchange.answered].content
        if exchange.asked is not None and len(text) <= 3000:
            sentence = next(
                (s for s in sentences(text[:1500]) if _CORRECTION.search(straight(s).strip())), None
            )
            if sentence is not None:
                found.append((exchange.answered, sentence))
    steps = tuple(index for index, _ in found)
    if not steps:
        return []
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="user_correction",
            severity=Severity.HIGH if len(steps) > 1 else Severity.MEDIUM,
            description=f"The user corrected the assistant or complained {count_times(len(steps))} "
            f"({at_steps(steps)}).",
            step_indices=steps,
            evidence=view.quote(found[0][1]),
        )
    ]


def _gave_up(view: RunView) -> list[FailurePoint]:
    """The user leaves, in one of their last two messages, without what they asked for."""
    users = [index for index, step in enumerate(view.steps) if step.kind is StepKind.USER]
    for index in users[1:][-2:]:
        sentence = next(
            (s for s in sentences(view.steps[index].content[:1500]) if _GAVE_UP.search(straight(s))), None
        )
        if sentence is not None:
            return [
                FailurePoint(
                    category=FailureCategory.INCOMPLETE,
                    rule="user_gave_up",
                    severity=Severity.MEDIUM,
                    description=f"The user gave up at step {index} without getting what they had asked for.",
                    step_indices=(index,),
                    evidence=view.quote(sentence),
                )
            ]
    return []
