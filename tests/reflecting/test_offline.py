"""A whole run with the rules: no connection, no name look-up, and no file but the one that was asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

TRAP = """
import os, sys
seen = []
NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
           "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "urllib.Request")
FILES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate", "os.chmod", "shutil.copyfile",
         "sqlite3.connect")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
def watch(event, args):
    if event in NETWORK or event in FILES:
        seen.append((event, str(args)))
    elif event == "open" and ((args[2] or 0) & WRITING or set(str(args[1] or "")) & set("wax+")):
        if args[0] != os.devnull:
            seen.append((event, str(args[0])))
sys.addaudithook(watch)
"""

LIBRARY = """
import anyio
import reflector as rf

async def main():
    await rf.reflect("run.json", model="rules")
    async with rf.Runtime():
        reflection = await rf.Reflector("rules").reflect(["run.json", "run.json"], verbosity="detailed")
    assert reflection.is_from_rules and reflection.improved_prompt != reflection.prompt

for backend in ("asyncio", "trio"):
    anyio.run(main, backend=backend)
rf.reflect_sync("run.json", model="rules")
print(seen)
"""

COMMAND = """
from reflector.cli.entry import main
sys.argv = ["reflector", "reflect", "run.json", "--model", "rules", "--apply", "out.txt", "--json"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("\\n", seen, sep="")
"""

NETWORK_AT_ALL = """
import socket
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError:
    pass
open("out.txt", "w").close()
print(len(seen))
"""


def run(code: str, folder: Path) -> str:
    (folder / "run.json").write_bytes(files("reflector.cli").joinpath("demo_run.json").read_bytes())
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("REFLECTOR", "LITELLM"))
    }
    done = subprocess.run(
        [sys.executable, "-B", "-c", TRAP + code],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_a_run_with_the_rules_connects_to_nothing_and_writes_nothing(tmp_path: Path) -> None:
    assert run(LIBRARY, tmp_path) == "[]"
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.slow
def test_the_command_writes_the_file_that_was_asked_for_and_no_other(tmp_path: Path) -> None:
    assert run(COMMAND, tmp_path) == "[('open', 'out.txt')]"
    assert {file.name for file in tmp_path.iterdir()} == {"run.json", "out.txt"}


@pytest.mark.slow
def test_the_trap_sees_connections_and_files(tmp_path: Path) -> None:
    assert int(run(NETWORK_AT_ALL, tmp_path)) >= 3
