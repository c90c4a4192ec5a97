"""Understand what clients, functions and agents return as an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import ValidationError

from reflector._text import one_line, replace_surrogates
from reflector.errors import (
    ContentFilteredError,
    EmptyAnswerError,
    LLMError,
    TruncatedAnswerError,
    UnsupportedReplyError,
)
from reflector.llm.messages import ModelReply
from reflector.llm.wording import show_model, show_value
from reflector.usage import Usage

__all__ = ["read_reply", "read_usage", "split_thinking"]

_ACCEPTED = (
    "text, {'content': text}, {'message': {'content': text}}, {'response': text}, "
    "an OpenAI-style completion, an object with such attributes, or a ModelReply"
)

# What providers other than OpenAI call the same reasons.
_FINISH_REASONS = {
    "max_tokens": "length",
    "model_length": "length",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos_token": "stop",
    "tool_use": "tool_calls",
    "safety": "content_filter",
    "refusal": "content_filter",
}


def read_reply(value: Any, *, model: str | None = None) -> ModelReply:
    """Return what `value` says as a `ModelReply`.

    Understood are text, `content`, `message.content`, `response` and OpenAI's `choices`, as mappings
    or as attributes; content may be text or a list of parts with `text`. Usage, model and finish
    reason are taken along where they stand; figures that are not known stay None.

    Args:
        value: What a client, a function or an agent returned.
        model: Name to put into the reply and into errors when `value` names none.

    Raises:
        EmptyAnswerError: If it is an answer without text.
        TruncatedAnswerError: If it is empty because the output limit was reached.
        ContentFilteredError: If it is empty because a content filter removed it.
        UnsupportedReplyError: If it is anything else.

    >>> read_reply({"message": {"content": "Add a constraint."}}).content
    'Add a constraint.'
    """
    if isinstance(value, ModelReply):
        if not value.content.strip():
            _raise_empty(value.finish_reason, value.model or model)
        return value if value.model or not model else value.model_copy(update={"model": model})
    if isinstance(value, str):
        return (
            ModelReply(content=replace_surrogates(value), model=model)
            if value.strip()
            else _raise_empty(None, model)
        )
    if type(value) is dict and (ours := _read_ours(value)) is not None:
        return ours
    if value is None or isinstance(value, bool | int | float | bytes | list | tuple | set):
        raise _unsupported(value, model)
    return _read_fields(value, model)


def _read_ours(value: dict[Any, Any]) -> ModelReply | None:
    """Return a reply that is told in our own names, as our own model agent does, and needs no interpretation."""
    if not value.keys() <= ModelReply.model_fields.keys():
        return None
    try:
        reply = ModelReply.model_validate(value, strict=True)
    except ValidationError:
        return None
    is_plain = reply.model and reply.finish_reason in (None, "stop", "length") and reply.reasoning != ""
    return reply if is_plain and reply.content.strip() else None


def _read_fields(value: Any, model: str | None) -> ModelReply:
    choice = _first(_get(value, "choices"))
    message = _get(value, "message") if choice is None else _get(choice, "message")
    model = _string(_get(value, "model")) or model
    finish_reason = _finish_reason(value, choice)
    content = _content(value, message, choice)
    if content is _MISSING and isinstance(_get(value, "choices"), list | tuple):
        content = ""  # an answer, with nothing in it
    if not isinstance(content, str):
        raise _unsupported(value if content is _MISSING else content, model)
    if not content.strip():
        _raise_empty(finish_reason, model)
    reasoning = _string(_get(value, "reasoning")) or _string(_get(message, "reasoning_content"))
    return ModelReply(
        content=replace_surrogates(content),
        model=model,
        finish_reason=finish_reason,
        usage=read_usage(_get(value, "usage")),
        reasoning=replace_surrogates(reasoning) if reasoning else None,
        attempts=_count(_get(value, "attempts")) or 1,
        cached=_get(value, "cached") is True,
        duration_ms=_number(_get(value, "duration_ms")),
    )


def _content(value: Any, message: Any, choice: Any) -> Any:
    places = ((value, "content"), (message, "content"), (choice, "text"), (value, "response"))
    found = (_text(_get(holder, name)) for holder, name in places)
    return next((content for content in found if content is not _MISSING), _MISSING)


def _finish_reason(value: Any, choice: Any) -> str | None:
    places = ((choice, "finish_reason"), (value, "finish_reason"), (value, "stop_reason"))
    said = next((reason for holder, name in places if (reason := _string(_get(holder, name)))), None)
    return _FINISH_REASONS.get(said.casefold(), said) if said else None


def read_usage(value: Any, *, cost_usd: float | None = None) -> Usage:
    """Return the tokens of an answer's `usage`, in OpenAI's names or ours; what it does not say is None."""
    if isinstance(value, Usage):
        return value
    details_in, details_out = _get(value, "prompt_tokens_details"), _get(value, "completion_tokens_details")
    calls = _count(_get(value, "calls"))
    return Usage(
        input_tokens=_either(_count(_get(value, "input_tokens")), _count(_get(value, "prompt_tokens"))),
        output_tokens=_either(_count(_get(value, "output_tokens")), _count(_get(value, "completion_tokens"))),
        cached_tokens=_either(
            _count(_get(value, "cached_tokens")), _count(_get(details_in, "cached_tokens"))
        ),
        reasoning_tokens=_either(
            _count(_get(value, "reasoning_tokens")), _count(_get(details_out, "reasoning_tokens"))
        ),
        calls=1 if calls is None else calls,
        cost_usd=_either(cost_usd, _number(_get(value, "cost_usd"))),
    )


_THINKING = re.compile(r"\s*<(think|thinking|thought|reasoning)>(.*?)</\1>\s*", re.DOTALL | re.IGNORECASE)


def split_thinking(content: str) -> tuple[str | None, str]:
    """Return the thinking that a model wrote before its answer, and the answer.

    Only a closed `<think>` block at the very beginning that is followed by something counts.

    >>> split_thinking("<think>short prompt</think>Add an example.")
    ('short prompt', 'Add an example.')
    """
    match = _THINKING.match(content)
    if match is None or not content[match.end() :].strip():
        return None, content
    return match.group(2).strip() or None, content[match.end() :]


_MISSING: Any = object()
_MOST = 2**53
"""More of anything is no figure that somebody counted; JSON may hold one that no float can."""


def _get(holder: Any, name: str) -> Any:
    """Return a key of a mapping or an attribute of an object, or a mark that there is none."""
    if holder is None or holder is _MISSING or isinstance(holder, str):
        return _MISSING
    if isinstance(holder, Mapping):
        return holder.get(name, _MISSING)
    return getattr(holder, name, _MISSING)


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list | tuple) and value else None


def _text(value: Any) -> Any:
    """Return the text of a content field: parts joined, None as empty, anything else as it is."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        parts = [part if isinstance(part, str) else _get(part, "text") for part in value]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if texts or not value else value
    return value


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if is_count else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= _MOST else None


def _either(first: Any, second: Any) -> Any:
    return second if first is None else first


def _raise_empty(finish_reason: str | None, model: str | None) -> NoReturn:
    who = show_model(model)
    if finish_reason == "length":
        raise TruncatedAnswerError(
            f"{who} reached its output limit before it wrote any text; raise max_tokens.", model=model
        )
    if finish_reason == "content_filter":
        raise ContentFilteredError(f"a content filter removed the answer of {who}.", model=model)
    reason = one_line(finish_reason or "none", 40)
    raise EmptyAnswerError(f"{who} answered without any text (finish_reason {reason!r}).", model=model)


def _unsupported(value: Any, model: str | None) -> LLMError:
    came = one_line(show_value(value), 120)
    return UnsupportedReplyError(
        f"an answer must be {_ACCEPTED}; got {type(value).__name__} {came}", model=model
    )
