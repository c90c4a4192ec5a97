"""Conversations: the behaviours of the origin's tests (numbered as there), the three tests of the house, and ours."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reflector as rf
from reflector.edits.planning import plan_edits
from reflector.errors import AgentError, ConfigurationError, InputError, LLMServerError, MissingPromptError
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.conversation import Conversation
from reflector.reflection.models import Confidence, ParsedReflection, Priority, ReflectionRequest
from reflector.testing.loopback import LoopbackServer
from reflector.trajectories.analyzer import analyze

pytestmark = pytest.mark.anyio

PROMPT = "Keep the stock.\n\n## Rules\n\n- Answer briefly.\n"


@cache
def run() -> rf.Trajectory:
    return (
        rf.Trajectory.new(id="r1")
        .add_step("user", "How many lamps are left?")
        .add_step("tool_call", name="query", arguments={"table": "lamp"})
        .add_step("tool_result", "Error: no such table: lamp", name="query", is_error=True)
        .add_step("message", "There are none.")
        .complete("failure")
    )


def suggestion(text: str | None, description: str = "Name the tables of the database", **fields: Any) -> Any:
    return {
        "type": "add",
        "category": "constraint",
        "description": description,
        "rationale": "Step 2 shows a guessed table",
        "priority": "high",
        "specific_text": text,
    } | fields


def answer(*suggestions: Any, causes: int = 3, analysis: str = "The prompt does not name the tables.") -> str:
    named = ["The tables are not named anywhere", "A failed query is not handled", "Nobody checks the answer"]
    return json.dumps(
        {
            "analysis": analysis,
            "root_causes": [f"{cause} in the prompt" for cause in named[:causes]],
            "suggestions": list(suggestions) or [suggestion(None)],
            "expected_improvement": "Fewer guesses.",
        }
    )


WEAK = answer(causes=1)
TEXTS = [
    "The tables are stock and orders.",
    "Correct a failed query.",
    "Look before you answer.",
    "Ask once.",
]
WHAT = [
    "Name the tables",
    "Handle failed queries well",
    "Check before answering it",
    "Ask for what is missing",
]
GOOD = answer(*[suggestion(text, f"{what} in the rules") for text, what in zip(TEXTS, WHAT, strict=True)])


async def start(model: Any = None, **options: Any) -> Conversation:
    options.setdefault("prompt", PROMPT)
    return await rf.Reflector(model or ScriptedClient([WEAK])).start_conversation(run(), **options)


def without_clock(conversation: Conversation) -> Any:
    """Return what a conversation says, without its id and its times."""
    document = json.loads(conversation.to_json())
    for turn in document["turns"]:
        turn["reflection"].pop("duration_ms")
    return document | {"id": None}


# --- the origin's behaviours --------------------------------------------------------------------------------


async def test_06_a_conversation_starts_with_one_turn() -> None:
    conversation = await start(max_turns=5)
    assert (conversation.max_turns, conversation.current_turn, conversation.completed) == (5, 1, False)
    assert len(conversation.reflections) == len(conversation.turns) == 1
    assert conversation.turns[0].kind == "initial"


async def test_07_a_missing_prompt_is_an_error() -> None:
    with pytest.raises(MissingPromptError):
        await start(prompt=None)


async def test_08_three_turns_are_the_default() -> None:
    assert (await start()).max_turns == 3


async def test_09_each_conversation_has_an_id_of_its_own() -> None:
    model = ScriptedClient(lambda request: WEAK)
    assert (await start(model)).id != (await start(model)).id


async def test_10_a_completed_conversation_cannot_be_continued() -> None:
    conversation = (await start()).complete()
    with pytest.raises(rf.ConversationCompletedError, match="completed after 1 turns"):
        await rf.Reflector(ScriptedClient([WEAK])).continue_conversation(conversation)


async def test_11_the_limit_of_turns_is_an_error_that_names_it() -> None:
    conversation = await start(max_turns=1)
    with pytest.raises(rf.MaxTurnsReachedError, match="max_turns=1") as caught:
        await rf.Reflector(ScriptedClient([WEAK])).continue_conversation(conversation, "Why?")
    assert caught.value.max_turns == 1


async def test_12_continuing_returns_the_conversation_with_one_more_turn() -> None:
    first = await start()
    client = ScriptedClient([GOOD])
    second = await rf.Reflector(client).continue_conversation(first, "What caused the error in step 2?")
    assert (second.current_turn, len(second.turns), second.completed) == (2, 2, False)
    assert second.turns[1].question == "What caused the error in step 2?"
    assert (second.id, first.current_turn) == (first.id, 1)
    roles = [message.role for message in client.requests[0].messages]
    assert roles == ["system", "user", "assistant", "user"]
    _, asked, answered, question = (message.content for message in client.requests[0].messages)
    assert asked.startswith("# Failed Prompt Execution Analysis")
    assert json.loads(answered)["analysis"] == "The prompt does not name the tables."
    assert "What caused the error in step 2?" in question
    assert "**Step 2, tool result query (failed: marked as an error)**" in question
    assert PROMPT.strip() in question


async def test_06_to_15_hold_over_http_as_well() -> None:
    async with LoopbackServer(lambda request: GOOD if "Step 2" in request.text else WEAK) as server:
        reflector = rf.Reflector("openai/any", base_url=server.base_url, api_key="k")
        with pytest.raises(MissingPromptError):
            await reflector.start_conversation(run(), prompt=None)
        assert server.requests == []
        other = await reflector.start_conversation(run(), prompt=PROMPT)
        first = await reflector.start_conversation(run(), prompt=PROMPT, max_turns=2)
        assert (first.max_turns, first.current_turn, first.completed, other.max_turns) == (2, 1, False, 3)
        assert first.id != other.id
        with pytest.raises(rf.ConversationCompletedError):
            await reflector.continue_conversation(first.complete())
        kept = rf.Conversation.from_json(first.to_json())
        second = await reflector.continue_conversation(kept, "What caused the error in step 2?")
        assert (second.current_turn, len(second.turns), len(second.reflections)) == (2, 2, 2)
        assert second.turns[1].question == "What caused the error in step 2?"
        with pytest.raises(rf.MaxTurnsReachedError, match="max_turns=2"):
            await reflector.continue_conversation(second)
        assert reflector.select_best_reflection(second) in second.reflections
        assert len(server.requests) == 2  # the identical first question was asked once


def reflection(level: Confidence, suggestions: int = 1, priority: str = "medium") -> rf.Reflection:
    parsed = ParsedReflection(
        analysis=f"{level} {suggestions}",
        confidence=level,
        suggestions=tuple(
            rf.Suggestion(type="add", category="clarity", description="d", rationale="r", priority=priority)
            for _ in range(suggestions)
        ),
    )
    fields = {name: getattr(parsed, name) for name in ParsedReflection.model_fields}
    return rf.Reflection(
        **fields, run_analysis=analyze(run()), plan=plan_edits(parsed, PROMPT), model="scripted"
    )


def holding(*reflections: rf.Reflection) -> Conversation:
    conversation = Conversation(
        request=ReflectionRequest(trajectory_analysis=analyze(run()), original_prompt=PROMPT), max_turns=9
    )
    for each in reflections:
        conversation = conversation.with_turn(each, "Why?" if conversation.turns else None)
    return conversation


def test_13_the_best_of_low_high_and_medium_is_the_high_one() -> None:
    high = reflection(Confidence.HIGH, 2)
    conversation = holding(reflection(Confidence.LOW), high, reflection(Confidence.MEDIUM))
    for scoring in ("quality", "origin"):
        best = rf.Reflector.select_best_reflection(conversation, scoring=scoring)  # type: ignore[arg-type]
        assert best == high


def test_14_the_only_reflection_is_the_best() -> None:
    assert rf.Reflector("rules").select_best_reflection(holding(only := reflection(Confidence.LOW))) == only


def test_15_of_no_reflections_none_is_the_best() -> None:
    assert rf.Reflector("rules").select_best_reflection(holding()) is None


def test_20_defaults_of_a_conversation() -> None:
    conversation = holding().replace(max_turns=3)
    assert (conversation.turns, conversation.reflections, conversation.max_turns) == ((), (), 3)
    assert (conversation.current_turn, conversation.completed, conversation.metadata) == (0, False, {})


def test_ours_puts_quality_before_volume_where_the_origin_does_not() -> None:
    many, sure = reflection(Confidence.LOW, 21), reflection(Confidence.HIGH, 3, "high")
    conversation = holding(many, sure)
    assert rf.Reflector.select_best_reflection(conversation, scoring="origin") == many
    assert rf.Reflector.select_best_reflection(conversation) == sure
    with pytest.raises(InputError, match="'quality' or 'origin'"):
        rf.Reflector.select_best_reflection(conversation, scoring="loud")  # type: ignore[arg-type]


# --- signals are the path ----------------------------------------------------------------------------------


async def talk(model: Any) -> Conversation:
    reflector = rf.Reflector(model)
    conversation = await reflector.start_conversation(run(), prompt=PROMPT)
    return await reflector.continue_conversation(await reflector.continue_conversation(conversation))


async def test_an_agent_for_the_model_request_answers_instead_of_the_model() -> None:
    asked: list[rf.Signal] = []

    async def my_model(signal: rf.Signal, context: Any) -> dict[str, str]:
        asked.append(signal)
        return {"content": GOOD if len(asked) == 3 else WEAK}

    async with rf.Runtime() as runtime:
        await runtime.spawn(my_model, name="m", handles="reflector.model.requested")
        conversation = await talk("openai/any")
    assert [len(signal.data["messages"]) for signal in asked] == [2, 4, 6]
    assert len(conversation.reflections[2].suggestions) == 4


async def test_middleware_that_swallows_a_turn_makes_it_fail_typed() -> None:
    first = await start()

    async def swallow(signal: rf.Signal, forward: Callable[[rf.Signal], Awaitable[Any]]) -> Any:
        return None if signal.type == "reflector.model.requested" else await forward(signal)

    with anyio.fail_after(5):
        async with rf.Runtime(middleware=[swallow]):
            with pytest.raises(AgentError):
                await rf.Reflector(ScriptedClient([GOOD])).continue_conversation(first)


async def test_the_recorded_answers_alone_rebuild_the_same_conversation() -> None:
    log: list[bytes] = []
    async with rf.Runtime() as runtime:
        runtime.subscribe("reflector.model.completed", lambda signal: log.append(signal.to_json()))
        first = await talk(ScriptedClient([WEAK, WEAK, GOOD]))
    recorded = [rf.Signal.from_json(line).data for line in log]

    async def replay(signal: rf.Signal, context: Any) -> Any:
        return recorded.pop(0)

    async with rf.Runtime() as runtime:
        await runtime.spawn(replay, name="replay", handles="reflector.model.requested")
        second = await talk("openai/any")
    assert without_clock(second) == without_clock(first)


# --- saved, and continued elsewhere ------------------------------------------------------------------------


async def test_a_conversation_survives_json_and_names_its_runs_once() -> None:
    conversation = await talk(ScriptedClient([WEAK, WEAK, GOOD]))
    raw = conversation.to_json()
    assert Conversation.from_json(raw) == conversation
    assert raw.count(b"How many lamps are left?") == 1


CONTINUE = """
import sys, anyio, reflector as rf
from reflector.llm.scripted import ScriptedClient
raw, answer = (open(name, "rb").read() for name in sys.argv[1:3])
reflector = rf.Reflector(ScriptedClient([answer.decode()]))
after = anyio.run(reflector.continue_conversation, rf.Conversation.from_json(raw))
open(sys.argv[3], "wb").write(after.to_json())
"""


@pytest.mark.slow
async def test_a_conversation_continued_in_another_process_gives_the_same_result(tmp_path: Path) -> None:
    first = await start()
    (tmp_path / "c.json").write_bytes(first.to_json())
    (tmp_path / "answer").write_text(GOOD)
    names = [str(tmp_path / name) for name in ("c.json", "answer", "after.json")]
    await anyio.run_process([sys.executable, "-c", CONTINUE, *names])
    elsewhere = Conversation.from_json((tmp_path / "after.json").read_bytes())
    here = await rf.Reflector(ScriptedClient([GOOD])).continue_conversation(first)
    assert without_clock(elsewhere) == without_clock(here)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b"{}", '{"schema": "reflector.conversation/1"}', b"\xff", None, 3,
     '{"schema": "reflector.conversation/1", "request": {}, "turns": [3]}',
     '{"schema": "reflector.conversation/1", "request": 1, "turns": {"a": 1}}',
     '{"schema": "reflector.conversation/2"}'],
    ids=repr,
)  # fmt: skip
def test_what_is_no_saved_conversation_is_an_input_error(raw: Any) -> None:
    with pytest.raises(InputError, match="not a saved conversation"):
        Conversation.from_json(raw)


# --- by itself ---------------------------------------------------------------------------------------------


async def test_converse_ends_when_it_is_confident() -> None:
    client = ScriptedClient([WEAK, GOOD, GOOD])
    conversation = await rf.Reflector(client).converse(run(), prompt=PROMPT, max_turns=9)
    assert conversation.completed
    assert (conversation.current_turn, conversation.metadata["stopped"]) == (2, "confident")
    merged = conversation.merged
    assert merged is not None
    assert merged.confidence is Confidence.HIGH
    assert merged.usage.calls == 2


async def test_converse_ends_at_the_limit_and_when_nothing_new_comes() -> None:
    client = ScriptedClient(lambda request: WEAK)
    limited = await rf.Reflector(client).converse(run(), prompt=PROMPT, max_turns=1)
    assert (limited.current_turn, limited.metadata["stopped"]) == (1, "max_turns")
    same = await rf.Reflector(client).converse(run(), prompt=PROMPT, max_turns=9, until="max_turns")
    assert (same.current_turn, same.metadata["stopped"]) == (2, "not worth its price")


async def test_what_a_later_turn_brought_is_measured_by_quality() -> None:
    """Of the same suggestion: a text that becomes an edit is more than its confidence, a longer analysis is less."""
    text, long = "The tables are stock and orders.", "The prompt does not name the tables. " * 3
    policy = rf.TurnPolicy(min_gain=0.3)
    client = ScriptedClient([answer(), answer(suggestion(text)), answer(suggestion(text))])
    placed = await rf.Reflector(client).converse(run(), prompt=PROMPT, max_turns=9, policy=policy)
    assert (placed.current_turn, placed.metadata["stopped"]) == (3, "not worth its price")
    client = ScriptedClient([answer(), answer(analysis=long), answer()])
    longer = await rf.Reflector(client).converse(run(), prompt=PROMPT, max_turns=9)
    assert (longer.current_turn, longer.metadata["stopped"]) == (2, "not worth its price")


def priced(cost: float | None, content: str = WEAK) -> dict[str, Any]:
    return {
        "content": content,
        "usage": {"input_tokens": 1, "output_tokens": 1, "calls": 1, "cost_usd": cost},
    }


@pytest.mark.parametrize(
    ("cost", "policy", "turns", "stopped"),
    [
        (0.4, rf.TurnPolicy(max_cost_usd=0.5), 1, "budget"),
        (0.2, rf.TurnPolicy(max_cost_usd=0.5), 2, "budget"),
        (None, rf.TurnPolicy(max_cost_usd=0.5), 1, "unknown price"),
        (0.2, rf.TurnPolicy(value_usd=0.1), 1, "not worth its price"),
        (0.0, rf.TurnPolicy(value_usd=0, min_gain=0), 1, "not worth its price"),
        (0.001, rf.TurnPolicy(), 3, "max_turns"),
    ],
    ids=["would not fit", "used up", "no price", "dear", "free and worth nothing", "cheap"],
)
async def test_a_turn_has_to_be_worth_its_price(
    cost: float | None, policy: rf.TurnPolicy, turns: int, stopped: str
) -> None:
    bodies = [answer(suggestion(None, f"{what} somewhere else")) for what in WHAT]

    class Priced:
        name = "priced"
        asked = 0

        async def complete(self, request: rf.ModelRequest) -> rf.ModelReply:
            self.asked += 1
            usage = rf.Usage(input_tokens=1, output_tokens=1, calls=1, cost_usd=cost)
            return rf.ModelReply(content=bodies[self.asked - 1], usage=usage)

    conversation = await rf.Reflector(Priced()).converse(run(), prompt=PROMPT, policy=policy)
    assert (conversation.current_turn, conversation.metadata["stopped"]) == (turns, stopped)


async def test_a_turn_that_fails_does_not_cost_what_was_said_before() -> None:
    once = rf.ModelOptions(retry=rf.RetryPolicy(attempts=1))
    model = rf.Model(ScriptedClient([WEAK, LLMServerError("down")]), options=once)
    conversation = await rf.Reflector(model).converse(run(), prompt=PROMPT)
    assert conversation.current_turn == 1
    assert conversation.metadata["stopped"] == "failed: LLMServerError: down"
    model = rf.Model(ScriptedClient([LLMServerError("down")]), options=once)
    with pytest.raises(LLMServerError):
        await rf.Reflector(model).converse(run(), prompt=PROMPT)


async def test_converse_goes_on_with_a_conversation_and_takes_a_rule_of_ones_own() -> None:
    begun = await start(max_turns=2)
    model = ScriptedClient([GOOD])
    ended = await rf.Reflector(model).converse(begun, until=lambda merged: len(merged.suggestions) > 3)
    assert (ended.current_turn, ended.metadata["stopped"]) == (2, "until")
    with pytest.raises(rf.ConversationCompletedError):
        await rf.Reflector(model).converse(ended)


async def test_the_rules_have_nothing_more_to_say() -> None:
    conversation = await rf.Reflector("rules").converse(run(), prompt=PROMPT)
    assert (conversation.current_turn, conversation.metadata["stopped"]) in [(1, "rules"), (1, "confident")]


@pytest.mark.parametrize("turns", [0, -1, "3", None, True, 2.0], ids=repr)
async def test_a_number_of_turns_that_is_none_is_an_input_error(turns: Any) -> None:
    with pytest.raises(InputError, match="max_turns is a positive number"):
        await start(max_turns=turns)


async def test_bad_arguments_are_typed_errors() -> None:
    conversation = await start()
    reflector = rf.Reflector(ScriptedClient([WEAK]))
    for question in ("", "  ", 3):
        with pytest.raises(InputError, match="a question is a text"):
            await reflector.continue_conversation(conversation, question)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="until is"):
        await reflector.converse(run(), until="tired")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        rf.TurnPolicy(max_cost_usd=-1)
    with pytest.raises(InputError, match="no turn yet"):
        holding().next_question()


def test_the_synchronous_twins_work() -> None:
    reflector = rf.Reflector(ScriptedClient([WEAK, WEAK, WEAK, GOOD]))
    conversation = reflector.start_conversation_sync(run(), prompt=PROMPT)
    assert reflector.continue_conversation_sync(conversation, "Why?").current_turn == 2
    assert reflector.converse_sync(conversation).completed


# --- turns merged ------------------------------------------------------------------------------------------


async def test_turns_are_merged_with_who_said_what_and_the_latest_wording() -> None:
    first = answer(
        suggestion("Old text of the tables.", "Name the tables of the database"),
        suggestion("- Answer.", "Shorten the rule", type="modify", target_section="- Answer briefly."),
        causes=1,
    )
    second = answer(
        suggestion("The tables are stock and orders.", "Name the tables of the database."),
        suggestion(
            "- Answer in one line.", "Say how brief", type="modify", target_section="- Answer briefly."
        ),
        suggestion("Ask once.", "Ask for what is missing"),
        causes=2,
    )
    reflector = rf.Reflector(ScriptedClient([first, second]))
    conversation = await reflector.start_conversation(run(), prompt=PROMPT)
    merged = (await reflector.continue_conversation(conversation)).merged
    assert merged is not None
    said = dict(zip(merged.suggestions, merged.provenance.suggestion_turns, strict=True))
    texts = {each.specific_text: turns for each, turns in said.items()}
    assert texts["- Answer in one line."] == (2,)
    assert "- Answer." not in texts
    assert texts["Ask once."] == (2,)
    assert merged.provenance.cause_turns == ((1, 2), (2,))
    assert "- Answer in one line." in merged.improved_prompt


@settings(max_examples=20)
@given(st.lists(st.sampled_from([WEAK, GOOD]), min_size=1, max_size=4))
def test_merging_loses_no_turn_and_stays_a_reflection(answers: list[str]) -> None:
    parsed = [rf.parse_reflection(each) for each in answers]
    template = reflection(Confidence.LOW)
    turns = [
        template.replace(**{name: getattr(each, name) for name in ParsedReflection.model_fields})
        for each in parsed
    ]
    merged = holding(*turns).merged
    assert merged is not None
    assert 0 <= merged.confidence_score <= 1
    if len(answers) > 1:
        assert {turn for turns in merged.provenance.suggestion_turns for turn in turns} == set(
            range(1, len(answers) + 1)
        )
        assert len(merged.provenance.suggestion_turns) == len(merged.suggestions)
    assert all(each.priority in Priority for each in merged.suggestions)


# --- over a real server ------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_over_http_three_turns_are_one_chat() -> None:
    with LoopbackServer([WEAK, WEAK, GOOD]) as server:
        reflector = rf.Reflector("openai/loopback", base_url=server.base_url)
        conversation = await reflector.start_conversation(run(), prompt=PROMPT)
        conversation = await reflector.continue_conversation(conversation)
        conversation = Conversation.from_json(conversation.to_json())
        conversation = await reflector.continue_conversation(conversation, "What caused the error in step 2?")
    assert [len(request.messages) for request in server.requests] == [2, 4, 6]
    assert (
        server.requests[2].messages[3]["content"]
        == server.requests[1].messages[3]["content"].split("## Question\n\n")[1].split("\n\n## Response")[0]
    )
    assert conversation.usage.input_tokens == server.usage.input_tokens
    assert conversation.usage.calls == 3
    assert reflector.select_best_reflection(conversation) == conversation.reflections[2]


async def test_what_is_no_conversation_or_policy_is_refused() -> None:
    reflector = rf.Reflector("rules")
    with pytest.raises(rf.InputError, match="expected a Conversation; got str"):
        await reflector.continue_conversation("saved.json")  # type: ignore[arg-type]
    with pytest.raises(rf.InputError, match="policy is a TurnPolicy"):
        await reflector.converse("run.json", policy={"max_cost_usd": 1})  # type: ignore[arg-type]
    with pytest.raises(rf.ConfigurationError, match="max_cost_usd"):
        rf.TurnPolicy(max_cost_usd="1")  # type: ignore[arg-type]
