"""Providers over standard input and output, with real child processes: what they do, and all that can go wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from reflector._clock import settle
from reflector.agents.runtime import Runtime
from reflector.dispatch.dispatching import execute
from reflector.dispatch.provider import ProviderCard
from reflector.dispatch.stdio_child import Program
from reflector.dispatch.stdio_provider import StdioProvider
from reflector.dispatch.stdio_session import Session
from reflector.dispatch.task import Limits, Task, TaskResult
from reflector.errors import (
    AskTimeoutError,
    ConfigurationError,
    ProviderDiedError,
    ProviderFloodError,
    ProviderProtocolError,
    ProviderReportedError,
    ProviderSpawnError,
    ProviderTimeoutError,
)
from reflector.usage import Usage

pytestmark = pytest.mark.anyio

# A child in as little Python as possible: `python -I -S` starts in 10 ms. `say` answers, `tasks` are the requests.
PRELUDE = """
import json, os, signal, subprocess, sys, time
def say(id, **answer):
    print(json.dumps({"id": id, **answer}), flush=True)
tasks = map(json.loads, sys.stdin)
"""
SQUARE = 'for t in tasks: say(t["id"], value=[t["payload"] ** 2, os.getpid()])'


def child(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", PRELUDE + code]


@asynccontextmanager
async def provider(command: Any, *, running: int = 8, **options: Any) -> AsyncIterator[None]:
    """A runtime in which one program does tasks of the kind `demo`."""
    async with Runtime() as runtime:
        card = ProviderCard(running=running)
        make = partial(StdioProvider, command, **options)
        await runtime.spawn(make, name="program", accepts=["demo"], card=card)
        yield


async def run(payload: Any = None, *, attempts: int = 3, within: float = 20, **fields: Any) -> TaskResult:
    task = Task(kind="demo", payload=payload, limits=Limits(attempts=attempts), **fields)
    return await execute(task, timeout=within)


@pytest.fixture
def pids(tmp_path: Path) -> Iterator[Path]:
    """A file to which children append their process ids; afterwards none of them may live."""
    file = tmp_path / "pids"
    file.touch()
    yield file
    for pid in noted_pids(file):
        assert not is_running(pid), f"process {pid} has been left behind"


def noted_pids(pids: Path) -> list[int]:
    return list(map(int, pids.read_text().split()))


def is_running(pid: int) -> bool:
    """Return whether a process lives after a moment; one that nobody has reaped yet does not."""
    patience = time.monotonic() + 5
    while time.monotonic() < patience:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return False
        except (FileNotFoundError, ProcessLookupError):  # the second while it is being read
            return False
        time.sleep(0.01)
    return True


def noted(pids: Path, code: str) -> list[str]:
    """Return a child that notes its process id first."""
    return child(f"def note(pid): open({str(pids)!r}, 'a').write(f'{{pid}} ')\nnote(os.getpid())\n" + code)


# --- what they do --------------------------------------------------------------------------------------------


async def test_a_session_keeps_one_process_for_all_tasks(pids: Path) -> None:
    results = []
    async with provider(noted(pids, SQUARE)):

        async def one(number: int) -> None:
            results.append((await run(number)).value)

        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(one, number)
    assert sorted(square for square, _ in results) == [number**2 for number in range(50)]
    assert len({pid for _, pid in results}) == 1


async def test_a_document_has_a_process_of_its_own(pids: Path) -> None:
    code = 'print(json.dumps({"got": json.loads(sys.stdin.read())}, indent=2), end="")'
    async with provider(noted(pids, code), mode="document"):
        result = await run({"n": 1}, id="first", metadata={"goal": "sum"})
        await run()
    asked = {"id": "first", "task_type": "demo", "payload": {"n": 1}, "goal": "sum"}
    assert result.value == {"got": asked}
    assert len(noted_pids(pids)) == 2


async def test_answers_come_in_any_order_and_with_usage() -> None:
    code = """
held = [next(tasks) for _ in range(3)]
for t in reversed(held):
    say(t["id"], value=t["payload"], usage={"calls": 1, "input_tokens": 5, "cost_usd": 0.25})
