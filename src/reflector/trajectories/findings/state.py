"""Check for state lost between calls: names that an earlier Python call defined and a later one no longer knows."""

from __future__ import annotations

import re

from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.commands import is_python
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.wording import at_steps, count_times, listed

__all__ = ["check_lost_names"]

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


def check_lost_names(view: RunView) -> list[FailurePoint]:
    """Return one finding on all names that were lost between calls, or none."""
    defined_at: dict[str, int] = {}
    lost: list[tuple[ToolUse, str, int]] = []
    for use in view.uses:
        if use.call is None or use.result is None or not is_python(use.name, use.command):
            continue
        missing = _missing_name(view, use)
        if missing is not None and missing in defined_at:
            lost.append((use, missing, defined_at[missing]))
        if use.failure is None:
            for name in _names(use.command[:_MAX_CODE]):
                defined_at[name] = use.call
    return [_finding(view, lost)] if lost else []


def _missing_name(view: RunView, use: ToolUse) -> str | None:
    """The name that the call did not know; None if it defines that name itself, later than it uses it."""
    if use.failure is None or use.result is None:
        return None
    match = _UNDEFINED.search(view.steps[use.result].content[-4000:])
    return next((name for name in match.groups() if name), None) if match else None


def _names(code: str) -> set[str]:
    names = {name for match in _DEFINED.finditer(code) for name in match.groups() if name}
    for match in _IMPORT.finditer(code):
        for part in match.group(1).strip("() ").split(","):
            words = part.split()
            if words:
                names.add(words[-1].split(".")[0] if len(words) == 1 else words[-1])
    return names


def _finding(view: RunView, lost: list[tuple[ToolUse, str, int]]) -> FailurePoint:
    steps = tuple(use.index for use, _, _ in lost)
    where: dict[str, int] = {}
    for _, name, defined in lost:
        where.setdefault(name, defined)
    names = listed([f"`{name}` (defined at step {step})" for name, step in where.items()])
    first = lost[0][0]
    line = first.failure.evidence if first.failure is not None else view.last_line(first.index)
    return FailurePoint(
        category=FailureCategory.STATE_ERROR,
        rule="lost_names",
        severity=Severity.HIGH if len(lost) > 1 else Severity.MEDIUM,
        description=f"Names were lost between calls of `{first.name}`: {names} "
        f"{'was' if len(where) == 1 else 'were'} no longer defined in a later call, {count_times(len(lost))} "
        f"({at_steps(steps)}); each call starts without what earlier calls imported or defined.",
        step_indices=steps,
        evidence=view.quote(line),
    )
