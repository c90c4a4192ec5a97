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
from reflector.trajectories.analysis_config import AnalysisConfig
from reflector.trajectories.findings import failure_forms as forms
from reflector.trajectories.findings.commands import hides_exit_code, is_reader, is_search, reading_programs
from reflector.trajectories.step import Step

__all__ = ["FailureKind", "ToolFailure", "read_failure", "truncation_notice"]


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


_EXIT_KEYS = ("returncode", "exit_code", "exitCode", "return_code", "exit_status")
_WRAPPERS = frozenset(("<output>", "</output>", "<output_tail>", "</output_tail>"))
_TIMEOUT_EXIT = 124  # of the `timeout` utility
_MAX_PAYLOAD = 50_000
# In this order: the more telling form wins.
_FORMS = (
    (forms.RATE_LIMIT, FailureKind.RATE_LIMIT),
    (forms.TIMEOUT, FailureKind.TIMEOUT),
    (forms.TESTS, FailureKind.TESTS),
    (forms.STACK_HEAD, FailureKind.EXCEPTION),
    (forms.COMPILER, FailureKind.COMMAND),
    (forms.SHELL, FailureKind.COMMAND),
    (forms.REJECTED, FailureKind.REJECTED),
    (forms.DENIED, FailureKind.DENIED),
    (forms.ERROR_HEAD, FailureKind.ERROR),
)
# Phrases that also occur in texts: only a short result that holds little else is a verdict.
_LOOSE = frozenset((forms.REJECTED, forms.DENIED, forms.RATE_LIMIT, forms.TIMEOUT))
_REASONS = (
    (forms.RATE_LIMIT, FailureKind.RATE_LIMIT),
    (re.compile(r"permission|approval|denied", re.IGNORECASE), FailureKind.DENIED),
    (re.compile(r"pars|format|validation|argument", re.IGNORECASE), FailureKind.REJECTED),
    (re.compile(r"return|exit", re.IGNORECASE), FailureKind.COMMAND),
)


def read_failure(step: Step, name: str, command: str, config: AnalysisConfig) -> ToolFailure | None:
    """Return how the call that `step` is the result of failed, or None if it did not."""
    edge = config.tools.edge
    head = _lines(step.content[:edge])
    tail = head if len(step.content) <= edge else _lines(step.content[-edge:])
    result = _Result(step, name, command, head, tail)
    code = _exit_code(result)
    if step.is_error or step.error or code:
        failure: ToolFailure | None = _flagged(result, code)
    elif code == 0:
        failure = _masked(result)
    else:
        failure = _by_form(result, config)
    if failure is None:
        return None
    return ToolFailure(failure.kind, failure.evidence[: config.max_evidence], code, step.error or "")


def truncation_notice(step: Step) -> str | None:
    """Return the line that says that the result was cut, or None."""
    edges = (step.content[:600], step.content[-600:] if len(step.content) > 600 else "")
    for line in (line for edge in edges for line in edge.splitlines()):
        if len(line) < 300 and forms.TRUNCATED.search(line):
            return line.strip()
    return None


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
    for key in _EXIT_KEYS:
        value = result.step.metadata.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    edge = 1 if result.is_read else 3
    for line in [result.step.error or "", *result.head[:edge], *result.tail[-edge:]]:
        match = forms.EXIT_CODE.search(line) if len(line) <= 200 else None
        if match:
            return int(next(group for group in match.groups() if group is not None))
    return None


def _flagged(result: _Result, code: int | None) -> ToolFailure:
    """The record says that the call failed: which kind, and which line says it best."""
    body, error = result.body, (result.step.error or "").strip()
    said = result.head[0] if result.head else error
    if code == 1 and not body and is_search(result.name, result.command):
        return ToolFailure(FailureKind.NO_MATCH, said)
    if code == _TIMEOUT_EXIT or forms.TIMEOUT_WORD.search(error):
        lines = [*result.tail[-5:], *result.head[:5]]
        line = next((line for line in lines if forms.TIMEOUT_WORD.search(line)), None)
        return ToolFailure(FailureKind.TIMEOUT, line or said)
    known = _known(result)
    if known is not None:
        return known
    unknown = FailureKind.COMMAND if code else FailureKind.ERROR
    kind = next((kind for pattern, kind in _REASONS if pattern.search(error)), unknown)
    if not body:
        return ToolFailure(kind, said)
    return ToolFailure(kind, body[-1] if code and code > 0 else body[0])


def _known(result: _Result) -> ToolFailure | None:
    """The first known form of failure among the first and the last lines."""
    exception = _exception(reversed(result.tail[-8:]))
    if exception is not None:
        return exception
    edit = _edit(result.head)
    if edit is not None:
        return edit
    edges = [*result.head[:6], *result.tail[-6:]]
    for pattern, kind in _FORMS:
        line = next((line for line in edges if pattern.search(line)), None)
        if line is not None:
            return ToolFailure(kind, line)
    return None


