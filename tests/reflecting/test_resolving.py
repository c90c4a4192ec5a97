"""Open conflicts put to a model: what its answer decides, and what stays open."""

from __future__ import annotations

import json

import pytest

import reflector as rf
from reflector.edits.edit import EditConfig
from reflector.edits.planning import plan_edits
from reflector.errors import InputError, LLMBadRequestError, NoModelWarning
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.resolving import resolve_conflicts
from reflector.reflection.models import ParsedReflection, Suggestion
from reflector.testing.loopback import LoopbackServer

pytestmark = pytest.mark.anyio

PROMPT = "Greet {name} politely. Cite one source.\n"
OLD, SHORT, LONG = "Greet {name} politely.", "Greet {name} in one word.", "Greet {name} at length, politely."


def wish(type: str, text: str, target: str | None = None, **fields: str) -> Suggestion:
    given = {"category": "clarity", "description": text, "rationale": "as the run shows"} | fields
    return Suggestion(type=type, specific_text=text, target_section=target, **given)


def planned(*wishes: Suggestion, prompt: str = PROMPT, **options: object) -> rf.EditPlan:
    reflection = ParsedReflection(
        analysis="", suggestions=wishes or (wish("modify", SHORT, OLD), wish("modify", LONG, OLD))
    )
    return plan_edits(reflection, prompt, config=EditConfig(**options))


def answer(keep: str, text: str = "", reason: str = "It prevents more failures.") -> str:
    return json.dumps({"keep": keep, "text": text, "reason": reason})


async def test_the_model_decides_and_the_plan_says_so():
    client = ScriptedClient([answer("edit_2")])
    decided = await resolve_conflicts(planned(), client)
    assert decided.apply() == PROMPT.replace(OLD, LONG)
    assert decided.open_conflicts == ()
    (group,) = decided.conflicts
    assert (group.winner, group.edits, group.type) == ("edit_2", ("edit_2", "edit_1"), "overlapping")
    assert decided.rejected[0].reason == "edit_2 was chosen: It prevents more failures."
    assert decided.verdicts[0].keep == "edit_2"
    question = client.requests[0].messages[-1].content
    assert PROMPT.strip() in question
    assert SHORT in question
    assert LONG in question


@pytest.mark.parametrize("said", [answer("none"), "Neither.", "```json\n" + answer("NONE") + "\n```"])
async def test_none_of_the_edits_may_be_kept(said):
    decided = await resolve_conflicts(planned(), ScriptedClient([said]))
    assert decided.apply() == PROMPT
    assert decided.conflicts[0].winner is None
    assert [edit.status.value for edit in decided.edits] == ["conflict", "conflict"]


async def test_one_wording_may_serve_both():
    both = "Greet {name} in one polite word."
    decided = await resolve_conflicts(planned(), ScriptedClient([answer("edit_1", both)]))
    assert decided.apply() == PROMPT.replace(OLD, both)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I cannot say.", "keeps none of edit_1, edit_2"),
        (answer("edit_7"), "keeps none of edit_1, edit_2"),
        ('{"keep": ["edit_1"]}', "keeps none of edit_1, edit_2"),
        ("{" * 500, "keeps none of edit_1, edit_2"),
        ("[" * 5_000, "keeps none of edit_1, edit_2"),
        (answer("edit_1", "Greet the caller in one word."), "must stay"),
        (answer("edit_1", "Greet {name}, {order_id}."), "which nothing fills in"),
        (LLMBadRequestError("down"), "did not answer: LLMBadRequestError"),
    ],
)
async def test_an_unusable_answer_leaves_the_conflict_open_and_says_why(said, told):
    before = planned()
    after = await resolve_conflicts(before, ScriptedClient([said] * 3))
    assert after.apply() == before.apply()
    (group,) = after.open_conflicts
    assert told in group.unanswered
    assert group.question == before.open_conflicts[0].question


async def test_an_open_conflict_can_be_asked_about_again():
    once = await resolve_conflicts(planned(), ScriptedClient(["?"]))
    assert (await resolve_conflicts(once, ScriptedClient([answer("edit_2")]))).open_conflicts == ()


