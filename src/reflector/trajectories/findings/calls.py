"""Checks of calls: repetitions, arguments, names, and what the prompt forbids: calls beside others, or changes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import groupby

from reflector._text import one_line
from reflector.trajectories.analysis import Severity
from reflector.trajectories.findings.commands import is_reader
from reflector.trajectories.findings.finding import Checks, Hit
from reflector.trajectories.findings.run_view import RunView, ToolUse
from reflector.trajectories.findings.wording import listed, one_of, passage_around, sentences, straight
from reflector.trajectories.step import StepKind

__all__ = ["checks"]

checks = Checks()
_WAITING = one_of(
    r"(?:^|[_\W])(?:wait|sleep|poll|think|continue|next|scroll\w*|status|check_\w*status)(?:$|[_\W\d])"
)


@checks.add(
    "repeated_call",
    "logical_error",
    "The same call of `{tool}` was made with the same arguments and the same result {times}{shown}.",
    grave=4,
)
def _repeated(view: RunView) -> Iterator[Hit]:
    """Identical calls with an identical result; those that fail are told with their failure."""
    for number, uses in enumerate(_repetitions(view)):
        if len(uses) >= 2:
            steps = tuple(use.call for use in uses if use.call is not None)
            command = next(filter(None, map(str.strip, uses[0].command.splitlines())), "")
            facts = {"tool": uses[0].name, "shown": f": {command[:120]}" if command else ""}
            yield Hit(steps, command or uses[0].name, facts, key=str(number))


def _repetitions(view: RunView) -> list[list[ToolUse]]:
    """Groups of the same call with the same result and nothing in between that could have changed it.

    Calls in a row always count; calls with others in between count only if those changed nothing: they only read.
    """
    found: dict[tuple[str, int], list[ToolUse]] = {}
    since_change: dict[tuple[str, int], list[ToolUse]] = {}
    users = deque(_user_steps(view))
    for call, use in view.calls:
        if use.result is None or use.failure is not None or _WAITING.search(use.name):
            continue
        while users and users[0] < call:
            since_change.clear()
            users.popleft()
        key = (use.fingerprint, hash(view.steps[use.result].content.strip()))
        if key in since_change:
            since_change[key].append(use)
            found[key] = since_change[key]
        else:
            if not is_reader(use.name, use.command):
                since_change.clear()
            since_change[key] = [use]
    return list(found.values())


def _user_steps(view: RunView) -> list[int]:
    """Where a user said something new; the same words again (an automated nudge) change nothing."""
    steps = [(index, step.content) for index, step in enumerate(view.steps) if step.kind is StepKind.USER]
    return [next(group)[0] for _, group in groupby(steps, key=lambda step: step[1])]


@checks.add(
    "malformed_arguments",
    "tool_failure",
    "The arguments of a call of `{tool}` were not valid JSON, {times}.",
    grave=3,
)
def _malformed(view: RunView) -> Iterator[Hit]:
    """A text as arguments is malformed unless the tool takes free text and answered it."""
    for call, use in view.calls:
        text = view.steps[call].arguments
        answered = use.result is not None and use.failure is None
        if isinstance(text, str) and text.strip() and (text.lstrip()[0] in "{[" or not answered):
            yield Hit((call,), text, {"tool": use.name})


@checks.add(
    "unknown_tool",
    "tool_failure",
    "The model called `{tool}`, not one of the tools it was offered ({offered}), {times}.",
)
def _unknown(view: RunView) -> Iterator[Hit]:
    """Calls of tools that were not offered; one that worked is a gap in the record, not a failure."""
    offered = {tool.lower() for tool in view.trajectory.tools or ()}
    for call, use in view.calls:
        if offered and use.name.lower() not in offered and (use.failure is not None or use.result is None):
            shown = listed(view.trajectory.tools or (), most=12)
            yield Hit((call,), use.name, {"tool": use.name, "offered": shown}, key=use.name)


_TURN = "(?:turn|message|response|reply|step)"
_MAKE = "(?:make|call|use|invoke|issue|execute)"
_ONE = (
    r" (?:one|a single) (?:tool|function)(?: call)? "
    rf"(?:at a time|at once|(?:per|in (?:a|one|each|every|the same)) {_TURN})\b"
)
_ONE_CALL = one_of(
    rf"(?<!limited to )\b(?:only|at most|exactly)(?: {_MAKE})?{_ONE}",
    rf"\b(?:no|not|never)(?: {_MAKE})? more than{_ONE}",
    rf"(?:^\W{{0,4}}|\b(?:must|should|always|please) ){_MAKE}{_ONE}",
)
_NOT_BOTH = one_of(
    r"\b(?:(?:should|must|may|do|can) ?not|don't|never)\b.{1,100}"
    rf"\b(?:simultaneously|at the same time|(?:the same|one) {_TURN})\b"
)
_SPEAKING = one_of(r"\b(?:respond|reply|speak|talk|writ)\w{0,4}\b.{0,20}\b(?:user|customer|text|message)\b")
_CALLING = one_of(r"\b(?:tool|function) calls?\b", r"\bcall\w{0,3} (?:an? |any |the )?(?:tool|function)s?\b")


@checks.add("prompt_rule_broken", "logical_error", "The prompt says “{rule}”, yet {what} {times}.", "low")
def _broken(view: RunView) -> Iterator[Hit]:
    """Several calls in one turn, or words and a call in one, where the prompt forbids it."""
    one, apart = _rule(view.prompt, _ONE_CALL), _rule(view.prompt, _NOT_BOTH, _SPEAKING, _CALLING)
    for turn in view.turns if one or apart else ():
        if view.steps[turn[0]].turn is None:  # nobody knows which steps are one message
            continue
        calls = [i for i in turn if view.steps[i].kind is StepKind.TOOL_CALL]
        words = [i for i in turn if view.steps[i].kind is StepKind.MESSAGE and view.first_line(i)]
        if one and len(calls) > 1:
            facts = {"rule": one, "what": "several tools were called in one turn"}
            yield Hit((calls[1],), view.steps[calls[1]].name or "", facts, key="calls")
        if apart and calls and words:
            facts = {"rule": apart, "what": "a turn both spoke and called a tool"}
            yield Hit((words[0],), view.first_line(words[0]), facts, key="words")


def _rule(prompt: str, pattern: re.Pattern[str], *others: re.Pattern[str]) -> str:
    """The first sentence of a prompt that holds all the patterns; empty if there is none."""
    for sentence in sentences(prompt):
        match = pattern.search(straight(sentence))
        if match and all(other.search(sentence) for other in others):
            return passage_around(sentence, match)
    return ""


_FORBIDDEN = re.compile(
    r"^[^\n]{0,40}?\b(?:do not|don't|never|must not)\W{1,3}(?:ever )?(?:modify|edit|change|touch|alter|create|add)\b"
    r"[ :*]{1,4}([^\n]{3,200})",
    re.IGNORECASE | re.MULTILINE,
)
_FILE_NAME = re.compile(r"[\w-]{2,60}\.[a-z]{1,5}\b")
_REDIRECTS = re.compile(r"(?:>>?|\btee(?: -a)?)\s{0,3}([\w./~-]{2,200})")
_WRITING_NAME = re.compile(r"write|create|edit|replace|patch|insert|append", re.IGNORECASE)
_PATH_KEYS = ("path", "file_path", "filename", "file", "target_file")


@checks.add(
    "forbidden_change",
    "logical_error",
    "{where} says “{rule}”, yet {path} was written at {steps}{undone}.",
)
def _forbidden(view: RunView) -> Iterator[Hit]:
    """A file was written although the instructions say not to."""
    rule = _FORBIDDEN.search(view.instructions)
    for call, use in view.calls if rule is not None else ():
        path = next(_protected(rule.group(1).lower(), _written(view, use)), None) if rule else None
        if rule and path is not None and use.failure is None:
            later = ((i, use.command) for i, use in view.calls if i > call)
            removed = next((i for i, command in later if "rm " in command and path in command), None)
            undone = f"; it was removed again at step {removed}" if removed is not None else ""
            said = one_line(rule.group(0).strip(" -*"), 160)
            is_in_prompt = rule.group(0) in (view.trajectory.prompt or "")
            where = "The prompt" if is_in_prompt else "The user's message"
            facts = {"where": where, "rule": said, "path": path, "undone": undone}
            yield Hit((call,), path, facts, Severity.LOW if removed is not None else Severity.MEDIUM)


def _written(view: RunView, use: ToolUse) -> list[str]:
    """The paths that a call writes to, as far as its command or its arguments show."""
    command = use.command[:20_000]
    in_place = (line.split() for line in command.splitlines() if "sed " in line and " -i" in line)
    paths = [*_REDIRECTS.findall(command), *(words[-1] for words in in_place)]
    arguments = view.steps[use.call].arguments if use.call is not None else None
    if isinstance(arguments, dict) and _WRITING_NAME.search(
        f"{use.name} {str(arguments.get('command', ''))[:40]}"
    ):
        paths += [path for path in map(arguments.get, _PATH_KEYS) if isinstance(path, str)]
    return paths


def _protected(rule: str, paths: Iterable[str]) -> Iterator[str]:
    """The paths that a rule names, or that lie in a folder of tests when it speaks of tests."""
    folders = {"test", "tests"} if re.search(r"\btests?\b", rule) else set()
    names = set(_FILE_NAME.findall(rule))
    for path in paths:
        *above, name = path.lower().split("/")
        if name in names or folders.intersection(above):
            yield path
