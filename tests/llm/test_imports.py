"""Light at the door: what loads with the room, and what happens when litellm is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ALL_MODULES = """
import importlib, pkgutil, sys
import reflector.llm as room
for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"reflector.llm.{module.name}")
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.selection import resolve_model
LiteLLMClient("openai/any", base_url="http://127.0.0.1:9/v1", api_key="k")
resolve_model("openai/any")
"""

TRAP = """
import socket, sys
attempts = []
def forbid(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        attempts.append((event, str(args)))
sys.addaudithook(forbid)
"""


def run(code: str, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LITELLM", "OPENAI", "REFLECTOR"))
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
        env=kept | environment,
        check=False,
    )


@pytest.mark.slow
def test_the_whole_room_loads_no_heavy_library_and_makes_no_connection() -> None:
    heavy = ("litellm", "openai", "httpx", "tenacity", "numpy", "structlog", "rich", "typer", "http.server")
    done = run(f"{TRAP}{ALL_MODULES}\nprint([name for name in {heavy!r} if name in sys.modules], attempts)")
    assert (done.stdout.strip(), done.stderr) == ("[] []", "")


PROGRAM = """
import logging, os, warnings
import anyio
from reflector.errors import LLMServerError
from reflector.llm.litellm_client import LiteLLMClient
from reflector.llm.messages import ModelRequest
from reflector.testing import LoopbackServer, answers

async def load():
    await LiteLLMClient("openai/any").warmup()

async def main():
    async with LoopbackServer(["fine"] + [answers.server_error()] * 3) as server:
        client = LiteLLMClient("any", base_url=server.base_url)
        print((await client.complete(ModelRequest.from_text("q"))).content)
        try:
            await client.complete(ModelRequest.from_text("q"))
        except LLMServerError as err:
            print(type(err).__name__)

# A test suite resets the filters after each test, those that litellm set while it was loaded too.
with warnings.catch_warnings():
    anyio.run(load)
warnings.simplefilter("error")

import litellm
assert "openai.resources" in sys.modules, "the first call would freeze the loop"
assert not attempts, attempts
assert "FROM_A_STRAY_FILE" not in os.environ
assert (litellm.drop_params, litellm.num_retries, litellm.callbacks, litellm.cache) == (False, None, [], None)
assert not logging.getLogger().handlers

async def give_up():
    with LoopbackServer(answers.hang()) as server:
        client = LiteLLMClient("any", base_url=server.base_url)
        for wait in range(40):
            with anyio.move_on_after(wait * 0.001):
                await client.complete(ModelRequest.from_text("q"))

for backend in ("asyncio", "trio", "asyncio"):
    anyio.run(give_up, backend=backend)
    anyio.run(main, backend=backend)
elsewhere = [(event, args) for event, args in attempts if "127.0.0.1" not in args]
assert not elsewhere, elsewhere
"""


@pytest.mark.slow
def test_a_program_with_a_failing_model_is_quiet_and_talks_to_nobody_else(tmp_path: Path) -> None:
    """No cost map, no `.env`, no banner, no log, no warning at all, though warnings are errors.

    Calls that are given up in their first moments, the very first of the process too, are as quiet.
    """
    (tmp_path / ".env").write_text("FROM_A_STRAY_FILE=1\n")
    done = run(f"{TRAP}{PROGRAM}", tmp_path)
    assert done.stderr == ""
    assert done.stdout.split() == ["fine", "LLMServerError"] * 3
