"""What is handed to litellm for one request, and what its response says. Nothing here needs litellm itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlsplit

from reflector._text import one_line, shorten
from reflector.errors import ConfigurationError, LLMError
from reflector.llm.call_options import CallOptions
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.replies import read_reply, read_usage, split_thinking
from reflector.llm.secrets import MASK
from reflector.llm.wording import show_value

__all__ = [
    "build_call",
    "check_settings",
    "password_of",
    "read_response",
    "show_url",
]

# What the client sets itself; `extra` may hold anything else.
_RESERVED = frozenset(
    {
        "model",
        "messages",
        "api_key",
        "api_base",
        "base_url",
        "timeout",
        "stream",
        "max_retries",
        "num_retries",
    }
)


def check_settings(model: object, base_url: object, api_key: object, timeout: float) -> None:
    if not isinstance(model, str) or not model.strip():
        raise ConfigurationError(f"a model's name is a text such as 'openai/gpt-5'; got {show_value(model)}.")
    if base_url is not None and (problem := _problem_of_url(base_url)):
        raise ConfigurationError(f"base_url {problem}; got {shorten(show_url(base_url), 120)}.")
    if api_key is not None and (not isinstance(api_key, str) or not api_key.strip()):
        raise ConfigurationError(f"api_key must be a text that is not empty; got {type(api_key).__name__}.")
    if not (isinstance(timeout, int | float) and timeout > 0):
        raise ConfigurationError(f"timeout must be above 0 seconds; got {timeout!r}.")


def _problem_of_url(url: object) -> str | None:
    if not isinstance(url, str) or not url.casefold().startswith(("http://", "https://")):
        return "must start with http:// or https://"
    if any(character.isspace() or not character.isprintable() for character in url):
        return "cannot hold white space or control characters"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        return "cannot be read" if "@" in url else f"cannot be read ({one_line(str(err), 80)})"
    if not parts.hostname:
        return "names no host, as in http://127.0.0.1:8000/v1"
    return "has port 0; ports are 1-65535" if port == 0 else None


def build_call(request: ModelRequest, options: CallOptions, *, timeout: float) -> dict[str, Any]:
    """Return the arguments of litellm's completion, apart from those that say where to.

    Raises:
        ConfigurationError: If `extra` holds one that the client sets itself.
    """
    if taken := _RESERVED & request.extra.keys():
        raise ConfigurationError(f"extra cannot hold {sorted(taken)}: the client sets them itself.")
    return options.fit(request.options()) | {
        "messages": request.chat(),
        "timeout": _rounded_up(timeout),
        "max_retries": 0,  # `num_retries` would repeat refused requests too; ours are the only retries
        "drop_params": True,
    }


def _rounded_up(timeout: float) -> float:
    """Return the next of a few time limits: litellm keeps one set of connections for each value it sees."""
    return next((step for step in (1.0, 5.0, 15.0, 60.0, 180.0, 600.0, 1800.0) if timeout <= step), 7200.0)


def read_response(response: Any, model: str) -> ModelReply:
    """Return litellm's response as a reply.

    Raises:
        LLMError: If it holds no text; with the tokens that it took all the same.
    """
    usage = read_usage(getattr(response, "usage", None))
    if not usage.input_tokens and not usage.output_tokens:  # litellm writes 0 where the server said nothing
        usage = usage.model_copy(update={"input_tokens": None, "output_tokens": None})
    else:
        # litellm prices some models that it does not know at 0: tokens for nothing are a price not known.
        cost = (getattr(response, "_hidden_params", None) or {}).get("response_cost") or None
        usage = usage.model_copy(update={"cost_usd": cost})
    try:
        reply = read_reply(response, model=model)
    except LLMError as err:
        err.usage = usage
        raise
    update: dict[str, Any] = {"usage": usage}
    if reply.reasoning is None:
        update["reasoning"], update["content"] = split_thinking(reply.content)
    return reply.model_copy(update=update)


def show_url(url: object) -> str:
    """Return a URL as a message shows it, in quotes: nothing of what stands before an `@`, be it well-formed or not."""
    return re.sub(r"(?s)^(.(?:\w+://)?).*@", rf"\1{MASK}@", show_value(url))


def password_of(base_url: str | None) -> str | None:
    """Return what a base URL lets in with, of `http://name:password@host` or `http://token@host`, or None."""
    parts = urlsplit(base_url or "")
    return unquote(parts.password or parts.username or "") or None
