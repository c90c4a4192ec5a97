"""The file that `reflector optimize` reads: prompts, rows, models, scorer, budget and options, as TOML."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from reflector._json import loads
from reflector._text import shorten
from reflector.cli.reading import read_text
from reflector.errors import ConfigurationError, InputError
from reflector.llm.model import Model, ModelOptions
from reflector.llm.selection import resolve_model
from reflector.optimizer.acceptance import OrEqualAcceptance, PairedAcceptance, StrictAcceptance
from reflector.optimizer.config import OptimizerConfig
from reflector.optimizer.examples import Examples
from reflector.optimizer.loop import Optimizer
from reflector.optimizer.scorers import MODEL_JUDGED, SCORERS, ModelJudge
from reflector.optimizer.selection import BestSelector, EpsilonGreedySelector, ParetoSelector
from reflector.reflecting.reflector import Reflector
from reflector.tasks.providers import import_target
from reflector.usage import Budget, Price

__all__ = ["RunConfig", "read_config"]

_KEYS = (
    "name", "prompt", "prompt_text", "prompts", "examples", "task", "rollout", "reflection", "scorer", "judge",
    "budget", "options", "store", "out",
)  # fmt: skip
_NAMED: Mapping[str, Mapping[str, Any]] = {
    "selector": {
        "pareto": ParetoSelector(),
        "best": BestSelector(),
        "epsilon_greedy": EpsilonGreedySelector(),
    },
    "acceptance": {
        "strict": StrictAcceptance(),
        "or_equal": OrEqualAcceptance(),
        "paired": PairedAcceptance(),
    },
}
_MODEL_KEYS = ("model", "base_url", "api_key_env", "price")


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a configuration asks for. Paths in it are relative to its folder."""

    path: Path
    name: str
    seed: dict[str, str]
    rows: list[Any] | Examples
    rollout: Callable[..., Any] | Model
    score: Callable[..., Any] | str | None
    reflector: Reflector
    budget: Budget
    options: dict[str, Any]
    store: Path | None
    out: str | None
    read: tuple[str, ...]
    """The files that it names and that are read."""

    def optimizer(self, store: Path) -> Optimizer:
        """Return the optimizer of the run that is logged in a file."""
        return Optimizer(
            self.seed,
            self.rows,
            rollout=self.rollout,
            score=self.score,
            reflector=self.reflector,
            budget=self.budget,
            config=OptimizerConfig(**self.options, store=store),
        )


def read_config(path: str | Path) -> RunConfig:
    """Return what a file asks for; everything that can be known to be wrong is found here, before a call is paid.

    Raises:
        InputError: If something in it cannot be used; the message is one line that names the file and the key.
    """
    path = Path(path)
    try:
        data = tomllib.loads(read_text(str(path), "the configuration"))
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        raise InputError(f"{path} is not TOML: {err}.") from err
    try:
        return _Reader(path, data).config()
    except ConfigurationError as err:
        raise InputError(f"{path}: {err}") from err


