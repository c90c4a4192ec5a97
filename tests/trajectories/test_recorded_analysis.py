"""What a careful reader names first in recorded runs, said by the analysis, at the right steps.

Indices of the manifest count messages of the file, so they are compared with `source_index`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reflector._json import loads
from reflector.trajectories.analysis import FailurePoint, Severity, TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.loading import load_trajectories
from reflector.trajectories.trajectory import Outcome

DATA = Path(os.environ["REFLECTOR_RECORDED_DATA"]) / "trajectories"
FOLDERS = ("openai_chat", "inspect_ai", "mini_swe_agent", "swe_agent")


def _manifest() -> Iterator[dict[str, Any]]:
    for line in (DATA / "manifest.jsonl").read_text().splitlines():
        entry = loads(line)
        if entry["file"].split("/")[0] in FOLDERS and entry["index_of"] != "none":
            yield entry


MANIFEST = list(_manifest())
FAILING = [entry for entry in MANIFEST if entry["tool_failure_points"]]


def _analyses(file: str) -> dict[str, TrajectoryAnalysis]:
    return {run.id: analyze(run) for run in load_trajectories(DATA / file)}


def _example(file: str) -> tuple[TrajectoryAnalysis, dict[str, FailurePoint]]:
    (analysis,) = _analyses(file).values()
    return analysis, {point.rule: point for point in analysis.failure_points}


def _sources(analysis: TrajectoryAnalysis, point: FailurePoint) -> list[int | None]:
    assert analysis.trajectory is not None
    return [analysis.trajectory.steps[index].source_index for index in point.step_indices]


@pytest.mark.parametrize("entry", FAILING, ids=lambda entry: entry["file"])
def test_every_recorded_tool_failure_is_covered(entry: dict[str, Any]) -> None:
    analyses = _analyses(entry["file"])
    covered = {
        (run_id.rsplit("#", 1)[-1], source)
        for run_id, analysis in analyses.items()
        for point in analysis.failure_points
        for source in _sources(analysis, point)
    }
    for point in entry["tool_failure_points"]:
        sample, _, index = str(point["index"]).rpartition("#")
        sources = {source for run, source in covered if not sample or run == sample}
        assert int(index) in sources, point


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_evidence_stands_in_the_record(entry: dict[str, Any]) -> None:
    for analysis in _analyses(entry["file"]).values():
        assert analysis.trajectory is not None
        for point in analysis.failure_points:
            steps = [analysis.trajectory.steps[index] for index in point.step_indices]
            texts = [f"{s.content}\n{s.name}\n{s.error}\n{s.arguments}" for s in steps]
            assert not steps or any(point.evidence in text for text in texts), point


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_successful_runs_raise_no_grave_alarm(entry: dict[str, Any]) -> None:
    for analysis in _analyses(entry["file"]).values():
        passed = analysis.outcome is Outcome.SUCCESS or entry["outcome"] == "success"
        grave = [p for p in analysis.failure_points if p.severity in (Severity.CRITICAL, Severity.HIGH)]
        assert not (passed and grave), grave


def test_airline_001_stalls_without_a_tool() -> None:
    analysis, points = _example("openai_chat/airline_001.jsonl")
    assert _sources(analysis, points["dialogue_stall"]) == [4, 6, 8]
    assert "reservation id" in points["dialogue_stall"].description
    assert "tool call" in points["no_tool_called"].description
    assert _sources(analysis, points["sent_away"]) == [8]
    assert points["low_score"].evidence == "reward=0"
    assert {p.rule for p in analysis.failure_points[:2]} == {"dialogue_stall", "no_tool_called"}


def test_the_vigenere_run_loses_names_times_out_and_reaches_its_limit() -> None:
    analysis, points = _example("inspect_ai/ctf_gpt4o_vigenere.eval")
    assert _sources(analysis, points["lost_names"]) == [13, 21, 25, 31, 41]
    assert all(
        f"`{name}`" in points["lost_names"].description for name in ("itertools", "string", "enc_text")
    )
    assert _sources(analysis, points["tool_timeout"]) == [9, 15, 17, 33, 43]
    assert "50" in points["limit_reached"].description
    assert _sources(analysis, points["idle_turns"]) == [18, 28, 34, 38, 44, 48]
    assert "submit" in points["no_submission"].description
    assert not any("Please proceed" in point.evidence for point in analysis.failure_points)


def test_the_django_run_touches_tests_that_it_must_not_modify() -> None:
    analysis, points = _example("mini_swe_agent/gemini3__django__django-10999.traj.json")
    assert _sources(analysis, points["forbidden_change"]) == [28]
    assert "DO NOT MODIFY: Tests" in points["forbidden_change"].description


def test_turns_that_speak_and_call_against_the_prompt_are_found_and_no_others() -> None:
    found = {
        entry["file"]: _sources(analysis, point)
        for entry in MANIFEST
        for analysis in _analyses(entry["file"]).values()
        for point in analysis.failure_points
        if point.rule == "prompt_rule_broken"
    }
    assert found == {"openai_chat/airline_030.jsonl": [24], "openai_chat/airline_109.jsonl": [36]}


def test_five_bookings_with_the_same_error_are_one_grave_finding() -> None:
    analysis, points = _example("openai_chat/airline_109.jsonl")
    assert _sources(analysis, points["repeated_failing_call"]) == [45, 49, 53, 57, 61]
    assert points["repeated_failing_call"].severity is Severity.HIGH
    assert "total price is 1203, but paid 833" in points["repeated_failing_call"].evidence
