"""Checks of the model's turns: idle, empty, only announcing, rejected, or claiming what is not so."""

from __future__ import annotations

from collections.abc import Iterator

from reflector.trajectories.analysis import Severity
from reflector.trajectories.findings.finding import Checks, Hit
from reflector.trajectories.findings.run_view import MODEL_WORDS, RunView
from reflector.trajectories.findings.wording import one_of, sentences, straight
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["checks"]

checks = Checks()
_WRONG = one_of(
    r"\b(?:submission|answer|solution|flag|result|guess) (?:was|is) (?:incorrect|wrong|not correct|rejected)\b",
    r"\b(?:incorrect|wrong) (?:answer|submission|flag|solution|result)\b",
    r"^\W{0,3}(?:incorrect|wrong)\b[.!]",
)
_FORMAT = one_of(
    r"\b(?:format|parsing|parse) errors?\b",
    r"\bEXACTLY ONE (?:action|command|bash|tool)\b",
    r"\b(?:was|were|is) not (?:properly|correctly) formatted\b",
    r"\b(?:no|without a|did not (?:include|contain)|missing) (?:valid )?"
    r"(?:tool call|function call|code block|action)s?\b"
    r"[^.\n]{0,60}(?:found|response|message|reply|output|provided)",
    r"\byour (?:last )?(?:response|reply|output|message) (?:was|is|could not be) "
    r"(?:malformed|rejected|invalid|parsed|not valid)\b",
)
_PROMISE = one_of(
    r"\b(?:let me|i will|i'll|i'm going to|i am going to|let's|next,? i(?:'ll| will)?) "
    r"(?:now |first |next |also |then |quickly |try to |go ahead and ){0,3}"
    r"(?:run|check|search|look|find|call|open|read|execute|create|write|test|fetch|retrieve|query|inspect|try|use|"
    r"submit|apply|install|edit|fix|verify|list|cancel|book|update|transfer)\b"
)
_HANDS_OVER = one_of(
    r"\?\s*$", r"\bplease\b", r"\blet me know\b", r"\bonce you\b", r"\bwould you\b", r"\bif you\b", r"\bconfirm\b",
)  # fmt: skip
_CLAIMS = one_of(
    r"\bI(?:'m| am) (?:\w{1,20} )?confident\b",
    r"\b(?:has|have) been (?:now )?(?:successfully )?(?:fixed|resolved|solved|completed?|updated|implemented)\b",
    r"\b(?:has|have) been (?:successfully )?(?:cancelled|booked|processed)\b",
    r"\b(?:issue|bug|problem|task) is (?:now )?(?:fixed|resolved|solved|completed?|done)\b",
    r"\ball (?:\w{1,20} )?(?:tests|checks) (?:pass|passed|are passing)\b",
    r"\bI have (?:successfully )?(?:verified|fixed|implemented|completed|solved)\b",
    r"\bsuccessfully (?:\w{2,20}ed)\b",
    r"\b(?:works|working) (?:as expected|correctly)\b",
)
_NUDGE = 600
_LAST_TURNS = 3


@checks.add(
    "wrong_submission", "logical_error", "A submission was rejected as wrong {times}{again}.", grave=2
)
def _wrong_submissions(view: RunView) -> list[Hit]:
    short = [index for index, step in enumerate(view.steps) if index and len(step.content) < 1500]
    found = list(view.said(_WRONG, (StepKind.USER, StepKind.TOOL_RESULT), among=short))
    again = _handed_in_again(view, [hit.steps[0] for hit in found])
    said = "; the same answer was handed in again after it had been rejected" if again else ""
    return [hit._replace(facts={"again": said}) for hit in found]


def _handed_in_again(view: RunView, rejections: list[int]) -> bool:
    """Whether the last calls before two rejections are the same."""
    handed_in: list[str] = []
    calls = iter(view.calls)
    last, following = "", next(calls, None)
    for index in rejections:
        while following is not None and following[0] < index:
            last, following = following[1].fingerprint, next(calls, None)
        handed_in += [last] if last else []
    return len(handed_in) > len(set(handed_in))


