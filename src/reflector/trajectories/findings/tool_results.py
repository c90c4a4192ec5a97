"""Whether a tool's result says that the call failed, how, and in which words.

A result is judged by the record's own flags first, then by exit codes it prints, then by its form: lines at its
head and tail. Words such as "error" inside a text that was merely read do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reflector._json import loads
from reflector.trajectories.findings import failure_forms as forms
from reflector.trajectories.findings.commands import hides_exit_code, is_reader, is_search, reading_programs
from reflector.trajectories.findings.finding import MAX_EVIDENCE
from reflector.trajectories.step import Step

__all__ = ["FailureKind", "ToolFailure", "read_failure"]


class FailureKind(StrEnum):
    """How a call failed."""

    TIMEOUT = "timeout"
    EXCEPTION = "exception"
    COMMAND = "command"
    EDIT = "edit"
    REJECTED = "rejected"
    DENIED = "denied"
    RATE_LIMIT = "rate_limit"
    TESTS = "tests"
    ERROR = "error"
    NO_MATCH = "no_match"
    """A search without a hit: exit code 1 and nothing printed."""
    MASKED = "masked"
    """The command failed, but a pipe or a list hid its exit code."""


@dataclass(frozen=True, slots=True)
class ToolFailure:
    """How one call failed."""

    kind: FailureKind
    evidence: str
    """The most telling line of the result, verbatim."""
    exit_code: int | None = None
    reason: str = ""
    """The record's own word for it, such as `timeout`."""


_Forms = Iterable[tuple[re.Pattern[str], FailureKind]]

_EXIT_KEYS = ("returncode", "exit_code", "exitCode", "return_code", "exit_status")
_WRAPPERS = frozenset(("<output>", "</output>", "<output_tail>", "</output_tail>"))
_TIMEOUT_EXIT = 124  # of the `timeout` utility
_MAX_PAYLOAD = 50_000
_EDGE = 4000
"""How many characters at the head and at the tail of a result are read."""
_SHORT_RESULT = 600
"""A result up to this many characters is a message, not a content; it may fail anywhere in it."""
_STACK = (forms.STACK_HEAD, FailureKind.EXCEPTION)
_ERROR = (forms.ERROR_HEAD, FailureKind.ERROR)
# In this order: the more telling form wins.
_FORMS = (
    (forms.RATE_LIMIT, FailureKind.RATE_LIMIT),
    (forms.TIMEOUT, FailureKind.TIMEOUT),
    (forms.TESTS, FailureKind.TESTS),
    _STACK,
    (forms.COMPILER, FailureKind.COMMAND),
    (forms.SHELL, FailureKind.COMMAND),
    (forms.REJECTED, FailureKind.REJECTED),
    (forms.DENIED, FailureKind.DENIED),
    _ERROR,
)
# Phrases that also occur in texts: only a short result that holds little else is a verdict.
_LOOSE = frozenset((forms.REJECTED, forms.DENIED, forms.RATE_LIMIT, forms.TIMEOUT))
_REASONS = (
    (forms.RATE_LIMIT, FailureKind.RATE_LIMIT),
    (re.compile(r"permission|approval|denied", re.IGNORECASE), FailureKind.DENIED),
    (re.compile(r"pars|format|validation|argument", re.IGNORECASE), FailureKind.REJECTED),
    (re.compile(r"return|exit", re.IGNORECASE), FailureKind.COMMAND),
)


def read_failure(step: Step, name: str, command: str) -> ToolFailure | None:
    """Return how the call that `step` is the result of failed, or None if it did not."""
    head = _lines(step.content[:_EDGE])
    tail = head if len(step.content) <= _EDGE else _lines(step.content[-_EDGE:])
    result = _Result(step, name, command, head, tail)
    code = _exit_code(result)
    if step.is_error or step.error or code:
        failure: ToolFailure | None = _flagged(result, code)
    elif code == 0:
        failure = _masked(result)
    else:
        failure = _by_form(result)
    if failure is None:
        return None
    return ToolFailure(failure.kind, failure.evidence[:MAX_EVIDENCE], code, step.error or "")


