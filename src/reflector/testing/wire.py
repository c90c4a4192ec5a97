"""HTTP/1.1 of the loopback server: one connection and the ways it breaks."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Protocol

from reflector.testing.answers import Answer, Fault
from reflector.usage import Usage

__all__ = ["Backend", "serve_connection"]


class Backend(Protocol):
    """What answers the requests of all connections."""

    def begin(self, path: str, headers: Mapping[str, str], raw: bytes) -> Answer:
        """Return the answer for a request that has come in whole."""
        ...

    def end(self, served: Usage) -> None:
        """Count a request as over, and what was served for it."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after so many seconds, at the latest when the server closes."""
        ...


def serve_connection(connection: socket.socket, backend: Backend) -> None:
    """Answer the requests of a connection, one after the other, until somebody closes it."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # http.server creates its handlers itself and lets them answer inside of their constructor.
    handler = type("Handler", (_Handler,), {"backend": backend})
    handler(connection, connection.getpeername(), None)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend: Backend

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.backend.begin(self.path, headers, raw)
        self._is_over = False
        try:
            self._send(answer)
        finally:
            self._end(Usage())

    do_POST = do_GET  # noqa: N815 - the name that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""

    def _send(self, answer: Answer) -> None:
        if answer.fault is Fault.RESET:
            self._reset()
            return
        if answer.fault is Fault.HANG:
            while self.connection.recv(1024):  # ends when the client gives up, or when the server closes
                pass
            self.close_connection = True
            return
        if answer.fault is Fault.SLOW_HEADERS:
            self._drip(self._head(answer), answer.delay)
        else:
            if answer.delay:
                self.backend.wait(answer.delay)
            self.wfile.write(self._head(answer))
        body = answer.body
        if answer.fault is Fault.TRUNCATED:
            body = body[: len(body) // 2]
            self.close_connection = True
        if answer.chunks:
            self._stream(answer)
            return
        # Counted before the last byte: whoever has the answer finds it counted.
        self._end(answer.usage)
        self.wfile.write(body)

    def _stream(self, answer: Answer) -> None:
        is_whole = answer.fault is not Fault.TRUNCATED
        chunks = answer.chunks if is_whole else answer.chunks[: len(answer.chunks) // 2]
        for at, chunk in enumerate(chunks):
            if at > 1 and answer.pause:
                self._pause(answer.pause)
            if is_whole and at == len(chunks) - 1:
                self._end(answer.usage)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        if is_whole:
            self.wfile.write(b"0\r\n\r\n")

    def _pause(self, seconds: float) -> None:
        """Wait; end the answer when the client goes away meanwhile, or the server closes."""
        self.connection.settimeout(seconds)
        try:
            if not self.connection.recv(1, socket.MSG_PEEK):
                raise ConnectionAbortedError
        except TimeoutError:
            pass
        finally:
            self.connection.settimeout(None)

    def _end(self, served: Usage) -> None:
        if not self._is_over:
            self._is_over = True
            self.backend.end(served)

    def _head(self, answer: Answer) -> bytes:
        phrase = self.responses.get(answer.status, ("",))[0]
        fields = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
        if answer.chunks:
            fields = {"Content-Type": answer.content_type, "Transfer-Encoding": "chunked"}
        fields |= dict(answer.headers)
        lines = [
            f"HTTP/1.1 {answer.status} {phrase}",
            *(f"{name}: {value}" for name, value in fields.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _drip(self, head: bytes, seconds: float) -> None:
        for index in range(len(head)):
            self.wfile.write(head[index : index + 1])
            self.backend.wait(seconds / len(head))

    def _reset(self) -> None:
        # With a linger time of 0 the close that follows sends RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
