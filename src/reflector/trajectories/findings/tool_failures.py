"""Checks of tool calls that failed: one finding for each tool and kind of failure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.tool_results import FailureKind
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import StepKind

__all__ = ["check_tool_failures"]

_NUMBER = re.compile(
    r"0x[0-9a-f]{1,16}|\d+(?:\.\d+)?|'[^']{0,80}'|\"[^\"]{0,80}\"|`[^`]{0,80}`|/[\w./-]{1,200}", re.IGNORECASE
)
_REPRODUCTION = re.compile(r"\breproduc|\brepro\b", re.IGNORECASE)
_LINES = 200

_TOOL = FailureCategory.TOOL_FAILURE
_WORDING = {
    FailureKind.TIMEOUT: ("tool_timeout", FailureCategory.TIMEOUT, Severity.MEDIUM, "timed out"),
    FailureKind.EXCEPTION: ("tool_exception", _TOOL, Severity.MEDIUM, "raised an exception"),
    FailureKind.COMMAND: ("tool_exit_code", _TOOL, Severity.MEDIUM, "failed"),
    FailureKind.EDIT: ("edit_rejected", _TOOL, Severity.MEDIUM, "refused the edit"),
    FailureKind.REJECTED: ("call_rejected", _TOOL, Severity.MEDIUM, "rejected the call"),
    FailureKind.DENIED: ("call_denied", _TOOL, Severity.MEDIUM, "denied the call"),
    FailureKind.RATE_LIMIT: ("rate_limited", _TOOL, Severity.MEDIUM, "was rate limited"),
    FailureKind.TESTS: ("tests_failed", _TOOL, Severity.MEDIUM, "reported failing tests"),
    FailureKind.ERROR: ("tool_error", _TOOL, Severity.MEDIUM, "returned an error"),
    FailureKind.NO_MATCH: ("empty_search", _TOOL, Severity.LOW, "found nothing (exit code 1)"),
    FailureKind.MASKED: (
        "hidden_exit_code",
        _TOOL,
        Severity.LOW,
        "failed behind a pipe that reported exit code 0",
    ),
}
# Failures of these kinds are alike whatever their message says.
_ALIKE = frozenset(
    (FailureKind.TIMEOUT, FailureKind.NO_MATCH, FailureKind.MASKED, FailureKind.TESTS, FailureKind.RATE_LIMIT)
)


def check_tool_failures(view: RunView, explained: frozenset[int]) -> list[FailurePoint]:
    """Return one finding for each kind of failure; results in `explained` are told by another finding."""
    groups: dict[tuple[str, str, str], list[ToolUse]] = {}
    for use in view.uses:
        if use.failure is not None and use.index not in explained:
            groups.setdefault(_group(use), []).append(use)
    return [_finding(view, uses) for uses in groups.values()]


def _group(use: ToolUse) -> tuple[str, str, str]:
    """What makes two failures alike: kind, tool, and the message without its names and numbers."""
    assert use.failure is not None
    kind = use.failure.kind
    if kind in _ALIKE:
        return kind, use.name, ""
    message = _NUMBER.sub("#", use.failure.evidence.lower())
    if kind in (FailureKind.EXCEPTION, FailureKind.EDIT):
        message = message.split(":", 1)[0]
    return kind, use.name, message[:80] if any(char.isalpha() for char in message) else use.failure.reason


def _finding(view: RunView, uses: Sequence[ToolUse]) -> FailurePoint:
    first = uses[0]
    assert first.failure is not None
    kind = first.failure.kind
    rule, category, severity, verb = _WORDING[kind]
    steps = tuple(sorted(use.index for use in uses))
    same = max(Counter(use.fingerprint for use in uses if use.fingerprint).values(), default=0)
    if same >= view.config.tools.repeats and kind is not FailureKind.NO_MATCH:
        severity = Severity.HIGH
        rule = rule if kind is FailureKind.TIMEOUT else "repeated_failing_call"
    elif len(uses) >= view.config.tools.many and severity is Severity.MEDIUM:
        severity = Severity.HIGH
    elif _is_reproduction(view, uses):
        severity = Severity.LOW
    return FailurePoint(
        category=category,
        rule=rule,
        severity=severity,
        description=f"The tool `{first.name}` {verb}{_code(uses)} {count_times(len(uses))} ({at_steps(steps)})"
        f"{_retries(uses, same)}{_message(uses)}.",
        step_indices=steps,
        evidence=next(
            (use.failure.evidence for use in uses if use.failure is not None and use.failure.evidence), ""
        ),
    )


def _code(uses: Sequence[ToolUse]) -> str:
    codes = {use.failure.exit_code for use in uses if use.failure is not None}
    code = codes.pop() if len(codes) == 1 else None
    found_nothing = any(use.failure is not None and use.failure.kind is FailureKind.NO_MATCH for use in uses)
    return f" with exit code {code}" if code and not found_nothing else ""


def _retries(uses: Sequence[ToolUse], same: int) -> str:
    """Says how often the failing call was sent again, unchanged or nearly so."""
    if same > 1:
        return f", {count_times(same)} with exactly the same arguments"
    alike = sum(1 for one, other in pairwise(uses) if _nearly_same(one.command, other.command))
    return f", {count_times(alike)} with nearly the code that had failed before" if alike else ""


def _nearly_same(first: str, second: str) -> bool:
    """Whether two pieces of code share most of their lines."""
    one, other = (
        {line.strip() for line in text[:20_000].splitlines()[:_LINES] if line.strip()}
        for text in (first, second)
    )
    return min(len(one), len(other)) >= 5 and len(one & other) >= 0.6 * len(one | other)


def _message(uses: Sequence[ToolUse]) -> str:
    failure = uses[0].failure
    if failure is None or failure.kind is FailureKind.NO_MATCH:
        return ""
    evidence = failure.evidence if any(char.isalnum() for char in failure.evidence) else ""
    reason = "" if "=" in failure.reason else failure.reason
    said = evidence[:160].rstrip(".") or reason
    return f": {said}" if said else ""


def _is_reproduction(view: RunView, uses: Sequence[ToolUse]) -> bool:
    """Whether the one failure was asked for: a script that shows the bug."""
    call = uses[0].call
    if len(uses) != 1 or call is None:
        return False
    if _REPRODUCTION.search(uses[0].command[:2000]):
        return True
    before = view.steps[call - 1] if call else None
    spoke = before is not None and before.kind in (StepKind.MESSAGE, StepKind.REASONING)
    return bool(before is not None and spoke and _REPRODUCTION.search(before.content[:2000]))
