"""The table of providers: ours, solfunmeme's, and what is wrong with one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reflector.dispatch.task import Task
from reflector.errors import ConfigurationError
from reflector.tasks.executing import execute_all
from reflector.tasks.group import TaskGroup
from reflector.tasks.payloads import RolloutTask
from reflector.tasks.providers import import_target, prepare
from reflector.tasks.table import ProviderSpec, read_providers

pytestmark = pytest.mark.anyio

ORIGIN = """
[[providers]]
name = "EchoLLM"
[[providers.accounts]]
id = "echo-account-1"
api_key = "secret-1"
available_credits = 1000.0
cost_per_token_input = 0.0
cost_per_token_output = 0.0
rate_limit_per_minute = 10000
command = "cargo run --bin llm_echo_provider"

[[providers]]
name = "CliffordFlowProvider"
[[providers.accounts]]
id = "clifford-account-1"
command = "cargo run --bin clifford_flow_provider"
[providers.accounts.usage_vector]
available_credits = 1000.0
cost_per_token_input = 0.0001
cost_per_token_output = 0.0001
rate_limit_per_minute = 5000
[[providers.accounts]]
id = "no-command"
"""


def test_a_table_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text("""
[[providers]]
name = "gpt"
kind = "model"
model = "openai/gpt-5"
base_url = "http://127.0.0.1:1/v1"
api_key_env = "MY_KEY"
accepts = ["code_reflection", "code_evolution"]
cost_in = 1.25e-6
cost_out = 1e-5
rpm = 60
tpm = 100000
context_window = 128000
concurrency = 4
timeout = 60
quality = 0.9
credits = 5.0

[[providers]]
name = "worker"
kind = "stdio"
command = "python worker.py --session"
""")
    model, worker = read_providers(file)
    assert (model.kind, model.rpm, model.credits, model.accepts[0]) == ("model", 60, 5.0, "code_reflection")
    assert worker.is_session
    assert not worker.replace(mode="document").is_session
    assert not ProviderSpec(name="x", kind="stdio", command="python worker.py").is_session
    assert read_providers([model, worker]) == (model, worker) == read_providers(str(file))


def test_the_origins_table_flat_and_nested(tmp_path: Path) -> None:
    file = tmp_path / "llm_config.toml"
    file.write_text(ORIGIN)
    echo, clifford = read_providers(file)
    assert (echo.name, echo.account, echo.kind) == ("EchoLLM", "echo-account-1", "stdio")
    assert (echo.command, echo.mode, echo.wire) == (
        "cargo run --bin llm_echo_provider", "document", "origin_payload",
    )  # fmt: skip
    assert (echo.cost_in, echo.credits, echo.rpm, echo.accepts) == (0.0, 1000.0, 10000, ())
    assert (clifford.name, clifford.cost_out, clifford.rpm) == (
        "CliffordFlowProvider/clifford-account-1",
        0.0001,
        5000,
    )
    assert clifford.accepts == ("clifford_operation",)
    assert "secret" not in repr((echo, clifford))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("providers = 3", "providers is a list of tables"),
        ("", r"write \[\[providers\]\]"),
        (
            "[[providers]]\nname = 'x'\nkind = 'stdio'\ncommand = 'a \"b'",
            r"\(x\): command: no closing quotation; got",
        ),
        ("[[providers]]\nname = 'x'\nkind = 'stdio'\ncommand = ' '", r"\(x\): command names no program"),
        ("[[provider]]\nname = 'x'", "no key 'provider'; did you mean 'providers'"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\ncots_in = 1", r"\(x\): there is no key 'cots_in'; did you mean"),
        ("[[providers]]\nkind = 'echo'", r"provider 1 \(without a name\): name: Field required"),
        ("[[providers]]\nname = 'x'\nkind = 'ecko'", "kind: Input should be 'echo', .*; got 'ecko'"),
        ("[[providers]]\nname = 'x'\nkind = 'model'", "a provider of kind 'model' needs 'model'"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\ntarget = 'a:b'", "'target' belongs to kind 'callable'"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\naccepts = ['code_reflektion']", "did you mean 'code_reflection'"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\ncost_in = -1", "cost_in: .*greater than or equal to 0; got -1"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\ncredits = inf", "credits: .*finite"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\nrpm = 0", "rpm: .*greater than or equal to 1"),
        ("[[providers]]\nname = 'x'\nkind = 'model'\nmodel = 'm'\napi_key = 's3cret'", "did you mean 'api_key_env'"),
        ("[[providers]]\nname = 'x'\nkind = 'echo'\n[[providers]]\nname = 'x'\nkind = 'rules'", "two providers are"),
        ("[[providers]]\nname = 'x'\naccounts = [{id = 'a', comand = 'b'}]", "account a: there is no key 'comand'"),
        ("[[providers]]\nname = 'x'\naccounts = [{id = 'a'}]", "no provider that can be asked"),
        ("[[providers]]\nname = 'x'\naccounts = 3", "accounts is a list of tables"),
        ("[[providers", "is not TOML"),
        ("\xff", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "t.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_providers(file)
    assert "s3cret" not in str(caught.value)
    assert str(caught.value).startswith(str(file))


def test_specs_have_to_be_specs() -> None:
    with pytest.raises(ConfigurationError, match="a file, a table or specs; got 'x'"):
        read_providers(["x"])  # type: ignore[list-item]


def test_targets(tmp_path: Path) -> None:
    (tmp_path / "a_target_of_mine.py").write_text("class A:\n    def f(self): ...\nx = 1\n")
    assert callable(import_target("a_target_of_mine:A.f", tmp_path))
    sys.path.remove(str(tmp_path.resolve()))
    for name, words in (
        ("a_target_of_mine", "module:function is expected"),
        ("a_target_of_mine:x", "is no function but int"),
        ("a_target_of_mine:y", "cannot be imported: AttributeError"),
    ):
        with pytest.raises(ConfigurationError, match=words):
            import_target(name)


def test_the_folder_of_a_target_comes_first_also_if_it_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("other", "own"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a_target_of_two.py").write_text(f"def f(): return {name!r}\n")
    monkeypatch.setattr(
        sys, "path", [str((tmp_path / name).resolve()) for name in ("other", "own")] + sys.path
    )
    assert import_target("a_target_of_two:f", tmp_path / "own")() == "own"
    assert len(sys.path) == len(set(sys.path))


async def two(task: Task, context: Any) -> Any:
    return task.payload.example, context is not None


def one(task: Task, shift: int = 1) -> Any:
    return task.payload.example + shift


@pytest.mark.parametrize(("target", "value"), [(two, (1, True)), (one, 2), (lambda *args: len(args), 2)])
async def test_functions_with_and_without_a_context(target: Callable[..., Any], value: Any) -> None:
    group = TaskGroup(payload=RolloutTask(components={}, example=1))
    spec = ProviderSpec(name="f", kind="callable", target=target)
    (result,) = [each async for each in execute_all([group], providers=[spec])]
    assert result.value == value


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # all of it is loading litellm
async def test_a_model_without_prices_takes_what_is_known_of_it() -> None:
    spec = ProviderSpec(name="m", kind="model", model="gpt-4o-mini")
    known = (await prepare(spec)).card
    assert known.cost_in == pytest.approx(0.15e-6)
    assert known.context_window == 128_000
    given = (await prepare(spec.replace(cost_in=0.5, context_window=10))).card
    assert (given.cost_in, given.cost_out, given.context_window) == (0.5, 0.0, 10)
