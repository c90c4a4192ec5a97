"""A server that speaks OpenAI's chat protocol on 127.0.0.1: real HTTP, real sockets, scripted answers."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import anyio.to_thread

from reflector._json import dumps, loads
from reflector._text import shorten
from reflector.errors import ConfigurationError
from reflector.testing import answers as make
from reflector.testing.answers import Answer, bad_request, count_tokens
from reflector.testing.wire import serve_connection
from reflector.usage import Usage

__all__ = ["LoopbackRequest", "LoopbackServer", "TokenBucket"]


@dataclass(frozen=True, slots=True)
class LoopbackRequest:
    """One request as it came in."""

    index: int
    """Counted from 0, in order of arrival."""
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Mapping[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of its body; an empty list when there are none."""
        messages = self.body.get("messages")
        return messages if isinstance(messages, list) else []

    @property
    def text(self) -> str:
        """The content of the last message."""
        return _text_of(self.messages[-1]) if self.messages else ""

    @property
    def texts(self) -> list[str]:
        """The texts of a request for embeddings; an empty list when there are none."""
        given = self.body.get("input")
        return [given] if isinstance(given, str) else given if isinstance(given, list) else []

    @property
    def input_tokens(self) -> int:
        """Tokens of all messages, as the server counts them."""
        return sum(count_tokens(_text_of(message)) for message in self.messages)