@checks.add(
    "rejected_format", "logical_error", "The form of the model's reply was rejected {times}.", grave=2
)
def _rejected_formats(view: RunView) -> Iterator[Hit]:
    """What the harness says, as a user or as a result of no call."""
    first = next((turn[0] for turn in view.turns), len(view.steps))
    stray = {use.index for use in view.uses if use.call is None}
    kinds = (StepKind.USER, StepKind.TOOL_RESULT)
    spoken = [i for i in range(first, len(view.steps)) if i in stray or view.steps[i].kind is StepKind.USER]
    return view.said(_FORMAT, kinds, among=spoken, limit=1500)


@checks.add(
    "idle_turns",
    "incomplete",
    "The model ended its turn without acting and had to be told to go on, {times}.",
    grave=3,
)
def _idle(view: RunView) -> list[Hit]:
    """The same user message again and again, each time after a turn that called nothing."""
    nudged: dict[str, list[int]] = {}
    for index, step in enumerate(view.steps):
        idle = index > 0 and view.steps[index - 1].kind in MODEL_WORDS
        if idle and step.kind is StepKind.USER and 0 < len(step.content) < _NUDGE:
            nudged.setdefault(step.content.strip(), []).append(index - 1)
    return [
        Hit((index,), view.last_line(index), key=text)
        for text, indices in nudged.items()
        for index in indices
        if len(indices) >= 2 and not (_WRONG.search(text) or _FORMAT.search(text))
    ]


@checks.add("empty_turn", "incomplete", "The model's turn was empty, without text or call, {times}.", grave=2)
def _empty(view: RunView) -> Iterator[Hit]:
    for turn in view.turns:
        steps = [view.steps[index] for index in turn]
        if all(
            step.kind is StepKind.MESSAGE and not step.content.strip() and not step.metadata.get("refusal")
            for step in steps
        ):
            yield Hit(turn[:1], severity=Severity.HIGH if turn[0] == len(view.steps) - 1 else None)


@checks.add(
    "promise_without_action", "incomplete", "The assistant announced an action and called nothing {times}."
)
def _promises(view: RunView) -> Iterator[Hit]:
    """Turns that announce an action, call nothing and hand over to nobody; those told as idle are left out."""
    if view.trajectory.outcome is Outcome.SUCCESS or not (view.uses or view.trajectory.tools):
        return
    idle = {hit.steps[0] for hit in _idle(view)}
    for last in (turn[-1] for turn in view.turns if _only_speaks(view, turn) and turn[-1] not in idle):
        promise = _promise(view.steps[last].content)
        if promise is not None:
            yield Hit((last,), promise, severity=Severity.HIGH if view.is_end(last) else None)


def _only_speaks(view: RunView, turn: tuple[int, ...]) -> bool:
    kinds = {view.steps[index].kind for index in turn}
    after = view.steps[turn[-1] + 1].kind if turn[-1] + 1 < len(view.steps) else None
    speaks = view.steps[turn[-1]].kind is StepKind.MESSAGE and StepKind.TOOL_CALL not in kinds
    return speaks and after is not StepKind.TOOL_RESULT


def _promise(text: str) -> str | None:
    last = list(sentences(text[-500:]))[-2:]
    if any(_HANDS_OVER.search(sentence) for sentence in last):
        return None
    return next((sentence for sentence in reversed(last) if _PROMISE.search(straight(sentence))), None)


@checks.add(
    "false_success_claim",
    "logical_error",
    "The assistant claims success {times}, yet the run is recorded as {outcome}.",
    "high",
)
def _claimed_success(view: RunView) -> Iterator[Hit]:
    """The last turns say that all is well, and the run is recorded as failed."""
    outcome = view.trajectory.outcome
    last = [index for turn in view.turns[-_LAST_TURNS:] for index in turn if outcome.is_failure]
    for hit in view.said(_CLAIMS, MODEL_WORDS, among=last, limit=8000):
        yield hit._replace(facts={"outcome": outcome.value})
