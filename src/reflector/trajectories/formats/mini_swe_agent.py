"""Files of mini-swe-agent: version 1 writes commands into fenced blocks, version 2 calls a tool."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from reflector._json import JSONValue
from reflector._text import one_line
from reflector.trajectories.chat import ChatReader, Extras, finish_reason_of, system_prompt
from reflector.trajectories.conversation import is_messages
from reflector.trajectories.evidence import error_outcome, limit_of
from reflector.trajectories.fields import (
    as_count,
    as_list,
    as_mapping,
    as_number,
    as_text,
    as_time,
    first_of,
    text_of,
    usage_of,
)  # fmt: skip
from reflector.trajectories.formats.format import Format, Sample
from reflector.trajectories.step import Outcome, StepKind
from reflector.trajectories.trajectory import Trajectory
from reflector.usage import Usage

__all__ = ["MINI_SWE_AGENT"]

# Version 2 renamed the fence of a command, so that examples in answers and prompts may use the usual one.
_FENCES = tuple(
    re.compile(rf"```{name}[ \t]*\r?\n(.*?)\r?\n?```", re.DOTALL) for name in ("mswea_bash_command", "bash")
)
_THOUGHT = re.compile(r"\s*THOUGHTS?:\s*", re.IGNORECASE)
_RETURN_CODE = re.compile(
    r"\s*(?:<exception>.*?</exception>\s*)?<returncode>\s*(-?\d+)\s*</returncode>", re.DOTALL
)
_EXCEPTION = re.compile(r"\s*<exception>(.*?)</exception>", re.DOTALL)
# The text with which the environment answers a command that ran out of time.
_TIMED_OUT = re.compile(r"\s*The (?:last )?command\b.{0,5000}?\btimed out\b", re.DOTALL)
_TOOL = "bash"


def _recognizes(sample: Sample) -> float:
    value = as_mapping(sample.value)
    if text_of(value.get("trajectory_format")).startswith("mini-swe-agent"):
        return 1.0
    info = as_mapping(value.get("info"))
    known = "model_stats" in info or "mini_version" in info
    return 0.95 if known and is_messages(value.get("messages")) else 0.0


def _read(record: JSONValue, default_id: str) -> Trajectory:
    fields = as_mapping(record)
    messages = fields.get("messages")
    if not isinstance(messages, list):
        raise ValueError(f"expected an object with `messages`, got {type(messages).__name__} there")
    info = as_mapping(fields.get("info"))
    config = as_mapping(info.get("config"))
    stated = as_text(info.get("exit_status"))
    reader = _Reader(stated, len(messages) - 1)
    for index, message in enumerate(messages):
        reader.add_native(as_mapping(message), index)
    exit_status = stated or reader.exit_status
    error = as_text(info.get("exception_str")) or reader.error
    version = as_text(info.get("mini_version"))
    first, last = reader.times[:1], reader.times[-1:]
    return Trajectory(
        id=default_id or as_text(fields.get("instance_id")) or "trajectory",
        steps=tuple(reader.steps),
        outcome=_outcome(exit_status, error, as_text(info.get("submission"))),
        prompt=system_prompt(reader.steps),
        error=error if error or not _is_crash(exit_status) else exit_status,
        exit_status=exit_status,
        limit=_limit(exit_status, as_mapping(config.get("agent"))),
        model=as_text(as_mapping(config.get("model")).get("model_name")),
        agent=f"mini-swe-agent {version}" if version else "mini-swe-agent",
        usage=_usage(as_mapping(info.get("model_stats")), reader),
        started_at=first[0] if first else None,
        duration_ms=(last[0] - first[0]).total_seconds() * 1000 if len(reader.times) > 1 else None,
        format=MINI_SWE_AGENT.name,
        metadata={key: value for key, value in fields.items() if key not in ("messages", "info")},
        raw=record,
    )


class _Reader(ChatReader):
    """Reads messages with their notes; of these only what a step has a field for, as `raw` keeps them."""

    def __init__(self, exit_status: str | None, last: int) -> None:
        super().__init__()
        self._stated, self._last = exit_status, last
        self.times: list[datetime] = []
        self.spent = Usage()
        self.exit_status: str | None = None
        self.error: str | None = None
        self._awaits_command = False

    def add_native(self, message: dict[str, Any], index: int) -> None:
        extra, role = as_mapping(message.get("extra")), message.get("role")
        time = as_time(first_of(extra, "timestamp") or as_mapping(extra.get("response")).get("created"))
        self.times += [time] if time else []
        self._extra, self._at, self._time = extra, index, time
        said = {key: message[key] for key in message if key not in ("extra", "provider_specific_fields")}
        if role == "assistant":
            self._add_answer(said)
        elif role == "exit":
            self._add_exit(text_of(said.get("content")))
        elif role == "tool" or (role == "user" and self.turn >= 0):
            self._add_observation(said)
        else:
            self.add(said, index, Extras(started_at=time))

    def _step(self, kind: StepKind, **fields: Any) -> None:
        self.add_step(kind, self._at, started_at=self._time, **fields)

    def _add_answer(self, said: dict[str, Any]) -> None:
        response = as_mapping(self._extra.get("response"))
        choice = as_mapping(next(iter(as_list(response.get("choices"))), None))
        usage = usage_of(response.get("usage"), calls=1, cost_usd=as_number(self._extra.get("cost")))
        self.spent = self.spent + usage if usage else self.spent
        extras = Extras(finish_reason=finish_reason_of(choice), usage=usage, started_at=self._time)
        content = said.get("content")
        blocks = _commands_in(content) if isinstance(content, str) else []
        has_calls = bool(said.get("tool_calls"))
        self._awaits_command = not has_calls and len(blocks) != 1
        if has_calls or self._awaits_command:
            self.add(said, self._at, extras)
        else:
            self._add_command(text_of(content), blocks[0], extras)

    def _add_command(self, content: str, block: re.Match[str], extras: Extras) -> None:
        self.turn += 1
        words, after = content[: block.start()].strip(), content[block.end() :].strip()
        if label := _THOUGHT.match(words):
            self._step(StepKind.REASONING, content=words[label.end() :])
        for text in filter(None, (words if not label else "", after)):
            self._step(StepKind.MESSAGE, content=text)
        call = {"name": _TOOL, "arguments": {"command": block.group(1)}, "call_id": f"call_{self._at}"}
        self._step(StepKind.TOOL_CALL, finish_reason=extras.finish_reason, usage=extras.usage, **call)

    def _add_observation(self, said: dict[str, Any]) -> None:
        content, code = text_of(said.get("content")), as_number(self._extra.get("returncode"))
        if code is None and (found := _RETURN_CODE.match(content)):
            code = as_number(found.group(1))
        if said.get("role") == "user" and code is None and not self.has_open_calls:
            self._add_notice(said)
            return
        error = _failure(content, as_text(self._extra.get("exception_info")), code)
        notes = {} if code is None else {"returncode": int(code)}
        wanted = as_text(said.get("tool_call_id"))
        self._add_output(content, wanted, is_error=error is not None, error=error, metadata=notes)

    def _add_output(self, content: str, wanted: str | None = None, **fields: Any) -> None:
        call_id, name = self.claim_call(wanted)
        self._step(StepKind.TOOL_RESULT, content=content, name=name or _TOOL, call_id=call_id, **fields)

    def _add_notice(self, said: dict[str, Any]) -> None:
        """Add what the agent says for itself: an answer it could not use, its reason to stop; or a person's words."""
        unusable = "FormatError" if self._awaits_command else None
        reason = as_text(self._extra.get("interrupt_type")) or unusable
        if self._at == self._last and self._stated and not self._stated.lower().startswith("submitted"):
            reason = self._stated
        if reason is None:
            self.add(said, self._at, Extras(started_at=self._time))
        else:
            content = text_of(said.get("content")) or reason
            self._step(StepKind.ERROR, content=content, is_error=True, error=reason)

    def _add_exit(self, content: str) -> None:
        self.exit_status = as_text(self._extra.get("exit_status"))
        if (self.exit_status or "Submitted") == "Submitted":
            self._add_output(content)
        else:
            self.error = as_text(self._extra.get("exception_str"))
            self._step(StepKind.ERROR, content=content, is_error=True, error=self.exit_status)