"""
    results: list[TaskResult] = []
    async with provider(child(code)):

        async def one(number: int) -> None:
            results.append(await run(number))

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(one, number)
    assert {result.value for result in results} == {0, 1, 2}
    assert results[0].usage == Usage(calls=1, input_tokens=5, cost_usd=0.25)


async def test_the_same_task_twice_at_once_has_two_ids() -> None:
    code = "a, b = next(tasks), next(tasks)\nfor t in (a, b): say(t['id'], value=t['id'])"
    ids = []
    async with provider(child(code)):

        async def one() -> None:
            ids.append((await run(id="same")).value)

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)
    assert sorted(ids) == ["same", "same~2"]


async def test_documents_are_encoded_and_values_decoded() -> None:
    def decode(value: Any, task: Task) -> str:
        if value < 0:
            raise ValueError("negative")
        return f"{task.kind} {value}"

    code = "for t in tasks: say(t['id'], value=t['x'] + 1)"
    async with provider(child(code), encode=lambda task: {"x": task.payload}, decode=decode):
        assert (await run(1)).value == "demo 2"
        with pytest.raises(ProviderProtocolError, match=r"no value of a task 'demo'.*negative"):
            await run(-5)


async def test_environment_and_folder_are_the_ones_given(tmp_path: Path) -> None:
    code = 'for t in tasks: say(t["id"], value=[dict(os.environ).get("ONLY"), "HOME" in os.environ, os.getcwd()])'
    options = {"environment": {"ONLY": "this"}, "working_directory": tmp_path}
    async with provider(child(code), **options):
        assert (await run()).value == ["this", False, str(tmp_path)]


async def test_an_error_of_the_program_says_what_it_says() -> None:
    code = """
say(next(tasks)["id"], error={"type": "Busy", "message": "come\\x1b[1m back", "retryable": True})
say(next(tasks)["id"], error="no")
"""
    async with provider(child(code)):
        with pytest.raises(ProviderReportedError, match="Busy: come") as busy:
            await run()
        assert (busy.value.kind, busy.value.retryable) == ("Busy", True)
        assert "\x1b" not in str(busy.value)
        with pytest.raises(ProviderReportedError, match="error: no") as plain:
            await run()
        assert not plain.value.retryable


async def test_large_documents_pass_in_both_directions_at_once() -> None:
    """A child that answers while it still reads: whoever only writes first would wait for ever."""
    code = """
while True:
    piece = os.read(0, 65536)
    if not piece: break
    os.write(1, piece)
"""
    async with provider(child(code), mode="document", encode=lambda task: {"value": task.payload}):
        text = "x" * 4_000_000
        assert (await run(text)).value == text


# --- what can go wrong ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_program_that_does_not_exist(mode: str) -> None:
    async with provider("/no/such/program --now", mode=mode):
        with pytest.raises(
            ProviderSpawnError, match=r"/no/such/program --now: cannot be started: .*No such file"
        ) as failure:
            await run()
    assert isinstance(failure.value.__cause__, FileNotFoundError)


@pytest.mark.parametrize(
    ("command", "options", "says"),
    [
        ("", {}, "empty"),
        ("say 'open", {}, "cannot be split"),
        ("say", {"mode": "both"}, "mode"),
        ("say", {"max_bytes": 0}, "max_bytes"),
    ],
)
async def test_what_cannot_be_is_told_when_it_is_spawned(command: str, options: Any, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        async with provider(command, **options):
            pass


async def test_an_instance_is_not_spawned() -> None:
    async with Runtime() as runtime:
        with pytest.raises(ConfigurationError, match=r"functools\.partial"):
            await runtime.spawn(StdioProvider("say"), accepts=["demo"], card=ProviderCard())


async def test_a_session_needs_objects() -> None:
    async with provider(child(SQUARE), encode=lambda task: [task.payload]):
        with pytest.raises(ConfigurationError, match="has to return an object"):
            await run(1)


GARBAGE = {
    "no JSON": 'print("Loading the model", flush=True)',
    "no UTF-8": 'os.write(1, b"{\\"id\\": \\"\\xff\\"}\\n")',
    "no object": 'print("[1]", flush=True)',
    "no id": "print('{\"value\": 1}', flush=True)",
    "an id that is no text": "say([1], value=1)",
    "an unknown id": 'say("stranger", value=1)',
    "too deep": 'print("[" * 100000, flush=True)',
}


@pytest.mark.parametrize("what", GARBAGE)
async def test_garbage_in_a_session(what: str, pids: Path) -> None:
    async with provider(noted(pids, f"t = next(tasks)\n{GARBAGE[what]}\ntime.sleep(60)")):
        with pytest.raises(ProviderProtocolError) as failure:
            await run()
    assert failure.value.retryable


@pytest.mark.parametrize("code", ['print("Hello")', 'os.write(1, b"\\xff")', "pass"])
async def test_garbage_as_a_document(code: str) -> None:
    async with provider(child(code), mode="document"):
        with pytest.raises(ProviderProtocolError, match="answered no"):
            await run()


async def test_a_second_answer_to_the_same_task_ends_the_session(pids: Path) -> None:
    code = 't = next(tasks)\nsay(t["id"], value=1)\nnext(tasks)\nsay(t["id"], value=2)\ntime.sleep(60)'
    async with provider(noted(pids, code)):
        assert (await run()).value == 1
        with pytest.raises(ProviderProtocolError, match="twice"):
            await run()


@pytest.mark.parametrize("usage", ['"free"', '{"cost_usd": -1}', '{"cost_usd": Infinity}', '{"coins": 1}'])
async def test_a_usage_that_cannot_be(usage: str) -> None:
    code = f"""i = next(tasks)["id"]
