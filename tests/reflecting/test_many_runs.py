"""Many runs in one reflection: at once where they fit, else in groups whose reflections are joined."""

from __future__ import annotations

import json
import re
from typing import Any

import anyio
import pytest

import reflector as rf
from reflector.errors import LLMServerError, UnparsableReflectionError
from reflector.llm.messages import ModelRequest
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.runs import build_request, read_runs
from reflector.reflection.many_runs import split_request, trace_back
from reflector.reflection.models import ParsedReflection, Provenance

pytestmark = pytest.mark.anyio

PROMPT = "Keep the stock.\n\n## Rules\n\n- Answer briefly.\n"
SMALL = rf.PromptBuilder(window=2_300)


def run(number: int, error: str = "Error: no such table", outcome: str = "failure") -> rf.Trajectory:
    return (
        rf.Trajectory.new(id=f"r{number}")
        .add_step("user", f"How many lamps are left in shop {number}?")
        .add_step("tool_call", name="query", arguments={"table": "lamp", "shop": number})
        .add_step("tool_result", error, name="query", is_error=outcome == "failure")
        .add_step("message", "There are none.")
        .complete(outcome)
    )


RUNS = [run(number) for number in range(1, 13)]


def answer(rationale: str, cause: str, text: str = "- The tables are stock and orders.") -> str:
    return json.dumps(
        {
            "analysis": "The prompt does not name the tables.",
            "root_causes": [cause],
            "suggestions": [
                {
                    "type": "add",
                    "category": "constraint",
                    "description": "Name the tables of the database",
                    "rationale": rationale,
                    "priority": "high",
                    "specific_text": text,
                    "target_section": "## Rules",
                }
            ],
            "expected_improvement": "No guesses.",
        }
    )


def said(request: ModelRequest) -> str:
    """Answer as a model that names every run it is shown."""
    asked = request.messages[-1].content
    if asked.startswith("# Joining"):
        return answer("S1 shows it", "The tables are not named (C1)")
    facts = asked.split("## Trajectory Analysis")[0]
    numbers = ", ".join(re.findall(r"(?:Execution Outcome of |\*\*)run (\d+)", facts))
    return answer(f"Runs {numbers} guess the table", f"The tables are not named (runs {numbers})")


async def test_runs_that_fit_are_read_at_once_and_counted() -> None:
    client = ScriptedClient(said)
    reflection = await rf.Reflector(client).reflect(RUNS, prompt=PROMPT)
    assert len(client.requests) == 1
    assert reflection.provenance.suggestion_runs == (tuple(range(1, 13)),)
    assert reflection.provenance.cause_runs == (tuple(range(1, 13)),)
    assert reflection.failed_count == 12


async def test_runs_above_the_window_are_read_in_groups_and_joined() -> None:
    client = ScriptedClient(said)
    reflection = await rf.Reflector(client, prompt_builder=SMALL).reflect(RUNS, prompt=PROMPT)
    *partial, last = client.requests
    assert len(partial) > 1
    for request in client.requests:
        assert sum(len(message.content) for message in request.messages) / 4 < 2_300
    assert "- C1 (in 12 of 12 runs): The tables are not named" in last.messages[-1].content
    assert reflection.provenance.suggestion_runs == (tuple(range(1, 13)),)
    assert reflection.provenance.cause_runs == (tuple(range(1, 13)),)
    assert reflection.root_causes == ("The tables are not named",)
    assert reflection.suggestions[0].rationale == "(12 of 12 runs) shows it"
    assert reflection.metadata["groups"] == len(partial)
    assert reflection.usage.calls == len(client.requests)
    assert "- The tables are stock and orders." in reflection.improved_prompt


async def test_what_would_be_sent_can_be_looked_at_without_sending_it() -> None:
    client = ScriptedClient(said)
    reflector = rf.Reflector(client, prompt_builder=SMALL)
    requests = reflector.build_requests(RUNS, prompt=PROMPT)
    assert client.requests == []
    await reflector.reflect(RUNS, prompt=PROMPT)
    assert sorted(map(str, client.requests[:-1])) == sorted(map(str, requests))


