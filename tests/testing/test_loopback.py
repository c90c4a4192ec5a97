"""The loopback server, asked with the standard library alone."""

from __future__ import annotations

import http.client
import json
import threading
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import pytest

from reflector.errors import ConfigurationError
from reflector.testing import LoopbackRequest, LoopbackServer, TokenBucket, answers
from reflector.usage import Usage

MESSAGES = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why not?"}]


def connect(server: LoopbackServer, patience: float = 5) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=patience)


def post(connection: http.client.HTTPConnection, **body: Any) -> http.client.HTTPResponse:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer k"}
    connection.request(
        "POST", "/v1/chat/completions", json.dumps({"model": "m", "messages": MESSAGES} | body), headers
    )
    return connection.getresponse()


def ask(server: LoopbackServer, **body: Any) -> tuple[int, dict[str, Any]]:
    connection = connect(server)
    try:
        answer = post(connection, **body)
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def content(body: dict[str, Any]) -> str:
    return str(body["choices"][0]["message"]["content"])


def test_a_text_answers_every_request_with_counted_usage() -> None:
    with LoopbackServer("because") as server:
        bodies = [ask(server)[1] for _ in range(2)]
        assert [content(body) for body in bodies] == ["because"] * 2
        assert bodies[0]["usage"] == {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}
        assert server.usage == Usage(input_tokens=8, output_tokens=4, calls=2)
        assert [request.index for request in server.requests] == [0, 1]
        assert server.requests[0].text == "why not?"
        assert server.requests[0].headers["authorization"] == "Bearer k"


def test_a_list_is_used_up_in_order_and_then_says_so() -> None:
    with LoopbackServer(
        ["one", {"choices": [{"message": {"content": "two"}}]}, answers.reply("three")]
    ) as server:
        assert [content(ask(server)[1]) for _ in range(3)] == ["one", "two", "three"]
        status, body = ask(server)
        assert status == 400
        assert "holds 3 answers and this is request 4" in body["error"]["message"]


def test_a_function_sees_the_request() -> None:
    def answer(request: LoopbackRequest) -> Any:
        return answers.server_error(503) if request.index == 0 else request.text.upper()

    with LoopbackServer(answer) as server:
        assert ask(server)[0] == 503
        assert content(ask(server)[1]) == "WHY NOT?"


def test_without_a_script_the_last_message_comes_back() -> None:
    with LoopbackServer() as server:
        assert content(ask(server)[1]) == "why not?"


def test_a_connection_serves_many_requests() -> None:
    with LoopbackServer("text") as server:
        connection = connect(server)
        for _ in range(3):
            post(connection).read()
        assert server.open_connections == 1
        connection.close()


def test_connections_left_open_are_noticed() -> None:
    with LoopbackServer("text") as server:
        connection = connect(server)
        post(connection).read()
        with pytest.raises(AssertionError, match="1 connections are still open"):
            server.wait_until_idle(0.01)
        connection.close()
        server.wait_until_idle()


def test_a_hang_ends_when_the_client_gives_up() -> None:
    with LoopbackServer(answers.hang()) as server:
        connection = connect(server, patience=0.02)
        with pytest.raises(TimeoutError):
            post(connection)
        connection.close()
        server.wait_until_idle()


def test_errors_have_the_shape_of_openai() -> None:
    now = datetime(2030, 1, 1, tzinfo=UTC)
    script = [
        answers.quota_exceeded(),
        answers.rate_limited(2.5),
        answers.rate_limited(now),
        answers.rate_limited(),
    ]
    with LoopbackServer(script) as server:
        status, body = ask(server)
        assert (status, body["error"]["code"]) == (429, "insufficient_quota")
        connection = connect(server)
        waits = []
        for _ in range(3):
            answer = post(connection)
            answer.read()
            waits.append(answer.headers["Retry-After"])
        connection.close()
        assert waits == ["2.5", "Tue, 01 Jan 2030 00:00:00 GMT", None]


def test_a_wrong_key_path_or_body_is_refused() -> None:
    with LoopbackServer("text", api_key="other") as server:
        assert ask(server)[0] == 401
    with LoopbackServer("text") as server:
        assert ask(server, messages=[])[0] == 400
        connection = connect(server)
        connection.request("POST", "/v1/chat/completions", b"not json")
        assert connection.getresponse().read().startswith(b'{"error"')
        connection.request("GET", "/elsewhere")
        assert connection.getresponse().status == 404
        connection.close()
        assert server.usage == Usage()