print('{{"id": "' + i + '", "value": 1, "usage": ' + {usage!r} + '}}', flush=True)"""
    async with provider(child(code)):
        with pytest.raises(ProviderProtocolError, match="usage"):
            await run()


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_flood_of_output_is_cut_off(mode: str, pids: Path) -> None:
    code = 'next(tasks)\nwhile True: os.write(1, b"x" * 65536)'
    async with provider(noted(pids, code), mode=mode, max_bytes=1_000_000):
        with pytest.raises(ProviderFloodError, match="1,000,000 bytes") as failure:
            await run()
    assert failure.value.limit == 1_000_000


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_flood_of_errors_disturbs_nobody(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="reflector.dispatch")
    code = (
        't = next(tasks)\nfor _ in range(50): os.write(2, b"noise " * 10000 + b"\\n")\nsay(t["id"], value=1)'
    )
    async with provider(child(code), mode=mode):
        assert (await run()).value == 1
    assert 0 < sum(len(record.getMessage()) for record in caplog.records) < 100_000
    assert "left out" in caplog.text


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_program_that_hangs_with_its_grandchild(mode: str, pids: Path) -> None:
    code = """
note(subprocess.Popen(["sleep", "60"]).pid)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for t in tasks: time.sleep(60)
"""
    async with provider(noted(pids, code), mode=mode, timeout=1):
        with pytest.raises(ProviderTimeoutError, match=r"within 1 s"):
            await run()
        for pid in noted_pids(pids):  # while the provider lives on
            assert not await anyio.to_thread.run_sync(is_running, pid)
    assert len(noted_pids(pids)) == 2


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_program_that_reads_nothing(mode: str, pids: Path) -> None:
    async with provider(noted(pids, "time.sleep(60)"), mode=mode, timeout=0.3):
        with pytest.raises(ProviderTimeoutError):
            await run("x" * 1_000_000)


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_the_deadline_of_the_task_holds_too(mode: str, pids: Path) -> None:
    # On a busy machine the caller's own deadline may pass before the provider has told of its.
    async with provider(noted(pids, "time.sleep(60)"), mode=mode):
        with pytest.raises((ProviderTimeoutError, AskTimeoutError)):
            await run(within=0.2)


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_an_exit_code_is_told_with_the_last_words(mode: str, pids: Path) -> None:
    code = 'next(tasks)\nprint("no licence", file=sys.stderr)\nsys.exit(7)'
    async with provider(noted(pids, code), mode=mode):
        with pytest.raises(ProviderDiedError, match=r"exit code 7 .*no licence") as failure:
            await run(attempts=2)
    assert failure.value.exit_code == 7
    # With a process for each task an exit code is an answer; in a session it may be another task's fault.
    assert len(noted_pids(pids)) == (2 if mode == "session" else 1)


async def test_a_document_counts_only_with_exit_code_0() -> None:
    async with provider(child("print(1)\nsys.exit(3)"), mode="document"):
        with pytest.raises(ProviderDiedError, match="exit code 3"):
            await run()


async def test_a_program_with_a_document_that_closes_its_output_has_to_end() -> None:
    async with provider(
        child('print("{}", flush=True)\nos.close(1)\ntime.sleep(60)'), mode="document", timeout=10
    ):
        with pytest.raises(ProviderDiedError, match="closed its output"):
            await run()


@pytest.mark.parametrize("mode", ["session", "document"])
async def test_a_killed_program_is_started_again(mode: str, pids: Path) -> None:
    code = f"""
