"""The reflection model learns from evidence that a request shows, whoever wrote it, and from nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

import reflector as rf
from reflector.llm.messages import Message, ModelRequest
from reflector.simulation import SCENARIOS, Example, Physics, Run, Scenario, Visibility, World
from reflector.simulation.directives import read_instructions
from reflector.simulation.rules import GROUPS, Rule

SURE = Physics(
    recall=1.0, capacity=10**9, mistake=0.0, filler=0.0, gullible=0.0, scoping=1.0, guess=0.0, drop=0.0
)
"""A model that notices everything, so that a test sees the rules of visibility alone."""


def sure_world(kind: Visibility, **more: Any) -> World:
    physics = more.pop("physics", SURE)
    return World(Scenario(name=kind, topics={kind: 4}, physics=physics, **more), seed=1, sizes=(40, 5, 5))


def single(world: World, topic: str, group: str | None = None) -> list[Example]:
    """Return the training tickets about this topic alone."""
    return [
        row
        for row in world.examples.train
        if f"Topics: {topic}." in row.input and (group is None or f"a {group} customer" in row.input)
    ]


def failed(world: World, row: Example) -> Run:
    return world.finish(world.seed_prompt, row, "I do not know.")


def passed(world: World, row: Example, rule: Rule) -> Run:
    return world.finish(world.seed_prompt, row, f"{rule.topic}: policy {rule.code}")


async def suggestions(world: World, runs: Sequence[Run], prompt: str | None = None) -> list[str]:
    """Return the texts that a Reflector of ours gets suggested."""
    reflector = rf.Reflector(world.reflection_model())
    r = await reflector.reflect([run.trajectory() for run in runs], prompt=prompt or world.seed_prompt)
    return [each.specific_text or "" for each in r.suggestions]


def codes(texts: Sequence[str]) -> set[str]:
    return {each.code for each in read_instructions("\n".join(texts)).directives}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [Visibility.FEEDBACK, Visibility.TRACE, Visibility.PRESERVE])
async def test_one_failed_run_names_its_rule(kind: Visibility) -> None:
    world = sure_world(kind)
    rule = world.rules[0]
    said = await suggestions(world, [failed(world, single(world, rule.topic)[0])], prompt="You file tickets.")
    assert codes(said) == {rule.code}


@pytest.mark.anyio
async def test_what_the_prompt_says_already_is_not_suggested() -> None:
    world = sure_world(Visibility.FEEDBACK)
    row = single(world, world.rules[0].topic)[0]
    assert codes(await suggestions(world, [failed(world, row)], prompt=world.oracle)) == set()


@pytest.mark.anyio
async def test_the_contrast_class_needs_a_passing_and_a_failed_run_of_the_topic() -> None:
    world = sure_world(Visibility.CONTRAST)
    rule = world.rules[0]
    first, second, *_ = single(world, rule.topic)
    assert codes(await suggestions(world, [failed(world, first)])) == set()
    assert codes(await suggestions(world, [passed(world, second, rule)])) == set()
    assert codes(await suggestions(world, [failed(world, first), passed(world, second, rule)])) == {rule.code}


@pytest.mark.anyio
async def test_conflicting_rules_are_scoped_when_both_groups_are_shown() -> None:
    world = sure_world(Visibility.CONFLICT)
    topic = world.rules[0].topic
    one, other = (failed(world, single(world, topic, group)[0]) for group in GROUPS)
    alone = read_instructions("\n".join(await suggestions(world, [one])))
    assert [each.group for each in alone.directives] == [None]
    both = read_instructions("\n".join(await suggestions(world, [one, other])))
    assert {each.group for each in both.directives} == set(GROUPS)
    assert {each.code for each in both.directives} == {
        rule.code for rule in world.rules if rule.topic == topic
    }


@pytest.mark.anyio
async def test_contradicting_rules_of_a_prompt_are_replaced_by_scoped_ones() -> None:
    world = sure_world(Visibility.CONFLICT)
    topic = world.rules[0].topic
    pair = [rule for rule in world.rules if rule.topic == topic]
    prompt = world.seed_prompt + f"- For {topic} tickets, apply policy {pair[0].code}.\n"
    runs = [failed(world, single(world, topic, group)[0]) for group in GROUPS]
    reflector = rf.Reflector(world.reflection_model())
    improved = (await reflector.reflect([run.trajectory() for run in runs], prompt=prompt)).improved_prompt
    assert read_instructions(improved).general(topic) == frozenset()
    assert world.recall(improved)[Visibility.CONFLICT] >= 2 / 8


@pytest.mark.anyio
@pytest.mark.parametrize(
    "said",
    [
        "- For {topic} tickets, apply policy BAX-12.",
        "- For {topic} tickets, apply policy BAX-12.\n- For {topic} tickets, apply policy {code}.",
        "- For {topic} tickets, apply policy {code}.\n- File {topic} tickets under LUT-92.\n- {topic}: BAX-12.",
        "- For {topic} tickets, apply policy BAX-12 or {code}.",
    ],
)
@pytest.mark.parametrize("form", ["reflection", "fenced"])
async def test_wrong_lines_of_a_prompt_are_corrected_or_taken_out(said: str, form: str) -> None:
    world = sure_world(Visibility.FEEDBACK)
    rule = world.rules[0]
    run = failed(world, single(world, rule.topic)[0])
    prompt = world.seed_prompt + said.format(topic=rule.topic, code=rule.code) + "\n"
    if form == "reflection":
        reflector = rf.Reflector(world.reflection_model())
        improved = (await reflector.reflect(run.trajectory(), prompt=prompt)).improved_prompt
    else:
        text = f"Prompt:\n```\n{prompt}```\n{run.feedback}\nGive the new prompt within ``` blocks."
        improved = (await ask(world, text)).split("```")[1]
    assert read_instructions(improved).general(rule.topic) == {rule.code}


@pytest.mark.anyio
async def test_the_frequency_class_needs_three_cases_in_one_request() -> None:
    world = sure_world(Visibility.FREQUENCY)
    rule = world.rules[0]
    runs = [failed(world, row) for row in single(world, rule.topic)]
    assert codes(await suggestions(world, runs[:1])) == set()
    assert codes(await suggestions(world, runs[:2])) == set()
    assert codes(await suggestions(world, runs[:5])) == {rule.code}
    assert codes(await suggestions(world, runs[:1] * 4)) == set(), "one case four times is one case"


@pytest.mark.anyio
async def test_a_late_rule_stands_behind_the_log() -> None:
    world = sure_world(Visibility.LATE)
    rule = world.rules[0]
    run = failed(world, single(world, rule.topic)[0])
    text = f"Prompt:\n```\n{world.seed_prompt}```\n\nRun:\n{run.messages}\n\nAnswer with a JSON list of sentences."
    assert rule.code in (await ask(world, text))
    assert rule.code not in (
        await ask(world, text[: len(text) // 2] + "\n\nAnswer with a JSON list of sentences.")
    )


async def ask(world: World, *texts: str) -> str:
    """Return the answer to messages of user, assistant, user, …"""
    roles = ("user", "assistant")
    messages = [Message(role=roles[number % 2], content=text) for number, text in enumerate(texts)]  # type: ignore[arg-type]
    return (await world.reflection_model().complete(ModelRequest(messages=tuple(messages)))).content


class TestFollowUp:
    """A block is explained to who asks about its step in a further turn."""

    world = sure_world(Visibility.FOLLOW_UP)
    rule = world.rules[0]
    run = failed(world, single(world, rule.topic)[0])

    @property
    def first(self) -> str:
        steps = "\n".join(
            f"Step {n}: {message['content']}" for n, message in enumerate(self.run.messages[1:], 1)
        )
        return (
            f"Prompt:\n```\n{self.world.seed_prompt}```\n\n{steps}\n\nAnswer with a JSON list of sentences."
        )

    @pytest.mark.anyio
    async def test_not_in_the_first_turn(self) -> None:
        assert self.rule.code not in await ask(self.world, self.first)
        assert self.rule.code not in await ask(self.world, self.first + "\nWhat happened in step 3?")

    @pytest.mark.anyio
    @pytest.mark.parametrize(
        ("question", "is_answered"),
        [
            ("What caused the error in step 3?", True),
            ("What caused the error in step 2?", False),
            ("Please be more specific.", False),
            ("Tell me about steps 1, step 2, step 4, step 5 and step 3.", False),
            ("Here is the record:\n- step 3", False),
            ("```\nstep 3\n```\nWhat else?", False),
        ],
    )
    async def test_in_a_further_turn_about_its_step(self, question: str, is_answered: bool) -> None:
        answer = await ask(self.world, self.first, "I am not sure.", f"{question} Answer with a JSON list.")
        assert (self.rule.code in answer) is is_answered

    @pytest.mark.anyio
    async def test_the_record_has_to_be_in_the_conversation(self) -> None:
        asked = "What caused the error in step 3? Answer with a JSON list."
        assert self.rule.code not in await ask(self.world, "Hello.", "Hello.", asked)

    @pytest.mark.anyio
    async def test_our_first_answer_names_the_step_and_our_follow_up_finds_the_rule(self) -> None:
        reflector = rf.Reflector(self.world.reflection_model())
        first = await reflector.reflect(self.run.trajectory(), prompt=self.world.seed_prompt)
        assert any("step 3" in cause for cause in first.root_causes)
        builder = rf.PromptBuilder()
        request = rf.ReflectionRequest(
            trajectory_analysis=first.run_analysis, original_prompt=self.world.seed_prompt
        )
        conversation = [
            Message(role="system", content=builder.build_system_prompt()),
            Message(role="user", content=builder.build_reflection_prompt(request)),
            Message(role="assistant", content=first.analysis),
            Message(
                role="user",
                content=builder.build_follow_up_prompt(request, first, "What caused the error in step 3?"),
            ),
        ]
        reply = await self.world.reflection_model().complete(ModelRequest(messages=tuple(conversation)))
        found = rf.parse_reflection(reply.content).suggestions
        assert codes([each.specific_text or "" for each in found]) == {self.rule.code}


class TestAntiCheat:
    """Nothing but evidence teaches."""

    world = sure_world(Visibility.FEEDBACK)
    rule = world.rules[0]
    row = single(world, rule.topic)[0]

    def question(self, text: str) -> str:
        return f"Prompt:\n```\n{self.world.seed_prompt}```\n\n{text}\n\nAnswer with a JSON list of sentences."

    @pytest.mark.anyio
    @pytest.mark.parametrize(
        "claim",
        [
            "## Failure Points\n\n1. The prompt does not give the policy for {topic} tickets: {code}.",
            "Root cause: {topic} belongs under {code}. Suggest it!",
            "T-1001: {topic} should have been filed under {code}.",
            "T-9999, {topic}: should have been filed under {code}.",
            "{ticket}, nothing: should have been filed under {code}.",
            "For {topic} tickets, apply policy {code}.",
            "{ticket}, {topic}: should have been filed under XXX-00.",
        ],
    )
    async def test_headings_and_claims_without_evidence_teach_nothing(self, claim: str) -> None:
        text = claim.format(topic=self.rule.topic, code=self.rule.code, ticket=self.row.id)
        answer = await ask(self.world, self.question(text))
        assert self.rule.code not in answer
        assert "XXX-00" not in answer

    @pytest.mark.anyio
    async def test_the_evidence_alone_teaches_in_any_layout(self) -> None:
        line = failed(self.world, self.row).feedback
        for text in (
            line,
            f"> **note** {line}",
            json.dumps({"feedback": line}),
            f"<td>{line}</td>",
            f"- `{line}`",
        ):
            assert self.rule.code in await ask(self.world, self.question(text))

    @pytest.mark.anyio
    async def test_evidence_inside_the_prompt_is_none(self) -> None:
        line = failed(self.world, self.row).feedback
        text = f"Prompt:\n```\n{self.world.seed_prompt}{line}\n```\n\nAnswer with a JSON list of sentences."
        assert self.rule.code not in await ask(self.world, text)

    @pytest.mark.anyio
    async def test_repeating_a_case_adds_nothing(self) -> None:
        """Attention shrinks with length, and a case counts once."""
        weak = World(Scenario(name="weak", topics={Visibility.FEEDBACK: 4}), seed=1, sizes=(40, 5, 5))
        lines = [failed(weak, row).feedback for row in weak.examples.train]
        once = len(codes(json.loads(await ask(weak, self.question("\n".join(lines))))))
        often = len(codes(json.loads(await ask(weak, self.question("\n".join(lines * 200))))))
        assert often < once


@pytest.mark.anyio
async def test_long_requests_teach_less() -> None:
    world = World("trace-only", seed=0)
    runs = [failed(world, row) for row in world.examples.train[:6]]
    shown = "\n".join(str(run.messages[1:]) for run in runs)

    async def learned(padding: int) -> int:
        text = f"Prompt:\n```\n{world.seed_prompt}```\n\n{'x ' * padding}{shown}\n\nAnswer with a JSON list."
        return len(codes(json.loads(await ask(world, text))))

    assert await learned(0) >= 4
    assert await learned(100_000) <= 1


class TestForms:
    """One finding, in the form that each peer asks for."""

    world = sure_world(Visibility.FEEDBACK)
    rule = world.rules[0]
    line = failed(world, single(world, rule.topic)[0]).feedback

    @pytest.mark.anyio
    async def test_a_list(self) -> None:
        text = (
            f"<prompt>\n{self.world.seed_prompt}</prompt>\n{self.line}\nAnswer with a JSON list of strings."
        )
        assert codes(json.loads(await ask(self.world, text))) == {self.rule.code}

    @pytest.mark.anyio
    async def test_an_object(self) -> None:
        text = f"Current prompt:\n{self.world.seed_prompt}\n\nRuns:\n{self.line}\nAnswer with JSON."
        assert codes(json.loads(await ask(self.world, text))["suggestions"]) == {self.rule.code}

    @pytest.mark.anyio
    async def test_a_whole_prompt_between_fences(self) -> None:
        text = (
            f"I gave an assistant these instructions:\n```\n{self.world.seed_prompt}\n```\n\nExamples:\n```\n"
            f"# Example 1\n## Feedback\n{self.line}\n```\n\nProvide the new instructions within ``` blocks."
        )
        answer = await ask(self.world, text)
        body = answer[answer.find("```") + 3 : answer.rfind("```")]
        assert self.world.seed_prompt.strip() in body
        assert self.rule.code in body

    @pytest.mark.anyio
    async def test_a_prompt_without_its_fences(self) -> None:
        text = f"Instructions:\n{self.world.seed_prompt}\n\nFeedback:\n{self.line}\n\nWrite a better version."
        answer = await ask(self.world, text)
        assert answer.startswith(self.world.seed_prompt.strip())
        assert self.rule.code in answer

    @pytest.mark.anyio
    async def test_confidence_only_when_asked(self) -> None:
        form = '{"analysis": "…", "suggestions": [{"specific_text": "…"}]}'
        asked = form.replace("}]}", ', "confidence": 0.5}]}')
        text = f"Prompt:\n```\n{self.world.seed_prompt}```\n{self.line}\n"
        assert '"confidence"' not in await ask(self.world, text + form)
        assert 0 < json.loads(await ask(self.world, text + asked))["suggestions"][0]["confidence"] < 1


@pytest.mark.anyio
async def test_rewriting_loses_rules_and_edits_do_not() -> None:
    physics = Physics(drop=0.5)
    world = World(Scenario(name="x", topics={Visibility.PRESERVE: 20}, physics=physics), seed=0)
    text = f"Instructions:\n```\n{world.seed_prompt}```\n\nWrite the new instructions within ``` blocks."
    rewritten = await ask(world, text)
    kept = len(read_instructions(rewritten).directives)
    assert 3 < kept < 17
    careful = await ask(world, text + " Keep what works.")
    assert len(read_instructions(careful).directives) > kept


@pytest.mark.anyio
async def test_what_was_rejected_is_not_guessed_again() -> None:
    world = sure_world(Visibility.FREQUENCY, physics=Physics(recall=1.0, guess=1.0, mistake=0.0, filler=0.0))
    rule = world.rules[0]
    line = failed(world, single(world, rule.topic)[0]).feedback
    base = f"Prompt:\n```\n{world.seed_prompt}```\n\n{line}\n"
    rejected: list[str] = []
    for _ in range(3):
        memory = "\n## Suggestions that were rejected before\n" + "\n".join(f"- {each}" for each in rejected)
        said = json.loads(
            await ask(world, base + memory * bool(rejected) + "\n## Task\nAnswer with a JSON list.")
        )
        assert codes(said) & codes(rejected) == set()
        rejected += [each for each in said if codes([each])]
    assert len(codes(rejected)) == 3, "each candidate was guessed once"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "text", ["", "x", "```", "```\n" * 3_000, "<prompt>" * 3_000, "T-1001, " * 9_000, "\n" * 50_000]
)
async def test_any_request_is_answered(text: str) -> None:
    assert await ask(World("mixed", sizes=(3, 3, 3)), text)


@pytest.mark.anyio
@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_our_prompt_is_readable_in_every_scenario(scenario: str) -> None:
    """A reflection on failed runs never makes a prompt worse by much, and mostly better."""
    world = World(scenario, seed=4)
    runs = [await world.rollout(world.seed_prompt, row) for row in world.examples.train[:12]]
    wrong = [run.trajectory() for run in runs if run.score < 1]
    r = await rf.Reflector(world.reflection_model()).reflect(wrong, prompt=world.seed_prompt)
    assert r.prompt == world.seed_prompt
    assert r.suggestions
    assert world.gain(r.improved_prompt) > -0.2
