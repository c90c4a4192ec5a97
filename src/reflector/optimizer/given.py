"""What an optimizer is given, read and checked, and what makes a run the same run."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from reflector._json import dumps
from reflector._text import shorten
from reflector.errors import ConfigurationError
from reflector.llm.client import LLMClient
from reflector.llm.model import Model, as_model
from reflector.llm.selection import RULES
from reflector.optimizer.candidate import Candidate
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.examples import Examples
from reflector.reflecting.reflector import Reflector

__all__ = ["header_of", "no_rollout", "read_reflector", "read_task_model"]

_FORMAT = 2
"""Of the facts in the log: a run that was written in another one cannot be continued."""


def read_reflector(given: Reflector | str | LLMClient | None) -> Reflector:
    reflector = given if isinstance(given, Reflector) else Reflector(given)
    if reflector.model == RULES and given is None:
        raise ConfigurationError(
            "no model is named to reflect with: give reflector= a model, or set REFLECTOR_MODEL. "
            "The rules answer only when they are named: reflector='rules'."
        )
    return reflector


def read_task_model(given: Any) -> Model | None:
    """Return the model that does the rollouts, or None where a function does, or somebody else."""
    if isinstance(given, str) or callable(getattr(given, "complete", None)):
        return as_model(given)
    if given is not None and not callable(given):
        raise ConfigurationError(
            "rollout= is a function of candidate and example, or a model; "
            f"got {type(given).__name__} {shorten(repr(given), 60)}."
        )
    return None


def no_rollout(candidate: Candidate, example: Any) -> Any:
    raise ConfigurationError("there is no rollout= function")


def header_of(
    seed: Candidate, examples: Examples, config: OptimizerConfig, rollouts: int | None
) -> dict[str, Any]:
    """Return what makes a run the same run: seed, rows, and the options that its course depends on.

    Args:
        seed: Candidate 0.
        examples: All rows.
        config: Its options.
        rollouts: The limit that the run began with.
    """
    left_out = ("store", "stop_file", "concurrency", "rollout_timeout")
    options = {each.name: repr(getattr(config, each.name)) for each in fields(config)}
    limit = math.inf if rollouts is None else rollouts
    size = config.minibatch(limit, len(examples.train))
    options["proposals_in_flight"] = repr(config.in_flight(size, limit, len(examples.val)))
    return {
        "format": _FORMAT,
        "seed": dict(seed.components),
        "rows": {name: _digest(examples.rows(name)) for name in ("train", "val", "test")},
        "config": {name: value for name, value in options.items() if name not in left_out},
    }


def _digest(rows: Sequence[Any]) -> str:
    """Return what rows are known by: the hash of their JSON, or of their text where there is none."""
    digest = hashlib.sha256()
    for row in rows:
        try:
            digest.update(dumps(row, sort_keys=True))
        except (TypeError, ValueError, RecursionError):
            digest.update(repr(row).encode("utf-8", "replace"))
        digest.update(b"\n")
    return digest.hexdigest()[:32]