@dataclass(frozen=True, slots=True)
class _Result:
    """A result as far as it is read."""

    step: Step
    name: str
    command: str
    head: list[str]
    tail: list[str]
    """The same as the head if the result is short."""

    @property
    def body(self) -> list[str]:
        """The lines of the head without a printed exit code."""
        return [line for line in self.head if not forms.EXIT_CODE.fullmatch(line)]

    @property
    def is_read(self) -> bool:
        return is_reader(self.name, self.command)


def _lines(text: str) -> list[str]:
    """The lines that say something: white space and the wrappers of shells are left out."""
    kept = (line.strip()[:500] for line in text.splitlines())
    return [line for line in kept if line and line not in _WRAPPERS]


def _exit_code(result: _Result) -> int | None:
    for value in map(result.step.metadata.get, _EXIT_KEYS):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    edge = 1 if result.is_read else 3
    for line in [result.step.error or "", *result.head[:edge], *result.tail[-edge:]]:
        match = forms.EXIT_CODE.search(line) if len(line) <= 200 else None
        if match:
            return int(next(filter(None, match.groups())))
    return None


def _flagged(result: _Result, code: int | None) -> ToolFailure:
    """The record says that the call failed: which kind, and which line says it best."""
    body, error = result.body, (result.step.error or "").strip()
    said = result.head[0] if result.head else error
    if code == 1 and not body and is_search(result.name, result.command):
        return ToolFailure(FailureKind.NO_MATCH, said)
    if code == _TIMEOUT_EXIT or forms.TIMEOUT_WORD.search(error):
        lines = (*result.tail[-5:], *result.head[:5])
        return _first(((forms.TIMEOUT_WORD, FailureKind.TIMEOUT),), lines) or ToolFailure(
            FailureKind.TIMEOUT, said
        )
    edges = (*result.head[:6], *result.tail[-6:])
    known = _exception(reversed(result.tail[-8:])) or _edit(result.head) or _first(_FORMS, edges)
    if known is not None:
        return known
    unknown = FailureKind.COMMAND if code else FailureKind.ERROR
    kind = next((kind for pattern, kind in _REASONS if pattern.search(error)), unknown)
    return ToolFailure(kind, said if not body else body[-1] if code and code > 0 else body[0])


def _first(known: _Forms, lines: Sequence[str]) -> ToolFailure | None:
    """The first of the known forms that one of the lines has."""
    found = (ToolFailure(kind, line) for pattern, kind in known for line in lines if pattern.search(line))
    return next(found, None)


def _exception(lines: Iterable[str]) -> ToolFailure | None:
    line = next((line for line in lines if forms.EXCEPTION_LINE.match(line)), None)
    if line is None:
        return None
    return ToolFailure(FailureKind.TIMEOUT if forms.TIMEOUT.search(line) else FailureKind.EXCEPTION, line)


def _edit(lines: Sequence[str]) -> ToolFailure | None:
    refusal = _first(((forms.EDIT, FailureKind.EDIT),), lines[:4])
    reason = _first(((forms.EDIT_REASON, FailureKind.EDIT),), lines[:12]) if refusal else None
    return reason or refusal


def _masked(result: _Result) -> ToolFailure | None:
    """Exit code 0, yet the output ends with a failure: the code is that of another command of the line."""
    if not hides_exit_code(result.command) or result.is_read or not result.tail:
        return None
    body, last = result.body, result.tail[-1]
    if len(body) == 1 and forms.SHELL.search(body[0]):
        return ToolFailure(FailureKind.MASKED, body[0])
    if forms.EXCEPTION_LINE.match(last) and _holds_traceback(result.tail):
        return ToolFailure(FailureKind.MASKED, last)
    return None


def _holds_traceback(lines: Sequence[str]) -> bool:
    return any(forms.TRACEBACK.match(line) or line.startswith('File "') for line in lines)


