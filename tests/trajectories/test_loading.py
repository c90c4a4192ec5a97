"""From files and bytes to trajectories: containers, encodings, errors, streaming."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reflector.errors import TrajectoryImportError, UnknownFormatError
from reflector.trajectories import archive, documents
from reflector.trajectories.formats import registry
from reflector.trajectories.formats.format import Format
from reflector.trajectories.formats.registry import FORMATS
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.trajectory import Trajectory

TALK = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "pong"}]


def loaded(source: Any, **options: Any) -> list[Trajectory]:
    return list(load_trajectories(source, **options))


def problem(source: Any, **options: Any) -> TrajectoryImportError:
    with pytest.raises(TrajectoryImportError) as caught:
        loaded(source, **options)
    return caught.value


def lines(*values: Any) -> bytes:
    return b"\n".join(value if isinstance(value, bytes) else json.dumps(value).encode() for value in values)


# --- containers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(TALK).encode(),
        json.dumps(TALK, indent=2).encode(),
        json.dumps({"messages": TALK}, indent=2).encode(),
        lines({"messages": TALK}),
        lines(*TALK),
        b"\n\n  " + json.dumps(TALK).encode() + b"\n\n",
        b"\xef\xbb\xbf" + json.dumps(TALK).encode(),
        json.dumps(TALK).encode("utf-16"),
        json.dumps(TALK).encode("utf-16-le"),
        lines(*TALK).decode().encode("utf-16"),
        json.dumps(TALK).encode("utf-32"),
    ],
    ids=[
        "list",
        "pretty",
        "object",
        "line",
        "message per line",
        "blanks",
        "bom",
        "u16",
        "u16le",
        "u16 lines",
        "u32",
    ],
)
def test_the_same_talk_is_read_from_every_container(data: bytes) -> None:
    (run,) = loaded(data)
    assert [step.content for step in run.steps] == ["ping", "pong"]
    assert run.format == "openai_chat"
    assert [step.source_index for step in run.steps] == [0, 1]


def test_paths_of_all_kinds_are_read(tmp_path: Path) -> None:
    file = tmp_path / "talk.json"
    file.write_bytes(json.dumps(TALK).encode())
    for source in (file, str(file)):
        (run,) = loaded(source)
        assert (run.id, run.source, run.record) == ("talk", str(file), None)


def test_every_line_is_a_run_of_its_own_with_an_id_that_stays(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    file.write_bytes(lines({"messages": TALK}, b"", {"messages": TALK, "id": "mine"}, {"messages": TALK}))
    runs = loaded(file)
    assert [(run.id, run.record) for run in runs] == [("talks#1", 1), ("mine", 3), ("talks#4", 4)]
    assert [run.id for run in loaded(file)] == [run.id for run in runs]


def test_bytes_have_ids_by_their_content() -> None:
    one, other = json.dumps(TALK).encode(), json.dumps(TALK[:1]).encode()
    assert loaded(one)[0].id == loaded(one)[0].id != loaded(other)[0].id


def test_lists_of_runs_are_read_one_by_one() -> None:
    runs = loaded(json.dumps([{"messages": TALK}, {"messages": TALK, "reward": 1}]).encode())
    assert [run.outcome.value for run in runs] == ["unknown", "success"]


def test_a_saved_run_is_read_again_equal(tmp_path: Path) -> None:
    run = loaded(json.dumps(TALK).encode())[0].with_outcome("failure", feedback="no")
    file = tmp_path / "saved.json"
    file.write_bytes(run.to_json(indent=True))
    assert loaded(file) == [run]


def test_lines_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "endless.jsonl"
    line = json.dumps({"messages": TALK}).encode() + b"\n"
    read = 0

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            return 0

        def readinto(self, buffer: Any) -> int:
            nonlocal read
            read += 1
            buffer[: len(line)] = line
            return len(line)

    file.write_bytes(b"")
    stream: Iterator[Any] = documents.read_documents(io.BufferedReader(Endless()), name="endless.jsonl")
    for _ in range(10):
        assert next(stream).value == {"messages": TALK}
    assert read < 100


# --- errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \n\n\t", "empty"),
        (b"[]", "no records"),
        (b"{}", "no records"),
        (b'{"messages": []}', "no messages"),
        (b'{"messages": [', "not valid JSON"),
        (b'[{"role": "user"', "not valid JSON"),
        (b"hello there", "neither a JSON object or list nor a table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        (b"\x00" * 64, "binary"),
        (b"\x1f\x8b\x08\x00rest", "gzip"),
        (b'{"messages": [{"role": "user", "content": "caf\xe9"}]}', "UTF-8"),
        (b"[" * 100_000, "JSON"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "deep"),
        (b"PK\x03\x04 not a zip at all", "zip"),
        (b'{"role": 5, "content": 6}', "no known format"),
        (
            b'[{"role": "user", "content": "x"}, {"content": "y"}, {"content": "z"}]',
            "message 1 has no role|no known",
        ),
    ],
)
def test_what_cannot_be_read_says_why_in_one_line(data: bytes, reason: str) -> None:
    error = problem(data)
    assert "\n" not in str(error)
    assert re.search(reason, error.reason)


def test_an_unknown_format_says_what_was_seen_and_what_is_known() -> None:
    with pytest.raises(UnknownFormatError, match=r"\[planets, moons\].*openai_chat"):
        loaded(b'{"planets": 8, "moons": 200}')


def test_an_unknown_name_of_a_format_is_refused_at_once() -> None:
    with pytest.raises(UnknownFormatError, match=r"'opnai'.*openai_chat"):
        load_trajectories(b"", format="opnai")


def test_a_named_format_is_taken_at_its_word() -> None:
    assert "mini_swe_agent" in problem(json.dumps(TALK).encode(), format="mini_swe_agent").reason
    for known in FORMATS:
        with pytest.raises(TrajectoryImportError):
            loaded(b'{"planets": 8}', format=known.name)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    missing = problem(tmp_path / "none.json")
    assert missing.reason == "there is no such file"
    assert missing.file == str(tmp_path / "none.json")
    assert "folder" in problem(tmp_path).reason
    assert "bytes" in problem('[{"role": "user", "content": "x"}]').reason
    assert problem("bad\x00name.json").reason
    assert "path or bytes" in problem(5).reason


def test_a_bad_line_is_named_and_reading_goes_on_when_errors_are_collected(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    file.write_bytes(lines({"messages": TALK}, b'{"messages": [', {"messages": "x"}, {"messages": TALK}))
    errors: list[TrajectoryImportError] = []
    runs = loaded(file, errors=errors)
    assert [run.record for run in runs] == [1, 4]
    assert [(error.file, error.record) for error in errors] == [(str(file), 2), (str(file), 3)]
    assert problem(file).record == 2


def test_a_bad_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    file.write_bytes(lines(b'{"messages": [{"role"', {"messages": TALK}, {"messages": TALK}))
    errors: list[TrajectoryImportError] = []
    assert [run.record for run in loaded(file, errors=errors)] == [2, 3]
    assert [error.record for error in errors] == [1]


def test_a_bad_record_of_a_list_does_not_hide_the_others() -> None:
    errors: list[TrajectoryImportError] = []
    runs = loaded(json.dumps([{"messages": TALK}, 5, {"messages": TALK}], indent=1).encode(), errors=errors)
    assert len(runs) == 2
    assert [error.record for error in errors] == [2]


def test_the_whole_file_can_fail_without_raising_when_errors_are_collected(tmp_path: Path) -> None:
    errors: list[TrajectoryImportError] = []
    assert loaded(tmp_path / "none.json", errors=errors) == []
    assert len(errors) == 1


@pytest.mark.parametrize("value", ["1" * 5000, "1e999", "-1e999", "123456789012345678901234567890"])
def test_huge_numbers_are_read_or_refused_typed(value: str) -> None:
    data = f'{{"messages": {json.dumps(TALK)}, "reward": {value}, "usage": {{"prompt_tokens": {value}}}}}'
    errors: list[TrajectoryImportError] = []
    for run in loaded(data.encode(), errors=errors):
        assert run.to_json()


def test_lone_surrogates_are_replaced() -> None:
    (run,) = loaded(b'[{"role": "assistant", "content": "a\\ud800b"}]')
    assert run.final_message == "a\ufffdb"
    assert run.to_json()


def test_a_document_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 200)
    long = [*TALK, {"role": "user", "content": "x" * 300}]
    assert "200 bytes" in problem(json.dumps(long).encode()).reason
    assert "200 bytes" in problem(json.dumps(long, indent=1).encode()).reason
    errors: list[TrajectoryImportError] = []
    runs = loaded(lines({"messages": TALK}, {"messages": long}), errors=errors)
    assert (len(runs), [error.record for error in errors]) == (1, [2])


@pytest.mark.parametrize(
    "error", [KeyError("role"), ZeroDivisionError(), RecursionError("deep"), ValueError("odd")]
)
def test_whatever_an_importer_stumbles_over_is_our_error(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> Any:
        raise error

    for broken in (
        Format(name="own", extensions=(), recognizes=lambda sample: 1.0, read=stumble),
        Format(name="own", extensions=(), recognizes=lambda sample: 1.0, read=stumble, records=stumble),
    ):
        monkeypatch.setattr(registry, "FORMATS", (broken,))
        caught = problem(lines({"a": 1}, {"b": 2}))
        assert caught.record == 1
        assert caught.__cause__ is error
        assert "own" in caught.reason


def test_one_more_format_is_one_more_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(record: Any, default_id: str) -> Trajectory:
        return Trajectory(id=default_id, format="own", raw=record)

    own = Format(name="own", extensions=(), recognizes=lambda sample: float("a" in sample.value), read=read)
    monkeypatch.setattr(registry, "FORMATS", (*FORMATS, own))
    assert [run.format for run in loaded(b'{"a": 1}')] == ["own"]
    assert [run.format for run in loaded(b'{"b": 1}', format="own")] == ["own"]


def test_the_ending_decides_between_formats_that_fit_equally(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def named(name: str, ending: str) -> Format:
        def read(record: Any, default_id: str) -> Trajectory:
            return Trajectory(id=default_id, format=name)

        return Format(name=name, extensions=(ending,), recognizes=lambda sample: 0.5, read=read)

    monkeypatch.setattr(registry, "FORMATS", (named("first", ".one"), named("second", ".two")))
    for ending, expected in ((".one", "first"), (".two", "second"), (".json", "first")):
        file = tmp_path / f"run{ending}"
        file.write_bytes(b'{"a": 1}')
        assert loaded(file)[0].format == expected


# --- archives --------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def test_a_cut_archive_is_refused() -> None:
    data = zipped({"header.json": b"{}", "samples/1_epoch_1.json": b"{}"})
    assert "zip" in problem(data[:-30]).reason
    assert problem(data[: len(data) // 2]).reason


def test_a_damaged_member_is_refused() -> None:
    data = bytearray(
        zipped({"header.json": b"{}", "samples/1_epoch_1.json": b'{"a": 1}' * 9}, zipfile.ZIP_STORED)
    )
    data[data.index(b'{"a": 1}')] = ord("[")
    error = problem(bytes(data))
    assert (error.record, "unpacked" in error.reason) == ("samples/1_epoch_1.json", True)


def test_a_named_format_without_archives_says_so() -> None:
    assert "not zip archives" in problem(zipped({"a.json": b"{}"}), format="openai_chat").reason


def test_a_broken_header_does_not_hide_the_samples() -> None:
    sample = json.dumps({"id": 1, "messages": TALK}).encode()
    errors: list[TrajectoryImportError] = []
    runs = loaded(zipped({"header.json": b"{", "samples/1_epoch_1.json": sample}), errors=errors)
    assert [error.record for error in errors] == ["header.json"]
    assert runs[0].turn_count == 1


def test_an_archive_of_something_else_is_refused_with_its_members_named() -> None:
    assert "photo.jpg" in problem(zipped({"photo.jpg": b"x"})).reason


def test_an_archive_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER_BYTES", 10_000)
    members = {"header.json": b"{}", "samples/1_epoch_1.json": b'{"a": "' + b"0" * 100_000 + b'"}'}
    error = problem(zipped(members))
    assert error.record == "samples/1_epoch_1.json"
    assert "10000" in error.reason


def test_an_archive_bomb_with_a_lying_directory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_RATIO_COUNTS_FROM", 1000)
    monkeypatch.setattr(archive, "_PIECE", 10_000)
    members = {"header.json": b"{}", "samples/1_epoch_1.json": b'{"a": "' + b"0" * 1_000_000 + b'"}'}
    assert "times its packed size" in problem(zipped(members)).reason


# --- tables ----------------------------------------------------------------------------------------------


def table(*rows: list[str], delimiter: str = ",") -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_are_read_with_any_usual_delimiter(delimiter: str) -> None:
    data = table(
        ["Input", "Output", "Score"], ["2+2", "5\nor so", "0"], ["1+1", "2", "1"], delimiter=delimiter
    )
    runs = loaded(data)
    assert [run.outcome.value for run in runs] == ["failure", "success"]
    assert [run.final_message for run in runs] == ["5\nor so", "2"]
    assert [run.record for run in runs] == [1, 2]


def test_fields_of_any_length_are_read_and_the_limit_of_the_process_stays() -> None:
    before = csv.field_size_limit()
    (run,) = loaded(table(["input", "output"], ["q", "x" * 200_000]))
    assert len(run.final_message or "") == 200_000
    assert csv.field_size_limit() == before


def test_a_table_of_something_else_is_refused_with_its_columns_named() -> None:
    assert "[city, people]" in problem(table(["city", "people"], ["Bonn", "300000"])).reason


# --- anything at all -------------------------------------------------------------------------------------

KEYS = st.sampled_from(
    [
        "messages",
        "role",
        "content",
        "tool_calls",
        "function",
        "arguments",
        "id",
        "score",
        "scores",
        "reward",
        "error",
        "trajectory",
        "history",
        "action",
        "observation",
        "thought",
        "info",
        "extra",
        "samples",
        "eval",
        "version",
        "trajectory_format",
        "input",
        "output",
        "events",
        "event",
        "schema",
        "steps",
        "choices",
        "message",
        "type",
        "usage",
        "timestamp",
        "limit",
        "metadata",
        "attachments",
        "exit_status",
        "tools",
        "feedback",
        "value",
        "text",
    ]
)
WORDS = st.sampled_from(
    ["user", "assistant", "tool", "system", "model", "text", "tool_use", "mini-swe-agent-1", "I"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=30,
)
SHAPED = st.one_of(
    ANYTHING,
    st.builds(
        lambda m, rest: {"messages": m, **rest},
        st.lists(ANYTHING, max_size=3),
        st.dictionaries(KEYS, ANYTHING),
    ),
    st.lists(
        st.builds(
            lambda role, content, rest: {**rest, "role": role, "content": content},
            WORDS,
            ANYTHING,
            st.dictionaries(KEYS, ANYTHING),
        ),
        max_size=3,
    ),
    st.builds(
        lambda info, m: {"trajectory_format": "mini-swe-agent-1", "info": info, "messages": m},
        ANYTHING,
        st.lists(
            st.builds(lambda r, c, e: {"role": r, "content": c, "extra": e}, WORDS, ANYTHING, ANYTHING),
            max_size=3,
        ),
    ),
    st.builds(
        lambda a, o, rest: {
            "trajectory": [{"action": a, "observation": o, **rest}],
            "history": [rest],
            "info": rest,
        },
        ANYTHING,
        ANYTHING,
        st.dictionaries(KEYS, ANYTHING),
    ),
    st.builds(
        lambda sample: {"version": 2, "eval": {}, "samples": [sample]}, st.dictionaries(KEYS, ANYTHING)
    ),
    st.builds(lambda rest: {"schema": "reflector.trajectory/1", **rest}, st.dictionaries(KEYS, ANYTHING)),
)


@pytest.mark.slow
@given(SHAPED)
@example({"messages": [{"role": "assistant", "content": {"type": "text", "text": {"value": []}}}]})
def test_any_json_at_all_gives_runs_or_our_error(value: Any) -> None:
    errors: list[TrajectoryImportError] = []
    for run in load_trajectories(json.dumps(value).encode(), errors=errors):
        assert Trajectory.from_json(run.to_json()).id == run.id
        assert isinstance(run.to_openai_messages(), list)
        run.statistics()
    assert all("\n" not in str(error) for error in errors)


@pytest.mark.slow
@given(SHAPED, st.sampled_from([known.name for known in FORMATS]))
def test_any_json_read_as_any_format_gives_runs_or_our_error(value: Any, name: str) -> None:
    errors: list[TrajectoryImportError] = []
    for run in load_trajectories(json.dumps(value).encode(), format=name, errors=errors):
        run.statistics()


@pytest.mark.slow
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda data: b"PK\x03\x04" + data))
def test_any_bytes_at_all_give_runs_or_our_error(data: bytes) -> None:
    errors: list[TrajectoryImportError] = []
    assert isinstance(loaded(data, errors=errors), list)


@pytest.mark.parametrize("depth", [10, 190, 260])
def test_a_deep_record_is_read_and_saved_or_refused_typed(depth: int) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"deeper": value}
    data = json.dumps({"messages": [*TALK, {"role": "user", "content": "x", "more": value}]}).encode()
    errors: list[TrajectoryImportError] = []
    for run in load_trajectories(data, errors=errors):
        assert Trajectory.from_json(run.to_json()) == run
        assert loaded(run.to_json()) == [run]
    assert bool(errors) == (depth > 200)


def test_what_cannot_be_rewound_is_read_too(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(json.dumps(TALK).encode()))
    writer.start()
    try:
        (run,) = loaded(pipe)
    finally:
        writer.join()
    assert run.turn_count == 1