def _exception(lines: Iterable[str]) -> ToolFailure | None:
    for line in lines:
        if forms.EXCEPTION_LINE.match(line):
            kind = FailureKind.TIMEOUT if forms.TIMEOUT.search(line) else FailureKind.EXCEPTION
            return ToolFailure(kind, line)
    return None


def _edit(lines: Sequence[str]) -> ToolFailure | None:
    refusal = next((line for line in lines[:4] if forms.EDIT.search(line)), None)
    if refusal is None:
        return None
    reason = next((line for line in lines[:12] if forms.EDIT_REASON.search(line)), None)
    return ToolFailure(FailureKind.EDIT, reason or refusal)


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


def _by_form(result: _Result, config: AnalysisConfig) -> ToolFailure | None:
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
    short = len(result.step.content) <= config.tools.short_result
    readers = reading_programs(result.command)
    if readers:
        return _refused_read(readers, result.head)
    if result.is_read:
        return _short_message(result.head, single=True) if short else None
    return _traceback(result) or (_short_message(result.head) if short else _long_output(result))


def _refused_read(programs: Sequence[str], lines: Sequence[str]) -> ToolFailure | None:
    """What a program that only shows things says of itself starts with its name; all else is what it shows."""
    speakers = (*programs, "bash", "sh", "zsh", "-bash", "/bin/sh", "/bin/bash")
    line = lines[0]
    if line.split(":", 1)[0] in speakers and forms.SHELL.search(line):
        return ToolFailure(FailureKind.COMMAND, line)
    return None


def _traceback(result: _Result) -> ToolFailure | None:
    """A traceback with which the output starts or ends; one in the middle was caught or logged."""
    starts = forms.TRACEBACK.match(result.head[0]) is not None
    if not starts and not _holds_traceback(result.tail):
        return None
    found = _exception(reversed(result.tail if starts else result.tail[-5:]))
    return found or (ToolFailure(FailureKind.EXCEPTION, result.tail[-1]) if starts else None)


def _long_output(result: _Result) -> ToolFailure | None:
    first = result.head[0]
    for pattern, kind in ((forms.ERROR_HEAD, FailureKind.ERROR), (forms.STACK_HEAD, FailureKind.EXCEPTION)):
        if len(first) < 400 and pattern.search(first):
            return ToolFailure(kind, first)
    for line in result.tail[-3:]:
        for pattern, kind in _FORMS[1:6]:
            if len(line) < 300 and pattern.search(line):
                return ToolFailure(kind, line)
    return None


def _short_message(lines: Sequence[str], *, single: bool = False) -> ToolFailure | None:
    """A result of a few lines is a message: it fails when its first or last line has the form of a failure."""
    if forms.FOUND_NOTHING.match(lines[0]):
        return None
    for line in lines[:1] if single else dict.fromkeys((lines[0], lines[-1])):
        exception = _exception((line,))
        if exception is not None:
            return exception
        for pattern, kind in _FORMS:
            if pattern.search(line) and (pattern not in _LOOSE or (len(lines) <= 6 and len(line) <= 300)):
                return ToolFailure(kind, line)
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
    patterns = ((forms.RATE_LIMIT, FailureKind.RATE_LIMIT), (forms.TIMEOUT, FailureKind.TIMEOUT))
    kind = next((kind for pattern, kind in patterns if pattern.search(message)), FailureKind.ERROR)
    return ToolFailure(kind, message if message and message in content else text.splitlines()[0])


def _payload_message(value: dict[str, object]) -> str | None:
    """The message of an error payload; empty if it has none; None if it is not one."""
    error = next(
        (value[key] for key in ("error", "errors", "exception", "error_message") if value.get(key)), None
    )
    if error is None and not _says_failed(value):
        return None
    for part in (error, value.get("message"), value.get("detail"), value.get("stderr"), value.get("reason")):
        if isinstance(part, list) and part:
            part = part[0]
        if isinstance(part, dict):
            part = part.get("message") or part.get("type")
        if isinstance(part, str) and part.strip():
            return part.strip().splitlines()[-1]
    return ""


def _says_failed(value: dict[str, object]) -> bool:
    if any(value.get(key) is True for key in ("isError", "is_error")):
        return True
    if any(value.get(key) is False for key in ("success", "ok")):
        return True
    if any(isinstance(value.get(key), int) and value[key] not in (0, False) for key in _EXIT_KEYS):
        return True
    status = value.get("status_code", value.get("statusCode"))
    if isinstance(status, int) and status >= 400:
        return True
    # A record of something else may have a status of its own; a bare answer has few fields.
    return str(value.get("status", "")).lower() in ("error", "failed", "failure") and len(value) <= 5
