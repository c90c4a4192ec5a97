"""The behaviours of the origin's reflector tests that concern one turn, numbered as there.

Numbers 6 to 15 and 20 concern conversations of several turns and stand in `test_conversation.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from reflector.errors import LLMTimeoutError, MissingPromptError, UnparsableReflectionError
from reflector.llm.scripted import ScriptedClient
from reflector.reflecting.reflection import Reflection
from reflector.reflecting.reflector import Reflector, ReflectorOptions
from reflector.reflection.models import (
    Confidence,
    ParsedReflection,
    Priority,
    ReflectionRequest,
    ReflectionResponse,
    Suggestion,
    SuggestionCategory,
    SuggestionType,
    Verbosity,
)
from reflector.testing.answers import hang
from reflector.testing.loopback import LoopbackServer
from reflector.trajectories.analysis import TrajectoryAnalysis
from reflector.trajectories.analyzer import analyze
from reflector.trajectories.trajectory import Outcome, Trajectory

pytestmark = pytest.mark.anyio

PROMPT = "Solve this problem step by step."
ANSWER = json.dumps(
    {
        "analysis": "The prompt lets the agent act before it has looked at what it acts on, so the action failed.",
        "root_causes": ["No instruction to look first", "No instruction for failed actions"],
        "suggestions": [
            {
                "type": "add",
                "category": "constraint",
                "description": "Ask the agent to look before it acts",
                "rationale": "Step 1 failed because nothing was known about the table",
                "priority": "high",
                "specific_text": "Before each action, list what you know about its target.",
            },
            {
                "type": "modify",
                "category": "clarity",
                "description": "Say what a step is",
                "rationale": "One step held the whole task",
                "priority": "medium",
            },
        ],
        "expected_improvement": "Fewer failed actions",
    }
)


def run(outcome: str = "failure") -> Trajectory:
    return (
        Trajectory.new(id=f"run-{outcome}")
        .add_step("reasoning", "Attempting the whole task at once")
        .add_step("action", "update the table", is_error=outcome != "success", error="refused")
        .complete(outcome)
    )


async def reflect(model: Any = None, **options: Any) -> Reflection:
    options.setdefault("prompt", PROMPT)
    return await Reflector(model or ScriptedClient([ANSWER])).reflect(analyze(run()), **options)


async def test_01_reflects_on_a_failure() -> None:
    reflection = await reflect()
    assert [suggestion.description for suggestion in reflection.suggestions] == [
        "Ask the agent to look before it acts",
        "Say what a step is",
    ]


async def test_02_a_missing_prompt_is_an_error() -> None:
    with pytest.raises(MissingPromptError, match="run-failure"):
        await reflect(prompt=None)


async def test_03_the_task_reaches_the_model() -> None:
    client = ScriptedClient([ANSWER])
    await reflect(client, task="Keep the stock table of a shop")
    assert "Keep the stock table of a shop" in client.requests[0].messages[-1].content


@pytest.mark.parametrize("verbosity", list(Verbosity))
async def test_04_each_verbosity_is_accepted(verbosity: Verbosity) -> None:
    assert (await reflect(verbosity=verbosity)).suggestions


async def test_05_focus_areas_reach_the_model() -> None:
    client = ScriptedClient([ANSWER])
    await reflect(client, focus_areas=["clarity", "reasoning"])
    assert "**Focus Areas:** clarity, reasoning" in client.requests[0].messages[-1].content


def test_16_defaults_of_a_suggestion() -> None:
    suggestion = Suggestion(type="add", category="clarity", description="a", rationale="b")
    assert (suggestion.specific_text, suggestion.target_section) == (None, None)
    assert suggestion.priority == "medium"


def test_17_defaults_of_a_request() -> None:
    request = ReflectionRequest(trajectory_analysis=analyze(run()), original_prompt=PROMPT)
    assert (request.verbosity, request.focus_areas, request.metadata) == ("normal", (), {})


def test_18_defaults_of_a_response() -> None:
    response = ReflectionResponse(content="{}")
    assert (response.format, response.metadata) == ("json", {})
    assert response.timestamp.tzinfo is not None


def test_19_defaults_of_a_parsed_reflection() -> None:
    parsed = ParsedReflection(analysis="a")
    assert (parsed.root_causes, parsed.suggestions, parsed.metadata) == ((), (), {})
    assert (parsed.confidence, parsed.needs_clarification) == ("medium", False)


@pytest.mark.parametrize("type", list(SuggestionType))
def test_21_every_type_can_be_stored(type: SuggestionType) -> None:
    assert Suggestion(type=type, category="clarity", description="a", rationale="b").type is type


@pytest.mark.parametrize("category", list(SuggestionCategory))
def test_22_every_category_can_be_stored(category: SuggestionCategory) -> None:
    assert Suggestion(type="add", category=category, description="a", rationale="b").category is category


@pytest.mark.parametrize("priority", list(Priority))
def test_23_every_priority_can_be_stored(priority: Priority) -> None:
    suggestion = Suggestion(type="add", category="clarity", description="a", rationale="b", priority=priority)
    assert suggestion.priority is priority


@pytest.mark.parametrize("confidence", list(Confidence))
def test_24_every_confidence_can_be_stored(confidence: Confidence) -> None:
    assert ParsedReflection(analysis="a", confidence=confidence).confidence is confidence


@pytest.mark.parametrize("verbosity", ["brief", "normal", "detailed"])
def test_25_every_verbosity_can_be_stored(verbosity: str) -> None:
    request = ReflectionRequest(trajectory_analysis=analyze(run()), original_prompt="", verbosity=verbosity)
    assert request.verbosity == verbosity


def test_26_a_request_takes_an_analysis() -> None:
    assert isinstance(
        ReflectionRequest(trajectory_analysis=analyze(run()), original_prompt=PROMPT).trajectory_analysis,
        TrajectoryAnalysis,
    )


@pytest.mark.parametrize("outcome", ["success", "failure", "timeout", "partial", "error"])
async def test_27_works_for_every_outcome(outcome: str) -> None:
    reflection = await Reflector(ScriptedClient([ANSWER])).reflect(run(outcome), prompt=PROMPT)
    assert reflection.run_analysis.outcome is Outcome(outcome)
    assert reflection.suggestions


@pytest.mark.parametrize("model", [42, {"provider": "none"}, object()])
def test_28_an_invalid_model_is_an_error_that_says_what_is_accepted(model: Any) -> None:
    with pytest.raises(ValueError, match="a model must be a name"):
        Reflector(model)


@pytest.mark.slow
async def test_29_a_model_that_does_not_answer_in_time_is_an_error() -> None:
    # The first call of a process loads a good deal more than the client; only the second one is on time.
    with LoopbackServer([ANSWER, hang()]) as server:
        await Reflector("openai/m", base_url=server.base_url).reflect(run(), prompt=PROMPT)
        reflector = Reflector("openai/m", base_url=server.base_url, options=ReflectorOptions(timeout=0.5))
        with pytest.raises(LLMTimeoutError):
            await reflector.reflect(run(), prompt=PROMPT)


async def test_30_an_answer_without_a_reflection_is_an_error_with_its_reason() -> None:
    with pytest.raises(UnparsableReflectionError) as caught:
        await reflect(ScriptedClient(["I am sorry, but I cannot help with that."]))
    assert caught.value.reason == "refusal"
