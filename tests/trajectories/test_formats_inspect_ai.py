"""Logs of inspect_ai as archives and as JSON."""

from __future__ import annotations

import io
import json
import sys
import zipfile
import zlib
from typing import Any

import pytest
import zstandard

from reflector.errors import TrajectoryImportError
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.step import StepKind
from reflector.trajectories.trajectory import Trajectory

HEADER: dict[str, Any] = {
    "version": 2,
    "status": "success",
    "eval": {"task": "locks", "model": "small-1", "run_id": "r"},
}


def sample(**fields: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "epoch": 1,
        "input": "Open the lock.",
        "target": "1234",
        "messages": [
            {"role": "system", "content": "You open locks."},
            {"role": "user", "content": "Open the lock.", "source": "input"},
            {
                "role": "assistant",
                "id": "m1",
                "content": [{"type": "reasoning", "reasoning": "try"}, {"type": "text", "text": "Trying."}],
                "tool_calls": [
                    {"id": "c1", "function": "dial", "arguments": {"code": "0000"}, "type": "function"}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "function": "dial", "content": "closed"},
            {"role": "assistant", "content": "I give up.", "id": "m2"},
        ],
        **fields,
    }


def log(*samples: dict[str, Any], **header: Any) -> bytes:
    return json.dumps({**HEADER, **header, "samples": list(samples)}).encode()


def read(*samples: dict[str, Any], **header: Any) -> list[Trajectory]:
    return list(load_trajectories(log(*samples, **header)))


def zipped(members: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, value in members.items():
            file.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return buffer.getvalue()


def test_messages_of_a_sample_become_steps() -> None:
    (run,) = read(sample())
    assert [step.kind.value for step in run.steps] == [
        "system",
        "user",
        "reasoning",
        "message",
        "tool_call",
        "tool_result",
        "message",
    ]
    assert [step.source_index for step in run.steps] == [0, 1, 2, 2, 2, 3, 4]
    assert run.tool_calls[0].arguments == {"code": "0000"}
    assert (run.steps[5].name, run.steps[5].call_id) == ("dial", "c1")
    assert (run.prompt, run.model, run.agent, run.turn_count) == ("You open locks.", "small-1", "locks", 2)
    assert run.metadata["target"] == "1234"
    assert run.raw == sample()


def test_every_sample_and_epoch_is_a_run_of_its_own() -> None:
    runs = read(sample(), sample(epoch=2), sample(id="b", uuid="u-9"))
    assert [run.record for run in runs] == ["1/1", "1/2", "b/1"]
    assert len({run.id for run in runs}) == 3
    assert runs[2].id == "u-9"


def test_an_archive_is_read_like_the_json_file() -> None:
    members = {
        "header.json": HEADER,
        "samples/1_epoch_1.json": sample(),
        "samples/2_epoch_1.json": sample(id=2),
    }
    from_archive = list(load_trajectories(zipped(members)))
    from_json = read(sample(), sample(id=2))
    assert [run.steps for run in from_archive] == [run.steps for run in from_json]
    assert [run.record for run in from_archive] == ["1/1", "2/1"]


def test_an_unfinished_archive_is_read_from_its_journal() -> None:
    members = {"_journal/start.json": HEADER, "samples/1_epoch_1.json": sample()}
    (run,) = load_trajectories(zipped(members))
    assert run.model == "small-1"


def test_a_broken_member_is_named_and_the_others_are_read() -> None:
    members = {
        "header.json": HEADER,
        "samples/1_epoch_1.json": b'{"id": 1',
        "samples/2_epoch_1.json": sample(id=2),
    }
    errors: list[TrajectoryImportError] = []
    runs = list(load_trajectories(zipped(members), errors=errors))
    assert [run.record for run in runs] == ["2/1"]
    assert [error.record for error in errors] == ["samples/1_epoch_1.json"]


def packed_with_zstandard(name: str, data: bytes) -> bytes:
    """Return a zip archive of one member by method 93, which `zipfile` cannot write on every Python we support."""
    packed = zstandard.ZstdCompressor().compress(data)
    plain = zipped({name: b""})
    info = zipfile.ZipFile(io.BytesIO(plain)).getinfo(name)
    sizes = (
        zlib.crc32(data).to_bytes(4, "little")
        + len(packed).to_bytes(4, "little")
        + len(data).to_bytes(4, "little")
    )
    encoded = name.encode()
    fixed = b"\x3f\x00\x00\x00\x5d\x00" + b"\x00\x00\x21\x00" + sizes + len(encoded).to_bytes(2, "little")
    local = b"PK\x03\x04" + fixed + b"\x00\x00" + encoded + packed
    central = b"PK\x01\x02\x3f\x00" + fixed + b"\x00" * 12 + b"\x00" * 4 + encoded
    counts = b"\x01\x00\x01\x00" + len(central).to_bytes(4, "little") + len(local).to_bytes(4, "little")
    assert info.filename == name
    return local + central + b"PK\x05\x06\x00\x00\x00\x00" + counts + b"\x00\x00"


ZSTANDARD = packed_with_zstandard("samples/1_epoch_1.json", json.dumps(sample()).encode())


def test_members_packed_with_zstandard_are_read() -> None:
    assert next(load_trajectories(ZSTANDARD, format="inspect_ai")).turn_count == 2


def test_damaged_zstandard_is_refused_typed() -> None:
    for place in (ZSTANDARD.index(b"\x28\xb5\x2f\xfd"), 0x30):
        damaged = bytearray(ZSTANDARD)
        damaged[place] ^= 0xFF
        with pytest.raises(TrajectoryImportError):
            list(load_trajectories(bytes(damaged), format="inspect_ai"))


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="zipfile reads zstandard itself from Python 3.14 on")
def test_without_zstandard_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(TrajectoryImportError, match=r"reflector-agents\[zstd\]"):
        list(load_trajectories(ZSTANDARD, format="inspect_ai"))


@pytest.mark.parametrize(
    ("scores", "outcome"),
    [
        ({"match": {"value": "C"}}, "success"),
        ({"match": {"value": "I"}}, "failure"),
        ({"match": {"value": "N"}}, "failure"),
        ({"match": {"value": "P"}}, "partial"),
        ({"match": {"value": 1}}, "success"),
        ({"match": {"value": 0.0}}, "failure"),
        ({"match": {"value": 0.3}}, "partial"),
        ({"a": {"value": "C"}, "b": {"value": "I"}}, "partial"),
        ({"a": {"value": {"x": 1, "y": 1}}}, "success"),
        ({}, "unknown"),
    ],
)
def test_scores_decide_the_outcome(scores: dict[str, Any], outcome: str) -> None:
    (run,) = read(sample(scores=scores))
    assert run.outcome.value == outcome


def test_only_explanations_that_say_something_new_are_feedback() -> None:
    judge = {"value": "I", "answer": "gave up", "explanation": "It tried one code only."}
    echo = {"value": "I", "answer": "I give up.", "explanation": "I give up."}
    (run,) = read(sample(scores={"judge": judge, "match": echo}))
    assert run.feedback == ("It tried one code only.",)
    assert [score.explanation for score in run.scores] == ["It tried one code only.", "I give up."]


@pytest.mark.parametrize(
    ("fields", "outcome", "limit"),
    [
        ({"limit": {"type": "message", "limit": 50}}, "partial", "messages=50"),
        ({"limit": {"type": "time", "limit": 60}}, "timeout", "time=60"),
        (
            {"limit": {"type": "token", "limit": 1000}, "scores": {"m": {"value": "I"}}},
            "failure",
            "tokens=1000",
        ),
        ({"events": [{"event": "sample_limit", "type": "working", "limit": 5}]}, "timeout", "time=5"),
    ],
)
def test_a_reached_limit_is_named(fields: dict[str, Any], outcome: str, limit: str) -> None:
    (run,) = read(sample(**fields))
    assert (run.outcome.value, run.limit) == (outcome, limit)


def test_a_sample_that_crashed_says_so() -> None:
    (run,) = read(sample(error={"message": "the sandbox is gone", "traceback": "…"}))
    assert (run.outcome.value, run.error) == ("error", "the sandbox is gone")


def test_a_run_that_crashed_as_a_whole_says_so() -> None:
    (run,) = read(sample(), status="error", error={"message": "the host is gone"})
    assert (run.outcome.value, run.error) == ("error", "the host is gone")


def test_failed_tools_and_unreadable_calls_are_marked() -> None:
    messages = [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "function": "dial", "arguments": {}, "parse_error": "not JSON"}],
        },
        {
            "role": "tool",
            "tool_call_id": "c1",
            "function": "dial",
            "content": "",
            "error": {"type": "timeout", "message": "Too slow."},
        },
    ]
    call, result = read(sample(messages=messages))[0].steps
    assert (call.is_error, call.error) == (True, "parse_error: not JSON")
    assert (result.is_error, result.error, result.content) == (True, "timeout", "Too slow.")


