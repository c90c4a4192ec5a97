"""Trees made to hurt: everything is bounded, counted, and nothing outside is read."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

import reflector as rf
from reflector.code.walking import Found, read_file, walk

pytestmark = pytest.mark.anyio


def walked(root: Path, limit: int = 2_000_000) -> tuple[list[str], Counter[str]]:
    skipped: Counter[str] = Counter()
    return [found.path for found in walk(root, limit, skipped)], skipped


async def indexed(root: Path) -> rf.CodeIndex:
    return await rf.CodeIndex.build(root, store=root.parent / "index.db")


async def test_links_are_never_followed(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "secret.py").write_text("SECRET = 1\n")
    (tree / "inside.py").write_text("def inside():\n    pass\n")
    (tree / "loop").symlink_to(tree, target_is_directory=True)
    (tree / "out").symlink_to(outside, target_is_directory=True)
    (tree / "file.py").symlink_to(outside / "secret.py")
    (tree / "broken.py").symlink_to(tree / "nothing")
    (tree / ".gitignore").symlink_to(outside / "secret.py")
    index = await indexed(tree)
    assert [chunk.path for chunk in index.chunks()] == ["inside.py"]
    assert index.report is not None
    assert index.report.skipped == {"link": 5}


def test_a_link_that_takes_a_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    (tmp_path / "file.py").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic link"):
        read_file(tmp_path / "file.py", 100)


async def test_huge_binary_and_undecodable_files_are_counted(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "huge.py").touch()
    os.truncate(tree / "huge.py", 200_000_000)
    (tree / "binary.py").write_bytes(b"x = 1\0\n")
    (tree / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\n")
    (tree / "bad.py").write_bytes(b"name = '\xe9'\n")
    (tree / "puny.py").write_bytes(b"# coding: punycode\nname = '\xe9'\n")
    (tree / "unknown.py").write_bytes(b"# coding: klingon\nname = '\xe9'\n")
    (tree / "mark.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    os.mkfifo(tree / "pipe.py")
    (tree / "syntax.py").write_text("def (:\n")
    index = await indexed(tree)
    report = index.report
    assert report is not None
    assert report.skipped == {"binary": 1, "no regular file": 1, "too large": 1, "undecodable": 3}
    assert ("syntax.py", "invalid syntax: cut by lines") in report.problems
    assert {chunk.path: chunk.text for chunk in index.chunks()} == {
        "latin.py": "# -*- coding: latin-1 -*-\nname = 'é'\n",
        "mark.py": "x = 1\n",
        "syntax.py": "def (:\n",
    }
    again = await indexed(tree)
    assert again.report is not None
    assert again.report.indexed == 0


async def test_a_name_that_is_no_text_is_counted(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a\ud800.py".encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")).write_text(
        "x = 1\n"
    )
    (tree / "b'; DROP TABLE chunk; --\n.py").write_text("y = 1\n")
    index = await indexed(tree)
    assert [chunk.text for chunk in index.chunks()] == ["y = 1\n"]
    assert index.report is not None
    assert index.report.skipped == {"undecodable": 1}


def test_what_cannot_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so that the refusal is made here."""
    (tmp_path / "closed").mkdir()

    def refuse(path: Path) -> None:
        raise PermissionError(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert walked(tmp_path) == ([], Counter(unreadable=1))


@pytest.mark.slow
async def test_many_empty_files_are_bounded(tmp_path: Path) -> None:
    """Three thousand here; the benchmark takes fifty thousand."""
    for folder in range(30):
        (tmp_path / "tree" / f"d{folder}").mkdir(parents=True)
        for number in range(100):
            (tmp_path / "tree" / f"d{folder}" / f"{number}.py").touch()
    index = await indexed(tmp_path / "tree")
    assert index.report is not None
    assert (index.report.files, index.report.chunks) == (3000, 0)


def test_deep_folders_are_no_recursion(tmp_path: Path) -> None:
    path = tmp_path
    for _ in range(300):
        path = path / "d"
        os.mkdir(path)
    (path / "deep.py").write_text("x = 1\n")
    assert walked(tmp_path)[0] == ["d/" * 300 + "deep.py"]


async def test_nothing_that_is_read_is_executed(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    ran = tmp_path / "ran"
    (tree / "setup.py").write_text(f"open({str(ran)!r}, 'w')\n")
    (tree / "conftest.py").write_text(f"open({str(ran)!r}, 'w')\n")
    await indexed(tree)
    assert not ran.exists()


def test_what_git_ignores_is_left_out(tmp_path: Path) -> None:
    for name in (
        "a.py",
        "b.log",
        "keep.log",
        "build/x.py",
        "sub/c.py",
        "sub/d.tmp",
        "sub/build/y.py",
        "docs/z.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("x\n")
    for folder in (".git", "node_modules", "env"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "f.py").write_text("x\n")
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/build/\n# c\n\ndocs/*\n[\n")
    (tmp_path / "sub" / ".gitignore").write_text("*.tmp\n!b.log\n")
    paths, skipped = walked(tmp_path)
    assert paths == [".gitignore", "a.py", "keep.log", "sub/.gitignore", "sub/c.py", "sub/build/y.py"]
    assert skipped == {"ignored": 7}


def test_a_single_file_is_a_tree(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("x = 1\n")
    (found,) = walk(file, 100, Counter())
    assert found == Found("a.py", 6, file.stat().st_mtime_ns)
    assert walked(file, 3) == ([], Counter({"too large": 1}))


@pytest.mark.slow
async def test_pathological_text_takes_no_long_time(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "quotes.py").write_text("'" * 200_000)
    (tree / "stars.c").write_text("/*" * 100_000)
    (tree / "names.py").write_text("a" * 200_000 + "(" + "b." * 100_000)
    (tree / "ticks.md").write_text("`" * 100_000 + "\n" + "#" * 100_000 + "\n")
    (tree / "blanks.py").write_text(" \t" * 100_000 + "x")
    begun = time.process_time()
    index = await indexed(tree)
    rf.group_chunks(index.chunks())
    assert [chunk.calls for chunk in index.chunks()]
    assert time.process_time() - begun < 60  # quadratic patterns would take an hour
