"""Check for calls that were repeated without change although nothing else had changed."""

from __future__ import annotations

import re
from itertools import groupby

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.commands import is_reader
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import StepKind

__all__ = ["check_repeated_calls"]

_MANY = 4
_WAITING = re.compile(
    r"(?:^|[_\W])(?:wait|sleep|poll|think|continue|next|scroll\w*|status|check_\w*status)(?:$|[_\W\d])",
    re.IGNORECASE,
)


def check_repeated_calls(view: RunView) -> list[FailurePoint]:
    """Return findings on identical calls with an identical result; failing ones are told with their failure.

    Calls in a row always count; calls with others in between count only if those changed nothing: they only read.
    """
    findings = []
    for uses in _repetitions(view).values():
        if len(uses) >= max(2, view.config.tools.repeats):
            findings.append(_finding(view, uses))
    return findings


def _repetitions(view: RunView) -> dict[tuple[str, str], list[ToolUse]]:
    """Groups of the same call with the same result and nothing in between that could have changed it."""
    found: dict[tuple[str, str], list[ToolUse]] = {}
    since_change: dict[tuple[str, str], list[ToolUse]] = {}
    spoken = 0
    users = _user_steps(view)
    for use in view.uses:
        if use.call is None or use.result is None or use.failure is not None or _WAITING.search(use.name):
            continue
        while spoken < len(users) and users[spoken] < use.call:
            since_change.clear()
            spoken += 1
        key = (use.fingerprint, use.result_fingerprint)
        group = since_change.get(key)
        if group is None:
            if not is_reader(use.name, use.command):
                since_change.clear()
            since_change[key] = [use]
        else:
            group.append(use)
            found[key] = group
    return found


def _user_steps(view: RunView) -> list[int]:
    """Where a user said something new; the same words again (an automated nudge) change nothing."""
    steps = [(index, step.content) for index, step in enumerate(view.steps) if step.kind is StepKind.USER]
    return [next(group)[0] for _, group in groupby(steps, key=lambda step: step[1])]


def _finding(view: RunView, uses: list[ToolUse]) -> FailurePoint:
    steps = tuple(use.call for use in uses if use.call is not None)
    command = next((line.strip() for line in uses[0].command.splitlines() if line.strip()), "")
    shown = f": {command[:120]}" if command else ""
    return FailurePoint(
        category=FailureCategory.LOGICAL_ERROR,
        rule="repeated_call",
        severity=Severity.HIGH if len(uses) >= _MANY else Severity.MEDIUM,
        description=f"The same call of `{uses[0].name}` was made {count_times(len(uses))} with the "
        f"same arguments and the same "
        f"result ({at_steps(steps)}){shown}.",
        step_indices=steps,
        evidence=_evidence(view, uses[0]),
    )


def _evidence(view: RunView, use: ToolUse) -> str:
    """What was repeated: a line of the command; else what came back, else the tool's name."""
    for line in use.command.splitlines():
        if line.strip():
            return view.quote(line)
    return (view.first_line(use.result) if use.result is not None else "") or use.name