t = next(tasks)
if len(open({str(pids)!r}).read().split()) < 3: os.kill(os.getpid(), 9)
say(t["id"], value="done")
"""
    async with provider(noted(pids, code), mode=mode):
        result = await run()
    assert (result.value, result.attempts) == ("done", 3)


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("os.kill(os.getpid(), 9)", ProviderDiedError),
        ('print("nonsense", flush=True); time.sleep(60)', ProviderProtocolError),
    ],
)
async def test_a_task_that_breaks_the_program_takes_no_other_along(
    deed: str, error: type[Exception], pids: Path
) -> None:
    """All of them are in flight when it breaks; one by one it is found out whose fault that was."""
    code = f"""
held = []
for t in tasks:
    held.append(t)
    if len(held) < 8 and open({str(pids)!r}).read().split()[0] == str(os.getpid()): continue
    if any(h["payload"] == 13 for h in held): {deed}
    for h in held: say(h["id"], value=h["payload"])
    held = []
"""
    done: dict[int, Any] = {}
    async with provider(noted(pids, code)):

        async def one(number: int) -> None:
            try:
                result = await run(number)
                done[number] = (result.value, result.attempts)
            except error:
                done[number] = "failed"

        async with anyio.create_task_group() as group:
            for number in range(10, 18):
                group.start_soon(one, number)
        assert (await run(100)).value == 100
    assert done == {number: (number, 2) for number in range(10, 18)} | {13: "failed"}


@pytest.mark.parametrize(
    "code",
    [
        'print("{", end="", flush=True)\nos.kill(os.getpid(), 9)',
        "os.close(1)\ntime.sleep(60)",
        "os.close(0)\nnote(subprocess.Popen(['sleep', '60'], stdin=subprocess.DEVNULL).pid)\nsys.exit(0)",
    ],
    ids=["half-way through an answer", "closes its output", "leaves a grandchild that holds the pipe"],
)
async def test_ways_to_die(code: str, pids: Path) -> None:
    async with provider(noted(pids, "t = next(tasks)\n" + code)):
        with pytest.raises(ProviderDiedError):
            await run(attempts=1)


async def test_a_grandchild_outside_of_the_group_cannot_hold_an_answer_up() -> None:
    code = """
t = next(tasks)
p = subprocess.Popen(["sleep", "30"], start_new_session=True)
print(p.pid)
"""
    async with provider(child(code), mode="document"):
        pid = (await run()).value
    os.kill(pid, signal.SIGKILL)


# --- one of several ------------------------------------------------------------------------------------------


async def test_a_time_out_breaks_nobody_else_and_the_late_answer_is_dropped(pids: Path) -> None:
    """The slow task is answered after it was given up, and after others that came later."""
    code = """
slow = None
for t in tasks:
    if t["payload"] == "slow": slow = t
    elif t["payload"] == "late":
        say(slow["id"], value="too late")
        say(t["id"], value="late")
    else: say(t["id"], value=t["payload"])
"""
    async with provider(noted(pids, code)):
        await run("first")

        async def slow() -> None:
            with pytest.raises(ProviderTimeoutError):
                await run("slow", within=1)

        async with anyio.create_task_group() as group:
            group.start_soon(slow)
            for number in range(5):
                assert (await run(number)).value == number
        assert (await run("late")).value == "late"
    assert len(noted_pids(pids)) == 1


async def test_a_caller_that_gives_up_breaks_nobody_else(pids: Path) -> None:
    code = """
held = next(tasks)
for t in tasks:
    say(t["id"], value=t["payload"])
    if t["payload"] == 9: say(held["id"], value="too late")
"""
    async with provider(noted(pids, code)), anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def wait() -> None:
            with scope:
                await run("held")

        group.start_soon(wait)
        await settle()
        for number in range(10):
            assert (await run(number)).value == number
            scope.cancel()
    assert len(noted_pids(pids)) == 1


async def test_a_program_that_falls_silent_gets_no_new_tasks_and_finishes_what_it_has(pids: Path) -> None:
    """Two are in flight, nothing is answered, one is given up: the other still gets its answer."""
    go = pids.with_name("go")
    code = f"""
say(next(tasks)["id"], value="ready")
a, b = next(tasks), next(tasks)
if a["payload"] == "second": a, b = b, a
while not os.path.exists({str(go)!r}): time.sleep(0.005)
say(b["id"], value="second")
for t in tasks: pass
"""
    other = f"""
if len(open({str(pids)!r}).read().split()) > 1:
    for t in tasks: say(t["id"], value="from the next one")
