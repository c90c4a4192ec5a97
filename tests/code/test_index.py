"""An index is up to date after every build, consistent after every interruption, and touches only what changed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest

import reflector as rf
from reflector.code import building
from reflector.code.building import IndexOptions, IndexProgress
from reflector.code.store import Store
from reflector.code.store_file import CODE_INDEX

pytestmark = pytest.mark.anyio


def write_tree(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, ns=(10**18, 10**18))
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(
        tmp_path / "tree",
        {
            "retry.py": "def wait(n):\n    '''Sleep with exponential back-off.'''\n    sleep(2 ** n)\n",
            "pkg/http.py": "class Client:\n    def fetch(self, url):\n        wait(1)\n        return url\n",
            "README.md": "# About\n\nA client with retries.\n",
            "empty.py": "",
        },
    )


class Counting(rf.HashingEmbedder):
    """Counts what it embeds."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> Any:
        self.seen += texts
        return super().embed(texts)


async def build(tree: Path, **options: Any) -> rf.CodeIndex:
    return await rf.CodeIndex.build(tree, store=tree.parent / "index.db", **options)


def unfinished(tree: Path) -> rf.CodeIndex:
    """Open an index of which no build has come to its end."""
    with pytest.warns(UserWarning, match="is not complete") as caught:
        index = rf.CodeIndex.open(tree.parent / "index.db")
    assert caught[0].filename == __file__
    return index


async def test_the_public_contract(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree.parent)
    index = await rf.CodeIndex.build("tree", store="index.db")
    hits = index.search("retry with back-off", limit=10)
    assert (hits[0].path, hits[0].name, hits[0].lines) == ("retry.py", "wait", (1, 3))
    assert hits[0].text.startswith("def wait")
    assert hits[0].score > hits[1].score
    groups = rf.group_chunks(index.chunks(), strategy="references", max_tokens=4000)
    assert groups.quality.groups == groups.quality.bound == 1
    assert groups.quality.references_kept == 1.0
    assert "4 files" not in repr(index)
    assert len(index) == 3


async def test_only_what_changed_is_touched(tree: Path) -> None:
    embedder = Counting()
    first = (await build(tree, embedder=embedder)).report
    assert first is not None
    assert (first.files, first.indexed, first.unchanged, first.embedded) == (4, 4, 0, 3)
    embedder.seen.clear()
    same = (await build(tree, embedder=embedder)).report
    assert same is not None
    assert (same.indexed, same.unchanged, same.embedded, embedder.seen) == (0, 4, 0, [])
    os.utime(tree / "retry.py")  # touched, but the same
    write_tree(tree, {"pkg/http.py": "class Server:\n    pass\n", "new.py": "x = 1\n"})
    (tree / "README.md").unlink()
    index = await build(tree, embedder=embedder)
    report = index.report
    assert report is not None
    assert (report.indexed, report.unchanged, report.removed, report.embedded) == (2, 2, 1, 2)
    assert len(embedder.seen) == 2
    assert {chunk.path for chunk in index.chunks()} == {"retry.py", "pkg/http.py", "new.py"}
    assert not index.search("Client.fetch") or index.search("Client.fetch")[0].name != "Client"


async def test_a_change_within_the_same_tick_is_seen(tree: Path) -> None:
    """A file as young as its entry is read again, even with the same size and time."""
    young = tree / "retry.py"
    young.write_text("a = 1\n")
    stamp = young.stat().st_mtime_ns
    await build(tree)
    young.write_text("b = 2\n")
    os.utime(young, ns=(stamp, stamp))
    index = await build(tree)
    assert [chunk.text for chunk in index.chunks() if chunk.path == "retry.py"] == ["b = 2\n"]


async def test_other_budgets_and_grammars_make_new_chunks(tree: Path) -> None:
    write_tree(tree, {"long.py": "def f():\n" + "    call()\n" * 100})
    one = await build(tree)
    two = await build(tree, options=IndexOptions(max_tokens=50))
    assert two.report is not None
    assert two.report.indexed == 5
    assert len(two) > len(one.chunks()[:1])
    assert max(chunk.tokens for chunk in two.chunks()) <= 50


