"""Which model answers: the argument, else the environment, else the rules."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reflector._text import shorten
from reflector.errors import ConfigurationError
from reflector.llm.model import Model, as_model

__all__ = ["RULES", "ModelChoice", "resolve_model"]

RULES = "rules"
"""The name of the reflector that needs no model."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """What answers, and whether the user chose it."""

    name: str
    client: Model | None = field(default=None, repr=False)
    """None for the rules."""
    warned: bool = False
    """Whether nothing was configured, so that the caller has to say once that rules answer."""

    @property
    def is_rules(self) -> bool:
        """Whether no model is asked at all."""
        return self.client is None


def resolve_model(
    model: Any = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> ModelChoice:
    """Return the model to ask.

    Args:
        model: A model's name, `"rules"`, a `Model`, an `LLMClient`, or a function from messages to text. None:
            `REFLECTOR_MODEL` of the environment, and without that the rules, marked `warned`.
        base_url: Where an OpenAI-compatible server listens; None: `REFLECTOR_BASE_URL`.
        api_key: None: `REFLECTOR_API_KEY`, else the variable the provider itself defines.
        environ: Read instead of the process's environment.

    Raises:
        ConfigurationError: If `model` is none of these, or the settings contradict each other.

    >>> resolve_model(environ={}).name
    'rules'
    >>> resolve_model("openai/gpt-5", environ={}).name
    'openai/gpt-5'
    """
    environ = os.environ if environ is None else environ
    if model is not None and not isinstance(model, str):
        if base_url or api_key:
            raise ConfigurationError(
                f"base_url and api_key belong to a model given by name; model is {type(model).__name__} "
                "already, so give them to it instead."
            )
        client = as_model(model)
        return ModelChoice(client.name, client)
    name = _name(model, environ)
    if name is None:
        return _without_name(base_url or environ.get("REFLECTOR_BASE_URL"))
    if name.casefold() == RULES:
        if base_url:
            raise ConfigurationError(
                "model 'rules' asks no server, so base_url cannot be used; name a model instead."
            )
        return ModelChoice(RULES)
    client = Model(
        name,
        base_url=base_url or environ.get("REFLECTOR_BASE_URL") or None,
        api_key=api_key or environ.get("REFLECTOR_API_KEY") or None,
    )
    return ModelChoice(client.name, client)


def _name(model: str | None, environ: Mapping[str, str]) -> str | None:
    if model is None:
        return environ.get("REFLECTOR_MODEL", "").strip() or None
    if not model.strip():
        raise ConfigurationError(
            f"a model's name is empty: {shorten(repr(model), 40)}; leave it out for the rules."
        )
    return model.strip()


def _without_name(base_url: str | None) -> ModelChoice:
    if base_url:
        raise ConfigurationError(
            "a base URL is set but no model is named; give model= or set REFLECTOR_MODEL as well."
        )
    return ModelChoice(RULES, warned=True)
