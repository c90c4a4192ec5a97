from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from reflector.testing.answers import hang, server_error, unauthorized
from reflector.testing.loopback import LoopbackServer

DEMO = files("reflector.cli").joinpath("demo_run.json").read_bytes()

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
                "description": "State that names are lost between calls",
                "rationale": "Steps 7 and 10 use a name from an earlier call",
                "priority": "high",
                "specific_text": "- Each call starts a new interpreter: import and load everything again.",
                "target_section": "## Rules",
            }
        ],
        "expected_improvement": "No more lost names.",
    }
)


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    path = tmp_path / "failed.json"
    path.write_bytes(DEMO)
    return path


# --- analyze ------------------------------------------------------------------------------------------------


def test_analyze_prints_the_findings_with_their_steps(run: Any, failed: Path) -> None:
    result = run("analyze", failed)
    assert result.code == 0
    assert "coffee-shop-17" in result.out
    assert "7, 10" in result.out
    assert "NameError: name 'sales' is not defined" in result.out


def test_analyze_json_has_the_fields_of_the_contract(run: Any, failed: Path) -> None:
    result = run("analyze", failed, "--json")
    (entry,) = result.document["trajectories"]
    assert entry["outcome"] == "failure"
    assert (entry["steps"], entry["turns"], entry["tool_calls"]) == (20, 7, 5)
    assert entry["quality"] == "poor"
    lost = next(point for point in entry["failure_points"] if point["category"] == "state_error")
    assert (lost["step_index"], lost["source_index"], lost["severity"]) == (7, 5, "high")
    assert lost["evidence"] == "NameError: name 'sales' is not defined"
    assert {"id", "format", "reasoning_issues", "success_indicators"} <= set(entry)
    assert result.err == ""


