"""Chat messages to steps: one message gives as many steps as it says different things."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from reflector._json import JSONValue, loads
from reflector._text import one_line
from reflector.trajectories.fields import as_mapping, as_text, as_time, first_of, keys, settle, usage_of
from reflector.trajectories.parts import Piece, content_text, pieces_of
from reflector.trajectories.step import Importance, Step, StepKind
from reflector.usage import Usage

__all__ = [
    "ChatReader", "Extras", "failure_of", "finish_reason_of", "parse_arguments", "read_messages", "system_prompt",
]  # fmt: skip

_ROLES = {
    **dict.fromkeys(("system", "developer"), StepKind.SYSTEM),
    **dict.fromkeys(("user", "human"), StepKind.USER),
    **dict.fromkeys(("assistant", "model", "ai"), StepKind.MESSAGE),
    **dict.fromkeys(("tool", "function"), StepKind.TOOL_RESULT),
}
# Each provider has its own words for the same few reasons; OpenAI's are the ones most logs use.
_FINISH_REASONS = {
    "end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_length": "length",
    "tool_use": "tool_calls", "function_call": "tool_calls", "refusal": "content_filter", "safety": "content_filter",
}  # fmt: skip
_FAILED_STATUS = frozenset({"error", "failed", "failure", "timeout", "timed_out", "cancelled"})
# Fields of a message that steps have fields of their own for.
_UNDERSTOOD = keys(
    "role content name tool_calls tool_call_id function_call refusal reasoning thinking reasoning_content "
    "thinking_blocks finish_reason stop_reason usage timestamp error is_error isError"
)


class Extras(NamedTuple):
    """What a format knows about a message from elsewhere in its file."""

    finish_reason: str | None = None
    usage: Usage | None = None
    started_at: datetime | None = None
    duration_ms: float | None = None
    is_error: bool = False
    error: str | None = None


_NOTHING = Extras()
_OPEN_CALLS_TRIED = 100


def read_messages(messages: Iterable[JSONValue]) -> tuple[Step, ...]:
    """Return the steps of a conversation.

    Raises:
        ValueError: If a message is not an object with a role.
    """
    reader = ChatReader()
    for index, message in enumerate(messages):
        if not (fields := as_mapping(message)):
            raise ValueError(f"message {index} is no object with a role, got {one_line(repr(message), 80)}")
        reader.add(fields, index)
    return tuple(reader.steps)


def system_prompt(steps: Iterable[Step]) -> str | None:
    """Return what the system said before the model spoke first, or None."""
    texts: list[str] = []
    for step in steps:
        if step.kind.is_model:
            break
        if step.kind is StepKind.SYSTEM and step.content.strip():
            texts.append(step.content)
    return "\n\n".join(texts) or None


@dataclass
class ChatReader:
    """Reads the messages of one conversation in their order; every message gives at least one step."""

    steps: list[Step] = field(default_factory=list)
    turn: int = -1
    _open_calls: dict[str, str] = field(default_factory=dict)
    """Calls without a result yet: their tool's name by their id, oldest first."""

    def add(self, message: Mapping[str, Any], index: int, extras: Extras = _NOTHING) -> None:
        """Append the steps of one message of the OpenAI shape, or of a provider's near it."""
        role = message.get("role")
        if not isinstance(role, str):
            keys = ", ".join(map(str, list(message)[:8]))
            raise ValueError(
                f"message {index} has no role: expected an object with `role`, got keys [{keys}]"
            )
        kind = _ROLES.get(role.lower(), StepKind.USER)
        if kind is StepKind.TOOL_RESULT:
            self._add_result(message, index, extras)
            return
        if kind is StepKind.MESSAGE:
            self.turn += 1
        name = as_text(message.get("name")) or (None if role.lower() in _ROLES else role)
        self._add_pieces(kind, name, message, index, extras)

    def add_step(self, kind: StepKind, index: int | None = None, **fields: Any) -> None:
        """Append one step that does not come from a message of the OpenAI shape."""
        if fields.get("is_error"):
            fields.setdefault("importance", Importance.HIGH)
        if kind.is_model:
            fields.setdefault("turn", self.turn)
        if kind is StepKind.TOOL_CALL and fields.get("call_id"):
            self._open_calls[fields["call_id"]] = fields.get("name") or ""
        self.steps.append(Step(kind=kind, source_index=index, **fields))

    @property
    def has_open_calls(self) -> bool:
        """Whether a call still waits for its result."""
        return bool(self._open_calls)

    def claim_call(
        self, call_id: str | None = None, name: str | None = None
    ) -> tuple[str | None, str | None]:
        """Return id and tool name of the call that a result belongs to, and close it.

        Without an id it is the oldest open call, of that tool if a name is given.
        """
        if call_id is None:
            oldest = itertools.islice(self._open_calls.items(), _OPEN_CALLS_TRIED)
            call_id = next((key for key, tool in oldest if name in (None, tool)), None)
        tool = self._open_calls.pop(call_id, None) if call_id else None
        return call_id, name or tool or None

    def _add_pieces(
        self, kind: StepKind, name: str | None, message: Mapping[str, Any], index: int, extras: Extras
    ) -> None:
        pieces = list(pieces_of(message, is_model=kind is StepKind.MESSAGE)) or [Piece("text", "")]
        time = extras.started_at or as_time(message.get("timestamp"))
        first = len(self.steps)
        for number, piece in enumerate(pieces):
            mark = f"{index}" if len(pieces) < 2 else f"{index}-{number}"
            self._add_piece(piece, kind, mark, index, {"name": name, "started_at": time})
        rest = {key: value for key, value in message.items() if key not in _UNDERSTOOD and value is not None}
        closing: dict[str, Any] = {
            "metadata": self.steps[-1].metadata | rest,
            "duration_ms": extras.duration_ms,
        }
        if kind is StepKind.MESSAGE:
            closing["finish_reason"] = extras.finish_reason or finish_reason_of(message)
            closing["usage"] = extras.usage or usage_of(message.get("usage"))
        closing = {key: value for key, value in closing.items() if value}
        if closing and len(self.steps) > first:
            self.steps[-1] = self.steps[-1].model_copy(update=closing)

    def _add_piece(self, piece: Piece, kind: StepKind, mark: str, index: int, common: dict[str, Any]) -> None:
        if piece.kind == "call":
            call = _call_of(as_mapping(piece.value))
            call["call_id"] = call["call_id"] or f"call_{mark}"
            self.add_step(StepKind.TOOL_CALL, index, **common | call)
        elif piece.kind == "result":
            self._add_result(as_mapping(piece.value), index, _NOTHING)
        else:
            is_thought = piece.kind == "reasoning" and kind is StepKind.MESSAGE
            common |= {"metadata": {"refusal": True}} if piece.kind == "refusal" else {}
            self.add_step(StepKind.REASONING if is_thought else kind, index, content=piece.value, **common)

    def _add_result(self, message: Mapping[str, Any], index: int, extras: Extras) -> None:
        wanted = as_text(first_of(message, "tool_call_id", "tool_use_id", "call_id"))
        called = as_text(message.get("name")) or as_text(message.get("function"))
        call_id, name = self.claim_call(wanted, called)
        is_error, error, explanation = failure_of(message)
        known = (*_UNDERSTOOD, "tool_use_id", "call_id", "type")
        rest = {key: value for key, value in message.items() if key not in known and value is not None}
        if explanation:
            rest["error_message"] = explanation
        self.add_step(
            StepKind.TOOL_RESULT,
            index,
            content=content_text(message.get("content")) or explanation or "",
            name=name,
            call_id=call_id,
            is_error=is_error or extras.is_error,
            error=extras.error or error,
            started_at=extras.started_at or as_time(message.get("timestamp")),
            duration_ms=extras.duration_ms,
            metadata=rest,
        )


