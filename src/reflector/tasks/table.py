"""The table of providers, as TOML: ours, and solfunmeme's `llm_config.toml`."""

from __future__ import annotations

import difflib
import os
import shlex
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from reflector._json import Value, first_unfit
from reflector._text import one_line
from reflector.errors import ConfigurationError
from reflector.tasks.payloads import PAYLOADS
from reflector.tasks.wire import WireStyle

__all__ = ["ProviderKind", "ProviderSpec", "read_providers"]

ProviderKind = Literal["echo", "model", "clifford", "rules", "stdio", "callable"]

_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "model": ("model", "base_url", "api_key_env"),
    "stdio": ("command", "mode", "wire"),
    "callable": ("target",),
}
"""The keys that belong to a kind; the first one is needed."""
_DOES: Mapping[str, tuple[str, ...]] = {
    "model": ("prompt_reflection", "code_reflection", "code_evolution"),
    "rules": ("prompt_reflection", "code_reflection"),
    "clifford": ("clifford_operation",),
}
"""What a provider of a kind can do; the others take everything."""


class ProviderSpec(Value):
    """One provider of a table.

    ```python
    rf.ProviderSpec(name="mine", kind="callable", target=my_function, accepts=["code_reflection"])
    ```
    """

    name: str = Field(min_length=1)
    kind: ProviderKind
    model: Any = None
    """A model's name as litellm writes it. In Python also a `Model`, an `LLMClient` or a function."""
    base_url: str | None = None
    api_key_env: str | None = None
    """The variable of the environment that holds the key; keys themselves stand in no table."""
    command: str | tuple[str, ...] | None = None
    """The program and its arguments; a text is split as a shell would, but no shell sees it."""
    mode: Literal["session", "document"] | None = None
    """Of stdio: a session of JSON lines, or a process for each task. By default a session if the command says so
    (`--session`)."""
    wire: WireStyle = "own"
    """Of stdio: what the program is given."""
    target: str | Callable[..., Any] | None = None
    """A function of the task, or of task and context, sync or async; in a file `module:function`."""
    accepts: tuple[str, ...] = ()
    """Kinds of task. By default those that it can do; echo, stdio and callable: all."""
    account: str | None = None
    """Who pays; providers of one account share its credits."""
    cost_in: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """USD for an input token. None: what litellm knows of the model, else 0."""
    cost_out: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    rpm: int | None = Field(default=None, ge=1)
    tpm: int | None = Field(default=None, ge=1)
    context_window: int | None = Field(default=None, ge=1)
    """Tokens. None: what litellm knows of the model, else without a limit."""
    concurrency: int | None = Field(default=None, ge=1)
    """How many tasks it does at once."""
    timeout: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds for one task."""
    quality: float | None = Field(default=None, ge=0, le=1)
    credits: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """USD that it may cost, for as long as the runtime lives."""

    @model_validator(mode="after")
    def _check_kind(self) -> ProviderSpec:
        own = _BY_KIND.get(self.kind, ())
        if own and not getattr(self, own[0]):
            raise ValueError(f"a provider of kind {self.kind!r} needs {own[0]!r}")
        for kind, keys in _BY_KIND.items():
            others = [key for key in keys if key not in own]
            wrong = [key for key in others if getattr(self, key) != ProviderSpec.model_fields[key].default]
            if wrong:
                raise ValueError(f"{wrong[0]!r} belongs to kind {kind!r}; this one is of kind {self.kind!r}")
        unknown = [kind for kind in self.accepts if kind not in PAYLOADS]
        if unknown:
            raise ValueError(f"accepts: {_no_such(unknown[0], 'kind of task', PAYLOADS)}")
        if self.command and not _words(self.command):
            raise ValueError(f"command names no program; got {self.command!r}")
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of task that it does."""
        return self.accepts or _DOES.get(self.kind, tuple(PAYLOADS))

    @property
    def is_session(self) -> bool:
        """Whether its program is kept, and given one line for each task."""
        return self.mode == "session" if self.mode else "--session" in _words(self.command or ())


def _words(command: str | tuple[str, ...]) -> Sequence[str]:
    try:
        return shlex.split(command) if isinstance(command, str) else command
    except ValueError as err:  # a quote that is not closed
        raise ValueError(f"command: {str(err).lower()}; got {command!r:.60}") from None


