"""Helpers for tests of your own: a loopback model server, a scripted model and conformance suites."""

from reflector.llm.scripted import ScriptedClient
from reflector.testing.conformance import check_http_client, check_llm_client
from reflector.testing.loopback import LoopbackRequest, LoopbackServer, TokenBucket

__all__ = [
    "LoopbackRequest", "LoopbackServer", "ScriptedClient", "TokenBucket", "check_http_client", "check_llm_client",
]  # fmt: skip