class TokenBucket:
    """A limit per minute that fills up steadily, as providers keep them.

    Args:
        per_minute: Its size, and what flows in within a minute.
        clock: Seconds that never go back; a test may hand over its own.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not per_minute > 0:
            raise ConfigurationError(f"a limit per minute is above 0; got {per_minute!r}.")
        self.per_minute = per_minute
        self._clock = clock
        self._level = float(per_minute)
        self._seen = clock()

    def take(self, amount: float = 1) -> float:
        """Take `amount` and return 0, or take nothing and return the seconds until it is there."""
        now = self._clock()
        self._level = min(self.per_minute, self._level + (now - self._seen) * self.per_minute / 60)
        self._seen = now
        if amount <= self._level:
            self._level -= amount
            return 0.0
        return (amount - self._level) * 60 / self.per_minute


Script = Any
"""A text, a mapping, an `Answer`, a function from `LoopbackRequest` to one of these, or a list of them."""


class LoopbackServer:
    """Answers chat completions from a script, for as long as the `with` block lasts; embeddings with made-up vectors.

    Works in synchronous and asynchronous tests: it runs in threads of its own and blocks no event loop.

    Args:
        script: A list is used up in order; what stands alone answers every request. A text is a
            reply, a mapping is the body of a 200, an `Answer` is sent as it is (`reflector.testing.answers`
            makes replies, errors and faults), a function is asked with the `LoopbackRequest`, and what it
            raises is told in a 500. None repeats the last message.
        api_key: Requests without this key are refused. None: every key will do.
        latency: Seconds before every answer.
        requests_per_minute: Above it 429 is answered, with the wait.
        tokens_per_minute: The same for the tokens of requests.

    Attributes:
        requests: Every request of a chat completion, refused ones included, in order.
        usage: Calls and tokens of all replies that were sent in full.

    >>> import urllib.request
    >>> with LoopbackServer("hello") as server:
    ...     with urllib.request.urlopen(f"{server.base_url}/models") as answer:
    ...         answer.status
    200
    """

    def __init__(
        self,
        script: Script = None,
        *,
        api_key: str | None = None,
        latency: float = 0.0,
        requests_per_minute: TokenBucket | float | None = None,
        tokens_per_minute: TokenBucket | float | None = None,
    ) -> None:
        self.requests: list[LoopbackRequest] = []
        self.usage = Usage()
        self.most_in_flight = 0
        self._script = _Script(script)
        self._api_key = api_key
        self._latency = latency
        self._limits = (_bucket(requests_per_minute), _bucket(tokens_per_minute))
        self._lock = threading.Lock()
        self._in_flight = 0
        self._closing = threading.Event()
        self._listener: socket.socket | None = None
        self._threads: dict[threading.Thread, socket.socket | None] = {}

    # --- life ---

    @property
    def base_url(self) -> str:
        """Where it listens, with the `/v1` that clients expect."""
        if self._listener is None:
            raise ConfigurationError("the server is not running: enter it with `with` or `async with` first.")
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    @property
    def open_connections(self) -> int:
        """Connections that neither side has closed yet."""
        with self._lock:
            return sum(connection is not None for connection in self._threads.values())

    def wait_until_idle(self, patience: float = 2.0) -> None:
        """Return when all connections are closed; a test asks it that nothing was left open.

        Raises:
            AssertionError: If there are still some after `patience` seconds.
        """
        deadline = time.monotonic() + patience
        while (left := self.open_connections) and time.monotonic() < deadline:
            self._closing.wait(0.005)
        if left:
            raise AssertionError(f"{left} connections are still open after {patience:g} s")

    def __enter__(self) -> LoopbackServer:
        self._closing.clear()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._start(self._accept, self._listener, None)
        return self

    def __exit__(self, *reason: Any) -> None:
        self.close()

    async def __aenter__(self) -> LoopbackServer:
        return self.__enter__()

    async def __aexit__(self, *reason: Any) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.close)

    def close(self) -> None:
        """Break every connection and return when all threads have ended, at the latest after a second."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._closing.set()
        _wake(listener)
        with self._lock:
            threads = dict(self._threads)
        for connection in threads.values():
            _shut(connection)
        deadline = time.monotonic() + 1.0
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        listener.close()

    def _start(self, work: Callable[..., None], argument: Any, connection: socket.socket | None) -> None:
        def run() -> None:
            try:
                work(argument)
            finally:
                with self._lock:
                    self._threads.pop(thread, None)

        # Daemons, so that a script that never returns cannot keep the process alive.
        thread = threading.Thread(target=run, name="reflector-loopback", daemon=True)
        with self._lock:
            self._threads[thread] = connection
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            if self._closing.is_set():
                connection.close()
                return
            self._start(self._serve, connection, connection)

    def _serve(self, connection: socket.socket) -> None:
        # An OSError says that the client went away, or that we are closing.
        with contextlib.suppress(OSError), connection:
            serve_connection(connection, self)

    # --- answering ---

    def begin(self, path: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """Return what to send for a request, and record the request if it is a chat completion."""
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
        path = path.partition("?")[0].rstrip("/")
        if path == "/v1/models":
            return Answer(body=dumps({"object": "list", "data": [{"id": "loopback", "object": "model"}]}))
        if path not in ("/v1/chat/completions", "/v1/embeddings"):
            return make.error(404, f"Invalid URL ({path})")
        body = _json_object(raw)
        with self._lock:
            request = LoopbackRequest(len(self.requests), path, headers, body)
            self.requests.append(request)
            item = self._refusal(request) or self._script.next()
        if path == "/v1/embeddings" and not isinstance(item, Answer):
            return make.embedded(request.texts)
        answer = self._answer_of(item, request)
        if body.get("stream"):
            options = body.get("stream_options") or {}
            answer = make.streamed(answer, include_usage=bool(options.get("include_usage")))
        return answer.after(self._latency) if self._latency else answer

    def _refusal(self, request: LoopbackRequest) -> Answer | None:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._api_key is not None and sent != self._api_key:
            return make.unauthorized()
        if not request.messages and not request.texts:
            return bad_request("'messages' (or 'input', for embeddings) is a required property")
        limits = zip(self._limits, (1, request.input_tokens), strict=True)
        wait = max((bucket.take(amount) for bucket, amount in limits if bucket is not None), default=0.0)
        return make.rate_limited(round(wait, 3)) if wait > 0 else None

    def _answer_of(self, item: Any, request: LoopbackRequest) -> Answer:
        if callable(item):
            try:
                item = item(request)
            except Exception as err:  # noqa: BLE001 - the script is the user's; its error is told to the client
                return make.error(500, f"the script raised {type(err).__name__}: {shorten(str(err), 400)}")
        if item is None:
            item = request.text or " "
        if isinstance(item, str):
            model = str(request.body.get("model", "loopback"))
            return make.reply(item, model=model, input_tokens=request.input_tokens)
        if isinstance(item, Mapping):
            return Answer(body=dumps(item))
        if isinstance(item, Answer):
            return item
        return make.error(500, f"the script holds {shorten(repr(item), 80)}")

    def end(self, served: Usage) -> None:
        """Count a request as over, and what was served for it."""
        with self._lock:
            self._in_flight -= 1
            self.usage += served

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the server closes."""
        self._closing.wait(seconds)


class _Script:
    """The answers to come."""

    def __init__(self, script: Script) -> None:
        self._items: Iterator[Any] = itertools.repeat(script)
        if isinstance(script, Iterable) and not isinstance(script, str | bytes | Mapping):
            given = list(script)
            told = f"the script holds {len(given)} answers and this is request "
            more = (bad_request(f"{told}{number}") for number in itertools.count(len(given) + 1))
            self._items = itertools.chain(given, more)
        elif not (script is None or isinstance(script, str | Mapping | Answer) or callable(script)):
            raise ConfigurationError(
                f"a script is a text, a mapping, an Answer, a function or a list of them; got {script!r}."
            )

    def next(self) -> Any:
        return next(self._items)


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        body = loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text_of(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _bucket(limit: TokenBucket | float | None) -> TokenBucket | None:
    return limit if isinstance(limit, TokenBucket) or limit is None else TokenBucket(limit)


def _wake(listener: socket.socket) -> None:
    """Let a thread that waits in `accept` see that the server is closing."""
    with contextlib.suppress(OSError):  # nobody waits any more
        socket.create_connection(listener.getsockname(), timeout=1).close()


def _shut(connection: socket.socket | None) -> None:
    if connection is not None:
        with contextlib.suppress(OSError):  # closed already
            connection.shutdown(socket.SHUT_RDWR)
