"""`reflector provider`: JSON in, JSON out, errors included."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from reflector.testing.loopback import LoopbackServer

pytestmark = pytest.mark.slow


def called(text: str | bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "reflector.cli", "provider", *arguments]
    data = text.encode() if isinstance(text, str) else text
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=60)


def provider(text: str | bytes, *options: str, name: str = "clifford") -> list[Any]:
    """Return the documents on standard output; the exit code is 0 in any case."""
    done = called(text, name, *options)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_one_document_in_and_one_out() -> None:
    request = '{"CliffordOperation": {"operation": "create_vector_multivector", "vector_values": [1, 2, 3]}}'
    assert provider(request) == [
        {"signature": [8, 0, 0], "coefficients": {"e1": 1.0, "e2": 2.0, "e3": 3.0}, "error": None}
    ]


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", '{"CliffordOperation": {"operation": "create_vector_multivector"}}']
)
def test_errors_are_answers(text: str | bytes) -> None:
    (answer,) = provider(text)
    assert (answer["signature"], answer["coefficients"]) == (None, {})
    assert answer["error"]


def test_a_session_answers_line_by_line() -> None:
    lines = [
        {"id": 1, "CliffordOperation": {"operation": "prime_identity_multivector", "scalar_value": 2}},
        {"id": "two", "operation": "inverse", "input_multivector": {"": 1, "e1": 1}},
        {"operation": "norm", "input_multivector": {"e1": 2}},
    ]
    answers = provider(
        "\n\n".join(map(json.dumps, lines)) + "\nbroken {\n[]\n" + json.dumps({"id": 9}), "--session"
    )
    by_id = {answer["id"]: answer for answer in answers if answer["id"]}
    others = [answer for answer in answers if not answer["id"]]
    assert by_id[1]["coefficients"] == {"e1": 1.0}
    assert "not invertible" in by_id["two"]["error"]
    assert by_id[9]["error"]
    assert [other["coefficients"] for other in others if not other["error"]] == [{"": 2.0}]
    assert len(others) == 3


def session() -> tuple[subprocess.Popen[bytes], Callable[[int], bytes]]:
    """Start a session; return it, and a function that asks one question and returns the line of its answer."""
    command = [sys.executable, "-m", "reflector.cli", "provider", "clifford", "--session"]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)

    def answer(number: int) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        question = {"id": number, "operation": "create_scalar_multivector"}
        process.stdin.write(json.dumps(question).encode() + b"\n")
        process.stdin.flush()
        return process.stdout.readline()

    return process, answer


def test_an_interrupted_session_ends_at_once() -> None:
    process, answer = session()
    with process:
        answer(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"reflector: interrupted\n"


def test_a_session_answers_at_once_and_ends_with_its_input() -> None:
    process, answer = session()
    with process:
        for number in range(3):
            assert json.loads(answer(number))["id"] == number
    assert process.returncode == 0


# --- echo, as solfunmeme has it ------------------------------------------------------------------------------

FILLED = {"operation": "norm", "scalar_value": 0.0, "vector_values": [], "input_multivector": None}


def test_echo_gives_the_document_back_pretty() -> None:
    done = called('{"CliffordOperation": {"operation": "norm"}}', "echo")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == json.dumps({"CliffordOperation": FILLED}, indent=2).encode()


def test_echo_of_what_is_no_task_is_an_exit_code() -> None:
    done = called('{"Unknown": {}}', "echo")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"reflector: expected a task group")


def test_a_session_of_echo() -> None:
    own = {"id": "own", "task_type": "rollout", "payload": {"components": {}, "example": 1}}
    bare = {"CliffordOperation": {"operation": "norm"}}
    group = {"id": 2, "task_type": "clifford_operation", "payload": bare}
    lines = [{"id": 1} | bare, group, own, {"id": "bad", "payload": 3}]
    answers = provider("\n".join(map(json.dumps, lines)) + "\nbroken", "--session", name="echo")
    by_id = {answer["id"]: answer for answer in answers}
    assert by_id[1]["value"] == {"CliffordOperation": FILLED}
    assert by_id[2]["value"] == {"task_type": "clifford_operation", "payload": {"CliffordOperation": FILLED}}
    assert by_id["own"]["value"] == own
    assert by_id["bad"]["error"]["type"] == "InvalidGroupError"
    assert "not JSON" in by_id[None]["error"]["message"]


# --- reflections ---------------------------------------------------------------------------------------------

CODE = {"CodeReflection": {"code_chunks": ["try:\n    f()\nexcept:\n    pass\n"], "multivector": [0, 1]}}


def test_code_is_reflected_on_by_rules_and_what_they_cannot_do_is_an_answer() -> None:
    lines = [{"id": "code"} | CODE, {"id": "run", "Rollout": {"components": {}}}]
    answers = provider("\n".join(map(json.dumps, lines)), "--session", "--model", "rules", name="reflect")
    by_id = {answer["id"]: answer for answer in answers}
    (suggestion,) = by_id["code"]["value"]["suggestions"]
    assert (suggestion["start_line"], suggestion["end_line"]) == (3, 3)
    assert by_id["run"]["error"]["type"] == "NoProviderError"


def test_a_slow_model_call_keeps_no_other_task_waiting() -> None:
    """The first question is answered only when the second one has been."""
    second_came = threading.Event()

    def answer(request: Any) -> str:
        if "slow" in request.messages[-1]["content"]:
            assert second_came.wait(30)
        else:
            second_came.set()
        return json.dumps({"analysis": "Fine.", "root_causes": [], "suggestions": []})

    def task(name: str) -> dict[str, Any]:
        payload = {"code_chunks": [f"{name} = 1"], "multivector": []}
        return {"id": name, "task_type": "code_reflection", "payload": {"CodeReflection": payload}}

    with LoopbackServer(answer) as server:
        options = ("--session", "--model", "openai/test", "--base-url", server.base_url)
        lines = json.dumps(task("slow")) + "\n" + json.dumps(task("quick"))
        answers = provider(lines, *options, name="reflect")
    assert {each["id"] for each in answers} == {"quick", "slow"}
    assert all(each["value"]["analysis"] == "Fine." for each in answers)
    assert all(each["usage"]["calls"] == 1 for each in answers)


# --- programs of one's own -----------------------------------------------------------------------------------

OWN = """
import sys, reflector as rf
class Busy(Exception):
    retryable = True
