"""`reflector optimize` and `reflector runs`, over a server on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest

from reflector.cli.run_config import read_config
from reflector.signals.sqlite_journal import SqliteJournal
from reflector.testing.answers import unauthorized
from reflector.testing.loopback import LoopbackRequest, LoopbackServer

WORDS = ("one", "two", "three", "four", "five", "six")
SUGGESTION = {
    "type": "add", "category": "constraint", "priority": "high", "description": "Ask for the word",
    "rationale": "the runs lack it", "specific_text": "Repeat the word.",
}  # fmt: skip
REFLECTION = json.dumps(
    {"analysis": "The prompt asks for nothing.", "root_causes": ["no rule"], "suggestions": [SUGGESTION]}
)


def answer(request: LoopbackRequest) -> str:
    """Repeat the word if the prompt asks for it; the reflecting model suggests to ask for it."""
    if "reflect" in request.body["model"]:
        return REFLECTION
    if "judge" in request.body["model"]:
        return '{"score": 0.5, "feedback": "Half of it."}'
    return request.text.split()[-1] if "Repeat" in request.messages[0]["content"] else "?"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, invoke: Any, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    return invoke


def write(folder: Path, url: str = "http://127.0.0.1:9", **changes: str) -> Path:
    """Write a configuration with its files; a change replaces a line, or leaves it out where it is empty."""
    rows = [json.dumps({"input": f"Say {word}", "expected": word}) for word in WORDS]
    (folder / "rows.jsonl").write_text("\n".join(rows) + "\n\n", "utf-8")
    (folder / "prompt.md").write_text("Answer.", "utf-8")
    lines = {
        "prompt": 'prompt = "prompt.md"',
        "examples": 'examples = "rows.jsonl"',
        "scorer": 'scorer = "exact"',
        "task": f'task = {{ model = "task", base_url = "{url}" }}',
        "reflection": f'reflection = {{ model = "reflect", base_url = "{url}" }}',
        "budget": "budget = { rollouts = 40 }",
        "options": "options = { concurrency = 4, minibatch_size = 3 }",
    }
    path = folder / "words.toml"
    path.write_text("\n".join((lines | changes).values()) + "\n", "utf-8")
    return path


# --- the way through ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_prompt_is_improved_logged_shown_and_exported(run: Any, tmp_path: Path) -> None:
    with LoopbackServer(answer) as server:
        config = write(tmp_path, server.base_url)
        result = run("optimize", config, "--out", "best.md")
        asked = len(server.requests)
        assert result.code == 0, result.err
        assert "seed 0.000, best 1.000" in result.out
        assert "+Repeat the word." in result.out
        assert "at most 40 rollouts" in result.err
        assert "Repeat the word." in Path("best.md").read_text()

        listed = run("runs", "list", "--json").document["runs"]
        assert [(each["name"], each["best_score"]) for each in listed] == [("words", 1.0)]
        assert listed[0]["id"] in run("runs", "list").out
        shown = run("runs", "show", listed[0]["id"][:12])
        assert "proposal 0 from 0: accepted" in shown.out
        assert "lineage of the best: 0 → 1" in shown.out
        assert run("runs", "export", "words", "--best").out == Path("best.md").read_text()
        exported = run("runs", "export").document
        assert exported["lineage"] == [0, 1]
        assert exported["notes"]["config"] == str(config)

        # A run that has ended is read from its log.
        again = run("runs", "resume", "--json")
        assert (again.code, again.err) == (0, "")
        assert again.document["best_score"] == 1.0
        assert run("optimize", config, "--resume", "--json").document["run"] == listed[0]["id"]
        assert len(server.requests) == asked


@pytest.mark.slow
def test_json_is_one_document_and_nothing_else(run: Any, tmp_path: Path) -> None:
    with LoopbackServer(answer) as server:
        result = run("optimize", write(tmp_path, server.base_url), "--json", "--store", "my.db")
    assert (result.code, result.err) == (0, "")
    document = result.document
    assert document["store"] == "my.db"
    assert document["errors"] == []
    assert document["best"]["components"]["prompt"].startswith("Answer.")
    assert document["spend"]["calls"] == len(server.requests)
    refused = run("optimize", tmp_path / "words.toml", "--store", "my.db")
    assert refused.code == 2
    assert "--resume goes on" in refused.err


@pytest.mark.slow
def test_a_test_on_a_single_row_has_no_interval(run: Any, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps({"input": "Say seven", "expected": "seven"}), "utf-8")
    with LoopbackServer(answer) as server:
        parts = 'examples = { train = "rows.jsonl", test = "one.jsonl" }'
        result = run(
            "optimize", write(tmp_path, server.base_url, examples=parts), "--json", "--store", "my.db"
        )
    assert result.document["test"]["interval"] == [None, None]
    assert "test on 1 rows: seed 0.000, best 1.000\n" in run("runs", "show", "my.db").out


@pytest.mark.slow
def test_a_judge_and_functions_of_the_users_module(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine_for_optimize.py").write_text(
        "def rollout(candidate, example):\n    return example['input']\n", "utf-8"
    )
    with LoopbackServer(answer) as server:
        config = write(
            tmp_path,
            server.base_url,
            task='rollout = "mine_for_optimize:rollout"',
            scorer='scorer = "model-judged"',
            judge=f'judge = {{ model = "judge", base_url = "{server.base_url}", criteria = "Is it short?" }}',
        )
        result = run("optimize", config, "--json")
    assert result.code == 0, result.err
    assert result.document["seed_score"] == 0.5
    assert any("Is it short?" in request.text for request in server.requests)


def test_the_demo_optimizes_in_a_simulated_world(run: Any) -> None:
    result = run("optimize", "--demo", "--json")
    assert (result.code, result.err) == (0, "")
    accuracy = result.document["accuracy"]
    assert accuracy["before"] < 0.3 < 0.6 < accuracy["after"] <= accuracy["the best there is"]
    assert run("optimize", "--demo", "some.toml").code == 2


# --- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"prompt": ""}, "prompt: one of prompt (a file), prompt_text, and prompts"),
        ({"prompt": 'prompt = "missing.md"'}, "prompt: the file"),
        ({"prompt": "prompt = 3"}, "prompt: a text is expected; got 3"),
        ({"prompt": 'prompt_text = "   "'}, "prompt_text: a text is expected"),
        ({"examples": ""}, "examples: it is missing"),
        ({"examples": 'examples = "words.toml"'}, "examples: line 1 of words.toml is not JSON"),
        ({"examples": 'examples = { val = "rows.jsonl" }'}, "examples.train: it is missing"),
        ({"examples": 'examples = { dev = "rows.jsonl" }'}, "examples.dev: there is no such key"),
        ({"scorer": ""}, "scorer: one of exact, contains"),
        ({"scorer": 'scorer = "fuzzy"'}, "model-judged, or module:function is expected; got 'fuzzy'"),
        ({"scorer": 'scorer = "no_such_module:score"'}, "scorer: no_such_module:score cannot be imported"),
        ({"scorer": 'scorer = "json:nothing"'}, "AttributeError"),
        ({"scorer": 'scorer = "model-judged"'}, "judge: it is missing"),
        ({"scorer": 'scorer = "numeric"'}, "the scorer 'numeric' cannot score row 1"),
        ({"task": ""}, "task: one of task (a model) and rollout"),
        ({"task": 'task = "rules"'}, "task: the rules are no model"),
        ({"task": 'task = { base_url = "http://127.0.0.1:9" }'}, "task.model: a text is expected"),
        ({"task": 'task = { model = "x", key = "sk-1" }'}, "task.key: there is no such key"),
        ({"task": 'task = { model = "x", api_key_env = "NO_KEY" }'}, "has no variable NO_KEY"),
        ({"task": 'task = { model = "x", price = { input = -1, output = 1 } }'}, "task.price"),
        ({"reflection": ""}, "reflection: it is missing; name a model, or set REFLECTOR_MODEL"),
        ({"budget": ""}, "a run needs an end"),
        ({"budget": "budget = { rollouts = 2.5 }"}, "budget: a budget's rollouts is a whole number"),
        ({"budget": "budget = { rollouts = 3 }"}, "not enough for a single proposal"),
        ({"budget": "budget = { dollars = 3 }"}, "budget.dollars: there is no such key; known are cost_usd"),
        ({"budget": "budget = 40"}, "budget: a table is expected; got 40"),
        ({"options": "options = { concurrency = 0 }"}, "options: concurrency is a whole number"),
        ({"options": 'options = { selector = "random" }'}, "options.selector: one of pareto, best"),
        ({"options": 'options = { proposer = "mutate" }'}, "options: proposer is one of edits, rewrite"),
        ({"options": 'options = { stop_file = 3 }'}, "options.stop_file: a text is expected; got 3"),
        ({"options": 'options = { store = "x" }'}, "options.store: there is no such key"),
        ({"options": "options = { concurency = 3 }"}, "no such key; did you mean concurrency?"),
        ({"options": "concurency = 3"}, "concurency: there is no such key"),
        ({"options": "options = {"}, "is not TOML"),
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_configuration_is_one_line_that_names_the_key(
    run: Any, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    result = run("optimize", write(tmp_path, **changes))
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert said in result.err
    assert not Path("runs").exists() or not list(Path("runs").glob("*.db"))


def test_the_configuration_in_the_guide_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "not-a-key")
    page = Path(__file__).parents[2].joinpath("docs/how-to/optimize.md").read_text("utf-8")
    path = write(tmp_path)
    path.write_text(page.split("```toml\n")[1].split("```")[0], "utf-8")
    config = read_config(path)
    assert (config.name, config.budget.rollouts, config.options["concurrency"]) == ("words", 400, 10)
    assert config.options["proposer"] == "edits"
    assert config.reflector.client is not None
    assert config.reflector.client.price is not None


def test_a_stop_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    path = write(tmp_path, options='options = { proposer = "rewrite", stop_file = "enough" }')
    optimizer = read_config(path).optimizer(tmp_path / "run.db")
    assert (optimizer.config.proposer, optimizer.config.stop_file) == ("rewrite", tmp_path / "enough")


def test_other_bad_input_of_the_commands(run: Any, tmp_path: Path) -> None:
    config = write(tmp_path)
    for args, said in [
        (("optimize",), "CONFIG.toml is missing"),
        (("optimize", "missing.toml"), "cannot be read"),
        (("optimize", config, "--resume"), "there is no run of"),
        (("optimize", config, "--store", config, "--resume"), "cannot be read as the log of a run"),
        (("optimize", config, "--out", config), "--out would overwrite"),
        (("optimize", config, "--out", "no/such/best.md"), "there is no folder"),
        (("runs", "list", "--store", "missing"), "cannot be read as the log of a run"),
        (("runs", "show", "--store", tmp_path), "no run is logged in"),
    ]:
        result = run(*args)
        assert (result.code, result.out) == (2, ""), args
        assert said in result.err, args
    assert "no run is logged in runs" in run("runs", "list").err
    (tmp_path / "runs").mkdir()
    assert "no run is logged in runs" in run("runs", "list").err


@pytest.mark.slow
def test_a_refused_key_is_exit_code_3_and_the_log_is_kept(run: Any, tmp_path: Path) -> None:
    with LoopbackServer(lambda request: unauthorized()) as server:
        result = run("optimize", write(tmp_path, server.base_url), "--json")
    assert result.code == 3
    assert "key" in result.document["errors"][0]["reason"]
    (listed,) = run("runs", "list", "--json").document["runs"]
    assert (listed["state"], listed["rollouts"]) == ("unfinished", 0)


# --- interruptions ------------------------------------------------------------------------------------------


def start(config: Path, *options: str) -> subprocess.Popen[bytes]:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("REFLECTOR_")}
    return subprocess.Popen(
        [sys.executable, "-m", "reflector.cli", "optimize", str(config), *options],
        cwd=config.parent, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


MINE = """
import pathlib, threading