def _commands_in(content: str) -> list[re.Match[str]]:
    """Return the fenced commands of an answer; the agent runs an answer that has exactly one."""
    return next(filter(None, (list(fence.finditer(content)) for fence in _FENCES)), [])


def _failure(content: str, exception: str | None, code: float | None) -> str | None:
    """Return why a command failed: it ran out of time, could not be run, or returned a code other than 0."""
    found = _EXCEPTION.match(content)
    said = exception or (found.group(1) if found else None)
    if (said and error_outcome(said) is Outcome.TIMEOUT) or (code is None and _TIMED_OUT.match(content)):
        return "timeout"
    if said and code in (None, -1, 0):
        return one_line(said, 200)
    return f"returncode={int(code)}" if code else None


def _is_crash(exit_status: str | None) -> bool:
    return exit_status is not None and exit_status.endswith(("Error", "Exception"))


def _outcome(exit_status: str | None, error: str | None, submission: str | None) -> Outcome:
    """Return what the file proves: a submission is not yet a success, a run without one is none."""
    if error or _is_crash(exit_status):
        return error_outcome(f"{exit_status} {error}")
    if exit_status is None or exit_status.lower().startswith("submitted"):
        return Outcome.UNKNOWN
    if "time" in exit_status.lower():
        return Outcome.TIMEOUT
    return Outcome.PARTIAL if submission else Outcome.FAILURE


def _limit(exit_status: str | None, config: dict[str, Any]) -> str | None:
    if exit_status is None or "limit" not in exit_status.lower():
        return None
    named = limit_of(exit_status)
    steps, cost = as_count(config.get("step_limit")), as_number(config.get("cost_limit"))
    return named or ("steps or cost" if steps and cost else "steps" if steps else "cost" if cost else "limit")


def _usage(stats: dict[str, Any], reader: _Reader) -> Usage | None:
    calls = as_count(stats.get("api_calls")) or reader.spent.calls
    cost = as_number(stats.get("instance_cost"))
    usage = reader.spent.model_copy(update={"calls": calls, "cost_usd": cost})
    return None if usage == Usage() else usage


MINI_SWE_AGENT = Format(
    name="mini_swe_agent", extensions=(".traj.json", ".json"), recognizes=_recognizes, read=_read
)
