"""The main job on three recorded runs that failed: what the record proves is found, and becomes edits of the prompt."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import reflector as rf
from reflector.testing.loopback import LoopbackServer

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

FOLDER = Path(os.environ["REFLECTOR_RECORDED_DATA"]) / "trajectories"
RUNS = {
    "openai_chat/airline_001": ".jsonl",
    "inspect_ai/ctf_gpt4o_vigenere": ".eval",
    "mini_swe_agent/gemini3__django__django-10999": ".traj.json",
}

# What a reader of the run would name first: rule -> positions in the file's own records that show it.
PROVEN: dict[str, dict[str, set[int]]] = {
    "openai_chat/airline_001": {"no_tool_called": {2, 4, 6, 8, 10}, "dialogue_stall": {4, 6, 8}},
    "inspect_ai/ctf_gpt4o_vigenere": {
        "lost_names": {13, 21, 25, 31, 41},
        "tool_timeout": {9, 15, 17, 33, 43},
        "limit_reached": set(),
        "no_submission": set(),
    },
    "mini_swe_agent/gemini3__django__django-10999": {"forbidden_change": {28}},
}


def example(name: str) -> tuple[rf.Trajectory, str, str]:
    """Return a run, told to have failed, with its prompt and its task."""
    (run,) = rf.load_trajectories(FOLDER / f"{name}{RUNS[name]}")
    prompt = (FOLDER / f"{name}.prompt.txt").read_bytes().decode()
    return run.with_outcome("failure"), prompt, (FOLDER / f"{name}.task.txt").read_text("utf-8")


def outside_edits_unchanged(reflection: rf.Reflection) -> bool:
    """Return whether the improved prompt holds every line that no edit changed."""
    changed = {line for edit in reflection.plan.edits for line in edit.target_text.splitlines()}
    return all(
        line in reflection.improved_prompt for line in reflection.prompt.splitlines() if line not in changed
    )


@pytest.mark.parametrize("name", RUNS)
async def test_rules_find_what_the_record_proves_and_mend_the_prompt(name: str) -> None:
    run, prompt, task = example(name)
    reflection = await rf.reflect(run, model="rules", prompt=prompt, task=task)
    found = {point.rule: point for point in reflection.run_analysis.failure_points}
    for rule, expected in PROVEN[name].items():
        places = {run.steps[index].source_index for index in found[rule].step_indices}
        assert expected <= places, rule
    for point in found.values():
        quoted = [run.steps[index] for index in point.step_indices]
        if quoted and point.evidence:
            assert any(
                point.evidence in f"{step.content}{step.name}{step.arguments}{step.error}" for step in quoted
            )
    assert reflection.suggestions
    assert reflection.is_from_rules
    assert outside_edits_unchanged(reflection)


@pytest.mark.parametrize("name", RUNS)
async def test_a_server_is_asked_with_the_evidence_and_its_answer_becomes_edits(name: str) -> None:
    run, prompt, task = example(name)
    first_line = next(line for line in prompt.splitlines() if len(line) > 40)
    answer = {
        "analysis": "The prompt leaves open what the record shows to be decisive, so the agent went on blindly.",
        "root_causes": ["The limits of the tools are not stated.", "Nothing says what to do when stuck."],
        "suggestions": [
            {
                "type": "modify",
                "category": "constraint",
                "description": "Say what to do when stuck",
                "rationale": "The run went in circles",
                "priority": "high",
                "target_section": first_line,
                "specific_text": f"{first_line} When two attempts fail alike, change the approach.",
            }
        ],
        "expected_improvement": "No more circles.",
    }
    with LoopbackServer(json.dumps(answer)) as server:
        reflector = rf.Reflector("openai/loopback", base_url=server.base_url)
        reflection = await reflector.reflect(run, prompt=prompt, task=task)
    (request,) = server.requests
    asked = request.messages[1]["content"]
    assert task.strip() in asked
    for point in reflection.run_analysis.failure_points[:2]:
        assert point.description[:60] in asked
    assert reflection.usage.input_tokens == server.usage.input_tokens
    assert reflection.improved_prompt == prompt.replace(
        first_line, f"{first_line} When two attempts fail alike, change the approach.", 1
    )
