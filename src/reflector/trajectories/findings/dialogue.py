"""Checks of the conversation with a user: stalls, refusals, corrections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from reflector.trajectories.analysis import Severity
from reflector.trajectories.findings.finding import Checks, Hit
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.wording import (
    at_steps,
    listed,
    one_of,
    passage_around,
    sentences,
    straight,
    words_in_order,
    words_of,
)
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["checks"]

checks = Checks()
_POLITELY = r"\b(?:please|could you|can you|would you|kindly)\b[^.\n]{0,120}\b"
_ASKS = one_of(
    r"\?\s*$",
    _POLITELY + r"(?:provide|share|give|tell|send|specify|supply|enter|confirm|let me know|verify|clarify)\b",
    r"\b(?:i|we)(?:'ll| will)? (?:still )?(?:need|require)\b",
    r"\b(?:i am|i'm) missing\b",
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
_REFUSES = one_of(
    r"\bi(?:'m unable to| am unable to|'m not able to| am not able to| cannot| can't| could not| couldn't) "
    r"(?:provide|access|check|look up|view|retrieve|find|see|tell)\b",
    r"\bi (?:do not|don't) have (?:direct )?access\b",
)
_PERSON = r"\b(?:human|agent|customer (?:service|support|care)|support|representative|specialist|person)\b"
_SENDS_AWAY = one_of(
    r"\b(?:recommend|suggest|advise|please|should|can|could|need to)\b[^.\n]{0,60}"
    r"\b(?:contact(?:ing)?|call(?:ing)?|reach(?:ing)? out|speak(?:ing)?)\b[^.\n]{0,40}" + _PERSON
)
_TRANSFERS = one_of(r"\b(?:transfer|hand over|escalate)\b[^.\n]{0,40}" + _PERSON)
_TRANSFER_NAME = one_of("transfer", "escalat", "hand_?off", "human")
# From the plainest way to speak of tools to the loosest: the first that occurs is quoted.
_TOOLS = (
    one_of(
        r"\b(?:tool|function) calls?\b",
        r"\b(?:call|calling|invoke) (?:[\w'\"`-]{1,30} ){0,3}(?:tools?|functions?|APIs?)\b",
    ),
    one_of(
        r"\b(?:use|using|run) (?:[\w'\"`-]{1,30} ){0,3}(?:tools?|functions?|APIs?)\b",
        r"['\"`][\w-]{1,60}['\"`] (?:tool|function)\b",
    ),
    one_of(r"\b(?:available|provided|following|these|given|your|the) (?:[\w-]{1,30} )?tools\b"),
)
_WEAK = words_of(
    "need provide have know remember find details information help thank thanks sure sorry not don't cannot can't "
    "proceed get time way possible access able here there one more any me tell give share please require confirm"
)
_MOST_WORDS = 40
_SAME = 0.6
"""Share of the shorter question's words that both must hold to be the same one."""


def _tool_passage(prompt: str) -> str | None:
    """The sentence of a prompt that speaks most plainly of tools."""
    match = next(filter(None, (pattern.search(prompt) for pattern in _TOOLS)), None)
    return passage_around(prompt, match) if match is not None else None


@checks.add(
    "no_tool_called",
    "logical_error",
    "{known}, yet no tool was called in the whole run (answers at {steps}).",
    "high",
)
def _no_tool_called(view: RunView) -> Iterator[Hit]:
    """The prompt speaks of tools, or tools were offered to a run that failed, and none was called."""
    passage, offered = _tool_passage(view.prompt), view.trajectory.tools or ()
    if view.uses or (passage is None and not (offered and view.trajectory.outcome.is_failure)):
        return
    known = f"{len(offered)} tools were offered ({listed(offered)})"
    facts = {"known": f"The prompt speaks of tools (“{passage}”)" if passage else known}
    low = Severity.LOW if view.trajectory.outcome is Outcome.SUCCESS else None
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.MESSAGE and step.content.strip():
            yield Hit((index,), view.first_line(index), facts, low)


