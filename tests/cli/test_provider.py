"""`reflector provider`: JSON in, JSON out, errors included."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def provider(text: str | bytes, *options: str) -> list[Any]:
    """Return the documents on standard output; the exit code is 0 in any case."""
    data = text.encode() if isinstance(text, str) else text
    done = subprocess.run(
        [sys.executable, "-m", "reflector.cli", "provider", "clifford", *options],
        input=data,
        capture_output=True,
        check=False,
    )
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
    assert [answer["id"] for answer in answers] == [1, "two", None, None, None, 9]
    assert answers[0]["coefficients"] == {"e1": 1.0}
    assert "not invertible" in answers[1]["error"]
    assert answers[2]["coefficients"] == {"": 2.0}
    assert all(answer["error"] for answer in answers[3:])


def test_an_interrupted_session_ends_at_once() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "reflector.cli", "provider", "clifford", "--session"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b'{"id": 1, "operation": "create_scalar_multivector"}\n')
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.stderr.read() == b"reflector: interrupted\n"


def test_a_session_answers_at_once_and_ends_with_its_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "reflector.cli", "provider", "clifford", "--session"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(
                json.dumps({"id": number, "operation": "create_scalar_multivector"}).encode() + b"\n"
            )
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == number
    assert process.returncode == 0
