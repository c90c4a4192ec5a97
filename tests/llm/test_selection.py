"""Which model answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from reflector.errors import ConfigurationError
from reflector.llm.client import FunctionClient
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.scripted import ScriptedClient
from reflector.llm.selection import ModelChoice, resolve_model

URL = "http://127.0.0.1:9/v1"


def _litellm(choice: ModelChoice) -> LiteLLMClient:
    assert choice.client is not None
    assert isinstance(choice.client.client, LiteLLMClient)
    return choice.client.client


def test_nothing_configured_means_rules_and_a_warning() -> None:
    choice = resolve_model(environ={})
    assert (choice.name, choice.is_rules, choice.warned) == ("rules", True, True)


@pytest.mark.parametrize("name", ["rules", "Rules", " rules "])
def test_rules_by_name_are_a_choice_and_need_no_warning(name: str) -> None:
    choice = resolve_model(name, environ={"REFLECTOR_MODEL": "openai/other", "REFLECTOR_BASE_URL": URL})
    assert (choice.name, choice.is_rules, choice.warned) == ("rules", True, False)


def test_the_environment_names_model_and_server() -> None:
    choice = resolve_model(environ={"REFLECTOR_MODEL": "openai/env", "REFLECTOR_BASE_URL": URL})
    assert choice.name == "openai/env"
    assert _litellm(choice).base_url == URL


def test_the_environment_may_say_rules() -> None:
    choice = resolve_model(environ={"REFLECTOR_MODEL": "rules"})
    assert (choice.is_rules, choice.warned) == (True, False)


def test_arguments_win_over_the_environment() -> None:
    environ = {"REFLECTOR_MODEL": "openai/env", "REFLECTOR_BASE_URL": "http://other/v1"}
    choice = resolve_model("openai/argument", base_url=URL, environ=environ)
    assert (choice.name, _litellm(choice).base_url) == ("openai/argument", URL)


def test_an_empty_variable_is_none() -> None:
    assert resolve_model(environ={"REFLECTOR_MODEL": " ", "REFLECTOR_BASE_URL": ""}).warned


def test_a_client_and_a_function_are_taken() -> None:
    client = ScriptedClient(["x"], name="mine")
    choice = resolve_model(client, environ={"REFLECTOR_MODEL": "openai/env", "REFLECTOR_BASE_URL": URL})
    assert choice.client is not None
    assert (choice.name, choice.client.client) == ("mine", client)
    function = resolve_model(lambda messages: "x", environ={}).client
    assert function is not None
    assert isinstance(function.client, FunctionClient)
    assert resolve_model(function, environ={}).client is function


@dataclass
class Settings:
    model: str = "gpt"


@pytest.mark.parametrize(
    "wrong", [{"model": "gpt"}, Settings(), 5, ["gpt"], "", "  ", b"gpt", ScriptedClient]
)
def test_nonsense_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="model"):
        resolve_model(wrong, environ={})


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ({"base_url": URL}, {}),
        ({}, {"REFLECTOR_BASE_URL": URL}),
        ({"model": "rules", "base_url": URL}, {}),
        ({"model": ScriptedClient(["x"]), "base_url": URL}, {}),
        ({"model": lambda messages: "x", "api_key": "k"}, {}),
        ({"model": "x", "base_url": "localhost:80"}, {}),
        ({"model": "x", "api_key": " "}, {}),
        ({"model": "x", "api_key": 5}, {}),
    ],
)
def test_settings_that_contradict_each_other_are_refused(arguments: Any, environ: Any) -> None:
    with pytest.raises(ConfigurationError):
        resolve_model(**arguments, environ=environ)


def test_a_key_is_never_shown() -> None:
    choice = resolve_model(
        "openai/x", base_url=f"{URL}?api_key=sk-123456789abc", api_key="my-very-own-key", environ={}
    )
    shown = f"{choice!r} {choice} {choice.client!r} {choice.client}"
    assert "my-very-own-key" not in shown
    assert "123456789abc" not in shown
