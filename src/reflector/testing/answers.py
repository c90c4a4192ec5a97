"""What a loopback server answers: replies, errors in OpenAI's shape, and the ways a network breaks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from reflector._json import dumps, loads
from reflector._text import estimate_tokens
from reflector.usage import Usage

__all__ = [
    "Answer", "Fault", "bad_request", "content_filtered", "context_too_long", "count_tokens", "cut_off", "embedded",
    "empty_body", "error", "hang", "html_page", "malformed_json", "no_choices", "quota_exceeded", "rate_limited",
    "reply", "reset", "server_error", "slow_headers", "streamed", "too_large", "truncated_body", "unauthorized",
    "unknown_model",
]  # fmt: skip


_NOTHING = Usage()


class Fault(StrEnum):
    """How a connection breaks."""

    RESET = "reset"
    """Reset as soon as the request is read."""
    HANG = "hang"
    """Nothing is sent until the server closes."""
    SLOW_HEADERS = "slow_headers"
    """The headers come byte by byte over `delay` seconds."""
    TRUNCATED = "truncated"
    """The connection closes in the middle of the body."""
    CUT_OFF = "cut_off"
    """A stream ends half-way as if it were complete; what is not streamed is sent whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer on the wire. The functions of this module make them."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the first byte."""
    fault: Fault | None = None
    usage: Usage = _NOTHING
    """What the server counts for it; nothing unless it is a reply."""
    content: str | None = None
    """The text of a reply, for streaming."""
    chunks: tuple[bytes, ...] = ()
    """The body of a stream, sent piece by piece."""
    pause: float = 0.0
    """Seconds between the chunks of a stream, after the first piece of text."""

    def after(self, seconds: float) -> Answer:
        """Return the same answer, sent that much later."""
        return replace(self, delay=self.delay + seconds)

    def pausing(self, seconds: float) -> Answer:
        """Return the same answer with pauses after the first piece of text, if it is streamed."""
        return replace(self, pause=seconds)


def count_tokens(text: str) -> int:
    """Return the tokens that the server counts for a text: one for every four bytes, rounded up."""
    return estimate_tokens(text)