def finish_reason_of(message: Mapping[str, Any]) -> str | None:
    """Return why the model stopped, in the words of OpenAI's API where another provider's are known."""
    reason = as_text(first_of(message, "finish_reason", "stop_reason"))
    return _FINISH_REASONS.get(reason.lower(), reason) if reason else None


def failure_of(record: Mapping[str, Any]) -> tuple[bool, str | None, str | None]:
    """Return whether a tool's record says that it failed, its short reason, and its explanation."""
    error = record.get("error")
    if isinstance(error, str) and error.strip():
        return True, one_line(error, 200), error
    details = as_mapping(error)
    if details:
        message = as_text(first_of(details, "message", "detail", "reason"))
        kind = as_text(first_of(details, "type", "name", "code"))
        return True, kind or (one_line(message, 200) if message else "error"), message
    status = record.get("status")
    if isinstance(status, str) and status.lower() in _FAILED_STATUS:
        return True, status.lower(), None
    flagged = True in (error, record.get("is_error"), record.get("isError"), record.get("failed"))
    return flagged, None, None


def _call_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a call's step from OpenAI's, Anthropic's or inspect_ai's shape."""
    function = call.get("function")
    inner = as_mapping(function) or as_mapping(call.get("custom"))
    name = as_text(inner.get("name")) or as_text(function) or as_text(call.get("name"))
    source = inner or call
    arguments = next((source[key] for key in ("arguments", "input", "args") if key in source), None)
    problem = as_text(call.get("parse_error"))
    return {
        "name": name,
        "arguments": parse_arguments(arguments),
        "call_id": as_text(first_of(call, "id", "call_id", "tool_call_id")),
        "is_error": problem is not None,
        "error": one_line(f"parse_error: {problem}", 200) if problem else None,
    }


def parse_arguments(arguments: JSONValue) -> JSONValue:
    """Return the arguments of a call as an object; as the text itself when it does not hold one."""
    if not isinstance(arguments, str):
        return {} if arguments is None else arguments
    if not arguments.strip():
        return {}
    try:
        parsed = settle(loads(arguments))
    except ValueError:
        return arguments
    return parsed if isinstance(parsed, dict | list) else arguments
