"""`reflector plan` makes task groups that `dispatch` reads, `reflector apply` writes the patches that come of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from reflector.tasks.patch import Patch
from reflector.tasks.wire import read_groups

LOADING = "def load(path):\n    return open(path).read()\n"
SAVING = "def save(path, text):\n    load(path)\n    open(path, 'w').write(text)\n"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, invoke: Any, tmp_path: Path) -> Any:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "load.py").write_text(LOADING)
    (tmp_path / "tree" / "save.py").write_text(SAVING)
    monkeypatch.chdir(tmp_path)
    return invoke


def test_a_page_for_people(run: Any) -> None:
    code, out, err = run("plan", "tree")
    assert (code, err) == (0, "")
    assert "tree/load.py:1-2  load" in out
    assert "task groups, about" in out


def test_lines_are_task_groups_on_the_wire_and_what_is_left_out_is_said(run: Any) -> None:
    code, out, err = run("plan", "tree", "--limit", "1", "--output-format", "ndjson", "--goal", "Find leaks.")
    assert code == 0
    assert "left out by the limits: the 1 chunks that matter least" in err
    (group,) = read_groups(out.encode())
    assert (group.task_type, group.goal) == ("code_reflection", "Find leaks.")
    assert [chunk.path for chunk in group.payload.code_chunks] == ["tree/load.py"]  # type: ignore[union-attr]


def test_an_array_holds_the_same_groups(run: Any) -> None:
    _, out, _ = run("plan", "tree", "--output-format", "json")
    assert len(json.loads(out)) == len(read_groups(out.encode())) == 2


def test_an_index_is_kept_and_planned_from(run: Any) -> None:
    assert run("plan", "tree", "--index-path", "i.db")[0] == 0
    code, out, _ = run("plan", "--index-path", "i.db", "--output-format", "ndjson")
    assert code == 0
    assert len(read_groups(out.encode())) == 2


def test_several_paths_are_one_plan(run: Any) -> None:
    _, out, _ = run("plan", "tree/load.py", "tree/save.py", "--output-format", "ndjson")
    paths = {chunk.path for group in read_groups(out.encode()) for chunk in group.payload.code_chunks}  # type: ignore[union-attr]
    assert paths == {"tree/load.py", "tree/save.py"}


def test_a_snippet_and_an_operation_need_no_code(run: Any) -> None:
    snippet = ("--task-type", "code_evolution", "--code-snippet", LOADING, "--goal", "Close it.")
    code, out, _ = run("plan", *snippet, "--output-format", "ndjson")
    assert (code, read_groups(out.encode())[0].payload.code_snippet) == (0, LOADING)  # type: ignore[union-attr]
    operation = (
        "--task-type",
        "clifford_operation",
        "--operation",
        "create_scalar_multivector",
        "--values",
        "42",
    )
    code, out, _ = run("plan", *operation, "--output-format", "json")
    (group,) = read_groups(out.encode())
    assert (code, group.payload.scalar_value) == (0, 42.0)  # type: ignore[union-attr]


def test_positions_are_one_task_a_group(run: Any) -> None:
    code, out, _ = run("plan", "tree", "--task-type", "clifford_operation", "--output-format", "ndjson")
    assert code == 0
    assert {group.payload.operation for group in read_groups(out.encode())} == {"create_vector_multivector"}  # type: ignore[union-attr]


def test_a_table_of_providers_gives_the_expected_cost(run: Any) -> None:
    Path("p.toml").write_text('[[providers]]\nname = "cheap"\nkind = "echo"\ncost_in = 0.000001\n')
    code, out, _ = run("plan", "tree", "--llm-config-path", "p.toml")
    assert code == 0
    assert "cheap: about $0.00" in out


@pytest.mark.slow
def test_prices_that_the_table_leaves_open_are_those_that_litellm_knows(run: Any) -> None:
    Path("p.toml").write_text('[[providers]]\nname = "m"\nkind = "model"\nmodel = "openai/gpt-4o-mini"\n')
    code, out, _ = run("plan", "tree", "--providers", "p.toml")
    assert code == 0
    assert "m: about $0.00" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name a PATH"),
        (("nowhere",), "no file or folder"),
        (("tree", "--task-type", "code_evolution"), "goal"),
        (("tree", "--code-snippet", "x"), "--task-type code_evolution"),
        (("tree", "--operation", "norm"), "--task-type clifford_operation"),
        (("--task-type", "clifford_operation", "--values", "1"), "--operation"),
        (("--task-type", "clifford_operation", "--operation", "norm", "--values", "a"), "numbers"),
        (("tree", "tree", "--index-path", "i.db"), "one tree"),
        (("tree", "--llm-config-path", "nowhere.toml"), "cannot be read"),
        (("tree", "--similarity-threshold", "2"), "similarity-threshold"),
    ],
)
def test_bad_input_is_said_in_one_line(run: Any, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = run("plan", *arguments)
    assert (code, out) == (2, "")
    assert said in err


# --- apply ----------------------------------------------------------------------------------------------------


def result(**changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "path": "tree/load.py", "start_line": 1, "before": LOADING, "after": LOADING.replace("read()", "read(9)"),
    }  # fmt: skip
    patch = Patch.model_validate(fields | changes).model_dump()
    line = {"id": "g", "status": "completed", "result": {"text": "", "patch": patch}}
    return (
        json.dumps({"id": "other", "result": {"analysis": ""}}).encode()
        + b"\n"
        + json.dumps(line).encode()
        + b"\n"
    )


def test_patches_are_shown_and_written_when_asked(run: Any) -> None:
    code, out, _ = run("apply", stdin=result())
    assert code == 0
    assert "+    return open(path).read(9)" in out
    assert Path("tree/load.py").read_text() == LOADING
    assert run("apply", "--write", stdin=result())[0] == 0
    assert "read(9)" in Path("tree/load.py").read_text()


def test_a_patch_whose_test_fails_is_not_written(run: Any) -> None:
    failing = f"{sys.executable} -c 'raise SystemExit(1)'"
    code, out, err = run("apply", "--write", "--test", failing, "--json", stdin=result())
    assert code == 3
    assert "exit code 1" in err
    assert json.loads(out)["error"]["type"] == "PatchRejectedError"
    assert Path("tree/load.py").read_text() == LOADING
    passing = f"{sys.executable} -c 'import load; load.load'"
    assert run("apply", "--write", "--test", passing, "--root", "tree", stdin=result(path="load.py"))[0] == 0
    assert "read(9)" in Path("tree/load.py").read_text()


def test_a_file_that_changed_is_left_alone(run: Any) -> None:
    code, _, err = run("apply", "--write", stdin=result(before="def other(): ...\n"))
    assert code == 3
    assert "has changed since" in err


@pytest.mark.parametrize("content", [b"nonsense\n", b'{"id": 1, "result": {"patch": 3}}', b"[]"])
def test_what_is_no_result_is_said(run: Any, content: bytes) -> None:
    code, out, err = run("apply", stdin=content)
    assert (code, out) == (2, "")
    assert "line 1: expected a result" in err


def test_results_without_patches_are_said(run: Any) -> None:
    code, out, err = run("apply", stdin=b'{"id": "a", "result": null}\n')
    assert (code, out) == (0, "")
    assert "no patch" in err