def _by_form(result: _Result) -> ToolFailure | None:
    """No flag and no exit code: judge by form."""
    if not result.head:
        return None
    if result.step.content.lstrip()[:1] in ("{", "["):
        found = _payload(result.step.content)
        if found is not None or not result.head[0].startswith("["):
            return found
    edit = _edit(result.head)
    if edit is not None:
        return edit
    short = len(result.step.content) <= _SHORT_RESULT
    readers = reading_programs(result.command)
    if readers:
        return _refused_read(readers, result.head[0])
    if result.is_read:
        return _short_message(result.head, single=True) if short else None
    return _traceback(result) or (_short_message(result.head) if short else _long_output(result))


def _refused_read(programs: Sequence[str], line: str) -> ToolFailure | None:
    """What a program that only shows things says of itself starts with its name; all else is what it shows."""
    speakers = (*programs, "bash", "sh", "zsh", "-bash", "/bin/sh", "/bin/bash")
    said = line.split(":", 1)[0] in speakers and forms.SHELL.search(line)
    return ToolFailure(FailureKind.COMMAND, line) if said else None


def _traceback(result: _Result) -> ToolFailure | None:
    """A traceback with which the output starts or ends; one in the middle was caught or logged."""
    starts = forms.TRACEBACK.match(result.head[0]) is not None
    if not starts and not _holds_traceback(result.tail):
        return None
    found = _exception(reversed(result.tail if starts else result.tail[-5:]))
    return found or (ToolFailure(FailureKind.EXCEPTION, result.tail[-1]) if starts else None)


def _long_output(result: _Result) -> ToolFailure | None:
    found = _first((_ERROR, _STACK), [line for line in result.head[:1] if len(line) < 400])
    ends = [line for line in result.tail[-3:] if len(line) < 300]
    return found or _first(_FORMS[1:6], ends)


def _short_message(lines: Sequence[str], *, single: bool = False) -> ToolFailure | None:
    """A result of a few lines is a message: it fails when its first or last line has the form of a failure."""
    if forms.FOUND_NOTHING.match(lines[0]):
        return None
    for line in lines[:1] if single else dict.fromkeys((lines[0], lines[-1])):
        verdict = len(lines) <= 6 and len(line) <= 300
        known = [form for form in _FORMS if verdict or form[0] not in _LOOSE]
        found = _exception((line,)) or _first(known, (line,))
        if found is not None:
            return found
    if len(lines) <= 2 and len(lines[0]) <= 200 and forms.NOT_FOUND.search(lines[0]):
        return ToolFailure(FailureKind.ERROR, lines[0])
    return None


def _payload(content: str) -> ToolFailure | None:
    """A JSON answer that says it is an error."""
    text = content.strip()
    if not text.startswith("{") or len(text) > _MAX_PAYLOAD:
        return None
    try:
        value = loads(text)
    except ValueError:
        return None
    message = _payload_message(value) if isinstance(value, dict) else None
    if message is None:
        return None
    kind = (_first(_FORMS[:2], (message,)) or ToolFailure(FailureKind.ERROR, "")).kind
    return ToolFailure(kind, message if message and message in content else text.splitlines()[0])


def _payload_message(value: dict[str, object]) -> str | None:
    """The message of an error payload; empty if it has none; None if it is not one."""
    errors = map(value.get, ("error", "errors", "exception", "error_message"))
    error = next(filter(None, errors), None)
    if error is None and not _says_failed(value):
        return None
    for part in (error, *map(value.get, ("message", "detail", "stderr", "reason"))):
        if isinstance(part, list) and part:
            part = part[0]
        if isinstance(part, dict):
            part = part.get("message") or part.get("type")
        if isinstance(part, str) and part.strip():
            return part.strip().splitlines()[-1]
    return ""


def _says_failed(value: dict[str, object]) -> bool:
    status = value.get("status_code", value.get("statusCode"))
    codes = [code for code in map(value.get, _EXIT_KEYS) if isinstance(code, int)]
    return (
        any(value.get(key) is True for key in ("isError", "is_error"))
        or any(value.get(key) is False for key in ("success", "ok"))
        or any(codes)
        or (isinstance(status, int) and status >= 400)
        # A record of something else may have a status of its own; a bare answer has few fields.
        or (str(value.get("status", "")).lower() in ("error", "failed", "failure") and len(value) <= 5)
    )