async def handler(task):
    print("a stray line")
    if task["payload"] == "busy":
        raise Busy("later")
    if task["payload"] == "strange":
        return object()
    return rf.TaskOutput(value=task["payload"] * 2, usage=rf.Usage(calls=1))
rf.serve_stdio(handler, session="--session" in sys.argv)
print("another one")
"""


def own(text: str, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", OWN, *options]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=60)


def test_a_program_of_ones_own_may_print_and_fail() -> None:
    lines = [{"id": number, "payload": payload} for number, payload in enumerate([21, "busy", "strange"])]
    done = own("\n".join(map(json.dumps, lines)), "--session")
    answers = {answer.pop("id"): answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers[0] == {"value": 42, "usage": {"calls": 1}}
    assert answers[1] == {"error": {"type": "Busy", "message": "later", "retryable": True}}
    assert answers[2]["error"]["type"] == "TypeError"
    assert done.stderr.count(b"a stray line") == 3
    assert b"another one" in done.stderr


def test_a_program_of_ones_own_answers_a_document() -> None:
    assert json.loads(own('{"payload": 21}').stdout) == {"value": 42, "usage": {"calls": 1}}


def test_a_session_ends_at_once_when_nobody_reads_its_answers() -> None:
    program = "import anyio, reflector as rf\nrf.serve_stdio(lambda task: anyio.sleep_forever())"
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"id": 1}\n')
    process.stdin.flush()
    process.stdout.close()
    assert process.wait(30) == 0  # its input is still open, its task still runs
    process.stdin.close()
