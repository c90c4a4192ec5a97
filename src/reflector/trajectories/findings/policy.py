"""Checks of the run against rules that the prompt states: one call at a time, confirmation, protected files."""

from __future__ import annotations

import re

from reflector._text import one_line
from reflector.trajectories.analysis import FailureCategory, FailurePoint, Severity
from reflector.trajectories.findings.patterns import one_of, sentence_around, straight
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.wording import at_steps, count_times
from reflector.trajectories.step import StepKind

__all__ = ["check_policy"]

_ONE_CALL = one_of(
    r"\b(?:only|at most|exactly)\b[^.\n]{0,30}\bone (?:tool|function) call\b",
    r"\bone (?:tool|function|tool call) at a time\b",
)
_NOT_BOTH = one_of(
    r"\b(?:should not|must not|do not|don't|never)\b[^.\n]{0,40}\b(?:respond|reply|message|text|talk)\b"
    r"[^.\n]{0,60}"
    r"\b(?:simultaneously|at the same time|same (?:turn|time|message))\b",
)
_CONFIRMATION = one_of(
    r"\b(?:obtain|get|ask for|receive|wait for)\b[^.\n]{0,30}\bconfirmation\b", r"\bexplicit(?:ly)? confirm"
)
_CHANGES = one_of(
    r"(?:^|[_\W])(?:book|cancel|update|modify|change|delete|remove|create|send|exchange|return|refund|pay|purchase|order)"
    r"(?:$|[_\W])",
)
_AGREES = one_of(
    r"\b(?:yes|yeah|yep|yup|sure|ok|okay|confirm\w{0,4}|proceed|go ahead)\b",
    r"\b(?:do (?:it|that|so)|sounds (?:good|great)|that works)\b",
    r"\b(?:correct|right|agree\w{0,2}|perfect|absolutely|definitely|of course|great|fine|certainly)\b",
    r"\b(?:please|let's|i'd like to|i want to|i would like to|just)\b",
)
_FORBIDDEN = re.compile(
    r"^[^\n]{0,40}?\b(?:do not|don't|never|must not)\W{1,3}(?:ever )?(?:modify|edit|change|touch|alter|create|add)\b"
    r"[ :*]{1,4}([^\n]{3,200})",
    re.IGNORECASE | re.MULTILINE,
)
_FILE_NAME = re.compile(r"[\w-]{2,60}\.[a-z]{1,5}\b")
_TESTS = re.compile(r"\btests?\b", re.IGNORECASE)
_REDIRECTS = re.compile(r"(?:>>?|\btee(?: -a)?)\s{0,3}([\w./~-]{2,200})")
_WRITING_NAME = re.compile(r"write|create|edit|replace|patch|insert|append", re.IGNORECASE)
_PATH_KEYS = ("path", "file_path", "filename", "file", "target_file")


def check_policy(view: RunView) -> list[FailurePoint]:
    """Return the findings on rules of the instructions that the run broke."""
    return [*_calls_together(view), *_talks_and_calls(view), *_unconfirmed(view), *_forbidden_files(view)]


def _calls_together(view: RunView) -> list[FailurePoint]:
    rule = _ONE_CALL.search(view.instructions)
    if rule is None:
        return []
    calls = ([i for i in turn.indices if view.steps[i].kind is StepKind.TOOL_CALL] for turn in view.turns)
    together = [indices[1] for indices in calls if len(indices) > 1]
    return _broken(view, together, rule, "several tools were called in one turn")


def _talks_and_calls(view: RunView) -> list[FailurePoint]:
    rule = _NOT_BOTH.search(view.instructions)
    if rule is None:
        return []
    both = []
    for turn in view.turns:
        said = [
            i
            for i in turn.indices
            if view.steps[i].kind is StepKind.MESSAGE and view.steps[i].content.strip()
        ]
        if said and any(view.steps[i].kind is StepKind.TOOL_CALL for i in turn.indices):
            both.append(said[0])
    return _broken(view, both, rule, "a turn both spoke to the user and called a tool")