async def test_vectors_are_kept_by_content_and_embedder(tree: Path) -> None:
    class Other(Counting):
        id = "other:1"

    await build(tree)
    other = Other()
    index = await build(tree, embedder=other)
    assert len(other.seen) == 3
    assert index.chunks().vectors is not None
    with pytest.raises(rf.ConfigurationError, match="built with the embedder 'other:1'"):
        rf.CodeIndex.open(index.path)
    again = Counting()
    await build(tree, embedder=again)
    assert again.seen == []


async def test_an_open_index_sees_what_others_write(tree: Path) -> None:
    await build(tree)
    with rf.CodeIndex.open(tree.parent / "index.db") as index:
        assert not any(hit.path == "late.py" for hit in index.search("latecomer"))
        write_tree(tree, {"late.py": "def latecomer():\n    pass\n"})
        await build(tree)
        assert index.search("latecomer")[0].path == "late.py"
    with pytest.raises(rf.CodeError, match=r"cannot be used now: .*closed"):
        index.search("latecomer")


async def test_it_is_read_while_it_is_written(tree: Path) -> None:
    """A reader inside of every step of a build sees whole files only."""
    write_tree(tree, {f"f{n}.py": f"def f{n}():\n    pass\n\ndef g{n}():\n    pass\n" for n in range(40)})
    await build(tree)
    write_tree(tree, {f"f{n}.py": f"def h{n}():\n    pass\n\ndef k{n}():\n    return 1\n" for n in range(40)})
    seen = []

    def look(progress: IndexProgress) -> None:
        with rf.CodeIndex.open(tree.parent / "index.db") as index:
            per_file: dict[str, list[str]] = {}
            for chunk in index.chunks():
                per_file.setdefault(chunk.path, []).append(chunk.name[0])
            seen.append({tuple(names) for path, names in per_file.items() if path.startswith("f")})

    original = building._BATCH_FILES
    building._BATCH_FILES = 7
    try:
        await build(tree, on_progress=look)
    finally:
        building._BATCH_FILES = original
    assert len(seen) > 5
    assert all(names <= {("f", "g"), ("h", "k")} for names in seen)
    assert seen[-1] == {("h", "k")}


async def test_cancelled_it_stays_consistent_and_goes_on_later(tree: Path) -> None:
    write_tree(tree, {f"f{n}.py": f"def f{n}():\n    pass\n" for n in range(30)})
    original = building._BATCH_FILES
    building._BATCH_FILES = 5
    try:
        with anyio.CancelScope() as scope:
            await build(tree, on_progress=lambda progress: scope.cancel())
    finally:
        building._BATCH_FILES = original
    assert scope.cancelled_caught
    with unfinished(tree) as index:
        done = len({chunk.path for chunk in index.chunks()})
        assert 0 < done < 33
        index.search("f1")
    index = await build(tree)
    assert index.report is not None
    assert index.report.unchanged >= done
    assert len({chunk.path for chunk in index.chunks()}) == 33


async def test_progress_counts_the_texts_that_are_embedded(tree: Path) -> None:
    seen: list[IndexProgress] = []
    write_tree(tree, {f"same{n}.md": "# Same\n" for n in range(3)})
    await build(tree, on_progress=seen.append)
    assert seen[-1].done == seen[-1].total
    write_tree(tree, {"new.md": "# New\n"})
    await build(tree, on_progress=seen.append)
    assert seen[-1] == ("embedding", 1, 1)


