"""A run that is recorded once is replayed for nothing, with no server, bit for bit; and how the model is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import reflector as rf
from reflector.llm.scripted import ScriptedClient
from reflector.testing.loopback import LoopbackServer

pytestmark = pytest.mark.anyio

RUN: list[dict[str, Any]] = [
    {"role": "system", "content": "You keep the stock of a shop.\n\n## Rules\n\n- Answer briefly."},
    {"role": "user", "content": "How many lamps are left?"},
    {"role": "assistant", "content": "There are no lamps."},
]


def answer(*texts: str) -> str:
    suggestions = [
        {
            "type": "add", "category": "constraint", "description": f"Say that {text} matters in this shop",
            "rationale": "step 3", "priority": "high", "specific_text": text, "target_section": "## Rules",
        }
        for text in texts
    ]  # fmt: skip
    return json.dumps({"analysis": "a" * 60, "root_causes": ["x", "y", "z"], "suggestions": suggestions})


GOOD = answer("one", "two", "three", "four", "five")
WEAK = json.dumps({"analysis": "Hm.", "suggestions": ["Be clearer."]})
FREE = {"usage", "duration_ms", "cached"}


def said_by(reflection: rf.Reflection) -> bytes:
    """Return everything that a reflection says, apart from what it cost this time."""
    return reflection.model_dump_json(exclude=FREE).encode()


async def test_a_replay_is_free_and_bit_identical_without_a_server(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    async with LoopbackServer([GOOD, WEAK, GOOD]) as server:
        url = server.base_url
        with rf.AnswerStore(path) as store:
            recorded = rf.Model("openai/any", base_url=url, api_key="k", store=store)
            first = [await rf.Reflector(recorded).reflect(RUN, sample=sample) for sample in range(2)]
            conversation = await rf.Reflector(recorded).start_conversation(RUN, task="Keep the stock.")
        assert len(server.requests) == 3
    with rf.AnswerStore(path, mode="replay") as store:
        replayed = rf.Model("openai/any", base_url=url, api_key="another", store=store)
        again = [await rf.Reflector(replayed).reflect(RUN, sample=sample) for sample in range(2)]
        spoken = await rf.Reflector(replayed).start_conversation(RUN, task="Keep the stock.")
        with pytest.raises(rf.NotStoredError, match="fingerprint"):
            await rf.Reflector(replayed).reflect(RUN, sample=2)
    assert [said_by(each) for each in first] == [said_by(each) for each in again]
    assert said_by(conversation.reflections[0]) == said_by(spoken.reflections[0])
    assert [each.cached for each in (*first, *again)] == [False, False, True, True]
    assert all(
        each.usage == rf.Usage(input_tokens=0, output_tokens=0, calls=0, cost_usd=0.0) for each in again
    )
    line = replayed.ledger.total()
    assert (line.calls, line.hits, line.attempts) == (0, 3, 0)


async def test_identical_questions_are_asked_once(tmp_path: Path) -> None:
    client = ScriptedClient(lambda request: GOOD)
    model = rf.Model(client, store=rf.AnswerStore())
    reflector = rf.Reflector(model)
    first = await reflector.reflect(RUN, prompt="p")
    second = await reflector.reflect(list(RUN), prompt="p")
    assert (first.cached, second.cached) == (False, True)
    assert len(client.requests) == 1
    for other in (
        {"prompt": "q"}, {"prompt": "p", "sample": 1}, {"prompt": "p", "task": "t"},
        {"prompt": "p", "verbosity": "brief"},
    ):  # fmt: skip
        assert not (await reflector.reflect(RUN, **other)).cached
    warmer = rf.Reflector(model, options=rf.ReflectorOptions(temperature=0.4))
    assert not (await warmer.reflect(RUN, prompt="p")).cached
    other_client = rf.Model(ScriptedClient([GOOD], name="other"), store=model.store)
    assert not (await rf.Reflector(other_client).reflect(RUN, prompt="p")).cached


async def test_a_model_given_by_its_name_is_asked_an_identical_question_once_unless_told_otherwise() -> None:
    async with LoopbackServer(lambda request: GOOD) as server:
        to = {"base_url": server.base_url, "api_key": "k"}
        reflector = rf.Reflector("openai/any", **to)
        assert [(await reflector.reflect(RUN)).cached for _ in range(2)] == [False, True]
        assert not (await reflector.reflect(RUN, sample=1)).cached
        assert len(server.requests) == 2
        anew = rf.Reflector("openai/any", options=rf.ReflectorOptions(cache=False), **to)
        assert not any([(await anew.reflect(RUN)).cached for _ in range(2)])
        assert len(server.requests) == 4


async def test_without_a_store_every_question_is_asked() -> None:
    client = ScriptedClient(lambda request: GOOD)
    reflector = rf.Reflector(client)
    assert not any([(await reflector.reflect(RUN)).cached for _ in range(2)])
    assert len(client.requests) == 2


async def test_what_does_not_change_the_answer_does_not_change_its_fingerprint() -> None:
    client = ScriptedClient(["text"])
    model = rf.Model(client, store=rf.AnswerStore())
    request = rf.ModelRequest.from_text("q", temperature=0.1, seed=1)
    await model.complete(request)
    reply = await model.complete(request.replace(timeout=5, role="judge", model="scripted"))
    assert (reply.content, reply.cached) == ("text", True)
    for change in ({"temperature": 0.2}, {"seed": 2}, {"max_tokens": 5}, {"extra": {"a": 1}}, {"sample": 1}):
        with pytest.raises(rf.LLMError, match="the script"):
            await model.complete(request.replace(**change))


# --- how the model is asked ---


async def test_the_model_is_held_to_the_schema_and_sent_every_option() -> None:
    client = ScriptedClient([GOOD])
    options = rf.ReflectorOptions(temperature=0.7, max_tokens=900, seed=11, extra={"top_p": 0.5})
    await rf.Reflector(client, options=options).reflect(RUN)
    asked = client.requests[0].options()
    schema = asked.pop("response_format")
    assert asked == {"temperature": 0.7, "max_tokens": 900, "seed": 11, "top_p": 0.5}
    assert schema["json_schema"]["strict"] is True


async def test_prompts_of_ones_own_are_not_held_to_our_schema() -> None:
    client = ScriptedClient([GOOD])
    builder = rf.PromptBuilder(templates=rf.PromptTemplates(system="Answer in JSON."))
    await rf.Reflector(client, prompt_builder=builder).reflect(RUN)
    assert client.requests[0].response_format == {"type": "json_object"}


async def test_an_answer_without_a_reflection_is_asked_for_again_more_freely() -> None:
    client = ScriptedClient(["I cannot say.", "No idea.", GOOD])
    options = rf.ReflectorOptions(tries=3, temperature=0.3, highest_temperature=0.6)
    reflection = await rf.Reflector(rf.Model(client, options=ONCE), options=options).reflect(RUN)
    assert len(reflection.suggestions) == 5
    assert [request.temperature for request in client.requests] == [0.3, 0.5, 0.6]
    assert [request.sample for request in client.requests] == [0, 1, 2]
    assert reflection.usage.calls == 3


ONCE = rf.ModelOptions(retry=rf.RetryPolicy(attempts=1))


async def test_as_often_as_told_and_no_more() -> None:
    client = ScriptedClient(lambda request: "I cannot say.")
    with pytest.raises(rf.UnparsableReflectionError):
        await rf.Reflector(client, options=rf.ReflectorOptions(tries=2, temperature=None)).reflect(RUN)
    assert [request.temperature for request in client.requests] == [None, None]
    with pytest.raises(rf.UnparsableReflectionError):
        await rf.Reflector(client).reflect(RUN)
    assert len(client.requests) == 3


async def test_in_a_conversation_a_weak_or_repeated_answer_warms_up_and_a_good_one_cools_down() -> None:
    client = ScriptedClient([WEAK, GOOD, GOOD, WEAK])
    reflector = rf.Reflector(client)
    conversation = await reflector.start_conversation(RUN, max_turns=4)
    for _ in range(3):
        conversation = await reflector.continue_conversation(conversation, "What else?")
    assert [request.temperature for request in client.requests] == [0.3, 0.5, 0.3, 0.5]
