from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest

import reflector as rf
from reflector._clock import settle
from reflector.agents.ambient import current_runtime
from reflector.errors import (
    AgentError,
    ConfigurationError,
    InputError,
    LLMServerError,
    MissingPromptError,
    NoModelWarning,
    TrajectoryImportError,
    UnparsableReflectionError,
    UnsupportedReplyError,
)
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.reflector import ReflectorOptions
from reflector.testing.loopback import LoopbackServer

ONCE = rf.ModelOptions(retry=rf.RetryPolicy(attempts=1))

pytestmark = pytest.mark.anyio

PROMPT = "You keep the stock of a shop.\n\n## Rules\n\n- Answer briefly.\n- Use the `query` tool.\n"

MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": PROMPT},
    {"role": "user", "content": "How many lamps are left?"},
    {
        "role": "assistant",
        "content": "I look it up.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "query", "arguments": '{"table": "lamp"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "Error: no such table: lamp (tables: stock, orders)"},
    {"role": "assistant", "content": "There are no lamps."},
]

ANSWER = json.dumps(
    {
        "analysis": "The query failed because the prompt does not name the tables, and the agent answered anyway.",
        "root_causes": ["The tables are not named.", "Nothing forbids an answer after a failed query."],
        "suggestions": [
            {
                "type": "add",
                "category": "constraint",
                "description": "Name the tables of the database",
                "rationale": "Step 4 shows that a table was guessed",
                "priority": "high",
                "specific_text": "- The tables are `stock` and `orders`; never guess another name.",
                "target_section": "## Rules",
            },
            {
                "type": "modify",
                "category": "clarity",
                "description": "Say what to do when a query fails",
                "rationale": "Step 5 answers although nothing was found",
                "priority": "medium",
                "specific_text": "- Use the `query` tool; when it fails, correct the query before you answer.",
                "target_section": "- Use the `query` tool.",
            },
        ],
        "expected_improvement": "Queries name existing tables.",
    }
)

IMPROVED = (
    "You keep the stock of a shop.\n\n## Rules\n\n- Answer briefly.\n"
    "- Use the `query` tool; when it fails, correct the query before you answer.\n"
    "- The tables are `stock` and `orders`; never guess another name.\n"
)


async def answering(signal: rf.Signal, context: Any) -> dict[str, str]:
    return {"content": ANSWER}


# --- signals are the path, not a log beside it -------------------------------------------------------------


async def test_an_agent_for_the_model_request_answers_instead_of_the_model() -> None:
    seen: list[rf.Signal] = []

    async def my_model(signal: rf.Signal, context: Any) -> dict[str, str]:
        seen.append(signal)
        return {"content": ANSWER}

    async with rf.Runtime() as runtime:
        await runtime.spawn(my_model, name="m", handles="reflector.model.requested")
        reflection = await rf.reflect(MESSAGES, model="openai/any")
    assert reflection.improved_prompt == IMPROVED
    assert reflection.model == "openai/any"
    assert seen[0].data["messages"][1]["content"].startswith("# Prompt Execution Analysis")


async def test_middleware_that_swallows_the_model_request_makes_reflect_fail_typed() -> None:
    async def swallow(signal: rf.Signal, forward: Callable[[rf.Signal], Awaitable[Any]]) -> Any:
        return None if signal.type == "reflector.model.requested" else await forward(signal)

    with anyio.fail_after(5):
        async with rf.Runtime(middleware=[swallow]):
            with pytest.raises(AgentError):
                await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))


async def test_the_recorded_model_completed_alone_rebuilds_the_same_reflection() -> None:
    log: list[bytes] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.model.completed", lambda signal: log.append(signal.to_json()))
        first = await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))
    recorded = rf.Signal.from_json(log[0])

    async def replay(signal: rf.Signal, context: Any) -> Any:
        return recorded.data

    async with rf.Runtime() as runtime:
        await runtime.spawn(replay, name="replay", handles="reflector.model.requested")
        second = await rf.reflect(MESSAGES, model="openai/any")
    assert second.replace(duration_ms=0.0) == first.replace(duration_ms=0.0)


async def test_every_hop_is_a_request_and_its_reply() -> None:
    signals: list[rf.Signal] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.**", signals.append)
        await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))
    assert [signal.type for signal in signals] == [
        "reflector.reflection.requested",
        "reflector.model.requested",
        "reflector.model.completed",
        "reflector.reflection.completed",
    ]
    request, asked, answered, completed = signals
    assert (asked.causationid, answered.causationid, completed.causationid) == (
        request.id,
        asked.id,
        request.id,
    )
    assert {signal.correlationid or signal.id for signal in signals} == {request.id}
    for signal in signals:
        assert rf.Signal.from_json(signal.to_json()).type == signal.type


# --- the answer ---------------------------------------------------------------------------------------------


