"""`reflector index` and `reflector search`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reflector.code.store import Store


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, invoke: Any, tmp_path: Path) -> Any:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "retry.py").write_text("def back_off(n):\n    '''Wait longer.'''\n    sleep(n)\n")
    (tmp_path / "tree" / "broken.py").write_text("def (\n")
    monkeypatch.chdir(tmp_path)
    return invoke


def test_index_and_search(run: Any) -> None:
    code, out, err = run("index", "tree", "--store", "i.db")
    assert (code, out) == (0, "")
    assert "2 chunks of 2 files; 2 indexed, 0 unchanged, 0 removed" in err
    assert "broken.py: invalid syntax: cut by lines" in err
    code, out, err = run("search", "wait with back-off", "--store", "i.db", "--limit", "1")
    assert (code, err) == (0, "")
    assert out.startswith("retry.py:1-3  back_off")
    assert "def back_off(n):" in out


def test_json(run: Any) -> None:
    code, out, err = run("index", "tree", "--store", "i.db", "--json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    assert report["errors"] == []
    assert (report["report"]["files"], report["report"]["indexed"]) == (2, 2)
    code, out, err = run("search", "back_off", "--store", "i.db", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["query"] == "back_off"
    first = found["hits"][0]
    assert (first["path"], first["name"], first["start_line"], first["end_line"]) == (
        "retry.py",
        "back_off",
        1,
        3,
    )
    assert first["score"] > 0


def test_nothing_found_is_said(run: Any) -> None:
    run("index", "tree", "--store", "i.db")
    assert run("search", "???", "--store", "i.db") == (0, "", "nothing found\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["search", "x", "--store", "missing.db"], "cannot be opened as a code index"),
        (["search", "x", "--store", "tree/retry.py"], "holds something else than a code index"),
        (["index", "nothing", "--store", "i.db"], "no file or folder"),
        (["index", "tree", "--store", "no/such/i.db"], "cannot be opened"),
        (["index", "tree"], "store"),
        (["search", "x", "--store", "i.db", "--limit", "0"], "limit"),
        (["index", "tree", "--store", "i.db", "--minilm", "tree"], "cannot be read"),
        (
            ["index", "tree", "--store", "i.db", "--minilm", "a", "--embedding-model", "b"],
            "exclude each other",
        ),
    ],
)
def test_mistakes_are_one_line(run: Any, arguments: list[str], reason: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("reflector: ")
    assert err.count("\n") == 1
    assert reason in err


def test_an_index_that_is_not_complete_says_so(run: Any) -> None:
    Store(Path("i.db"), write=True).close()  # as a build leaves it that was killed at once
    code, out, err = run("search", "back_off", "--store", "i.db")
    assert (code, out) == (0, "")
    assert err.startswith("the index i.db is not complete: its first build was stopped or still runs.")
    assert err.endswith("nothing found\n")
    found = json.loads(run("search", "back_off", "--store", "i.db", "--json")[1])
    assert "is not complete" in found["errors"][0]
    run("index", "tree", "--store", "i.db")
    assert run("search", "back_off", "--store", "i.db")[2] == ""


def test_the_index_of_another_tree_is_left_alone_unless_it_was_moved(run: Any) -> None:
    run("index", "tree", "--store", "i.db")
    Path("tree").rename("moved")
    code, out, err = run("index", "moved", "--store", "i.db")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "is the index of" in err
    assert "`reflector index --moved`" in err
    assert run("search", "back_off", "--store", "i.db")[1].startswith("retry.py")
    assert "0 indexed, 2 unchanged, 0 removed" in run("index", "moved", "--store", "i.db", "--moved")[2]
    assert run("index", "moved", "--store", "i.db")[0] == 0
