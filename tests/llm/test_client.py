"""Functions and objects as clients."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from typing import Any
from unittest.mock import AsyncMock

import anyio
import anyio.from_thread
import pytest

import reflector as rf
from reflector.errors import ConfigurationError, UnsupportedReplyError
from reflector.llm.client import FunctionClient, LLMClient, as_client, call_client
from reflector.llm.messages import ModelReply, ModelRequest
from reflector.llm.paid_answers import request_fingerprint
from reflector.llm.scripted import ScriptedClient

pytestmark = pytest.mark.anyio

REQUEST = ModelRequest.from_text("why?", system="be brief", temperature=0.5, max_tokens=9, extra={"top_p": 1})


async def test_a_synchronous_function_gets_the_messages_in_a_worker_thread() -> None:
    seen: list[Any] = []

    def answer(messages: list[dict[str, str]]) -> str:
        seen.extend([messages, threading.current_thread()])
        return "text"

    reply = await as_client(answer).complete(REQUEST)
    assert (reply.content, reply.model) == ("text", "answer")
    assert seen[0] == REQUEST.chat()
    assert seen[1] is not threading.current_thread()


async def test_an_asynchronous_function_runs_on_the_event_loop() -> None:
    async def answer(messages: list[dict[str, str]]) -> dict[str, str]:
        await anyio.lowlevel.checkpoint()
        return {"content": f"{len(messages)} on {threading.current_thread() is threading.main_thread()}"}

    assert (await as_client(answer).complete(REQUEST)).content == "2 on True"


class Callable_:  # noqa: N801 - not a public name
    async def __call__(self, messages: list[dict[str, str]]) -> str:
        return "called"


async def asynchronous(prefix: str, messages: list[dict[str, str]]) -> str:
    return prefix + messages[-1]["content"]


@pytest.mark.parametrize(
    ("function", "content"),
    [
        (Callable_(), "called"),
        (functools.partial(asynchronous, "so "), "so why?"),
        (lambda messages: asynchronous("late ", messages), "late why?"),
        (AsyncMock(return_value="mocked"), "mocked"),
    ],
)
async def test_everything_that_can_be_called_with_messages_will_do(function: Any, content: str) -> None:
    assert (await FunctionClient(function).complete(REQUEST)).content == content


async def test_a_function_gets_the_options_it_names() -> None:
    def answer(messages: list[dict[str, str]], temperature: float | None = None, *, seed: int = 3) -> str:
        return f"{temperature} {seed}"

    assert (await as_client(answer).complete(REQUEST)).content == "0.5 3"


async def test_a_function_with_keywords_gets_all_options_that_are_set() -> None:
    seen: dict[str, Any] = {}

    def answer(messages: list[dict[str, str]], **options: Any) -> str:
        seen.update(options)
        return "text"

    await as_client(answer).complete(REQUEST.replace(model="openai/any"))
    assert seen == {"temperature": 0.5, "max_tokens": 9, "top_p": 1, "model": "openai/any"}


async def test_a_function_that_forgets_to_return_is_told() -> None:
    with pytest.raises(UnsupportedReplyError, match="got NoneType"):
        await as_client(lambda messages: None).complete(REQUEST)


async def test_a_cancelled_call_does_not_wait_for_the_thread() -> None:
    release = threading.Event()
    with anyio.move_on_after(0.01) as scope:
        await as_client(lambda messages: release.wait(10) and "late").complete(REQUEST)
    assert scope.cancelled_caught
    release.set()


def test_a_client_is_taken_as_it_is() -> None:
    client = ScriptedClient(["text"])
    assert as_client(client) is client
    assert isinstance(client, LLMClient)


async def test_a_client_without_a_name_gets_the_name_of_its_class() -> None:
    class Bare:
        async def complete(self, request: ModelRequest) -> ModelReply:
            return ModelReply(content="bare")

    client = as_client(Bare())
    assert client.name == "Bare"
    assert (await client.complete(REQUEST)).content == "bare"


async def test_a_client_may_return_plain_text_and_be_synchronous() -> None:
    class Plain:
        name = "plain"

        def complete(self, request: ModelRequest) -> str:
            return request.messages[-1].content

    reply = await call_client(Plain(), REQUEST)
    assert (reply.content, reply.model) == ("why?", "plain")


@pytest.mark.parametrize("name", [None, 5, lambda self: "told"])
@pytest.mark.parametrize("answer", ["text", ModelReply(content="text"), {"content": "text"}])
async def test_whatever_a_client_without_a_name_answers_it_is_named(name: Any, answer: Any) -> None:
    class Bare:
        async def complete(self, request: ModelRequest) -> Any:
            return answer

    if name is not None:
        Bare.name = name  # type: ignore[attr-defined]
    bare: Any = Bare()
    reply = await rf.Model(bare).complete(REQUEST)
    assert (reply.content, reply.model) == ("text", "Bare")


async def test_a_client_that_is_given_a_name_goes_on_telling_what_it_knows() -> None:
    class Bare:
        base_url = "http://one.example/v1"
        is_warm = False

        def keys(self) -> tuple[str, ...]:
            return ("Zx81-not-a-usual-key",)

        async def warmup(self) -> None:
            self.is_warm = True

        async def complete(self, request: ModelRequest) -> str:
            return f"warm: {self.is_warm}"

    bare: Any = Bare()
    model = rf.Model(bare)
    assert model.keys()[0] == "Zx81-not-a-usual-key"
    assert (await model.complete(REQUEST)).content == "warm: True"
    other: Any = Bare()
    other.base_url = "http://another.example/v1"
    assert request_fingerprint(as_client(other), REQUEST) != request_fingerprint(model.client, REQUEST)


@dataclass
class Settings:
    temperature: float = 0.5


@pytest.mark.parametrize("wrong", [None, 5, "gpt", {"model": "gpt"}, ["gpt"], Settings(), object()])
def test_anything_else_is_refused_with_what_is_accepted(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"a model must be a name such as .* got"):
        as_client(wrong)


def test_a_class_is_refused_with_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="create an object of it"):
        as_client(ScriptedClient)


@pytest.mark.parametrize("function", [lambda: "x", lambda system, user: "x", lambda messages, *, key: "x"])
def test_a_function_that_cannot_take_one_argument_is_refused_at_once(function: Any) -> None:
    with pytest.raises(ConfigurationError, match="called with one argument"):
        as_client(function)


async def test_a_function_that_does_not_tell_its_parameters_gets_the_messages_alone() -> None:
    # `max` has no signature that Python knows; of one message it returns that message.
    assert (await as_client(max).complete(ModelRequest.from_text("echo", temperature=1))).content == "echo"


def test_nothing_shows_more_than_the_name() -> None:
    assert repr(as_client(print)) == "FunctionClient(print)"


def test_a_function_without_any_thread_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="at least 1 worker thread"):
        FunctionClient(lambda messages: "text", concurrency=0)


@pytest.mark.parametrize("order", [("asyncio", "trio"), ("trio", "asyncio")])
def test_a_synchronous_function_serves_one_event_loop_after_another(order: tuple[str, str]) -> None:
    model = rf.Model(lambda messages: "hello")

    async def ask() -> str:
        return (await model.complete(rf.ModelRequest.from_text("x"))).content

    assert [anyio.run(ask, backend=backend) for backend in order] == ["hello", "hello"]
