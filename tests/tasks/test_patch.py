"""A patch is written whole or not at all, into the file that it was made for, and kept when its test passes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reflector.errors import ConfigurationError, PatchConflictError, PatchRejectedError
from reflector.tasks.patch import Patch

FILE = "import os\n\n\ndef f(x):\n    return x\n\n\ndef g():\n    return f(1)\n"
OLD = "def f(x):\n    return x\n"
NEW = "def f(x):\n    return x + 1\n"


def tree(root: Path, text: str = FILE) -> Path:
    (root / "pkg").mkdir()
    (root / "pkg" / "m.py").write_bytes(text.encode())
    return root


def patch(**changes: object) -> Patch:
    fields: dict[str, object] = {"path": "pkg/m.py", "start_line": 4, "before": OLD, "after": NEW}
    return Patch.model_validate(fields | changes)


def test_it_replaces_its_lines_and_nothing_else(tmp_path: Path) -> None:
    written = patch().apply(tree(tmp_path))
    assert written.read_text() == FILE.replace(OLD, NEW)
    assert os.listdir(tmp_path / "pkg") == ["m.py"]


def test_its_diff_has_the_lines_of_the_file_and_git_can_apply_it(tmp_path: Path) -> None:
    root = tree(tmp_path)
    assert "@@ -4,2 +4,2 @@" in patch().diff
    done = subprocess.run(["git", "apply", "--unidiff-zero"], input=patch().diff, text=True, cwd=root)
    assert done.returncode == 0
    assert (root / "pkg/m.py").read_text() == FILE.replace(OLD, NEW)


@pytest.mark.parametrize("before", ["a\nb", "a\nb\n"])
def test_a_missing_line_end_is_said_in_the_diff(before: str) -> None:
    diff = Patch(before=before, after="a\nc").diff
    assert diff.endswith("+c\n\\ No newline at end of file\n")


def test_lines_that_moved_are_found_when_they_are_there_once(tmp_path: Path) -> None:
    root = tree(tmp_path, "# new first line\n" + FILE)
    patch().apply(root)
    assert (root / "pkg/m.py").read_text() == "# new first line\n" + FILE.replace(OLD, NEW)


@pytest.mark.parametrize(
    "text", [FILE.replace("return x", "return 2 * x"), "#\n" + FILE + OLD, FILE.replace("def f", "  def f")]
)
def test_a_file_that_changed_stays_as_it_is(tmp_path: Path, text: str) -> None:
    root = tree(tmp_path, text)
    with pytest.raises(PatchConflictError, match="has changed since"):
        patch().apply(root)
    assert (root / "pkg/m.py").read_text() == text


@pytest.mark.parametrize("path", ["../outside.py", "/etc/hostname", "pkg/none.py", "pkg", ""])
def test_it_leads_to_no_file_outside_of_the_tree(tmp_path: Path, path: str) -> None:
    root = tree(tmp_path)
    (tmp_path.parent / "outside.py").write_text(OLD)
    with pytest.raises(PatchConflictError):
        patch(path=path, start_line=1).apply(root)
    assert (tmp_path.parent / "outside.py").read_text() == OLD


def test_code_that_does_not_parse_is_not_applied(tmp_path: Path) -> None:
    broken = patch(after="def f(x:\n")
    assert broken.parses is False
    with pytest.raises(PatchRejectedError, match="does not parse"):
        broken.apply(tree(tmp_path))


def test_whether_it_parses_is_known_for_python_only() -> None:
    assert patch().parses is True
    assert Patch(before="    def m(self): ...\n", after="    def m(self): return 1\n").parses is True
    assert Patch(path="a.rs", before="fn a() {}", after="fn a( {}").parses is None


def test_windows_line_ends_are_kept(tmp_path: Path) -> None:
    root = tree(tmp_path, FILE.replace("\n", "\r\n"))
    patch().apply(root)
    assert (root / "pkg/m.py").read_bytes().decode() == FILE.replace(OLD, NEW).replace("\n", "\r\n")


def test_the_mode_of_the_file_is_kept(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (root / "pkg/m.py").chmod(0o750)
    assert patch().apply(root).stat().st_mode & 0o777 == 0o750


@given(st.lists(st.sampled_from(["a\n", "b\n", "\n", "c d\n"]), max_size=12), st.data())
@settings(max_examples=60, deadline=None)
def test_the_diff_applied_by_patch_gives_the_same_file(lines: list[str], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    after = "".join(data.draw(st.lists(st.sampled_from(["x\n", "y\n", "\n"]), max_size=5)))
    made = Patch(path="f.txt", start_line=first + 1, before="".join(lines[first:last]), after=after)
    text = "".join(lines)
    assert made._patched(text) == "".join(lines[:first]) + after + "".join(lines[last:]) or made.before == ""


# --- on trial -------------------------------------------------------------------------------------------------


def check(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.mark.anyio
async def test_a_change_whose_test_passes_is_kept(tmp_path: Path) -> None:
    root = tree(tmp_path)
    trial = await patch().apply_if(root, check("from pkg.m import f; assert f(1) == 2; print('fine')"))
    assert trial.passed
    assert "fine" in trial.output
    assert (root / "pkg/m.py").read_text() == FILE.replace(OLD, NEW)


@pytest.mark.anyio
async def test_a_change_whose_test_fails_is_not_kept_and_its_output_is_told(tmp_path: Path) -> None:
    root = tree(tmp_path)
    with pytest.raises(PatchRejectedError, match="exit code 1: AssertionError") as caught:
        await patch().apply_if(root, check("from pkg.m import f; assert f(1) == 1"))
    assert caught.value.trial.returncode == 1
    assert (root / "pkg/m.py").read_text() == FILE


@pytest.mark.anyio
async def test_a_test_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    root = tree(tmp_path)
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(child.pid, flush=True); time.sleep(600)\n"
    )
    with pytest.raises(PatchRejectedError, match="not done after") as caught:
        await patch().apply_if(root, check(code), timeout=1.0)
    assert (root / "pkg/m.py").read_text() == FILE
    pid = int(caught.value.trial.output)
    with anyio.fail_after(10):
        while _lives(pid):
            await anyio.lowlevel.checkpoint()


def _lives(pid: int) -> bool:
    try:
        return (
            " Z " not in Path(f"/proc/{pid}/stat").read_text()
            if Path("/proc").is_dir()
            else not os.kill(pid, 0)
        )
    except OSError:
        return False


@pytest.mark.anyio
async def test_a_test_that_needs_too_much_memory_fails(tmp_path: Path) -> None:
    root = tree(tmp_path)
    with pytest.raises(PatchRejectedError, match="MemoryError"):
        await patch().apply_if(root, check("b'x' * (1 << 30)"), memory_mb=512)
    assert (root / "pkg/m.py").read_text() == FILE


@pytest.mark.anyio
async def test_the_test_runs_in_a_copy_that_finds_its_own_packages(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (root / ".git").mkdir()
    (root / ".venv").mkdir()
    code = "import os, pkg.m; print(os.listdir('.')); assert os.getcwd() in os.path.realpath(pkg.m.__file__)"
    trial = await patch().apply_if(root, check(code))
    assert ".git'" not in trial.output
    assert ".venv'" in trial.output
    assert sorted(os.listdir(root)) == [".git", ".venv", "pkg"]


@pytest.mark.anyio
@pytest.mark.parametrize("command", ["", "no-such-command-anywhere --x", []])
async def test_a_command_that_cannot_be_run_is_said_before(tmp_path: Path, command: str | list[str]) -> None:
    with pytest.raises(ConfigurationError):
        await patch().apply_if(tree(tmp_path), command)


@pytest.mark.anyio
async def test_a_flood_of_output_is_kept_at_its_end_only(tmp_path: Path) -> None:
    trial = await patch().apply_if(tree(tmp_path), check("print('x' * 5_000_000); print('the end')"))
    assert len(trial.output) <= 64 * 1024
    assert trial.output.endswith("the end\n")


@pytest.mark.anyio
async def test_cancelled_it_leaves_the_tree_as_it_was(tmp_path: Path) -> None:
    root = tree(tmp_path)
    with anyio.move_on_after(0.5) as scope:
        await patch().apply_if(root, check("import time; time.sleep(600)"))
    assert scope.cancelled_caught
    assert (root / "pkg/m.py").read_text() == FILE


def test_git_is_there_for_these_tests() -> None:
    assert shutil.which("git")
