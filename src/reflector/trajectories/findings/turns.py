"""Checks of the model's turns: idle, empty, only announcing, or answered with a rejection."""

from __future__ import annotations

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of, sentences, straight
from reflector.trajectories.findings.run_view import RunView, Turn
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["check_turns", "promised_actions"]

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
_ACTIONS = (
    "run|check|search|look|find|call|open|read|execute|create|write|test|fetch|retrieve|query|inspect|try|use|submit|apply|"
    "install|edit|fix|verify|list|cancel|book|update|transfer"
)
_PROMISE = one_of(
    r"\b(?:let me|i will|i'll|i'm going to|i am going to|let's|next,? i(?:'ll| will)?) "
    r"(?:now |first |next |also |then |quickly |try to |go ahead and ){0,3}(?:" + _ACTIONS + r")\b",
)
_HANDS_OVER = one_of(
    r"\?\s*$",
    r"\bplease\b",
    r"\blet me know\b",
    r"\bonce you\b",
    r"\bwould you\b",
    r"\bif you\b",
    r"\bconfirm\b",
)
_IDLE = 600


def check_turns(view: RunView) -> list[FailurePoint]:
    """Return the findings on turns that did not do what a turn is for."""
    return [
        *_wrong_submissions(view),
        *_rejected_formats(view),
        *_idle_turns(view),
        *_empty_turns(view),
        *_promises(view),
    ]


def promised_actions(view: RunView) -> list[tuple[int, str]]:
    """Return the turns that announce an action, call nothing and hand over to nobody, with the words."""
    if not view.uses and not view.trajectory.tools:
        return []
    ends = [index for turn in view.turns if (index := _last_message(view, turn)) is not None]
    return [(index, promise) for index in ends if (promise := _promise(view, index)) is not None]


def _last_message(view: RunView, turn: Turn) -> int | None:
    """The message that ends a turn without a call."""
    if any(view.steps[index].kind is StepKind.TOOL_CALL for index in turn.indices):
        return None
    last = turn.indices[-1]
    following = view.steps[last + 1].kind if last + 1 < len(view.steps) else None
    return (
        last if view.steps[last].kind is StepKind.MESSAGE and following is not StepKind.TOOL_RESULT else None
    )


def _promise(view: RunView, index: int) -> str | None:
    last = [sentence.strip() for sentence in sentences(view.steps[index].content[-500:]) if sentence.strip()][
        -2:
    ]
    if any(_HANDS_OVER.search(sentence) for sentence in last):
        return None
    return next((sentence for sentence in reversed(last) if _PROMISE.search(straight(sentence))), None)


def _promises(view: RunView) -> list[FailurePoint]:
    found = promised_actions(view)
    if not found or view.trajectory.outcome is Outcome.SUCCESS:
        return []
    steps = tuple(index for index, _ in found)
    return [
        FailurePoint(
            category=FailureCategory.INCOMPLETE,
            rule="promise_without_action",
            severity=Severity.HIGH if steps[-1] >= len(view.steps) - 2 else Severity.MEDIUM,
            description=f"The assistant announced an action and called nothing "
            f"{count_times(len(steps))} ({at_steps(steps)}).",
            step_indices=steps,
            evidence=view.quote(found[0][1]),
        )
    ]


def _wrong_submissions(view: RunView) -> list[FailurePoint]:
    wrong = []
    for index, step in enumerate(view.steps):
        if index and step.kind in (StepKind.USER, StepKind.TOOL_RESULT) and len(step.content) < 1500:
            line = next((line for line in step.content.splitlines() if _WRONG.search(line)), None)
            if line is not None:
                wrong.append((index, line))
    if not wrong:
        return []
    steps = tuple(index for index, _ in wrong)
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="wrong_submission",
            severity=Severity.HIGH if len(steps) > 1 else Severity.MEDIUM,
            description=f"A submission was rejected as wrong {count_times(len(steps))} "
            f"({at_steps(steps)}){_repeated(view, steps)}.",
            step_indices=steps,
            evidence=view.quote(wrong[0][1]),
        )
    ]


def _repeated(view: RunView, rejections: tuple[int, ...]) -> str:
    """Says that the same answer was handed in again after it had been rejected."""
    uses = iter(view.uses)
    handed_in, last, use = [], None, next(uses, None)
    for index in rejections:
        while use is not None and use.call is not None and use.call < index:
            last, use = use, next(uses, None)
        if last is not None:
            handed_in.append(last.fingerprint)
    again = len(handed_in) > len(set(handed_in))
    return "; the same answer was handed in again after it had been rejected" if again else ""


def _rejected_formats(view: RunView) -> list[FailurePoint]:
    rejected = []
    spoken = False
    for index, step in enumerate(view.steps):
        spoken = spoken or step.kind.is_model
        if spoken and (step.kind is StepKind.USER or _is_stray(view, index)):
            line = next((line for line in step.content[:1500].splitlines() if _FORMAT.search(line)), None)
            if line is not None:
                rejected.append((index, line))
    if not rejected:
        return []
    steps = tuple(index for index, _ in rejected)
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="rejected_format",
            severity=Severity.HIGH if len(steps) > 1 else Severity.MEDIUM,
            description=f"The form of the model's reply was rejected {count_times(len(steps))} ({at_steps(steps)}).",
            step_indices=steps,
            evidence=view.quote(rejected[0][1]),
        )
    ]


def _is_stray(view: RunView, index: int) -> bool:
    """Whether a step is a tool's answer to a reply that called nothing: the harness speaks."""
    use = view.use_of.get(index)
    return use is not None and use.call is None and view.steps[index].kind is StepKind.TOOL_RESULT


def _idle_turns(view: RunView) -> list[FailurePoint]:
    """The same user message again and again: the model stopped acting and had to be told to go on."""
    groups: dict[str, list[int]] = {}
    for index, step in enumerate(view.steps):
        before = view.steps[index - 1].kind if index else None
        idle = before in (StepKind.MESSAGE, StepKind.REASONING)
        if idle and step.kind is StepKind.USER and 0 < len(step.content) < _IDLE:
            groups.setdefault(step.content.strip(), []).append(index)
    return [
        FailurePoint(
            category=FailureCategory.INCOMPLETE,
            rule="idle_turns",
            severity=Severity.HIGH if len(steps) > 2 else Severity.MEDIUM,
            description=f"The model ended its turn without acting {count_times(len(steps))} and had "
            f"to be told to go on "
            f"({at_steps(steps)}).",
            step_indices=tuple(steps),
            evidence=view.quote(text),
        )
        for text, steps in groups.items()
        if len(steps) >= view.config.dialogue.repeats and not _WRONG.search(text) and not _FORMAT.search(text)
    ]


def _empty_turns(view: RunView) -> list[FailurePoint]:
    """Turns of the model that neither say nor call anything."""
    empty = [turn.indices[0] for turn in view.turns if _is_empty(view, turn)]
    if not empty:
        return []
    return [
        FailurePoint(
            category=FailureCategory.INCOMPLETE,
            rule="empty_turn",
            severity=Severity.HIGH if len(empty) > 1 or empty[0] >= len(view.steps) - 1 else Severity.MEDIUM,
            description=f"The model's turn was empty, without text or call, "
            f"{count_times(len(empty))} ({at_steps(empty)}).",
            step_indices=tuple(empty),
        )
    ]


def _is_empty(view: RunView, turn: Turn) -> bool:
    steps = [view.steps[index] for index in turn.indices]
    said = any(
        step.content.strip() or step.kind is not StepKind.MESSAGE or step.metadata.get("refusal")
        for step in steps
    )
    return not said
