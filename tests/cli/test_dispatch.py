"""`reflector dispatch`: lines of JSON as they come, logs beside them, and what its exit codes mean."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reflector.cli.dispatch import _told
from reflector.tasks.code_results import CodeReflection, CodeSuggestion
from reflector.tasks.results import GroupResult

TABLE = """
[[providers]]
name = "echo"
kind = "echo"
accepts = ["rollout"]
cost_in = 0.25
account = "mine"
[[providers]]
name = "algebra"
kind = "clifford"
[[providers]]
name = "rules"
kind = "rules"
"""
ROLLOUT = {
    "id": "r",
    "task_type": "rollout",
    "payload": {"components": {}, "example": 7},
    "estimate": {"input_tokens": 2},
}
NORM = {"CliffordOperation": {"operation": "norm", "input_multivector": {"e1": 2}}}
CHUNKS = {
    "task_type": "code_reflection",
    "payload": {
        "CodeReflection": {"code_chunks": ["try:\n    f()\nexcept:\n    pass\n"], "multivector": None}
    },
}
EVOLUTION = {"CodeEvolution": {"code_snippet": "x", "meme_token": None}}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, invoke: Any, tmp_path: Path) -> Any:
    (tmp_path / "table.toml").write_text(TABLE)
    monkeypatch.chdir(tmp_path)

    def command(text: str, *arguments: str, table: str = "table.toml") -> tuple[int, list[Any], str]:
        Path("plan").write_text(text)
        code, out, err = invoke("dispatch", "plan", "--providers", table, *arguments)
        return code, [json.loads(line) for line in out.splitlines()], err

    return command


def lines(*documents: Any) -> str:
    return "\n".join(map(json.dumps, documents))


def test_every_task_has_a_line_and_what_it_cost_is_said_beside(run: Any) -> None:
    code, out, err = run(lines(ROLLOUT, NORM, CHUNKS, EVOLUTION) + "\nnonsense\n")
    by_kind = {line["task_type"]: line for line in out}
    assert (code, len(out)) == (0, 5)
    assert list(out[0]) == [
        "id", "task_type", "provider", "status", "result", "usage", "cost_usd", "attempts", "decision", "error",
    ]  # fmt: skip
    assert (by_kind["rollout"]["result"]["example"], by_kind["rollout"]["cost_usd"]) == (7, 0.5)
    assert by_kind["clifford_operation"]["result"]["coefficients"] == {"": 2.0}
    assert by_kind["code_reflection"]["result"]["suggestions"][0]["start_line"] == 3
    failed = by_kind["code_evolution"]
    assert (failed["status"], failed["provider"], failed["error"]["type"]) == (
        "failed",
        None,
        "NoProviderError",
    )
    assert (by_kind[""]["id"], by_kind[""]["error"]["type"]) == ("line 5", "InvalidGroupError")
    assert "3 of 5 tasks done" in err
    assert "rollout             echo      mine" in err


@pytest.mark.parametrize("text", [json.dumps([ROLLOUT, NORM], indent=2), json.dumps(ROLLOUT, indent=2), ""])
def test_arrays_single_documents_and_nothing_at_all(run: Any, text: str) -> None:
    code, out, err = run(text)
    assert code == 0
    assert len(out) == text.count("task_type") + text.count("CliffordOperation")
    assert f"{len(out)} of {len(out)} tasks done" in err


def test_the_exit_code_says_when_nothing_was_done(run: Any) -> None:
    code, out, err = run(lines(EVOLUTION, EVOLUTION))
    assert (code, [line["status"] for line in out]) == (3, ["failed", "failed"])
    assert "0 of 2 tasks done" in err
    code, out, err = run("nonsense\n{}\n")
    assert (code, len(out)) == (2, 2)
    assert "reflector: line 1: it is not JSON" in err


@pytest.mark.parametrize(
    ("table", "words"), [("none.toml", "none.toml cannot be read"), ("plan", "plan is not TOML")]
)
def test_a_table_that_cannot_be_used_is_bad_input(run: Any, table: str, words: str) -> None:
    code, out, err = run(lines(NORM), table=table)
    assert (code, out) == (2, [])
    assert words in err
    code, out, _ = run(lines(NORM), "--json", table=table)
    assert words in out[0]["errors"][0]["reason"]
    code, out, err = run("", "--ensemble", "0")
    assert (code, out) == (2, [])


def test_several_providers_and_one_answer(run: Any, tmp_path: Path) -> None:
    table = '[[providers]]\nname = "{}"\nkind = "echo"\n'
    (tmp_path / "two.toml").write_text(table.format("a") + table.format("b"))
    code, (line,), _ = run(lines(ROLLOUT), "--ensemble", "2", "--merge", "vote", table="two.toml")
    assert (code, line["id"], line["provider"], line["result"]["example"]) == (0, "r", "a, b", 7)
    assert [part["id"] for part in line["parts"]] == ["r@a", "r@b"]


def started(tmp_path: Path, table: str) -> subprocess.Popen[bytes]:
    (tmp_path / "table.toml").write_text(table)
    command = [sys.executable, "-m", "reflector.cli", "dispatch", "-", "--providers", "table.toml"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe)


def send(process: subprocess.Popen[bytes], document: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(document).encode() + b"\n")
    process.stdin.flush()


@pytest.mark.slow
def test_a_pipe_is_answered_while_it_is_open(tmp_path: Path) -> None:
    with started(tmp_path, TABLE) as process:
        assert process.stdout is not None
        for number in range(3):
            send(process, ROLLOUT | {"id": str(number)})
            assert json.loads(process.stdout.readline())["id"] == str(number)
        rest, _ = process.communicate(timeout=30)
        assert (rest, process.returncode) == (b"", 0)


@pytest.mark.slow
def test_ctrl_c_ends_it_with_its_children(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")  # the child holds it open as long as it lives
    (tmp_path / "child.py").write_text("import time\nalive = open('alive', 'w')\ntime.sleep(600)\n")
    child = f'[[providers]]\nname = "child"\nkind = "stdio"\ncommand = "{sys.executable} child.py"\n'
    with started(tmp_path, child) as process:
        send(process, EVOLUTION)
        with (tmp_path / "alive").open() as alive:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
            assert alive.read() == ""
    assert (process.returncode, out) == (130, b"")
    assert b"reflector: interrupted" in err


@pytest.mark.slow
def test_whoever_reads_may_stop_reading(tmp_path: Path) -> None:
    (tmp_path / "plan").write_text((json.dumps(ROLLOUT) + "\n") * 2000)
    (tmp_path / "table.toml").write_text(TABLE)
    command = f"{sys.executable} -m reflector.cli dispatch plan --providers table.toml | head -2"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert len(done.stdout.splitlines()) == 2
    assert b"Traceback" not in done.stderr


def test_a_terminal_shows_suggestions_with_their_places() -> None:
    suggestion = CodeSuggestion(
        type="modify",
        category="clarity",
        description="Say\nmore.",
        rationale="",
        path="a.py",
        start_line=3,
        end_line=4,
    )
    value = CodeReflection(analysis="Fine.", suggestions=(suggestion,))
    result = GroupResult(id="g", task_type="code_reflection", status="completed", value=value, provider="p")
    assert _told(result) == "g p $0 Fine.\n  a.py:3-4: [medium] Say more."
    odd = result.replace(value=object(), task_type="rollout")
    assert _told(odd).startswith("g p $0 TypeError: its value has no JSON form")
    assert _told(result.replace(value={"a": 1})) == 'g p $0 {"a":1}'