async def test_an_embedder_whose_vectors_change_their_size_is_refused(tree: Path) -> None:
    class Wider(rf.HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            return np.ones((len(texts), 8), np.float32)

    await build(tree)
    write_tree(tree, {"new.md": "# New\n"})
    with pytest.raises(rf.ConfigurationError, match="512 numbers each as before; another model needs"):
        await build(tree, embedder=Wider())
    assert (await build(tree)).search("new")


async def test_a_store_that_others_hold_is_not_called_damaged(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reflector.code.store.CODE_INDEX", replace(CODE_INDEX, busy_seconds=0.0))
    (await build(tree)).close()
    write_tree(tree, {"new.md": "# New\n"})
    with closing(sqlite3.connect(tree.parent / "index.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(rf.CodeError, match="cannot be used now: database is locked") as caught:
            await build(tree)
    assert type(caught.value) is rf.CodeError


async def test_a_failing_embedder_leaves_the_chunks(tree: Path) -> None:
    class Failing(rf.HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            raise rf.LLMConnectionError("down")

    with pytest.raises(rf.LLMConnectionError):
        await build(tree, embedder=Failing())
    with unfinished(tree) as index:
        assert index.search("back-off")[0].name == "wait"

    class Wrong(rf.HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            return np.zeros((1, 3), np.float32)

    class Lists(rf.HashingEmbedder):
        def embed(self, texts: Sequence[str]) -> Any:
            return [[0.0] for _ in texts]

    for embedder, told in ((Wrong(), r"returned the shape \(1, 3\)"), (Lists(), r"\(list\)")):
        with pytest.raises(rf.ConfigurationError, match=told):
            await build(tree, embedder=embedder)


def test_the_twin_for_code_that_does_not_await(tree: Path) -> None:
    with rf.CodeIndex.build_sync(tree, store=tree.parent / "index.db") as index:
        assert index.search("back-off")[0].name == "wait"
    with rf.CodeIndex.build_sync(tree / "retry.py", store=tree.parent / "one.db") as index:
        assert [chunk.path for chunk in index.chunks()] == ["retry.py"]


KILLED = """
import os, sys
import reflector as rf
from reflector.code import building

building._BATCH_FILES = 3
left = int(sys.argv[3])

def die(progress):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

rf.CodeIndex.build_sync(sys.argv[1], store=sys.argv[2], on_progress=die)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 4, 9])
def test_killed_while_it_indexes_it_opens_again(tree: Path, step: int) -> None:
    write_tree(tree, {f"f{n}.py": f"def f{n}():\n    pass\n" for n in range(20)})
    store = tree.parent / "index.db"
    done = subprocess.run([sys.executable, "-c", KILLED, tree, store, str(step)], check=False)
    assert done.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with unfinished(tree) as index:
        assert index.search("f1") is not None
    with rf.CodeIndex.build_sync(tree, store=store) as index:
        assert index.report is not None
        assert index.report.unchanged > 0
        assert len({chunk.path for chunk in index.chunks()}) == 23
        assert index.chunks().vectors is not None
        assert (np.linalg.norm(index.chunks().vectors, axis=1) > 0.9).all()


@pytest.mark.slow
async def test_much_to_read_is_chunked_in_processes(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tree, {f"f{n}.py": f"def f{n}():\n    pass\n" for n in range(20)})
    monkeypatch.setattr(building, "_WORTH_PROCESSES", 1)
    monkeypatch.setattr(building, "_BATCH_FILES", 5)
    index = await build(tree, options=IndexOptions(workers=2))
    assert len({chunk.path for chunk in index.chunks()}) == 23
    alone = await rf.CodeIndex.build(tree, store=tree.parent / "other.db", options=IndexOptions(workers=1))
    assert list(alone.chunks()) == list(index.chunks())


async def test_a_store_inside_of_its_tree_is_no_part_of_it(tree: Path) -> None:
    for _ in range(2):
        index = await rf.CodeIndex.build(
            tree, store=tree / "index.db", options=IndexOptions(lexical="tantivy")
        )
        assert index.report is not None
        assert (index.report.files, index.report.skipped) == (4, {})


async def test_two_builds_at_once_end_in_one_index(tree: Path) -> None:
    write_tree(tree, {f"f{n}.py": f"def f{n}():\n    pass\n" for n in range(30)})
    async with anyio.create_task_group() as building_twice:
        building_twice.start_soon(build, tree)
        building_twice.start_soon(build, tree)
    index = await build(tree)
    assert index.report is not None
    assert (index.report.indexed, len(index)) == (0, 33)


# --- files that cannot be a store --------------------------------------------------------------------------


async def test_a_foreign_file_is_left_as_it_is(tree: Path) -> None:
    for name, content in {"text.db": b"not a database at all" * 100, "other.db": None}.items():
        path = tree.parent / name
        if content is None:
            with closing(sqlite3.connect(path)) as connection, connection:
                connection.execute("CREATE TABLE chunk (x)")
        else:
            path.write_bytes(content)
        before = path.read_bytes()
        for use in (lambda path=path: rf.CodeIndex.open(path), lambda path=path: Store(path, write=True)):
            with pytest.raises(rf.IndexOpenError, match="something else") as caught:
                use()
            assert caught.value.reason == "foreign"
        assert path.read_bytes() == before


async def test_a_newer_store_is_refused(tree: Path) -> None:
    index = await build(tree)
    index.close()
    with closing(sqlite3.connect(index.path)) as connection, connection:
        connection.execute(f"PRAGMA user_version = {CODE_INDEX.version + 1}")
    for use in (lambda: rf.CodeIndex.open(index.path), lambda: Store(index.path, write=True)):
        with pytest.raises(rf.IndexOpenError, match="newer version of reflector") as caught:
            use()
        assert (caught.value.reason, caught.value.path) == ("newer", str(index.path))


async def test_an_older_store_is_brought_up_to_date(tree: Path) -> None:
    index = await build(tree)
    index.close()
    with closing(sqlite3.connect(index.path)) as connection, connection:
        connection.executescript("DROP TABLE vector; DROP INDEX chunk_by_hash; PRAGMA user_version = 1")
    with pytest.raises(rf.IndexOpenError, match="code index of the older schema 1"):
        rf.CodeIndex.open(index.path)
    index = await build(tree)
    assert index.report is not None
    assert (index.report.unchanged, index.report.embedded) == (4, 3)


async def test_impossible_arguments_are_typed_errors(tree: Path) -> None:
    with pytest.raises(rf.InputError, match="no file or folder"):
        await build(tree / "nothing")
    with pytest.raises(rf.IndexOpenError, match="cannot be opened"):
        await rf.CodeIndex.build(tree, store=tree.parent / "no" / "folder.db")
    with pytest.raises(rf.IndexOpenError, match="cannot be opened"):
        rf.CodeIndex.open(tree.parent / "missing.db")
    (tree.parent / "empty.db").touch()
    with pytest.raises(rf.IndexOpenError, match="is empty"):
        rf.CodeIndex.open(tree.parent / "empty.db")
    with pytest.raises(rf.ConfigurationError, match="an embedder has"):
        await build(tree, embedder="minilm")
    with pytest.raises(ValueError, match="max_tokens"):
        IndexOptions(max_tokens=0)
    index = await build(tree)
    for arguments in ({"limit": 0}, {"weight": 2.0}):
        with pytest.raises(rf.InputError, match="limit is above 0"):
            index.search("x", **arguments)  # type: ignore[arg-type]
    with pytest.raises(rf.InputError, match="a query is a text"):
        index.search(b"x")  # type: ignore[arg-type]


async def test_a_damaged_store_is_a_typed_error(tree: Path) -> None:
    index = await build(tree)
    index.close()
    data = bytearray(index.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    index.path.write_bytes(data)
    with pytest.raises((rf.IndexDamagedError, rf.IndexOpenError)):
        rf.CodeIndex.open(index.path).search("x")


async def test_an_empty_tree_is_an_empty_index(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    index = await build(tmp_path / "tree")
    assert (len(index), index.search("x"), len(index.chunks())) == (0, [], 0)
    assert len(rf.group_chunks(index.chunks())) == 0


async def test_tantivy_finds_the_same_words(tree: Path) -> None:
    options = IndexOptions(lexical="tantivy")
    index = await build(tree, options=options)
    assert index.search("back-off", weight=0)[0].name == "wait"
    write_tree(tree, {"retry.py": "def pause():\n    pass\n", "z.py": "def zebra():\n    pass\n"})
    index = await build(tree, options=options)
    assert index.search("zebra")[0].name == "zebra"
    assert [hit.name for hit in index.search("exponential", weight=0)] == []
    with rf.CodeIndex.open(index.path) as opened:
        assert opened.search("zebra", weight=0)[0].name == "zebra"
    await anyio.lowlevel.checkpoint()


def test_a_store_that_is_not_there_is_named_in_plain_words(tmp_path: Path) -> None:
    for path, told in ((tmp_path / "no.db", "no such file"), (tmp_path, "it is a folder")):
        with pytest.raises(rf.IndexOpenError, match=told):
            rf.CodeIndex.open(path)
    with pytest.raises(rf.StoreOpenError, match="no folder"):
        rf.AnswerStore(tmp_path / "no" / "answers.db")


def test_senseless_options_are_a_configuration_error() -> None:
    with pytest.raises(rf.errors.ConfigurationError, match="lexical: "):
        IndexOptions(lexical="by heart")
