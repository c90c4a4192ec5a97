"""No key leaves through an error, its notes, its parts or its causes, whoever's client raised it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import pytest

import reflector as rf
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.progress import watched
from reflector.testing import LoopbackServer, answers

pytestmark = pytest.mark.anyio

KEY = "Zx81-not-a-usual-key"
REQUEST = rf.ModelRequest.from_text("why?", max_tokens=5)
ONCE = rf.ModelOptions(retry=rf.RetryPolicy(attempts=1))


@pytest.fixture(autouse=True)
def _key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS_API_KEY", f"{KEY}\n")  # as a file of secrets often ends


def all_that_hangs_on(err: BaseException) -> str:
    shown: list[str] = traceback.format_exception(err)
    waiting: list[BaseException | None] = [err]
    seen: list[BaseException] = []
    while waiting:
        each = waiting.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        shown += [str(each), repr(each), *getattr(each, "__notes__", ())]
        waiting += [each.__cause__, each.__context__]
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return "\n".join(shown)


async def error_of(client: Any, **settings: Any) -> rf.ReflectorError:
    with pytest.raises(rf.ReflectorError) as caught:
        await rf.Model(client, options=ONCE, **settings).complete(REQUEST)
    return caught.value


def raising(err: Exception, cause: Exception | None = None, context: Exception | None = None) -> Any:
    async def fail(messages: Any) -> str:
        err.__context__ = context
        raise err from cause

    return fail


def noted(err: Exception) -> Exception:
    err.add_note(f"sent with {KEY}")
    return err


@pytest.mark.parametrize(
    "client",
    [
        raising(rf.LLMServerError(f"said {KEY}")),
        raising(rf.LLMServerError("down"), ValueError(KEY)),
        raising(noted(rf.LLMServerError("down"))),
        raising(rf.LLMTimeoutError(f"{KEY} took too long")),
        raising(rf.AgentStoppedError(f"{KEY} has stopped")),
        raising(noted(ValueError("odd"))),
        raising(ExceptionGroup("several", [ValueError(KEY), ValueError("odd")])),
        raising(ExceptionGroup("one", [rf.LLMServerError(KEY)])),
        raising(KeyError("odd"), TypeError("clean"), ValueError(KEY)),
    ],
)
async def test_an_error_of_somebody_elses_client_shows_no_key(client: Any) -> None:
    assert KEY not in all_that_hangs_on(await error_of(client))


async def test_an_error_that_loses_a_key_stays_what_it_is() -> None:
    class Own(rf.RateLimitedError):
        def __init__(self) -> None:
            super().__init__(f"{KEY} has to wait", model="m", retry_after=70.0)

    error = await error_of(raising(Own(), ValueError(KEY)))
    assert type(error) is rf.RateLimitedError
    assert str(error) == "[key removed] has to wait"
    assert (error.model, error.retry_after) == ("m", 70.0)


async def test_an_error_of_ours_without_a_key_is_passed_on_untouched() -> None:
    cause = ValueError("odd")
    error = rf.LLMBadRequestError("no")
    assert await error_of(raising(error, cause)) is error
    assert error.__cause__ is cause


async def test_what_a_task_group_raises_is_told_as_what_was_raised_in_it() -> None:
    cause = ValueError("odd")
    inner = rf.LLMBadRequestError("no")
    inner.__cause__ = cause
    assert await error_of(raising(ExceptionGroup("one", [inner]))) is inner
    assert inner.__cause__ is cause
    reset = ExceptionGroup("one", [ExceptionGroup("one", [ConnectionResetError("reset")])])
    assert isinstance(await error_of(raising(reset)), rf.LLMConnectionError)


async def test_what_a_client_raises_while_it_warms_up_is_typed_and_cleaned_as_well() -> None:
    class Client:
        name = "cold"

        async def warmup(self) -> None:
            raise ConnectionResetError(f"{KEY} was not accepted")

        async def complete(self, request: rf.ModelRequest) -> rf.ModelReply:
            return rf.ModelReply(content="text")

    error = await error_of(Client())
    assert type(error) is rf.LLMConnectionError
    assert KEY not in all_that_hangs_on(error)


async def test_an_error_of_enormous_length_is_not_searched_to_its_end() -> None:
    page = f"<html>{'x ' * 1_000_000}{KEY}"
    for error in (
        await error_of(raising(ValueError(page))),
        await error_of(raising(rf.LLMServerError(page))),
    ):
        shown = all_that_hangs_on(error)
        assert KEY not in shown
        assert len(shown) < 100_000


async def test_a_client_that_tells_its_own_keys_is_cleaned_of_them() -> None:
    own = "Qy93-the-clients-own"

    class Client:
        name = "own"

        def keys(self) -> tuple[str, ...]:
            return (own,)

        async def complete(self, request: rf.ModelRequest) -> str:
            if request.max_tokens is None:
                return f"the key is {own}"
            raise ValueError(own)

    client: Any = Client()
    assert own not in all_that_hangs_on(await error_of(client))
    reply = await rf.Model(client).complete(REQUEST.replace(max_tokens=None))
    assert reply.content == "the key is [key removed]"


@dataclass
class Settings:
    model: str
    api_key: str


@pytest.mark.parametrize("settings", [{"model": "m", "api_key": KEY}, Settings("m", KEY)])
async def test_settings_in_a_wrong_place_are_told_without_their_key(settings: Any) -> None:
    for wrong in (
        lambda: rf.Model(settings),
        lambda: rf.Model("m", options=settings),
        lambda: rf.ModelOptions(budget=settings),
        lambda: LiteLLMClient(settings),
    ):
        with pytest.raises(rf.ConfigurationError) as caught:
            wrong()
        assert KEY not in str(caught.value)
    with pytest.raises(rf.LLMBadRequestError) as refused:
        await rf.Model(lambda messages: "text").complete(settings)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hunter2@host:0", "ftp://me:hunter2@host", "me:hunter2@host/v1", "http://hunter2@host:0",
        "http://me:hun@ter2@host:0", "http://me:hun/ter2@host", "http://me:hun ter2@host", "http://me:hun#ter2@host",
        "http://me:hun[ter2@host", "http://me:hun\nter2@host", b"http://me:hunter2@host",
    ],
)  # fmt: skip
def test_a_wrong_url_is_told_without_its_password(url: Any) -> None:
    with pytest.raises(rf.ConfigurationError, match=r"base_url .*; got .*@host") as caught:
        LiteLLMClient("m", base_url=url)
    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_a_wrong_url_without_a_password_is_told_whole() -> None:
    with pytest.raises(rf.ConfigurationError, match=r"could not be cast.*got 'http://host:port/v1'"):
        LiteLLMClient("m", base_url="http://host:port/v1")


@pytest.mark.parametrize("url", ["http://me:hun@ter2@host/v1", "http://hunter2@host/v1"])
def test_a_client_shows_no_password_of_its_url(url: str) -> None:
    client = LiteLLMClient("m", base_url=url)
    assert repr(client) == "LiteLLMClient('m', base_url='http://[key removed]@host/v1')"
    assert client.keys()[0] in ("hun@ter2", "hunter2")


@pytest.mark.slow
async def test_an_answer_without_text_that_names_a_key_is_told_without_it() -> None:
    own = "Qy93-the-clients-own"
    async with LoopbackServer(answers.reply(None, model=own)) as server:
        error = await error_of("openai/any", base_url=server.base_url, api_key=own)
    assert type(error) is rf.EmptyAnswerError
    assert own not in all_that_hangs_on(error)


@pytest.mark.slow
async def test_a_key_that_ends_with_a_line_break_is_sent_without_it() -> None:
    async with LoopbackServer("text", api_key=KEY) as server:
        reply = await rf.Model("openai/any", base_url=server.base_url, api_key=f" {KEY}\n").complete(REQUEST)
    assert reply.content == "text"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Accessing the.*attribute on the instance is deprecated")
async def test_a_stream_that_breaks_off_is_not_its_own_cause() -> None:
    async with LoopbackServer(answers.cut_off("An answer of some words")) as server:
        with watched(lambda progress: None):
            error = await error_of("openai/any", base_url=server.base_url, api_key="k")
    assert error.__cause__ is not error