def test_files_that_cannot_be_read_are_listed_beside_the_others(
    run: Any, failed: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    result = run("analyze", failed, broken, tmp_path / "missing.json", "--json")
    assert result.code == 0
    assert len(result.document["trajectories"]) == 1
    assert [Path(err["file"]).name for err in result.document["errors"]] == ["broken.json", "missing.json"]
    assert all(err["reason"] for err in result.document["errors"])


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00\xff\x00", b"42", b"PK\x03\x04broken"], ids=repr)
def test_a_file_without_a_run_is_bad_input_with_one_line(run: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    result = run("analyze", path)
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert "bad.json" in result.err


def test_an_unknown_option_and_an_unknown_format_are_bad_input(run: Any, failed: Path) -> None:
    assert run("analyze", failed, "--nonsense").code == 2
    result = run("analyze", failed, "--format", "nonsense")
    assert result.code == 2
    assert "openai_chat" in result.err


# --- reflect ------------------------------------------------------------------------------------------------


def test_reflect_by_rules_prints_a_page_with_diagnosis_suggestions_and_diff(run: Any, failed: Path) -> None:
    result = run("reflect", failed, "--model", "rules")
    assert result.code == 0
    for words in (
        "rules, no model was asked",
        "1. [high]",
        "+++ improved prompt",
        "confidence",
        "model rules",
    ):
        assert words in result.out


def test_without_a_model_it_says_so_once(run: Any, failed: Path) -> None:
    result = run("reflect", failed, "--json")
    assert result.document["model"] == "rules"
    assert result.err.count("no model is configured") == 1
    assert "no model" not in run("reflect", failed, "--model", "rules").err


def test_reflect_json_has_the_fields_of_the_contract(run: Any, failed: Path) -> None:
    document = run("reflect", failed, "--model", "rules", "--json").document
    assert {
        "analysis", "root_causes", "suggestions", "expected_improvement", "confidence", "confidence_score",
        "needs_clarification", "dropped", "parse_mode", "trajectories", "edits", "improved_prompt", "diff", "model",
        "usage", "errors", "open_conflicts", "copied",
    } <= set(document)  # fmt: skip
    assert {"operation", "text", "suggestion", "status", "reason"} <= set(document["edits"][0])
    assert document["parse_mode"] == "rules"
    assert document["trajectories"][0]["id"] == "coffee-shop-17"


@pytest.mark.slow
def test_reflect_asks_the_server_and_writes_the_improved_prompt(
    run: Any, failed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "better.md"
    with LoopbackServer(ANSWER) as server:
        result = run(
            "reflect", failed, "--model", "openai/loopback", "--base-url", server.base_url, "--json", "--apply", out,
            "--task", "Sales questions", "--focus", "clarity", "--focus", "constraint", "--verbosity", "brief",
            "--feedback", "too slow",
        )  # fmt: skip
    assert result.code == 0, result.err
    document = result.document
    assert document["parse_mode"] == "json"
    assert document["usage"]["input_tokens"] == server.usage.input_tokens
    assert out.read_text() == document["improved_prompt"]
    assert "- Each call starts a new interpreter" in document["improved_prompt"]
    asked = server.requests[0].messages[1]["content"]
    for words in ("Sales questions", "**Focus Areas:** clarity, constraint", "too slow"):
        assert words in asked


@pytest.mark.slow
def test_turns_ask_on_and_every_turn_is_shown(run: Any, failed: Path) -> None:
    with LoopbackServer(lambda request: ANSWER) as server:
        options = ("--model", "openai/loopback", "--base-url", server.base_url, "--turns", "2")
        page = run("reflect", failed, *options)
        document = run("reflect", failed, *options, "--json").document
    assert page.code == 0, page.err
    for words in ("turn 1  the first question", "turn 2  ", "no further turn: max_turns", "(turn 1, 2)"):
        assert words in page.out
    assert [turn["number"] for turn in document["turns"]] == [1, 2]
    assert document["turns"][1]["weakness"] == "several"
    assert "step" in document["turns"][1]["question"]
    assert document["provenance"]["suggestion_turns"] == [[1, 2]]
    assert document["usage"]["calls"] == 2
    assert len(server.requests) == 4


def test_show_prompt_prints_what_would_be_sent_and_asks_nobody(run: Any, failed: Path) -> None:
    with LoopbackServer(ANSWER) as server:
        options = ("--model", "openai/loopback", "--base-url", server.base_url, "--show-prompt")
        page = run("reflect", failed, *options)
        document = run("reflect", failed, *options, "--json").document
        assert server.requests == []
    assert page.out.startswith("----- system -----\nYou are an expert prompt engineer.")
    assert "----- user -----\n# Failed Prompt Execution Analysis" in page.out
    (request,) = document["requests"]
    assert request["messages"][1]["content"] in page.out


def test_a_number_of_turns_below_one_is_bad_input(run: Any, failed: Path) -> None:
    assert run("reflect", failed, "--model", "rules", "--turns", "0").code == 2


def test_what_many_runs_show_is_counted_on_the_page(run: Any, failed: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    again.write_bytes(failed.read_bytes())
    page = run("reflect", failed, again, "--model", "rules").out
    assert "(in 2 of 2 failed runs)" in page


@pytest.mark.slow
def test_open_conflicts_and_text_copied_from_the_run_are_shown(run: Any, tmp_path: Path) -> None:
    asked = "How many red lamps are left in the stock room of Horsens today?"
    texts = ("Always name the price.", "Never name the price.", f"When asked {asked[:-7]}, say 4.")
    suggestions = [
        {
            "type": "add",
            "category": "constraint",
            "description": text,
            "rationale": "as seen",
            "specific_text": text,
        }
        for text in texts
    ]
    answer = json.dumps({"analysis": "It guesses.", "root_causes": ["No rule."], "suggestions": suggestions})
    messages = tmp_path / "run.json"
    messages.write_text(json.dumps({"messages": [{"role": "user", "content": asked}]}))
    prompt = tmp_path / "prompt.md"
    prompt.write_text("You keep a shop.")
    with LoopbackServer([answer, answer]) as server:
        args = ("reflect", messages, "--prompt", prompt, "--model", "openai/m", "--base-url", server.base_url)
        page, document = run(*args), run(*args, "--json").document
    assert document["open_conflicts"][0]["edits"] == ["edit_1", "edit_2"]
    assert document["copied"][0]["text"] == "How many red lamps are left in the stock room of Horsens"
    assert "open conflict: edit_1, edit_2" in page.out
    assert "edit_3 copies 12 words from run 1: How many red lamps" in page.out


def test_a_prompt_of_ones_own_is_edited_byte_for_byte(run: Any, failed: Path, tmp_path: Path) -> None:
    prompt = tmp_path / "prompt.txt"
    prompt.write_bytes(b"Answer.\r\n\tUse `python`.  \r\n")
    document = run("reflect", failed, "--model", "rules", "--prompt", prompt, "--json").document
    assert document["improved_prompt"].startswith("Answer.\r\n\tUse `python`.  \r\n")


def test_below_the_least_confidence_nothing_is_written_and_it_is_said(run: Any, tmp_path: Path) -> None:
    path, out = tmp_path / "run.json", tmp_path / "out.md"
    path.write_text(
        json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}])
    )
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("Be nice.")
    options = ("reflect", path, "--model", "rules", "--prompt", prompt, "--apply", out)
    result = run(*options, "--min-confidence", "high")
    assert result.code == 0
    assert not out.exists()
    assert "was not written" in result.err
    assert run(*options).code == 0
    assert out.read_text() == "Be nice."


def test_the_user_can_say_how_the_run_ended(run: Any, failed: Path) -> None:
    document = run("reflect", failed, "--model", "rules", "--outcome", "timeout", "--json").document
    assert document["trajectories"][0]["outcome"] == "timeout"
    assert run("reflect", failed, "--outcome", "perfect").code == 2


def test_without_a_prompt_it_is_bad_input(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(
        json.dumps([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}])
    )
    result = run("reflect", path, "--model", "rules")
    assert result.code == 2
    assert "prompt" in result.err
    assert run("reflect", path, "--prompt", tmp_path / "none.txt").code == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "script", ["I cannot help with that.", [unauthorized()], [server_error(500)] * 9], ids=str
)
def test_a_model_that_fails_is_exit_code_three_with_one_line(run: Any, failed: Path, script: Any) -> None:
    with LoopbackServer(script) as server:
        result = run("reflect", failed, "--model", "openai/loopback", "--base-url", server.base_url)
    assert (result.code, result.out) == (3, "")
    assert result.err.count("\n") == 1


