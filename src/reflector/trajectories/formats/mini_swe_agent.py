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
)
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
    info, config = as_mapping(fields.get("info")), as_mapping(as_mapping(fields.get("info")).get("config"))
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
    """Reads the messages and the agent's own notes beside them."""

    def __init__(self, exit_status: str | None, last: int) -> None:
        super().__init__()
        self._stated = exit_status
        self._last = last
        self.times: list[datetime] = []
        self.spent = Usage()
        self.exit_status: str | None = None
        self.error: str | None = None
        self._awaits_command = False

    def add_native(self, message: dict[str, Any], index: int) -> None:
        extra = as_mapping(message.get("extra"))
        role = message.get("role")
        time = as_time(first_of(extra, "timestamp") or as_mapping(extra.get("response")).get("created"))
        if time:
            self.times.append(time)
        # What the agent notes beside a message is kept in `raw`; here only what a step has a field for.
        plain = {
            key: value for key, value in message.items() if key not in ("extra", "provider_specific_fields")
        }
        if role == "assistant":
            self._add_answer(plain, extra, index, time)
        elif role == "exit":
            self._add_exit(plain, extra, index, time)
        elif role == "tool" or (role == "user" and self.turn >= 0):
            self._add_observation(plain, extra, index, time)
        else:
            self.add(plain, index, Extras(started_at=time))

    def _add_answer(
        self, message: dict[str, Any], extra: dict[str, Any], index: int, time: datetime | None
    ) -> None:
        response = as_mapping(extra.get("response"))
        choice = as_mapping(next(iter(as_list(response.get("choices"))), None))
        usage = usage_of(response.get("usage"), calls=1, cost_usd=as_number(extra.get("cost")))
        self.spent = self.spent + usage if usage else self.spent
        extras = Extras(finish_reason=finish_reason_of(choice), usage=usage, started_at=time)
        content = message.get("content")
        blocks = _commands_in(content) if isinstance(content, str) else []
        has_calls = bool(message.get("tool_calls"))
        self._awaits_command = not has_calls and len(blocks) != 1
        if has_calls or len(blocks) != 1:
            self.add(message, index, extras)
        else:
            self._add_command(text_of(content), blocks[0], index, extras)

    def _add_command(self, content: str, block: re.Match[str], index: int, extras: Extras) -> None:
        self.turn += 1
        words, after = content[: block.start()].strip(), content[block.end() :].strip()
        label = _THOUGHT.match(words)
        if label:
            self.add_step(
                StepKind.REASONING, index, content=words[label.end() :], started_at=extras.started_at
            )
        elif words:
            self.add_step(StepKind.MESSAGE, index, content=words, started_at=extras.started_at)
        if after:
            self.add_step(StepKind.MESSAGE, index, content=after, started_at=extras.started_at)
        self.add_step(
            StepKind.TOOL_CALL,
            index,
            name=_TOOL,
            arguments={"command": block.group(1)},
            call_id=f"call_{index}",
            finish_reason=extras.finish_reason,
            usage=extras.usage,
            started_at=extras.started_at,
        )

    def _add_observation(
        self, message: dict[str, Any], extra: dict[str, Any], index: int, time: datetime | None
    ) -> None:
        content = text_of(message.get("content"))
        code = as_number(extra.get("returncode"))
        found = _RETURN_CODE.match(content)
        if code is None and found:
            code = as_number(found.group(1))
        notes: dict[str, Any] = {} if code is None else {"returncode": int(code)}
        if message.get("role") == "user" and code is None and not self.has_open_calls:
            self._add_notice(message, extra, index, time)
            return
        error = _failure(content, as_text(extra.get("exception_info")), code)
        call_id, name = self.claim_call(as_text(message.get("tool_call_id")))
        self.add_step(
            StepKind.TOOL_RESULT,
            index,
            content=content,
            name=name or _TOOL,
            call_id=call_id,
            is_error=error is not None,
            error=error,
            started_at=time,
            metadata=notes,
        )

    def _add_notice(
        self, message: dict[str, Any], extra: dict[str, Any], index: int, time: datetime | None
    ) -> None:
        """Add what the agent says for itself: an answer it could not use, its reason to stop; or a person's words."""
        reason = as_text(extra.get("interrupt_type")) or ("FormatError" if self._awaits_command else None)
        if index == self._last and self._stated and not self._stated.lower().startswith("submitted"):
            reason = self._stated
        if reason is None:
            self.add(message, index, Extras(started_at=time))
            return
        content = text_of(message.get("content")) or reason
        self.add_step(StepKind.ERROR, index, content=content, is_error=True, error=reason, started_at=time)

    def _add_exit(
        self, message: dict[str, Any], extra: dict[str, Any], index: int, time: datetime | None
    ) -> None:
        self.exit_status = as_text(extra.get("exit_status"))
        content = text_of(message.get("content"))
        if (self.exit_status or "Submitted") == "Submitted":
            call_id, name = self.claim_call()
            self.add_step(
                StepKind.TOOL_RESULT,
                index,
                content=content,
                name=name or _TOOL,
                call_id=call_id,
                started_at=time,
            )
            return
        self.error = as_text(extra.get("exception_str"))
        fields: dict[str, Any] = {"is_error": True, "error": self.exit_status, "started_at": time}
        self.add_step(StepKind.ERROR, index, content=content, **fields)


def _commands_in(content: str) -> list[re.Match[str]]:
    """Return the fenced commands of an answer; the agent runs an answer that has exactly one."""
    for fence in _FENCES:
        found = list(fence.finditer(content))
        if found:
            return found
    return []


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
