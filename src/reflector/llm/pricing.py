"""What is known of a model before it is asked: its provider, its price, and the most that one call can take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reflector._json import dumps
from reflector._text import estimate_tokens
from reflector.llm.messages import ModelRequest
from reflector.usage import Price

__all__ = ["ModelFacts", "estimate_input", "facts_from_map", "facts_of", "input_ceiling", "output_ceiling"]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a client knows of its model; None is unknown."""

    provider: str = ""
    price: Price | None = None
    dearest: Price | None = None
    """The highest that the provider may ask: for a long prompt, or for one that it writes to its cache."""
    max_output_tokens: int | None = None
    """The model itself never writes more."""
    max_input_tokens: int | None = None
    """Nor does it read more: its context window."""


def facts_of(client: Any) -> ModelFacts:
    """Return what a client that has a method `facts` knows, once it is warmed up; else only what it is."""
    tell = getattr(client, "facts", None)
    return tell() if callable(tell) else ModelFacts(provider=type(client).__name__)


def facts_from_map(model: str, costs: Mapping[str, Any]) -> ModelFacts:
    """Return what litellm's map of models says about one; nothing is asked of any server."""
    prefix, _, rest = model.partition("/")
    entry: Mapping[str, Any] = costs.get(model) or {}
    if not entry and rest:
        bare = costs.get(rest) or {}
        entry = bare if str(bare.get("litellm_provider", "")).startswith(prefix) else {}
    provider = prefix if rest else str(entry.get("litellm_provider", ""))
    most = entry.get("max_output_tokens") or entry.get("max_tokens")
    window = entry.get("max_input_tokens")
    price = _price(entry)
    return ModelFacts(
        provider=provider,
        price=price,
        dearest=_dearest(entry) if price else None,
        max_output_tokens=most if isinstance(most, int) else None,
        max_input_tokens=window if isinstance(window, int) else None,
    )


def _price(entry: Mapping[str, Any]) -> Price | None:
    given = [entry.get(name) for name in ("input_cost_per_token", "output_cost_per_token")]
    if not any(given) or None in given:  # 0 for both stands for "nobody looked it up" as well as for "free"
        return None
    cached = entry.get("cache_read_input_token_cost")
    return Price(
        input=_per_million(given[0]),
        output=_per_million(given[1]),
        cached_input=None if cached is None else _per_million(cached),
    )


_OTHER_TARIFFS = ("priority", "batches", "flex", "ultrafast")


def _dearest(entry: Mapping[str, Any]) -> Price:
    def most(*prefixes: str) -> float:
        return max(
            _per_million(value)
            for name, value in entry.items()
            if name.startswith(prefixes)
            and isinstance(value, int | float)
            and not any(word in name for word in _OTHER_TARIFFS)
        )

    return Price(
        input=most("input_cost_per_token", "cache_creation_input_token_cost"),
        output=most("output_cost_per_token", "output_cost_per_reasoning_token"),
    )


def _per_million(cost: Any) -> float:
    return round(float(cost) * 1e6, 9)


_PER_MESSAGE, _PER_REQUEST = 8, 16
"""Tokens for roles and separators of a chat: providers count three or four for a message."""


def input_ceiling(request: ModelRequest) -> int:
    """Return the most tokens that a request can be, whatever the tokenizer: a token is at least one byte.

    Needs no tokenizer; three to four times what it turns out to be.
    """
    size = sum(_size(message.content) + _PER_MESSAGE for message in request.messages) + _PER_REQUEST
    for part in (request.extra, request.response_format):  # tools and schemas are read as well
        size += len(dumps(part)) if part else 0
    return size


def output_ceiling(request: ModelRequest, facts: ModelFacts) -> int | None:
    """Return the most tokens that an answer can have, reasoning included; None when nothing limits it."""
    limits = (request.max_tokens, request.extra.get("max_completion_tokens"), facts.max_output_tokens)
    known = [limit for limit in limits if isinstance(limit, int)]
    answers = request.extra.get("n")
    return min(known) * (answers if isinstance(answers, int) and answers > 1 else 1) if known else None


def estimate_input(request: ModelRequest) -> int:
    """Return about how many tokens a request is."""
    return sum(estimate_tokens(message.content) for message in request.messages)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