def read_providers(
    source: str | os.PathLike[str] | Mapping[str, Any] | Iterable[ProviderSpec],
) -> tuple[ProviderSpec, ...]:
    """Return the providers of a TOML file, or of one that is read already; of specs, those.

    solfunmeme's file gives one provider for each account that has a command; these speak its protocol. Its `api_key` is
    not used: nothing there says by what name a program would look for it.

    Raises:
        ConfigurationError: If something in it cannot be used; it names the provider and the key.
    """
    where = f"{os.fspath(source)}: " if isinstance(source, str | os.PathLike) else ""
    table = _parsed(source) if isinstance(source, str | os.PathLike) else source
    specs = list(_read(table, where)) if isinstance(table, Mapping) else list(table)
    if wrong := [spec for spec in specs if not isinstance(spec, ProviderSpec)]:
        raise ConfigurationError(f"providers are a file, a table or specs; got {wrong[0]!r:.60}")
    if not specs:
        raise ConfigurationError(f"{where}it has no provider that can be asked; write [[providers]]")
    for at, spec in enumerate(specs):
        if spec.name in [other.name for other in specs[:at]]:
            raise ConfigurationError(f"{where}two providers are named {spec.name!r}")
    return tuple(specs)


def _parsed(path: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(Path(path).read_bytes().decode())
    except OSError as err:
        raise ConfigurationError(f"{os.fspath(path)} cannot be read: {err.strerror or err}") from err
    except (ValueError, RecursionError) as err:  # TOML's and UTF-8's errors are ValueErrors
        raise ConfigurationError(f"{os.fspath(path)} is not TOML: {err}") from None


def _read(document: Mapping[str, Any], where: str) -> Iterable[ProviderSpec]:
    entries = _only(document, ("providers",), where).get("providers", [])
    if not isinstance(entries, list):
        raise ConfigurationError(f"{where}providers is a list of tables, [[providers]]; got {entries!r:.60}")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping):
            raise ConfigurationError(f"{where}provider {number} is a table; got {entry!r:.60}")
        label = f"{where}provider {number} ({entry.get('name', 'without a name')!s:.60}): "
        if "accounts" in entry:
            yield from _accounts(entry, label)
        else:
            yield _spec(_only(entry, tuple(ProviderSpec.model_fields), label), label)


def _spec(fields: Mapping[str, Any], label: str) -> ProviderSpec:
    try:
        return ProviderSpec.model_validate(fields)
    except ValidationError as err:
        raise ConfigurationError(f"{label}{first_unfit(err)}") from None


# --- solfunmeme's file ---

_USAGE = {
    "cost_per_token_input": "cost_in",
    "cost_per_token_output": "cost_out",
    "rate_limit_per_minute": "rpm",
    "available_credits": "credits",
}
_PROGRAMS: Mapping[str, dict[str, Any]] = {
    "clifford_flow_provider": {"accepts": ("clifford_operation",)},
    "llm_echo_provider": {"quality": 0.0},
}
"""What is known of its programs: it routes by price alone, so that the free echo would do everything."""
_PROTOCOL = {"kind": "stdio", "mode": "document", "wire": "origin_payload"}


def _accounts(entry: Mapping[str, Any], label: str) -> Iterable[ProviderSpec]:
    accounts = _only(entry, ("name", "accounts"), label)["accounts"]
    if not isinstance(accounts, list) or not all(isinstance(account, Mapping) for account in accounts):
        raise ConfigurationError(f"{label}accounts is a list of tables, [[providers.accounts]]")
    for account in accounts:
        here = f"{label}account {account.get('id', 'without an id')!s:.60}: "
        _only(account, ("id", "api_key", "command", "usage_vector", *_USAGE), here)
        usage = account.get("usage_vector", account)
        if not isinstance(usage, Mapping):
            raise ConfigurationError(f"{here}usage_vector is a table; got {usage!r:.60}")
        if usage is not account:
            _only(usage, tuple(_USAGE), here)
        if not account.get("command"):
            continue  # there, too, such an account is never chosen
        fields = {ours: usage[theirs] for theirs, ours in _USAGE.items() if theirs in usage}
        if fields.get("rpm") == 0:
            fields["rpm"] = 1
        program = str(account["command"]).split()[-1].rpartition("/")[2]
        name = str(entry.get("name", ""))
        own = {
            "name": name if len(accounts) == 1 else f"{name}/{account.get('id')}",
            "command": account["command"],
            "account": account.get("id"),
        }
        yield _spec(_PROGRAMS.get(program, {}) | fields | own | _PROTOCOL, here)


# --- keys that do not exist ---


def _only(table: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Mapping[str, Any]:
    unknown = [key for key in table if key not in keys]
    if unknown:
        raise ConfigurationError(f"{where}{_no_such(unknown[0], 'key', keys)}")
    return table


def _no_such(name: str, what: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"there is no {what} {one_line(name, 60)!r}; {hint}"