class _Reader:
    """Takes a configuration apart, key by key."""

    def __init__(self, path: Path, data: dict[str, Any]) -> None:
        self.path, self.data = path, data
        self.folder = path.parent
        self.read: list[str] = [str(path)]

    def config(self) -> RunConfig:
        self._only("", self.data, _KEYS)
        return RunConfig(
            path=self.path,
            name=self._text("name", self.data.get("name", self.path.stem)),
            seed=self._seed(),
            rows=self._rows(),
            rollout=self._rollout(),
            score=self._score(),
            reflector=self._reflector(),
            budget=self._budget(),
            options=self._options(),
            store=self._place("store"),
            out=None if (out := self._place("out")) is None else str(out),
            read=tuple(self.read),
        )

    # --- prompt and rows ---

    def _seed(self) -> dict[str, str]:
        choice = "prompt (a file), prompt_text, and prompts (a table of files)"
        given = self._one_of(choice, "prompt", "prompt_text", "prompts")
        if given == "prompt_text":
            return {"prompt": self._text("prompt_text", self.data["prompt_text"])}
        if given == "prompt":
            return {"prompt": self._file("prompt", self.data["prompt"])}
        return {name: self._file(f"prompts.{name}", file) for name, file in self._table("prompts").items()}

    def _rows(self) -> list[Any] | Examples:
        given = self.data.get("examples")
        if given is None:
            raise self._error(
                "examples", "it is missing; name a JSONL file, or a table of train, val and test"
            )
        if isinstance(given, str):
            return self._jsonl("examples", given)
        parts = self._only("examples", self._table("examples"), ("train", "val", "test"))
        if "train" not in parts:
            raise self._error("examples.train", "it is missing: reflections need runs to learn from")
        return Examples(**{name: self._jsonl(f"examples.{name}", file) for name, file in parts.items()})

    def _jsonl(self, key: str, file: Any) -> list[Any]:
        rows = []
        for number, line in enumerate(self._file(key, file).split("\n"), 1):
            if line.strip():
                try:
                    rows.append(loads(line.encode()))
                except ValueError as err:
                    raise self._error(key, f"line {number} of {file} is not JSON: {err}") from None
        if not rows:
            raise self._error(key, f"{file} holds no row")
        return rows

    # --- who does what ---

    def _rollout(self) -> Callable[..., Any] | Model:
        if self._one_of("task (a model) and rollout (module:function)", "task", "rollout") == "rollout":
            return self._function("rollout", self.data["rollout"])
        model = self._model("task")
        if model is None:
            raise self._error("task", "the rules are no model that could do a task; name a model")
        return model

    def _score(self) -> Callable[..., Any] | str | None:
        name = self.data.get("scorer")
        if name == MODEL_JUDGED:
            if (model := self._model("judge", ("criteria",))) is None:
                raise self._error("judge", "the rules cannot judge; name a model")
            judge = self.data["judge"]
            criteria = judge.get("criteria") if isinstance(judge, dict) else None
            return ModelJudge(
                model, *([self._text("judge.criteria", criteria)] if criteria is not None else [])
            )
        if "judge" in self.data:
            raise self._error("judge", f'it is used by scorer = "{MODEL_JUDGED}" only')
        if name is None and "task" not in self.data:
            return None  # rollouts of one's own may bring their score
        if isinstance(name, str) and name in SCORERS:
            return name
        if not isinstance(name, str) or ":" not in name:
            names = ", ".join((*SCORERS, MODEL_JUDGED))
            raise self._error("scorer", f"one of {names}, or module:function is expected; got {name!r}")
        return self._function("scorer", name)

    def _reflector(self) -> Reflector:
        if "reflection" not in self.data and not os.environ.get("REFLECTOR_MODEL"):
            raise self._error("reflection", "it is missing; name a model, or set REFLECTOR_MODEL")
        return Reflector(self._model("reflection") or "rules")

    def _model(self, key: str, more: tuple[str, ...] = ()) -> Model | None:
        """Return the model that a key names, alone or in a table; None for the rules."""
        given = self.data.get(key)
        if isinstance(given, str) or (given is None and key == "reflection"):
            return resolve_model(given).client
        if given is None:
            raise self._error(key, "it is missing; name a model")
        table = self._only(key, self._table(key), (*_MODEL_KEYS, *more))
        name = self._text(f"{key}.model", table.get("model"))
        url = None if "base_url" not in table else self._text(f"{key}.base_url", table["base_url"])
        client = resolve_model(name, base_url=url, api_key=self._key(key, table.get("api_key_env"))).client
        if client is None or "price" not in table:
            return client
        price = self._filled(f"{key}.price", table["price"])
        price = self._only(f"{key}.price", price, ("input", "output", "cached_input"))
        with self._at(f"{key}.price"):
            return Model(client.client, options=ModelOptions(price=Price(**price)))

    def _key(self, key: str, variable: Any) -> str | None:
        if variable is None:
            return None
        found = os.environ.get(self._text(f"{key}.api_key_env", variable))
        if not found:
            raise self._error(f"{key}.api_key_env", f"the environment has no variable {variable}")
        return found

    def _function(self, key: str, name: Any) -> Callable[..., Any]:
        name = self._text(key, name)
        with self._at(key):
            return import_target(name, self.folder)

    # --- limits and options ---

    def _budget(self) -> Budget:
        table = self._settings("budget", Budget)
        with self._at("budget"):
            return Budget(**table)

    def _options(self) -> dict[str, Any]:
        table = self._settings("options", OptimizerConfig, without="store")
        for key, choices in _NAMED.items():
            if key in table:
                if table[key] not in choices:
                    expected = f"one of {', '.join(choices)} is expected"
                    raise self._error(f"options.{key}", f"{expected}; got {table[key]!r}")
                table[key] = choices[table[key]]
        if "stop_file" in table:
            table["stop_file"] = self.folder / self._text("options.stop_file", table["stop_file"])
        with self._at("options"):
            OptimizerConfig(**table)
        return table

    def _settings(self, key: str, kind: Any, without: str = "") -> dict[str, Any]:
        """Return the table of a key, whose own keys are the fields of a dataclass; empty if it is not there."""
        names = tuple(each.name for each in fields(kind) if each.name != without)
        return self._only(key, self._table(key), names) if key in self.data else {}

    # --- the small things ---

    def _one_of(self, choice: str, *keys: str) -> str:
        """Return which of the keys is given, of which exactly one is needed."""
        given = [key for key in keys if key in self.data]
        if len(given) != 1:
            raise self._error(keys[0], f"one of {choice} is needed; got {' and '.join(given) or 'none'}")
        return given[0]

    def _text(self, key: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self._error(key, f"a text is expected; got {shorten(repr(value), 60)}")
        return value

    def _table(self, key: str) -> dict[str, Any]:
        return self._filled(key, self.data[key])

    def _filled(self, key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not value:
            raise self._error(key, f"a table is expected; got {shorten(repr(value), 60)}")
        return value

    def _only(self, key: str, table: Any, allowed: tuple[str, ...]) -> dict[str, Any]:
        if unknown := [name for name in table if name not in allowed]:
            full = f"{key}.{unknown[0]}" if key else unknown[0]
            close = difflib.get_close_matches(unknown[0], allowed, n=1)
            hint = f"did you mean {close[0]}? Known" if close else "known"
            raise self._error(full, f"there is no such key; {hint} are {', '.join(allowed)}")
        return dict(table)

    def _place(self, key: str) -> Path | None:
        return self.folder / self._text(key, self.data[key]) if key in self.data else None

    def _file(self, key: str, name: Any) -> str:
        file = str(self.folder / self._text(key, name))
        self.read.append(file)
        with self._at(key):
            return read_text(file, "the file")

    @contextmanager
    def _at(self, key: str) -> Iterator[None]:
        """Have what others refuse in the block name the file and the key."""
        try:
            yield
        except (InputError, TypeError) as err:
            raise self._error(key, str(err)) from err

    def _error(self, key: str, why: str) -> InputError:
        return InputError(f"{self.path}: {key}: {why.rstrip('.')}.")
