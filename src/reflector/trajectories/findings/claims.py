"""Checks of what the assistant says of its own work: mistakes admitted, failures waved away, success claimed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of, sentence_around, straight
from reflector.trajectories.findings.run_view import RunView
from reflector.trajectories.findings.tool_results import FailureKind
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import Outcome, StepKind

__all__ = ["check_claims"]

_ADMITS = one_of(
    r"\bI (?:\w{1,20} )?(?:missed|overlooked|forgot|neglected|misread|misunderstood|misinterpreted|mistakenly)\b",
    r"\bI (?:should not have|shouldn't have|should have) \w{2,20}",
    r"\bI (?:made|have made) an? (?:\w{1,20} )?(?:mistake|error|typo)\b",
    r"\bmy (?:mistake|bad|error|apologies)\b",
    r"\bI apologi[sz]e for (?:the|my|any) (?!inconvenience)",
    r"\bthere was an oversight\b",
    r"\bthat was (?:wrong|a mistake)\b",
)
_WAVES_AWAY = one_of(
    r"\b(?:but )?that's (?:okay|ok|fine|alright|not important)\b",
    r"\bimportant thing is\b",
    r"\bI(?:'ll| will| can) ignore\b",
    r"\b(?:can|could|should) be ignored\b",
    r"\b(?:doesn't|does not) (?:really )?matter\b",
    r"\bnot (?:a (?:big )?(?:problem|concern|issue)|critical|relevant)\b",
    r"\b(?:proceed|continue|move on) anyway\b",
)
_NOT_SHOWN = one_of(
    r"\b(?:can(?:not|'t)|could(?: not|n't)|unable to|failed to|did(?: not|n't)) (?:\w{1,20} )?reproduce\b",
    r"\b(?:not|don't) see(?:ing)? (?:the|any) (?:warning|error|issue|bug|problem|failure)\b",
)
_CLAIMS = one_of(
    r"\bI(?:'m| am) (?:\w{1,20} )?confident\b",
    r"\b(?:has|have) been (?:successfully )?(?:fixed|resolved|completed|updated|implemented)\b",
    r"\b(?:has|have) been (?:successfully )?(?:cancelled|booked|processed)\b",
    r"\b(?:issue|bug|problem|task) (?:is|has been) (?:now )?(?:fixed|resolved|solved|complete|completed|done)\b",
    r"\ball (?:\w{1,20} )?(?:tests|checks) (?:pass|passed|are passing)\b",
    r"\bI have (?:successfully )?(?:verified|fixed|implemented|completed|solved)\b",
    r"\bsuccessfully (?:\w{2,20}ed)\b",
    r"\b(?:works|working) (?:as expected|correctly)\b",
)
_DIFF_LINE = re.compile(r"^\+(?!\+\+)[ \t]*(\S[^\n]{19,300})$", re.MULTILINE)
_MAX_TEXT = 8000
_LAST_TURNS = 3


def check_claims(view: RunView) -> list[FailurePoint]:
    """Return the findings on what the assistant said about its own work."""
    return [
        *_admitted(view),
        *_waved_away(view),
        *_not_reproduced(view),
        *_copied_fix(view),
        *_claimed_success(view),
    ]


def _found(
    view: RunView, indices: Iterable[int], pattern: re.Pattern[str], limit: int = _MAX_TEXT
) -> list[tuple[int, str]]:
    """The steps among `indices` that say something of the kind, each with its first sentence that does."""
    found = []
    for index in indices:
        text = view.steps[index].content[:limit]
        match = (
            pattern.search(straight(text))
            if view.steps[index].kind in (StepKind.MESSAGE, StepKind.REASONING)
            else None
        )
        if match is not None:
            found.append((index, sentence_around(text, match)))
    return found


def _finding(
    view: RunView, found: list[tuple[int, str]], rule: str, severity: Severity, description: str
) -> list[FailurePoint]:
    if not found:
        return []
    steps = tuple(index for index, _ in found)
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule=rule,
            severity=severity,
            description=description.format(times=f"{count_times(len(steps))} ({at_steps(steps)})"),
            step_indices=steps,
            evidence=view.quote(found[0][1]),
        )
    ]


def _admitted(view: RunView) -> list[FailurePoint]:
    found = _found(view, range(len(view.steps)), _ADMITS)
    severity = Severity.MEDIUM if len(found) >= view.config.tools.many else Severity.LOW
    return _finding(
        view, found, "admitted_mistake", severity, "The assistant admits a mistake of its own {times}."
    )


def _waved_away(view: RunView) -> list[FailurePoint]:
    """A failure, and right after it the words that it does not matter."""
    failed = (
        use.result
        for use in view.uses
        if use.failure is not None and use.failure.kind is not FailureKind.NO_MATCH
    )
    after = [index + 1 for index in failed if index is not None and index + 1 < len(view.steps)]
    said = "A failed call was waved away instead of being looked into, {times}."
    return _finding(view, _found(view, after, _WAVES_AWAY, 1200), "dismissed_failure", Severity.MEDIUM, said)


def _not_reproduced(view: RunView) -> list[FailurePoint]:
    if view.trajectory.outcome is Outcome.SUCCESS or not view.uses:
        return []
    found = _found(view, range(len(view.steps)), _NOT_SHOWN, 1500)
    said = "The problem could not be reproduced {times}, and the work went on without it."
    return _finding(view, found, "not_reproduced", Severity.MEDIUM, said)


def _copied_fix(view: RunView) -> list[FailurePoint]:
    """The submitted change consists of lines that the task itself proposed."""
    if view.trajectory.outcome is Outcome.SUCCESS:
        return []
    for index in range(len(view.steps) - 1, max(-1, len(view.steps) - 4), -1):
        text = view.steps[index].content[:20_000]
        added = [line.rstrip() for line in _DIFF_LINE.findall(text)] if "\n+++ " in text else []
        copied = [line for line in added if line in view.instructions]
        if copied and len(copied) * 2 >= len(added):
            severity = Severity.MEDIUM if view.trajectory.outcome.is_failure else Severity.LOW
            share = f"{len(copied)} of {len(added)} added lines, step {index}"
            said = f"The submitted change is the one that the task's text proposes, word for word ({share})."
            return _finding(view, [(index, copied[0])], "copied_fix", severity, said)
    return []


def _claimed_success(view: RunView) -> list[FailurePoint]:
    """The last turns say that all is well, and the run is recorded as failed."""
    if not view.trajectory.outcome.is_failure:
        return []
    last = [index for turn in view.turns[-_LAST_TURNS:] for index in turn.indices]
    found = _found(view, last, _CLAIMS)
    said = (
        f"The assistant claims success {{times}}, yet the run is recorded as {view.trajectory.outcome.value}."
    )
    return _finding(view, found, "false_success_claim", Severity.HIGH, said)
