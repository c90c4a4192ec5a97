"""Models and rules as providers: the question goes out as a signal, the answer comes back as a value with its usage."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import reflector as rf
from reflector._json import dumps
from reflector.errors import HandlerError, InputError, ReflectorError, UnparsableReflectionError
from reflector.llm.scripted import ScriptedClient
from reflector.tasks.model_provider import MODEL_KINDS, ModelProvider
from reflector.tasks.rules_provider import RULES_KINDS, rules_provider

pytestmark = pytest.mark.anyio

CODE = "def load(path):\n    return open(path).read()\n"
REFLECTION = dumps(
    {
        "analysis": "The file is never closed.",
        "root_causes": ["no context manager"],
        "suggestions": [
            {
                "type": "modify", "category": "constraint", "description": "Close it.", "rationale": "It leaks.",
                "priority": "high", "target_section": "chunk-1:2", "specific_text": None,
            }
        ],
        "expected_improvement": "none leaks",
    }
).decode()  # fmt: skip
RUN = [
    {"role": "system", "content": "You are terse."},
    {"role": "user", "content": "Add 2 and 2."},
    {"role": "assistant", "content": "5"},
]


async def asked(client: ScriptedClient, group: rf.TaskGroup, **options: Any) -> rf.TaskResult:
    model = rf.Model(client)
    async with rf.Runtime() as runtime:
        provider = partial(ModelProvider, model, **options)
        await runtime.spawn(provider, name="m", accepts=MODEL_KINDS, card=model.card)
        return await rf.execute(group.to_task())


async def test_a_code_reflection_asks_for_the_goal_and_gives_lines_and_usage() -> None:
    client = ScriptedClient([REFLECTION])
    group = rf.TaskGroup(payload=rf.CodeReflectionTask(code_chunks=(CODE,)), goal="Find leaks.")
    result = await asked(client, group)
    assert isinstance(result.value, rf.CodeReflection)
    assert [each.place for each in result.value.suggestions] == ["lines 2"]
    assert result.usage.calls == 1
    assert result.usage.input_tokens
    (request,) = client.requests
    assert "Find leaks." in request.messages[1].content
    assert request.response_format is not None


async def test_a_code_evolution_is_a_patch() -> None:
    new = "def load(path):\n    with open(path) as file:\n        return file.read()\n"
    client = ScriptedClient([f"```python\n{new}```\nIt closes the file."])
    payload = rf.CodeEvolutionTask(code_snippet=CODE, path="a.py", start_line=5)
    result = await asked(client, rf.TaskGroup(payload=payload, goal="Close the file."))
    assert result.value.text == new
    assert "+++ b/a.py\n@@ -5,2 +5,3 @@" in result.value.diff


async def test_runs_are_documents_and_never_names_of_files(tmp_path: Any) -> None:
    secret = tmp_path / "run.json"
    secret.write_bytes(dumps(RUN))
    client = ScriptedClient(lambda _: REFLECTION)
    result = await asked(client, rf.TaskGroup(payload=rf.PromptReflectionTask(runs=(RUN,))))
    assert isinstance(result.value, rf.Reflection)
    with pytest.raises(ReflectorError):
        await asked(client, rf.TaskGroup(payload=rf.PromptReflectionTask(runs=(str(secret),))))
    assert len(client.requests) == 1


async def test_an_answer_that_cannot_be_read_is_asked_for_again_and_paid() -> None:
    client = ScriptedClient(["I cannot say.", REFLECTION])
    result = await asked(client, rf.TaskGroup(payload=rf.CodeReflectionTask(code_chunks=(CODE,))))
    assert result.usage.calls == 2
    assert result.value.suggestions


async def test_answers_that_cannot_be_read_are_an_error_that_knows_their_cost() -> None:
    client = ScriptedClient(lambda _: "I cannot say.")
    with pytest.raises(UnparsableReflectionError) as caught:
        await asked(client, rf.TaskGroup(payload=rf.CodeReflectionTask(code_chunks=(CODE,))))
    assert caught.value.usage.calls == 2


async def test_an_agent_that_handles_the_models_signal_is_asked_instead() -> None:
    client = ScriptedClient([])

    async def instead(signal: rf.Signal, context: Any) -> Any:
        return {"content": REFLECTION}

    model = rf.Model(client)
    async with rf.Runtime() as runtime:
        await runtime.spawn(instead, name="instead", handles="reflector.model.requested")
        await runtime.spawn(partial(ModelProvider, model), name="m", accepts=MODEL_KINDS)
        result = await rf.execute(rf.CodeReflectionTask(code_chunks=(CODE,)))
    assert result.value.suggestions
    assert not client.requests


async def test_a_payload_that_crossed_as_plain_data_is_read_again() -> None:
    client = ScriptedClient([REFLECTION])
    model = rf.Model(client)
    async with rf.Runtime() as runtime:
        await runtime.spawn(partial(ModelProvider, model), name="m", accepts=MODEL_KINDS)
        good = await rf.execute(rf.Task(kind="code_reflection", payload={"code_chunks": [CODE]}))
        with pytest.raises((InputError, HandlerError), match="code_chunks"):
            await rf.execute(rf.Task(kind="code_reflection", payload={"code_chunks": 3}))
    assert good.value.suggestions


# --- rules ----------------------------------------------------------------------------------------------------


async def test_rules_do_code_and_runs_for_nothing() -> None:
    async with rf.Runtime() as runtime:
        await runtime.spawn(rules_provider, name="rules", accepts=RULES_KINDS)
        code = await rf.execute(rf.CodeReflectionTask(code_chunks=("assert (a, 'b')\n",)))
        runs = await rf.execute(rf.PromptReflectionTask(runs=(RUN,)))
    assert [each.place for each in code.value.suggestions] == ["lines 1"]
    assert runs.value.model == "rules"
    assert code.usage.calls == runs.usage.calls == 0


async def test_rules_change_no_code() -> None:
    async with rf.Runtime() as runtime:
        await runtime.spawn(rules_provider, name="rules", accepts=["code_evolution"])
        with pytest.raises((InputError, HandlerError), match="rules do tasks of kind"):
            await rf.execute(rf.CodeEvolutionTask(code_snippet=CODE))