async def test_a_reflection_holds_the_diagnosis_the_edits_and_what_it_cost() -> None:
    reflection = await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]), task="Keep stock")
    assert reflection.root_causes[0] == "The tables are not named."
    assert (reflection.confidence, round(reflection.confidence_score, 3)) == ("medium", 0.687)
    assert reflection.improved_prompt == IMPROVED
    assert "Name the tables of the database" in reflection.diff()
    assert reflection.run_analysis.failure_points
    assert reflection.usage.calls == 1
    assert reflection.cost_usd is None
    assert not reflection.is_from_rules


async def test_several_runs_are_one_reflection_about_the_gravest() -> None:
    chat = [{"role": "system", "content": "Be brief."}, MESSAGES[1], MESSAGES[4]]
    mild = rf.Trajectory.from_openai_messages(chat, id="mild").with_outcome("failure")
    grave = rf.Trajectory.from_openai_messages(MESSAGES, id="grave").with_outcome("failure")
    passed = rf.Trajectory.from_openai_messages(MESSAGES[:2], id="passed").with_outcome("success")
    client = ScriptedClient([ANSWER])
    reflection = await rf.reflect([mild, passed, grave], model=client)
    assert reflection.run_analysis.trajectory_id == "grave"
    assert [other.trajectory_id for other in reflection.other_analyses] == ["mild", "passed"]
    question = client.requests[0].messages[-1].content
    assert "Beside the successful run `passed`" in question
    assert "### Execution Outcome of run 2" in question
    assert "### Execution Outcome of run 3" not in question


@pytest.mark.parametrize("runs", [[], [[]], 42, {"role": "user"}, [3], None])
async def test_what_is_not_a_run_is_an_input_error(runs: Any) -> None:
    with pytest.raises(InputError):
        await rf.reflect(runs, model="rules", prompt="p")


async def test_bad_options_are_input_errors() -> None:
    with pytest.raises(InputError, match="brief, normal, detailed; got 'loud'"):
        await rf.reflect(MESSAGES, model="rules", verbosity="loud")
    with pytest.raises(InputError, match="focus areas"):
        await rf.reflect(MESSAGES, model="rules", focus_areas=[3])  # type: ignore[list-item]
    with pytest.raises(InputError, match="the prompt must be a text; got int 3"):
        await rf.reflect(MESSAGES, model="rules", prompt=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"timeout": float("nan")}, {"max_tokens": 0}, {"temperature": -1}]
)
def test_senseless_options_are_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="got"):
        ReflectorOptions(**options)


async def test_a_task_that_is_no_text_and_a_record_around_messages_are_refused_with_a_hint() -> None:
    with pytest.raises(InputError, match="the task must be a text; got 5"):
        await rf.reflect(MESSAGES, model="rules", task=5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"record\['messages'\]"):
        await rf.reflect({"messages": MESSAGES}, model="rules")  # type: ignore[arg-type]


async def test_messages_without_a_json_form_are_an_input_error() -> None:
    loop: list[Any] = []
    loop.append(loop)
    for content in (object(), b"bytes", loop):
        with pytest.raises(InputError):
            await rf.reflect([{"role": "user", "content": content}], model="rules", prompt="p")


async def test_without_any_prompt_it_says_so() -> None:
    with pytest.raises(MissingPromptError, match="give it with prompt="):
        await rf.reflect(MESSAGES[1:], model="rules")


async def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrajectoryImportError, match=r"nothing\.json"):
        await rf.reflect(tmp_path / "nothing.json", model="rules")


async def test_an_empty_prompt_is_a_prompt() -> None:
    reflection = await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]), prompt="")
    assert "never guess another name" in reflection.improved_prompt


# --- who answers --------------------------------------------------------------------------------------------


async def test_rules_answer_deterministically_and_are_labelled() -> None:
    first = await rf.reflect(MESSAGES, model="rules")
    second = await rf.reflect(MESSAGES, model="rules")
    assert first.summary() | {"usage": None} == second.summary() | {"usage": None}
    assert (first.model, first.parse_mode, first.is_from_rules) == ("rules", "rules", True)


async def test_without_a_model_the_rules_answer_and_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REFLECTOR_MODEL", raising=False)
    monkeypatch.delenv("REFLECTOR_BASE_URL", raising=False)
    with pytest.warns(NoModelWarning, match="REFLECTOR_MODEL") as caught:
        reflection = await rf.reflect(MESSAGES)
    assert [each.filename for each in caught] == [__file__]
    assert reflection.is_from_rules


async def test_without_a_model_an_agent_that_handles_the_request_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REFLECTOR_MODEL", raising=False)
    async with rf.Runtime() as runtime:
        await runtime.spawn(answering, name="m", handles="reflector.model.requested")
        reflection = await rf.reflect(MESSAGES)
    assert (reflection.is_from_rules, reflection.model) == (False, "m")