@pytest.mark.slow
def test_ctrl_c_ends_it_with_130(failed: Path) -> None:
    asked = threading.Event()

    def ask(request: object) -> object:
        asked.set()
        return hang()

    with LoopbackServer(ask) as server:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "reflector.cli",
                "reflect",
                failed,
                "--model",
                "openai/m",
                "--base-url",
                server.base_url,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONWARNINGS": "default"},
        )
        assert asked.wait(60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert out == b""
    assert err == b"reflector: interrupted\n"


# --- the rest -----------------------------------------------------------------------------------------------


def test_the_demo_runs_without_a_model(run: Any) -> None:
    result = run("demo")
    assert result.code == 0
    assert "+++ improved prompt" in result.out
    assert "exact accuracy" in result.out
    document = run("demo", "--json").document
    assert document["model"] == "rules"
    assert document["optimization"]["accuracy"]["after"] > 0.6


def test_the_version_and_the_help(run: Any) -> None:
    assert run("--version").out.strip() == "0.1.0"
    assert "analyze" in run("--help").out


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(failed: Path) -> None:
    command = f"{sys.executable} -m reflector.cli analyze {failed} --json | head -c 10"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


HOSTILE = "\x1b]0;owned\x07 \x1b[31m \x9b2J [red]bold[/red] \u202eabc \ud800"


def test_escape_sequences_and_markup_of_a_run_reach_no_terminal(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "run\x1b[31m.json"
    messages = [
        {"role": "system", "content": f"p {HOSTILE}"},
        {"role": "user", "content": "q"},
        {"role": "tool", "tool_call_id": "1", "content": f"ValueError: {HOSTILE}"},
    ]
    path.write_text(json.dumps({"messages": messages, "reward": 0, "feedback": HOSTILE}))
    for command in (
        ["analyze", path],
        ["reflect", path, "--model", "rules"],
        ["analyze", tmp_path / "\x1b[31m.json"],
    ):
        printed = run(*command)
        assert not set("\x1b\x07\x9b\u202e\ud800") & set(printed.out + printed.err)
    assert "[red]bold[/red]" in run("analyze", path).out


@pytest.mark.slow
def test_json_is_utf_8_whatever_the_locale(failed: Path) -> None:
    failed.write_text(json.dumps(json.loads(DEMO) | {"feedback": "naïve – 不"}), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "reflector.cli", "analyze", failed, "--json"],
        env=os.environ
        | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    assert "naïve – 不" in str(json.loads(done.stdout.decode("utf-8")))


@pytest.mark.slow
def test_output_that_cannot_be_written_and_a_closed_input_are_one_line(failed: Path) -> None:
    for command in (f"analyze {failed} --json >/dev/full", f"analyze {failed} >/dev/full", "analyze - <&-"):
        done = subprocess.run(
            f"{sys.executable} -m reflector.cli {command}",
            shell=True,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr


def test_a_mistake_on_the_command_line_is_one_line_and_one_document(run: Any, failed: Path) -> None:
    result = run("analyze", failed, "--nonsense", "--json")
    assert result.code == 2
    assert "--nonsense" in result.document["errors"][0]["reason"]
    assert result.err.count("\n") == 1


def test_a_file_that_cannot_be_written_is_refused_before_the_model_is_asked(
    run: Any, failed: Path, tmp_path: Path
) -> None:
    with LoopbackServer(ANSWER) as server:
        for out in (tmp_path, tmp_path / "none" / "out.md", failed, "-"):
            model = ["--model", "openai/m", "--base-url", server.base_url]
            assert run("reflect", failed, *model, "--apply", out).code == 2
    assert server.requests == []
    assert failed.read_bytes() == DEMO


WHILE_IT_LOADS = """
class Swallowing:  # as an extension module may do with what its callbacks raise
    def find_spec(self, name, path, target=None):
        if name == "reflector.reflection":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(60)
            except BaseException:
                pass
sys.meta_path.insert(0, Swallowing())
"""
WHILE_IT_READS = """
class Waiting(io.RawIOBase):
    def read(self, size=-1):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
sys.stdin = types.SimpleNamespace(buffer=Waiting(), closed=False)
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", [WHILE_IT_LOADS, WHILE_IT_READS])
def test_ctrl_c_while_it_loads_is_130_too(moment: str) -> None:
    imports = "import io, os, signal, sys, time, types\nfrom reflector.cli.entry import main\n"
    code = imports + moment + "sys.argv = ['reflector', 'analyze', '-']\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=50)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"reflector: interrupted\n")


def test_a_store_is_asked_first_and_replay_asks_nobody(run: Any, failed: Path, tmp_path: Path) -> None:
    store = tmp_path / "answers.db"
    with LoopbackServer(ANSWER) as server:
        call = [
            "reflect",
            failed,
            "--model",
            "any",
            "--base-url",
            server.base_url,
            "--json",
            "--store",
            store,
        ]
        first, second = run(*call), run(*call)
        assert len(server.requests) == 1
    third = run(*call, "--replay")
    assert [first.document["cached"], second.document["cached"], third.document["cached"]] == [
        False,
        True,
        True,
    ]
    assert first.document["suggestions"] == third.document["suggestions"]
    page = run(*[each for each in call if each != "--json"], "--replay")
    assert "paid before" in page.out
    missed = run(*call, "--replay", "--task", "Another one.")
    assert missed.code == 3
    assert "holds no answer for fingerprint" in missed.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replay"], "--replay needs --store"),
        (["--store", "a.db"], "name one with --model"),
        (["--store", "a.db", "--model", "rules"], "name one with --model"),
        (["--store", "no/folder/a.db", "--model", "any"], "cannot be opened"),
        (["--store", "failed.json", "--model", "any"], "something else"),
    ],
)
def test_a_store_that_cannot_be_used_is_bad_input(
    run: Any, failed: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(failed.parent)
    result = run("reflect", failed, *options)
    assert result.code == 2
    assert said in result.err
    assert list(failed.parent.iterdir()) == [failed]


def test_what_is_redacted_is_not_sent(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    messages = [{"role": "system", "content": "Help."}, {"role": "user", "content": "I am jo@shop.example."}]
    file.write_text(json.dumps({"messages": messages}), "utf-8")
    with LoopbackServer(ANSWER) as server:
        run("reflect", file, "--model", "any", "--base-url", server.base_url, "--redact", "--json")
        assert "jo@shop" not in json.dumps(server.requests[0].body["messages"])
    shown = run("reflect", file, "--model", "any", "--redact", "--show-prompt")
    assert "<email-1>" in shown.out
    assert "jo@shop" not in shown.out


# litellm silences what its own streaming raises with recent pydantic; pytest undoes that.
@pytest.mark.filterwarnings("ignore:Accessing the.*attribute on the instance is deprecated")
def test_in_a_terminal_the_answer_is_seen_coming_in(
    run: Any, failed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    with LoopbackServer(ANSWER) as server:
        result = run("reflect", failed, "--model", "any", "--base-url", server.base_url)
        assert server.requests[0].body["stream"] is True
    assert result.code == 0
    assert "reflecting on 1 run(s)" in result.err
