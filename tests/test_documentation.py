"""The code in the README and in the documentation runs, as a reader would run it.

The blocks of a page share their names, as in a notebook. `await` works at the top level. The models they name are
answered by a server on loopback.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import anyio
import pytest

import reflector
from reflector.testing.loopback import LoopbackServer

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if "```python" in path.read_text("utf-8")
)
BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.MULTILINE | re.DOTALL)

ANSWER = json.dumps(
    {
        "analysis": "The prompt does not say that each call of the tool starts a new interpreter.",
        "root_causes": [
            "The limits of the tool are not stated.",
            "Nothing says what to do after a time-out.",
        ],
        "suggestions": [
            {
                "type": "add",
                "category": "constraint",
                "description": "State that names are lost between calls.",
                "rationale": "Steps 7 and 10 use a name from an earlier call.",
                "priority": "high",
                "specific_text": "Each call starts a new interpreter: import and load everything again.",
                "target_section": "Rules",
            }
        ],
        "expected_improvement": "No more lost names.",
    }
)


def blocks(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of every Python block of a page."""
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        yield text[: found.start()].count("\n") + 1, inspect.cleandoc("\n" + found[2])


async def run_block(code: str, names: dict[str, Any], where: str) -> None:
    compiled = compile(code, where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(compiled, names)
    if inspect.isawaitable(result):
        await result


async def my_model(signal: Any, context: Any) -> dict[str, str]:
    return {"content": ANSWER}


def write_runs(folder: Path) -> None:
    """Put the files that the pages speak of into a folder."""
    run = files("reflector.cli").joinpath("demo_run.json").read_bytes()
    (folder / "run.json").write_bytes(run)
    one = json.dumps(json.loads(run))
    passed = json.dumps(json.loads(run) | {"id": "passed", "reward": 1.0, "feedback": "correct"})
    (folder / "runs.jsonl").write_text(f"{one}\n{{broken\n{passed}\n", "utf-8")
    (folder / "src").mkdir()
    (folder / "src" / "retry.py").write_text(
        "def wait(n):\n    '''Back off and retry.'''\n    sleep(2**n)\n", "utf-8"
    )
    programs = (ROOT / "docs" / "how-to" / "programs.md").read_text("utf-8")
    (folder / "worker.py").write_text(programs.split("```py\n")[1].split("```")[0], "utf-8")
    (folder / "pair.jsonl").write_text(f"{one}\n{passed}\n", "utf-8")


# litellm silences what its own streaming raises with recent pydantic; pytest undoes that.
@pytest.mark.filterwarnings("ignore:Accessing the.*attribute on the instance is deprecated")
@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    with LoopbackServer(lambda request: ANSWER) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
        monkeypatch.setenv("OPENAI_API_BASE", server.base_url)
        names: dict[str, Any] = {
            "rf": reflector,
            "my_model": my_model,
            "my_model_function": lambda messages: ANSWER,
            "server_url": server.base_url,
            "print": lambda *_: None,
        }

        async def main() -> None:
            for line, code in blocks(page):
                await run_block(code, names, f"{page}:{line}")

        anyio.run(main)
