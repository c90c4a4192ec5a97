"""The public names, and how light they are to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import reflector

NAMES = set((Path(__file__).parent / "public_names.txt").read_text().split())
"""One a line: adding a public name is a line of its own in a change."""

# Loaded at first use only.
HEAVY = {
    "litellm", "openai", "clifford", "numba", "scipy", "numpy", "structlog", "tenacity", "rich", "typer", "trio",
    "sqlite3", "rapidfuzz", "pathspec", "tokenizers", "tree_sitter", "tantivy", "matplotlib",
}  # fmt: skip

PROBE = """
import builtins, os, socket, sys

opened = []
real_open = builtins.open
def watched(file, *args, **kwargs):
    opened.append(str(file))
    return real_open(file, *args, **kwargs)
builtins.open = watched

def refuse(*args, **kwargs):
    raise AssertionError("a network connection")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse

import reflector
{touch}
loaded = [name for name in {heavy!r} if name in sys.modules]
assert not loaded, f"loaded: {{loaded}}"
assert not [file for file in opened if os.path.basename(file) == ".env"], opened
assert "FROM_DOTENV" not in os.environ
"""


def test_the_exported_names_are_these() -> None:
    assert set(reflector.__all__) == NAMES
    assert set(dir(reflector)) == NAMES


def test_every_exported_name_resolves() -> None:
    for name in NAMES:
        assert getattr(reflector, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = reflector.nothing


def test_type_checkers_see_the_same_names() -> None:
    """The imports under TYPE_CHECKING name each lazy name once, from the same module."""
    tree = ast.parse(Path(reflector.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen.pop("*") == "reflector.errors"
    assert seen | dict.fromkeys(reflector.errors.__all__, "reflector.errors") == reflector._HOME


@pytest.mark.slow
@pytest.mark.parametrize(
    "touch", ["", "for name in reflector.__all__: getattr(reflector, name)"], ids=["import", "every name"]
)
def test_importing_loads_nothing_heavy_and_touches_no_network(touch: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FROM_DOTENV=1\n")
    script = PROBE.format(heavy=HEAVY, touch=touch)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
