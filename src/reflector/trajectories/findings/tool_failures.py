"""Checks of tool calls that failed: one finding for each tool and kind of failure, one for names that were lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.commands import is_python
from reflector.trajectories.findings.finding import Hit, Rule
from reflector.trajectories.findings.run_view import MODEL_WORDS, RunView, ToolUse
from reflector.trajectories.findings.tool_results import FailureKind, ToolFailure
from reflector.trajectories.findings.wording import count_times, listed, one_of

__all__ = ["TOOL_RULES", "check_tool_failures"]

_NUMBER = re.compile(
    r"0x[0-9a-f]{1,16}|\d+(?:\.\d+)?|'[^']{0,80}'|\"[^\"]{0,80}\"|`[^`]{0,80}`|/[\w./-]{1,200}", re.IGNORECASE
)
_REPRODUCTION = one_of(
    r"(?:\b|_)repro(?:\b|_|duc(?:e|es|ing|tion)(?:\b|_))",
    r"\b(?:demonstrate|trigger|replicate|observe|confirm) (?:the|this) (?:\w{1,20} )?"
    r"(?:bug|issue|problem|error|failure)(?! (?:is|was|has|no longer))\b",
)
# A script that fails like this shows no bug: it is itself at fault.
_OWN_FAULT = one_of(
    "ModuleNotFound", "ImportError", "No module", "NameError", "SyntaxError", "IndentationError", "FileNotFound",
)  # fmt: skip
_SHOWING = frozenset((FailureKind.EXCEPTION, FailureKind.TESTS, FailureKind.MASKED))
_LINES = 200
_MANY = 3
"""How many failures of the same kind make a finding grave."""


def _rule(
    name: str,
    verb: str,
    severity: Severity = Severity.MEDIUM,
    category: FailureCategory = FailureCategory.TOOL_FAILURE,
) -> Rule:
    return Rule(
        name, category, f"The tool `{{tool}}` {verb}{{code}} {{times}}{{again}}{{message}}.", severity
    )


_RULES = {
    FailureKind.TIMEOUT: _rule("tool_timeout", "timed out", category=FailureCategory.TIMEOUT),
    FailureKind.EXCEPTION: _rule("tool_exception", "raised an exception"),
    FailureKind.COMMAND: _rule("tool_exit_code", "failed"),
    FailureKind.EDIT: _rule("edit_rejected", "refused the edit"),
    FailureKind.REJECTED: _rule("call_rejected", "rejected the call"),
    FailureKind.DENIED: _rule("call_denied", "denied the call"),
    FailureKind.RATE_LIMIT: _rule("rate_limited", "was rate limited"),
    FailureKind.TESTS: _rule("tests_failed", "reported failing tests"),
    FailureKind.ERROR: _rule("tool_error", "returned an error"),
    FailureKind.NO_MATCH: _rule("empty_search", "found nothing", Severity.LOW),
    FailureKind.MASKED: _rule(
        "hidden_exit_code", "failed behind a pipe that reported exit code 0", Severity.LOW
    ),
}
_LOST_NAMES = Rule(
    "lost_names",
    FailureCategory.STATE_ERROR,
    "Names were lost between calls of `{tool}`: {names} no longer defined in a later call, {times}; each call starts "
    "without what earlier calls imported or defined.",
    Severity.MEDIUM,
    grave=2,
)
_UNDEFINED = re.compile(
    r"NameError: name '([^']{1,80})' is not defined|UnboundLocalError: .{0,60}'([^']{1,80})'"
)
_DEFINED = re.compile(
    r"^[ \t]*(?:(?:async[ \t]+)?def|class)[ \t]+(\w+)"
    r"|^[ \t]*([A-Za-z_]\w*)(?:[ \t]*:[^=\n]{1,80})?[ \t]*=(?!=)"
    r"|^[ \t]*(?:async[ \t]+)?for[ \t]+(\w+)[ \t]+in\b"
    r"|^[ \t]*with[ \t][^\n]{1,200}\bas[ \t]+(\w+)",
    re.MULTILINE,
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+([^\n#;]{1,300})", re.MULTILINE)
_MAX_CODE = 40_000
_REPEATED = _rule("repeated_failing_call", "failed", Severity.HIGH)
TOOL_RULES = (*_RULES.values(), _REPEATED, _LOST_NAMES)
# Failures of these kinds are alike whatever their message says.
_ALIKE = frozenset(
    (FailureKind.TIMEOUT, FailureKind.NO_MATCH, FailureKind.MASKED, FailureKind.TESTS, FailureKind.RATE_LIMIT)
)


def check_tool_failures(view: RunView) -> list[FailurePoint]:
    """Return one finding for each tool and kind of failure; what lost names explain is told with them."""
    lost = _lost_names(view)
    explained = {step for hit in lost for step in hit.steps}
    groups: dict[tuple[str, ...], list[tuple[ToolUse, ToolFailure]]] = {}
    is_expected = False
    for use in view.uses:
        if use.failure is not None and use.index not in explained:
            is_first = not is_expected and _is_reproduction(view, use, use.failure)
            is_expected = is_expected or is_first
            key = ("expected",) if is_first else _alike(use, use.failure)
            groups.setdefault(key, []).append((use, use.failure))
    told = [_LOST_NAMES.finding(lost)] if lost else []
    return told + [_finding(view, failed, key == ("expected",)) for key, failed in groups.items()]


def _alike(use: ToolUse, failure: ToolFailure) -> tuple[str, str, str]:
    """What makes two failures alike: kind, tool, and the message without its names and numbers."""
    if failure.kind in _ALIKE:
        return failure.kind, use.name, ""
    message = _NUMBER.sub("#", failure.evidence.lower())
    if failure.kind in (FailureKind.EXCEPTION, FailureKind.EDIT):
        message = message.split(":", 1)[0]
    return failure.kind, use.name, message[:80] if any(map(str.isalpha, message)) else failure.reason


def _is_reproduction(view: RunView, use: ToolUse, failure: ToolFailure) -> bool:
    """Whether a failure was asked for: by a script that shows the bug, announced as such."""
    if failure.kind not in _SHOWING or _OWN_FAULT.search(failure.evidence):
        return False
    said = [use.command]
    before = (use.call or 0) - 1
    while before >= 0 and view.steps[before].kind in MODEL_WORDS:
        said.append(view.steps[before].content)
        before -= 1
    return use.call is not None and any(_REPRODUCTION.search(text[:2000]) for text in said)


def _finding(view: RunView, failed: Sequence[tuple[ToolUse, ToolFailure]], is_expected: bool) -> FailurePoint:
    use, failure = failed[0]
    kind = failure.kind
    same = max(Counter(use.fingerprint for use, _ in failed if use.fingerprint).values(), default=0)
    rule, severity = _RULES[kind], None
    if same >= 2 and kind is not FailureKind.NO_MATCH:
        rule = rule if kind is FailureKind.TIMEOUT else replace(rule, name=_REPEATED.name)
        severity = Severity.HIGH
    elif len(failed) >= _MANY and rule.severity is Severity.MEDIUM:
        severity = Severity.HIGH
    elif is_expected:
        severity = Severity.LOW
    facts = {
        "tool": use.name,
        "code": _code(failed),
        "again": _again(failed, same),
        "message": _message(failure) + _others(failed),
    }
    hits = [Hit((use.index,), failure.evidence, facts, severity) for use, failure in failed]
    return rule.finding(hits)


def _code(failed: Sequence[tuple[ToolUse, ToolFailure]]) -> str:
    codes = {failure.exit_code for _, failure in failed}
    code = codes.pop() if len(codes) == 1 else None
    return f" with exit code {code}" if code else ""


def _again(failed: Sequence[tuple[ToolUse, ToolFailure]], same: int) -> str:
    """Says how often the failing call was sent again, unchanged or nearly so."""
    if same > 1:
        return f", {count_times(same)} with exactly the same arguments"
    alike = sum(_nearly_same(one.command, other.command) for (one, _), (other, _) in pairwise(failed))
    return f", {count_times(alike)} with nearly the code that had failed before" if alike else ""


def _nearly_same(first: str, second: str) -> bool:
    """Whether two pieces of code share most of their lines."""
    one, other = (
        {line.strip() for line in text[:20_000].splitlines()[:_LINES] if line.strip()}
        for text in (first, second)
    )
    return min(len(one), len(other)) >= 5 and len(one & other) >= 0.6 * len(one | other)


def _others(failed: Sequence[tuple[ToolUse, ToolFailure]]) -> str:
    """Says in which other words edits were refused or scripts failed: one repair does not mend two mistakes."""
    if failed[0][1].kind not in (FailureKind.EXCEPTION, FailureKind.EDIT):
        return ""
    steps: dict[str, int] = {}
    for use, failure in failed:
        steps.setdefault(failure.evidence, use.index)
    other = [(said, step) for said, step in steps.items() if said != failed[0][1].evidence]
    return f"; then, from step {other[0][1]} on: {other[0][0][:160].rstrip('.')}" if other else ""


def _message(failure: ToolFailure) -> str:
    said = failure.evidence[:160].rstrip(".") if any(map(str.isalnum, failure.evidence)) else ""
    reason = "" if "=" in failure.reason else failure.reason
    said = "" if failure.kind is FailureKind.NO_MATCH else said or reason
    return f": {said}" if said else ""


# --- names that an earlier Python call defined and a later one no longer knows -----------------------------------


def _lost_names(view: RunView) -> list[Hit]:
    """Return the calls that did not know a name which an earlier call that worked had defined."""
    defined_at: dict[str, int] = {}
    where: dict[str, int] = {}
    lost: list[ToolUse] = []
    for call, use in view.calls:
        if use.result is None or not is_python(use.name, use.command):
            continue
        missing = _missing_name(view, use)
        if missing in defined_at:
            lost.append(use)
            where.setdefault(missing, defined_at[missing])
        if use.failure is None:
            defined_at |= dict.fromkeys(_names(use.command[:_MAX_CODE]), call)
    names = [f"`{name}` (defined at step {step})" for name, step in where.items()]
    facts = {"names": f"{listed(names)} {'was' if len(names) == 1 else 'were'}"}
    return [
        Hit((use.index,), use.failure.evidence if use.failure else "", {"tool": use.name, **facts})
        for use in lost
    ]


def _missing_name(view: RunView, use: ToolUse) -> str:
    """The name that a failed call did not know."""
    if use.failure is None or use.result is None:
        return ""
    match = _UNDEFINED.search(view.steps[use.result].content[-4000:])
    return next(filter(None, match.groups()), "") if match else ""


def _names(code: str) -> set[str]:
    names = {name for match in _DEFINED.finditer(code) for name in match.groups() if name}
    for match in _IMPORT.finditer(code):
        for words in map(str.split, match.group(1).strip("() ").split(",")):
            if words:  # `import a.b` defines a; `import a.b as c` defines c
                names.add(words[-1] if len(words) > 1 else words[0].split(".")[0])
    return names
