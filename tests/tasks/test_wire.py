"""Task groups as JSON: our form, solfunmeme's, lines, arrays; what is wrong, and where."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector._json import dumps, loads_exactly
from reflector.clifford.task import CliffordOperation
from reflector.code.chunk import Chunk, ChunkKind
from reflector.dispatch.task import Estimate, Limits
from reflector.errors import InputError, InvalidGroupError
from reflector.tasks import wire
from reflector.tasks.group import GroupOrigin, TaskGroup
from reflector.tasks.payloads import (
    CodeEvolutionTask,
    CodeReflectionTask,
    Payload,
    PromptReflectionTask,
    RolloutTask,
)
from reflector.tasks.wire import GroupReader, group_of, read_groups, write_group

ORIGIN = [
    {
        "task_type": "code_reflection",
        "payload": {
            "CodeReflection": {"code_chunks": ["fn a() {}", "fn b() {}"], "multivector": [0.0, 0.013]}
        },
    },
    {
        "task_type": "clifford_operation",
        "payload": {
            "CliffordOperation": {
                "operation": "create_scalar_multivector",
                "scalar_value": 42.0,
                "vector_values": [],
                "input_multivector": None,
            }
        },
    },
    {
        "task_type": "code_evolution",
        "payload": {"CodeEvolution": {"code_snippet": "x = 1", "meme_token": {"prime_id": 6}}},
    },
]

text = st.text(max_size=20)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
chunks = st.builds(
    Chunk, path=text, language=text, kind=st.sampled_from(ChunkKind), name=text, start_line=st.just(3),
    end_line=st.just(4), text=text, tokens=st.integers(0, 9), defines=st.tuples(text),
)  # fmt: skip
finite = st.floats(allow_nan=False, allow_infinity=False)
payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(CodeReflectionTask, code_chunks=st.lists(chunks, min_size=1, max_size=3)),
    st.builds(CodeEvolutionTask, code_snippet=st.text(min_size=1), context=st.dictionaries(text, plain)),
    st.builds(CliffordOperation, operation=text, scalar_value=finite, vector_values=st.lists(finite)),
    st.builds(PromptReflectionTask, runs=st.lists(plain, min_size=1, max_size=2), prompt=st.none() | text),
    st.builds(RolloutTask, components=st.dictionaries(text, text), example=plain),
)
groups = st.builds(
    TaskGroup,
    payload=payloads,
    goal=text,
    priority=finite,
    limits=st.builds(Limits, cost_usd=st.none() | st.floats(0, 5)),
    estimate=st.none() | st.builds(Estimate, input_tokens=st.integers(0, 99)),
    origin=st.builds(GroupOrigin, parent=st.none() | text, part=st.integers(1, 4), parts=st.integers(1, 4)),
    deadline=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(st.lists(groups, max_size=3))
@settings(deadline=None)
def test_what_is_written_is_read(made: list[TaskGroup]) -> None:
    lines = [dumps(write_group(group)) for group in made]
    assert read_groups(b"\n".join(lines)) == made
    assert read_groups(dumps([loads_exactly(line) for line in lines], indent=True)) == made


@given(groups)
@settings(deadline=None)
def test_what_is_written_for_the_origin_is_read(group: TaskGroup) -> None:
    bare = group_of(write_group(group, "origin_payload"))
    whole = group_of(loads_exactly(dumps(write_group(group, "origin"))))
    assert bare.task_type == whole.task_type == group.task_type
    if isinstance(group.payload, CodeReflectionTask):
        assert isinstance(whole.payload, CodeReflectionTask)
        assert [c.text for c in whole.payload.code_chunks] == [c.text for c in group.payload.code_chunks]
        assert len(whole.payload.multivector) == 256


@pytest.mark.parametrize("document", ORIGIN)
def test_the_origins_groups_are_read_and_written_back(document: dict[str, Any]) -> None:
    (group,) = read_groups(dumps(document))
    (bare,) = read_groups(dumps(document["payload"]))
    assert group.task_type == bare.task_type == document["task_type"]
    assert group.payload == bare.payload
    assert write_group(group, "origin") == document


def test_a_multivector_is_written_for_the_origin_as_its_dense_list() -> None:
    blades = {"e1": 2.0, "e12": 1.0}
    task = CodeReflectionTask(code_chunks=["x"], multivector=blades)
    dense = write_group(TaskGroup(payload=task), "origin_payload")["CodeReflection"]["multivector"]
    assert (dense[:4], len(dense)) == ([0.0, 2.0, 0.0, -1.0], 256)  # it stores e21 where we have e12


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\n".join(map(dumps, ORIGIN)), id="lines"),
        pytest.param(b"\xef\xbb\xbf\n\r\n" + b"\r\n\n".join(map(dumps, ORIGIN)), id="mark-and-blank-lines"),
        pytest.param(dumps(ORIGIN), id="array"),
        pytest.param(dumps(ORIGIN, indent=True), id="pretty-array"),
        pytest.param(b"\n".join(dumps(each, indent=True) for each in ORIGIN), id="pretty-objects"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 10**6])
def test_lines_arrays_and_single_documents_in_any_pieces(content: bytes, step: int) -> None:
    reader = GroupReader()
    items = [
        item
        for at in range(0, len(content), step)
        for item in reader.feed(content[at : at + step])
    ] + list(reader.close())  # fmt: skip
    assert [item.task_type for item in items if isinstance(item, TaskGroup)] == [
        "code_reflection", "clifford_operation", "code_evolution",
    ]  # fmt: skip


def test_a_line_is_a_group_as_soon_as_it_is_there() -> None:
    reader = GroupReader()
    assert len(list(reader.feed(dumps(ORIGIN[1]) + b"\n" + b'{"task'))) == 1
    assert list(reader.feed(b'_type"')) == []


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"hello", 1, "is not JSON"),
        (b"\n\n42", 3, 'expected a task group'),
        (dumps(ORIGIN[1]) + b'\n{"CodeReflection": {"code_chunks": []}}', 2, "code_chunks: .* at least 1"),
        (dumps(ORIGIN[1]) + b'\n{"a": ', 2, "is not JSON"),
        (b'{"payload": {"Poem": {}}, "task_type": "poem"}', 1, "task_type is one of prompt_reflection, .*; got 'poem'"),
        (b'{"task_type": "rollout", "payload": {"CodeEvolution": {"code_snippet": "x"}}}', 1, "tagged 'CodeEvolution'"),
        (b'{"task_type": "code_evolution", "payload": {"code_snip": "x"}}', 1, "code_snippet: Field required"),
        (b'{"CodeEvolution": {"code_snippet": "x"}, "more": 1}', 1, "got the keys CodeEvolution, more"),
        (b'{"CodeEvolution": {"code_snippet": "\xff"}}', 1, "is not JSON"),
        (b"[\n" + dumps(ORIGIN[1]) + b"\n,\n7]", 1, "line 1, item 2: expected a task group"),
        (b"{\n" + b'"CodeEvolution":\n {]', 3, "is not JSON"),
        (b'{"Rollout": {"components": {}, "example": ' + b"[" * 500 + b"]" * 500 + b"}}", 1, "more than 100 deep"),
        (b'{"Rollout": {"components": {}, "example": ' + b"[" * 10**6, 1, "is not JSON"),
    ],
)  # fmt: skip
def test_what_is_no_group_says_so_and_where(content: bytes, line: int, words: str) -> None:
    with pytest.raises(InvalidGroupError, match=words) as caught:
        read_groups(content)
    assert caught.value.line == line
    errors: list[InvalidGroupError] = []
    read_groups(content, errors=errors)
    assert errors[0].line == line


def test_reading_goes_on_behind_what_is_wrong() -> None:
    errors: list[InvalidGroupError] = []
    assert len(read_groups(b"x\n".join(dumps(each) + b"\n" for each in ORIGIN), errors=errors)) == 3
    assert [err.line for err in errors] == [2, 4]


def test_too_large_is_an_error_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_DOCUMENT", 200)
    reader = GroupReader()
    for _ in range(1000):
        assert list(reader.feed(b"x" * 100)) == []
        assert sum(map(len, reader._parts)) <= 201
    (error,) = reader.feed(b"\n")
    assert "more than 200 bytes" in str(error)
    (group,) = reader.feed(dumps(ORIGIN[2]) + b"\n")
    assert isinstance(group, TaskGroup)
    with pytest.raises(InvalidGroupError, match="more than 200 bytes"):
        read_groups(dumps(ORIGIN))


@pytest.mark.parametrize("source", ["nowhere.ndjson", dumps(ORIGIN * 1_000).decode(), "\0", 7, None])
def test_what_is_no_file_is_told_in_a_line_with_what_is_expected(source: Any) -> None:
    with pytest.raises(InputError, match=r"cannot be read: .*the content itself as bytes") as caught:
        read_groups(source)
    assert len(str(caught.value)) < 400


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "plan.ndjson"
    file.write_bytes(dumps(ORIGIN[0]))
    assert len(read_groups(file)) == len(read_groups(str(file))) == 1
    with pytest.raises(InputError, match="No such file"):
        read_groups(tmp_path / "none")
    assert read_groups(b"") == read_groups(b"\n \n") == read_groups(b"[]") == []