def test_attachments_are_put_back_where_they_belong() -> None:
    key = "0" * 32
    messages = [
        {"role": "user", "content": f"attachment://{key}"},
        {
            "role": "assistant",
            "content": "ok",
            "tool_calls": [{"id": "c", "function": "f", "arguments": {"t": f"attachment://{key}"}}],
        },
    ]
    (run,) = read(sample(messages=messages, attachments={key: "a long text"}))
    assert run.steps[0].content == "a long text"
    assert run.tool_calls[0].arguments == {"t": "a long text"}


def model_event(message: dict[str, Any], stop: str, **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    return {
        "event": "model",
        "timestamp": "2030-01-01T00:00:00+00:00",
        "working_time": 1.5,
        "tools": [{"name": "dial"}],
        "output": {"choices": [{"message": message, "stop_reason": stop}], "usage": usage},
        **fields,
    }


def test_events_tell_what_messages_do_not() -> None:
    tool = {
        "event": "tool",
        "id": "c1",
        "working_time": 2.0,
        "error": {"type": "permission", "message": "no"},
    }
    events = [
        model_event({"role": "assistant", "content": "x", "id": "m1"}, "tool_calls"),
        tool,
        model_event({"role": "assistant", "content": "y", "id": "m2"}, "max_tokens"),
    ]
    (run,) = read(sample(events=events, model_usage={"small-1": {"input_tokens": 20, "output_tokens": 4}}))
    call, result, last = run.steps[4:]
    assert (call.finish_reason, call.duration_ms) == ("tool_calls", 1500.0)
    assert (result.is_error, result.error, result.duration_ms) == (True, "permission", 2000.0)
    assert last.finish_reason == "length"
    assert run.tools == ("dial",)
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.calls) == (20, 2)