def reply(
    content: str | None,
    *,
    finish_reason: str = "stop",
    model: str = "loopback",
    input_tokens: int = 0,
    reasoning: str | None = None,
    usage: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return a chat completion.

    Args:
        content: The text; None is an answer without any.
        finish_reason: `"length"` says it was cut at the output limit.
        model: The name the server reports.
        input_tokens: Counted for the request; the server fills it in for plain texts.
        reasoning: Sent apart from the content, as `reasoning_content`.
        usage: Sent instead of the counted figures; an empty mapping leaves `usage` out.
        headers: Sent beside the usual ones.
    """
    output = count_tokens(content or "") + count_tokens(reasoning or "")
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    body: dict[str, Any] = {
        "id": "chatcmpl-loopback",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }
    counted = Usage(input_tokens=input_tokens, output_tokens=output, calls=1)
    if usage is None:
        total = input_tokens + output
        usage = {"prompt_tokens": input_tokens, "completion_tokens": output, "total_tokens": total}
    if usage:
        body["usage"] = dict(usage)
    return Answer(body=dumps(body), headers=headers or {}, usage=counted, content=content or "")


def error(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return an error in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}`."""
    body = {"error": {"message": message, "type": type, "param": None, "code": code}}
    return Answer(body=dumps(body), status=status, headers=headers or {})


def rate_limited(retry_after: float | str | datetime | None = None) -> Answer:
    """Return 429, with the wait in seconds, as a date (aware, UTC), as written, or not at all."""
    headers = {}
    if isinstance(retry_after, datetime):
        headers["Retry-After"] = format_datetime(retry_after, usegmt=True)
    elif retry_after is not None:
        headers["Retry-After"] = retry_after if isinstance(retry_after, str) else f"{retry_after:g}"
    message = "Rate limit reached for requests. Visit /account/rate-limits to learn more."
    return error(429, message, type="requests", code="rate_limit_exceeded", headers=headers)


def quota_exceeded() -> Answer:
    """Return 429 for an account without credit: waiting does not help."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return error(429, message, type="insufficient_quota", code="insufficient_quota")


def server_error(
    status: int = 500, message: str = "The server had an error while processing your request."
) -> Answer:
    """Return a failure of the server: 500, 502, 503, 504 or 529."""
    return error(status, message, type="server_error")


def unauthorized(quoted_key: str = "") -> Answer:
    """Return 401; like some providers it can quote the key that it was sent."""
    message = f"Incorrect API key provided: {quoted_key}." if quoted_key else "Incorrect API key provided."
    return error(401, message, code="invalid_api_key")


def unknown_model(name: str = "loopback") -> Answer:
    """Return 404 for a model that does not exist."""
    return error(
        404, f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found"
    )


def context_too_long(limit: int = 8192, asked: int = 10_000) -> Answer:
    """Return 400 for a prompt that is longer than the model's context window."""
    message = (
        f"This model's maximum context length is {limit} tokens. However, your messages resulted in {asked} "
        "tokens. Please reduce the length of the messages."
    )
    return error(400, message, code="context_length_exceeded")


def content_filtered() -> Answer:
    """Return 400 for a request that the provider's content filter blocked."""
    message = "The response was filtered due to the prompt triggering the content management policy."
    return error(400, message, code="content_filter")


def bad_request(message: str = "Unrecognized request argument supplied.", status: int = 400) -> Answer:
    """Return 400 for a request that the provider does not understand."""
    return error(status, message)


def too_large() -> Answer:
    """Return 413 for a body that the server does not accept."""
    return error(413, "Request Entity Too Large")


def no_choices() -> Answer:
    """Return a completion with an empty list of choices."""
    return Answer(body=dumps(loads(reply("", usage={}).body) | {"choices": []}))


def malformed_json() -> Answer:
    """Return 200 and a body that stops being JSON half-way, with a length that is right."""
    return Answer(body=b'{"id": "chatcmpl-loopback", "choices": [{"index": 0, "mess')


def html_page() -> Answer:
    """Return 200 and a web page, as a gateway's login page does."""
    return Answer(body=b"<!DOCTYPE html><html><body>Please log in</body></html>", content_type="text/html")


def embedded(texts: Sequence[str]) -> Answer:
    """Return a vector of eight numbers for each text: always the same for the same text, the last text first."""
    vectors = [[byte / 255 for byte in sha256(text.encode()).digest()[:8]] for text in texts]
    rows = [{"object": "embedding", "index": at, "embedding": each} for at, each in enumerate(vectors)]
    used = sum(map(count_tokens, texts))
    usage = {"prompt_tokens": used, "total_tokens": used}
    return Answer(body=dumps({"object": "list", "model": "loopback", "data": rows[::-1], "usage": usage}))


def empty_body() -> Answer:
    """Return 200 and nothing."""
    return Answer()


def reset() -> Answer:
    """Reset the connection."""
    return Answer(fault=Fault.RESET)


def hang() -> Answer:
    """Never answer, until the server closes."""
    return Answer(fault=Fault.HANG)


def slow_headers(seconds: float, content: str = "late") -> Answer:
    """Return a reply whose headers take that long to arrive."""
    return replace(reply(content), fault=Fault.SLOW_HEADERS, delay=seconds)


def truncated_body(content: str = "This answer never ends.") -> Answer:
    """Return the first half of a reply and close the connection."""
    return replace(reply(content), fault=Fault.TRUNCATED, usage=_NOTHING)


def cut_off(content: str = "This answer never ends.") -> Answer:
    """Return a reply whose stream ends half-way, in good order."""
    return replace(reply(content), fault=Fault.CUT_OFF)


def streamed(answer: Answer, *, include_usage: bool = False) -> Answer:
    """Return a reply as server-sent chunks of a few words each; anything else as it is."""
    if answer.content is None:
        return answer
    whole = loads(answer.body)
    words = re.findall(r"\S*\s*", answer.content)
    pieces = ["".join(words[at : at + 4]) for at in range(0, len(words), 4)]
    deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant", "content": ""}, None)]
    thinking = whole["choices"][0]["message"].get("reasoning_content")
    deltas += [({"reasoning_content": thinking}, None)] if thinking else []
    deltas += [({"content": piece}, None) for piece in pieces if piece]
    deltas.append(({}, whole["choices"][0]["finish_reason"]))
    base = {key: whole[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    chunks = [
        base | {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]} for delta, end in deltas
    ]
    if include_usage:
        chunks.append(base | {"choices": [], "usage": whole.get("usage")})
    lines = [b"data: " + dumps(chunk) + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"]
    if answer.fault is Fault.CUT_OFF:
        lines = lines[: len(lines) // 2]
    return replace(answer, body=b"".join(lines), chunks=tuple(lines), content_type="text/event-stream")