def _broken(view: RunView, steps: list[int], rule: re.Match[str], what: str) -> list[FailurePoint]:
    if not steps:
        return []
    passage = one_line(sentence_around(view.instructions, rule), 240)
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="prompt_rule_broken",
            severity=Severity.LOW,
            description=f"A rule of the prompt was broken (“{passage}”): {what} "
            f"{count_times(len(steps))} ({at_steps(steps)}).",
            step_indices=tuple(steps),
            evidence=view.first_line(steps[0]) or (view.steps[steps[0]].name or ""),
        )
    ]


def _unconfirmed(view: RunView) -> list[FailurePoint]:
    """A change was made although the user's last words agreed to nothing."""
    rule = _CONFIRMATION.search(view.instructions)
    if rule is None:
        return []
    found: list[tuple[ToolUse, int]] = []
    user, position = None, 0
    for use in view.uses:
        if use.call is None or use.failure is not None or not _CHANGES.search(use.name):
            continue
        while position < use.call:
            user = position if view.steps[position].kind is StepKind.USER else user
            position += 1
        if user is not None and not _AGREES.search(straight(view.steps[user].content[:3000])):
            found.append((use, user))
    if not found:
        return []
    use, user = found[0]
    passage = one_line(sentence_around(view.instructions, rule), 240)
    changes = [use.call for use, _ in found if use.call is not None]
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="unconfirmed_change",
            severity=Severity.HIGH,
            description=f"`{use.name}` was called without the user's consent "
            f"{count_times(len(changes))} ({at_steps(changes)}), although "
            f"the prompt says “{passage}”.",
            step_indices=tuple(sorted({step for _, step in found} | set(changes))),
            evidence=view.last_line(user),
        )
    ]


def _forbidden_files(view: RunView) -> list[FailurePoint]:
    """A file was written although the instructions say not to."""
    rule = _FORBIDDEN.search(view.instructions)
    if rule is None:
        return []
    names = {name.lower() for name in _FILE_NAME.findall(rule.group(1))}
    tests = _TESTS.search(rule.group(1)) is not None
    written = []
    for use in view.uses:
        if use.call is not None and use.failure is None:
            path = next((path for path in _written(view, use) if _is_forbidden(path, names, tests)), None)
            if path is not None:
                written.append((use.call, path))
    if not written:
        return []
    steps, path = tuple(index for index, _ in written), written[0][1]
    removed = next(
        (use.call for use in view.uses if (use.call or 0) > steps[-1] and _removes(use, path)), None
    )
    undone = f"; it was removed again at step {removed}" if removed is not None else ""
    return [
        FailurePoint(
            category=FailureCategory.LOGICAL_ERROR,
            rule="forbidden_change",
            severity=Severity.LOW if removed is not None else Severity.MEDIUM,
            description=f"The instructions say “{one_line(rule.group(0).strip(' -*'), 160)}”, yet "
            f"{path} was written at "
            f"{at_steps(steps)}{undone}.",
            step_indices=steps,
            evidence=path,
        )
    ]


def _removes(use: ToolUse, path: str) -> bool:
    return "rm " in use.command and path in use.command


def _written(view: RunView, use: ToolUse) -> list[str]:
    """The paths that a call writes to, as far as its command or its arguments show."""
    command = use.command[:20_000]
    in_place = (line.split() for line in command.splitlines() if "sed " in line and " -i" in line)
    paths = [*_REDIRECTS.findall(command), *(words[-1] for words in in_place)]
    arguments = view.steps[use.call].arguments if use.call is not None else None
    if isinstance(arguments, dict) and _WRITING_NAME.search(
        f"{use.name} {str(arguments.get('command', ''))[:40]}"
    ):
        paths += [value for key in _PATH_KEYS if isinstance(value := arguments.get(key), str)]
    return paths


def _is_forbidden(path: str, names: set[str], tests: bool) -> bool:
    *folders, name = path.lower().split("/")
    return name in names or (tests and any(folder in ("test", "tests") for folder in folders))