@pytest.mark.parametrize(
    ("fault", "error"),
    [(answers.reset(), ConnectionResetError), (answers.truncated_body(), http.client.IncompleteRead)],
)
def test_connections_break_in_the_way_that_was_asked(fault: answers.Answer, error: type[Exception]) -> None:
    with LoopbackServer(fault) as server:
        connection = connect(server)
        with pytest.raises(error):
            post(connection).read()
        connection.close()
        assert server.usage == Usage()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (answers.empty_body(), b""),
        (answers.html_page(), b"<!DOCTYPE html><html><body>Please log in</body></html>"),
        (answers.malformed_json(), b'{"id": "chatcmpl-loopback", "choices": [{"index": 0, "mess'),
    ],
)
def test_bodies_that_are_not_the_protocol(answer: answers.Answer, body: bytes) -> None:
    with LoopbackServer(answer) as server:
        connection = connect(server)
        came = post(connection)
        assert (came.status, came.read()) == (200, body)
        connection.close()


def test_slow_headers_and_latency_take_their_time() -> None:
    with LoopbackServer([answers.slow_headers(0.05), "late"], latency=0.05) as server:
        for _ in range(2):
            begun = time.monotonic()
            assert ask(server)[0] == 200
            assert time.monotonic() - begun >= 0.05


def test_closing_ends_a_hang_at_once() -> None:
    failures: list[Exception] = []
    arrived = threading.Event()

    def hang(request: LoopbackRequest) -> answers.Answer:
        arrived.set()
        return answers.hang()

    def wait(server: LoopbackServer) -> None:
        connection = connect(server)
        try:
            post(connection)
        except (http.client.HTTPException, OSError) as err:
            failures.append(err)
        connection.close()

    with LoopbackServer(hang) as server:
        thread = threading.Thread(target=wait, args=[server])
        thread.start()
        assert arrived.wait(5)
        begun = time.monotonic()
    assert time.monotonic() - begun < 1
    thread.join(5)
    assert len(failures) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "reflector-loopback"]


def test_token_buckets_refuse_what_is_above_and_say_when() -> None:
    now = 0.0
    per_minute = TokenBucket(120, clock=lambda: now)
    with LoopbackServer("text", requests_per_minute=TokenBucket(2, clock=lambda: now)) as server:
        assert [ask(server)[0] for _ in range(3)] == [200, 200, 429]
        now = 30.0
        assert [ask(server)[0] for _ in range(2)] == [200, 429]
        assert server.usage.calls == 3
    assert per_minute.take(120) == 0
    assert per_minute.take(10) == pytest.approx(5.0)
    now = 35.0
    assert per_minute.take(10) == 0


def test_tokens_per_minute_count_the_request() -> None:
    with LoopbackServer("text", tokens_per_minute=TokenBucket(6, clock=lambda: 0.0)) as server:
        assert [ask(server)[0] for _ in range(2)] == [200, 429]


def test_a_streamed_reply_comes_in_pieces_that_add_up() -> None:
    text = "one two  three\nfour five six seven "
    with LoopbackServer(text) as server:
        connection = connect(server)
        answer = post(connection, stream=True, stream_options={"include_usage": True})
        lines = [line[6:] for line in answer.read().decode().split("\n\n") if line]
        connection.close()
    assert lines.pop() == "[DONE]"
    chunks = [json.loads(line) for line in lines]
    assert chunks.pop()["usage"]["completion_tokens"] == 9
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks) == text
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


def test_models_are_listed() -> None:
    with LoopbackServer("text") as server:
        connection = connect(server)
        connection.request("GET", "/v1/models")
        assert json.loads(connection.getresponse().read())["data"][0]["id"] == "loopback"
        connection.close()
        assert server.requests == []


@pytest.mark.anyio
async def test_it_works_in_async_tests_and_blocks_no_event_loop() -> None:
    statuses: list[int] = []

    async with LoopbackServer("text", latency=0.05) as server:

        async def one() -> None:
            statuses.append((await anyio.to_thread.run_sync(ask, server))[0])

        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(one)
        assert server.most_in_flight > 1
    assert statuses == [200] * 4


def test_a_server_can_be_entered_again_and_only_then_has_an_address() -> None:
    server = LoopbackServer("text")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="not running"):
            _ = server.base_url
        with server:
            assert ask(server)[0] == 200
    server.close()


@pytest.mark.parametrize("script", [5, b"bytes", 1.5])
def test_a_script_that_is_none_is_refused(script: Any) -> None:
    with pytest.raises(ConfigurationError, match="a script is"):
        LoopbackServer(script)


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="above 0"):
        LoopbackServer("hello", requests_per_minute=0)


def test_a_script_that_raises_is_answered_with_500_and_the_server_lives() -> None:
    def script(request: LoopbackRequest) -> str:
        if request.index == 0:
            raise KeyError("no answer for this")
        return "fine"

    with LoopbackServer(script) as server:
        status, body = ask(server)[:2]
        assert status == 500
        assert "the script raised KeyError: 'no answer for this'" in str(body)
        assert ask(server)[0] == 200
        server.wait_until_idle()