@pytest.mark.parametrize(
    "event",
    [
        model_event(
            {"role": "assistant", "content": "Bye."}, "stop", input=[{"role": "user", "content": "Hi."}]
        ),
        model_event({"role": "assistant", "content": "Bye."}, "stop", input=[], input_refs=[[1, 2]]),
    ],
    ids=["input", "pool"],
)
def test_a_sample_without_messages_is_read_from_its_events(event: dict[str, Any]) -> None:
    pool = {"messages": [{"role": "user", "content": "Other."}, {"role": "user", "content": "Hi."}]}
    (run,) = read(sample(messages=[], events=[event], events_data=pool))
    assert [(step.kind, step.content) for step in run.steps] == [
        (StepKind.USER, "Hi."),
        (StepKind.MESSAGE, "Bye."),
    ]


def test_a_log_without_samples_says_why() -> None:
    with pytest.raises(TrajectoryImportError, match="no GPU"):
        read(status="error", error={"message": "no GPU"})
    with pytest.raises(TrajectoryImportError, match="no samples"):
        read()


def test_it_becomes_openai_messages() -> None:
    messages = read(sample())[0].to_openai_messages()
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert messages[2]["tool_calls"][0]["function"] == {"name": "dial", "arguments": '{"code":"0000"}'}
