"""The conformance suite: ours pass, wrong clients fail with the requirement's name."""

from __future__ import annotations

from typing import Any

import anyio.lowlevel
import pytest

from reflector.llm.client import FunctionClient
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.model import Model, ModelOptions
from reflector.llm.retry import RetryPolicy
from reflector.llm.scripted import ScriptedClient
from reflector.testing import check_http_client, check_llm_client

pytestmark = pytest.mark.anyio

KEY = "sk-conformance-0123456789"
QUICK = ModelOptions(retry=RetryPolicy(base=0.001))


def model_of_script(texts: list[str]) -> Model:
    return Model(ScriptedClient(texts))


def function_client(texts: list[str]) -> FunctionClient:
    async def answer(messages: list[dict[str, str]]) -> str:
        await anyio.lowlevel.checkpoint()
        return texts.pop(0)

    return FunctionClient(answer)


def thread_client(texts: list[str]) -> FunctionClient:
    return FunctionClient(lambda messages: texts.pop(0))


@pytest.mark.parametrize("make_client", [ScriptedClient, function_client, thread_client, model_of_script])
async def test_the_clients_without_a_server_conform(make_client: Any) -> None:
    await check_llm_client(make_client)


@pytest.mark.slow
async def test_a_model_behind_litellm_conforms_over_real_http() -> None:
    await check_http_client(
        lambda base_url: Model("any", base_url=base_url, api_key=KEY, options=QUICK),
        key=KEY,
    )


class Wrong:
    """A client that conforms until a test breaks it."""

    name = "wrong"

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts

    async def complete(self, request: ModelRequest) -> ModelReply:
        await anyio.lowlevel.checkpoint()
        return ModelReply(content=self.texts.pop(0))


class Shouting(Wrong):
    async def complete(self, request: ModelRequest) -> ModelReply:
        return ModelReply(content=self.texts.pop(0).upper())


class Nameless(Wrong):
    name = ""


class Blocking(Wrong):
    async def complete(self, request: ModelRequest) -> ModelReply:
        return ModelReply(content=self.texts.pop(0))


class TextOnly(Wrong):
    async def complete(self, request: ModelRequest) -> Any:
        await anyio.lowlevel.checkpoint()
        return self.texts.pop(0)


class Forgetful(Wrong):
    async def complete(self, request: ModelRequest) -> ModelReply:
        await anyio.lowlevel.checkpoint()
        return ModelReply(content=self.texts[0] if len(self.texts) > 3 else self.texts.pop(0))


async def test_a_conforming_client_of_ones_own_passes() -> None:
    await check_llm_client(Wrong)


@pytest.mark.parametrize(
    ("make_client", "requirement"),
    [
        (Shouting, "unchanged"),
        (Nameless, "has a name"),
        (Blocking, "passes cancellation on"),
        (TextOnly, "returns a ModelReply"),
        (Forgetful, "eight calls"),
    ],
)
async def test_a_client_that_breaks_a_requirement_is_told_which(make_client: Any, requirement: str) -> None:
    with pytest.raises(AssertionError, match=requirement):
        await check_llm_client(make_client)
