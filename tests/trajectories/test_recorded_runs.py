"""Real runs against the figures that were counted by reading them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import recorded_data

from reflector.errors import TrajectoryImportError
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.step import Outcome
from reflector.trajectories.trajectory import Trajectory

FOLDER = recorded_data()
FORMATS = ("openai_chat", "inspect_ai", "mini_swe_agent", "swe_agent")


def manifest() -> list[dict[str, Any]]:
    if FOLDER is None:
        return []
    lines = (FOLDER / "trajectories" / "manifest.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry for entry in entries if entry["format"] in FORMATS]


READABLE = [pytest.param(entry, id=entry["file"]) for entry in manifest() if entry["records"] is not None]
BROKEN = [pytest.param(entry, id=entry["file"]) for entry in manifest() if entry["records"] is None]


def read(entry: dict[str, Any]) -> list[Trajectory]:
    assert FOLDER is not None
    return list(load_trajectories(FOLDER / "trajectories" / entry["file"]))


def marked_positions(entry: dict[str, Any]) -> set[tuple[str | None, int]]:
    """Return where the record itself marks a failure; what only its words show is the analysis' business."""
    in_words = ("Traceback", "Error:", "introduced new syntax error")
    positions = set()
    for point in entry["tool_failure_points"]:
        if not point["text"].startswith(in_words):
            record, _, index = str(point["index"]).rpartition("#")
            positions.add((record or None, int(index)))
    return positions


@pytest.mark.parametrize("entry", READABLE)
def test_records_turns_and_calls_are_those_that_were_counted(entry: dict[str, Any]) -> None:
    runs = read(entry)
    places = {
        (run.record, step.source_index) for run in runs for step in run.steps if step.source_index is not None
    }
    assert {run.format for run in runs} == {entry["format"]}
    assert len(places) == entry["records"]
    assert sum(run.turn_count for run in runs) == entry["steps"]
    assert sum(len(run.tool_calls) for run in runs) == entry["tool_calls"]


@pytest.mark.parametrize("entry", READABLE)
def test_failures_that_the_record_marks_are_found_where_they_are(entry: dict[str, Any]) -> None:
    is_per_sample = entry["format"] == "inspect_ai"
    found = {
        (str(run.record) if is_per_sample else None, step.source_index)
        for run in read(entry)
        for step in run.steps
        if step.is_error and step.kind.value == "tool_result"
    }
    assert found == marked_positions(entry)


@pytest.mark.parametrize("entry", READABLE)
def test_the_outcome_is_the_one_that_stands_inside_the_file(entry: dict[str, Any]) -> None:
    outcomes = [run.outcome for run in read(entry)]
    evidence = entry["outcome_evidence"]
    if evidence.startswith(("reward=", "scores.")) and "not in the file" not in evidence:
        expected = {"success": {True}, "failure": {False}, "partial": {True, False}}[entry["outcome"]]
        assert {outcome is Outcome.SUCCESS for outcome in outcomes} == expected
        assert Outcome.UNKNOWN not in outcomes
    elif "info.exit_status=Internal" in evidence:
        assert outcomes == [Outcome.ERROR]
    else:
        assert set(outcomes) == {Outcome.UNKNOWN}


@pytest.mark.parametrize("entry", READABLE)
def test_the_prompt_is_found_where_there_is_one(entry: dict[str, Any]) -> None:
    assert FOLDER is not None
    runs = read(entry)
    assert all((run.prompt is not None) == entry["prompt_present"] for run in runs)
    beside = (FOLDER / "trajectories" / entry["file"]).with_name(
        entry["file"].split("/")[1].split(".")[0] + ".prompt.txt"
    )
    if beside.exists():
        assert (runs[0].prompt or "").strip() == beside.read_text().strip()


@pytest.mark.parametrize("entry", READABLE)
def test_records_survive_and_saved_runs_are_equal(entry: dict[str, Any]) -> None:
    for run in read(entry):
        assert Trajectory.from_json(run.to_json()) == run
        assert list(load_trajectories(run.to_json())) == [run]


@pytest.mark.parametrize("entry", [entry for entry in READABLE if "openai_chat" in str(entry.id)])
def test_openai_messages_come_back_as_they_were(entry: dict[str, Any]) -> None:
    assert FOLDER is not None
    record = json.loads((FOLDER / "trajectories" / entry["file"]).read_text())
    (run,) = read(entry)
    assert run.raw == record
    assert run.to_openai_messages() == (record if isinstance(record, list) else record["messages"])


@pytest.mark.parametrize("entry", BROKEN)
def test_a_broken_file_is_refused_with_its_place(entry: dict[str, Any]) -> None:
    with pytest.raises(TrajectoryImportError, match=r"line \d+, column \d+"):
        read(entry)


def test_the_limit_that_ended_a_run_is_known() -> None:
    assert FOLDER is not None
    (run,) = load_trajectories(FOLDER / "trajectories" / "inspect_ai" / "ctf_gpt4o_vigenere.eval")
    assert run.limit == "messages=50"
    assert [step.error for step in run.steps if step.is_error] == ["timeout"] * 5