here = pathlib.Path(__file__).parent
done = 0

def rollout(candidate, example):
    global done
    done += 1
    if done > int((here / "free").read_text()):
        (here / "reached").touch()
        threading.Event().wait(60)
    return example["input"].split()[-1] if "Repeat" in candidate.text else "?"
"""
"""A function that answers so often at once, and then hangs."""


def hanging(folder: Path, free: int, url: str | None = None) -> Path:
    """Write a configuration whose rollouts hang; without a server by rules, which nobody has to wait for."""
    (folder / "free").write_text(str(free))
    (folder / "reached").unlink(missing_ok=True)
    (folder / "mine_that_hangs.py").write_text(MINE)
    return write(
        folder, url or "", task='rollout = "mine_that_hangs:rollout"',
        **({} if url else {"reflection": 'reflection = "rules"'}),
        options="options = { concurrency = 1, minibatch_size = 3 }",
    )  # fmt: skip


async def until_it_hangs(config: Path) -> None:
    with anyio.fail_after(60):
        while not (config.parent / "reached").exists():  # noqa: ASYNC110
            await anyio.sleep(0.02)  # another process makes the file


@pytest.mark.slow
def test_ctrl_c_ends_with_the_best_so_far_and_a_killed_run_goes_on(run: Any, tmp_path: Path) -> None:
    # More than the first minibatch and the seed's validation, fewer than a child needs.
    least = 3 + len(WORDS)
    config = hanging(tmp_path, least + 1)
    process = start(config, "--json", "--out", "best.md")
    anyio.run(until_it_hangs, config)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    document = json.loads(out)
    assert (document["interrupted"], document["stop_reason"]) == (True, "interrupted")
    assert document["best_score"] == 0.0
    assert (tmp_path / "best.md").read_text() == "Answer."
    assert b"--resume" in err
    (listed,) = run("runs", "list", "--json").document["runs"]
    assert listed["state"] == "interrupted"
    # Quick rollouts travel several at a time: those beside the one that hangs are not written down.
    assert least <= listed["rollouts"] <= least + 1

    config = hanging(tmp_path, 1)
    process = start(config, "--json", "--resume")
    anyio.run(until_it_hangs, config)
    process.kill()
    process.communicate()
    # What it did may not have reached the disk.
    assert run("runs", "list", "--json").document["runs"][0]["state"] in ("unfinished", "interrupted")

    with LoopbackServer(answer) as server:
        config = hanging(tmp_path, 10_000, server.base_url)
        result = run("optimize", config, "--resume", "--json")
    assert result.code == 0, result.err
    assert (result.document["run"], result.document["best_score"]) == (listed["id"], 1.0)
    with SqliteJournal(result.document["store"], read_only=True) as journal:
        facts = journal.replay("reflector.run.evaluated")
        ran = Counter((fact.data["order"], row) for fact in facts for row in fact.data["rows"])
    assert set(ran.values()) == {1}


@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_seed_is_validated_keeps_the_log(tmp_path: Path, sent: signal.Signals) -> None:
    config = hanging(tmp_path, 2)
    process = start(config)
    anyio.run(until_it_hangs, config)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert out == b""
    assert err.endswith(b"reflector: interrupted\n")
    assert len(list((tmp_path / "runs").glob("words-*.db"))) == 1
