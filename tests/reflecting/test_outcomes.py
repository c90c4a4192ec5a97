"""`record_outcome`: the loop of anybody's own feeds memory and confidence."""

from __future__ import annotations

import json
from typing import Any

import pytest

import reflector as rf
from reflector.reflecting.outcomes import trial_of
from reflector.reflection.experience import Experience
from reflector.reflection.memory import ReflectionMemory

RUN = [{"role": "user", "content": "How far?"}, {"role": "assistant", "content": "42"}]
PROMPT = "Answer briefly."


def answer(*rules: str) -> str:
    suggestions = [
        {
            "type": "add", "category": "constraint", "priority": "high", "description": f"Add the rule: {rule}",
            "rationale": "Step 1 shows it.", "specific_text": rule,
        }
        for rule in rules
    ]  # fmt: skip
    return json.dumps(
        {"analysis": "It lacks a rule.", "root_causes": ["no rule"], "suggestions": suggestions}
    )


class Critic:
    """A model that says the same each time and keeps what it was asked."""

    def __init__(self, *rules: str) -> None:
        self.rules = rules
        self.asked: list[str] = []

    def __call__(self, messages: list[dict[str, str]]) -> str:
        self.asked.append(messages[-1]["content"])
        return answer(*self.rules)


pytestmark = pytest.mark.anyio


async def test_what_was_rejected_is_shown_and_not_bought_again() -> None:
    critic = Critic("State the unit.", "Check each total.")
    reflector = rf.Reflector(critic)
    first = await reflector.reflect(RUN, prompt=PROMPT)
    reflector.record_outcome(first, accepted=False, score_delta=-0.04, suggestions=[0])
    second = await reflector.reflect(RUN, prompt=PROMPT)
    assert "Already Tried" not in critic.asked[0]
    assert "`State the unit.` (rejected once, score -0.04 at best)" in critic.asked[1]
    assert [each.specific_text for each in second.suggestions] == ["Check each total."]
    assert any("rejected" in each.reason for each in second.dropped)
    assert "State the unit." not in second.improved_prompt


async def test_what_was_accepted_is_remembered_with_the_new_prompt() -> None:
    critic = Critic("State the unit.")
    reflector = rf.Reflector(critic)
    first = await reflector.reflect(RUN, prompt=PROMPT)
    reflector.record_outcome(first, accepted=True, score_delta=0.04)
    await reflector.reflect(RUN, prompt=first.improved_prompt)
    assert "- helped once, harmed 0 times: `State the unit.`" in critic.asked[1]


async def test_reflectors_share_a_memory() -> None:
    memory = rf.ReflectionMemory()
    one, two = rf.Reflector(Critic("State the unit."), memory=memory), Critic("State the unit.")
    one.record_outcome(await one.reflect(RUN, prompt=PROMPT), accepted=False)
    found = await rf.Reflector(two, memory=memory).reflect(RUN, prompt=PROMPT)
    assert found.suggestions == ()
    assert found.improved_prompt == PROMPT
    other = await rf.Reflector(two, memory=memory).reflect(RUN, prompt="Another prompt.")
    assert len(other.suggestions) == 1


async def test_each_suggestion_has_a_confidence_that_is_learned() -> None:
    reflector = rf.Reflector(Critic("State the unit."))
    first = await reflector.reflect(RUN, prompt=PROMPT)
    (raw,) = first.suggestion_confidence
    assert (raw.value, raw.is_calibrated, raw.n) == (pytest.approx(first.confidence_score), False, 0)
    for number in range(40):
        reflector.record_outcome(first, accepted=number % 4 == 0)
    (learned,) = (await reflector.reflect(RUN, prompt="Another prompt.")).suggestion_confidence
    assert learned.is_calibrated
    assert learned.n == 40
    assert learned.value == pytest.approx(0.25, abs=0.05)


async def test_the_impact_of_edits_and_the_run_reach_the_feedback() -> None:
    run = rf.Trajectory.from_openai_messages(RUN, id="run-7").with_outcome("failure")
    reflection = await rf.reflect(run, prompt=PROMPT, model=Critic("State the unit."))
    (found,) = rf.aggregate([reflection]).suggestions
    assert found.sources == ("run-7",)
    assert found.impact_score == pytest.approx(reflection.plan.edits[0].impact)
    assert found.first_seen == run.started_at


@pytest.mark.parametrize("delta", [float("nan"), float("inf"), "0.1"])
async def test_a_change_of_the_score_is_a_finite_number(delta: Any) -> None:
    reflector = rf.Reflector(Critic("State the unit."))
    reflection = await reflector.reflect(RUN, prompt=PROMPT)
    with pytest.raises(rf.InputError, match="finite"):
        reflector.record_outcome(reflection, accepted=True, score_delta=delta)
    assert reflector.memory.experience == Experience()


async def test_only_outcomes_of_reflections_are_recorded() -> None:
    reflection = await rf.reflect(RUN, prompt=PROMPT, model=Critic("State the unit."))
    with pytest.raises(rf.InputError, match="expected the Reflection"):
        trial_of(rf.parse_reflection(answer("x")), accepted=True)  # type: ignore[arg-type]
    with pytest.raises(rf.InputError, match="True or False"):
        trial_of(reflection, accepted="yes")  # type: ignore[arg-type]
    with pytest.raises(rf.InputError, match="no suggestion 5"):
        trial_of(reflection, accepted=True, suggestions=[5])


async def test_a_reflection_that_changes_nothing_teaches_nothing() -> None:
    memory = ReflectionMemory()
    reflection = await rf.reflect(RUN, prompt=PROMPT, model=Critic("State the unit."))
    memory.record(trial_of(reflection, accepted=False, suggestions=[]))
    assert memory.experience.attempts(PROMPT) == ()
    assert memory.experience.calibration.outcomes == ()


async def test_of_many_runs_each_suggestion_counts_for_the_runs_that_show_it() -> None:
    runs = [
        rf.Trajectory.from_openai_messages(RUN, id=f"run-{n}").with_outcome("failure") for n in range(1, 5)
    ]
    said = answer("State the unit.", "Check each total.").replace(
        "Step 1 shows it.", "Runs 1, 2 and 4 show it.", 1
    )
    reflector = rf.Reflector(lambda messages: said)
    reflection = await reflector.reflect(runs, prompt=PROMPT)
    feedback = rf.aggregate([reflection])
    assert feedback.total == 4
    assert {each.suggestion.specific_text: each.frequency for each in feedback.suggestions} == {
        "State the unit.": 3, "Check each total.": 1,
    }  # fmt: skip
    reflector.record_outcome(reflection, accepted=False, suggestions=[0])
    again = await reflector.reflect(runs, prompt=PROMPT)
    assert [each.specific_text for each in again.suggestions] == ["Check each total."]
    assert len(again.provenance.suggestion_runs) == len(again.suggestion_confidence) == 1


async def test_a_conversation_knows_what_was_tried_and_how_sure_each_suggestion_is() -> None:
    critic = Critic("State the unit.", "Check each total.")
    reflector = rf.Reflector(critic)
    reflector.record_outcome(await reflector.reflect(RUN, prompt=PROMPT), accepted=False, suggestions=[0])
    talk = await reflector.start_conversation(RUN, prompt=PROMPT)
    talk = await reflector.continue_conversation(talk, "What else?")
    assert "Already Tried" in critic.asked[1]
    assert talk.merged is not None
    assert [each.specific_text for each in talk.merged.suggestions] == ["Check each total."]
    assert len(talk.merged.suggestion_confidence) == 1
