"""From what was raised to the error that says what to do about it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import format_datetime
from typing import Any
from urllib.error import HTTPError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reflector.errors import (
    ContentFilteredError,
    ContextLengthError,
    EmptyAnswerError,
    LLMAuthenticationError,
    LLMBadRequestError,
    LLMConnectionError,
    LLMError,
    LLMServerError,
    LLMTimeoutError,
    QuotaExceededError,
    RateLimitedError,
    UnknownModelError,
)
from reflector.llm.failures import llm_error, parse_retry_after


class StatusError(Exception):
    """An error in the manner of HTTP libraries: a status and headers beside the text."""

    def __init__(self, status_code: int, text: str = "no", headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status_code = status_code
        self.headers = headers or {}


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (400, "Unrecognized request argument", LLMBadRequestError),
        (400, "This model's maximum context length is 8192 tokens", ContextLengthError),
        (400, "prompt is too long: 210000 tokens > 200000 maximum", ContextLengthError),
        (400, "Please reduce the length of the messages", ContextLengthError),
        (400, "filtered due to the prompt triggering the content management policy", ContentFilteredError),
        (400, "Your request was rejected by our safety system", ContentFilteredError),
        (400, "API key not valid. Please pass a valid API key.", LLMAuthenticationError),
        (400, "Your credit balance is too low to access the API", QuotaExceededError),
        (400, "LLM Provider NOT provided. You passed model=x", UnknownModelError),
        (400, "The model `x` does not exist", UnknownModelError),
        (401, "who are you", LLMAuthenticationError),
        (402, "pay", QuotaExceededError),
        (403, "not for you", LLMAuthenticationError),
        (403, "flagged by moderation", ContentFilteredError),
        (404, "nothing here", UnknownModelError),
        (408, "slow", LLMTimeoutError),
        (413, "big", ContextLengthError),
        (422, "what", LLMBadRequestError),
        (429, "Rate limit reached. Add a payment method at /account/billing to raise it.", RateLimitedError),
        (
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            QuotaExceededError,
        ),
        (429, "Quota exceeded: you exceeded your current quota. Please retry in 34.5s.", RateLimitedError),
        (429, "insufficient_quota; try again in 5s", QuotaExceededError),
        (429, "Request too large for gpt-5 on tokens per min", ContextLengthError),
        (500, "oops", LLMServerError),
        (500, "Connection error.", LLMConnectionError),
        (502, "bad gateway", LLMServerError),
        (503, "overloaded", LLMServerError),
        (504, "gateway", LLMTimeoutError),
        (529, "overloaded", LLMServerError),
    ],
)
def test_status_and_words_decide(status: int, text: str, expected: type[LLMError]) -> None:
    error = llm_error(StatusError(status, text), model="m")
    assert type(error) is expected
    assert error.model == "m"
    assert str(error).startswith("m: ")


@pytest.mark.parametrize(
    ("status", "text", "variable"),
    [
        (
            500,
            "Missing credentials. Please pass an `api_key` or set the `OPENAI_API_KEY` variable",
            "OPENAI_API_KEY",
        ),
        (500, "The api_key client option must be set, or the OPENAI_API_KEY variable", "OPENAI_API_KEY"),
        (401, "Missing Anthropic API Key - set ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY"),
        (
            None,
            "Missing Gemini API key. Set the GEMINI_API_KEY or GOOGLE_API_KEY variable.",
            "GEMINI_API_KEY",
        ),
        (None, "FIREWORKS_API_KEY is not set", "FIREWORKS_API_KEY"),
        (None, "Unable to locate credentials", "the provider's variable"),
    ],
)
def test_a_key_that_is_not_set_says_which_variable_to_set(
    status: int | None, text: str, variable: str
) -> None:
    """litellm gives some of these a status of 500, which would be worth another try."""
    error = llm_error(StatusError(status, text) if status else ValueError(text))
    assert type(error) is LLMAuthenticationError
    assert not error.retryable
    assert f"the key is missing; set {variable} or REFLECTOR_API_KEY" in str(error)


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_an_error_that_cannot_be_turned_into_text_is_named() -> None:
    assert str(llm_error(MuteError(), model="m")) == "m: the model client raised MuteError"


def test_a_very_long_or_odd_model_name_is_shortened() -> None:
    error = llm_error(ValueError("no"), model="open\x1b[31mai/" + "x" * 5_000)
    assert len(str(error)) < 200
    assert "\x1b" not in str(error)
    assert error.model is not None
    assert len(error.model) > 5_000


def test_what_a_server_says_loses_its_control_characters() -> None:
    assert "\x1b" not in str(llm_error(StatusError(500, "a \x1b]0;title\x07 b \x9b2J")))


def caused_by(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("err", "expected"),
    [
        (TimeoutError("slow"), LLMTimeoutError),
        (ConnectionResetError("reset"), LLMConnectionError),
        (socket.gaierror("no name"), LLMConnectionError),
        (OSError("network is unreachable"), LLMConnectionError),
        (OSError(5, "Input/output error"), LLMConnectionError),
        (FileNotFoundError(2, "No such file or directory", "prompt.txt"), LLMError),
        (caused_by(RuntimeError("wrapped"), ConnectionRefusedError()), LLMConnectionError),
        (caused_by(StatusError(500, "wrapped"), ConnectionRefusedError()), LLMConnectionError),
        (ValueError("a bug"), LLMError),
    ],
)
def test_without_a_status_the_classes_decide(err: Exception, expected: type[LLMError]) -> None:
    assert type(llm_error(err)) is expected


def test_a_bug_in_a_client_is_not_tried_again_and_is_named() -> None:
    error = llm_error(KeyError("messages"))
    assert not error.retryable
    assert "KeyError" in str(error)


def test_our_own_errors_stay_as_they_are() -> None:
    error = EmptyAnswerError("nothing")
    assert llm_error(error) is error


def test_the_text_is_one_line_without_traceback_prefix_or_key() -> None:
    text = (
        "litellm.BadRequestError: OpenAIException - the key sk-abcdefgh12345 and my-own-key\nare odd. "
        "Traceback (most recent call last):\n  File x"
    )
    shown = str(llm_error(StatusError(400, text), keys=["my-own-key"]))
    assert "\n" not in shown
    for gone in ("litellm", "Exception", "abcdefgh", "my-own-key", "Traceback", "File"):
        assert gone not in shown
    assert "are odd." in shown


@pytest.mark.parametrize(
    ("headers", "text", "expected"),
    [
        ({"Retry-After": "12"}, "", 12.0),
        ({"retry-after": "0.25"}, "", 0.25),
        ({"Retry-After": "3", "retry-after-ms": "1500"}, "", 1.5),
        ({}, "Please try again in 20s.", 20.0),
        ({}, "Please try again in 6m1.5s.", 361.5),
        ({}, "Please try again in 250ms.", 0.25),
        ({}, "Please retry after 20 seconds.", 20.0),
        ({}, "Try again in 1 minute 5 sec.", 65.0),
        ({}, "Try again in 300 milliseconds.", 0.3),
        ({}, "Retry in 1h2m3s", 3723.0),
        ({}, '"retryDelay": "34s"', 34.0),
        ({}, "Rate limit reached", None),
        ({}, f"Retry in {'9' * 5000}h", None),
        ({}, f"Retry in {'9' * 400}s", None),
        ({"Retry-After": "soon"}, "try again later", None),
    ],
)
def test_the_wait_comes_from_headers_or_words(
    headers: dict[str, str], text: str, expected: float | None
) -> None:
    error = llm_error(StatusError(429, text, headers))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == expected


def test_the_wait_is_read_from_an_error_of_urllib() -> None:
    headers = Message()
    headers["Retry-After"] = "12"
    error = llm_error(HTTPError("http://localhost", 429, "Too Many Requests", headers, None))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 12.0


def test_a_date_is_a_wait_until_then() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    later = format_datetime(now + timedelta(seconds=90), usegmt=True)
    assert parse_retry_after(later, now=now) == 90
    assert parse_retry_after(later, now=now + timedelta(hours=1)) == 0


@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_a_date_that_no_calendar_knows_is_no_wait(at: int) -> None:
    words = ["Mon,", "01", "Jan", "2026", "00:00:00", "+0000"]
    words[at] = "9" * 20 + words[at][2:]
    assert parse_retry_after(" ".join(words)) is None


@given(st.none() | st.text(max_size=30))
def test_any_header_gives_a_wait_or_nothing(value: Any) -> None:
    wait = parse_retry_after(value)
    assert wait is None or 0 <= wait < float("inf")


@given(st.text(max_size=200), st.integers(400, 599))
def test_any_text_and_status_give_a_typed_error(text: str, status: int) -> None:
    assert isinstance(llm_error(StatusError(status, text)), LLMError)