@pytest.mark.parametrize(
    "reply", ["text", {"content": "text"}, {"message": {"content": "text"}}, {"response": "text"}], ids=repr
)
async def test_the_usual_forms_of_a_reply_are_understood(reply: Any) -> None:
    filled = json.loads(json.dumps(reply).replace('"text"', json.dumps(ANSWER)))
    reflection = await rf.reflect(MESSAGES, model=lambda messages: filled)
    assert len(reflection.suggestions) == 2


async def test_a_reply_of_another_form_is_a_typed_error() -> None:
    with pytest.raises(UnsupportedReplyError):
        await rf.reflect(MESSAGES, model=lambda messages: 42)


async def test_errors_of_the_model_leave_as_they_are() -> None:
    with pytest.raises(LLMServerError, match="down"):
        await rf.reflect(MESSAGES, model=rf.Model(ScriptedClient([LLMServerError("down")]), options=ONCE))
    with pytest.raises(UnparsableReflectionError) as caught:
        await rf.reflect(MESSAGES, model=ScriptedClient(["Nice weather today."]))
    assert caught.value.reason == "no_reflection"


async def test_an_agent_of_ones_own_that_answers_nonsense_is_a_typed_error() -> None:
    async def nonsense(signal: rf.Signal, context: Any) -> str:
        return "done"

    async with rf.Runtime() as runtime:
        await runtime.spawn(nonsense, name="n", handles="reflector.reflection.requested")
        with pytest.raises(UnsupportedReplyError, match="expected a Reflection"):
            await rf.reflect(MESSAGES, model="rules")


# --- life ---------------------------------------------------------------------------------------------------


async def test_nothing_is_left_in_the_ambient_runtime() -> None:
    async with rf.Runtime() as runtime:
        for _ in range(3):
            await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))
        assert runtime.statistics().agents == 0
    assert current_runtime() is None


async def test_its_agents_have_names_that_nobody_else_has() -> None:
    both = anyio.Event()

    class Slow(ScriptedClient):
        async def warmup(self) -> None:
            await both.wait()

    async def reflect() -> None:
        await rf.reflect(MESSAGES, model=Slow([ANSWER]))

    seen: list[str] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.*.completed", lambda signal: seen.append(signal.source))
        await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))
        assert seen == ["/agents/reflector.model", "/agents/reflector"]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reflect)
            tasks.start_soon(reflect)
            await settle()
            both.set()
        await runtime.spawn(lambda signal, context: None, name="reflector.model")
        await rf.reflect(MESSAGES, model=ScriptedClient([ANSWER]))
    assert len(seen) == 8
    assert len(set(seen)) == 6


async def test_one_reflector_serves_many_calls_at_a_time() -> None:
    reflector = rf.Reflector(ScriptedClient(lambda request: ANSWER))
    reflections = []

    async def one() -> None:
        reflections.append(await reflector.reflect(MESSAGES))

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(one)
    assert len(reflections) == 20


async def test_the_synchronous_twin_works_inside_a_running_loop() -> None:
    reflection = rf.reflect_sync(MESSAGES, model=ScriptedClient([ANSWER]))
    assert reflection.improved_prompt == IMPROVED


async def test_cancelling_a_reflection_stops_it() -> None:
    async def never(messages: Any) -> str:
        await anyio.sleep_forever()
        return ""

    with anyio.move_on_after(0.01) as scope:
        await rf.reflect(MESSAGES, model=never)
    assert scope.cancelled_caught


async def test_a_cancelled_reflection_leaves_nothing_behind_in_the_ambient_runtime() -> None:
    ended: list[str] = []

    async with rf.Runtime() as runtime:
        for _ in range(5):
            asked = anyio.Event()

            async def slow(messages: Any, asked: anyio.Event = asked) -> str:
                asked.set()
                try:
                    await anyio.sleep_forever()
                finally:
                    ended.append("cancelled")
                return ""

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(partial(rf.reflect, MESSAGES, model=slow))
                await asked.wait()
                tasks.cancel_scope.cancel()
        assert runtime.statistics().agents == 0
    assert ended == ["cancelled"] * 5


# --- over a real server -------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_over_http_request_reply_usage_and_suggestions_hold() -> None:
    with LoopbackServer(ANSWER) as server:
        reflector = rf.Reflector(model="openai/loopback", base_url=server.base_url)
        reflection = await reflector.reflect(MESSAGES)
    (request,) = server.requests
    assert request.messages[0]["content"].startswith("You are an expert prompt engineer")
    assert "no such table: lamp" in request.messages[1]["content"]
    assert reflection.improved_prompt == IMPROVED
    assert reflection.usage.input_tokens == server.usage.input_tokens
    assert reflection.usage.output_tokens == server.usage.output_tokens
    assert reflection.usage.calls == 1