@checks.add(
    "dialogue_stall",
    "logical_error",
    "The assistant asked for the same thing again ({thing}) at {steps}, although the user had said at {refused} that "
    "they could not give it, and looked nothing up in between.",
    "high",
)
def _stall(view: RunView) -> list[Hit]:
    """The same is asked for again after the user could not give it, and no tool was called in between."""
    stall = _Stall()
    for index, step in enumerate(view.steps):
        if step.kind is StepKind.TOOL_CALL:
            stall.missing, stall.unanswered = [], frozenset()
        elif step.kind is StepKind.USER:
            stall.hear(index, step.content[:1500])
        elif step.kind is StepKind.MESSAGE:
            stall.ask(index, step.content[-3000:])
    last = max(stall.again, default=0)
    thing = " ".join(word for word, _ in stall.wanted.most_common(2))
    facts = {"thing": thing, "refused": at_steps([index for index in stall.refusals if index < last])}
    return [Hit((index,), question, facts) for index, question in stall.again.items()]


@dataclass(slots=True)
class _Stall:
    """What was asked for and denied so far, since the last tool call."""

    asked: frozenset[str] = frozenset()
    """Words of the last questions."""
    missing: list[str] = field(default_factory=list)
    """Words of the questions that the user named as what they cannot give."""
    unanswered: frozenset[str] = frozenset()
    """Words of the questions that the user could not answer last."""
    refusals: list[int] = field(default_factory=list)
    again: dict[int, str] = field(default_factory=dict)
    wanted: Counter[str] = field(default_factory=Counter)

    def hear(self, index: int, text: str) -> None:
        denials = [part for part in sentences(text) if _CANNOT.search(straight(part))]
        if denials and self.asked:
            named = [word for part in denials for word in _telling(part) if word in self.asked]
            self.missing = list(dict.fromkeys([*self.missing, *named]))[-_MOST_WORDS:]
            self.unanswered = self.asked
            self.refusals.append(index)

    def ask(self, index: int, text: str) -> None:
        questions = {part: _telling(part) for part in sentences(text) if _ASKS.search(straight(part))}
        for question, words in questions.items():
            shared = [word for word in words if word in self.missing] or self._same(words)
            if shared:
                self.again.setdefault(index, question)
                self.wanted.update(shared)
        self.asked = frozenset(word for words in questions.values() for word in words) or self.asked

    def _same(self, words: list[str]) -> list[str]:
        """The words of a question that were asked for before, if they are most of the shorter of the two."""
        shared = [word for word in words if word in self.unanswered]
        least = _SAME * min(len(words), len(self.unanswered))
        return shared if len(shared) >= max(2, least) else []


def _telling(text: str) -> list[str]:
    """The words that carry the meaning of a sentence, in its order: what does not depend on hashes."""
    return [word for word in words_in_order(text) if word not in _WEAK]


@checks.add(
    "refused_without_lookup",
    "logical_error",
    "The assistant said that it could not see or provide what was asked, without having called a tool for it, {times}.",
)
def _refused(view: RunView) -> Iterator[Hit]:
    """No tool was called between the user's request and the refusal."""
    unaided = []
    looked_up = not (view.uses or view.trajectory.tools or _tool_passage(view.prompt))
    if looked_up:
        return iter(())
    for index, step in enumerate(view.steps):
        if step.kind in (StepKind.USER, StepKind.TOOL_CALL):
            looked_up = step.kind is StepKind.TOOL_CALL
        elif not looked_up:
            unaided.append(index)
    return view.said(_REFUSES, (StepKind.MESSAGE,), among=unaided)


@checks.add(
    "sent_away",
    "logical_error",
    "The prompt has the assistant hand over itself (“{passage}”), yet it told the user to contact somebody {times} and "
    "made no transfer.",
)
def _sent_away(view: RunView) -> Iterator[Hit]:
    passage = _TRANSFERS.search(view.prompt)
    if passage is None or any(_TRANSFER_NAME.search(use.name) for use in view.uses):
        return
    for hit in view.said(_SENDS_AWAY, (StepKind.MESSAGE,)):
        yield hit._replace(facts={"passage": passage_around(view.prompt, passage)})


@checks.add(
    "user_correction", "logical_error", "The user corrected the assistant or complained {times}.", grave=2
)
def _corrections(view: RunView) -> Iterator[Hit]:
    spoken = next((i for i, step in enumerate(view.steps) if step.kind is StepKind.MESSAGE), len(view.steps))
    after = [i for i in range(spoken, len(view.steps)) if len(view.steps[i].content) <= 3000]
    return view.said(_CORRECTION, (StepKind.USER,), among=after, limit=1500)