async def test_a_group_without_an_answer_is_left_out_and_one_that_fails_ends_all() -> None:
    def mute(request: ModelRequest) -> str:
        return "Nice weather." if "**run 1**" in request.messages[-1].content else said(request)

    reflection = await rf.Reflector(ScriptedClient(mute), prompt_builder=SMALL).reflect(RUNS, prompt=PROMPT)
    assert reflection.metadata["unread_groups"] == 1
    assert 1 not in reflection.provenance.suggestion_runs[0]

    def broken(request: ModelRequest) -> Any:
        return LLMServerError("down") if "**run 1**" in request.messages[-1].content else said(request)

    with pytest.raises(LLMServerError, match="down"):
        await rf.Reflector(ScriptedClient(broken), prompt_builder=SMALL).reflect(RUNS, prompt=PROMPT)
    silent = ScriptedClient(lambda request: "Nice weather.")
    with pytest.raises(UnparsableReflectionError):
        await rf.Reflector(silent, prompt_builder=SMALL).reflect(RUNS, prompt=PROMPT)


async def test_without_a_last_answer_the_joined_reflections_are_the_result() -> None:
    def mute(request: ModelRequest) -> str:
        is_last = request.messages[-1].content.startswith("# Joining")
        return "Nice weather." if is_last else said(request)

    reflection = await rf.Reflector(ScriptedClient(mute), prompt_builder=SMALL).reflect(RUNS, prompt=PROMPT)
    assert "not_reduced" in reflection.metadata
    assert reflection.provenance.suggestion_runs == (tuple(range(1, 13)),)


async def test_many_groups_wait_for_each_other_and_not_for_the_clock() -> None:
    running = most = 0

    async def slow(request: ModelRequest) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return said(request)

    runs = [run(number) for number in range(1, 90)]
    client = ScriptedClient(slow)
    reflection = await rf.Reflector(client, prompt_builder=SMALL).reflect(runs, prompt=PROMPT)
    assert 1 < most <= 8
    assert reflection.provenance.suggestion_runs == (tuple(range(1, 90)),)


async def test_a_further_turn_about_many_runs_keeps_those_it_names() -> None:
    client = ScriptedClient(said)
    reflector = rf.Reflector(client, prompt_builder=SMALL)
    conversation = await reflector.start_conversation(RUNS, prompt=PROMPT)
    before = len(client.requests)
    await reflector.continue_conversation(conversation, "What happened at step 2 of run 11?")
    (request,) = client.requests[before:]
    assert "**run 11**" in request.messages[1].content
    assert "**Run 11 step 2" in request.messages[-1].content


def test_groups_hold_every_failed_run_once_and_runs_that_fail_alike_together() -> None:
    errors = ["Error: no such table", "Error: permission denied"]
    runs = [run(number, errors[number % 2]) for number in range(1, 41)]
    asked = build_request([*read_runs(runs), run(99, outcome="success")], prompt=PROMPT)
    groups = split_request(asked, SMALL)
    assert len(groups) > 2
    assert sorted(number for group in groups for number in group.numbers) == list(range(1, 41))
    ids = {each.trajectory_id: number for number, each in zip(asked.numbers, asked.failed, strict=True)}
    for group in groups:
        assert [ids[each.trajectory_id] for each in group.failed] == list(group.numbers)
        assert [each.trajectory_id for each in group.passed] == ["r99"]
    mixed = [group for group in groups if len({each.failure_points[0].evidence for each in group.failed}) > 1]
    assert len(mixed) <= 1


def test_a_single_run_is_never_split_and_ten_equal_runs_count_as_ten() -> None:
    alone = build_request([run(1)], prompt=PROMPT)
    assert split_request(alone, rf.PromptBuilder(window=1)) == (alone,)
    reflection = rf.reflect_sync([RUNS[0]] * 10, prompt=PROMPT, model="rules")
    assert reflection.provenance.suggestion_runs[0] == tuple(range(1, 11))


def test_an_entry_that_names_nothing_is_traced_by_what_it_says() -> None:
    joined = rf.parse_reflection(answer("because", "The tables are not named")).replace(
        provenance=Provenance(cause_runs=((1, 2),), suggestion_runs=((2, 3),))
    )
    reduced = rf.parse_reflection(answer("as seen", "The tables are never named", "- Tables: stock, orders."))
    traced = trace_back(reduced, joined, 5)
    assert traced.provenance == Provenance(cause_runs=((1, 2),), suggestion_runs=((2, 3),))
    nothing = trace_back(ParsedReflection(analysis="a", root_causes=("C9 is it",)), joined, 5)
    assert nothing.provenance.cause_runs == ((),)


def test_failed_runs_are_compared_with_the_passing_one_of_their_task() -> None:
    passed = [run(number, "12", outcome="success") for number in (3, 4)]
    asked = build_request([*RUNS[:4], *passed], prompt=PROMPT)
    compared = {each.trajectory_id: each.comparison for each in asked.failed if each.comparison is not None}
    assert {failed: each.successful_id for failed, each in compared.items()} == {"r3": "r3", "r4": "r4"}
