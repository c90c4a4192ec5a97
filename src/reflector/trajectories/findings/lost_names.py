"""Names that an earlier Python call defined and a later one no longer knows."""

from __future__ import annotations

import re

from reflector.trajectories.analysis import FailureCategory, Severity
from reflector.trajectories.findings.commands import is_python
from reflector.trajectories.findings.finding import Hit, Rule
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.wording import listed

__all__ = ["LOST_NAMES", "lost_names"]

LOST_NAMES = Rule(
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


def lost_names(view: RunView) -> list[Hit]:
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