async def test_the_calls_are_counted_and_the_rest_stays_open():
    wishes = [
        wish("modify", f"Rule {n} in {k} words.", f"Rule {n} here.") for n in range(3) for k in ("six", "ten")
    ]
    prompt = "".join(f"- Rule {n} here.\n" for n in range(3))
    client = ScriptedClient(lambda request: "edit_2" if "edit_2" in str(request) else answer("edit_4"))
    after = await resolve_conflicts(planned(*wishes, prompt=prompt), client, max_calls=2)
    assert len(client.requests) == 2
    (group,) = after.open_conflicts
    assert group.unanswered == "no call was left"
    assert "Rule 0 in ten words." in after.apply()
    nobody = await resolve_conflicts(planned(*wishes, prompt=prompt), client, max_calls=0)
    assert len(client.requests) == 2
    assert {group.unanswered for group in nobody.open_conflicts} == {"no call was allowed"}


async def test_who_does_not_answer_is_not_asked_again():
    wishes = [
        wish("modify", f"Rule {n} in {k} words.", f"Rule {n} here.") for n in range(3) for k in ("six", "ten")
    ]
    client = ScriptedClient(lambda request: LLMBadRequestError("not understood"))
    prompt = "".join(f"- Rule {n} here.\n" for n in range(3))
    after = await resolve_conflicts(planned(*wishes, prompt=prompt), client)
    assert len(client.requests) == 1
    assert len(after.open_conflicts) == 3


async def test_an_edit_that_lost_to_a_loser_gets_its_chance():
    prompt = "Alpha beta gamma delta."
    wishes = (
        wish("modify", "Alpha two.", "Alpha beta", priority="high"),
        wish("modify", "beta and gamma", "beta gamma", priority="high"),
        wish("modify", "gamma and delta", "gamma delta", priority="high"),
    )
    before = planned(*wishes, prompt=prompt)
    assert {edit.id for edit in before.applied} == {"edit_1", "edit_3"}
    client = ScriptedClient(lambda request: answer("none"))
    after = await resolve_conflicts(before, client)
    assert after.open_conflicts == ()
    assert {edit.id for edit in after.applied} == {"edit_3"}


async def test_a_plan_without_open_conflicts_asks_nobody():
    client = ScriptedClient([])
    before = planned(wish("add", "Be brief."))
    assert await resolve_conflicts(before, client) == before
    assert client.requests == []


async def test_the_rules_and_nobody_leave_it_open():
    after = await resolve_conflicts(planned(), "rules")
    assert after.open_conflicts[0].unanswered == "there is no model to ask"
    with pytest.warns(NoModelWarning):
        await resolve_conflicts(planned())


async def test_the_question_is_a_request_on_the_runtime():
    async with rf.Runtime() as runtime:
        seen: list[str] = []

        async def model(signal: rf.Signal, context: rf.Context) -> str:
            seen.append(signal.type)
            return answer("edit_2")

        await runtime.spawn(model, handles=["reflector.model.requested"])
        decided = await resolve_conflicts(planned())
    assert seen == ["reflector.model.requested"]
    assert decided.applied[0].id == "edit_2"


async def test_components_and_reflections_are_resolved_too():
    reflection = ParsedReflection(
        analysis="", suggestions=(wish("modify", SHORT, OLD), wish("modify", LONG, OLD))
    )
    plans = plan_edits(reflection, {"tool": "Search.", "system": PROMPT})
    decided = await resolve_conflicts(plans, ScriptedClient([answer("edit_2")]))
    assert decided.apply() == {"tool": "Search.", "system": PROMPT.replace(OLD, LONG)}

    said = json.dumps(
        {
            "analysis": "It greets too long.",
            "suggestions": [s.model_dump(mode="json") for s in reflection.suggestions],
        }
    )
    async with LoopbackServer([said, answer("edit_2")]) as server:
        reflector = rf.Reflector(model="openai/stub", base_url=server.base_url, api_key="k")
        first = await reflector.reflect([{"role": "user", "content": "hi"}], prompt=PROMPT)
        second = await resolve_conflicts(first, reflector)
    assert first.improved_prompt == PROMPT.replace(OLD, SHORT)
    assert second.improved_prompt == PROMPT.replace(OLD, LONG)
    assert second.usage.calls == 2
    assert first.summary()["open_conflicts"][0]["edits"] == ["edit_1", "edit_2"]


@pytest.mark.parametrize(("plan", "calls"), [("no plan", 5), (None, 5), (planned(), -1), (planned(), True)])
async def test_arguments_that_are_none_are_refused(plan, calls):
    with pytest.raises(InputError):
        await resolve_conflicts(plan, "rules", max_calls=calls)