"""
    async with provider(noted(pids, other + code)):
        await run("warm-up")
        values = []

        async def second() -> None:
            values.append((await run("second")).value)

        async with anyio.create_task_group() as group:
            group.start_soon(second)
            with pytest.raises(ProviderTimeoutError):
                await run("first", within=0.5)
            assert (await run("third")).value == "from the next one"
            go.touch()
        assert values == ["second"]
    assert len(noted_pids(pids)) == 2


async def test_stopping_ends_a_program_that_does_not_want_to(pids: Path) -> None:
    code = "for t in tasks: say(t['id'], value=1)\ntime.sleep(60)"
    async with provider(noted(pids, code)):
        await run()


async def test_stopping_lets_a_program_end_by_itself(pids: Path) -> None:
    code = f"for t in tasks: say(t['id'], value=1)\nopen({str(pids.with_name('bye'))!r}, 'w').write('bye')"
    async with provider(noted(pids, code)):
        await run()
    assert pids.with_name("bye").read_text() == "bye"


async def test_stopping_lets_a_program_at_work_end_by_itself(pids: Path) -> None:
    """It answers the task it has once its input is closed, and what it does after that is not cut off."""
    bye = pids.with_name("bye")
    code = f"""
held = list(tasks)
say(held[0]["id"], value="at last")
sys.stdin.close()
open({str(bye)!r}, "w").write("bye")
"""
    session = Session(Program.from_command(noted(pids, code), 1_000))
    answers = []

    async def ask() -> None:
        answers.append((await session.ask("one", {"payload": 1}))["value"])

    async with anyio.create_task_group() as group:
        group.start_soon(session.run)
        group.start_soon(ask)
        await settle()
        await session.close()
    assert answers == ["at last"]
    assert bye.read_text() == "bye"


async def test_a_task_given_up_before_it_was_sent_says_nothing_about_the_program(pids: Path) -> None:
    session = Session(Program.from_command(noted(pids, SQUARE), 1_000))
    async with anyio.create_task_group() as group:
        group.start_soon(session.run)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await session.ask("one", {"payload": 1})
        assert (await session.ask("two", {"payload": 2}))["value"][0] == 4
        await session.close()


async def test_a_program_that_hangs_on_a_task_that_had_to_wait_is_found_out(pids: Path) -> None:
    """What was answered between the asking and the sending of a task is no sign of life after it."""
    read = pids.with_name("read")
    code = f"""
sys.stdin.read(1)
say("first", value=1)
while not os.path.exists({str(pids.with_name("go"))!r}): time.sleep(0.005)
for line in sys.stdin:
    if '"third"' in line: open({str(read)!r}, "w")
"""
    session = Session(Program.from_command(noted(pids, code), 1_000))
    scopes = {id: anyio.CancelScope() for id in ("first", "second", "third")}

    async def ask(id: str, size: int) -> None:
        with scopes[id]:
            await session.ask(id, {"payload": "x" * size})
        go.set()

    go = anyio.Event()
    async with anyio.create_task_group() as group:
        for id, size in (("first", 1), ("second", 1_000_000), ("third", 1)):
            group.start_soon(ask, id, size)
            await settle()
        group.start_soon(session.run)
        await go.wait()
        pids.with_name("go").touch()
        while not read.exists():
            await anyio.lowlevel.checkpoint()
        scopes["third"].cancel()
        await settle()
        assert not session.is_usable
        scopes["second"].cancel()


async def test_breaking_off_ends_programs_at_work(pids: Path) -> None:
    started = pids.with_name("started")
    code = f"note(subprocess.Popen(['sleep', '60']).pid)\nnext(tasks)\nopen({str(started)!r}, 'w')\ntime.sleep(60)"
    for mode in ("session", "document"):
        started.unlink(missing_ok=True)
        with anyio.move_on_after(20) as scope:
            async with provider(noted(pids, code), mode=mode), anyio.create_task_group() as group:
                group.start_soon(run)
                while not started.exists():
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
        for pid in noted_pids(pids):
            assert not is_running(pid)
    assert len(noted_pids(pids)) == 4


_KILLED = """
import functools, os, sys, anyio, reflector as rf
async def main():
    async with rf.Runtime() as runtime:
        await runtime.spawn(functools.partial(rf.StdioProvider, sys.argv[1:]), accepts=["demo"])
        print((await rf.execute(rf.Task(kind="demo", payload=1))).value[1], flush=True)
        os.kill(os.getpid(), 9)
anyio.run(main)
"""


@pytest.mark.slow
def test_a_program_ends_when_this_process_is_killed() -> None:
    command = [sys.executable, "-c", _KILLED, *child(SQUARE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not is_running(int(done.stdout))
